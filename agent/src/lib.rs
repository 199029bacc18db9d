//! Agents of one's own, each in one file: what they say and do, the tools that they bring, and a
//! simulator in which they are tried without any server.
//!
//! An [`Agent`] takes the turns of a call that it wants and leaves the others to the front desk,
//! which books, moves and cancels appointments. Whatever it wants done passes the same guard as
//! everything: a write is read back to the caller and runs only on a plain yes, a patient's data is
//! out of reach until the patient is identified, and red flags come first. Its state is kept, so a
//! call outlives the death of the stage that runs it.
//!
//! `examples/` has agents to begin with, `docs/agents.md` says how they are written.
//!
//! A tool that writes says how it is read back to the caller:
//! ```
//! use frontdesk_agent::{ToolCx, ToolFailure, tool};
//!
//! /// Orders a refill.
//! #[tool(write, confirm = "I will order {medicine}. Shall I order it?")]
//! async fn refill(_: ToolCx, medicine: String) -> Result<String, ToolFailure> {
//!     Ok(medicine)
//! }
//! # assert_eq!(refill().spec().name, "refill");
//! ```
//! Without it, it does not compile:
//! ```compile_fail
//! use frontdesk_agent::{ToolCx, ToolFailure, tool};
//!
//! /// Orders a refill.
//! #[tool(write)]
//! async fn refill(_: ToolCx, medicine: String) -> Result<String, ToolFailure> {
//!     Ok(medicine)
//! }
//! ```

mod agent;
mod clinic;
mod command;
#[cfg(feature = "room")]
mod room;
mod sim;
mod tools;

#[doc(hidden)]
pub mod private;

pub use agent::{Agent, Definition};
pub use clinic::MemoryClinic;
pub use command::main;
pub use frontdesk_actors::{Tool, ToolCx, ToolFailure};
pub use frontdesk_macros::{agent, tool};
pub use frontdesk_models::llm::scripted::{ScriptedModel, Step};
pub use frontdesk_models::llm::{Message, ModelRequest};
pub use frontdesk_pipelines::dialogue::Expectation;
pub use frontdesk_pipelines::dialogue::script::{Next, ScriptTurn as Turn, ToolAnswer};
pub use frontdesk_pipelines::dialogue::toolbox::ToolError;
pub use sim::{Sim, SimError};
