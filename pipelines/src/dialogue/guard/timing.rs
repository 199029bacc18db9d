//! What was played, and what is due: the policy, a question that was not answered, a tool that takes
//! long.

use frontdesk_types::{Mono, TransferReason};

use super::state::Running;
use super::{Guarded, Input, Mode, Now, Policy, ToolCallId, ToolResult, Turn, UtteranceId};

impl<D: Policy> Guarded<D> {
    pub(super) fn on_timeout(&mut self, now: Now) {
        self.on_slow_tools(now);
        match self.state.mode {
            Mode::Policy => {
                if self.policy_due().is_some_and(|due| due <= now.mono) {
                    self.feed(now, Input::Timeout);
                } else if self.is_stuck() && self.state.patience.is_due(now.mono) {
                    let sorry = self.language.phrases.transfer_failed.clone();
                    self.hand_over(now, TransferReason::Failed, &sorry);
                }
            }
            Mode::ReadBack(_) if self.state.patience.is_due(now.mono) => self.silent_read_back(now),
            Mode::Emergency { .. } if self.state.patience.is_due(now.mono) => {
                self.unclear_emergency(now);
            }
            Mode::Callback(_) if self.state.patience.is_due(now.mono) => self.silent_number(now),
            _ => {}
        }
    }

    /// A tool that takes long is excused; one that takes too long counts as unavailable.
    pub(super) fn on_slow_tools(&mut self, now: Now) {
        let due = |at: Option<Mono>| at.is_some_and(|at| at <= now.mono);
        let late: Vec<(u64, Running)> = self
            .state
            .running
            .iter_mut()
            .filter(|(_, running)| due(running.deadline))
            .map(|(call, running)| {
                // It stays known, so that a late answer still enters the history.
                (running.deadline, running.notice) = (None, None);
                (*call, running.clone())
            })
            .collect();
        for (call, running) in late {
            match running.policy {
                Some(call) => {
                    let result = ToolResult::Unavailable;
                    self.feed(now, Input::ToolDone { call, result });
                }
                None => self.handed_over(now, ToolCallId(call), &ToolResult::Unavailable),
            }
        }
        let mut slow = None;
        for running in self.state.running.values_mut() {
            if due(running.notice) {
                slow = Some(running.tool.clone());
            }
            running.notice = running.notice.filter(|at| *at > now.mono);
        }
        if let Some(tool) = slow
            && self.state.spoken.is_empty()
            && !self.state.is_held()
            && self.state.mode != Mode::Over
        {
            let filler = self.spec(&tool).and_then(|spec| spec.filler.clone());
            let text = filler.unwrap_or_else(|| self.language.phrases.one_moment.clone());
            self.say(now, None, &text);
        }
    }

    /// The call should come to its end soon: whoever has it says so with what is said next.
    pub(super) fn be_brief(&mut self, now: Now) {
        if std::mem::replace(&mut self.state.brief, true) {
            return;
        }
        if !self.state.is_ending() {
            let brief = self.language.phrases.brief.clone();
            let before = self.state.preface.take();
            self.state.preface =
                Some(before.map_or(brief.clone(), |text| format!("{text} {brief}")));
        }
        self.feed(now, Input::BeBrief);
    }

    /// When the policy is due; not before the caller had time to answer a question of the guard.
    pub(super) fn policy_due(&self) -> Option<Mono> {
        let due = self.policy.poll_timeout()?;
        let asked = self.state.patience.deadline.filter(|_| self.state.asked_for_policy);
        Some(asked.map_or(due, |asked| due.max(asked)))
    }

    /// A policy that waits for nothing at all will never speak again.
    pub(super) fn is_stuck(&self) -> bool {
        let waiting = self.state.running.values().any(|running| running.deadline.is_some());
        let asking = self.state.stream.is_asking();
        let idle = self.policy.poll_timeout().is_none() && !waiting && !asking;
        self.state.mode == Mode::Policy && idle
    }

    /// An utterance was played, or as much of it as the caller let pass.
    pub(super) fn on_played(
        &mut self,
        now: Now,
        utterance: UtteranceId,
        heard: &str,
        complete: bool,
    ) {
        let Some(spoken) = self.state.spoken.remove(&utterance.0) else { return };
        self.state.patience.played(now.mono, self.settings.silence);
        self.no_more_of(utterance);
        if complete || !heard.trim().is_empty() {
            let turn = Turn::agent(utterance, heard.to_owned(), complete);
            if spoken.policy.is_none() {
                self.policy.overheard(&turn);
            }
            self.state.history.push(turn);
        }
        self.read_back_played(now, utterance, heard, complete);
        if let Some(utterance) = spoken.policy {
            let heard = heard.chars().skip(spoken.preface_chars).collect();
            self.feed(now, Input::Played { utterance, heard, complete });
        }
    }
}
