//! The patient: answers the agent by the scenario's rules, on a clock that is an argument.
//!
//! Whoever drives it tells it what the agent says and shows, and does what it asks: say, have
//! somebody else take a slot, hang up. So a whole call runs in a test without a room.

use std::collections::VecDeque;
use std::time::Duration;

use frontdesk_types::Mono;

use super::format::{Meanwhile, Rule, Scenario};

/// Turns of the agent after which the conversation goes nowhere.
const MAX_TURNS: u32 = 100;

/// How fast the patient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Wait after the agent's last word, once it listens and a rule matches.
    pub polite: Duration,
    /// Wait where no rule matches: the agent may not have said everything yet.
    pub puzzled: Duration,
    /// Wait where the agent does not show that it listens.
    pub impatient: Duration,
    /// How long the last words may take to be answered before leaving.
    pub farewell: Duration,
    /// How long the agent may take to say its first word.
    pub answer: Duration,
    /// Longest time in which neither side does anything.
    pub patience: Duration,
    /// Longest call.
    pub longest: Duration,
}

impl Pace {
    /// Of somebody who types.
    pub(crate) const TYPED: Self = Self {
        polite: Duration::from_millis(120),
        puzzled: Duration::from_millis(900),
        impatient: Duration::from_secs(4),
        farewell: Duration::from_millis(1500),
        answer: Duration::from_secs(20),
        patience: Duration::from_secs(60),
        longest: Duration::from_secs(300),
    };

    /// Of somebody who speaks.
    pub(crate) const SPOKEN: Self = Self {
        polite: Duration::from_millis(350),
        puzzled: Duration::from_millis(1500),
        impatient: Duration::from_secs(6),
        farewell: Duration::from_secs(6),
        answer: Duration::from_secs(20),
        patience: Duration::from_secs(60),
        longest: Duration::from_secs(600),
    };
}

/// What the patient is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// The agent says something; `text` is all of the segment so far.
    Agent {
        /// Id of the segment.
        segment: String,
        /// Its text so far.
        text: String,
        /// Whether the text will not change any more.
        is_final: bool,
    },
    /// Whether the agent shows that it listens.
    Listening(bool),
    /// Whether the agent sounds, where it is heard.
    Sounding(bool),
    /// The words of the last [`Output::Say`] are out.
    Said,
    /// The slot of the last [`Output::Take`] is taken.
    Taken,
    /// The agent left, or the room is gone.
    AgentGone,
}

/// What the patient does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Output {
    /// Says this.
    Say {
        /// The words.
        text: String,
        /// Number of the rule, from 0; `None` for the words where no rule matches.
        rule: Option<usize>,
    },
    /// Somebody else takes the first slot that these words of the agent offer.
    Take {
        /// Number of the entry under `meanwhile`, from 0.
        index: usize,
        /// The agent's words.
        offer: String,
    },
    /// Leaves. Nothing comes after this.
    HangUp(Ending),
}

/// How the call ended, seen from the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A rule hung up.
    HungUp,
    /// The agent ended the call.
    AgentLeft,
    /// The agent never said anything.
    NoAgent,
    /// Neither side did anything for too long.
    Stuck,
    /// It went on and on.
    TooLong,
}

impl Ending {
    /// What is wrong with it; `None` if it is an orderly end.
    #[must_use]
    pub(crate) const fn fault(self) -> Option<&'static str> {
        match self {
            Self::HungUp | Self::AgentLeft => None,
            Self::NoAgent => {
                Some("the agent never said anything; the runtime's log says why the call failed")
            }
            Self::Stuck => Some("the agent fell silent, and no rule had anything to say"),
            Self::TooLong => Some("the call went on for too long and was given up"),
        }
    }
}

#[derive(Debug)]
struct Segment {
    id: String,
    text: String,
    is_final: bool,
}

/// One patient in one call.
#[derive(Debug)]
pub(crate) struct Patient {
    rules: Vec<Rule>,
    used: Vec<bool>,
    meanwhile: Vec<Meanwhile>,
    happened: Vec<bool>,
    silence: Option<String>,
    pace: Pace,
    started: Mono,
    /// When something last happened.
    changed: Mono,
    listening: bool,
    sounding: bool,
    talking: bool,
    /// Slots being taken by somebody else.
    taking: u32,
    /// What the agent has said since the patient last had a say.
    turn: Vec<Segment>,
    /// Whether the patient has answered, or chosen to say nothing to, what the agent said.
    answered: bool,
    /// The segment that the patient talked over: its rest is not listened to.
    talked_over: Option<String>,
    /// Rule and segment of an interruption, and when it is due.
    interruption: Option<(usize, String, Mono)>,
    /// The last words are being said or were; leave at the answer, or then.
    leaving: Option<Option<Mono>>,
    agent_turns: u32,
    over: bool,
    outputs: VecDeque<Output>,
}

impl Patient {
    /// A patient who has just entered the room.
    #[must_use]
    pub(crate) fn new(scenario: &Scenario, pace: Pace, now: Mono) -> Self {
        Self {
            used: vec![false; scenario.rules.len()],
            rules: scenario.rules.clone(),
            happened: vec![false; scenario.meanwhile.len()],
            meanwhile: scenario.meanwhile.clone(),
            silence: scenario.silence.clone(),
            pace,
            started: now,
            changed: now,
            listening: false,
            sounding: false,
            talking: false,
            taking: 0,
            turn: Vec::new(),
            answered: true,
            talked_over: None,
            interruption: None,
            leaving: None,
            agent_turns: 0,
            over: false,
            outputs: VecDeque::new(),
        }
    }

    /// Turns of the agent so far, the greeting counted.
    #[must_use]
    pub(crate) const fn agent_turns(&self) -> u32 {
        self.agent_turns
    }

    /// What to do next, oldest first.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Patient::handle_timeout`] is due.
    #[must_use]
    pub(crate) fn poll_timeout(&self) -> Option<Mono> {
        if self.over {
            return None;
        }
        let quiet = if self.agent_turns == 0 {
            self.started + self.pace.answer
        } else {
            self.changed + self.pace.patience
        };
        let limits = quiet.min(self.started + self.pace.longest);
        let leaving = self.leaving.flatten();
        let interruption = self.interruption.as_ref().map(|(_, _, due)| *due);
        Some(
            [leaving, interruption, self.reply_due()].into_iter().flatten().fold(limits, Mono::min),
        )
    }

    /// Takes in what happened.
    pub(crate) fn handle_input(&mut self, now: Mono, input: Input) {
        if self.over {
            return;
        }
        match input {
            Input::Agent { segment, text, is_final } => {
                self.changed = now;
                self.on_agent(now, segment, text, is_final);
            }
            Input::Listening(listening) => {
                if self.listening != listening {
                    self.listening = listening;
                    self.changed = now;
                }
            }
            Input::Sounding(sounding) => {
                self.sounding = sounding;
                self.changed = now;
                if sounding {
                    self.hear_interrupted(now);
                }
            }
            Input::Said => {
                self.talking = false;
                self.changed = now;
                if let Some(until @ None) = &mut self.leaving {
                    *until = Some(now + self.pace.farewell);
                }
            }
            Input::Taken => {
                self.taking = self.taking.saturating_sub(1);
                self.changed = now;
            }
            Input::AgentGone => self.end(Ending::AgentLeft),
        }
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, now: Mono) {
        if self.over {
            return;
        }
        if self.leaving.flatten().is_some_and(|until| until <= now) {
            return self.end(Ending::HungUp);
        }
        if let Some((rule, segment, _)) = self.interruption.take_if(|(_, _, due)| *due <= now) {
            self.talked_over = Some(segment);
            return self.follow(now, rule);
        }
        if self.reply_due().is_some_and(|due| due <= now) {
            return self.reply(now);
        }
        if self.agent_turns == 0 && self.started + self.pace.answer <= now {
            self.end(Ending::NoAgent);
        } else if self.started + self.pace.longest <= now {
            self.end(Ending::TooLong);
        } else if self.agent_turns > 0 && self.changed + self.pace.patience <= now {
            self.end(Ending::Stuck);
        }
    }

    fn on_agent(&mut self, now: Mono, id: String, text: String, is_final: bool) {
        if self.talked_over.as_ref() == Some(&id) {
            return;
        }
        if self.leaving.is_some_and(|until| until.is_some()) {
            if is_final {
                self.end(Ending::HungUp);
            }
            return;
        }
        if text.trim().is_empty() {
            // Cut off before anything of it was heard.
            return self.turn.retain(|segment| segment.id != id);
        }
        if self.answered {
            self.answered = false;
            self.turn.clear();
            self.agent_turns += 1;
            if self.agent_turns > MAX_TURNS {
                return self.end(Ending::TooLong);
            }
        }
        if is_final {
            self.let_others_act(&text);
        }
        self.plan_interruption(now, &id, &text);
        match self.turn.iter_mut().find(|segment| segment.id == id) {
            Some(segment) => (segment.text, segment.is_final) = (text, is_final),
            None => self.turn.push(Segment { id, text, is_final }),
        }
    }

    fn let_others_act(&mut self, text: &str) {
        for (index, meanwhile) in self.meanwhile.iter().enumerate() {
            if !self.happened[index] && meanwhile.when.is_in(text) {
                self.happened[index] = true;
                self.taking += 1;
                self.outputs.push_back(Output::Take { index, offer: text.to_owned() });
            }
        }
    }

    fn plan_interruption(&mut self, now: Mono, id: &str, text: &str) {
        if self.talking || self.leaving.is_some() {
            return;
        }
        let rule = self.first_rule(text);
        let wait = rule.and_then(|rule| self.rules[rule].interrupt_after_ms);
        match (rule, wait, &self.interruption) {
            // More words of the same segment do not put the interruption off.
            (Some(rule), Some(_), Some((planned, segment, _)))
                if *planned == rule && segment == id => {}
            (Some(rule), Some(wait), _) => {
                let due = now + Duration::from_millis(wait);
                self.interruption = Some((rule, id.to_owned(), due));
            }
            _ => self.interruption = None,
        }
    }

    /// An interruption that was planned on the words counts from when they begin to be heard.
    fn hear_interrupted(&mut self, now: Mono) {
        if let Some((rule, _, due)) = &mut self.interruption
            && let Some(wait) = self.rules[*rule].interrupt_after_ms
        {
            *due = now + Duration::from_millis(wait);
        }
    }

    fn first_rule(&self, text: &str) -> Option<usize> {
        let usable = |(index, rule): &(usize, &Rule)| {
            !(rule.once && self.used[*index]) && rule.when.is_in(text)
        };
        self.rules.iter().enumerate().find(usable).map(|(index, _)| index)
    }

    fn last_final(&self) -> Option<&str> {
        let last = self.turn.iter().rev().find(|segment| segment.is_final)?;
        Some(&last.text)
    }

    /// When the patient answers what the agent has said.
    fn reply_due(&self) -> Option<Mono> {
        let waits = self.answered
            || self.talking
            || self.sounding
            || self.taking > 0
            || self.leaving.is_some()
            || self.interruption.is_some();
        if waits {
            return None;
        }
        let last = self.last_final()?;
        let unfinished = self.turn.iter().any(|segment| !segment.is_final);
        let wait = if unfinished || !self.listening {
            self.pace.impatient
        } else if self.first_rule(last).is_some() {
            self.pace.polite
        } else {
            self.pace.puzzled
        };
        Some(self.changed + wait)
    }

    fn reply(&mut self, now: Mono) {
        let Some(last) = self.last_final() else { return };
        if let Some(rule) = self.first_rule(last) {
            return self.follow(now, rule);
        }
        self.answered = true;
        if let Some(text) = self.silence.clone() {
            self.say(now, text, None);
        }
    }

    fn follow(&mut self, now: Mono, index: usize) {
        self.answered = true;
        self.used[index] = true;
        let rule = &self.rules[index];
        let (say, hang_up) = (rule.say.clone(), rule.hang_up);
        match say {
            Some(text) => {
                if hang_up {
                    self.leaving = Some(None);
                }
                self.say(now, text, Some(index));
            }
            None => self.end(Ending::HungUp),
        }
    }

    fn say(&mut self, now: Mono, text: String, rule: Option<usize>) {
        self.talking = true;
        self.changed = now;
        self.outputs.push_back(Output::Say { text, rule });
    }

    fn end(&mut self, ending: Ending) {
        self.over = true;
        self.outputs.push_back(Output::HangUp(ending));
    }
}

#[cfg(test)]
#[path = "patient_tests.rs"]
mod tests;
