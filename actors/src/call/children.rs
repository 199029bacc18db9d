//! The children of a CallSupervisor: which stages a call has, how each is started, and what each
//! keeps over its death.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::spoken::Spoken;
use frontdesk_types::{CallOutcome, Mono};
use ractor::{Actor, ActorCell, ActorProcessingErr};

use super::dialogue::Dialogue;
use super::ingest::AudioIngest;
use super::link::{LINK_LIMIT, LineLink};
use super::record::{CallRecorder, RecordInput};
use super::speaker::Speaker;
use super::stages::StageKind;
use super::supervisor_transcriber::SupervisorTranscriber;
use super::thinker::Thinker;
use super::tool_stage::ToolStage;
use super::transcriber::Transcriber;
use super::{
    Call, dialogue, ingest, link, record, speaker, supervisor_transcriber, thinker, tool_stage,
    transcriber,
};
use crate::mail::{Mail, Next};
use crate::stage::{Keep, Pulse, Stage, StageActor, StageSpec};

/// Failures of one stage within [`WINDOW`] after which the call cannot be held.
pub(super) const MAX_FAILURES: usize = 5;
const WINDOW: Duration = Duration::from_secs(10);

/// What the stages of a call keep. Each is handed to its own stage alone; what another needs of it
/// is sent.
pub(crate) struct Keeps {
    link: Keep<link::Kept>,
    ingest: Keep<ingest::Kept>,
    transcriber: Keep<transcriber::Kept>,
    dialogue: Keep<dialogue::Kept>,
    thinker: Keep<thinker::Kept>,
    tools: Keep<tool_stage::Jobs>,
    record: Keep<record::Unwritten>,
    speaker: Keep<speaker::Kept>,
    supervisor: Keep<supervisor_transcriber::Kept>,
}

impl Keeps {
    /// Of a call whose callers are expected to say this, whose dialogue begins from there, and of
    /// whose decision log other processes have written that many parts.
    pub(super) fn new(spoken: &Spoken, dialogue: dialogue::Kept, parts: i32) -> Self {
        let among = Arc::new(spoken.among(Vec::new()));
        Self {
            link: Keep::default(),
            ingest: Keep::new(ingest::Kept::new(Arc::clone(&among), parts)),
            transcriber: Keep::new(transcriber::Kept::new(among)),
            dialogue: Keep::new(dialogue),
            thinker: Keep::default(),
            tools: Keep::default(),
            record: Keep::default(),
            speaker: Keep::default(),
            supervisor: Keep::default(),
        }
    }

    /// Finishes the writes that were called: for the end of a call, when none of its stages runs any
    /// more.
    pub(super) async fn finish_tools(&self, call: &Arc<Call>) {
        tool_stage::finish(call, &self.tools).await;
    }

    /// What is left to be recorded, and how the dialogue would end the call: for the end of a call,
    /// when none of its stages runs any more.
    pub(super) fn left(&self, call: &Call) -> (Keep<record::Unwritten>, Option<CallOutcome>) {
        let mail = &call.mails.record;
        let reading = mail.attach(|| true);
        while let Next::Input(waiting) = mail.next(reading) {
            mail.done(reading, || self.record.lock().add(waiting.input));
        }
        if let Some(decisions) = self.ingest.lock().decisions.take() {
            self.record.lock().add(RecordInput::Decisions(decisions));
        }
        let mut dialogue = self.dialogue.lock();
        let outcome = dialogue.journal.close((call.clock.mono(), call.clock.wall()));
        if let Some(news) = dialogue.take_news() {
            self.record.lock().add(news);
        }
        (self.record.clone(), outcome)
    }
}

type Starter = Box<
    dyn Fn(
            ActorCell,
        ) -> futures_util::future::BoxFuture<'static, Result<ActorCell, ractor::SpawnErr>>
        + Send
        + Sync,
>;

/// A stage as its supervisor sees it.
pub(super) struct Child {
    pub(super) kind: StageKind,
    pub(super) start: Starter,
    pub(super) pulse: Arc<Pulse>,
    /// Longest an input may take.
    limit: Duration,
    pub(super) cell: Option<ActorCell>,
    failures: Vec<Mono>,
    /// Whether the call cannot be held without it.
    pub(super) vital: bool,
}

impl Child {
    /// Whether it has failed so often lately that it is left alone for a while.
    pub(super) fn is_worn_out(&self, now: Mono) -> bool {
        self.failures.iter().filter(|&&at| now.since(at) < WINDOW).count() >= MAX_FAILURES
    }

    /// Whether the input under way has taken too long.
    pub(super) fn hangs(&self, now: Mono) -> bool {
        self.pulse.busy_for(now).is_some_and(|busy| busy > self.limit)
    }

    /// Notes that it failed; says how often it has lately.
    pub(super) fn failed(&mut self, now: Mono) -> usize {
        self.pulse.restarted();
        self.failures.retain(|&at| now.since(at) < WINDOW);
        self.failures.push(now);
        self.failures.len()
    }

    /// One whose failures delay something and end no call.
    const fn not_vital(mut self) -> Self {
        self.vital = false;
        self
    }
}

fn child<S: Stage, K: Send + 'static>(
    call: &Arc<Call>,
    kind: StageKind,
    limit: Duration,
    mail: &Arc<Mail<S::Input>>,
    keep: &Keep<K>,
    build: impl Fn(Arc<Call>, Keep<K>) -> Result<S, ActorProcessingErr> + Send + Sync + 'static,
) -> Child {
    let (weak, keep) = (Arc::downgrade(call), keep.clone());
    let pulse = call.pulses.of(kind);
    let spec = StageSpec {
        name: kind.name(),
        scope: call.id,
        span: call.span.clone(),
        mail: Arc::clone(mail),
        pulse: Arc::clone(pulse),
        clock: Arc::clone(&call.clock),
        build: Arc::new(move || match weak.upgrade() {
            Some(call) => build(call, keep.clone()),
            None => Err("the call is over".into()),
        }),
    };
    let start: Starter = Box::new(move |supervisor| {
        let spec = spec.clone();
        Box::pin(async move {
            let started = StageActor::<S>::spawn_linked(None, StageActor::new(), spec, supervisor);
            started.await.map(|(stage, _)| stage.get_cell())
        })
    });
    Child {
        kind,
        start,
        pulse: Arc::clone(pulse),
        limit,
        cell: None,
        failures: Vec::new(),
        vital: true,
    }
}

/// The stages of a call, none of them running.
pub(super) fn children(call: &Arc<Call>) -> Vec<Child> {
    let (mails, keeps) = (&call.mails, &call.keeps);
    let second = Duration::from_secs(1);
    vec![
        child(call, StageKind::Link, LINK_LIMIT, &mails.link, &keeps.link, |call, kept| {
            Ok(LineLink::build(call, kept))
        }),
        child(call, StageKind::Ingest, second, &mails.ingest, &keeps.ingest, AudioIngest::build),
        child(
            call,
            StageKind::Transcriber,
            second,
            &mails.transcriber,
            &keeps.transcriber,
            |call, kept| Ok(Transcriber::build(call, kept)),
        ),
        child(call, StageKind::Dialogue, second, &mails.dialogue, &keeps.dialogue, Dialogue::build),
        child(call, StageKind::Thinker, second, &mails.thinker, &keeps.thinker, |call, kept| {
            Ok(Thinker::build(call, kept))
        }),
        child(call, StageKind::Tools, second, &mails.tools, &keeps.tools, |call, kept| {
            Ok(ToolStage::build(call, kept))
        }),
        // Only the database's own limits bound it: nobody waits for it.
        child(call, StageKind::Record, second * 60, &mails.record, &keeps.record, |call, kept| {
            Ok(CallRecorder::build(call, kept))
        })
        .not_vital(),
        child(call, StageKind::Speaker, second, &mails.speaker, &keeps.speaker, |call, kept| {
            Ok(Speaker::build(call, kept))
        }),
        child(
            call,
            StageKind::Supervisor,
            second,
            &mails.supervisor,
            &keeps.supervisor,
            |call, kept| Ok(SupervisorTranscriber::build(call, kept)),
        )
        .not_vital(),
    ]
}
