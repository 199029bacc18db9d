//! An agent that asks for a name and says hello.
//!
//! ```sh
//! cargo run -p frontdesk-agent --example hello -- --say "Mary" --say "bye"
//! ```
//!
//! With real calls: `cargo run -p frontdesk-agent --features room --example hello -- serve`.

use std::process::ExitCode;

use frontdesk_agent::{Agent, Next, Turn, agent};

#[agent(name = "hello")]
struct Hello {
    name: Option<String>,
}

impl Agent for Hello {
    fn begin(&mut self, turn: &mut Turn<'_>) -> Next {
        turn.say("Hello! What is your name?");
        Next::Done
    }

    fn heard(&mut self, turn: &mut Turn<'_>, words: &str) -> Next {
        match &self.name {
            None => {
                turn.say(format!("Nice to meet you, {words}. Say bye when you want to go."));
                self.name = Some(words.to_owned());
            }
            Some(name) if words.to_lowercase().contains("bye") => {
                turn.say(format!("Goodbye, {name}!"));
                turn.end();
            }
            Some(name) => turn.say(format!("You said: {words}. Anything else, {name}?")),
        }
        Next::Done
    }
}

fn main() -> ExitCode {
    frontdesk_agent::main::<Hello>()
}
