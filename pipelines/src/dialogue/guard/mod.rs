//! Guards around a dialogue: what no policy, built in or language model, may do.
//!
//! [`Guarded`] stands between a policy and the actors and is itself a [`Dialogue`]. It
//! - checks every word of the caller for red flags, before the policy hears it;
//! - lets a tool touch a patient's data only after the patient was identified, and takes only
//!   offers and appointments that tools returned in this call; else the policy gets
//!   [`ToolResult::Refused`] and nothing runs;
//! - reads every write back in its own words and runs it only on an explicit yes that follows the
//!   read-back as played; on anything else the policy gets [`Refusal::NotConfirmed`], always
//!   followed by the caller's words;
//! - numbers requests to models, drops what comes of cancelled ones, and passes the pieces of an
//!   utterance on as they come, unless a write waits for its yes;
//! - is silent while a supervisor has the call, and lets nothing said to them confirm anything;
//! - is silent while the caller has the call on hold, and goes on with its question after;
//! - forgets the patient when the caller may be somebody else;
//! - has a number or an identified patient before a call back is promised;
//! - numbers utterances, calls and writes, bounds turns and tool calls, and ends with a person
//!   rather than in silence;
//! - keeps the history of what was heard and played.
//!
//! The record 0030 says why.

pub(crate) mod assent;
mod callback;
mod check;
mod emergency;
mod held;
mod pieces;
mod policy;
mod read_back;
mod recovered;
mod replaced;
mod state;
mod stream;
mod supervised;
mod timing;

pub use policy::Policy;
pub(crate) use read_back::visit;

use std::collections::VecDeque;
use std::time::Duration;

use frontdesk_types::{CallOutcome, Mono, TransferReason};

use super::history::{ToolRecord, Turn};
use super::ledger::Ledger;
use super::reading::Reading;
use super::settings::Settings;
use super::toolbox::{PATIENCE, ToolSpec};
use super::tools::{Refusal, ToolCall, ToolCallId, ToolResult};
use super::understand::{Heard, Setting, acts};
use super::{CallFacts, Dialogue, Expectation, Input, Now, Output, UtteranceId};
use crate::language::Language;
use check::Verdict;
use state::{Mode, Running, Spoken, State};

/// Refusals in one input after which the policy is taken off the call.
const MAX_REFUSALS: usize = 8;

/// How much longer than a tool's patience the guard waits for its answer.
const GRACE: Duration = Duration::from_secs(2);

/// Times that a policy may say the very same again before it counts as not getting anywhere.
const MAX_SAME_PROMPTS: u32 = 4;

/// A policy behind the guards. See the module's documentation.
#[derive(Debug)]
pub struct Guarded<D> {
    policy: D,
    facts: CallFacts,
    language: Language,
    settings: Settings,
    state: State,
    outputs: VecDeque<Output>,
    /// An utterance of the policy that a read-back may join.
    held: Option<(UtteranceId, String)>,
    /// Whether words of the caller have reached the policy in this input.
    words_fed: bool,
    /// What the guard itself has read into the caller's last words, in a call that explains.
    read: Option<Box<Reading>>,
}

impl<D: Policy> Guarded<D> {
    /// A call that has not yet begun.
    pub fn new(facts: CallFacts, language: Language, settings: Settings, policy: D) -> Self {
        let state = State::default();
        Self::with(facts, language, settings, policy, state)
    }

    /// A call as its snapshot left it; `policy` restores the policy from its part.
    ///
    /// # Errors
    /// If the snapshot is not one of a guarded dialogue, or `policy` fails.
    pub fn restore(
        facts: CallFacts,
        language: Language,
        settings: Settings,
        mut snapshot: serde_json::Value,
        policy: impl FnOnce(serde_json::Value) -> Result<D, serde_json::Error>,
    ) -> Result<Self, serde_json::Error> {
        let inner = snapshot.get_mut("policy").map(serde_json::Value::take).unwrap_or_default();
        let guard = snapshot.get_mut("guard").map(serde_json::Value::take).unwrap_or_default();
        let state = serde_json::from_value(guard)?;
        let policy = policy(inner)?;
        Ok(Self::with(facts, language, settings, policy, state))
    }

    fn with(
        facts: CallFacts,
        language: Language,
        settings: Settings,
        policy: D,
        state: State,
    ) -> Self {
        let (outputs, held) = (VecDeque::new(), None);
        let (words_fed, read) = (false, None);
        Self { policy, facts, language, settings, state, outputs, held, words_fed, read }
    }

    /// What was said, heard and done so far.
    pub fn history(&self) -> &[Turn] {
        &self.state.history
    }

    /// What the call has established.
    pub fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// The policy.
    pub const fn policy(&self) -> &D {
        &self.policy
    }

    /// What the toolbox says of a tool.
    fn spec(&self, tool: &ToolCall) -> Option<&ToolSpec> {
        self.facts.tools().spec(tool.name())
    }

    /// Whether a tool is a write that is done once under its number.
    fn is_numbered(&self, tool: &ToolCall) -> bool {
        self.spec(tool).is_some_and(|spec| spec.effect.is_numbered())
    }

    fn understand(&self, now: Now, text: &str, expect: Expectation) -> Heard {
        let (language, clinic) = (&self.language, &self.facts.clinic);
        Heard::of(text, Setting { language, clinic, expect, now, anchor: None })
    }

    // --- towards the policy ---------------------------------------------------------------

    /// Gives the policy an input, now or once it has the floor again.
    fn feed(&mut self, now: Now, input: Input) {
        self.words_fed |= matches!(input, Input::Heard { .. });
        match self.state.mode {
            Mode::Policy if !self.state.supervised && !self.state.is_held() => {
                self.policy.handle_input(now, &self.state.ledger, input);
                self.pump(now);
            }
            Mode::Over => {}
            _ => self.state.deferred.push(input),
        }
    }

    /// The policy has the floor again: what happened meanwhile reaches it.
    fn give_floor(&mut self, now: Now) {
        self.state.mode = Mode::Policy;
        self.state.patience.stop();
        self.pass_withheld(now);
        for input in std::mem::take(&mut self.state.deferred) {
            self.feed(now, input);
        }
    }

    /// Carries out what the policy wants; what is refused it hears at once.
    fn pump(&mut self, now: Now) {
        for _ in 0..MAX_REFUSALS {
            let mut refused: Vec<Input> = Vec::new();
            while let Some(output) = self.policy.poll_output() {
                if self.state.mode == Mode::Over {
                    continue;
                }
                self.on_policy(now, output, &mut refused);
            }
            self.flush(now);
            if refused.is_empty() {
                return;
            }
            for input in refused {
                self.policy.handle_input(now, &self.state.ledger, input);
            }
        }
        let sorry = self.language.phrases.too_long_end.clone();
        self.hand_over(now, TransferReason::Failed, &sorry);
    }

    fn on_policy(&mut self, now: Now, output: Output, refused: &mut Vec<Input>) {
        match output {
            Output::Say { utterance, text, more } => self.on_say(now, utterance, text, more),
            Output::Ask { request, body } => refused.extend(self.on_ask(request, body)),
            Output::Cancel { request } => self.on_cancel(request),
            Output::Expect(expect) => {
                self.state.expect = expect;
                self.outputs.push_back(Output::Expect(expect));
            }
            Output::Born(date) => self.outputs.push_back(Output::Born(date)),
            Output::Alert { flag } => self.outputs.push_back(Output::Alert { flag }),
            Output::Tool { call, tool, .. } => {
                let tool = self.with_number(tool);
                match self.check(&tool) {
                    Verdict::Run => {
                        self.flush(now);
                        self.run(now, Some(call), tool);
                    }
                    Verdict::ReadBack => self.read_back(now, call, tool),
                    Verdict::AskNumber => self.ask_number(now, Some(call), tool),
                    Verdict::Refuse(refusal) => {
                        let result = ToolResult::Refused { refusal };
                        refused.push(Input::ToolDone { call, result });
                    }
                }
            }
            Output::End { outcome } => {
                self.state.outcome.answered |= outcome == CallOutcome::Answered;
                self.flush(now);
                self.finish(now);
            }
        }
    }

    // --- towards the actors ---------------------------------------------------------------

    /// Says what the policy said last, if it still waits.
    fn flush(&mut self, now: Now) {
        if let Some((utterance, text)) = self.held.take()
            && self.note_prompt(now, &text)
        {
            self.state.asked_for_policy = false;
            self.say(now, Some(utterance), &text);
        }
    }

    /// Notes what the policy says; false if it has said the very same so often that a person is
    /// called instead.
    fn note_prompt(&mut self, now: Now, text: &str) -> bool {
        let last = self.state.last_prompt.as_ref();
        let same = last.is_some_and(|(last, _)| self.repeats(last, text));
        self.state.same_prompts = if same { self.state.same_prompts + 1 } else { 0 };
        if self.state.same_prompts >= MAX_SAME_PROMPTS {
            let sorry = self.language.phrases.misunderstood_end.clone();
            self.hand_over(now, TransferReason::Misunderstood, &sorry);
            return false;
        }
        self.state.last_prompt = Some((text.to_owned(), self.state.expect));
        true
    }

    fn say(&mut self, now: Now, policy: Option<UtteranceId>, text: &str) -> UtteranceId {
        self.begin_utterance(now, policy, text, false)
    }

    /// Begins an utterance, after the one that came in pieces has been ended.
    fn begin_utterance(
        &mut self,
        now: Now,
        policy: Option<UtteranceId>,
        text: &str,
        more: bool,
    ) -> UtteranceId {
        self.end_open();
        let preface = self.state.preface.take().map(|p| p + " ").unwrap_or_default();
        let preface_chars = preface.chars().count();
        let text = preface + text;
        self.state.last_said.clone_from(&text);
        let utterance = UtteranceId(self.state.next_utterance);
        self.state.next_utterance += 1;
        self.state.spoken.insert(utterance.0, Spoken { policy, preface_chars });
        self.state.patience.said(now.mono, &text, self.settings.silence);
        self.outputs.push_back(Output::Say { utterance, text, more });
        utterance
    }

    fn ask(&mut self, now: Now, text: &str, expect: Expectation) -> UtteranceId {
        self.outputs.push_back(Output::Expect(expect));
        self.vary(text);
        self.say(now, None, text)
    }

    /// Runs a tool that was checked. `policy` is the policy's number of the call, or none for a
    /// call of the guard.
    fn run(&mut self, now: Now, policy: Option<ToolCallId>, tool: ToolCall) -> ToolCallId {
        let write = self.is_numbered(&tool).then(|| self.state.ledger().attempt(&tool));
        let call = ToolCallId(self.state.next_call);
        self.state.next_call += 1;
        self.state.before_run(call, &tool);
        // Whoever runs it gives up first, so that its own word is heard.
        let patience = self.spec(&tool).map_or(PATIENCE, |spec| spec.patience);
        let running = Running {
            policy,
            tool: tool.clone(),
            write,
            notice: Some(now.mono + self.settings.tool_notice),
            deadline: Some(now.mono + patience + GRACE),
        };
        self.state.running.insert(call.0, running);
        self.state.record(ToolRecord { call, tool: tool.clone(), result: None });
        let checked = Box::new(self.state.ledger.checked(&tool, write));
        self.outputs.push_back(Output::Tool { call, tool, checked });
        call
    }

    fn finish(&mut self, now: Now) {
        self.cancel_requests(now);
        self.state.mode = Mode::Over;
        self.state.patience.stop();
        let outcome = self.outcome();
        self.outputs.push_back(Output::End { outcome });
    }

    // --- inputs ---------------------------------------------------------------------------

    fn on_heard(&mut self, now: Now, text: String, confidence: Option<f32>) {
        self.state.turns += 1;
        self.state.calls_in_turn = 0;
        self.state.asked_for_policy = false;
        self.state.patience.heard();
        self.state.stream.heard();
        if !text.trim().is_empty() {
            self.state.history.push(Turn::caller(text.clone()));
        }
        if self.check_flags(now, &text, true, true) {
            return;
        }
        if self.state.turns > self.settings.max_turns && !self.state.is_ending() {
            let sorry = self.language.phrases.too_long_end.clone();
            self.hand_over(now, TransferReason::Failed, &sorry);
            return;
        }
        let least = f32::from(self.settings.min_confidence) / 100.0;
        let sure = confidence.is_none_or(|confidence| confidence >= least);
        let text = if sure { text } else { String::new() };
        let mentions = acts::mentions_other(&text, &self.language);
        let words = text.clone();
        self.words_fed = false;
        self.read = None;
        match self.state.mode {
            Mode::Policy => self.feed(now, Input::Heard { text, confidence }),
            Mode::ReadBack(_) => self.answer_read_back(now, text, confidence),
            Mode::Emergency { .. } => self.answer_emergency(now, text, confidence),
            Mode::Callback(_) => self.answer_number(now, text, confidence),
            // A person is being called; the call ends with the answer.
            Mode::Handover { .. } | Mode::Over => {}
        }
        if !self.words_fed && !words.trim().is_empty() {
            self.policy.overheard(&Turn::caller(words));
        }
        // A yes is judged by what was said before it.
        self.state.for_other = mentions.unwrap_or(self.state.for_other);
    }

    fn on_tool_done(&mut self, now: Now, call: ToolCallId, result: ToolResult) {
        let Some(running) = self.state.running.remove(&call.0) else { return };
        self.state.observe(call, &running, &result);
        match running.policy {
            Some(call) => self.feed(now, Input::ToolDone { call, result }),
            None => self.handed_over(now, call, &result),
        }
    }
}

impl<D: Policy> Dialogue for Guarded<D> {
    fn handle_input(&mut self, now: Now, input: Input) {
        let floor = matches!(input, Input::TakenOver | Input::HandedBack | Input::Recovered);
        if self.state.mode == Mode::Over && !self.state.supervised && !floor {
            if let Input::ToolDone { call, result } = input
                && let Some(running) = self.state.running.remove(&call.0)
            {
                self.state.observe(call, &running, &result);
            }
            return;
        }
        // Words so far raise flags and wake nobody else: most of them change nothing.
        let flags = self.state.alerted.len() + self.state.warned.len();
        let partial = matches!(input, Input::Partial { .. });
        match input {
            Input::CallerLeft => {
                self.number_on_leaving(now);
                self.finish(now);
            }
            Input::CallerReplaced => self.replaced(now),
            Input::BeBrief => self.be_brief(now),
            Input::Staff { text } => self.overheard(Turn::staff(text)),
            Input::TakenOver => self.taken_over(now),
            Input::HandedBack => self.handed_back(now),
            Input::Recovered => self.recovered(now),
            Input::Held => self.on_held(now),
            Input::Resumed => self.on_resumed(now),
            other if self.state.supervised => self.aside(now, other),
            other if self.state.is_held() => self.while_held(now, other),
            Input::Begin => self.feed(now, Input::Begin),
            Input::Heard { text, confidence } => self.on_heard(now, text, confidence),
            Input::DoubtName => self.feed(now, Input::DoubtName),
            Input::Partial { text, stable } => {
                if !self.check_flags(now, &text, stable, false) && self.state.mode == Mode::Policy {
                    self.feed(now, Input::Partial { text, stable });
                }
            }
            Input::ToolDone { call, result } => self.on_tool_done(now, call, result),
            Input::Model { request, event } => self.on_model(now, request, event),
            Input::Interrupted { utterance, heard } => self.on_interrupted(now, utterance, &heard),
            Input::Played { utterance, heard, complete } => {
                self.on_played(now, utterance, &heard, complete);
            }
            Input::Dtmf(_) => {}
            Input::Timeout => self.on_timeout(now),
        }
        let flagged = flags != self.state.alerted.len() + self.state.warned.len();
        if !partial || flagged || !self.outputs.is_empty() {
            self.state.revision += 1;
        }
        // A policy that waits for nothing and said nothing is waited for as a caller would be.
        let quiet = self.state.supervised || self.state.is_held();
        if self.is_stuck() && self.state.patience.deadline.is_none() && !quiet {
            self.state.patience.deadline = Some(now.mono + 2 * self.settings.silence);
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        let own = match self.state.mode {
            Mode::Over => return None,
            _ if self.state.supervised => return None,
            _ if self.state.is_held() => self.state.held_until,
            Mode::Policy if self.is_stuck() => self.state.patience.deadline,
            Mode::Policy => self.policy_due(),
            Mode::ReadBack(_) | Mode::Emergency { .. } | Mode::Callback(_) => {
                self.state.patience.deadline
            }
            Mode::Handover { .. } => None,
        };
        let tools = self.state.running.values().flat_map(|r| [r.notice, r.deadline]).flatten();
        tools.chain(own).min()
    }

    fn snapshot(&self) -> serde_json::Value {
        let guard = serde_json::to_value(&self.state).unwrap_or_default();
        serde_json::json!({ "guard": guard, "policy": self.policy.snapshot() })
    }

    fn resume(&mut self, now: Now) {
        if self.state.mode == Mode::Policy && !self.state.supervised && !self.state.is_held() {
            self.policy.resume(now, &self.state.ledger);
            self.pump(now);
        }
    }

    fn revision(&self) -> Option<u64> {
        Some(self.state.revision)
    }

    /// How the call ends as it stands now; emergency before transferred before the last write
    /// before a message before answered.
    fn outcome(&self) -> CallOutcome {
        let facts = &self.state.outcome;
        if facts.emergency {
            CallOutcome::Emergency
        } else if facts.transferred {
            CallOutcome::Transferred
        } else if let Some(write) = facts.last_write {
            write
        } else if facts.waitlisted {
            CallOutcome::Waitlisted
        } else if facts.message {
            CallOutcome::Message
        } else if facts.answered {
            CallOutcome::Answered
        } else {
            CallOutcome::Abandoned
        }
    }
}
