//! Who holds a call: the worker that its row names, until that worker is lost and another one takes
//! it over.

use std::time::Duration;

use frontdesk_types::{CallId, Channel, ClinicId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::CallKey;
use super::key::key_place;
use crate::crypt::{CryptError, KeyRing, Wrapped};
use crate::{Database, Result, Tenant, TenantTx};

/// The key of a call that another worker began, and the call with it; `None` if the call is unknown,
/// over, or still another worker's. Of two who try, one gets it.
///
/// # Errors
/// If the ring lacks the key or the database fails.
pub async fn take_over(
    tx: &mut TenantTx,
    ring: &KeyRing,
    call: CallId,
    worker: &str,
    lease_until: Timestamp,
    now: Timestamp,
) -> Result<Option<CallKey>> {
    let row: Option<(Option<String>, Option<Vec<u8>>)> = sqlx::query_as(
        "UPDATE calls SET worker = $3, lease_until = $4, row_version = row_version + 1
          WHERE clinic_id = $1 AND id = $2 AND ended_at IS NULL
            AND (worker = $3 OR call_lost_for(worker, lease_until, lost_at, $5) IS NOT NULL)
         RETURNING ring_key, wrapped_key",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .bind(worker)
    .bind(lease_until.to_sqlx())
    .bind(now.to_sqlx())
    .fetch_optional(tx.conn())
    .await?;
    match row {
        None => Ok(None),
        Some((Some(ring_key), Some(sealed))) => {
            let key = ring.unwrap(&key_place(call), &Wrapped { ring_key, sealed })?;
            Ok(Some(CallKey { call, key }))
        }
        Some(_) => Err(CryptError::Destroyed.into()),
    }
}

/// The worker that has the call, and will have it to the end of this transaction; `None` if the call is
/// unknown or over. What anybody else writes of it does not count.
///
/// # Errors
/// If the database fails.
pub async fn holder(tx: &mut TenantTx, call: CallId) -> Result<Option<String>> {
    let worker: Option<Option<String>> = sqlx::query_scalar(
        "SELECT worker FROM calls WHERE clinic_id = $1 AND id = $2 AND ended_at IS NULL
            FOR NO KEY UPDATE",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(worker.flatten())
}

/// Whether a call of the clinic in that room is open, its worker lost or not.
///
/// # Errors
/// If the database fails.
pub async fn is_open_in(tx: &mut TenantTx, room: &str) -> Result<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM calls
          WHERE clinic_id = $1 AND room = $2 AND ended_at IS NULL)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(room)
    .fetch_one(tx.conn())
    .await?)
}

/// A call whose worker is lost and that another one can go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movable {
    /// Its clinic.
    pub tenant: Tenant,
    /// The call.
    pub call: CallId,
    /// The room that its caller is in.
    pub room: String,
    /// How the caller reached us.
    pub channel: Channel,
    /// Language that the caller asked for.
    pub language: String,
    /// Whether its clock is pinned.
    pub simulated: bool,
    /// For how long its worker has been known to be lost.
    pub lost_for: Duration,
}

type Row = (uuid::Uuid, uuid::Uuid, String, String, String, bool, f64);

/// `$1` is the least time in seconds for which they are lost, `$2` now.
const MOVABLE: &str = "
    SELECT * FROM (
        SELECT clinic_id, id, room, channel, language, simulated,
               extract(epoch FROM call_lost_for(worker, lease_until, lost_at, $2))::float8 AS lost
          FROM calls WHERE ended_at IS NULL AND movable AND room IS NOT NULL) c
     WHERE lost >= $1";

fn read(rows: Vec<Row>) -> Result<Vec<Movable>> {
    let read = |(clinic, id, room, channel, language, simulated, lost): Row| {
        Ok(Movable {
            tenant: Tenant::verified(ClinicId::from_uuid(clinic)),
            call: CallId::from_uuid(id),
            room,
            channel: channel.parse()?,
            language,
            simulated,
            lost_for: Duration::try_from_secs_f64(lost).unwrap_or_default(),
        })
    };
    rows.into_iter().map(read).collect()
}

/// Calls of all clinics that have been without their worker for `lost_for`. `worker` is a pool of
/// `frontdesk_worker`, which sees all clinics' calls.
///
/// # Errors
/// If the database fails.
pub async fn movable(
    worker: &Database,
    lost_for: Duration,
    now: Timestamp,
) -> Result<Vec<Movable>> {
    let rows = sqlx::query_as(MOVABLE)
        .bind(lost_for.as_secs_f64())
        .bind(now.to_sqlx())
        .fetch_all(worker.pool())
        .await?;
    read(rows)
}

/// The same of one clinic.
///
/// # Errors
/// If the database fails.
pub async fn movable_in(
    tx: &mut TenantTx,
    lost_for: Duration,
    now: Timestamp,
) -> Result<Vec<Movable>> {
    let rows = sqlx::query_as(MOVABLE)
        .bind(lost_for.as_secs_f64())
        .bind(now.to_sqlx())
        .fetch_all(tx.conn())
        .await?;
    read(rows)
}
