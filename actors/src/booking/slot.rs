//! SlotActor: one slot, one request at a time. Supervised by the registry, which only forgets it
//! when it dies; whoever waited for it asks again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use frontdesk_tenants::booking::{self, Booked, Hold, SlotState};
use frontdesk_tenants::{By, Database, Error, Principal, Refusal, Tenant};
use frontdesk_types::{Clock, IdSource, SlotId};
use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::memory::Memory;
use super::request::Request;

/// What was done.
#[derive(Debug)]
pub(super) enum Done {
    Held(Hold),
    Booked(Booked),
    Released(bool),
}

/// A request in the queue. `started` tells whoever waits whether a lost one can have done anything.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) by: By,
    pub(super) now: Timestamp,
    pub(super) started: Arc<AtomicBool>,
    pub(super) reply: RpcReplyPort<Result<Done, Error>>,
}

// The queue is bounded by the registry, which counts who waits.
#[derive(Debug)]
pub(super) enum SlotMsg {
    Run(Box<Job>),
    /// The slot changed by another path.
    Forget,
}

/// What slot actors share.
pub(super) struct SlotServices {
    pub(super) db: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    /// Refusals from memory, without the database.
    pub(super) memory_refusals: AtomicU64,
}

pub(super) struct SlotActor;

pub(super) struct Slot {
    pub(super) shared: Arc<SlotServices>,
    pub(super) tenant: Tenant,
    pub(super) slot: SlotId,
    pub(super) memory: Memory,
}

impl Actor for SlotActor {
    type Msg = SlotMsg;
    type State = Slot;
    type Arguments = Slot;

    async fn pre_start(
        &self,
        _: ActorRef<SlotMsg>,
        slot: Slot,
    ) -> Result<Slot, ActorProcessingErr> {
        Ok(slot)
    }

    async fn handle(
        &self,
        _: ActorRef<SlotMsg>,
        message: SlotMsg,
        slot: &mut Slot,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SlotMsg::Run(job) => slot.run(*job).await,
            SlotMsg::Forget => slot.memory.forget(),
        }
        Ok(())
    }
}

impl Slot {
    async fn run(&mut self, job: Job) {
        // Whoever asked has gone: hung up, or asked again elsewhere.
        if job.reply.is_closed() {
            return;
        }
        job.started.store(true, Ordering::SeqCst);
        let at = self.shared.clock.mono();
        if let Some(refusal) = self.memory.refusal(&job.request, &job.by, job.now, at) {
            self.shared.memory_refusals.fetch_add(1, Ordering::Relaxed);
            let _ = job.reply.send(Err(refusal.into()));
            return;
        }
        fault_point(&job.by, "slot_actor").await;
        let answer = carry_out(&self.shared, &self.tenant, &job.request, &job.by, job.now).await;
        fault_point(&job.by, "slot_actor.answered").await;
        self.learn(&answer, &job).await;
        let _ = job.reply.send(answer);
    }

    async fn learn(&mut self, answer: &Result<Done, Error>, job: &Job) {
        // The clock is read before the database is, so knowledge is never younger than it seems.
        let at = self.shared.clock.mono();
        let state = match answer {
            Ok(Done::Booked(booked)) if booked.replayed => None,
            Ok(Done::Booked(booked)) if booked.appointment.slot == self.slot => match job.request {
                Request::Book(_) => Some(SlotState::Booked { by: job.by.principal.to_string() }),
                _ => None,
            },
            Ok(Done::Held(hold)) => {
                let owner = job.by.principal.to_string();
                Some(SlotState::Held { owner, until: hold.until })
            }
            Err(Error::Refused(Refusal::SlotTaken | Refusal::SlotHeld)) => {
                let read = booking::slot_state(&self.shared.db, &self.tenant, self.slot, job.now);
                read.await.ok().flatten()
            }
            _ => None,
        };
        match state {
            Some(state) => self.memory.learn(state, at),
            None => self.memory.forget(),
        }
    }
}

/// Where tests let the actor die: before the database was asked, and with its answer in hand.
async fn fault_point(by: &By, place: &'static str) {
    if let Principal::Call(call) = by.principal {
        crate::faults::point(call, place).await;
    }
}

/// The database decides.
pub(super) async fn carry_out(
    shared: &SlotServices,
    tenant: &Tenant,
    request: &Request,
    by: &By,
    now: Timestamp,
) -> Result<Done, Error> {
    let (db, ids) = (&shared.db, &*shared.ids);
    match request {
        Request::Hold(hold) => booking::hold(db, tenant, hold, by, now, ids).await.map(Done::Held),
        Request::Book(book) => {
            booking::book(db, tenant, book, by, now, ids).await.map(Done::Booked)
        }
        Request::Move(to) => booking::reschedule(db, tenant, to, by, now).await.map(Done::Booked),
        Request::Release(hold) => booking::release(db, tenant, hold).await.map(Done::Released),
    }
}
