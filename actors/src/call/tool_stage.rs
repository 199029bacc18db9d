//! The tools of a call: called by the dialogue, run beside the call, answered to the dialogue.
//!
//! Supervised by the CallSupervisor. Tools that only look run at once, four at most; those that
//! change something run one after another, in the order in which they were called. So a slow
//! question does not wait behind a booking, and no write overtakes another.
//!
//! A tool runs in a task of its own, so neither a timeout nor a killed stage cuts it off half-way.
//! What was called and is not answered lies in [`Jobs`], which the stage keeps over its death; that
//! a tool has ended comes as mail, which stays until its result is in the dialogue's. A write
//! carries the number that the guard gave it, and who asks for the same number again waits for the
//! same answer. In another process the number and the call's id are its idempotency key.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::Input;
use frontdesk_pipelines::dialogue::ledger::Checked;
use frontdesk_pipelines::dialogue::toolbox::{Effect, PATIENCE, ToolSpec};
use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolCallId, ToolResult, WriteNumber};
use frontdesk_tenants::{By, Principal};
use frontdesk_types::Mono;
use futures_util::FutureExt as _;
use ractor::ActorProcessingErr;

use super::card::Card;
use super::tasks::{self, Answer};
use super::{Call, record};
use crate::mail::Next;
use crate::stage::{Keep, Stage};
use crate::tools::ToolCx;
use crate::writes::Written;

/// Tools that only look and run at the same time, at most.
const MAX_READS: usize = 4;

/// A tool call of the dialogue.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) call: ToolCallId,
    pub(crate) tool: ToolCall,
    /// What the guard vouches for.
    pub(crate) checked: Checked,
}

/// What the stage is told.
#[derive(Debug, Clone)]
pub(crate) enum ToolInput {
    /// The dialogue calls a tool.
    Call(Box<Request>),
    /// That call's tool has ended.
    Ended(ToolCallId),
}

/// Which tools wait for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Reads,
    Writes,
}

/// How far a job is.
#[derive(Debug)]
enum Progress {
    Waiting,
    /// It runs, and is waited for until then; nobody waits for one without a time.
    Running(Answer<ToolResult>, Option<Mono>),
}

/// A tool that was called and is not answered.
#[derive(Debug)]
struct Job {
    request: Request,
    lane: Lane,
    patience: Duration,
    progress: Progress,
}

impl Job {
    const fn is_waiting(&self) -> bool {
        matches!(self.progress, Progress::Waiting)
    }

    /// Whether it keeps others of its lane waiting.
    const fn is_in_the_way(&self) -> bool {
        matches!(self.progress, Progress::Running(_, Some(_)))
    }
}

/// A write that was begun, and the call that began it.
#[derive(Debug)]
struct Begun(ToolCallId, Answer<ToolResult>);

impl Begun {
    /// Whether its answer is worth waiting for: one of which it is not known what came runs again.
    fn stands(&self) -> bool {
        *self.1.borrow() != Some(ToolResult::Unavailable)
    }
}

/// What the stage keeps over its death.
#[derive(Default)]
pub(crate) struct Jobs {
    jobs: BTreeMap<ToolCallId, Job>,
    writes: HashMap<WriteNumber, Begun>,
}

impl Jobs {
    /// Enters a call; one that was entered before its stage died stays as it is.
    fn enter(&mut self, request: Request, spec: Option<&ToolSpec>) {
        let lane = match spec.map(|spec| spec.effect) {
            Some(Effect::Write(_)) => Lane::Writes,
            _ => Lane::Reads,
        };
        let patience = spec.map_or(PATIENCE, |spec| spec.patience);
        let job = Job { lane, patience, progress: Progress::Waiting, request };
        self.jobs.entry(job.request.call).or_insert(job);
    }

    /// The next call that may begin now.
    fn next(&self) -> Option<&Job> {
        let busy = |lane: Lane| {
            self.jobs.values().filter(|job| job.lane == lane && job.is_in_the_way()).count()
        };
        let (reads, writes) = (busy(Lane::Reads), busy(Lane::Writes));
        self.jobs.values().find(|job| {
            job.is_waiting()
                && match job.lane {
                    Lane::Reads => reads < MAX_READS,
                    Lane::Writes => writes == 0,
                }
        })
    }

    /// When the first of those that run has been waited for long enough.
    fn deadline(&self) -> Option<Mono> {
        let until = |job: &Job| match job.progress {
            Progress::Running(_, until) => until,
            Progress::Waiting => None,
        };
        self.jobs.values().filter_map(until).min()
    }

    /// The calls whose time is over.
    fn due(&self, now: Mono) -> Vec<ToolCallId> {
        let is_due =
            |job: &&Job| matches!(job.progress, Progress::Running(_, Some(until)) if until <= now);
        self.jobs.values().filter(is_due).map(|job| job.request.call).collect()
    }
}

pub(crate) struct ToolStage {
    call: Arc<Call>,
    kept: Keep<Jobs>,
}

impl ToolStage {
    pub(crate) const fn build(call: Arc<Call>, kept: Keep<Jobs>) -> Self {
        Self { call, kept }
    }

    /// Begins what may begin now.
    fn begin(&self) {
        let mut jobs = self.kept.lock();
        while let Some(next) = jobs.next() {
            let request = next.request.clone();
            let answer = run(&self.call, &mut jobs, request.clone());
            if let Some(job) = jobs.jobs.get_mut(&request.call) {
                let until = self.call.clock.mono() + job.patience;
                job.progress = Progress::Running(answer, Some(until));
            }
        }
    }

    /// Tells the dialogue what came of a tool, if that is known; whether it was still to be told.
    fn answer(&self, id: ToolCallId) {
        let mut jobs = self.kept.lock();
        let Some(job) = jobs.jobs.get(&id) else { return };
        let Progress::Running(answer, _) = &job.progress else { return };
        let Some(result) = answer.borrow().clone() else { return };
        let write = job.request.checked.write;
        // A write that was answered before proves what it proved then.
        if let Some(Begun(first, _)) = write.and_then(|write| jobs.writes.get(&write)) {
            self.call.tokens.prove_again(id, *first);
        }
        if let Some(write) = write {
            let refused = matches!(result, ToolResult::Refused { .. } | ToolResult::Unavailable);
            tracing::info!(tool_call = id.0, write = write.0, refused, "tool ran");
        }
        self.call.mails.dialogue.post(Input::ToolDone { call: id, result });
        jobs.jobs.remove(&id);
    }

    /// A tool has been waited for long enough. One that looks is given up; what came of a write is
    /// told whenever it comes, and keeps no other write waiting.
    fn give_up(&self, id: ToolCallId) {
        // Its end may be known, and its news lost with two stages that died on it.
        self.answer(id);
        let mut jobs = self.kept.lock();
        let Some(job) = jobs.jobs.get_mut(&id) else { return };
        tracing::error!(tool = job.request.tool.name(), tool_call = id.0, "tool timed out");
        match (&mut job.progress, job.lane) {
            (Progress::Running(_, until), Lane::Writes) => *until = None,
            _ => {
                jobs.jobs.remove(&id);
                let result = ToolResult::Unavailable;
                self.call.mails.dialogue.post(Input::ToolDone { call: id, result });
            }
        }
    }
}

/// Begins a tool, or finds the write of that number that was begun before. When it has ended, the
/// stage is told.
fn run(call: &Arc<Call>, jobs: &mut Jobs, request: Request) -> Answer<ToolResult> {
    let (id, write) = (request.call, request.checked.write);
    let begun = write.and_then(|write| jobs.writes.get(&write)).filter(|begun| begun.stands());
    let answer = match begun {
        Some(Begun(_, answer)) => answer.clone(),
        None => {
            let own = Arc::clone(call);
            let answer = call.tasks.start(async move { perform(&own, request).await });
            if let Some(write) = write {
                jobs.writes.insert(write, Begun(id, answer.clone()));
            }
            answer
        }
    };
    let (ended, mail) = (answer.clone(), Arc::clone(&call.mails.tools));
    call.tasks.spawn(async move {
        tasks::told(ended).await;
        mail.post(ToolInput::Ended(id));
    });
    answer
}

async fn perform(call: &Arc<Call>, request: Request) -> ToolResult {
    let Request { call: id, tool, checked } = request;
    let card = Card::of(&tool, checked.appointment.as_ref());
    let replaced = call.replaced.count();
    let spec = call.facts.tools().spec(tool.name());
    let numbered = spec.is_some_and(|spec| spec.effect.is_numbered());
    if numbered {
        record::is_written_ahead(call).await;
        // Where the database does not say whose the call is, it will not be written to either.
        if !record::is_ours(call).await.unwrap_or(true) {
            return ToolResult::Unavailable;
        }
    }
    let tools = &call.services.tools;
    let cx = ToolCx {
        call: call.id,
        id,
        tenant: call.tenant,
        facts: call.facts.clone(),
        clock: Arc::clone(&call.clock),
        simulated: call.simulated,
        database: call.services.database.clone(),
        ids: Arc::clone(&call.services.ids),
        slots: call.services.slots.clone(),
        tokens: Arc::clone(&call.tokens),
        checked,
        // The call's own row must be there before what is written can name it.
        record: if numbered { record::key(call).await.cloned() } else { None },
        for_patient: spec.is_some_and(|spec| spec.needs.patient),
        meaning: tools.meaning().cloned(),
        keys: call.services.records.as_ref().map(|records| Arc::clone(&records.keys)),
    };
    let ran = std::panic::AssertUnwindSafe(tools.run(cx, &tool)).catch_unwind().await;
    let result = ran.unwrap_or_else(|_| {
        // A panic's text may quote data: only that there was one is logged.
        tracing::error!(tool = tool.name(), "tool panicked");
        ToolResult::Unavailable
    });
    if numbered {
        let well = result != ToolResult::Unavailable;
        call.services.writes.ended(Written::Tool, well, call.clock.mono());
    }
    // It is for whoever asked for it.
    if let Some(card) = card.filter(|_| replaced == call.replaced.count()) {
        card.show(call, &result);
    }
    result
}

impl Stage for ToolStage {
    type Input = ToolInput;

    async fn handle(&mut self, input: ToolInput, _attempt: u32) -> Result<(), ActorProcessingErr> {
        match input {
            ToolInput::Call(request) => {
                let spec = self.call.facts.tools().spec(request.tool.name());
                self.kept.lock().enter(*request, spec);
            }
            ToolInput::Ended(id) => {
                crate::faults::point(self.call.id, "tool_stage.answered").await;
                self.answer(id);
            }
        }
        self.begin();
        Ok(())
    }

    fn deadline(&self) -> Option<Mono> {
        self.kept.lock().deadline()
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        let due = self.kept.lock().due(self.call.clock.mono());
        for id in due {
            self.give_up(id);
        }
        self.begin();
        Ok(())
    }
}

/// The call is over, and its stages run no more: a write that was called is done, also one that
/// nobody got to; then what is held is let go.
pub(super) async fn finish(call: &Arc<Call>, kept: &Keep<Jobs>) {
    let mail = &call.mails.tools;
    let reading = mail.attach(|| true);
    while let Next::Input(waiting) = mail.next(reading) {
        if let ToolInput::Call(request) = waiting.input {
            let spec = call.facts.tools().spec(request.tool.name());
            kept.lock().enter(*request, spec);
        }
        mail.done(reading, || ());
    }
    let writes: Vec<Request> = {
        let jobs = kept.lock();
        let waiting = jobs.jobs.values().filter(|job| job.is_waiting());
        let requests = waiting.map(|job| job.request.clone());
        requests.filter(|request| request.checked.write.is_some()).collect()
    };
    // Those that run come first.
    call.tasks.finish().await;
    for request in writes {
        let answer = run(call, &mut kept.lock(), request);
        let _ = tasks::told(answer).await;
    }
    call.tasks.finish().await;
    for hold in call.tokens.take_holds() {
        let by = By::principal(Principal::Call(call.id)).simulated(call.simulated);
        let (slots, now) = (&call.services.slots, call.clock.wall());
        if let Err(error) = slots.release(&call.tenant, hold, &by, now).await {
            // It runs out by itself.
            tracing::debug!(%error, "hold not released");
        }
    }
}
