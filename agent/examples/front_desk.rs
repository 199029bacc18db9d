//! The clinic's front desk with a word of its own: it answers what the built-in one does not know.
//!
//! ```sh
//! cargo run -p frontdesk-agent --example front_desk -- \
//!     --say "Is there a playground?" --say "I would like to book with Dr. Rivera tomorrow"
//! ```

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
