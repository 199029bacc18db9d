//! Another process goes on with the call of one that died: it says one apology and goes on.
//!
//! What was being said when the process died was not heard to its end. What was asked for is asked for
//! again, a write under the number that it had: so it is done once, whether or not it was done before.
//! What a supervisor had taken over is the agent's again: their console was connected to the process.

use crate::dialogue::history::Role;
use crate::dialogue::toolbox::PATIENCE;

use super::{
    Expectation, GRACE, Guarded, Input, Mode, Now, Output, Policy, ToolCallId, UtteranceId,
};

impl<D: Policy> Guarded<D> {
    pub(super) fn recovered(&mut self, now: Now) {
        if self.state.mode == Mode::Over {
            // The goodbye was said.
            let outcome = crate::dialogue::Dialogue::outcome(self);
            self.outputs.push_back(Output::End { outcome });
            return;
        }
        self.state.held_until = None;
        let supervised = std::mem::take(&mut self.state.supervised);
        let withdrawn = std::mem::take(&mut self.state.withdrawn);
        self.cut_what_was_said(now);
        let runs = self.run_again(now);
        let sorry = self.language.phrases.recovered.clone();
        match self.state.mode {
            Mode::Policy => self.policy_recovered(now, sorry, runs, supervised && withdrawn),
            Mode::ReadBack(_) => {
                self.state.preface = Some(sorry);
                self.repeat_read_back(now);
            }
            // Asked again at once.
            Mode::Emergency { .. } | Mode::Callback(_) => {
                self.state.preface = Some(sorry);
                self.state.patience.deadline = Some(now.mono);
            }
            Mode::Handover { .. } | Mode::Over => self.say_alone(now, &sorry),
        }
    }

    fn policy_recovered(&mut self, now: Now, sorry: String, runs: bool, withdrawn: bool) {
        self.policy.resume(now, &self.state.ledger);
        self.pump(now);
        let before = self.state.next_utterance;
        self.state.preface = Some(sorry.clone());
        if !withdrawn {
            self.give_floor(now);
            if self.state.mode == Mode::Policy && self.state.next_utterance == before {
                self.feed(now, Input::Recovered);
            }
            if self.state.mode != Mode::Policy || self.state.next_utterance != before {
                return;
            }
        }
        let spoken = self.state.history.iter().any(|turn| turn.role == Role::Caller);
        if runs || self.state.stream.is_asking() {
            // What it waits for is told as soon as it is there.
            self.say_alone(now, &sorry);
        } else if spoken {
            self.go_on(now, sorry, withdrawn);
        } else {
            // Who was greeted is not greeted again.
            let help = self.language.phrases.help.clone();
            self.ask(now, &help, Expectation::Request);
            self.state.asked_for_policy = true;
        }
    }

    /// Says it and nothing else.
    fn say_alone(&mut self, now: Now, text: &str) {
        self.state.preface = None;
        self.say(now, None, text);
    }

    /// Utterances that were on their way are over; how much of them was heard nobody knows.
    fn cut_what_was_said(&mut self, now: Now) {
        let cut: Vec<UtteranceId> = self.state.spoken.keys().copied().map(UtteranceId).collect();
        for utterance in cut {
            self.on_interrupted(now, utterance, "");
            self.on_played(now, utterance, "", false);
        }
        self.state.preface = None;
    }

    /// Runs the tools that nobody has answered again; whether the policy waits for one.
    fn run_again(&mut self, now: Now) -> bool {
        let mut waits = false;
        let specs: Vec<_> = self
            .state
            .running
            .iter()
            .map(|(call, running)| {
                let patience = self.spec(&running.tool).map_or(PATIENCE, |spec| spec.patience);
                (*call, patience)
            })
            .collect();
        for (call, patience) in specs {
            let Some(running) = self.state.running.get_mut(&call) else { continue };
            let late = running.deadline.is_none();
            if late && (running.write.is_none() || !self.state.ledger.is_identified()) {
                // It only looks, and nobody waits for it any more; or it is nobody's whom we know.
                continue;
            }
            if running.deadline.is_some() {
                running.notice = Some(now.mono + self.settings.tool_notice);
                running.deadline = Some(now.mono + patience + GRACE);
                waits |= running.policy.is_some();
            }
            let (tool, write) = (running.tool.clone(), running.write);
            let checked = Box::new(self.state.ledger.checked(&tool, write));
            self.outputs.push_back(Output::Tool { call: ToolCallId(call), tool, checked });
        }
        waits
    }
}
