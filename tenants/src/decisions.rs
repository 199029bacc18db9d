//! The decision log of a call: what turn taking decided and on what, opaque here.
//!
//! It holds numbers and judgements and no words, so it is not sealed; it stays when the words of the
//! call are destroyed.

use frontdesk_types::CallId;

use crate::{Result, TenantTx};

/// A piece of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Number within the call, from 0.
    pub number: i32,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// Writes pieces; one that is there already stays as it is, so a repeat does no harm.
///
/// # Errors
/// If the call is unknown or the database fails.
pub async fn add(tx: &mut TenantTx, call: CallId, parts: &[Part]) -> Result<()> {
    for part in parts {
        sqlx::query(
            "INSERT INTO call_decisions (clinic_id, call_id, part, body)
             VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(tx.tenant().clinic().uuid())
        .bind(call.uuid())
        .bind(part.number)
        .bind(&part.body)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// How many pieces there are: the number of the next one.
///
/// # Errors
/// If the database fails.
pub async fn next_part(tx: &mut TenantTx, call: CallId) -> Result<i32> {
    Ok(sqlx::query_scalar(
        "SELECT coalesce(max(part) + 1, 0) FROM call_decisions
          WHERE clinic_id = $1 AND call_id = $2",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .fetch_one(tx.conn())
    .await?)
}

/// The whole log, its pieces joined; empty if the call has none.
///
/// # Errors
/// If the database fails.
pub async fn of_call(tx: &mut TenantTx, call: CallId) -> Result<Vec<u8>> {
    let parts: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT body FROM call_decisions WHERE clinic_id = $1 AND call_id = $2 ORDER BY part",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .fetch_all(tx.conn())
    .await?;
    Ok(parts.concat())
}
