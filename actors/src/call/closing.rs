//! The end of a call's record: what is left of it is written, the outcome is the one that the database
//! bears out, and who was cut off is to be called back.
//!
//! Where the database is away the record is closed behind the call: its place is free, and the caller
//! gone.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_tenants::calls::{self, CallbackReason, Evidence};
use frontdesk_tenants::{By, Error, Principal, TenantTx};
use frontdesk_types::CallOutcome;
use serde_json::json;
use tracing::Instrument;

use super::ending::CUT_SHORT;
use super::record::{RETRY, Unwritten, WriteError, begin, is_ours, key, note, write};
use super::{Call, CallEnd};
use crate::stage::Keep;

/// Attempts while the call still has its place, and those behind it, with their pause: an hour.
const ATTEMPTS: u32 = 5;
const LATE_ATTEMPTS: u32 = 720;
const LATE_PAUSE: Duration = Duration::from_secs(5);

/// A record that is to be closed.
struct Closing {
    call: Arc<Call>,
    kept: Keep<Unwritten>,
    claimed: CallOutcome,
    end: CallEnd,
}

/// Closes the record: what is left in the journal, the outcome as the database bears it out, and
/// the holds that nobody needs any more. Gives the outcome. Nothing of a call that another process has
/// is touched.
pub(crate) async fn close(call: &Arc<Call>, end: &CallEnd) -> CallOutcome {
    // Where the database does not answer, each write asks again.
    if !is_ours(call).await.unwrap_or(true) {
        return end.outcome;
    }
    call.keeps.finish_tools(call).await;
    let (kept, dialogue) = call.keeps.left(call);
    let claimed = stronger(end.outcome, dialogue.unwrap_or(end.outcome));
    let closing = Closing { call: Arc::clone(call), kept, claimed, end: end.clone() };
    match closing.attempt(ATTEMPTS, RETRY).await {
        Some(outcome) => outcome,
        None => {
            tracing::error!("call record not closed, tried again behind the call");
            let late = async move {
                match closing.attempt(LATE_ATTEMPTS, LATE_PAUSE).await {
                    Some(_) => tracing::info!("call record closed"),
                    None => tracing::error!("call record left open"),
                }
            };
            // With the process it ends, and the job `calls` closes what is open.
            tokio::spawn(late.in_current_span());
            claimed
        }
    }
}

impl Closing {
    /// Gives the outcome; `None` if the database has not taken it.
    async fn attempt(&self, attempts: u32, pause: Duration) -> Option<CallOutcome> {
        for attempt in 1..=attempts {
            match self.close().await {
                Ok(outcome) => return Some(outcome),
                Err(WriteError::NotOurs) => return Some(self.claimed),
                Err(WriteError::Database(error)) => {
                    tracing::warn!(%error, attempt, "call record not closed");
                }
            }
            note(&self.call, false);
            if attempt < attempts {
                tokio::time::sleep(pause).await;
            }
        }
        None
    }

    async fn close(&self) -> Result<CallOutcome, WriteError> {
        let Self { call, kept, claimed, end } = self;
        let claimed = *claimed;
        let Some(records) = &call.services.records else { return Ok(claimed) };
        write(call, kept).await?;
        let Some(key) = key(call).await else { return Ok(claimed) };
        let mut tx = begin(call, records).await?;
        let mut evidence = calls::evidence(&mut tx, call.id).await?;
        if let Some(why) = end.error.as_deref() {
            let asked = call_back(call, &mut tx, why, evidence).await?;
            // Who was told so has been handed on; of the others the call came to nothing.
            evidence.callback |= asked && why == CUT_SHORT;
        }
        let outcome = borne_out(claimed, evidence);
        if outcome != claimed {
            tracing::warn!(?claimed, ?outcome, "the database bears another outcome out");
        }
        let metrics = json!({ "error": end.error });
        calls::end(&mut tx, key, outcome, None, &metrics, call.clock.wall()).await?;
        tx.commit().await?;
        Ok(outcome)
    }
}

/// Whoever was cut off is called back [CALL-2], where the clinic knows the patient or the line told a
/// number, unless the call had come to something; whether that was asked for now.
async fn call_back(
    call: &Call,
    tx: &mut TenantTx,
    why: &str,
    evidence: Evidence,
) -> Result<bool, Error> {
    let patient = call.tokens.patient().is_some();
    let number = call.caller.get().and_then(|caller| caller.number.as_ref());
    // Whom nobody knows is called only where we stopped: else it is theirs to call again.
    let number = number.filter(|_| why == CUT_SHORT || call.joined.get().is_some());
    let phone = number.and_then(|number| call.facts.clinic.e164(number));
    let served = evidence.callback
        || evidence.message
        || evidence.waitlisted
        || evidence.last_write.is_some();
    if served || (phone.is_none() && !patient) {
        return Ok(false);
    }
    let key = Some(format!("{}/cut-short", call.id));
    let by = By { principal: Principal::Call(call.id), key, simulated: call.simulated };
    let (reason, now) = (CallbackReason::Failure, call.clock.wall());
    let ids = call.services.ids.as_ref();
    calls::add_callback(tx, Some(call.id), phone.as_ref(), reason, &by, now, ids).await?;
    Ok(true)
}

/// Emergency before transferred before a write before the waiting list before a message before
/// answered before abandoned.
const fn rank(outcome: CallOutcome) -> u8 {
    match outcome {
        CallOutcome::Emergency => 6,
        CallOutcome::Transferred => 5,
        CallOutcome::Booked | CallOutcome::Rescheduled | CallOutcome::Cancelled => 4,
        CallOutcome::Waitlisted => 3,
        CallOutcome::Message => 2,
        CallOutcome::Answered => 1,
        CallOutcome::Abandoned => 0,
    }
}

fn stronger(end: CallOutcome, dialogue: CallOutcome) -> CallOutcome {
    if rank(dialogue) > rank(end) { dialogue } else { end }
}

/// The outcome that what was written bears out.
fn borne_out(claimed: CallOutcome, evidence: Evidence) -> CallOutcome {
    let message = if evidence.message { CallOutcome::Message } else { CallOutcome::Abandoned };
    let waits = if evidence.waitlisted { CallOutcome::Waitlisted } else { message };
    let written = evidence.last_write.unwrap_or(waits);
    match claimed {
        CallOutcome::Emergency => CallOutcome::Emergency,
        _ if evidence.callback => CallOutcome::Transferred,
        CallOutcome::Answered if written == CallOutcome::Abandoned => CallOutcome::Answered,
        _ => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_counts_as_written() {
        let none = Evidence::default();
        let booked = Evidence { last_write: Some(CallOutcome::Booked), ..none };
        let told = Evidence { message: true, ..none };
        let waits = Evidence { waitlisted: true, ..told };
        let last_write = Some(CallOutcome::Rescheduled);
        let moved = Evidence { last_write, callback: true, message: true, waitlisted: true };
        for (claimed, evidence, outcome) in [
            (CallOutcome::Booked, none, CallOutcome::Abandoned),
            (CallOutcome::Booked, booked, CallOutcome::Booked),
            (CallOutcome::Abandoned, booked, CallOutcome::Booked),
            (CallOutcome::Answered, none, CallOutcome::Answered),
            (CallOutcome::Answered, booked, CallOutcome::Booked),
            (CallOutcome::Transferred, none, CallOutcome::Abandoned),
            (CallOutcome::Message, none, CallOutcome::Abandoned),
            (CallOutcome::Answered, told, CallOutcome::Message),
            (CallOutcome::Message, booked, CallOutcome::Booked),
            (CallOutcome::Waitlisted, waits, CallOutcome::Waitlisted),
            (CallOutcome::Waitlisted, none, CallOutcome::Abandoned),
            (CallOutcome::Rescheduled, moved, CallOutcome::Transferred),
            (CallOutcome::Emergency, moved, CallOutcome::Emergency),
        ] {
            assert_eq!(borne_out(claimed, evidence), outcome, "{claimed:?} {evidence:?}");
        }
        assert_eq!(stronger(CallOutcome::Abandoned, CallOutcome::Answered), CallOutcome::Answered);
        assert_eq!(stronger(CallOutcome::Emergency, CallOutcome::Booked), CallOutcome::Emergency);
    }
}
