//! An agent that is not built in: what its calls say and do, and its tools.

use std::sync::Arc;

use frontdesk_actors::{DialogueFactory, Tools};
use frontdesk_pipelines::dialogue::{CallFacts, Dialogue};

/// Makes the dialogue of a call; the flag says whether there is a language model. What it is given
/// besides is the snapshot that the call goes on from.
pub type OwnDialogue = Arc<
    dyn Fn(
            CallFacts,
            bool,
            Option<serde_json::Value>,
        ) -> Result<Box<dyn Dialogue>, serde_json::Error>
        + Send
        + Sync,
>;

/// See the module's documentation. Cheap to clone.
#[derive(Clone)]
pub struct OwnAgent {
    /// The tools of its calls, the built-in ones among them.
    pub tools: Tools,
    /// What makes its dialogues.
    pub dialogue: OwnDialogue,
}

impl OwnAgent {
    /// Its dialogues, where there is a language model or none.
    pub(crate) fn factory(&self, has_model: bool) -> DialogueFactory {
        let own = Arc::clone(&self.dialogue);
        Arc::new(move |facts, snapshot| own(facts, has_model, snapshot))
    }
}
