//! Writes that are repeated under the same key by whoever did not hear the first answer.
//!
//! Booking does this inside its SQL functions; here is the same for what is written from Rust.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use serde_json::Value;

use crate::{By, Result, TenantTx};

/// How long an answer is kept; a call is long over then.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The answer that was given under this key before; `None` without a key, or if it is new.
pub(crate) async fn answered(tx: &mut TenantTx, operation: &str, by: &By) -> Result<Option<Value>> {
    let Some(key) = &by.key else { return Ok(None) };
    Ok(sqlx::query_scalar(
        "SELECT answer FROM idempotency_keys
          WHERE clinic_id = $1 AND principal = $2 AND operation = $3 AND key = $4",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(by.principal.to_string())
    .bind(operation)
    .bind(key)
    .fetch_optional(tx.conn())
    .await?)
}

/// Keeps the answer under its key, in the transaction of the write. A second writer of the same key
/// at the same moment fails here, so that its transaction writes nothing.
pub(crate) async fn keep(
    tx: &mut TenantTx,
    operation: &str,
    by: &By,
    answer: &Value,
    now: Timestamp,
) -> Result<()> {
    let Some(key) = &by.key else { return Ok(()) };
    sqlx::query(
        "INSERT INTO idempotency_keys (clinic_id, principal, operation, key, request_hash, answer,
                                       expires_at)
         VALUES ($1, $2, $3, $4, '', $5, $6)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(by.principal.to_string())
    .bind(operation)
    .bind(key)
    .bind(answer)
    .bind(now.saturating_add(KEPT).unwrap_or(now).to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(())
}
