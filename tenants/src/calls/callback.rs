//! Callbacks: somebody of the clinic is to call a caller back.

use frontdesk_types::{CallId, CallbackId, IdSource, MessageSubject, Phi, named_enum};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde_json::json;

use super::key::open_key;
use super::{CallKey, event};
use crate::crypt::KeyRing;
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
        /// They left a message.
        Message = "message",
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
    let (id, new) = begin(tx, by, now, ids).await?;
    if !new {
        return Ok(id);
    }
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

/// What a caller wants told to the staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is about.
    pub subject: MessageSubject,
    /// The caller's words.
    pub words: Phi<String>,
    /// Whom it is about, where that is no identified patient.
    pub about: Option<Phi<String>>,
    /// When the caller wants to be called, in their words.
    pub call_when: Option<Phi<String>>,
    /// Number to call, E.164.
    pub phone: Option<Phi<String>>,
}

/// Notes a message of a call. What was said is sealed with the key of the call. Asked again under
/// the same key, nothing is written again.
///
/// # Errors
/// If the call is unknown, if nobody could be called back, or if the database fails.
pub async fn add_message(
    tx: &mut TenantTx,
    key: &CallKey,
    message: &Message,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<CallbackId> {
    let (id, new) = begin(tx, by, now, ids).await?;
    if !new {
        return Ok(id);
    }
    let seal = |part: &str, text: &Phi<String>| {
        key.key.seal(&format!("callbacks.{part}:{id}"), text.expose().as_bytes())
    };
    let optional =
        |part: &str, text: Option<&Phi<String>>| text.map(|text| seal(part, text)).transpose();
    sqlx::query(
        "INSERT INTO callbacks (clinic_id, id, call_id, phone, reason, asked_at, patient_id,
                                subject, words, about, call_when)
         VALUES ($1, $2, $3, $4, $5, $6,
                 (SELECT patient_id FROM calls WHERE clinic_id = $1 AND id = $3), $7, $8, $9, $10)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id.uuid())
    .bind(key.call.uuid())
    .bind(message.phone.as_ref().map(Phi::expose))
    .bind(CallbackReason::Message.as_str())
    .bind(now.to_sqlx())
    .bind(message.subject.as_str())
    .bind(seal("words", &message.words)?)
    .bind(optional("about", message.about.as_ref())?)
    .bind(optional("call_when", message.call_when.as_ref())?)
    .execute(tx.conn())
    .await?;
    let payload = json!({"callback": id, "subject": message.subject});
    event(tx, "call.message_taken", key.call, payload, by.simulated, now).await?;
    Ok(id)
}

/// A message as the staff reads it.
///
/// # Errors
/// If the ring lacks the key, the key is gone, or the database fails.
pub async fn message(tx: &mut TenantTx, ring: &KeyRing, id: CallbackId) -> Result<Option<Message>> {
    type Row = (uuid::Uuid, String, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>, Option<String>);
    let row: Option<Row> = sqlx::query_as(
        "SELECT call_id, subject, words, about, call_when, phone FROM callbacks
          WHERE clinic_id = $1 AND id = $2 AND reason = 'message'",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id.uuid())
    .fetch_optional(tx.conn())
    .await?;
    let Some((call, subject, words, about, call_when, phone)) = row else { return Ok(None) };
    let Some(key) = open_key(tx, ring, CallId::from_uuid(call)).await? else { return Ok(None) };
    let open = |part: &str, sealed: &[u8]| -> Result<Phi<String>> {
        let body = key.open(&format!("callbacks.{part}:{id}"), sealed)?;
        let text =
            String::from_utf8(body.to_vec()).map_err(|_| Error::Answer("a message".to_owned()))?;
        Ok(Phi::new(text))
    };
    let subject = subject.parse().map_err(|_| Error::Answer("a message's subject".to_owned()))?;
    Ok(Some(Message {
        subject,
        words: open("words", &words)?,
        about: about.map(|sealed| open("about", &sealed)).transpose()?,
        call_when: call_when.map(|sealed| open("call_when", &sealed)).transpose()?,
        phone: phone.map(Phi::new),
    }))
}

/// The id of a callback, and whether it is to be written now.
async fn begin(
    tx: &mut TenantTx,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<(CallbackId, bool)> {
    let before = once::answered(tx, CALLBACK, by).await?;
    if let Some(id) = before.as_ref().and_then(|answer| answer.get("callback")?.as_str()) {
        let id = id.parse().map_err(|_| Error::Answer("a callback's id".to_owned()))?;
        return Ok((id, false));
    }
    let id = CallbackId::new(ids);
    once::keep(tx, CALLBACK, by, &json!({ "callback": id }), now).await?;
    Ok((id, true))
}
