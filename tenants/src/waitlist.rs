//! The waitlist: a freed slot is offered to the next in line who can use it, to one at a time, with
//! a deadline [WAIT-1]. The offer is made by the SQL function that frees the slot.

use frontdesk_types::{AppointmentId, DoctorId, IdSource, WaitlistEntryId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Deserialize;
use sqlx::types::Json;

use crate::booking::{Answer, Booked, Header, call, references, request_hash, same_clinic};
use crate::patient::VerifiedPatient;
use crate::{By, Database, Error, Refusal, Result, Tenant};

/// What somebody waits for: a doctor, a specialty, or both; a start in the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The doctor.
    pub doctor: Option<DoctorId>,
    /// The specialty.
    pub specialty: Option<String>,
    /// Not before.
    pub from: Timestamp,
    /// Before.
    pub until: Timestamp,
}

#[derive(Deserialize)]
struct Joined {
    refused: Option<Refusal>,
}

/// Puts a patient on the waitlist.
///
/// # Errors
/// Refusals: patient unknown, doctor inactive.
pub async fn join(
    db: &Database,
    tenant: &Tenant,
    who: &VerifiedPatient,
    wish: &Wish,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<WaitlistEntryId> {
    same_clinic(tenant, who)?;
    if wish.from >= wish.until || (wish.doctor.is_none() && wish.specialty.is_none()) {
        return Err(Error::Invalid(
            "a waitlist entry needs a doctor or a specialty, and a range of time".to_owned(),
        ));
    }
    let id = WaitlistEntryId::new(ids);
    let Json(joined): Json<Joined> = Header::new(tenant, by, now)
        .bind("SELECT join_waitlist($1, $2, $3, $6, $7, $8, $9, $10, $11, $4, $5)")
        .bind(id.uuid())
        .bind(who.patient().uuid())
        .bind(wish.doctor.map(DoctorId::uuid))
        .bind(&wish.specialty)
        .bind(wish.from.to_sqlx())
        .bind(wish.until.to_sqlx())
        .fetch_one(db.pool())
        .await?;
    joined.refused.map_or(Ok(id), |refusal| Err(refusal.into()))
}

/// Takes the slot that is offered to this entry.
///
/// # Errors
/// Refusals: offer gone (too late, or taken by an override), patient busy, and as [`crate::booking`].
pub async fn accept(
    db: &Database,
    tenant: &Tenant,
    entry: WaitlistEntryId,
    who: &VerifiedPatient,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Booked> {
    same_clinic(tenant, who)?;
    let hash = request_hash(&(entry, who.patient()))?;
    let appointment = AppointmentId::new(ids);
    let header = Header::new(tenant, by, now);
    call(db, by, || {
        header
            .bind_keyed(
                "SELECT accept_waitlist_offer($1, $2, $3, $6, $7, $8, $9, $10, $11, $4, $5)",
                &hash,
            )
            .bind(entry.uuid())
            .bind(who.patient().uuid())
            .bind(appointment.uuid())
            .bind(references())
    })
    .await
    .and_then(Answer::booked)
}

/// Takes a patient off the waitlist; what was offered goes to the next. False if they were off.
///
/// # Errors
/// If the database fails.
pub async fn leave(
    db: &Database,
    tenant: &Tenant,
    entry: WaitlistEntryId,
    who: &VerifiedPatient,
    by: &By,
    now: Timestamp,
) -> Result<bool> {
    same_clinic(tenant, who)?;
    end(db, tenant, entry, Some(who), "left", by, now).await
}

/// Ends the offers that nobody took in time and passes their slots on, and the entries whose wanted
/// time is over; returns how many.
///
/// # Errors
/// The first entry's that failed; the others are ended nevertheless.
pub async fn expire_offers(
    db: &Database,
    tenant: &Tenant,
    by: &By,
    now: Timestamp,
) -> Result<usize> {
    let due: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM due_waitlist_offers($1, $2) AS id")
            .bind(tenant.clinic().uuid())
            .bind(now.to_sqlx())
            .fetch_all(db.pool())
            .await?;
    let (mut ended, mut failed) = (0, None);
    for entry in due.into_iter().map(WaitlistEntryId::from_uuid) {
        match end(db, tenant, entry, None, "expired", by, now).await {
            Ok(done) => ended += usize::from(done),
            Err(error) => {
                tracing::error!(%entry, %error, "waitlist entry not ended");
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(ended), Err)
}

async fn end(
    db: &Database,
    tenant: &Tenant,
    entry: WaitlistEntryId,
    who: Option<&VerifiedPatient>,
    to: &'static str,
    by: &By,
    now: Timestamp,
) -> Result<bool> {
    let header = Header::new(tenant, by, now);
    let mut last = 0;
    loop {
        let ended = header
            .bind("SELECT end_waitlist_entry($1, $2, $3, $6, $7, $8, $4, $5)")
            .bind(entry.uuid())
            .bind(who.map(|who| who.patient().uuid()))
            .bind(to)
            .fetch_one(db.pool())
            .await
            .map_err(Error::from);
        last += 1;
        match ended {
            Err(error) if error.is_retryable() && last < 5 => {}
            done => return done,
        }
    }
}
