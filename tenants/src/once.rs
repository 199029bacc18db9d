//! Writes that are repeated under the same key by whoever did not hear the first answer.
//!
//! Booking does this inside its SQL functions; here is the same for what is written from Rust.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{By, Error, Refusal, Result, TenantTx};

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

/// Identifies a request under its key: the same key with another request is refused.
fn request_hash(request: &impl Serialize) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(request).map_err(|error| Error::Answer(error.to_string()))?;
    Ok(Sha256::digest(json).to_vec())
}

/// The answer that was given to this very request before, of a write from outside; `None` if it is to be
/// written now. From here to the end of the transaction the key is this one's.
///
/// # Errors
/// [`Refusal::KeyReused`] if the key was another request's, [`Refusal::InProgress`] if the first one
/// still runs; failures of the database.
pub async fn first_answer(
    tx: &mut TenantTx,
    operation: &str,
    by: &By,
    request: &impl Serialize,
    now: Timestamp,
) -> Result<Option<Value>> {
    if by.key.is_none() {
        return Ok(None);
    }
    let answer: Option<Value> = sqlx::query_scalar("SELECT answer_kept($1, $2, $3, $4, $5, $6)")
        .bind(tx.tenant().clinic().uuid())
        .bind(now.to_sqlx())
        .bind(by.principal.to_string())
        .bind(operation)
        .bind(&by.key)
        .bind(request_hash(request)?)
        .fetch_one(tx.conn())
        .await?;
    let refused = answer.as_ref().and_then(|answer| answer.get("refused")).cloned();
    match refused {
        Some(code) => {
            let refusal: Refusal =
                serde_json::from_value(code).map_err(|error| Error::Answer(error.to_string()))?;
            Err(refusal.into())
        }
        None => Ok(answer),
    }
}

/// Keeps the answer to a write from outside for a day. It holds ids and no personal data.
///
/// # Errors
/// If the database fails.
pub async fn keep_answer(
    tx: &mut TenantTx,
    operation: &str,
    by: &By,
    request: &impl Serialize,
    answer: &Value,
    now: Timestamp,
) -> Result<()> {
    if by.key.is_none() {
        return Ok(());
    }
    sqlx::query("SELECT keep_answer($1, $2, $3, $4, $5, $6, $7)")
        .bind(tx.tenant().clinic().uuid())
        .bind(now.to_sqlx())
        .bind(by.principal.to_string())
        .bind(operation)
        .bind(&by.key)
        .bind(request_hash(request)?)
        .bind(answer)
        .execute(tx.conn())
        .await?;
    Ok(())
}
