//! The built-in dialogue: a frame-filling state machine over a few intents, with no model.
//!
//! Whatever the caller says fills the slots that it names, asked for or not; then the first thing
//! that is still missing is asked. One utterance asks one thing. [`Forms`] is the policy behind
//! its [guards](super::guard); the policy alone is not reachable.

mod agenda;
mod booking;
mod choice;
mod confirm;
mod course;
mod identify;
mod manage;
mod manner;
mod message;
mod offers;
mod put_right;
mod request;
mod results;
mod state;
mod take_over;
mod undo;
mod visits;
mod waitlist;
mod whose;

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_types::{CallOutcome, Mono, Offer, TransferReason};

use super::guard::{self, Guarded};
use super::history::Turn;
use super::ledger::Ledger;
use super::reading::Reading;
use super::settings::Settings;
use super::tools::{ToolCall, ToolCallId};
use super::understand::{Heard, Setting};
use super::{CallFacts, Input, Now, Output, UtteranceId};
use crate::language::{Language, fill};
use state::{Goal, Pending, Phase, State};
pub(super) use take_over::Predecessor;

/// Times in a row that a question is repeated on request before it counts as misunderstood.
const MAX_REPEATS: u32 = 3;

/// The whole built-in dialogue behind its guards.
#[derive(Debug)]
pub struct Forms(Guarded<Policy>);

impl Forms {
    /// A call that has not yet begun.
    #[must_use]
    pub fn new(facts: CallFacts) -> Self {
        let (language, settings) = (facts.clinic.language().clone(), facts.settings());
        let policy = Policy::fresh(facts.clone());
        Self(Guarded::new(facts, language, settings, policy))
    }

    /// A call as its snapshot left it.
    ///
    /// # Errors
    /// If the snapshot is not one of this dialogue.
    pub fn restore(
        facts: CallFacts,
        snapshot: serde_json::Value,
    ) -> Result<Self, serde_json::Error> {
        let (language, settings) = (facts.clinic.language().clone(), facts.settings());
        let own = facts.clone();
        let policy = move |snapshot| Policy::restored(own, snapshot);
        Guarded::restore(facts, language, settings, snapshot, policy).map(Self)
    }

    /// What was said, heard and done so far.
    #[must_use]
    pub fn history(&self) -> &[Turn] {
        self.0.history()
    }
}

dialogue_of_the_guards!(Forms);

/// The forms without their guards.
#[derive(Debug)]
pub(super) struct Policy {
    facts: CallFacts,
    language: Language,
    settings: Settings,
    state: State,
    /// What the call had established when the last input came.
    ledger: Arc<Ledger>,
    outputs: VecDeque<Output>,
    /// What was read into the caller's last words, in a call that explains.
    read: Option<Box<Reading>>,
}

impl Policy {
    /// A call that has not yet begun.
    pub(super) fn fresh(facts: CallFacts) -> Self {
        let (language, settings) = (facts.clinic.language().clone(), facts.settings());
        Self::new(facts, language, settings, State::default())
    }

    /// A call as its snapshot left it.
    pub(super) fn restored(
        facts: CallFacts,
        snapshot: serde_json::Value,
    ) -> Result<Self, serde_json::Error> {
        let (language, settings) = (facts.clinic.language().clone(), facts.settings());
        Ok(Self::new(facts, language, settings, serde_json::from_value(snapshot)?))
    }

    fn new(facts: CallFacts, language: Language, settings: Settings, state: State) -> Self {
        let (ledger, outputs, read) = (Arc::default(), VecDeque::new(), None);
        Self { facts, language, settings, state, ledger, outputs, read }
    }

    // --- speaking -------------------------------------------------------------------------

    /// Puts words before the next question.
    fn carry(&mut self, text: &str) {
        if !self.state.carry.is_empty() && !text.is_empty() {
            self.state.carry.push(' ');
        }
        self.state.carry.push_str(text);
    }

    /// Asks a question; what was carried is said before it, in the same utterance.
    fn ask(&mut self, now: Now, phase: Phase, text: &str) {
        self.state.phase = phase;
        text.clone_into(&mut self.state.prompt);
        self.outputs.push_back(Output::Expect(phase.expectation()));
        self.say(now, text);
    }

    fn say(&mut self, now: Now, text: &str) {
        self.carry(text);
        let text = std::mem::take(&mut self.state.carry);
        let text = self.varied(text);
        let utterance = UtteranceId(self.state.next_utterance);
        self.state.next_utterance += 1;
        if self.state.news.is_some() && self.state.telling.is_none() {
            self.state.telling = Some(utterance.0);
        }
        self.state.patience.said(now.mono, &text, self.settings.silence);
        self.outputs.push_back(Output::Say { utterance, text, more: false });
    }

    /// Asks the open question again.
    fn ask_again(&mut self, now: Now) {
        if self.state.phase == Phase::Confirm {
            self.confirm(now);
        } else {
            let prompt = self.state.prompt.clone();
            self.ask(now, self.state.phase, &prompt);
        }
    }

    fn end(&mut self, now: Now, text: &str) {
        self.say(now, text);
        self.state.phase = Phase::Over;
        self.state.patience.stop();
        // The guard knows better how the call ended.
        self.outputs.push_back(Output::End { outcome: CallOutcome::Abandoned });
    }

    /// Nothing is under way any more: is there anything else. Who should be brief does not ask when
    /// what the caller wanted has been done.
    fn open(&mut self, now: Now) {
        self.clear_goal();
        if self.next_person(now) || self.take_up(now, true) {
            return;
        }
        if self.state.brief && self.has_news() {
            let text = self.language.phrases.goodbye.clone();
            self.end(now, &text);
            return;
        }
        let text = self.language.phrases.anything_else.clone();
        self.ask(now, Phase::Open, &text);
    }

    fn clear_goal(&mut self) {
        self.release();
        let state = &mut self.state;
        state.last_goal = state.goal.take().or(state.last_goal);
        state.chosen = None;
        state.target = None;
        state.which = None;
        state.from_it = None;
        state.listed_all = false;
        state.draft = None;
        state.instead_of = None;
        state.may_replace = None;
        state.restoring = None;
        (state.nearest_only, state.wait_offered, state.as_single) = (false, false, false);
        state.offers.clear();
        state.wish = state::Wish::default();
    }

    // --- tools ----------------------------------------------------------------------------

    /// Calls a tool and waits for it.
    fn call(&mut self, tool: ToolCall) {
        let call = self.emit(tool.clone());
        self.state.patience.stop();
        self.state.pending = Some(Pending { call, tool, retries: 0, retry_at: None });
    }

    fn emit(&mut self, tool: ToolCall) -> ToolCallId {
        let call = ToolCallId(self.state.next_call);
        self.state.next_call += 1;
        self.outputs.push_back(Output::Tool { call, tool, checked: Box::default() });
        call
    }

    /// Calls a write.
    fn write(&mut self, now: Now, tool: ToolCall) {
        // What was carried is said with the read-back.
        if !self.state.carry.is_empty() && !matches!(tool, ToolCall::Transfer { .. }) {
            self.say(now, "");
        }
        self.call(tool);
    }

    /// Hands the call to a person; `sorry` is said before the answer, or before the question for a
    /// number where nobody could call back yet.
    fn transfer(&mut self, now: Now, reason: TransferReason, sorry: &str) {
        self.release();
        self.carry(sorry);
        if !self.is_identified() && !self.state.carry.is_empty() {
            self.say(now, "");
        }
        let phone = self.state.patient.phone.clone();
        self.write(now, ToolCall::Transfer { reason, phone });
    }

    // --- hearing --------------------------------------------------------------------------

    fn setting(&self, now: Now) -> Setting<'_> {
        let expect = self.state.phase.expectation();
        let anchor = self.anchor();
        Setting { language: &self.language, clinic: &self.facts.clinic, expect, now, anchor }
    }

    fn on_heard(&mut self, now: Now, text: &str, typed: bool) {
        self.state.patience.heard();
        if self.state.pending.is_some() {
            if self.put_off_behind_write(now, text) {
                return;
            }
            // Heard after the answer that is on its way.
            let before = self.state.queued.take().map(|t| t.into_exposed() + " ");
            self.state.queued = Some((before.unwrap_or_default() + text).into());
            return;
        }
        let rest = self.put_off(now, text);
        let text = rest.as_deref().unwrap_or(text);
        let heard = Heard::of(text, self.setting(now));
        self.read = self.facts.explain.then(|| Box::new(heard.reading.clone()));
        if heard.empty {
            if heard.greeting || rest.is_some() {
                if heard.presence {
                    let here = self.language.phrases.here.clone();
                    self.carry(&here);
                }
                self.ask_again(now);
            } else {
                self.misunderstood(now);
            }
            return;
        }
        if self.on_spelling(now, &heard, text) {
            return;
        }
        let told = self.merge_identity(&heard, typed);
        if heard.whom.persons.len() < 2 && self.on_parts(now, text) {
            return;
        }
        let asked = matches!(self.state.phase, Phase::Message | Phase::CallWhen);
        if !asked && self.on_waitlist(now, &heard, text) {
            return;
        }
        if (!asked && self.on_matter(now, &heard, text)) || self.everywhere(now, &heard) {
            return;
        }
        match self.state.phase {
            Phase::Open => self.on_request(now, &heard, text),
            Phase::Name
            | Phase::SpelledName
            | Phase::SpellFirst
            | Phase::SpellLast
            | Phase::Birth
            | Phase::Phone => {
                self.on_identity(now, &heard, text, told);
            }
            Phase::Doctor => self.on_doctor(now, &heard, text),
            Phase::Day | Phase::NotBooked => self.on_day(now, &heard, text),
            Phase::Choice => self.on_choice(now, &heard, text),
            Phase::Confirm => self.on_declined(now, &heard, text, told),
            Phase::PickAppointment => self.on_pick(now, &heard, text),
            Phase::AnotherOrMove => self.on_another_or_move(now, &heard, text),
            Phase::Message | Phase::CallWhen => self.on_message(now, &heard, text),
            Phase::OfferPerson => self.on_offer_person(now, &heard, text),
            Phase::BeenBefore => self.on_been_before(now, &heard, text, told),
            Phase::ForWhom => self.on_for_whom(now, &heard, text, told),
            Phase::Over => {}
        }
    }

    /// What may be said at any time.
    fn everywhere(&mut self, now: Now, heard: &Heard) -> bool {
        let phrases = self.language.phrases.clone();
        let wishes = heard.book || heard.cancel || heard.move_;
        let said_more = heard.has_content() || heard.has_identity() || wishes || heard.course.undo;
        if let Some(other) = &heard.language
            && !heard.has_identity()
        {
            // Which language, and that it is not served yet, is worth knowing; the words are not.
            tracing::info!(language = %other, "caller asked for a language that is not served");
            self.carry(&fill(&phrases.only_language, &[("language", self.language.name())]));
            if !said_more {
                self.understood();
                self.ask_again(now);
                return true;
            }
        }
        // "Call me back after three": when asked for just that.
        let asked = matches!(self.state.phase, Phase::Message | Phase::CallWhen);
        if asked && !heard.repeat && !heard.hold_on && !heard.goodbye {
            return false;
        }
        if self.on_aside(now, heard, said_more) || self.on_recall(now, heard) {
            return true;
        }
        let not_them = heard.wrong_number && heard.other_patient;
        if heard.person && !not_them {
            self.want_person(now);
        } else if heard.others_data && heard.doctor.is_none() && !self.is_about_patient(heard) {
            self.understood();
            self.carry(&phrases.other_patient);
            self.ask_again(now);
        } else if heard.repeat && !said_more && !heard.other_patient {
            self.state.repeats += 1;
            if self.state.repeats > MAX_REPEATS {
                self.misunderstood(now);
            } else {
                self.ask_again(now);
            }
        } else if heard.hold_on
            && !said_more
            && !heard.ask
            && heard.choice.is_none()
            && !heard.other_patient
        {
            let expect = self.state.phase.expectation();
            self.outputs.push_back(Output::Expect(expect));
            self.say(now, &phrases.waiting);
        } else if heard.goodbye && !wishes && !heard.ask && !heard.has_identity() {
            self.release();
            self.end(now, &phrases.goodbye);
        } else {
            return false;
        }
        true
    }

    fn want_person(&mut self, now: Now) {
        let text = self.language.phrases.transfer.clone();
        self.transfer(now, TransferReason::Asked, &text);
    }
}

impl guard::Policy for Policy {
    fn handle_input(&mut self, now: Now, ledger: &Arc<Ledger>, input: Input) {
        self.ledger = Arc::clone(ledger);
        if self.state.phase == Phase::Over {
            return;
        }
        match input {
            Input::Begin => self.greet(now),
            Input::Heard { text, confidence } => {
                self.on_heard(now, &text, confidence.is_none());
                self.state.doubt = false;
            }
            Input::DoubtName => self.state.doubt = true,
            Input::Partial { .. }
            | Input::Dtmf(_)
            | Input::CallerLeft
            | Input::Interrupted { .. }
            | Input::Held
            | Input::Resumed
            | Input::TakenOver
            | Input::Staff { .. }
            | Input::HandedBack
            | Input::CallerReplaced
            | Input::Model { .. } => {}
            Input::BeBrief => self.state.brief = true,
            Input::ToolDone { call, result } => self.on_tool(now, call, result),
            Input::Played { utterance, heard, .. } => {
                self.state.patience.played(now.mono, self.settings.silence);
                self.on_played(utterance, &heard);
            }
            Input::Timeout => self.on_timeout(now),
            Input::Recovered => self.recovered(now),
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        match &self.state.pending {
            Some(pending) => pending.retry_at,
            None => self.state.patience.deadline,
        }
    }

    fn forget(&mut self, now: Now) {
        self.state = State {
            brief: self.state.brief,
            next_utterance: self.state.next_utterance,
            next_call: self.state.next_call,
            ..State::default()
        };
        self.state.prompt.clone_from(&self.language.phrases.help);
        let (length, silence) = (self.state.prompt.len(), self.settings.silence);
        self.state.patience.said_so_far(now.mono, length, silence);
        self.ledger = Arc::default();
        self.outputs.clear();
        self.read = None;
    }

    fn reading(&self) -> Option<&Reading> {
        self.read.as_deref()
    }

    fn snapshot(&self) -> serde_json::Value {
        serde_json::to_value(&self.state).unwrap_or_default()
    }
}

impl Policy {
    /// Whether the patient whom the call is about now is identified.
    fn is_identified(&self) -> bool {
        self.ledger.is_identified() && !self.state.turned
    }

    /// The offers that answered the last search, in the order in which they are told.
    fn offers(&self) -> Vec<Offer> {
        let known = self.state.offers.iter().filter_map(|id| self.ledger.offer(*id));
        known.cloned().collect()
    }

    /// The offer that was chosen.
    fn chosen(&self) -> Option<&Offer> {
        self.state.chosen.and_then(|id| self.ledger.offer(id))
    }

    /// What is still missing decides what happens next.
    fn advance(&mut self, now: Now) {
        let Some(goal) = self.state.goal else {
            self.open(now);
            return;
        };
        if goal == Goal::Message {
            self.message(now);
        } else if goal == Goal::Book && self.facts.clinic.doctors.is_empty() {
            self.clear_goal();
            let no_doctors = self.language.phrases.no_doctors.clone();
            self.carry(&no_doctors);
            let text = self.language.phrases.anything_else.clone();
            self.ask(now, Phase::Open, &text);
        } else if !self.is_identified() {
            self.identify(now);
        } else if matches!(goal, Goal::Wait | Goal::ListWaits | Goal::LeaveWait) {
            self.waitlist(now, goal);
        } else if goal != Goal::Book {
            self.manage(now, goal);
        } else if !self.moves_after_all(now) {
            self.seek(now);
        }
    }
}
