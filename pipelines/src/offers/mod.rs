//! Which free times answer a wish: those that fit, or else the nearest (domain.md, section 6).
//!
//! [`Finder`] says what to search for and is fed what was found; whoever reads the free times knows
//! nothing of what "nearest" means. Every free time in the days of a wish is looked at, never only
//! the first few.

mod double;
mod solve;

use frontdesk_types::{DoctorId, Offer};
use jiff::civil::{Date, Time, time};
use jiff::{Span, Timestamp, tz::TimeZone};

use crate::dialogue::tools::{PartOfDay, SlotWish};
use crate::wish::{Order, When};

pub use solve::{fits, fits_softened};

/// Offers that are found for one wish at most.
const MAX_OFFERS: u8 = 12;

/// Free times that are read at once.
const PAGE: u32 = 400;

/// Times that free times are read for one wish, at most: with [`PAGE`] more than a clinic has in
/// its booking window.
const MAX_PAGES: u32 = 12;

/// How many days before the wished-for one the nearest are looked for.
const DAYS_BEFORE: i64 = 3;

/// The part of the day in which a visit that starts in this local hour lies.
#[must_use]
pub const fn part_of(hour: i8) -> PartOfDay {
    match hour {
        ..12 => PartOfDay::Morning,
        12..17 => PartOfDay::Afternoon,
        _ => PartOfDay::Evening,
    }
}

/// Local times from and before which a part of the day lasts.
#[must_use]
pub const fn hours(part: PartOfDay) -> (Option<Time>, Option<Time>) {
    const NOON: Time = time(12, 0, 0, 0);
    const FIVE: Time = time(17, 0, 0, 0);
    match part {
        PartOfDay::Morning => (None, Some(NOON)),
        PartOfDay::Afternoon => (Some(NOON), Some(FIVE)),
        PartOfDay::Evening => (Some(FIVE), None),
    }
}

/// One search of the free times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Only this doctor.
    pub doctor: Option<DoctorId>,
    /// Only doctors of this specialty.
    pub specialty: Option<String>,
    /// Starts not before.
    pub from: Option<Timestamp>,
    /// Starts not after.
    pub until: Option<Timestamp>,
    /// Starts not before this local time of day.
    pub local_from: Option<Time>,
    /// Starts before this local time of day.
    pub local_until: Option<Time>,
    /// Only visits by video.
    pub remote: bool,
    /// Offers at most, the earliest first.
    pub limit: u32,
}

/// What a [`Finder`] wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Search this, and tell what was found.
    Search(Query),
    /// These are the offers in the order in which they are to be told, and whether they fit the
    /// wish.
    Done {
        /// The offers; empty if there are none at all.
        offers: Vec<Offer>,
        /// Whether they fit.
        exact: bool,
    },
}

/// Which search is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Exact,
    /// Without what is only preferred.
    Softened,
    Nearest,
}

/// Finds the offers for one wish.
#[derive(Debug, Clone)]
pub struct Finder {
    wish: SlotWish,
    zone: TimeZone,
    stage: Stage,
    query: Query,
    /// What this stage has found so far.
    found: Vec<Offer>,
    pages: u32,
}

impl Finder {
    /// For a wish, with days in the clinic's `zone`; and the first search.
    #[must_use]
    pub fn new(wish: SlotWish, zone: TimeZone) -> (Self, Query) {
        let query = exactly(&wish, &wish.when, &zone);
        let first = query.clone();
        let found = Vec::new();
        (Self { wish, zone, stage: Stage::Exact, query, found, pages: 0 }, first)
    }

    /// Takes what the last search found, soonest first.
    pub fn found(&mut self, offers: Vec<Offer>) -> Step {
        self.pages += 1;
        let (full, last) = (offers.len() >= PAGE as usize, offers.last().map(|o| o.starts_at));
        let exact = self.stage == Stage::Exact;
        // The second half of a double visit need not fit by itself.
        let all = self.wish.visit.may_be_double();
        let wanted = |offer: &Offer| all || self.is_wanted(offer);
        let fresh: Vec<Offer> =
            offers.into_iter().filter(|offer| wanted(offer) && !self.knows(offer)).collect();
        self.found.extend(fresh);
        if let (true, Some(last)) = (full && self.pages < MAX_PAGES && !self.is_enough(), last) {
            self.query.from = Some(last);
            return Step::Search(self.query.clone());
        }
        let mut found = std::mem::take(&mut self.found);
        if all {
            found = double::of_length(self.wish.visit, found);
            found.retain(|offer| self.is_wanted(offer));
        }
        let limit = usize::from(self.wish.limit.clamp(1, MAX_OFFERS));
        if !found.is_empty() || self.stage == Stage::Nearest {
            let offers = match self.stage {
                Stage::Exact => solve::arranged(&self.wish.when, found, limit),
                Stage::Softened | Stage::Nearest => solve::nearest(&self.wish, found),
            };
            return Step::Done { offers, exact };
        }
        self.pages = 0;
        if exact && self.wish.when.is_soft() {
            self.stage = Stage::Softened;
            self.query = exactly(&self.wish, &self.wish.when.softened(), &self.zone);
        } else {
            self.stage = Stage::Nearest;
            self.query = around(&self.wish, &self.zone);
        }
        Step::Search(self.query.clone())
    }

    /// Whether an offer is one that this stage is looking for.
    fn is_wanted(&self, offer: &Offer) -> bool {
        match self.stage {
            Stage::Exact => fits(&self.wish, offer),
            Stage::Softened => fits_softened(&self.wish, offer),
            Stage::Nearest => true,
        }
    }

    /// Whether an offer was found before: the next page begins with the start at which the last ended.
    fn knows(&self, offer: &Offer) -> bool {
        let same_start = self.found.iter().rev().take_while(|o| o.starts_at >= offer.starts_at);
        same_start.into_iter().any(|known| known.slot == offer.slot)
    }

    /// Whether more free times would change nothing: those further ahead are only wanted where the
    /// days are bounded or the last are asked for.
    fn is_enough(&self) -> bool {
        let when = &self.wish.when;
        let soonest = matches!(when.order, Order::Any | Order::Soonest);
        let open = when.hull().to.is_none() || self.stage != Stage::Exact;
        let plain = !self.wish.visit.may_be_double() && self.stage != Stage::Softened;
        plain && soonest && open && self.found.len() >= usize::from(MAX_OFFERS)
    }
}

/// A search of whole days by the doctors of a wish.
fn search(wish: &SlotWish, zone: &TimeZone, days: (Option<Date>, Option<Date>)) -> Query {
    let start = |date: Date| date.to_zoned(zone.clone()).map(|z| z.timestamp()).ok();
    // The last moment before a day begins.
    let last_instant = |end: Timestamp| end.checked_sub(Span::new().microseconds(1)).ok();
    let after = days.1.and_then(|day| day.tomorrow().ok());
    Query {
        doctor: match wish.doctors.as_slice() {
            [only] => Some(*only),
            _ => None,
        },
        specialty: wish.specialty.clone(),
        from: days.0.and_then(start),
        until: after.and_then(start).and_then(last_instant),
        local_from: None,
        local_until: None,
        remote: wish.visit.remote,
        limit: PAGE,
    }
}

/// All that may fit a wish.
fn exactly(wish: &SlotWish, when: &When, zone: &TimeZone) -> Query {
    let (hull, any) = (when.hull(), &when.any);
    if wish.visit.may_be_double() {
        return search(wish, zone, (hull.from, hull.to));
    }
    let from: Option<Vec<Time>> = any.iter().map(|window| window.clock.from).collect();
    let until: Option<Vec<Time>> = any.iter().map(|window| window.clock.until).collect();
    Query {
        local_from: from.unwrap_or_default().into_iter().min(),
        local_until: until.unwrap_or_default().into_iter().max(),
        ..search(wish, zone, (hull.from, hull.to))
    }
}

/// At any time of day, from a little before the days of a wish on.
fn around(wish: &SlotWish, zone: &TimeZone) -> Query {
    let from = wish.when.hull().from;
    let from = from.and_then(|day| day.checked_sub(Span::new().days(DAYS_BEFORE)).ok());
    search(wish, zone, (from, None))
}
