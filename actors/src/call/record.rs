//! The record of a call: transcript, tool calls, decisions of turn taking, snapshot, patient,
//! outcome, written behind it.
//!
//! The Dialogue sends its [journal](super::journal), AudioIngest the decisions of turn taking; the
//! CallRecorder, supervised by the CallSupervisor, keeps both until they are in the database.
//! Database trouble delays the record and nothing else: what is not written is tried again, at the
//! latest when the call is [closed](super::closing). Without a key ring there are no records.
//!
//! Nothing is written of a call that another process has taken over: each transaction asks first, and
//! the call is left to the other one.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::kept::Kept;
use frontdesk_pipelines::language::Notice;
use frontdesk_tenants::calls::{self, CallKey, NewCall, Turn};
use frontdesk_tenants::decisions::{self, Part};
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::{Error, TenantTx};
use frontdesk_types::{CallOutcome, Mono};
use ractor::ActorProcessingErr;

use super::holding::LEASE;
use super::{Call, Records, moved};
use crate::stage::{Keep, Stage};
use crate::writes::Written;

/// How often a call looks whether the process's lease had run out.
const LOOK: Duration = Duration::from_secs(2);
/// How long a write waits until what led to it is in the database.
const AHEAD_LIMIT: Duration = Duration::from_secs(2);
/// Pause before a write that failed is tried again.
pub(super) const RETRY: Duration = Duration::from_secs(2);

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
pub(super) enum WriteError {
    /// Another process has the call.
    NotOurs,
    Database(Error),
}

/// Notes how a write of the record ended.
pub(super) fn note(call: &Call, well: bool) {
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
pub(super) async fn begin(call: &Arc<Call>, records: &Records) -> Result<TenantTx, WriteError> {
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
pub(super) async fn write(call: &Arc<Call>, kept: &Keep<Unwritten>) -> Result<(), WriteError> {
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
