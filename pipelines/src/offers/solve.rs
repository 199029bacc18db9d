//! Which of the free times are told, and in which order.

use frontdesk_types::Offer;
use jiff::civil::{Date, DateTime, Time, time};

use crate::dialogue::tools::SlotWish;
use crate::wish::{Order, When};

/// Offers that are told where nothing fits the wish.
const NEAREST: usize = 3;

/// Offers that are told at once: each such group is in the order of time.
const TOLD: usize = 3;

/// Days that a wish must span for the offers to be spread over them.
const WIDE: i32 = 3;

const NOON: Time = time(12, 0, 0, 0);

/// Whether an offer is one that was wished for.
#[must_use]
pub fn fits(wish: &SlotWish, offer: &Offer) -> bool {
    by_doctor(wish, offer) && wish.when.fits(local(offer))
}

/// Whether an offer is one that was wished for, but for what is only preferred.
#[must_use]
pub fn fits_softened(wish: &SlotWish, offer: &Offer) -> bool {
    by_doctor(wish, offer) && wish.when.softened().fits(local(offer))
}

fn local(offer: &Offer) -> DateTime {
    offer.local_start().datetime()
}

fn by_doctor(wish: &SlotWish, offer: &Offer) -> bool {
    (wish.doctors.is_empty() || wish.doctors.contains(&offer.doctor))
        && !wish.not_doctors.contains(&offer.doctor)
}

/// Free times that fit, in the order in which they are told.
pub(super) fn arranged(when: &When, mut offers: Vec<Offer>, limit: usize) -> Vec<Offer> {
    let hull = when.hull();
    let wide = match (hull.from, hull.to) {
        (Some(from), Some(to)) => (to - from).get_days() >= WIDE,
        _ => false,
    };
    match when.order {
        Order::Any if wide && when.at().is_none() => offers = spread(offers),
        Order::Any | Order::Soonest => {}
        Order::Latest => {
            offers.reverse();
            offers.truncate(1);
        }
        Order::FirstOfDay => offers.dedup_by_key(|offer| (day(offer), offer.doctor)),
        Order::LastOfDay => {
            offers.reverse();
            offers.dedup_by_key(|offer| (day(offer), offer.doctor));
            offers.reverse();
        }
    }
    // "Around ten": on one day, the closest comes first.
    if when.at().is_some() && when.day().is_some() {
        offers.sort_by_key(|offer| (when.minutes_away(local(offer)), offer.starts_at));
        offers.truncate(limit);
        return offers;
    }
    offers.truncate(limit);
    for told in offers.chunks_mut(TOLD) {
        told.sort_by_key(|offer| offer.starts_at);
    }
    offers
}

fn day(offer: &Offer) -> Date {
    local(offer).date()
}

/// One of each day in turn, from the morning and the afternoon by turns; the earliest stays first.
fn spread(offers: Vec<Offer>) -> Vec<Offer> {
    let mut days: Vec<Vec<Offer>> = Vec::new();
    for offer in offers {
        match days.last_mut().filter(|own| own.first().is_some_and(|o| day(o) == day(&offer))) {
            Some(own) => own.push(offer),
            None => days.push(vec![offer]),
        }
    }
    let mut found = Vec::new();
    let mut round = 0;
    while days.iter().any(|own| !own.is_empty()) {
        for (at, own) in days.iter_mut().enumerate().filter(|(_, own)| !own.is_empty()) {
            let afternoon = (at + round) % 2 == 1;
            let half = own.iter().position(|o| (local(o).time() >= NOON) == afternoon);
            found.push(own.remove(half.unwrap_or(0)));
        }
        round += 1;
    }
    found
}

/// The few that lie nearest to what was wished for: another time of a day that was asked for, else
/// the nearest days at a time that was asked for, else the nearest days. What was ruled out is
/// never offered.
pub(super) fn nearest(wish: &SlotWish, mut offers: Vec<Offer>) -> Vec<Offer> {
    let when = &wish.when;
    offers.retain(|offer| by_doctor(wish, offer) && when.allows(local(offer)));
    let away = |offer: &Offer| {
        let start = local(offer);
        if when.fits_day(start) {
            (0, when.minutes_away(start), offer.starts_at)
        } else if when.fits_clock(start) {
            (1, when.days_away(start), offer.starts_at)
        } else {
            (2, when.days_away(start), offer.starts_at)
        }
    };
    let best = offers.iter().map(|offer| away(offer).0).min();
    offers.retain(|offer| Some(away(offer).0) == best);
    offers.sort_by_key(away);
    offers.truncate(NEAREST);
    // Where a time of day was named, the nearest to it is told first.
    let timed = best == Some(0) && when.at().is_some();
    if !timed {
        offers.sort_by_key(|offer| offer.starts_at);
    }
    offers
}
