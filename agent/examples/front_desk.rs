//! The built-in front desk with one answer of its own: whether there is a playground.
//!
//! ```sh
//! cargo run -p frontdesk-agent --example front_desk -- \
//!     --say "Is there a playground?" --say "I would like to book with Dr. Rivera tomorrow" \
//!     --say "Mary Johnson" --say "March 12, 1984" --say "the first one" --say "yes"
//! ```
//!
//! With real calls: `cargo run -p frontdesk-agent --features room --example front_desk -- serve`.

use std::process::ExitCode;

use frontdesk_agent::{Agent, Next, Turn, agent};

#[agent(name = "front_desk")]
struct FrontDesk {}

impl Agent for FrontDesk {
    fn heard(&mut self, turn: &mut Turn<'_>, words: &str) -> Next {
        if words.to_lowercase().contains("playground") {
            turn.say("Yes, next to the waiting room. What else can I do for you?");
            return Next::Done;
        }
        Next::FrontDesk
    }
}

fn main() -> ExitCode {
    frontdesk_agent::main::<FrontDesk>()
}
