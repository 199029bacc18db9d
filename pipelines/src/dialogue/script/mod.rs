//! A script in front of the built-in dialogue: code of a developer that takes the turns it wants.
//!
//! Each turn of the caller is the script's first; what it passes on ([`Next::FrontDesk`]) the
//! built-in forms, or a language model, deal with. Both are one policy behind one guard. The script
//! is a state machine like every dialogue: it is given an input and says what is to be done, and its
//! state is kept, so that a call outlives the death of the stage that runs it.

mod turn;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use frontdesk_types::{CallOutcome, Mono};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use turn::Wish;
pub use turn::{ScriptTurn, ToolAnswer};

use super::fallback::Fallback;
use super::forms::Policy as FormsPolicy;
use super::guard::{Guarded, Policy};
use super::history::Turn;
use super::ledger::Ledger;
use super::llm::ModelSettings;
use super::reading::Reading;
use super::tools::{Refusal, ToolCallId, ToolResult};
use super::understand::acts;
use super::{CallFacts, Input, Now, Output, UtteranceId};

/// Numbers of the script's utterances and tool calls begin here, those of the built-in dialogue at
/// zero: neither takes the other's for its own.
const FIRST: u64 = 1 << 40;

/// Who deals with a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The script has: nobody else hears of it.
    Done,
    /// The built-in dialogue does.
    FrontDesk,
}

/// Code that takes the turns of a call that it wants. All of it must depend on nothing but its own
/// state and what it is given: a successor is given the same again.
pub trait Script: Send {
    /// The caller is there.
    fn begin(&mut self, turn: &mut ScriptTurn<'_>) -> Next;

    /// The caller said this; never nothing.
    fn heard(&mut self, turn: &mut ScriptTurn<'_>, words: &str) -> Next;

    /// A tool that the script called gave this back.
    fn tool_done(&mut self, turn: &mut ScriptTurn<'_>, answer: &ToolAnswer<'_>);

    /// The caller may be somebody else now: forgets what was said by the one before and of them. It
    /// is not given a turn.
    fn forget(&mut self) {}

    /// Its state.
    fn snapshot(&self) -> Value;
}

/// What deals with the turns that a script passes on.
#[derive(Debug, Clone, Copy)]
pub enum Behind {
    /// The built-in forms.
    Forms,
    /// A language model, and the forms behind it.
    Model(ModelSettings),
}

/// A script and the dialogue behind it, behind their guards.
pub struct ScriptedDialogue(Guarded<Scripted>);

impl ScriptedDialogue {
    /// A call that has not yet begun.
    #[must_use]
    pub fn new(facts: CallFacts, behind: Behind, script: Box<dyn Script>) -> Self {
        let (language, settings) = (facts.clinic.language().clone(), facts.settings());
        let inner: Box<dyn Policy> = match behind {
            Behind::Forms => Box::new(FormsPolicy::fresh(facts.clone())),
            Behind::Model(model) => Box::new(Fallback::new(facts.clone(), model)),
        };
        let policy = Scripted::new(facts.clone(), script, inner, Own::default());
        Self(Guarded::new(facts, language, settings, policy))
    }

    /// A call as its snapshot left it; `script` restores the script from its part.
    ///
    /// # Errors
    /// If the snapshot is not one of this dialogue, or `script` fails.
    pub fn restore(
        facts: CallFacts,
        behind: Behind,
        snapshot: Value,
        script: impl FnOnce(Value) -> Result<Box<dyn Script>, serde_json::Error>,
    ) -> Result<Self, serde_json::Error> {
        let (language, settings) = (facts.clinic.language().clone(), facts.settings());
        let own = facts.clone();
        let policy = move |mut snapshot: Value| {
            let mut part = |name: &str| snapshot.get_mut(name).map(Value::take).unwrap_or_default();
            let script = script(part("script"))?;
            let behind_it = part("behind");
            let inner: Box<dyn Policy> = match behind {
                Behind::Forms => Box::new(FormsPolicy::restored(own.clone(), behind_it)?),
                Behind::Model(model) => Box::new(Fallback::restore(own.clone(), model, behind_it)?),
            };
            Ok(Scripted::new(own, script, inner, serde_json::from_value(part("own"))?))
        };
        Guarded::restore(facts, language, settings, snapshot, policy).map(Self)
    }

    /// What was said, heard and done so far.
    #[must_use]
    pub fn history(&self) -> &[Turn] {
        self.0.history()
    }
}

dialogue_of_the_guards!(ScriptedDialogue);

/// What is kept of a script's turns beside its own state.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Own {
    /// Utterances and calls of the script so far.
    utterances: u64,
    calls: u64,
    /// Names of the tools that it has called and that have not answered.
    running: BTreeMap<u64, String>,
    /// What the script said last, while the floor is its own.
    asked: Option<String>,
    /// Its utterances that have not been played to their end.
    speaking: u32,
    /// When the caller, whom the script has asked something, counts as silent.
    silent_at: Option<Mono>,
    /// Silences in a row.
    silences: u32,
    /// Whether a write was turned down at its read-back: the words that come next turned it down,
    /// and answer nothing that was said since.
    #[serde(default)]
    turned_down: bool,
}

/// See the module's documentation.
struct Scripted {
    facts: CallFacts,
    script: Box<dyn Script>,
    inner: Box<dyn Policy>,
    own: Own,
    outputs: VecDeque<Output>,
}

impl Scripted {
    fn new(facts: CallFacts, script: Box<dyn Script>, inner: Box<dyn Policy>, own: Own) -> Self {
        Self { facts, script, inner, own, outputs: VecDeque::new() }
    }

    /// Has the script take a turn.
    fn take(
        &mut self,
        now: Now,
        ledger: &Arc<Ledger>,
        turn: impl FnOnce(&mut dyn Script, &mut ScriptTurn<'_>) -> Next,
    ) -> Next {
        let facts = self.facts.clone();
        let mut seen = ScriptTurn::new(now, &facts, ledger);
        let next = turn(&mut *self.script, &mut seen);
        let wishes = seen.wishes;
        if next == Next::Done {
            self.own.silences = 0;
        }
        for wish in wishes {
            self.carry_out(wish);
        }
        next
    }

    fn carry_out(&mut self, wish: Wish) {
        match wish {
            Wish::Say(text) => self.say(text),
            Wish::Expect(expectation) => self.outputs.push_back(Output::Expect(expectation)),
            Wish::Call(tool) => {
                let call = FIRST + self.own.calls;
                self.own.calls += 1;
                self.own.running.insert(call, tool.name().to_owned());
                let call = ToolCallId(call);
                self.outputs.push_back(Output::Tool { call, tool, checked: Box::default() });
            }
            Wish::End => self.outputs.push_back(Output::End { outcome: CallOutcome::Answered }),
        }
    }

    fn say(&mut self, text: String) {
        let utterance = UtteranceId(FIRST + self.own.utterances);
        self.own.utterances += 1;
        self.own.speaking += 1;
        self.own.silent_at = None;
        self.own.asked = Some(text.clone());
        self.outputs.push_back(Output::Say { utterance, text, more: false });
    }

    /// The built-in dialogue deals with it, and has the floor if it says something.
    fn pass_on(&mut self, now: Now, ledger: &Arc<Ledger>, input: Input) {
        self.inner.handle_input(now, ledger, input);
        while let Some(output) = self.inner.poll_output() {
            if matches!(output, Output::Say { .. }) {
                (self.own.asked, self.own.silent_at) = (None, None);
            }
            self.outputs.push_back(output);
        }
    }

    fn on_heard(&mut self, now: Now, ledger: &Arc<Ledger>, text: String, confidence: Option<f32>) {
        self.own.silent_at = None;
        let turned_down = std::mem::take(&mut self.own.turned_down);
        let mut next = Next::FrontDesk;
        if !text.trim().is_empty() {
            next = self.take(now, ledger, |script, turn| script.heard(turn, &text));
        } else if self.own.asked.is_some() && !turned_down {
            return self.ask_again();
        }
        if next == Next::Done {
            return;
        }
        let language = self.facts.clinic.language();
        let asked = self.own.asked.is_some();
        if asked && turned_down && acts::read(&text, language).turns_down() {
            // The script has said what follows from it.
        } else if asked && acts::read(&text, language).declines() {
            // "What else can I do for you?" "No, thank you."
            let goodbye = language.phrases.goodbye.clone();
            self.say(goodbye);
            self.carry_out(Wish::End);
        } else {
            self.pass_on(now, ledger, Input::Heard { text, confidence });
        }
    }

    /// Whoever was not understood, or says nothing, is asked once more what the script asked.
    fn ask_again(&mut self) {
        self.own.silences += 1;
        let language = self.facts.clinic.language();
        if self.own.silences >= self.facts.settings().max_silences {
            let goodbye = language.phrases.silent_end.clone();
            self.say(goodbye);
            self.outputs.push_back(Output::End { outcome: CallOutcome::Abandoned });
        } else if let Some(asked) = self.own.asked.clone() {
            let text = format!("{} {asked}", language.phrases.not_heard);
            self.say(text);
            self.own.asked = Some(asked);
        }
    }

    fn on_played(&mut self, now: Now) {
        self.own.speaking = self.own.speaking.saturating_sub(1);
        if self.own.speaking == 0 && self.own.asked.is_some() && self.own.running.is_empty() {
            self.own.silent_at = Some(now.mono + self.facts.settings().silence);
        }
    }

    fn on_tool_done(
        &mut self,
        now: Now,
        ledger: &Arc<Ledger>,
        call: ToolCallId,
        result: &ToolResult,
    ) {
        let Some(tool) = self.own.running.remove(&call.0) else { return };
        let failed = matches!(result, ToolResult::Refused { .. } | ToolResult::Unavailable);
        self.own.turned_down =
            matches!(result, ToolResult::Refused { refusal: Refusal::NotConfirmed });
        let value = result.told();
        self.take(now, ledger, |script, turn| {
            script.tool_done(turn, &ToolAnswer { tool: &tool, value, failed });
            Next::Done
        });
    }
}

impl Policy for Scripted {
    fn handle_input(&mut self, now: Now, ledger: &Arc<Ledger>, input: Input) {
        if !matches!(input, Input::Heard { .. }) {
            self.own.turned_down = false;
        }
        match input {
            Input::Begin => {
                let next = self.take(now, ledger, |script, turn| script.begin(turn));
                if next == Next::FrontDesk {
                    self.pass_on(now, ledger, Input::Begin);
                }
            }
            Input::Heard { text, confidence } => self.on_heard(now, ledger, text, confidence),
            Input::ToolDone { call, result } if call.0 >= FIRST => {
                self.on_tool_done(now, ledger, call, &result);
            }
            Input::Played { utterance, .. } if utterance.0 >= FIRST => self.on_played(now),
            Input::Interrupted { utterance, .. } if utterance.0 >= FIRST => {}
            Input::Timeout if self.own.silent_at.is_some_and(|at| at <= now.mono) => {
                self.own.silent_at = None;
                self.ask_again();
            }
            Input::Recovered if self.own.asked.is_some() && self.own.running.is_empty() => {
                let asked = self.own.asked.clone().unwrap_or_default();
                self.say(asked);
            }
            other => self.pass_on(now, ledger, other),
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        let inner = self.inner.poll_timeout().filter(|_| self.own.asked.is_none());
        [self.own.silent_at, inner].into_iter().flatten().min()
    }

    fn overheard(&mut self, turn: &Turn) {
        self.inner.overheard(turn);
    }

    fn forget(&mut self, now: Now) {
        self.script.forget();
        self.inner.forget(now);
        let Own { utterances, calls, .. } = self.own;
        self.own = Own { utterances, calls, ..Own::default() };
        self.outputs.clear();
    }

    fn resume(&mut self, now: Now, ledger: &Arc<Ledger>) {
        self.inner.resume(now, ledger);
    }

    fn reading(&self) -> Option<&Reading> {
        self.inner.reading()
    }

    fn snapshot(&self) -> Value {
        json!({
            "script": self.script.snapshot(),
            "behind": self.inner.snapshot(),
            "own": self.own,
        })
    }
}
