//! What nobody needs any more goes: answers of idempotency keys, events that all consumers have had,
//! the ids of events that were handled, identifications that failed long ago, and notifications that
//! were sent or given up. `worker` is a pool of `frontdesk_worker`.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;

use crate::{Database, Result};

/// How long events that were delivered are kept, to look at.
const EVENTS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long it is known that an event was handled: longer than one can be delivered again.
const HANDLED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long identifications that failed are kept: longer than they count.
const FAILED: SignedDuration = SignedDuration::from_hours(2);
/// How long notifications that were sent, or given up, are kept, to look at: as long as it is known
/// that their event was handled, so that nobody is told again.
const NOTIFIED: SignedDuration = HANDLED;
/// Rows of one statement, so that none runs long.
const BATCH: i64 = 10_000;

/// Each a table and what goes, oldest first; `$1` is the time, `$2` how many.
const STATEMENTS: [(SignedDuration, &str); 5] = [
    (
        SignedDuration::ZERO,
        "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM idempotency_keys WHERE expires_at <= $1 LIMIT $2))",
    ),
    (
        EVENTS,
        "DELETE FROM outbox WHERE position = ANY (ARRAY(
             SELECT position FROM outbox WHERE published_at <= $1 ORDER BY position LIMIT $2))",
    ),
    (
        HANDLED,
        "DELETE FROM inbox WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM inbox WHERE created_at <= $1 LIMIT $2))",
    ),
    (
        FAILED,
        "DELETE FROM failed_identifications WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM failed_identifications WHERE failed_at <= $1 LIMIT $2))",
    ),
    (
        NOTIFIED,
        "DELETE FROM notifications WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM notifications WHERE (status <> 'queued' OR simulated)
                AND coalesce(sent_at, next_at) <= $1 LIMIT $2))",
    ),
];

/// Removes it; gives how many rows.
///
/// # Errors
/// If the database fails.
pub async fn tidy(worker: &Database, now: Timestamp) -> Result<u64> {
    let mut gone = 0;
    for (kept, statement) in STATEMENTS {
        let before = now.saturating_sub(kept).unwrap_or(now);
        loop {
            let done = sqlx::query(statement)
                .bind(before.to_sqlx())
                .bind(BATCH)
                .execute(worker.pool())
                .await?
                .rows_affected();
            gone += done;
            if done < BATCH.unsigned_abs() {
                break;
            }
        }
    }
    Ok(gone)
}
