//! What members of the staff do to a live call, for the audit.

use frontdesk_types::{CallId, UserId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use crate::{Principal, Result, TenantTx};

/// What a supervisor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Sees the live calls of the clinic and what is said in them.
    Watch,
    /// Listens to the call.
    Listen,
    /// Takes the call over: speaks or types in the agent's place.
    TakeOver,
    /// Types to the caller.
    Say,
    /// Gives the call back to the agent.
    HandBack,
    /// Ends the call.
    HangUp,
}

impl Act {
    const fn action(self) -> &'static str {
        match self {
            Self::Watch => "calls.watched",
            Self::Listen => "call.listened",
            Self::TakeOver => "call.taken_over",
            Self::Say => "call.said",
            Self::HandBack => "call.handed_back",
            Self::HangUp => "call.hung_up",
        }
    }
}

/// Writes down that somebody does that to a call, or to all of the clinic's; what was said is not in
/// it. Written before it is done: what is not in the audit does not happen.
///
/// # Errors
/// If the database fails.
pub async fn audit_act(
    tx: &mut TenantTx,
    act: Act,
    call: Option<CallId>,
    user: UserId,
    now: Timestamp,
) -> Result<()> {
    let clinic = tx.tenant().clinic().uuid();
    let call = call.map(CallId::uuid);
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, call_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(clinic)
    .bind(now.to_sqlx())
    .bind(Principal::User(user).to_string())
    .bind(act.action())
    .bind(if call.is_some() { "call" } else { "clinic" })
    .bind(call.unwrap_or(clinic))
    .bind(call)
    .execute(tx.conn())
    .await?;
    Ok(())
}
