//! Calls of a process that is lost: this one goes on with them, or closes them.

use frontdesk_tenants::{Error, Tenant, calls};
use frontdesk_types::CallId;

use super::{NoPlace, Reservation, Switchboard};
use crate::call::{Moved, claim};

impl Switchboard {
    /// Reserves a place for a call that was under way elsewhere: it comes before those who wait.
    ///
    /// # Errors
    /// [`NoPlace`] if there is none, or none is given out any more.
    pub fn reserve_first(&self) -> Result<Reservation, NoPlace> {
        let reserved = self.admission.reserve_first();
        if matches!(reserved, Err(NoPlace::Full { .. })) {
            self.free_a_silent_place();
        }
        reserved
    }

    /// Name of this process in the records of its calls; `None` if none are kept.
    #[must_use]
    pub fn worker(&self) -> Option<&str> {
        self.services.records.as_ref().map(|records| records.worker.as_str())
    }

    /// Takes a call over from a process that is lost. From then on its record is this process's: the
    /// call is begun here ([`Switchboard::take`]) or closed ([`Switchboard::close_moved`]). `None` if
    /// it is over, another process has it, or no records are kept.
    ///
    /// # Errors
    /// If the database fails or the ring lacks the key; then nothing has changed.
    pub async fn claim(&self, tenant: &Tenant, call: CallId) -> Result<Option<Moved>, Error> {
        let Some(records) = &self.services.records else { return Ok(None) };
        claim(&self.services, records, tenant, call).await
    }

    /// Closes a call that was taken over and cannot go on: with what it wrote as its outcome, and a
    /// callback if the caller is known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn close_moved(&self, tenant: &Tenant, call: CallId) -> Result<(), Error> {
        let Some(records) = &self.services.records else { return Ok(()) };
        let (db, now) = (&self.services.database, self.services.clock.wall());
        let ids = self.services.ids.as_ref();
        calls::close_held(db, tenant, call, &records.worker, now, ids).await?;
        Ok(())
    }
}
