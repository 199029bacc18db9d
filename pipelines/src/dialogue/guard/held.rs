//! The caller has the call on hold: nothing is said into it, and what is heard is not theirs but, at
//! best, music. Tools go on. When the caller is back, the open question is asked again.

use std::time::Duration;

use super::{Expectation, Guarded, Input, Mode, Now, Policy};

/// Longest that a call is kept on hold.
const MAX_HOLD: Duration = Duration::from_secs(600);

impl<D: Policy> Guarded<D> {
    pub(super) fn on_held(&mut self, now: Now) {
        if self.state.is_held() || self.state.mode == Mode::Over {
            return;
        }
        self.state.held_until = Some(now.mono + MAX_HOLD);
        self.cancel_requests(now);
    }

    /// What happens while the caller has the call on hold.
    pub(super) fn while_held(&mut self, now: Now, input: Input) {
        match input {
            // Nobody speaks to the agent.
            Input::Heard { .. } | Input::Partial { .. } | Input::Dtmf(_) => {}
            Input::ToolDone { call, result } => self.on_tool_done(now, call, result),
            Input::Interrupted { utterance, heard } => self.on_interrupted(now, utterance, &heard),
            Input::Played { utterance, heard, complete } => {
                self.on_played(now, utterance, &heard, complete);
            }
            Input::Begin => self.state.deferred.push(Input::Begin),
            Input::Timeout => {
                if self.state.held_until.is_some_and(|until| until <= now.mono) {
                    self.state.held_until = None;
                    self.number_on_leaving(now);
                    self.finish(now);
                } else {
                    self.on_slow_tools(now);
                }
            }
            _ => {}
        }
    }

    /// The caller is back: what happened meanwhile is told, else the open question is asked again.
    pub(super) fn on_resumed(&mut self, now: Now) {
        if self.state.held_until.take().is_none() || self.state.supervised {
            return;
        }
        self.state.patience.silences = 0;
        match self.state.mode {
            Mode::Over | Mode::Handover { .. } => {}
            Mode::ReadBack(_) => {
                self.state.preface = Some(self.language.phrases.welcome_back.clone());
                self.repeat_read_back(now);
            }
            // Asked again at once.
            Mode::Emergency { .. } | Mode::Callback(_) => {
                self.state.patience.deadline = Some(now.mono);
            }
            Mode::Policy => {
                self.state.preface = Some(self.language.phrases.welcome_back.clone());
                let before = self.state.next_utterance;
                self.give_floor(now);
                if self.state.mode != Mode::Policy || self.state.next_utterance != before {
                    return;
                }
                let waits = self.state.running.values().any(|running| running.policy.is_some());
                if waits {
                    // Its answer is told as soon as it is there.
                    return;
                }
                let last = self.state.last_prompt.clone();
                let (prompt, expect) = last
                    .unwrap_or_else(|| (self.language.phrases.help.clone(), Expectation::Request));
                self.ask(now, &prompt, expect);
                self.state.asked_for_policy = true;
            }
        }
    }
}
