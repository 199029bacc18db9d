//! What the commands print. Standard output is the result, standard error is for faults and logs.

use std::io::{self, Write};

/// The place of a command's result. A reader that went away (`| head`) is not an error.
#[derive(Debug)]
pub(super) struct Out<W = io::Stdout>(W);

impl Out {
    /// Standard output.
    pub(super) fn stdout() -> Self {
        Self(io::stdout())
    }

    /// Prints one line that says why the command failed.
    pub(super) fn error(message: &str) {
        let _ = writeln!(io::stderr(), "frontdesk: {message}");
    }
}

impl<W: Write> Out<W> {
    /// Prints a line at once.
    pub(super) fn line(&mut self, text: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{text}").and_then(|()| self.0.flush());
    }
}

#[cfg(feature = "tools")]
impl<W: Write> frontdesk_scenarios::Output for Out<W> {
    fn line(&mut self, text: impl std::fmt::Display) {
        Self::line(self, text);
    }
}
