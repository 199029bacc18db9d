//! What the macros write needs; nothing for people.

pub use frontdesk_actors::{Tool, ToolCx, ToolFailure, ToolFuture};
pub use frontdesk_pipelines::dialogue::ledger::Ledger;
pub use frontdesk_pipelines::dialogue::toolbox::{Contract, ReadBack, ToolSpec};
pub use frontdesk_pipelines::language::Language;
pub use serde::{self, Deserialize, Serialize};
pub use serde_json::{self, Value};

pub use crate::tools::{Argument, answer, arguments, read_back, schema};
