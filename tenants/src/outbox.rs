//! Events of the outbox on their way to consumers: at least once, in order for each thing that they
//! tell of. All of this takes a pool of `frontdesk_worker`, which sees all clinics' events.

use std::time::Duration;

use frontdesk_types::{ClinicId, EventId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde_json::Value;
use sqlx::FromRow;

use crate::{Database, Result, Tenant};

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Place in the order of writing.
    pub position: i64,
    /// Id; the same when it is delivered again.
    pub id: EventId,
    /// Its clinic.
    pub clinic: ClinicId,
    /// What it tells of, such as `appointment`.
    pub aggregate: String,
    /// Which one.
    pub aggregate_id: uuid::Uuid,
    /// What happened, such as `appointment.created`.
    pub event: String,
    /// Ids and times, nothing personal [EVT-2].
    pub payload: Value,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Of a call whose clock is pinned.
    pub simulated: bool,
    /// How often it was not taken.
    pub attempts: u32,
}

impl Event {
    /// Its clinic, for who follows the event up.
    #[must_use]
    pub const fn tenant(&self) -> Tenant {
        Tenant::verified(self.clinic)
    }
}

#[derive(FromRow)]
struct Row {
    position: i64,
    event_id: uuid::Uuid,
    clinic_id: uuid::Uuid,
    aggregate_type: String,
    aggregate_id: uuid::Uuid,
    event_type: String,
    payload: Value,
    occurred_at: jiff_sqlx::Timestamp,
    simulated: bool,
    attempts: i32,
}

impl From<Row> for Event {
    fn from(row: Row) -> Self {
        Self {
            position: row.position,
            id: EventId::from_uuid(row.event_id),
            clinic: ClinicId::from_uuid(row.clinic_id),
            aggregate: row.aggregate_type,
            aggregate_id: row.aggregate_id,
            event: row.event_type,
            payload: row.payload,
            occurred_at: row.occurred_at.to_jiff(),
            simulated: row.simulated,
            attempts: u32::try_from(row.attempts).unwrap_or(0),
        }
    }
}

/// The next events that no consumer has had, in order of writing. One that was not taken waits until
/// its time, and so does what comes after it of the same thing.
///
/// # Errors
/// If the database fails.
pub async fn waiting(worker: &Database, limit: i64, now: Timestamp) -> Result<Vec<Event>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT o.position, o.event_id, o.clinic_id, o.aggregate_type, o.aggregate_id, o.event_type,
                o.payload, o.occurred_at, o.simulated, o.attempts
           FROM outbox o
          WHERE o.published_at IS NULL
            AND NOT EXISTS (SELECT FROM outbox e
                 WHERE e.published_at IS NULL AND e.retry_at IS NOT NULL AND e.retry_at > $2
                   AND e.aggregate_id = o.aggregate_id AND e.position <= o.position)
          ORDER BY o.position LIMIT $1",
    )
    .bind(limit)
    .bind(now.to_sqlx())
    .fetch_all(worker.pool())
    .await?;
    Ok(rows.into_iter().map(Event::from).collect())
}

/// Writes down that all consumers have had these.
///
/// # Errors
/// If the database fails; then they are delivered again.
pub async fn published(worker: &Database, positions: &[i64], now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE outbox SET published_at = $2 WHERE position = ANY ($1)")
        .bind(positions)
        .bind(now.to_sqlx())
        .execute(worker.pool())
        .await?;
    Ok(())
}

/// Writes down that one was not taken, and when it is to be tried again.
///
/// # Errors
/// If the database fails.
pub async fn not_taken(worker: &Database, position: i64, retry_at: Timestamp) -> Result<()> {
    sqlx::query("UPDATE outbox SET attempts = attempts + 1, retry_at = $2 WHERE position = $1")
        .bind(position)
        .bind(retry_at.to_sqlx())
        .execute(worker.pool())
        .await?;
    Ok(())
}

/// How much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Events that not all consumers have had.
    pub waiting: u64,
    /// Those of them that were not taken at least once.
    pub stuck: u64,
    /// Age of the oldest.
    pub lag: Duration,
}

/// How much waits now.
///
/// # Errors
/// If the database fails.
pub async fn backlog(worker: &Database, now: Timestamp) -> Result<Backlog> {
    let (waiting, stuck, oldest): (i64, i64, Option<jiff_sqlx::Timestamp>) = sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE retry_at IS NOT NULL), min(created_at)
           FROM outbox WHERE published_at IS NULL",
    )
    .fetch_one(worker.pool())
    .await?;
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let age = oldest.map(|oldest| now.duration_since(oldest.to_jiff()));
    let lag = age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
    Ok(Backlog { waiting: count(waiting), stuck: count(stuck), lag })
}
