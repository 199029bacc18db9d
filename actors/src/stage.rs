//! The one shape of a call's children: a stage that handles inputs from its mail, one at a time.
//!
//! A stage that panics or returns an error dies and its supervisor starts another, built from the
//! state of the call, on the same mail. [`Pulse`] shows from outside how long the stage has been
//! busy, so that one that hangs is replaced as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frontdesk_types::{Clock, Mono};
use parking_lot::{Mutex, MutexGuard};
use ractor::{Actor, ActorProcessingErr, ActorRef, MessagingErr};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::faults;
use crate::mail::{Mail, Next, Reading};

/// Inputs handled before the stage lets others run.
const BATCH: usize = 32;

/// Messages of every stage. The mailbox carries nothing else and cannot flood: a wake is sent only
/// when none is under way, a timer when none is set.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StageMsg {
    /// There is mail.
    Wake,
    /// The timer that the stage set has run out.
    Timer,
}

/// What one stage keeps over its death: it lies with the call and is handed to each actor of that
/// stage in turn, and to nobody else while the call lasts. So its lock is never waited for, except
/// by an actor that takes the place of one that hangs.
#[derive(Debug)]
pub(crate) struct Keep<K>(Arc<Mutex<K>>);

impl<K> Keep<K> {
    pub(crate) fn new(kept: K) -> Self {
        Self(Arc::new(Mutex::new(kept)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, K> {
        self.0.lock()
    }
}

impl<K> Clone for Keep<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Default> Default for Keep<K> {
    fn default() -> Self {
        Self::new(K::default())
    }
}

/// What a stage shows of itself from outside.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Microseconds of the clock at which handling began, plus one; 0 when idle.
    busy_since: AtomicU64,
    handled: AtomicU64,
    restarts: AtomicU64,
}

impl Pulse {
    /// How long the input under way has taken; `None` when idle.
    pub(crate) fn busy_for(&self, now: Mono) -> Option<Duration> {
        match self.busy_since.load(Ordering::Relaxed) {
            0 => None,
            since => Some(now.since(Mono::from_micros(since - 1))),
        }
    }

    /// Whether no input is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.busy_since.load(Ordering::Relaxed) == 0
    }

    /// Says that whoever has this pulse is alive at `now`.
    pub(crate) fn beat(&self, now: Mono) {
        self.busy_since.store(now.as_micros() + 1, Ordering::Relaxed);
    }

    pub(crate) fn handled(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    pub(crate) fn restarted(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
        self.busy_since.store(0, Ordering::Relaxed);
    }
}

/// The logic of a child of a call.
pub(crate) trait Stage: Send + 'static {
    /// What it is told.
    type Input: Clone + Send + Sync + 'static;

    /// Handles one input. `attempt` is 1 when the stage died on this input before.
    fn handle(
        &mut self,
        input: Self::Input,
        attempt: u32,
    ) -> impl Future<Output = Result<(), ActorProcessingErr>> + Send;

    /// What has to be recorded together with the input being done.
    fn commit(&mut self) {}

    /// Runs after each input is done and once after a (re)start.
    fn settle(&mut self) {}

    /// When [`Stage::on_deadline`] is due.
    fn deadline(&self) -> Option<Mono> {
        None
    }

    /// The deadline has come.
    fn on_deadline(&mut self) -> impl Future<Output = Result<(), ActorProcessingErr>> + Send {
        async { Ok(()) }
    }
}

/// Everything a stage's actor is started with; kept by the supervisor to start it again.
pub(crate) struct StageSpec<S: Stage> {
    pub(crate) name: &'static str,
    pub(crate) scope: faults::Scope,
    /// The call's span: whoever wakes the stage, what it logs belongs to the call.
    pub(crate) span: tracing::Span,
    pub(crate) mail: Arc<Mail<S::Input>>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) build: Arc<dyn Fn() -> Result<S, ActorProcessingErr> + Send + Sync>,
}

impl<S: Stage> Clone for StageSpec<S> {
    fn clone(&self) -> Self {
        Self {
            name: self.name,
            scope: self.scope,
            span: self.span.clone(),
            mail: Arc::clone(&self.mail),
            pulse: Arc::clone(&self.pulse),
            clock: Arc::clone(&self.clock),
            build: Arc::clone(&self.build),
        }
    }
}

pub(crate) struct StageActor<S: Stage>(std::marker::PhantomData<fn() -> S>);

impl<S: Stage> StageActor<S> {
    pub(crate) const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

/// A task that wakes a stage.
type Timer = AbortOnDropHandle<Result<(), MessagingErr<StageMsg>>>;

pub(crate) struct StageState<S: Stage> {
    spec: StageSpec<S>,
    reading: Reading,
    stage: S,
    /// The timer that is set, and when it runs out; it is not moved for a later deadline, and ends
    /// with the stage.
    timer: Option<(Mono, Timer)>,
}

/// Ends an actor that was taken for hung and has woken up: another reads its mail.
fn replaced(myself: &ActorRef<StageMsg>) -> Result<(), ActorProcessingErr> {
    myself.stop(Some("replaced".to_owned()));
    Ok(())
}

impl<S: Stage> StageState<S> {
    async fn run(&mut self, myself: &ActorRef<StageMsg>) -> Result<(), ActorProcessingErr> {
        for _ in 0..BATCH {
            let delivery = match self.spec.mail.next(self.reading) {
                Next::Input(delivery) => delivery,
                Next::Nothing => return Ok(()),
                Next::Replaced => return replaced(myself),
            };
            self.begin();
            faults::point(self.spec.scope, self.spec.name).await;
            self.stage.handle(delivery.input, delivery.attempt).await?;
            let stage = &mut self.stage;
            if !self.spec.mail.done(self.reading, || stage.commit()) {
                return replaced(myself);
            }
            self.stage.settle();
            self.end();
        }
        myself.send_message(StageMsg::Wake).map_err(Into::into)
    }

    async fn check_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        let now = self.spec.clock.mono();
        if self.stage.deadline().is_some_and(|deadline| deadline <= now) {
            self.begin();
            self.stage.on_deadline().await?;
            self.stage.settle();
            self.end();
        }
        Ok(())
    }

    fn set_timer(&mut self, myself: &ActorRef<StageMsg>) {
        let Some(deadline) = self.stage.deadline() else { return };
        if self.timer.as_ref().is_some_and(|(set, _)| *set <= deadline) {
            return;
        }
        // Rounded up: a timer that fires a moment early finds nothing due.
        let wait = deadline.since(self.spec.clock.mono()) + Duration::from_millis(1);
        let timer = Timer::new(myself.send_after(wait, || StageMsg::Timer));
        self.timer = Some((deadline, timer));
    }

    fn begin(&self) {
        let now = self.spec.clock.mono().as_micros();
        self.spec.pulse.busy_since.store(now + 1, Ordering::Relaxed);
    }

    fn end(&self) {
        self.spec.pulse.handled.fetch_add(1, Ordering::Relaxed);
        self.spec.pulse.busy_since.store(0, Ordering::Relaxed);
    }
}

impl<S: Stage> Actor for StageActor<S> {
    type Msg = StageMsg;
    type State = StageState<S>;
    type Arguments = StageSpec<S>;

    async fn pre_start(
        &self,
        myself: ActorRef<StageMsg>,
        spec: StageSpec<S>,
    ) -> Result<StageState<S>, ActorProcessingErr> {
        let mut stage = (spec.build)()?;
        stage.settle();
        let reader = myself.clone();
        let reading = spec.mail.attach(move || reader.send_message(StageMsg::Wake).is_ok());
        let mut state = StageState { spec, reading, stage, timer: None };
        state.set_timer(&myself);
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<StageMsg>,
        message: StageMsg,
        state: &mut StageState<S>,
    ) -> Result<(), ActorProcessingErr> {
        let span = state.spec.span.clone();
        let turn = async {
            match message {
                StageMsg::Wake => state.run(&myself).await?,
                StageMsg::Timer => state.timer = None,
            }
            state.check_deadline().await?;
            state.set_timer(&myself);
            Ok(())
        };
        turn.instrument(span).await
    }
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;
