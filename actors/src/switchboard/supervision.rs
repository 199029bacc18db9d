//! What supervisors do with live calls. Each names the clinic that they may act for: a call of
//! another clinic is none to them.

use std::sync::Arc;

use frontdesk_pipelines::floor::Supervisor;
use frontdesk_types::{CallId, ClinicId, ConsoleId};

use super::Switchboard;
use crate::call::{Call, SupervisionError};

impl Switchboard {
    fn live_call(&self, clinic: ClinicId, call: CallId) -> Result<Arc<Call>, SupervisionError> {
        let live = self.live.lock().get(&call).cloned();
        let live = live.filter(|call| call.tenant.clinic() == clinic && call.end().is_none());
        live.ok_or(SupervisionError::NoCall)
    }

    /// Name of the room of a live call, for who wants to listen.
    ///
    /// # Errors
    /// [`SupervisionError::NoCall`].
    pub fn room_of(&self, clinic: ClinicId, call: CallId) -> Result<String, SupervisionError> {
        self.live_call(clinic, call).map(|call| call.room_name.clone())
    }

    /// Lets somebody who listens by a connection of this identity hear the agent.
    ///
    /// # Errors
    /// [`SupervisionError::NoCall`].
    pub fn admit(
        &self,
        clinic: ClinicId,
        call: CallId,
        listener: &str,
    ) -> Result<(), SupervisionError> {
        self.live_call(clinic, call).map(|call| call.line.admit(listener))
    }

    /// Whether a call is live, whichever clinic's.
    #[must_use]
    pub fn is_live(&self, call: CallId) -> bool {
        self.live.lock().get(&call).is_some_and(|call| call.end().is_none())
    }

    /// Whether a call is live in that room, whichever clinic's.
    #[must_use]
    pub fn is_live_in(&self, room: &str) -> bool {
        let live = self.live.lock();
        live.values().any(|call| call.room_name == room && call.end().is_none())
    }

    /// Identity of the connection that carries the voice of the supervisor who has a call.
    #[must_use]
    pub fn voice_of(&self, call: CallId) -> Option<String> {
        self.live.lock().get(&call).and_then(|call| call.floor.voice())
    }

    /// Gives a call to a supervisor: the agent falls silent at once and goes on listening. Who has
    /// it may take it again, by another connection or from another console.
    ///
    /// # Errors
    /// [`SupervisionError`]; then nothing has changed.
    pub fn take_over(
        &self,
        clinic: ClinicId,
        call: CallId,
        by: Supervisor,
    ) -> Result<(), SupervisionError> {
        self.live_call(clinic, call)?.take_over(by)
    }

    /// Gives the call back to the agent, which says so and goes on where it was.
    ///
    /// # Errors
    /// [`SupervisionError`] if it is not that console's to give.
    pub fn hand_back(
        &self,
        clinic: ClinicId,
        call: CallId,
        console: ConsoleId,
    ) -> Result<(), SupervisionError> {
        self.live_call(clinic, call)?.hand_back(console)
    }

    /// Shows the caller what the supervisor who has the call writes.
    ///
    /// # Errors
    /// [`SupervisionError`] if the call is not taken over by that console, or shows no words.
    pub fn write_as(
        &self,
        clinic: ClinicId,
        call: CallId,
        console: ConsoleId,
        text: &str,
    ) -> Result<(), SupervisionError> {
        self.live_call(clinic, call)?.write_as(console, text)
    }

    /// Ends a call for a supervisor; works on every line.
    ///
    /// # Errors
    /// [`SupervisionError::NoCall`].
    pub fn hang_up_for(&self, clinic: ClinicId, call: CallId) -> Result<(), SupervisionError> {
        self.live_call(clinic, call).map(|call| call.hang_up_by_supervisor())
    }

    /// Says that a console was connected, or lost. A call whose supervisor is lost for too long
    /// goes back to the agent.
    pub fn on_console(&self, console: ConsoleId, here: bool) {
        let live: Vec<_> = self.live.lock().values().cloned().collect();
        live.iter().for_each(|call| call.on_console(console, here));
    }
}
