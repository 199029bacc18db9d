//! A supervisor takes a call over, and hands it back.
//!
//! Who has the floor is state of the call, like its end: decided here at once, for whoever asks,
//! and carried out by mails and by the outlet, which outlive every stage. A supervisor who is gone
//! for too long loses it when the CallSupervisor looks, whichever CallSupervisor that is.

use std::sync::atomic::{AtomicU64, Ordering};

use frontdesk_line::{AgentState, Shown};
use frontdesk_pipelines::dialogue::Input;
use frontdesk_pipelines::floor::{Floor, FloorError, Supervisor};
use frontdesk_types::{CallOutcome, ConsoleId};
use parking_lot::Mutex;

use super::Call;
use super::link::{LinkInput, typed};
use crate::watch::{HandedBack, TakenOver, What};

/// Why a supervisor cannot do that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SupervisionError {
    /// The clinic has no such live call.
    #[error("there is no such call, or it is over")]
    NoCall,
    /// The caller has not come yet.
    #[error("the caller is not there yet; try again when they are")]
    NobodyThere,
    /// The caller's line carries no supervisor.
    #[error("this line cannot be taken over yet; hanging up works")]
    Unable,
    /// Nothing was written.
    #[error("there is nothing to send")]
    Nothing,
    /// Somebody else has it, or whoever asks does not.
    #[error(transparent)]
    Floor(#[from] FloorError),
}

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct CallFloor {
    floor: Mutex<Floor>,
    /// What supervisors have written.
    written: AtomicU64,
}

impl CallFloor {
    pub(crate) fn is_taken(&self) -> bool {
        self.floor.lock().holder().is_some()
    }

    /// Identity of the connection that carries the voice of the supervisor who has it.
    pub(crate) fn voice(&self) -> Option<String> {
        self.floor.lock().holder().and_then(|holder| holder.identity.clone())
    }

    /// The name of the supervisor who has it.
    pub(super) fn name(&self) -> Option<String> {
        self.floor.lock().holder().map(|holder| holder.name.clone())
    }
}

/// Number of the n-th utterance that a supervisor spoke; those written lie between.
pub(super) const fn spoken_number(n: u64) -> u64 {
    2 * n
}

impl Call {
    /// A supervisor takes the call: the agent falls silent at once.
    pub(crate) fn take_over(&self, by: Supervisor) -> Result<(), SupervisionError> {
        if self.joined.get().is_none() {
            return Err(SupervisionError::NobodyThere);
        }
        let abilities = self.line.abilities();
        let able = match by.identity {
            Some(_) => abilities.supervisor,
            None => abilities.text && abilities.captions,
        };
        if !able {
            return Err(SupervisionError::Unable);
        }
        let told = TakenOver { user: by.user, name: by.name.clone(), voice: by.identity.is_some() };
        // Held until all are told, so that they are told in the order of what was decided.
        let mut floor = self.floor.floor.lock();
        if self.end().is_some() {
            return Err(SupervisionError::NoCall);
        }
        let identity = by.identity.clone();
        if floor.take(self.clock.mono(), by)? {
            self.outlet.mute();
            self.mails.dialogue.post(Input::TakenOver);
            self.mails.link.post(LinkInput::Show(Shown::State(AgentState::Listening)));
        }
        self.line.attend(identity.as_deref());
        self.feed.tell(What::TakenOver(told));
        drop(floor);
        tracing::info!(parent: &self.span, voice = identity.is_some(), "call taken over");
        Ok(())
    }

    /// The supervisor gives it back.
    pub(crate) fn hand_back(&self, console: ConsoleId) -> Result<(), SupervisionError> {
        let mut floor = self.floor.floor.lock();
        floor.give_back(console)?;
        self.agent_goes_on(HandedBack::Asked);
        drop(floor);
        Ok(())
    }

    /// Takes it back from a supervisor who has been gone for too long.
    pub(super) fn look_for_supervisor(&self) {
        let mut floor = self.floor.floor.lock();
        if floor.on_time(self.clock.mono()) {
            self.agent_goes_on(HandedBack::Lost);
        }
    }

    /// With the floor locked.
    fn agent_goes_on(&self, why: HandedBack) {
        self.line.attend(None);
        self.outlet.unmute();
        self.mails.dialogue.post(Input::HandedBack);
        self.feed.tell(What::HandedBack { why });
        tracing::info!(parent: &self.span, ?why, "call handed back");
    }

    /// The supervisor who has the call writes to the caller.
    pub(crate) fn write_as(&self, console: ConsoleId, text: &str) -> Result<(), SupervisionError> {
        let abilities = self.line.abilities();
        if !abilities.captions {
            return Err(SupervisionError::Unable);
        }
        let text = typed(text).ok_or(SupervisionError::Nothing)?;
        let floor = self.floor.floor.lock();
        let name = floor.held_by(console)?.name.clone();
        let number = spoken_number(self.floor.written.fetch_add(1, Ordering::Relaxed)) + 1;
        self.staff_said(number, name, text, true);
        drop(floor);
        Ok(())
    }

    /// Words of the supervisor: for the caller to see, for the feed, and once they are final for the
    /// history.
    pub(super) fn staff_said(&self, number: u64, name: String, text: String, is_final: bool) {
        if is_final {
            self.mails.dialogue.post(Input::Staff { text: text.clone() });
        }
        let shown = Shown::StaffText { number, name, text, is_final };
        self.mails.link.post(LinkInput::Show(shown));
    }

    /// The supervisor's console was connected, or lost.
    pub(crate) fn on_console(&self, console: ConsoleId, here: bool) {
        self.floor.floor.lock().on_console(self.clock.mono(), console, here);
    }

    /// The connection of a supervisor's voice came, or left.
    pub(super) fn on_supervisor(&self, identity: &str, here: bool) {
        self.floor.floor.lock().on_voice(self.clock.mono(), identity, here);
    }

    /// A supervisor ends the call.
    pub(crate) fn hang_up_by_supervisor(&self) {
        self.floor_is_over();
        self.finish(CallOutcome::Abandoned, None);
    }

    /// The call comes to its end: the agent may speak its last words, and nobody takes it any more.
    pub(super) fn floor_is_over(&self) {
        let mut floor = self.floor.floor.lock();
        if floor.close() {
            self.line.attend(None);
            self.outlet.unmute();
        }
    }
}
