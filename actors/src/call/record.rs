//! The record of a call: transcript, tool calls, decisions of turn taking, snapshot, patient,
//! outcome, written behind it.
//!
//! The Dialogue notes in its [`Journal`] what was heard, played and done, in the same breath as the
//! input that it came of; the CallRecorder, supervised by the CallSupervisor, writes it to the
//! database afterwards. Database trouble delays the record and nothing else: what is not written
//! stays in the journal and is tried again, at the latest when the call is closed. Without a key
//! ring there are no records.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::kept::Kept;
use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolResult};
use frontdesk_pipelines::dialogue::{Input, Output};
use frontdesk_tenants::calls::{self, CallKey, NewCall, Speaker, Turn};
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::{By, Error, Principal, TenantTx, decisions};
use frontdesk_types::{CallOutcome, Mono, Phi};
use jiff::{SignedDuration, Timestamp};
use ractor::ActorProcessingErr;
use serde_json::{Value, json};

use super::{Call, CallEnd, booking_tool};
use crate::mail::Next;
use crate::stage::Stage;

/// How long the worker's lease on a call runs; renewed three times as often.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
const RENEWAL: Duration = Duration::from_secs(20);
/// Pause before a write that failed is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// Attempts to close a record before it is left open for the watcher of dead calls.
const CLOSING_ATTEMPTS: u32 = 5;

/// What the records of all calls of a process need.
#[derive(Debug)]
pub struct Records {
    /// Seals what is said.
    pub keys: KeyRing,
    /// Name of this worker in the leases on its calls; another process has another one.
    pub worker: String,
}

/// What happened in a call and is not yet written.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Number of the next turn.
    next: i32,
    pending: Vec<Turn>,
    /// Tools that have not answered, by the number of their call.
    running: BTreeMap<u64, (ToolCall, Mono)>,
    /// When the caller's last words came, until they are answered.
    heard_at: Option<Mono>,
    /// From the caller's words to the agent's, of the answer that is being said.
    reply: Option<Duration>,
    /// How the call would end now.
    outcome: Option<CallOutcome>,
}

impl Journal {
    /// Notes an input that was handled and what came of it.
    pub(crate) fn note(
        &mut self,
        input: &Input,
        outputs: &[Output],
        outcome: CallOutcome,
        now: (Mono, Timestamp),
    ) {
        let (mono, wall) = now;
        self.outcome = Some(outcome);
        match input {
            Input::Heard { text, confidence } => {
                self.heard_at = Some(mono);
                if !text.trim().is_empty() {
                    let metrics = json!({ "confidence": confidence });
                    self.push(Speaker::Caller, text.clone(), metrics, wall);
                }
            }
            Input::Played { heard, complete, .. } if !heard.trim().is_empty() => {
                let mut metrics = json!({ "complete": complete });
                if let Some(reply) = self.reply.take() {
                    metrics["reply_us"] = json!(micros(reply));
                }
                self.push(Speaker::Agent, heard.clone(), metrics, wall);
            }
            Input::ToolDone { call, result } => {
                if let Some((tool, since)) = self.running.remove(&call.0) {
                    self.push_tool(&tool, Some(result), mono.since(since), wall);
                }
            }
            _ => {}
        }
        for output in outputs {
            match output {
                Output::Tool { call, tool, .. } => {
                    self.running.insert(call.0, (tool.clone(), mono));
                }
                Output::Say { .. } => {
                    if let Some(heard) = self.heard_at.take() {
                        self.reply = Some(mono.since(heard));
                    }
                }
                _ => {}
            }
        }
    }

    fn push(&mut self, speaker: Speaker, text: String, metrics: Value, spoken_at: Timestamp) {
        let (number, text) = (self.next, Phi::new(text));
        self.next += 1;
        self.pending.push(Turn { number, speaker, text, metrics, spoken_at });
    }

    /// The whole call of a tool is sealed; beside it only its name, result and time.
    fn push_tool(
        &mut self,
        tool: &ToolCall,
        result: Option<&ToolResult>,
        took: Duration,
        at: Timestamp,
    ) {
        let name = tool.name();
        let (tool, result) = (json!(tool), json!(result));
        let metrics = json!({
            "tool": name, "result": result.get("result"), "took_us": micros(took),
        });
        let body = json!({ "call": tool, "result": result }).to_string();
        self.push(Speaker::Tool, body, metrics, at);
    }

    /// Tools that never answered are noted as such.
    fn close(&mut self, now: (Mono, Timestamp)) {
        for (tool, since) in std::mem::take(&mut self.running).into_values() {
            self.push_tool(&tool, None, now.0.since(since), now.1);
        }
    }

    /// Whether something is not written.
    pub(crate) const fn has_news(&self) -> bool {
        !self.pending.is_empty()
    }

    fn written(&mut self, turns: &[Turn]) {
        let last = turns.last().map(|turn| turn.number);
        self.pending.retain(|turn| last.is_none_or(|last| turn.number > last));
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// What the CallRecorder is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RecordInput {
    /// The call has begun, or there is something in the journal.
    Write,
}

/// What the CallRecorder leaves for its successor.
#[derive(Default)]
pub(crate) struct Memory {
    key: tokio::sync::OnceCell<CallKey>,
    noted: parking_lot::Mutex<Option<VerifiedPatient>>,
}

pub(crate) struct CallRecorder {
    call: Arc<Call>,
    renew_at: Mono,
    retry_at: Option<Mono>,
}

impl CallRecorder {
    pub(crate) fn build(call: Arc<Call>) -> Self {
        let renew_at = call.clock.mono() + RENEWAL;
        call.mails.record.post(RecordInput::Write);
        Self { call, renew_at, retry_at: None }
    }

    async fn write(&mut self) {
        self.retry_at = match write(&self.call).await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "call record not written, trying again");
                Some(self.call.clock.mono() + RETRY)
            }
        };
    }

    async fn renew(&mut self) {
        self.renew_at = self.call.clock.mono() + RENEWAL;
        let Some(records) = &self.call.services.records else { return };
        match renew(&self.call, records).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::error!("another worker has the call");
                self.call.finish(CallOutcome::Abandoned, Some("another worker has the call"));
            }
            Err(error) => tracing::warn!(%error, "lease not renewed"),
        }
    }
}

impl Stage for CallRecorder {
    type Input = RecordInput;

    async fn handle(&mut self, _: RecordInput, _attempt: u32) -> Result<(), ActorProcessingErr> {
        // After trouble the retry's time decides, not the next word.
        if self.retry_at.is_none() {
            self.write().await;
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Mono> {
        let renew_at = self.call.services.records.as_ref().map(|_| self.renew_at);
        [renew_at, self.retry_at].into_iter().flatten().min()
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        let now = self.call.clock.mono();
        if self.retry_at.is_some_and(|at| at <= now) {
            self.write().await;
        }
        if self.renew_at <= now {
            self.renew().await;
        }
        Ok(())
    }
}

/// The key of the call's record, which is begun if it has not been; `None` where there are no
/// records or the database fails.
pub(crate) async fn key(call: &Call) -> Option<&CallKey> {
    let records = call.services.records.as_ref()?;
    match call.record.key.get_or_try_init(|| start(call, records)).await {
        Ok(key) => Some(key),
        Err(error) => {
            tracing::warn!(%error, "call record not begun");
            None
        }
    }
}

async fn start(call: &Call, records: &Records) -> Result<CallKey, Error> {
    let leased = call.services.clock.wall();
    let lease_until = leased.saturating_add(LEASE).unwrap_or(leased);
    let new = NewCall {
        id: call.id,
        channel: call.facts.channel,
        video: false,
        language: call.facts.language.clone(),
        room: Some(call.room_name.clone()),
        caller_phone: call.linked.lock().caller.as_ref().and_then(|caller| caller.number.clone()),
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
            calls::start(&mut tx, &records.keys, &new, call.simulated, at).await?
        }
    };
    tx.commit().await?;
    Ok(key)
}

async fn renew(call: &Call, records: &Records) -> Result<bool, Error> {
    let now = call.services.clock.wall();
    let until = now.saturating_add(LEASE).unwrap_or(now);
    let mut tx = TenantTx::begin(&call.services.database, &call.tenant).await?;
    let ours = calls::renew(&mut tx, call.id, &records.worker, until).await?;
    tx.commit().await?;
    // A record that was not begun yet is nobody's.
    Ok(ours || !call.record.key.initialized())
}

/// The state from which another worker could go on.
fn snapshot(call: &Call, dialogue: &Kept) -> Option<Vec<u8>> {
    let tools = booking_tool::snapshot(&call.offers.lock());
    if dialogue.is_empty() {
        return None;
    }
    serde_json::to_vec(&json!({ "dialogue": dialogue, "tools": tools })).ok()
}

/// Writes what the journal holds, in one transaction.
async fn write(call: &Call) -> Result<(), Error> {
    let Some(records) = &call.services.records else { return Ok(()) };
    let key = call.record.key.get_or_try_init(|| start(call, records)).await?;
    // Both from one moment, so that the snapshot goes with the turns.
    let (turns, dialogue) = {
        let thinking = call.thinking.lock();
        (thinking.journal.pending.clone(), thinking.kept().clone())
    };
    let patient = call.offers.lock().patient();
    let patient = patient.filter(|who| *call.record.noted.lock() != Some(*who));
    let parts = call.hearing.lock().decisions.unwritten();
    if turns.is_empty() && patient.is_none() && parts.is_empty() {
        return Ok(());
    }
    let mut tx = TenantTx::begin(&call.services.database, &call.tenant).await?;
    if let Some(who) = &patient {
        calls::identify(&mut tx, call.id, who).await?;
    }
    calls::add_turns(&mut tx, key, &turns).await?;
    decisions::add(&mut tx, call.id, &parts).await?;
    if let (Some(last), Some(body)) = (turns.last(), snapshot(call, &dialogue)) {
        let now = call.clock.wall();
        if !calls::save_snapshot(&mut tx, key, last.number, &body, now).await? {
            tracing::warn!("a later snapshot of the call is there");
        }
    }
    tx.commit().await?;
    call.thinking.lock().journal.written(&turns);
    call.hearing.lock().decisions.written(&parts);
    if patient.is_some() {
        *call.record.noted.lock() = patient;
    }
    Ok(())
}

/// Closes the record: what is left in the journal, the outcome as the database bears it out, and
/// the holds that nobody needs any more. Gives the outcome.
pub(crate) async fn close(call: &Arc<Call>, end: &CallEnd) -> CallOutcome {
    finish_tools(call).await;
    let claimed = {
        let mut thinking = call.thinking.lock();
        thinking.journal.close((call.clock.mono(), call.clock.wall()));
        stronger(end.outcome, thinking.journal.outcome.unwrap_or(end.outcome))
    };
    for attempt in 1..=CLOSING_ATTEMPTS {
        match try_close(call, claimed, end).await {
            Ok(outcome) => return outcome,
            Err(error) => tracing::warn!(%error, attempt, "call record not closed"),
        }
        if attempt < CLOSING_ATTEMPTS {
            tokio::time::sleep(RETRY).await;
        }
    }
    tracing::error!("call record left open");
    claimed
}

/// A write that was asked for is done, whatever ends the call: also one that nobody got to.
async fn finish_tools(call: &Arc<Call>) {
    let mail = &call.mails.tools;
    let reading = mail.attach(|| true);
    while let Next::Input(waiting) = mail.next(reading) {
        if waiting.input.checked.write.is_some() {
            let answer = booking_tool::begin(call, waiting.input);
            let _ = super::tasks::told(answer).await;
        }
        mail.done(reading, || ());
    }
    call.tasks.finish().await;
    let holds: Vec<_> = call.offers.lock().holds.drain().map(|(_, hold)| hold).collect();
    for hold in holds {
        let by = By::principal(Principal::Call(call.id)).simulated(call.simulated);
        let (slots, now) = (&call.services.slots, call.clock.wall());
        if let Err(error) = slots.release(&call.tenant, hold, &by, now).await {
            // It runs out by itself.
            tracing::debug!(%error, "hold not released");
        }
    }
}

async fn try_close(call: &Call, claimed: CallOutcome, end: &CallEnd) -> Result<CallOutcome, Error> {
    let Some(_) = &call.services.records else { return Ok(claimed) };
    write(call).await?;
    let Some(key) = key(call).await else { return Ok(claimed) };
    let mut tx = TenantTx::begin(&call.services.database, &call.tenant).await?;
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

/// Emergency before transferred before a write before answered before abandoned.
const fn rank(outcome: CallOutcome) -> u8 {
    match outcome {
        CallOutcome::Emergency => 4,
        CallOutcome::Transferred => 3,
        CallOutcome::Booked | CallOutcome::Rescheduled | CallOutcome::Cancelled => 2,
        CallOutcome::Answered => 1,
        CallOutcome::Abandoned => 0,
    }
}

fn stronger(end: CallOutcome, dialogue: CallOutcome) -> CallOutcome {
    if rank(dialogue) > rank(end) { dialogue } else { end }
}

/// The outcome that what was written bears out.
fn borne_out(claimed: CallOutcome, evidence: calls::Evidence) -> CallOutcome {
    let written = evidence.last_write.unwrap_or(CallOutcome::Abandoned);
    match claimed {
        CallOutcome::Emergency => CallOutcome::Emergency,
        _ if evidence.callback => CallOutcome::Transferred,
        CallOutcome::Answered if evidence.last_write.is_none() => CallOutcome::Answered,
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
        let booked = Evidence { last_write: Some(CallOutcome::Booked), callback: false };
        let moved = Evidence { last_write: Some(CallOutcome::Rescheduled), callback: true };
        for (claimed, evidence, outcome) in [
            (CallOutcome::Booked, none, CallOutcome::Abandoned),
            (CallOutcome::Booked, booked, CallOutcome::Booked),
            (CallOutcome::Abandoned, booked, CallOutcome::Booked),
            (CallOutcome::Answered, none, CallOutcome::Answered),
            (CallOutcome::Answered, booked, CallOutcome::Booked),
            (CallOutcome::Transferred, none, CallOutcome::Abandoned),
            (CallOutcome::Rescheduled, moved, CallOutcome::Transferred),
            (CallOutcome::Emergency, moved, CallOutcome::Emergency),
        ] {
            assert_eq!(borne_out(claimed, evidence), outcome, "{claimed:?} {evidence:?}");
        }
        assert_eq!(stronger(CallOutcome::Abandoned, CallOutcome::Answered), CallOutcome::Answered);
        assert_eq!(stronger(CallOutcome::Emergency, CallOutcome::Booked), CallOutcome::Emergency);
    }
}
