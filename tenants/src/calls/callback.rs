//! Callbacks: somebody of the clinic is to call a caller back.

use frontdesk_types::{CallId, CallbackId, IdSource, Phi, named_enum};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde_json::json;

use super::event;
use crate::{By, Error, Result, TenantTx, once};

/// Name of the operation for its idempotency keys.
const CALLBACK: &str = "callback";

named_enum! {
    /// Why somebody is to be called back.
    pub enum CallbackReason: "reason of a callback" {
        /// They asked for a person.
        Asked = "asked",
        /// All lines were busy.
        Busy = "busy",
        /// An emergency was heard.
        Emergency = "emergency",
        /// They could not be identified.
        Unidentified = "unidentified",
        /// Something of ours failed.
        Failure = "failure",
    }
}

/// Notes a callback, and that the call was escalated. `call` is `None` for a caller who was only
/// told that all lines are busy. Asked again under the same key, nothing is written again.
///
/// # Errors
/// If the call is unknown or the database fails.
pub async fn add_callback(
    tx: &mut TenantTx,
    call: Option<CallId>,
    phone: Option<&Phi<String>>,
    reason: CallbackReason,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<CallbackId> {
    let before = once::answered(tx, CALLBACK, by).await?;
    if let Some(id) = before.as_ref().and_then(|answer| answer.get("callback")?.as_str()) {
        return id.parse().map_err(|_| Error::Answer("a callback's id".to_owned()));
    }
    let id = CallbackId::new(ids);
    once::keep(tx, CALLBACK, by, &json!({ "callback": id }), now).await?;
    sqlx::query(
        "INSERT INTO callbacks (clinic_id, id, call_id, phone, reason, asked_at, patient_id)
         VALUES ($1, $2, $3, $4, $5, $6,
                 (SELECT patient_id FROM calls WHERE clinic_id = $1 AND id = $3))",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id.uuid())
    .bind(call.map(CallId::uuid))
    .bind(phone.map(Phi::expose))
    .bind(reason.as_str())
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    if let Some(call) = call {
        let payload = json!({"callback": id, "reason": reason});
        event(tx, "call.escalated", call, payload, by.simulated, now).await?;
    }
    Ok(id)
}
