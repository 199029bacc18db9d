//! SlotRegistry: finds the actor of a slot or spawns it, bounds how many there are and how many wait
//! for each, and lets idle ones go.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use frontdesk_tenants::booking::{self, Assign, Book, Booked, Cancel, Hold, HoldRequest, Move};
use frontdesk_tenants::{By, Database, Error, Refusal, Tenant};
use frontdesk_types::{Clock, IdSource, Mono, SlotId};
use jiff::Timestamp;
use parking_lot::Mutex;
use ractor::rpc::CallResult;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr, SupervisionEvent};
use serde::Serialize;

use super::error::SlotError;
use super::memory::Memory;
use super::request::Request;
use super::slot::{Done, Job, Slot, SlotActor, SlotMsg, SlotServices, carry_out};

/// How often a lost request is sent again: each loss is an actor that died.
const LOSSES: u32 = 5;

/// How long to wait for the statement of a dead actor to end, in steps.
const STILL_RUNNING: (u32, Duration) = (100, Duration::from_millis(20));

/// Bounds of the registry.
#[derive(Debug, Clone, Copy)]
pub struct SlotSettings {
    /// Actors at once; beyond that, requests go straight to the database, which decides anyway.
    pub max_actors: usize,
    /// Requests that may wait for one slot.
    pub max_waiting: usize,
    /// An actor that nobody asked for this long goes.
    pub idle: Duration,
    /// How long an actor may refuse from what it last wrote or read; not above 250 ms where other
    /// nodes book too, and zero for never.
    pub memory: Duration,
}

impl Default for SlotSettings {
    fn default() -> Self {
        Self {
            max_actors: 4096,
            max_waiting: 2048,
            idle: Duration::from_secs(30),
            memory: Duration::from_millis(250),
        }
    }
}

/// Numbers of the registry: the same in tests, console and metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SlotCounters {
    /// Actors now.
    pub actors: usize,
    /// Actors spawned ever.
    pub spawned: u64,
    /// Actors that went because nobody asked.
    pub passivated: u64,
    /// Actors that died.
    pub died: u64,
    /// Requests refused from memory.
    pub memory_refusals: u64,
    /// Requests that went past the actors, because there were too many.
    pub direct: u64,
}

#[derive(Debug, Default)]
struct Counts {
    spawned: AtomicU64,
    passivated: AtomicU64,
    died: AtomicU64,
    direct: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    actor: ActorRef<SlotMsg>,
    waiting: Arc<AtomicUsize>,
    used: Mono,
}

type Key = (Tenant, SlotId);

struct Shared {
    services: Arc<SlotServices>,
    settings: SlotSettings,
    slots: Mutex<HashMap<Key, Entry>>,
    counts: Counts,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlotRegistry").field("actors", &self.slots.lock().len()).finish()
    }
}

impl Shared {
    /// The actor of a slot, if there is one, with a place in its queue.
    fn find(&self, key: &Key) -> Option<Result<Place, SlotError>> {
        let mut slots = self.slots.lock();
        let entry = slots.get_mut(key)?;
        entry.used = self.services.clock.mono();
        if entry.waiting.load(Ordering::SeqCst) >= self.settings.max_waiting {
            return Some(Err(SlotError::Busy));
        }
        // Counted under the lock, so that passivation sees it.
        entry.waiting.fetch_add(1, Ordering::SeqCst);
        Some(Ok(Place { actor: entry.actor.clone(), waiting: Arc::clone(&entry.waiting) }))
    }

    /// Forgets an actor that died, whoever notices. A passivated one was taken out before.
    fn bury(&self, actor: ractor::ActorId) {
        let mut slots = self.slots.lock();
        let before = slots.len();
        slots.retain(|_, entry| entry.actor.get_id() != actor);
        if slots.len() < before {
            self.counts.died.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(actor_id = %actor, "slot actor died");
        }
    }

    /// Lets actors go that nobody has asked for `idle`; returns how many.
    fn passivate(&self, idle: Duration) -> usize {
        let now = self.services.clock.mono();
        let mut gone = Vec::new();
        self.slots.lock().retain(|_, entry| {
            let keep = entry.waiting.load(Ordering::SeqCst) > 0 || now.since(entry.used) < idle;
            if !keep {
                gone.push(entry.actor.clone());
            }
            keep
        });
        for actor in &gone {
            actor.stop(Some("idle".to_owned()));
        }
        self.counts.passivated.fetch_add(gone.len() as u64, Ordering::Relaxed);
        gone.len()
    }
}

/// A place in an actor's queue; given back when dropped.
struct Place {
    actor: ActorRef<SlotMsg>,
    waiting: Arc<AtomicUsize>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

enum RegistryMsg {
    /// Spawn the actor of a slot, if there is room; false: there is not.
    Spawn(Key, RpcReplyPort<bool>),
    Tick,
}

struct RegistryActor;

impl Actor for RegistryActor {
    type Msg = RegistryMsg;
    type State = Arc<Shared>;
    type Arguments = Arc<Shared>;

    async fn pre_start(
        &self,
        myself: ActorRef<RegistryMsg>,
        shared: Arc<Shared>,
    ) -> Result<Arc<Shared>, ActorProcessingErr> {
        let tick = (shared.settings.idle / 2).max(Duration::from_millis(10));
        myself.send_interval(tick, || RegistryMsg::Tick);
        Ok(shared)
    }

    async fn handle(
        &self,
        myself: ActorRef<RegistryMsg>,
        message: RegistryMsg,
        shared: &mut Arc<Shared>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RegistryMsg::Spawn(key, reply) => {
                let there = spawn(&myself, shared, key).await;
                let _ = reply.send(there);
            }
            RegistryMsg::Tick => {
                shared.passivate(shared.settings.idle);
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<RegistryMsg>,
        event: SupervisionEvent,
        shared: &mut Arc<Shared>,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(who, _) | SupervisionEvent::ActorTerminated(who, ..) =
            event
        {
            shared.bury(who.get_id());
        }
        Ok(())
    }
}

async fn spawn(myself: &ActorRef<RegistryMsg>, shared: &Arc<Shared>, key: Key) -> bool {
    if shared.slots.lock().contains_key(&key) {
        return true;
    }
    let full = || shared.slots.lock().len() >= shared.settings.max_actors;
    if full() && (shared.passivate(Duration::ZERO) == 0 || full()) {
        return false;
    }
    let (tenant, slot) = key;
    let state = Slot {
        shared: Arc::clone(&shared.services),
        tenant,
        slot,
        memory: Memory::new(shared.settings.memory),
    };
    let Ok((actor, _)) = Actor::spawn_linked(None, SlotActor, state, myself.get_cell()).await
    else {
        return false;
    };
    shared.counts.spawned.fetch_add(1, Ordering::Relaxed);
    let used = shared.services.clock.mono();
    shared.slots.lock().insert(key, Entry { actor, waiting: Arc::default(), used });
    true
}

/// Handle of the registry; cheap to clone.
#[derive(Debug, Clone)]
pub struct SlotRegistry {
    shared: Arc<Shared>,
    root: ActorRef<RegistryMsg>,
}

impl SlotRegistry {
    /// Starts a registry.
    ///
    /// # Errors
    /// If the actor runtime cannot start it.
    pub async fn start(
        db: Database,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        settings: SlotSettings,
    ) -> Result<Self, SpawnErr> {
        let slots = Mutex::default();
        let counts = Counts::default();
        let memory_refusals = AtomicU64::new(0);
        let services = Arc::new(SlotServices { db, clock, ids, memory_refusals });
        let shared = Arc::new(Shared { services, settings, slots, counts });
        let (root, _) = Actor::spawn(None, RegistryActor, Arc::clone(&shared)).await?;
        Ok(Self { shared, root })
    }

    /// Stops the registry and its actors; requests under way are carried out or lost.
    pub async fn stop(&self) {
        let _ = self.root.stop_and_wait(None, Some(Duration::from_secs(5))).await;
        self.shared.slots.lock().clear();
    }

    /// Numbers.
    #[must_use]
    pub fn counters(&self) -> SlotCounters {
        let counts = &self.shared.counts;
        SlotCounters {
            actors: self.shared.slots.lock().len(),
            spawned: counts.spawned.load(Ordering::Relaxed),
            passivated: counts.passivated.load(Ordering::Relaxed),
            died: counts.died.load(Ordering::Relaxed),
            memory_refusals: self.shared.services.memory_refusals.load(Ordering::Relaxed),
            direct: counts.direct.load(Ordering::Relaxed),
        }
    }

    /// Holds a slot; see [`booking::hold`].
    ///
    /// # Errors
    /// As there, and [`SlotError`].
    pub async fn hold(
        &self,
        tenant: &Tenant,
        request: HoldRequest,
        by: &By,
        now: Timestamp,
    ) -> Result<Hold, SlotError> {
        let done = self.ask((*tenant, request.slot), Request::Hold(request), by, now).await;
        if let (Ok(_), Some(released)) = (&done, request.release) {
            self.forget(tenant, released);
        }
        match done? {
            Done::Held(hold) => Ok(hold),
            _ => Err(SlotError::Lost),
        }
    }

    /// Gives a hold back; see [`booking::release`].
    ///
    /// # Errors
    /// As there, and [`SlotError`].
    pub async fn release(
        &self,
        tenant: &Tenant,
        hold: Hold,
        by: &By,
        now: Timestamp,
    ) -> Result<bool, SlotError> {
        match self.ask((*tenant, hold.slot), Request::Release(hold), by, now).await? {
            Done::Released(released) => Ok(released),
            _ => Err(SlotError::Lost),
        }
    }

    /// Books a slot; see [`booking::book`]. The staff's override comes the same way.
    ///
    /// # Errors
    /// As there, and [`SlotError`].
    pub async fn book(
        &self,
        tenant: &Tenant,
        request: Book,
        by: &By,
        now: Timestamp,
    ) -> Result<Booked, SlotError> {
        let key = (*tenant, request.slot);
        booked(self.ask(key, Request::Book(request), by, now).await?)
    }

    /// Moves an appointment to another slot, whose actor serializes it; see [`booking::reschedule`].
    ///
    /// # Errors
    /// As there, and [`SlotError`].
    pub async fn reschedule(
        &self,
        tenant: &Tenant,
        request: Move,
        by: &By,
        now: Timestamp,
    ) -> Result<Booked, SlotError> {
        let key = (*tenant, request.slot);
        booked(self.ask(key, Request::Move(request), by, now).await?)
    }

    /// Books whoever is free; see [`booking::book_assigned`]. No actor: which slot it will be is
    /// the database's choice.
    ///
    /// # Errors
    /// As there.
    pub async fn book_assigned(
        &self,
        tenant: &Tenant,
        request: &Assign,
        by: &By,
        now: Timestamp,
    ) -> Result<Booked, SlotError> {
        let (db, ids) = (&self.shared.services.db, &*self.shared.services.ids);
        let booked = booking::book_assigned(db, tenant, request, by, now, ids).await?;
        self.forget(tenant, booked.appointment.slot);
        Ok(booked)
    }

    /// Cancels; see [`booking::cancel`]. The slot's actor forgets that it was taken.
    ///
    /// # Errors
    /// As there.
    pub async fn cancel(
        &self,
        tenant: &Tenant,
        request: &Cancel,
        by: &By,
        now: Timestamp,
    ) -> Result<Booked, SlotError> {
        let booked = booking::cancel(&self.shared.services.db, tenant, request, by, now).await?;
        self.forget(tenant, booked.appointment.slot);
        Ok(booked)
    }

    /// Tells the slot's actor, if there is one, that the slot changed by another path.
    pub fn forget(&self, tenant: &Tenant, slot: SlotId) {
        if let Some(entry) = self.shared.slots.lock().get(&(*tenant, slot)) {
            let _ = entry.actor.cast(SlotMsg::Forget);
        }
    }

    async fn ask(
        &self,
        key: Key,
        request: Request,
        by: &By,
        now: Timestamp,
    ) -> Result<Done, SlotError> {
        let mut losses = 0;
        let mut waits = 0;
        loop {
            let started = Arc::new(AtomicBool::new(false));
            let answer = match self.place(key).await? {
                None => {
                    self.shared.counts.direct.fetch_add(1, Ordering::Relaxed);
                    Some(carry_out(&self.shared.services, &key.0, &request, by, now).await)
                }
                Some(place) => self.send(&place, &request, by, now, &started).await,
            };
            match answer {
                // The statement of an actor that died still runs: its answer is ours.
                Some(Err(Error::Refused(Refusal::InProgress)))
                    if losses > 0 && waits < STILL_RUNNING.0 =>
                {
                    waits += 1;
                    tokio::time::sleep(STILL_RUNNING.1).await;
                }
                Some(answer) => return answer.map_err(SlotError::from),
                None if losses >= LOSSES => return Err(SlotError::Lost),
                None if started.load(Ordering::SeqCst) && by.key.is_none() => {
                    return Err(SlotError::Lost);
                }
                None => losses += 1,
            }
        }
    }

    /// A place in the queue of the slot's actor; `None` if there is no room for another actor.
    async fn place(&self, key: Key) -> Result<Option<Place>, SlotError> {
        for _ in 0..LOSSES {
            if let Some(place) = self.shared.find(&key) {
                return place.map(Some);
            }
            let there = self.root.call(|reply| RegistryMsg::Spawn(key, reply), None).await;
            if !matches!(there, Ok(CallResult::Success(true))) {
                break;
            }
        }
        Ok(None)
    }

    /// `None`: the actor died, or had gone.
    async fn send(
        &self,
        place: &Place,
        request: &Request,
        by: &By,
        now: Timestamp,
        started: &Arc<AtomicBool>,
    ) -> Option<Result<Done, Error>> {
        let (request, by, started) = (request.clone(), by.clone(), Arc::clone(started));
        let message = |reply| SlotMsg::Run(Box::new(Job { request, by, now, started, reply }));
        if let Ok(CallResult::Success(answer)) = place.actor.call(message, None).await {
            return Some(answer);
        }
        self.shared.bury(place.actor.get_id());
        None
    }

    /// Kills the actor of a slot, as a panic would; for tests.
    #[cfg(test)]
    pub(super) fn kill(&self, tenant: &Tenant, slot: SlotId) -> bool {
        let slots = self.shared.slots.lock();
        slots.get(&(*tenant, slot)).map(|entry| entry.actor.kill()).is_some()
    }
}

fn booked(done: Done) -> Result<Booked, SlotError> {
    match done {
        Done::Booked(booked) => Ok(booked),
        _ => Err(SlotError::Lost),
    }
}
