//! The record of a call: transcript, tool calls, decisions of turn taking, snapshot, patient,
//! outcome, written behind it.
//!
//! The Dialogue sends its [journal](super::journal), AudioIngest the decisions of turn taking; the
//! CallRecorder, supervised by the CallSupervisor, keeps both until they are in the database.
//! Database trouble delays the record and nothing else: what is not written is tried again, at the
//! latest when the call is closed. Without a key ring there are no records.
//!
//! Nothing is written of a call that another process has taken over: each transaction asks first, and
//! the call is left to the other one.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::kept::Kept;
use frontdesk_pipelines::language::Notice;
use frontdesk_tenants::calls::{self, CallKey, CallbackReason, NewCall, Turn};
use frontdesk_tenants::decisions::{self, Part};
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::{By, Error, Principal, TenantTx};
use frontdesk_types::{CallOutcome, Mono};
use ractor::ActorProcessingErr;
use serde_json::json;

use super::ending::CUT_SHORT;
use super::holding::LEASE;
use super::{Call, CallEnd, Records, moved};
use crate::stage::{Keep, Stage};
use crate::writes::Written;

/// How often a call looks whether the process's lease had run out.
const LOOK: Duration = Duration::from_secs(2);
/// How long a write waits until what led to it is in the database.
const AHEAD_LIMIT: Duration = Duration::from_secs(2);
/// Pause before a write that failed is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// Attempts to close a record before it is left open for the watcher of dead calls.
const CLOSING_ATTEMPTS: u32 = 5;

/// What the CallRecorder is told.
#[derive(Debug, Clone)]
pub(crate) enum RecordInput {
    /// The call has begun.
    Begin,
    /// What the dialogue did, and the state that it came to.
    Turns {
        /// Turns that were not told before.
        turns: Vec<Turn>,
        /// The dialogue after them.
        dialogue: Arc<Kept>,
        /// How the call would end now.
        outcome: Option<CallOutcome>,
    },
    /// The next part of the decision log.
    Decisions(Part),
}

/// What the CallRecorder keeps over its death: what is not in the database yet.
#[derive(Default)]
pub(crate) struct Unwritten {
    turns: Vec<Turn>,
    /// Number of the last turn that was told.
    told: Option<i32>,
    dialogue: Option<Arc<Kept>>,
    decisions: Vec<Part>,
    /// The patient whom the call's row names.
    named: Option<VerifiedPatient>,
    /// How the call would end now, and how its row says that it would.
    outcome: Option<CallOutcome>,
    standing: Option<CallOutcome>,
}

impl Unwritten {
    /// Adds what is told. What was told before is not added again.
    pub(crate) fn add(&mut self, input: RecordInput) {
        match input {
            RecordInput::Begin => {}
            RecordInput::Turns { turns, dialogue, outcome } => {
                self.outcome = outcome;
                let told = self.told;
                let news = turns.into_iter().filter(|turn| told.is_none_or(|n| turn.number > n));
                self.turns.extend(news);
                self.told = self.turns.last().map(|turn| turn.number).or(told);
                self.dialogue = Some(dialogue);
            }
            RecordInput::Decisions(part) => self.decisions.push(part),
        }
    }

    /// These are in the database.
    fn written(
        &mut self,
        turns: &[Turn],
        decisions: &[Part],
        named: Option<VerifiedPatient>,
        standing: Option<CallOutcome>,
    ) {
        self.turns.drain(..turns.len());
        self.decisions.drain(..decisions.len());
        self.named = named.or(self.named);
        self.standing = standing.or(self.standing);
    }
}

pub(crate) struct CallRecorder {
    call: Arc<Call>,
    kept: Keep<Unwritten>,
    /// What is being handled.
    told: Option<RecordInput>,
    look_at: Mono,
    write_at: Option<Mono>,
}

impl CallRecorder {
    pub(crate) fn build(call: Arc<Call>, kept: Keep<Unwritten>) -> Self {
        let look_at = call.clock.mono() + LOOK;
        call.mails.record.post(RecordInput::Begin);
        Self { call, kept, told: None, look_at, write_at: None }
    }

    async fn write(&mut self) {
        self.write_at = match write(&self.call, &self.kept).await {
            Ok(()) | Err(WriteError::NotOurs) => None,
            Err(WriteError::Database(error)) => {
                tracing::warn!(%error, "call record not written, trying again");
                note(&self.call, false);
                Some(self.call.clock.mono() + RETRY)
            }
        };
    }

    /// Looks whether the call is still ours, if another process may have taken it over.
    async fn look(&mut self) {
        self.look_at = self.call.clock.mono() + LOOK;
        if let Err(error) = is_ours(&self.call).await {
            tracing::warn!(%error, "not known whether another process has the call");
        }
    }
}

impl Stage for CallRecorder {
    type Input = RecordInput;

    async fn handle(&mut self, told: RecordInput, _: u32) -> Result<(), ActorProcessingErr> {
        self.told = Some(told);
        Ok(())
    }

    fn commit(&mut self) {
        if let Some(told) = self.told.take() {
            self.kept.lock().add(told);
        }
        // After trouble the retry's time decides, not the next word.
        self.write_at.get_or_insert_with(|| self.call.clock.mono());
    }

    fn deadline(&self) -> Option<Mono> {
        let look_at = self.call.services.records.as_ref().map(|_| self.look_at);
        [look_at, self.write_at].into_iter().flatten().min()
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        let now = self.call.clock.mono();
        if self.write_at.is_some_and(|at| at <= now) {
            self.write().await;
        }
        if self.look_at <= now {
            self.look().await;
        }
        Ok(())
    }
}

/// The key of the call's record, which is begun if it has not been; `None` where there are no
/// records or the database fails.
pub(crate) async fn key(call: &Call) -> Option<&Arc<CallKey>> {
    let records = call.services.records.as_ref()?;
    match call.row.get_or_try_init(|| start(call, records)).await {
        Ok(key) => Some(key),
        Err(error) => {
            tracing::warn!(%error, "call record not begun");
            None
        }
    }
}

async fn start(call: &Call, records: &Records) -> Result<Arc<CallKey>, Error> {
    let leased = call.services.clock.wall();
    let lease_until = leased.saturating_add(LEASE).unwrap_or(leased);
    let new = NewCall {
        id: call.id,
        channel: call.facts.channel,
        video: false,
        language: call.facts.language.clone(),
        room: Some(call.room_name.clone()),
        caller_phone: call.caller.get().and_then(|caller| caller.number.clone()),
        movable: call.line.abilities().movable,
        worker: records.worker.clone(),
        lease_until,
    };
    let mut tx = TenantTx::begin(&call.services.database, &call.tenant).await?;
    // One that a dead CallRecorder began is taken up again; it is ours.
    let begun =
        calls::take_over(&mut tx, &records.keys, call.id, &records.worker, lease_until, leased);
    let key = match begun.await? {
        Some(key) => key,
        None => {
            let at = call.began_at;
            let key = calls::start(&mut tx, &records.keys, &new, call.simulated, at).await?;
            // Who calls, should the call move before anything was said.
            save(call, &mut tx, &key, 0, &Kept::default()).await?;
            key
        }
    };
    tx.commit().await?;
    Ok(Arc::new(key))
}

/// Why nothing was written.
#[derive(Debug)]
enum WriteError {
    /// Another process has the call.
    NotOurs,
    Database(Error),
}

/// Notes how a write of the record ended.
fn note(call: &Call, well: bool) {
    call.services.writes.ended(Written::Record, well, call.clock.mono());
}

impl From<Error> for WriteError {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// Whether the call is this process's. The database is asked only if the process's lease has run out
/// since it was asked last.
pub(crate) async fn is_ours(call: &Arc<Call>) -> Result<bool, Error> {
    let Some(records) = &call.services.records else { return Ok(true) };
    if call.is_lost() {
        return Ok(false);
    }
    let (lapses, runs) = (records.lease.lapses(), records.lease.runs(call.clock.mono()));
    if (runs && call.holding.seen(lapses)) || !call.row.initialized() {
        return Ok(true);
    }
    let mut tx = TenantTx::begin(&call.services.database, &call.tenant).await?;
    let ours = ask(call, records, &mut tx).await?;
    tx.commit().await?;
    if ours {
        call.holding.looked(lapses);
    }
    Ok(ours)
}

/// Begins a transaction in which the call is this process's to its end.
async fn begin(call: &Arc<Call>, records: &Records) -> Result<TenantTx, WriteError> {
    let mut tx = TenantTx::begin(&call.services.database, &call.tenant).await?;
    if ask(call, records, &mut tx).await? { Ok(tx) } else { Err(WriteError::NotOurs) }
}

/// Whether the call is this process's in that transaction. One that is another's is left to it; one
/// whose record was closed ends, and its caller is told.
async fn ask(call: &Arc<Call>, records: &Records, tx: &mut TenantTx) -> Result<bool, Error> {
    let holder = calls::holder(tx, call.id).await?;
    let ours = holder.as_ref() == Some(&records.worker);
    if holder.is_some() && !ours {
        call.lose();
    } else if !ours && call.end().is_none() {
        tracing::error!("the record of the call was closed by others");
        call.say_last(Notice::Failed, "its record was closed by others");
    }
    Ok(ours)
}

/// Waits until what the dialogue has done so far is in the database, for a while: whoever goes on with
/// the call then knows of a write that is about to begin.
pub(crate) async fn is_written_ahead(call: &Call) {
    // At the end of a call the record is written after all else.
    if call.services.records.is_none() || call.end().is_some() {
        return;
    }
    let written = call.holding.written();
    if tokio::time::timeout(AHEAD_LIMIT, written).await.is_err() {
        tracing::warn!("call record is behind, writing all the same");
    }
}

/// Writes what the journal holds, in one transaction.
async fn write(call: &Arc<Call>, kept: &Keep<Unwritten>) -> Result<(), WriteError> {
    let Some(records) = &call.services.records else { return Ok(()) };
    let key = call.row.get_or_try_init(|| start(call, records)).await?;
    let (turns, dialogue, parts, named, standing) = {
        let kept = kept.lock();
        let standing = kept.outcome.filter(|outcome| kept.standing != Some(*outcome));
        (kept.turns.clone(), kept.dialogue.clone(), kept.decisions.clone(), kept.named, standing)
    };
    let patient = call.tokens.patient().filter(|who| named != Some(*who));
    if turns.is_empty() && patient.is_none() && parts.is_empty() {
        return Ok(());
    }
    let mut tx = begin(call, records).await?;
    if let Some(who) = &patient {
        calls::identify(&mut tx, call.id, who).await?;
    }
    if let Some(outcome) = standing {
        calls::stands(&mut tx, call.id, outcome).await?;
    }
    calls::add_turns(&mut tx, key, &turns).await?;
    decisions::add(&mut tx, call.id, &parts).await?;
    if let (Some(last), Some(dialogue)) = (turns.last(), dialogue) {
        save(call, &mut tx, key, last.number, &dialogue).await?;
    }
    tx.commit().await?;
    note(call, true);
    kept.lock().written(&turns, &parts, patient, standing);
    if let Some(last) = turns.last() {
        call.holding.is_written(last.number);
    }
    Ok(())
}

/// Keeps the state after that turn.
async fn save(
    call: &Call,
    tx: &mut TenantTx,
    key: &CallKey,
    turn: i32,
    dialogue: &Kept,
) -> Result<(), Error> {
    let body = match moved::snapshot(call, dialogue) {
        Ok(body) => body,
        Err(error) => {
            // By category alone: what serde says may quote what was said.
            tracing::error!(kind = ?error.classify(), "snapshot not made");
            return Ok(());
        }
    };
    if !calls::save_snapshot(tx, key, turn, &body, call.clock.wall()).await? {
        tracing::warn!("a later snapshot of the call is there");
    }
    Ok(())
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
    for attempt in 1..=CLOSING_ATTEMPTS {
        match try_close(call, &kept, claimed, end).await {
            Ok(outcome) => return outcome,
            Err(WriteError::NotOurs) => return claimed,
            Err(WriteError::Database(error)) => {
                tracing::warn!(%error, attempt, "call record not closed");
            }
        }
        note(call, false);
        if attempt < CLOSING_ATTEMPTS {
            tokio::time::sleep(RETRY).await;
        }
    }
    tracing::error!("call record left open");
    claimed
}

async fn try_close(
    call: &Arc<Call>,
    kept: &Keep<Unwritten>,
    claimed: CallOutcome,
    end: &CallEnd,
) -> Result<CallOutcome, WriteError> {
    let Some(records) = &call.services.records else { return Ok(claimed) };
    write(call, kept).await?;
    let Some(key) = key(call).await else { return Ok(claimed) };
    let mut tx = begin(call, records).await?;
    if end.error.as_deref() == Some(CUT_SHORT) {
        call_back(call, &mut tx).await?;
    }
    let evidence = calls::evidence(&mut tx, call.id).await?;
    let outcome = borne_out(claimed, evidence);
    if outcome != claimed {
        tracing::warn!(?claimed, ?outcome, "the database bears another outcome out");
    }
    let metrics = json!({ "error": end.error });
    calls::end(&mut tx, key, outcome, None, &metrics, call.clock.wall()).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// A call that we cut short is called back, where the clinic knows the patient or the line told a
/// number, unless it had come to something.
async fn call_back(call: &Call, tx: &mut TenantTx) -> Result<(), Error> {
    let number = call.caller.get().and_then(|caller| caller.number.as_ref());
    let phone = number.and_then(|number| call.facts.clinic.e164(number));
    let evidence = calls::evidence(tx, call.id).await?;
    let served = evidence.callback || evidence.message || evidence.last_write.is_some();
    if served || (phone.is_none() && call.tokens.patient().is_none()) {
        return Ok(());
    }
    let key = Some(format!("{}/cut-short", call.id));
    let by = By { principal: Principal::Call(call.id), key, simulated: call.simulated };
    let (reason, now) = (CallbackReason::Failure, call.clock.wall());
    let ids = call.services.ids.as_ref();
    calls::add_callback(tx, Some(call.id), phone.as_ref(), reason, &by, now, ids).await?;
    Ok(())
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
fn borne_out(claimed: CallOutcome, evidence: calls::Evidence) -> CallOutcome {
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
    use frontdesk_tenants::calls::Evidence;

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
