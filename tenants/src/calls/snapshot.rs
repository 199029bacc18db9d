//! The state of a running call, from which another worker goes on.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::CallKey;
use crate::{Result, TenantTx};

/// Stores the state of the call after a turn. False if a later one is there: then this worker is
/// behind another that took the call over, and must stop.
///
/// # Errors
/// If the database fails.
pub async fn save_snapshot(
    tx: &mut TenantTx,
    key: &CallKey,
    turn: i32,
    body: &[u8],
    now: Timestamp,
) -> Result<bool> {
    let sealed = key.key.seal(&format!("call_snapshots.body:{}", key.call), body)?;
    let done = sqlx::query(
        "INSERT INTO call_snapshots AS s (clinic_id, call_id, turn, body, taken_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (clinic_id, call_id) DO UPDATE
            SET turn = excluded.turn, body = excluded.body, taken_at = excluded.taken_at
          WHERE s.turn <= excluded.turn",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(key.call.uuid())
    .bind(turn)
    .bind(sealed)
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The last stored state of a call: its turn and its body.
///
/// # Errors
/// If it does not open or the database fails.
pub async fn load_snapshot(tx: &mut TenantTx, key: &CallKey) -> Result<Option<(i32, Vec<u8>)>> {
    let row: Option<(i32, Vec<u8>)> = sqlx::query_as(
        "SELECT turn, body FROM call_snapshots WHERE clinic_id = $1 AND call_id = $2",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(key.call.uuid())
    .fetch_optional(tx.conn())
    .await?;
    let Some((turn, sealed)) = row else { return Ok(None) };
    let body = key.key.open(&format!("call_snapshots.body:{}", key.call), &sealed)?;
    Ok(Some((turn, body.to_vec())))
}
