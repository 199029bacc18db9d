//! What was said in a call, sealed turn by turn.

use frontdesk_types::{CallId, Phi, named_enum};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde_json::Value;

use super::CallKey;
use super::key::open_key;
use crate::crypt::{CryptError, KeyRing};
use crate::{Result, TenantTx};

named_enum! {
    /// Who speaks.
    pub enum Speaker: "speaker" {
        /// The caller.
        Caller = "caller",
        /// The agent; what was played, not what was generated.
        Agent = "agent",
        /// A member of the staff.
        Staff = "staff",
        /// A tool, for the record.
        Tool = "tool",
    }
}

/// One turn of the transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Number within the call, from 0.
    pub number: i32,
    /// Who spoke.
    pub speaker: Speaker,
    /// What was said.
    pub text: Phi<String>,
    /// Latencies and the like; no words.
    pub metrics: Value,
    /// When it began.
    pub spoken_at: Timestamp,
}

/// Writes turns; one that is there already stays as it is, so a repeat does no harm.
///
/// # Errors
/// If the database fails.
pub async fn add_turns(tx: &mut TenantTx, key: &CallKey, turns: &[Turn]) -> Result<()> {
    for turn in turns {
        let place = format!("call_turns.body:{}:{}", key.call, turn.number);
        sqlx::query(
            "INSERT INTO call_turns (clinic_id, call_id, turn, speaker, body, metrics, spoken_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(tx.tenant().clinic().uuid())
        .bind(key.call.uuid())
        .bind(turn.number)
        .bind(turn.speaker.as_str())
        .bind(key.key.seal(&place, turn.text.expose().as_bytes())?)
        .bind(&turn.metrics)
        .bind(turn.spoken_at.to_sqlx())
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Number of the call's next turn.
///
/// # Errors
/// If the database fails.
pub async fn next_turn(tx: &mut TenantTx, call: CallId) -> Result<i32> {
    Ok(sqlx::query_scalar(
        "SELECT coalesce(max(turn) + 1, 0) FROM call_turns WHERE clinic_id = $1 AND call_id = $2",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .fetch_one(tx.conn())
    .await?)
}

/// The transcript, in order.
///
/// # Errors
/// If a turn does not open or the database fails.
pub async fn transcript(tx: &mut TenantTx, ring: &KeyRing, call: CallId) -> Result<Vec<Turn>> {
    type Row = (i32, String, Vec<u8>, Value, jiff_sqlx::Timestamp);
    let Some(key) = open_key(tx, ring, call).await? else { return Ok(Vec::new()) };
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT turn, speaker, body, metrics, spoken_at FROM call_turns
          WHERE clinic_id = $1 AND call_id = $2 ORDER BY turn",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(number, speaker, body, metrics, spoken_at)| {
            let plain = key.open(&format!("call_turns.body:{call}:{number}"), &body)?;
            let text = String::from_utf8(plain.to_vec()).map_err(|_| CryptError::Damaged)?;
            Ok(Turn {
                number,
                speaker: speaker.parse()?,
                text: Phi::new(text),
                metrics,
                spoken_at: spoken_at.to_jiff(),
            })
        })
        .collect()
}
