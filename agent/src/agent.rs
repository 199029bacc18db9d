//! What an agent is.

use std::sync::Arc;

use frontdesk_actors::{Tool, Tools};
use frontdesk_models::llm::ChatModel;
use frontdesk_models::llm::scripted::ScriptedModel;
use frontdesk_pipelines::dialogue::script::{Behind, Next, Script, ScriptTurn, ToolAnswer};
use frontdesk_pipelines::dialogue::toolbox::ToolboxError;
use frontdesk_pipelines::dialogue::{CallFacts, Dialogue, ModelSettings, ScriptedDialogue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What `#[agent]` writes of a type: its name, its tools, and what is behind it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no agent",
    note = "write `#[agent(name = \"…\")]` before the struct"
)]
pub trait Definition: Default + Serialize + DeserializeOwned + Send + 'static {
    /// Name of the agent: under it front ends dispatch it.
    const NAME: &'static str;

    /// Whether a language model takes the turns that the agent leaves, before the front desk does.
    const MODEL: bool;

    /// Tools of its own.
    fn tools() -> Vec<Arc<dyn Tool>>;
}

/// An agent: a state machine with the turns of one call. It must depend on nothing but its own state
/// and what it is given, because a successor is given the same again.
pub trait Agent: Definition {
    /// The caller is there.
    fn begin(&mut self, turn: &mut ScriptTurn<'_>) -> Next {
        let _ = turn;
        Next::FrontDesk
    }

    /// The caller said this; never nothing.
    fn heard(&mut self, turn: &mut ScriptTurn<'_>, words: &str) -> Next {
        let _ = (turn, words);
        Next::FrontDesk
    }

    /// What stands for the language model where there is none: in the simulator, for an agent with
    /// `model`.
    #[must_use]
    fn stand_in() -> Option<ScriptedModel> {
        None
    }

    /// A tool that the agent called gave this back.
    fn tool_done(&mut self, turn: &mut ScriptTurn<'_>, answer: &ToolAnswer<'_>) {
        let _ = (turn, answer);
    }
}

/// An agent as the dialogue knows it.
struct Own<A>(A);

impl<A: Agent> Script for Own<A> {
    fn begin(&mut self, turn: &mut ScriptTurn<'_>) -> Next {
        self.0.begin(turn)
    }

    fn heard(&mut self, turn: &mut ScriptTurn<'_>, words: &str) -> Next {
        self.0.heard(turn, words)
    }

    fn tool_done(&mut self, turn: &mut ScriptTurn<'_>, answer: &ToolAnswer<'_>) {
        self.0.tool_done(turn, answer);
    }

    fn snapshot(&self) -> Value {
        // A state that cannot be written begins anew.
        serde_json::to_value(&self.0).unwrap_or_default()
    }
}

/// The tools of a call of this agent: the built-in ones and its own.
pub(crate) fn tools<A: Agent>() -> Result<Tools, ToolboxError> {
    A::tools().into_iter().try_fold(Tools::built_in(), Tools::with)
}

/// The dialogue of a call of this agent, new or as its snapshot left it.
pub(crate) fn dialogue<A: Agent>(
    facts: CallFacts,
    has_model: bool,
    snapshot: Option<Value>,
) -> Result<Box<dyn Dialogue>, serde_json::Error> {
    let behind = match A::MODEL && has_model {
        true => Behind::Model(ModelSettings::default()),
        false => Behind::Forms,
    };
    let Some(snapshot) = snapshot else {
        let script = Box::new(Own(A::default()));
        return Ok(Box::new(ScriptedDialogue::new(facts, behind, script)));
    };
    let restore = |state: Value| -> Result<Box<dyn Script>, serde_json::Error> {
        let agent = if state.is_null() { A::default() } else { serde_json::from_value(state)? };
        Ok(Box::new(Own(agent)))
    };
    Ok(Box::new(ScriptedDialogue::restore(facts, behind, snapshot, restore)?))
}

/// A language model, if there is one.
pub(crate) type Model = Option<Arc<dyn ChatModel>>;
