//! The attributes of frontdesk-agent.

mod agent;
mod tool;

use proc_macro::TokenStream;

/// Makes an agent of a struct: `#[agent(name = "hello", tools(waiting_time), model)]`.
///
/// - `name`: under which front ends dispatch it;
/// - `tools(…)`: functions with `#[tool]` that it may call;
/// - `model`: a language model takes the turns that the agent leaves, before the front desk does.
///
/// The struct is its state: kept over restarts, so every field is written with serde.
#[proc_macro_attribute]
pub fn agent(attribute: TokenStream, item: TokenStream) -> TokenStream {
    agent::expand(attribute.into(), item.into()).into()
}

/// Makes a tool of an `async fn` whose first argument is a `ToolCx` and which returns
/// `Result<impl Serialize, ToolFailure>`. Its first lines of documentation tell a language model
/// what it is for.
///
/// - `#[tool(read)]`: it only looks;
/// - `#[tool(write, confirm = "I will order {medicine}. Shall I order it?")]`: it changes something.
///   `confirm` is read back to the caller, with the arguments in the places of their names, and
///   ends with a question; the tool runs once the caller has said yes. Without it, it does not
///   compile;
/// - `patient`: only for a caller who is identified.
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tool::expand(attribute.into(), item.into()).into()
}
