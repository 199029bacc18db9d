//! What a call has written, to judge what its dialogue says of it.

use frontdesk_types::{CallId, CallOutcome};

use crate::{Result, TenantTx};

/// What a call has written, as the database has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// What became of an appointment last: booked, rescheduled or cancelled.
    pub last_write: Option<CallOutcome>,
    /// Whether somebody is to be called back, other than for a message.
    pub callback: bool,
    /// Whether a message was taken.
    pub message: bool,
    /// Whether somebody was put on the waitlist.
    pub waitlisted: bool,
}

/// What a call has written.
///
/// # Errors
/// If the database fails.
pub async fn evidence(tx: &mut TenantTx, call: CallId) -> Result<Evidence> {
    let (last, callback, message, waitlisted): (Option<String>, bool, bool, bool) = sqlx::query_as(
        "SELECT (SELECT action FROM audit_log
                  WHERE clinic_id = $1 AND call_id = $2 AND entity = 'appointment'
                    AND action IN ('appointment.created', 'appointment.rescheduled',
                                   'appointment.cancelled')
                  ORDER BY position DESC LIMIT 1),
                EXISTS (SELECT FROM callbacks
                         WHERE clinic_id = $1 AND call_id = $2 AND reason <> 'message'),
                EXISTS (SELECT FROM callbacks
                         WHERE clinic_id = $1 AND call_id = $2 AND reason = 'message'),
                EXISTS (SELECT FROM audit_log
                         WHERE clinic_id = $1 AND call_id = $2 AND entity = 'waitlist'
                           AND action = 'waitlist.joined')",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .fetch_one(tx.conn())
    .await?;
    let last_write = match last.as_deref() {
        Some("appointment.created") => Some(CallOutcome::Booked),
        Some("appointment.rescheduled") => Some(CallOutcome::Rescheduled),
        Some("appointment.cancelled") => Some(CallOutcome::Cancelled),
        _ => None,
    };
    Ok(Evidence { last_write, callback, message, waitlisted })
}
