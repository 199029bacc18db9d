//! Which free times answer a wish: those that fit, or else the nearest (domain.md, section 6).
//!
//! [`Finder`] says what to search for and is fed what was found; whoever reads the free times knows
//! nothing of what "nearest" means.

use frontdesk_types::{DoctorId, Offer};
use jiff::civil::{Date, Time, time};
use jiff::{Span, Timestamp, tz::TimeZone};

use crate::dialogue::tools::{PartOfDay, SlotWish};

/// Offers that are found for one wish at most.
const MAX_OFFERS: u8 = 12;

/// Offers that are told where nothing fits the wish.
const NEAREST: usize = 3;

/// Free times among which the nearest are looked for: more than a clinic has in the days searched.
const SEARCHED: u32 = 200;

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
    /// Offers at most, the earliest first.
    pub limit: u32,
}

impl Query {
    fn of(wish: &SlotWish, zone: &TimeZone, limit: u32) -> Self {
        let start = |date: Date| date.to_zoned(zone.clone()).map(|z| z.timestamp()).ok();
        let (from_part, until_part) = wish.part_of_day.map_or((None, None), hours);
        // The moment at which "not after" is over, and the last one before a day begins.
        let just_after = |time: Time| time.saturating_add(Span::new().microseconds(1));
        let last_instant = |end: Timestamp| end.checked_sub(Span::new().microseconds(1)).ok();
        let until = [until_part, wish.not_after.map(just_after)];
        Self {
            doctor: wish.doctor,
            specialty: wish.specialty.clone(),
            from: wish.from.and_then(start),
            until: wish
                .to
                .and_then(|day| day.tomorrow().ok())
                .and_then(start)
                .and_then(last_instant),
            local_from: wish.not_before.max(from_part),
            local_until: until.into_iter().flatten().min(),
            limit,
        }
    }
}

/// What a [`Finder`] wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Search this, and tell what was found.
    Search(Query),
    /// These are the offers, soonest first, and whether they fit the wish.
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
    /// Another time of the same days.
    SameDays,
    /// The days before, in the same part of the day or in any.
    Before {
        part: bool,
    },
    After {
        part: bool,
    },
}

/// Finds the offers for one wish.
#[derive(Debug, Clone)]
pub struct Finder {
    wish: SlotWish,
    zone: TimeZone,
    stage: Stage,
    /// What was found in the days before.
    before: Vec<Offer>,
}

impl Finder {
    /// For a wish, with days in the clinic's `zone`; and the first search.
    #[must_use]
    pub fn new(wish: SlotWish, zone: TimeZone) -> (Self, Query) {
        let limit = u32::from(wish.limit.clamp(1, MAX_OFFERS));
        let query = Query::of(&wish, &zone, limit);
        (Self { wish, zone, stage: Stage::Exact, before: Vec::new() }, query)
    }

    /// Takes what the last search found, soonest first.
    pub fn found(&mut self, offers: Vec<Offer>) -> Step {
        match self.stage {
            Stage::Exact if !offers.is_empty() => Step::Done { offers, exact: true },
            Stage::Exact => {
                self.stage = Stage::SameDays;
                self.search(&self.wish_at(false))
            }
            Stage::SameDays if !offers.is_empty() => {
                let wanted = self.wish.not_before.or(self.wish.not_after);
                let minutes = |t: Time| i64::from(t.hour()) * 60 + i64::from(t.minute());
                closest(offers, |offer| {
                    let start = minutes(offer.local_start().time());
                    wanted.map_or(0, |wanted| (start - minutes(wanted)).abs())
                })
            }
            Stage::SameDays => self.around(true),
            Stage::Before { part } => {
                self.before = offers;
                self.after(part)
            }
            Stage::After { part } => {
                let mut all = std::mem::take(&mut self.before);
                all.extend(offers);
                if all.is_empty() && part {
                    return self.around(false);
                }
                let wanted = self.wish.from;
                closest(all, |offer| {
                    let days = |day: Date| i64::from((offer.local_start().date() - day).get_days());
                    wanted.map_or(0, |day| days(day).abs())
                })
            }
        }
    }

    fn search(&self, wish: &SlotWish) -> Step {
        Step::Search(Query::of(wish, &self.zone, SEARCHED))
    }

    /// The wish at any time of its days, or in their part of the day.
    fn wish_at(&self, part: bool) -> SlotWish {
        let part_of_day = self.wish.part_of_day.filter(|_| part);
        SlotWish { part_of_day, not_before: None, not_after: None, ..self.wish.clone() }
    }

    /// What is free in the days before those of the wish, then after.
    fn around(&mut self, part: bool) -> Step {
        let Some(day) = self.wish.from else { return self.after(part) };
        self.stage = Stage::Before { part };
        let from = day.checked_sub(Span::new().days(DAYS_BEFORE)).ok();
        self.search(&SlotWish { from, to: day.yesterday().ok(), ..self.wish_at(part) })
    }

    fn after(&mut self, part: bool) -> Step {
        self.stage = Stage::After { part };
        self.search(&SlotWish { to: None, ..self.wish_at(part) })
    }
}

/// The few that lie least far away, in the order of time.
fn closest(mut offers: Vec<Offer>, away: impl Fn(&Offer) -> i64) -> Step {
    offers.sort_by_key(|offer| (away(offer), offer.starts_at));
    offers.truncate(NEAREST);
    offers.sort_by_key(|offer| offer.starts_at);
    Step::Done { offers, exact: false }
}
