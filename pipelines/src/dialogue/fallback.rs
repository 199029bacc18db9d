//! A language model as long as it answers, and the built-in forms from then on.
//!
//! Both are one policy behind one guard: the forms find what the model has established in the
//! ledger, number on where it stopped, and hear the words that it did not answer.

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_types::{Mono, OfferId};
use serde_json::{Value, json};

use super::forms::{Policy as FormsPolicy, Predecessor};
use super::guard::{Guarded, Policy};
use super::history::Turn;
use super::ledger::Ledger;
use super::llm::{Llm, ModelSettings};
use super::reading::Reading;
use super::tools::ToolResult;
use super::{CallFacts, Input, Now, Output};

/// The dialogue of a language model, with the forms behind it, behind their guards.
#[derive(Debug)]
pub struct ModelDialogue(Guarded<Fallback>);

impl ModelDialogue {
    /// A call that has not yet begun.
    #[must_use]
    pub fn new(facts: CallFacts, model: ModelSettings) -> Self {
        let (language, settings) = (facts.clinic.language().clone(), facts.settings());
        let policy = Fallback::new(facts.clone(), model);
        Self(Guarded::new(facts, language, settings, policy))
    }

    /// A call as its snapshot left it.
    ///
    /// # Errors
    /// If the snapshot is not one of this dialogue.
    pub fn restore(
        facts: CallFacts,
        model: ModelSettings,
        snapshot: Value,
    ) -> Result<Self, serde_json::Error> {
        let (language, settings) = (facts.clinic.language().clone(), facts.settings());
        let own = facts.clone();
        let policy = move |snapshot| Fallback::restore(own, model, snapshot);
        Guarded::restore(facts, language, settings, snapshot, policy).map(Self)
    }

    /// What was said, heard and done so far.
    #[must_use]
    pub fn history(&self) -> &[Turn] {
        self.0.history()
    }

    /// Whether the model has failed and the forms have the call.
    #[must_use]
    pub fn has_fallen_back(&self) -> bool {
        self.0.policy().taken
    }
}

dialogue_of_the_guards!(ModelDialogue);

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Fallback {
    llm: Llm,
    forms: FormsPolicy,
    /// Whether the forms have the call.
    taken: bool,
    /// What the last search found, in its order.
    offers: VecDeque<OfferId>,
}

impl Fallback {
    pub(super) fn new(facts: CallFacts, model: ModelSettings) -> Self {
        let (llm, forms) = (Llm::new(facts.clone(), model), FormsPolicy::fresh(facts));
        Self { llm, forms, taken: false, offers: VecDeque::new() }
    }

    pub(super) fn restore(
        facts: CallFacts,
        model: ModelSettings,
        mut snapshot: Value,
    ) -> Result<Self, serde_json::Error> {
        let mut part = |name: &str| snapshot.get_mut(name).map(Value::take).unwrap_or_default();
        Ok(Self {
            llm: Llm::restore(facts.clone(), model, part("model"))?,
            forms: FormsPolicy::restored(facts, part("forms"))?,
            taken: serde_json::from_value(part("taken"))?,
            offers: serde_json::from_value(part("offers"))?,
        })
    }

    /// The forms go on where the model stopped.
    fn take_over(&mut self, now: Now, ledger: &Arc<Ledger>) {
        let Some(lost) = self.llm.lost() else { return };
        self.taken = true;
        let (next_utterance, next_call) = self.llm.next_numbers();
        let offers = self.offers.drain(..).collect();
        let mut said = self.llm.said();
        let words = lost.words.map(|words| (words.text, words.typed));
        if words.as_ref().is_some_and(|(words, _)| said.last() == Some(words)) {
            said.pop();
        }
        let untold = lost.untold.into_iter();
        let untold = untold.map(|written| (written.tool, written.result, written.before)).collect();
        let model = Predecessor { next_utterance, next_call, offers, said, words, untold };
        self.forms.take_over(now, ledger, model);
    }
}

impl Policy for Fallback {
    fn handle_input(&mut self, now: Now, ledger: &Arc<Ledger>, input: Input) {
        if self.taken {
            self.forms.handle_input(now, ledger, input);
            return;
        }
        if input == Input::BeBrief {
            // Should they get the call later.
            self.forms.handle_input(now, ledger, Input::BeBrief);
        }
        if let Input::ToolDone { result: ToolResult::Slots { offers, .. }, .. } = &input {
            self.offers = offers.iter().map(|offer| offer.id).collect();
        }
        self.llm.handle_input(now, ledger, input);
        self.take_over(now, ledger);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.llm.poll_output().or_else(|| self.forms.poll_output())
    }

    fn poll_timeout(&self) -> Option<Mono> {
        if self.taken { self.forms.poll_timeout() } else { self.llm.poll_timeout() }
    }

    fn overheard(&mut self, turn: &Turn) {
        if !self.taken {
            self.llm.overheard(turn);
        }
    }

    fn forget(&mut self, now: Now) {
        self.llm.forget(now);
        self.forms.forget(now);
        self.offers.clear();
    }

    fn resume(&mut self, now: Now, ledger: &Arc<Ledger>) {
        if !self.taken {
            self.llm.resume(now, ledger);
        }
    }

    fn reading(&self) -> Option<&Reading> {
        self.forms.reading().filter(|_| self.taken)
    }

    fn snapshot(&self) -> Value {
        json!({
            "model": self.llm.snapshot(),
            "forms": self.forms.snapshot(),
            "taken": self.taken,
            "offers": self.offers,
        })
    }
}
