//! A supervisor has the call: the agent says and does nothing, and goes on listening.
//!
//! What waited for the caller's yes is withdrawn first: a yes that is said to the supervisor is none
//! to the agent. Until the call is handed back nothing of the caller's reaches the policy as words to
//! be answered; they enter the history, and their red flags are told to the console alone. What comes
//! of tools that run is known at once and reaches the policy when it has the floor again.

use super::{
    Expectation, Guarded, Input, Mode, Now, Output, Policy, Refusal, ToolCallId, ToolResult, Turn,
};

impl<D: Policy> Guarded<D> {
    /// A supervisor has taken the call over.
    pub(super) fn taken_over(&mut self, now: Now) {
        if std::mem::replace(&mut self.state.supervised, true) {
            return;
        }
        self.state.preface = None;
        self.state.patience.stop();
        self.cancel_requests(now);
        // Anything may be said now.
        self.outputs.push_back(Output::Expect(Expectation::Request));
        let waiting = match std::mem::take(&mut self.state.mode) {
            Mode::ReadBack(read_back) => Some(read_back.call),
            Mode::Emergency { resume, .. } => resume.map(|read_back| read_back.call),
            Mode::Callback(callback) => callback.call,
            // The person who was being called is there; that they were called is still noted.
            Mode::Policy | Mode::Handover { .. } => None,
            Mode::Over => {
                self.state.mode = Mode::Over;
                None
            }
        };
        if let Some(call) = waiting {
            self.state.withdrawn = true;
            let result = ToolResult::Refused { refusal: Refusal::NotConfirmed };
            self.state.deferred.insert(0, Input::ToolDone { call, result });
        }
    }

    /// What happens while a supervisor has the call.
    pub(super) fn aside(&mut self, now: Now, input: Input) {
        match input {
            Input::Heard { text, .. } => {
                self.check_flags(now, &text, false, true);
                if !text.trim().is_empty() {
                    self.overheard(Turn::caller(text));
                }
            }
            Input::Partial { text, .. } => {
                self.check_flags(now, &text, false, false);
            }
            Input::ToolDone { call, result } => self.done_aside(call, result),
            Input::Interrupted { utterance, heard } => self.on_interrupted(now, utterance, &heard),
            Input::Played { utterance, heard, complete } => {
                self.on_played(now, utterance, &heard, complete);
            }
            Input::Begin => self.state.deferred.push(Input::Begin),
            // Nobody is asked anything, and nobody is waited for.
            _ => {}
        }
    }

    /// Something was said that the policy is not to answer.
    pub(super) fn overheard(&mut self, turn: Turn) {
        self.policy.overheard(&turn);
        self.state.history.push(turn);
    }

    fn done_aside(&mut self, call: ToolCallId, result: ToolResult) {
        let Some(running) = self.state.running.remove(&call.0) else { return };
        self.state.observe(call, &running, &result);
        if let Some(call) = running.policy {
            self.state.deferred.push(Input::ToolDone { call, result });
        }
    }

    /// The agent has the call again: it says so and goes on where it was.
    pub(super) fn handed_back(&mut self, now: Now) {
        if !std::mem::take(&mut self.state.supervised) {
            return;
        }
        let phrases = self.language.phrases.clone();
        let withdrawn = std::mem::take(&mut self.state.withdrawn);
        if self.state.mode == Mode::Over {
            self.state.mode = Mode::Policy;
            self.say(now, None, &phrases.goodbye);
            self.finish(now);
            return;
        }
        self.go_on(now, phrases.handed_back.clone(), withdrawn);
    }

    /// The policy goes on where it was, with these words before whatever it says next: what happened
    /// meanwhile, else its last question. `withdrawn` says that a write that waited for its yes was
    /// withdrawn.
    pub(super) fn go_on(&mut self, now: Now, preface: String, withdrawn: bool) {
        self.state.preface = Some(preface);
        let before = self.state.next_utterance;
        self.give_floor(now);
        if self.state.mode != Mode::Policy || self.state.next_utterance != before {
            return;
        }
        if withdrawn {
            // It asks once more what it needs to know, and what is read back needs another yes.
            self.feed(now, Input::Heard { text: String::new(), confidence: None });
        } else {
            let last = self.state.last_prompt.clone();
            let anything = || self.language.phrases.anything_else.clone();
            let (prompt, expect) = last.unwrap_or_else(|| (anything(), Expectation::Request));
            self.ask(now, &prompt, expect);
            self.state.asked_for_policy = true;
        }
    }
}
