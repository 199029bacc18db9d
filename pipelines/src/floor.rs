//! Who has the floor of a call: the agent, or a supervisor who has taken it over.
//!
//! One supervisor has it at a time. One who is gone for too long loses it: their console is not
//! connected, or the connection that carries their voice is not in the room.

use std::time::Duration;

use frontdesk_types::{ConsoleId, Mono, UserId};

/// How long a supervisor who has taken a call over may be gone: a signal reconnect takes 2 s, and
/// the caller hears nobody meanwhile.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A supervisor who takes a call over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervisor {
    /// The console that they sit at.
    pub console: ConsoleId,
    /// Who they are.
    pub user: UserId,
    /// Their name, as the caller is shown it.
    pub name: String,
    /// Identity in the room of the connection that carries their voice; `None` if they type.
    pub identity: Option<String>,
}

/// Why the floor does not change hands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FloorError {
    /// Somebody else has it.
    #[error("{0} has taken this call over already")]
    Taken(String),
    /// Whoever asks does not have it.
    #[error("this call is not taken over by you")]
    NotYours,
    /// The call is ending.
    #[error("this call is over")]
    Over,
}

struct Taken {
    by: Supervisor,
    console: bool,
    voice: bool,
    /// Since when they are gone.
    gone: Option<Mono>,
}

/// See the module's documentation.
#[derive(Default)]
pub struct Floor {
    taken: Option<Taken>,
    over: bool,
}

impl Floor {
    /// The supervisor who has it.
    #[must_use]
    pub fn holder(&self) -> Option<&Supervisor> {
        self.taken.as_ref().map(|taken| &taken.by)
    }

    /// Gives it to `by`; whether the agent had it. Who has it may take it once more: from another
    /// console, or by another connection.
    ///
    /// # Errors
    /// [`FloorError::Taken`] or [`FloorError::Over`].
    pub fn take(&mut self, now: Mono, by: Supervisor) -> Result<bool, FloorError> {
        if self.over {
            return Err(FloorError::Over);
        }
        if let Some(holder) = self.holder().filter(|holder| holder.user != by.user) {
            return Err(FloorError::Taken(holder.name.clone()));
        }
        let first = self.taken.is_none();
        self.taken = Some(Taken { by, console: true, voice: false, gone: None });
        self.look(now);
        Ok(first)
    }

    /// Gives it back to the agent.
    ///
    /// # Errors
    /// [`FloorError::NotYours`] if that console does not have it.
    pub fn give_back(&mut self, console: ConsoleId) -> Result<(), FloorError> {
        self.held_by(console)?;
        self.taken = None;
        Ok(())
    }

    /// Whether that console has it.
    ///
    /// # Errors
    /// [`FloorError::NotYours`] if not.
    pub fn held_by(&self, console: ConsoleId) -> Result<&Supervisor, FloorError> {
        let holder = self.holder().filter(|holder| holder.console == console);
        holder.ok_or(FloorError::NotYours)
    }

    /// A console was connected, or lost.
    pub fn on_console(&mut self, now: Mono, console: ConsoleId, here: bool) {
        if let Some(taken) = self.taken.as_mut().filter(|taken| taken.by.console == console) {
            taken.console = here;
            self.look(now);
        }
    }

    /// The connection of that identity came into the room, or left it.
    pub fn on_voice(&mut self, now: Mono, identity: &str, here: bool) {
        let theirs = |taken: &&mut Taken| taken.by.identity.as_deref() == Some(identity);
        if let Some(taken) = self.taken.as_mut().filter(theirs) {
            taken.voice = here;
            self.look(now);
        }
    }

    /// Takes it from a supervisor who has been gone for too long; whether that was so.
    pub fn on_time(&mut self, now: Mono) -> bool {
        let lost = self.deadline().is_some_and(|due| due <= now);
        if lost {
            self.taken = None;
        }
        lost
    }

    /// When a supervisor who is gone loses it.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        Some(self.taken.as_ref()?.gone? + PATIENCE)
    }

    /// The call ends: nobody has it any more. Whether a supervisor had it.
    pub fn close(&mut self) -> bool {
        self.over = true;
        self.taken.take().is_some()
    }

    fn look(&mut self, now: Mono) {
        if let Some(taken) = &mut self.taken {
            let here = taken.console && (taken.voice || taken.by.identity.is_none());
            taken.gone = if here { None } else { taken.gone.or(Some(now)) };
        }
    }
}

#[cfg(test)]
#[path = "floor_tests.rs"]
mod tests;
