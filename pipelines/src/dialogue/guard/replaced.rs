//! Another connection has taken the place of the caller's, and nothing shows that it is the same
//! person's. Whoever is there now has told nothing, and is told nothing of what was said before: the
//! guard forgets the patient, and what is said and done for them, and has the policy forget all of
//! it. Writes that run are finished, and nobody is told what came of them.

use std::collections::BTreeMap;

use super::state::{Mode, Running, State};
use super::stream::Stream;
use super::{Expectation, Guarded, Now, Output, Policy};
use crate::dialogue::history::Role;

impl<D: Policy> Guarded<D> {
    /// The caller may be somebody else now.
    pub(super) fn replaced(&mut self, now: Now) {
        let told = self.state.history.iter().any(|turn| turn.role == Role::Caller);
        if told {
            self.forget(now);
        }
        if self.state.supervised || self.state.is_held() {
            return;
        }
        let last = self.state.last_prompt.clone();
        match (&self.state.mode, last) {
            (Mode::Policy, _) if told => {
                let phrases = &self.language.phrases;
                let text = format!("{} {}", phrases.identify_again, phrases.help);
                self.state.last_prompt = Some((phrases.help.clone(), Expectation::Request));
                self.ask(now, &text, Expectation::Request);
                self.state.asked_for_policy = true;
            }
            // They have not heard what was just being asked.
            (Mode::Policy, Some((prompt, expect))) => {
                self.outputs.push_back(Output::Expect(expect));
                self.say(now, None, &prompt);
                self.state.asked_for_policy = true;
            }
            (Mode::Emergency { .. } | Mode::Callback(_), _) => {
                self.state.patience.deadline = Some(now.mono);
            }
            _ => {}
        }
    }

    fn forget(&mut self, now: Now) {
        self.cancel_requests(now);
        self.policy.forget(now);
        // What it still wanted was wanted for somebody else.
        while self.policy.poll_output().is_some() {}
        (self.held, self.read, self.words_fed) = (None, None, false);
        let before = std::mem::take(&mut self.state);
        let mode = match before.mode {
            Mode::Emergency { asks, resume: _, doubtful } => {
                Mode::Emergency { asks, resume: None, doubtful }
            }
            // The guard itself calls a person, who is not told of any patient.
            Mode::Callback(mut callback) if callback.call.is_none() => {
                callback.phone = None;
                Mode::Callback(callback)
            }
            handover @ Mode::Handover { .. } => handover,
            Mode::Policy | Mode::ReadBack(_) | Mode::Callback(_) | Mode::Over => Mode::Policy,
        };
        // Whoever was promised a call gets it, on the number that they gave.
        let promised = matches!(mode, Mode::Handover { .. });
        let callback_phone = before.callback_phone.filter(|_| promised);
        let ours = |running: &Running| running.write.is_some() || running.policy.is_none();
        let running = before.running.into_iter().filter(|(_, running)| ours(running));
        let silent = |running: Running| Running { policy: None, notice: None, ..running };
        let mut ledger = before.ledger;
        std::sync::Arc::make_mut(&mut ledger).forget_patient();
        self.state = State {
            revision: before.revision,
            mode,
            next_utterance: before.next_utterance,
            next_call: before.next_call,
            // What is still told of their utterances nobody needs to know.
            spoken: BTreeMap::new(),
            running: running.map(|(call, running)| (call, silent(running))).collect(),
            ledger,
            stream: Stream { next_request: before.stream.next_request, ..Stream::default() },
            alerted: before.alerted,
            warned: before.warned,
            held_until: before.held_until,
            supervised: before.supervised,
            brief: before.brief,
            outcome: before.outcome,
            turns: before.turns,
            calls_in_turn: before.calls_in_turn,
            history: before.history,
            callback_phone,
            ..State::default()
        };
    }
}
