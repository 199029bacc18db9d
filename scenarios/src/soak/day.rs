//! The calls of a soak: who calls when and how, at a steady rate, whatever is broken meanwhile.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use frontdesk_tenants::inspection::Violation;
use frontdesk_tenants::overview::{self, Visit};
use frontdesk_tenants::{Database, Tenant, TenantTx};
use frontdesk_types::{Clock, IdSource};
use jiff::SignedDuration;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::caller::{Caller, Course, Errand};
use super::people::People;
use super::phone::{self, Sentence};
use crate::format::Medium;
use crate::line::Exchange;

/// How somebody calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    /// Types, to book or to cancel.
    Typed,
    /// The same in a call with a clock of its own.
    Pinned,
    /// Types a question.
    Question,
    /// Speaks in a room, to book or to cancel.
    Spoken,
    /// Asks by telephone.
    Phone,
}

/// A round of calls.
const ROUND: [Way; 12] = [
    Way::Typed,
    Way::Phone,
    Way::Typed,
    Way::Pinned,
    Way::Question,
    Way::Typed,
    Way::Spoken,
    Way::Typed,
    Way::Phone,
    Way::Pinned,
    Way::Typed,
    Way::Question,
];

/// How far the clocks of pinned calls are from everybody's.
const OFFSETS: [SignedDuration; 3] =
    [SignedDuration::from_hours(-1), SignedDuration::from_mins(90), SignedDuration::from_hours(26)];

/// Appointments of the clinic that are looked at.
const MANY: i64 = 10_000;
/// Looks at a database that was away: as many as there may be dead connections.
const LOOKS: u32 = 20;
const LOOK_PAUSE: Duration = Duration::from_millis(250);
const POLL: Duration = Duration::from_millis(50);

/// A call that is over. Seconds count from the beginning.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finished {
    pub number: usize,
    pub way: Way,
    pub began: f64,
    pub ended: f64,
    /// Why it did not come to its end, as the caller saw it.
    pub fault: Option<String>,
    /// What the database said of the caller's last call, if it was wrong.
    #[serde(skip)]
    pub found: Vec<Violation>,
}

/// What all callers share.
#[derive(Clone)]
pub(super) struct Town {
    pub exchange: Exchange,
    pub database: Database,
    pub tenant: Tenant,
    /// The clinic that is called, and its number.
    pub slug: String,
    pub number: String,
    pub sip: SocketAddr,
    pub asks: Sentence,
    pub people: Arc<Mutex<People>>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
}

impl Town {
    /// The clinic's appointments; why not, if the database does not come back.
    pub(super) async fn visits(&self) -> Result<Vec<Visit>, String> {
        let mut last = String::new();
        for _ in 0..LOOKS {
            match self.look().await {
                Ok(visits) => return Ok(visits),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        Err(last)
    }

    async fn look(&self) -> Result<Vec<Visit>, frontdesk_tenants::Error> {
        let mut tx = TenantTx::begin(&self.database, &self.tenant).await?;
        let visits = overview::visits(&mut tx, MANY).await?;
        tx.commit().await?;
        Ok(visits)
    }

    /// What people know, whoever else looks at it.
    pub(super) fn people<T>(&self, work: impl FnOnce(&mut People) -> T) -> T {
        work(&mut self.people.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Somebody calls.
    async fn call(self, way: Way, number: usize) -> (Course, Vec<Violation>) {
        if way == Way::Phone {
            let course = phone::call(self.sip, self.number, self.asks, self.ids).await;
            return (course, Vec::new());
        }
        let pinned = way == Way::Pinned;
        let books = way != Way::Question;
        let now = Instant::now();
        let who = books.then(|| self.people(|people| people.next(number, pinned, now))).flatten();
        let (mut errand, mut found) = (Errand::Ask, Vec::new());
        if let Some(who) = who
            && let Ok(visits) = self.visits().await
        {
            let (has, wrong) = self.people(|people| people.compare(who, &visits));
            errand = if has { Errand::Cancel } else { Errand::Book };
            found = wrong;
        }
        let caller = Caller {
            exchange: self.exchange.clone(),
            clinic: self.slug.clone(),
            medium: if way == Way::Spoken { Medium::Web } else { Medium::Text },
            errand,
            person: self.people(|people| people.get(who.unwrap_or_default()).clone()),
            offset: pinned.then(|| OFFSETS[number % OFFSETS.len()]),
            number,
        };
        let course = caller.call(Arc::clone(&self.clock), Arc::clone(&self.ids)).await;
        if let Some(who) = who {
            self.people(|people| people.over(who, course.told, Instant::now()));
        }
        (course, found)
    }
}

/// Begins `per_minute` calls a minute until `until`, and waits for the last to end, `patience` at most.
pub(super) async fn calls(
    town: &Town,
    per_minute: f64,
    began: Instant,
    until: Instant,
    patience: Duration,
    interrupted: &CancellationToken,
) -> Vec<Finished> {
    let between = Duration::from_secs_f64(60.0 / per_minute);
    let mut running = JoinSet::new();
    let mut finished = Vec::new();
    let (mut next, mut number) = (Instant::now(), 0);
    let begins = || Instant::now() < until && !interrupted.is_cancelled();
    let mut last = until + patience;
    while begins() || (!running.is_empty() && Instant::now() < last) {
        if begins() && next <= Instant::now() {
            let (town, way, this) = (town.clone(), ROUND[number % ROUND.len()], number);
            running.spawn(async move {
                let start = began.elapsed().as_secs_f64();
                let (course, found) = town.call(way, this).await;
                Finished {
                    number: this,
                    way,
                    began: start,
                    ended: began.elapsed().as_secs_f64(),
                    fault: course.fault,
                    found,
                }
            });
            number += 1;
            next += between;
        }
        if !begins() {
            last = last.min(Instant::now() + patience);
        }
        if let Ok(Some(Ok(call))) = tokio::time::timeout(POLL, joined(&mut running)).await {
            finished.push(call);
        }
    }
    running.shutdown().await;
    finished
}

/// The next that is over; pending while none runs.
async fn joined(
    running: &mut JoinSet<Finished>,
) -> Option<Result<Finished, tokio::task::JoinError>> {
    match running.join_next().await {
        Some(ended) => Some(ended),
        None => std::future::pending().await,
    }
}
