//! The ways to a slot, and the builds of the database that each race runs against.
//!
//! Two defences guard every rule: the SQL function's own (a conditional update, a lock) and a
//! constraint. With the function's taken out the constraint alone must hold; with its index dropped
//! as well the race must fail, which shows that the race would notice.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::booking::{SlotError, SlotRegistry, SlotSettings};
use frontdesk_tenants::booking::{self, Assign, Book, Booked, Cancel, Hold, HoldRequest, Move};
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Database, Tenant};
use frontdesk_types::{CallId, SlotId, SystemClock};
use futures_util::future::join_all;
use jiff::Timestamp;

/// How requests reach the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    /// Straight through the functions, 64 connections.
    Functions,
    /// Through the slot actors of one node, 64 connections.
    Actors,
    /// Through the slot actors of two nodes, 32 connections each, on one database.
    TwoNodes,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Build {
    /// As it is.
    Sound,
    /// The function's defence is out: the constraint decides.
    Unguarded,
    /// And its index is dropped: the race must fail.
    Undefended,
}

/// The constraint is the same behind every entry, so it is tried alone at one of them.
pub(crate) const RUNS: [(Entry, Build); 7] = [
    (Entry::Functions, Build::Sound),
    (Entry::Functions, Build::Unguarded),
    (Entry::Functions, Build::Undefended),
    (Entry::Actors, Build::Sound),
    (Entry::Actors, Build::Undefended),
    (Entry::TwoNodes, Build::Sound),
    (Entry::TwoNodes, Build::Undefended),
];

/// What is taken out: statements of the superuser.
#[derive(Clone, Copy)]
pub(crate) struct Mutant {
    pub(crate) unguard: &'static [&'static str],
    pub(crate) drop: &'static str,
}

enum Node {
    Functions(Database),
    Actors(SlotRegistry),
}

/// One at a time: a race of a thousand takes both cores and a statement's patience as it is.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A database, and the ways to book in it.
pub(crate) struct RaceRig {
    _alone: tokio::sync::MutexGuard<'static, ()>,
    pub(crate) t: TestDb,
    pub(crate) entry: Entry,
    pub(crate) build: Build,
    nodes: Vec<Node>,
    pools: Vec<Database>,
}

impl RaceRig {
    pub(crate) async fn open((entry, build): (Entry, Build), mutant: Mutant) -> Self {
        let alone = ALONE.lock().await;
        let t = TestDb::seeded_with(if entry == Entry::TwoNodes { 32 } else { 64 }).await;
        if build != Build::Sound {
            for statement in mutant.unguard {
                t.execute(statement).await;
            }
        }
        if build == Build::Undefended {
            t.execute(mutant.drop).await;
        }
        let mut settings = SlotSettings::default();
        if (entry, build) == (Entry::Actors, Build::Undefended) {
            // What the one actor of a slot remembers is a third defence; out with it.
            settings.memory = Duration::ZERO;
        }
        let mut nodes = Vec::new();
        let pools = match entry {
            Entry::Functions | Entry::Actors => vec![t.db().clone()],
            Entry::TwoNodes => vec![t.db().clone(), t.another(32).await],
        };
        for db in pools.clone() {
            // Connections are opened before the start, not during the race.
            join_all((0..64).map(|_| db.encryption())).await;
            nodes.push(match entry {
                Entry::Functions => Node::Functions(db),
                Entry::Actors | Entry::TwoNodes => {
                    let clock = Arc::new(SystemClock::new());
                    let registry = SlotRegistry::start(db, clock, Arc::new(IDS), settings).await;
                    Node::Actors(registry.expect("registry"))
                }
            });
        }
        Self { _alone: alone, t, entry, build, nodes, pools }
    }

    /// How many tasks race: fewer where a mutant's slow statements queue at an actor.
    pub(crate) fn tasks(&self, sound: usize) -> usize {
        match (self.build, self.entry) {
            (Build::Sound, _) => sound,
            (_, Entry::Functions) => sound.min(100),
            (_, Entry::Actors | Entry::TwoNodes) => sound.min(8),
        }
    }

    /// The pool of a node, for what no actor is asked.
    pub(crate) fn db(&self, caller: usize) -> &Database {
        &self.pools[caller % self.pools.len()]
    }

    fn node(&self, caller: usize) -> &Node {
        &self.nodes[caller % self.nodes.len()]
    }

    /// Books for the caller of that number, who reaches one of the nodes.
    pub(crate) async fn book(
        &self,
        caller: usize,
        tenant: &Tenant,
        request: Book,
        by: &By,
        now: Timestamp,
    ) -> Result<Booked, SlotError> {
        match self.node(caller) {
            Node::Functions(db) => Ok(booking::book(db, tenant, &request, by, now, &IDS).await?),
            Node::Actors(registry) => registry.book(tenant, request, by, now).await,
        }
    }

    /// Books the slot without a hold, as a new call.
    pub(crate) async fn take(
        &self,
        caller: usize,
        tenant: &Tenant,
        slot: SlotId,
        patient: VerifiedPatient,
    ) -> Result<Booked, SlotError> {
        let request = Book { slot, patient, hold: None, staff: None };
        self.book(caller, tenant, request, &by(), now()).await
    }

    pub(crate) async fn hold(
        &self,
        caller: usize,
        tenant: &Tenant,
        request: HoldRequest,
        by: &By,
    ) -> Result<Hold, SlotError> {
        match self.node(caller) {
            Node::Functions(db) => Ok(booking::hold(db, tenant, &request, by, now(), &IDS).await?),
            Node::Actors(registry) => registry.hold(tenant, request, by, now()).await,
        }
    }

    pub(crate) async fn assign(
        &self,
        caller: usize,
        tenant: &Tenant,
        request: Assign,
    ) -> Result<Booked, SlotError> {
        match self.node(caller) {
            Node::Functions(db) => {
                Ok(booking::book_assigned(db, tenant, &request, &by(), now(), &IDS).await?)
            }
            Node::Actors(registry) => registry.book_assigned(tenant, &request, &by(), now()).await,
        }
    }

    pub(crate) async fn reschedule(
        &self,
        caller: usize,
        tenant: &Tenant,
        request: Move,
    ) -> Result<Booked, SlotError> {
        match self.node(caller) {
            Node::Functions(db) => {
                Ok(booking::reschedule(db, tenant, &request, &by(), now()).await?)
            }
            Node::Actors(registry) => registry.reschedule(tenant, request, &by(), now()).await,
        }
    }

    pub(crate) async fn cancel(
        &self,
        caller: usize,
        tenant: &Tenant,
        request: Cancel,
    ) -> Result<Booked, SlotError> {
        match self.node(caller) {
            Node::Functions(db) => Ok(booking::cancel(db, tenant, &request, &by(), now()).await?),
            Node::Actors(registry) => registry.cancel(tenant, &request, &by(), now()).await,
        }
    }

    /// One outcome is right: this many winners and no invariant broken.
    pub(crate) async fn judge(&self, winners: usize, right: usize) {
        let run = (self.entry, self.build);
        let violations = self.t.violations().await;
        if self.build == Build::Undefended {
            assert!(winners != right || !violations.is_empty(), "{run:?}: the race did not notice");
        } else {
            assert_eq!(violations, Vec::<String>::new(), "{run:?}");
            assert_eq!(winners, right, "{run:?}");
        }
    }

    /// Closes the entries; the database goes with the test.
    pub(crate) async fn close(self) {
        for node in &self.nodes {
            if let Node::Actors(registry) = node {
                registry.stop().await;
            }
        }
        for db in &self.pools {
            db.close().await;
        }
    }
}

/// A call of its own.
pub(crate) fn by() -> By {
    By::call(CallId::new(&IDS), 1)
}

/// How many won; everybody else was refused by the domain.
pub(crate) fn winners<T>(results: &[Result<T, SlotError>]) -> usize {
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(error.refusal().is_some(), "{error:?}");
    }
    results.iter().filter(|result| result.is_ok()).count()
}
