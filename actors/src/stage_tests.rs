use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use frontdesk_types::{CallId, IdSource, SeededIds, SystemClock};
use parking_lot::Mutex;
use ractor::{ActorCell, SupervisionEvent};

use super::*;
use crate::mail::Queue;

/// A stage that records what it handled and fails as its input says.
struct Recorder(Arc<Seen>);

#[derive(Default)]
struct Seen {
    handled: Mutex<Vec<u32>>,
    attempts: AtomicUsize,
    hang_once: AtomicBool,
}

/// Panics every time it is handled.
const POISON: u32 = 666;
/// Panics the first time it is handled.
const STUMBLE: u32 = 13;
/// Never returns the first time it is handled.
const TRAP: u32 = 99;

impl Stage for Recorder {
    type Input = u32;

    async fn handle(&mut self, input: u32, attempt: u32) -> Result<(), ActorProcessingErr> {
        self.0.attempts.fetch_add(1, Ordering::SeqCst);
        assert!(input != POISON, "poison");
        assert!(input != STUMBLE || attempt > 0, "stumble");
        if input == TRAP && !self.0.hang_once.swap(true, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.0.handled.lock().push(input);
        Ok(())
    }

    fn deadline(&self) -> Option<Mono> {
        Some(Mono::ZERO + Duration::from_secs(3600))
    }
}

/// Restarts its one child whenever it dies.
struct Keeper;

enum KeeperMsg {
    Replace,
}

impl Actor for Keeper {
    type Msg = KeeperMsg;
    type State = (StageSpec<Recorder>, ActorCell);
    type Arguments = StageSpec<Recorder>;

    async fn pre_start(
        &self,
        myself: ActorRef<KeeperMsg>,
        spec: StageSpec<Recorder>,
    ) -> Result<Self::State, ActorProcessingErr> {
        let cell = start(&spec, &myself).await?;
        Ok((spec, cell))
    }

    async fn handle(
        &self,
        myself: ActorRef<KeeperMsg>,
        _: KeeperMsg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        state.1.unlink(myself.get_cell());
        state.1.kill();
        state.1 = start(&state.0, &myself).await?;
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<KeeperMsg>,
        event: SupervisionEvent,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(who, _) = event
            && who.get_id() == state.1.get_id()
        {
            state.1 = start(&state.0, &myself).await?;
        }
        Ok(())
    }
}

async fn start(
    spec: &StageSpec<Recorder>,
    keeper: &ActorRef<KeeperMsg>,
) -> Result<ActorCell, ActorProcessingErr> {
    let cell = keeper.get_cell();
    let (actor, _) =
        StageActor::<Recorder>::spawn_linked(None, StageActor::new(), spec.clone(), cell).await?;
    Ok(actor.get_cell())
}

async fn keeper() -> (ActorRef<KeeperMsg>, StageSpec<Recorder>, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let state = Arc::clone(&seen);
    let ids = SeededIds::new(1);
    let spec = StageSpec {
        name: "recorder",
        span: tracing::Span::none(),
        scope: CallId::from_uuid(ids.uuid()),
        mail: Arc::new(Mail::new()),
        pulse: Arc::new(Pulse::default()),
        clock: Arc::new(SystemClock::new()),
        build: Arc::new(move || Ok(Recorder(Arc::clone(&state)))),
    };
    let (actor, _) = Keeper::spawn(None, Keeper, spec.clone()).await.expect("starts");
    (actor, spec, seen)
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let waited = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), waited).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test]
async fn a_stage_that_dies_is_given_the_same_input_again_and_the_rest_in_order() {
    let (keeper, spec, seen) = keeper().await;
    for input in [1, STUMBLE, 2, 3] {
        spec.mail.post(input);
    }
    until("all are handled", || seen.handled.lock().len() == 4).await;
    assert_eq!(*seen.handled.lock(), [1, STUMBLE, 2, 3]);
    keeper.stop(None);
}

#[tokio::test]
async fn an_input_that_kills_twice_is_given_up_and_counted() {
    let (keeper, spec, seen) = keeper().await;
    for input in [1, POISON, 2] {
        spec.mail.post(input);
    }
    until("the others are handled", || seen.handled.lock().len() == 2).await;
    assert_eq!(*seen.handled.lock(), [1, 2]);
    assert_eq!(spec.mail.losses(), (0, 1));
    assert_eq!(seen.attempts.load(Ordering::SeqCst), 4, "once, twice the poison, once");
    keeper.stop(None);
}

#[tokio::test]
async fn a_stage_that_hangs_shows_it_and_its_replacement_goes_on() {
    let (keeper, spec, seen) = keeper().await;
    for input in [1, TRAP, 2] {
        spec.mail.post(input);
    }
    until("it is busy", || spec.pulse.busy_for(spec.clock.mono()).is_some()).await;
    until("it hangs in the trap", || seen.hang_once.load(Ordering::SeqCst)).await;
    keeper.send_message(KeeperMsg::Replace).expect("the keeper lives");
    until("all are handled", || seen.handled.lock().len() == 3).await;
    assert_eq!(*seen.handled.lock(), [1, TRAP, 2]);
    keeper.stop(None);
}

#[tokio::test]
async fn inputs_posted_while_no_actor_lives_are_handled_by_the_next() {
    let (keeper, spec, seen) = keeper().await;
    keeper.stop_and_wait(None, None).await.expect("stops");
    spec.mail.post(7);
    let (second, _) = Keeper::spawn(None, Keeper, spec.clone()).await.expect("starts");
    until("it is handled", || *seen.handled.lock() == [7]).await;
    second.stop(None);
}

#[tokio::test]
async fn nothing_of_a_stage_runs_on_after_it() {
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    let (keeper, ..) = keeper().await;
    // Two actors, and the timer of one.
    assert_eq!(metrics.num_alive_tasks(), before + 3);
    keeper.stop(None);
    until("all its tasks are over", || metrics.num_alive_tasks() == before).await;
}
