//! Jobs that have something to do in few clinics ask for those by one look over all of them.

use frontdesk_types::{ClinicId, named_enum};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use crate::{Database, Result, Tenant};

named_enum! {
    /// What is looked for.
    pub enum Look: "job that looks over all clinics" {
        /// Offers that nobody took in time, and entries whose wanted time is over.
        Waitlist = "waitlist",
        /// Appointments that were not paid in time.
        Unpaid = "unpaid",
        /// Appointments to which nobody came.
        NoShow = "no-show",
        /// Calls whose runtime is gone.
        Calls = "calls",
        /// Calls whose words are kept for too long.
        Retention = "retention",
        /// Patients who asked to be erased.
        Erasure = "erasure",
        /// Notifications to be sent or given up.
        Notifications = "notifications",
    }
}

/// Clinics of one statement, so that none runs long.
const PAGE: i32 = 500;

/// The clinics in which there is something to do now, by id.
///
/// # Errors
/// If the database fails.
pub async fn clinics(db: &Database, what: Look, now: Timestamp) -> Result<Vec<Tenant>> {
    let (mut clinics, mut after) = (Vec::new(), None::<uuid::Uuid>);
    loop {
        let (upto, due): (Option<uuid::Uuid>, Vec<uuid::Uuid>) =
            sqlx::query_as("SELECT looked_upto, due FROM clinics_due($1, $2, $3, $4)")
                .bind(what.as_str())
                .bind(now.to_sqlx())
                .bind(after)
                .bind(PAGE)
                .fetch_one(db.pool())
                .await?;
        clinics.extend(due.into_iter().map(|id| Tenant::verified(ClinicId::from_uuid(id))));
        if upto.is_none() {
            return Ok(clinics);
        }
        after = upto;
    }
}
