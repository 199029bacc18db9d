//! The children of a CallSupervisor: which stages a call has, and how each is started.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_types::Mono;
use ractor::{Actor, ActorCell, ActorProcessingErr};

use super::Call;
use super::booking_tool::BookingTool;
use super::dialogue::Dialogue;
use super::ingest::AudioIngest;
use super::link::{LINK_LIMIT, LineLink};
use super::record::CallRecorder;
use super::retriever::Retriever;
use super::speaker::Speaker;
use super::stages::StageKind;
use super::transcriber::Transcriber;
use crate::mail::Mail;
use crate::stage::{Pulse, Stage, StageActor, StageSpec};

/// Failures of one stage within [`WINDOW`] after which the call cannot be held.
pub(super) const MAX_FAILURES: usize = 5;
const WINDOW: Duration = Duration::from_secs(10);

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

fn child<S: Stage>(
    call: &Arc<Call>,
    kind: StageKind,
    limit: Duration,
    mail: &Arc<Mail<S::Input>>,
    build: impl Fn(Arc<Call>) -> Result<S, ActorProcessingErr> + Send + Sync + 'static,
) -> Child {
    let weak = Arc::downgrade(call);
    let pulse = call.pulses.of(kind);
    let spec = StageSpec {
        name: kind.name(),
        scope: call.id,
        span: call.span.clone(),
        mail: Arc::clone(mail),
        pulse: Arc::clone(pulse),
        clock: Arc::clone(&call.clock),
        build: Arc::new(move || match weak.upgrade() {
            Some(call) => build(call),
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
    let mails = &call.mails;
    let second = Duration::from_secs(1);
    vec![
        child(call, StageKind::Link, LINK_LIMIT, &mails.link, |call| Ok(LineLink::build(call))),
        child(call, StageKind::Ingest, second, &mails.ingest, AudioIngest::build),
        child(call, StageKind::Transcriber, second, &mails.transcriber, |call| {
            Ok(Transcriber::build(call))
        }),
        child(call, StageKind::Dialogue, second, &mails.dialogue, Dialogue::build),
        child(call, StageKind::Tools, second * 10, &mails.tools, |call| {
            Ok(BookingTool::build(call))
        }),
        child(call, StageKind::Retriever, second * 10, &mails.retriever, |call| {
            Ok(Retriever::build(call))
        }),
        // Only the database's own limits bound it: nobody waits for it.
        child(call, StageKind::Record, second * 60, &mails.record, |call| {
            Ok(CallRecorder::build(call))
        })
        .not_vital(),
        child(call, StageKind::Speaker, second, &mails.speaker, |call| Ok(Speaker::build(call))),
    ]
}
