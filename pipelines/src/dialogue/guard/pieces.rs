//! Requests to models and pieces of utterances on their way through the guard; see
//! [`stream`](super::stream).

use super::stream::{Open, Piece};
use super::{Guarded, Input, Mode, Now, Output, Policy, UtteranceId};
use crate::dialogue::{ModelEvent, ModelFailure, ModelRequest, RequestId};

/// Requests without a word of the caller in between, at most.
const MAX_REQUESTS_IN_TURN: u32 = 16;

impl<D: Policy> Guarded<D> {
    /// The policy says something, or a piece of it.
    pub(super) fn on_say(&mut self, now: Now, utterance: UtteranceId, text: String, more: bool) {
        self.flush(now);
        if !more && !self.state.stream.comes_in_pieces(utterance) {
            self.held = Some((utterance, text));
        } else if self.state.mode == Mode::Policy {
            self.say_piece(now, utterance, text, more);
        } else {
            // A write waits for its yes, or something more urgent is being said.
            self.state.stream.withheld.push(Piece { utterance, text, more });
        }
    }

    /// The policy has the floor again: what it said meanwhile is said now.
    pub(super) fn pass_withheld(&mut self, now: Now) {
        for Piece { utterance, text, more } in std::mem::take(&mut self.state.stream.withheld) {
            self.say_piece(now, utterance, text, more);
        }
    }

    fn say_piece(&mut self, now: Now, policy: UtteranceId, text: String, more: bool) {
        let stream = &mut self.state.stream;
        if stream.over.is_some_and(|over| policy <= over) {
            return;
        }
        match &mut stream.open {
            Some(open) if open.policy == policy => {
                if !text.is_empty() {
                    open.text.push(' ');
                    open.text.push_str(&text);
                    let length = open.text.len();
                    self.state.patience.said_so_far(now.mono, length, self.settings.silence);
                }
                let utterance = open.utterance;
                self.outputs.push_back(Output::Say { utterance, text, more });
            }
            _ if text.trim().is_empty() => {}
            _ => {
                self.state.asked_for_policy = false;
                let utterance = self.begin_utterance(now, Some(policy), &text, true);
                self.state.stream.open = Some(Open { policy, utterance, text });
                if !more {
                    let text = String::new();
                    self.outputs.push_back(Output::Say { utterance, text, more });
                }
            }
        }
        if !more && let Some(open) = self.state.stream.close() {
            self.note_prompt(now, &open.text);
        }
    }

    /// Ends the utterance that comes in pieces: nothing more of it is said.
    pub(super) fn end_open(&mut self) {
        if let Some(open) = self.state.stream.close() {
            let (utterance, text) = (open.utterance, String::new());
            self.outputs.push_back(Output::Say { utterance, text, more: false });
        }
    }

    /// An utterance is over, whether or not all its pieces have come.
    pub(super) fn no_more_of(&mut self, utterance: UtteranceId) {
        if self.state.stream.open.as_ref().is_some_and(|open| open.utterance == utterance) {
            self.state.stream.close();
        }
    }

    pub(super) fn on_interrupted(&mut self, now: Now, utterance: UtteranceId, heard: &str) {
        let Some(spoken) = self.state.spoken.get(&utterance.0) else { return };
        let (policy, preface) = (spoken.policy, spoken.preface_chars);
        self.no_more_of(utterance);
        if let Some(utterance) = policy {
            let heard = heard.chars().skip(preface).collect();
            self.feed(now, Input::Interrupted { utterance, heard });
        }
    }

    /// The policy asks a model, for the first time or, after a restart, once more. Gives what it
    /// is told if it has asked too often.
    pub(super) fn on_ask(&mut self, policy: RequestId, body: Box<ModelRequest>) -> Option<Input> {
        let stream = &mut self.state.stream;
        let known = stream.requests.iter().find(|(_, known)| **known == policy);
        let request = match known {
            Some((number, _)) => RequestId(*number),
            None if stream.requests_in_turn >= MAX_REQUESTS_IN_TURN => {
                let event = ModelEvent::Failed(ModelFailure::Rejected);
                return Some(Input::Model { request: policy, event });
            }
            None => {
                let request = RequestId(stream.next_request);
                stream.next_request += 1;
                stream.requests_in_turn += 1;
                stream.requests.insert(request.0, policy);
                request
            }
        };
        self.outputs.push_back(Output::Ask { request, body });
        None
    }

    /// The policy does not want an answer any more.
    pub(super) fn on_cancel(&mut self, policy: RequestId) {
        let requests = &mut self.state.stream.requests;
        let known = requests.iter().find(|(_, known)| **known == policy).map(|(number, _)| *number);
        if let Some(number) = known {
            requests.remove(&number);
            self.outputs.push_back(Output::Cancel { request: RequestId(number) });
        }
    }

    /// The floor is taken from the policy: it says no more, and what it asked is not wanted.
    pub(super) fn cancel_requests(&mut self, now: Now) {
        self.end_open();
        self.state.stream.withheld.clear();
        for (number, request) in std::mem::take(&mut self.state.stream.requests) {
            self.outputs.push_back(Output::Cancel { request: RequestId(number) });
            let event = ModelEvent::Failed(ModelFailure::Cancelled);
            let input = Input::Model { request, event };
            self.policy.handle_input(now, &self.state.ledger, input);
        }
    }

    pub(super) fn on_model(&mut self, now: Now, request: RequestId, event: ModelEvent) {
        let requests = &mut self.state.stream.requests;
        let Some(policy) = requests.get(&request.0).copied() else { return };
        if event.is_last() {
            requests.remove(&request.0);
        }
        self.feed(now, Input::Model { request: policy, event });
    }
}
