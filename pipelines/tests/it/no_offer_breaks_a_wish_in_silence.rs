//! Whatever is wished for and whatever is free: what is offered fits, or it is said that nothing
//! does; what was ruled out is never offered.

use frontdesk_pipelines::dialogue::tools::SlotWish;
use frontdesk_pipelines::offers::{Finder, Query, Step, fits, fits_softened};
use frontdesk_pipelines::wish::{Clock, Days, Order, Weekdays, When, Window};
use frontdesk_types::{DoctorId, Offer, OfferId, SeededIds, SlotId, time_zone};
use jiff::ToSpan;
use jiff::civil::{Weekday, date, time};
use proptest::prelude::*;

use crate::dialogue_sim::ZONE;

fn window() -> impl Strategy<Value = Window> {
    let day = (0..40_i32).prop_map(|n| date(2026, 6, 1).checked_add(n.days()).expect("in range"));
    let days = (proptest::option::of(day), 0..9_i32, proptest::option::of(0..7_i8));
    let clock = (proptest::option::of(8..16_i8), 1..6_i8, any::<bool>());
    (days, clock).prop_map(|((from, length, weekday), (hour, hours, exact))| {
        let weekday = weekday.and_then(|offset| Weekday::from_monday_zero_offset(offset).ok());
        let days = Days {
            from,
            to: from.map(|from| from.checked_add(length.days()).expect("in range")),
            weekdays: weekday.map(Weekdays::only).unwrap_or_default(),
        };
        let clock = match hour {
            Some(hour) if exact => Clock::at(time(hour, 0, 0, 0)),
            Some(hour) => Clock::span(Some(time(hour, 0, 0, 0)), Some(time(hour + hours, 0, 0, 0))),
            None => Clock::default(),
        };
        Window { days, clock }
    })
}

fn when() -> impl Strategy<Value = When> {
    let order = prop_oneof![
        Just(Order::Any),
        Just(Order::Soonest),
        Just(Order::Latest),
        Just(Order::FirstOfDay),
        Just(Order::LastOfDay)
    ];
    let windows = proptest::collection::vec(window(), 0..3);
    let few = || proptest::collection::vec(window(), 0..2);
    (windows, few(), order, few(), few()).prop_map(|(any, none, order, fallback, avoid)| When {
        any,
        none,
        order,
        fallback,
        avoid,
    })
}

/// What a store of these free times answers.
fn search(query: &Query, all: &[Offer]) -> Vec<Offer> {
    let matches = |offer: &&Offer| {
        let (start, clock) = (offer.starts_at, offer.local_start().time());
        query.doctor.is_none_or(|own| own == offer.doctor)
            && query.from.is_none_or(|from| from <= start)
            && query.until.is_none_or(|until| start <= until)
            && query.local_from.is_none_or(|from| from <= clock)
            && query.local_until.is_none_or(|until| clock < until)
    };
    let limit = usize::try_from(query.limit).expect("small");
    all.iter().filter(matches).take(limit).cloned().collect()
}

proptest! {
    #[test]
    fn offers_fit_or_nothing_does(
        when in when(), starts in proptest::collection::btree_set(0..2400_i64, 0..900), not_first in any::<bool>(),
    ) {
        let ids = SeededIds::new(7);
        let zone = time_zone(ZONE).expect("known");
        let doctors = [DoctorId::new(&ids), DoctorId::new(&ids)];
        let day = date(2026, 6, 1).at(8, 0, 0, 0).to_zoned(zone.clone()).expect("exists");
        // Twenty times a day from eight o'clock on, thirty minutes each; some of them are free.
        let free: Vec<Offer> = starts.iter().enumerate().map(|(at, n)| {
            let start = day.checked_add((n / 20).days()).expect("in range");
            let start = start.checked_add((n % 20 * 30).minutes()).expect("in range").timestamp();
            Offer {
                id: OfferId::new(&ids),
                second: None,
                slot: SlotId::new(&ids),
                doctor: doctors[at % 2],
                doctor_name: "Nora Haddad".to_owned(),
                specialty: "cardiology".to_owned(),
                starts_at: start,
                ends_at: start,
                time_zone: ZONE.to_owned(),
            }
        }).collect();
        let not_doctors = if not_first { vec![doctors[0]] } else { Vec::new() };
        let wish = SlotWish { when, not_doctors, limit: 12, ..SlotWish::default() };
        let (mut finder, mut query) = Finder::new(wish.clone(), zone);
        let (offers, exact) = loop {
            match finder.found(search(&query, &free)) {
                Step::Search(next) => query = next,
                Step::Done { offers, exact } => break (offers, exact),
            }
        };
        let any_fits = free.iter().any(|offer| fits(&wish, offer));
        prop_assert_eq!(exact, any_fits, "told to fit if anything does");
        prop_assert!(!exact || offers.iter().all(|offer| fits(&wish, offer)));
        let ruled_out = |offer: &&Offer| {
            !wish.when.allows(offer.local_start().datetime()) || wish.not_doctors.contains(&offer.doctor)
        };
        prop_assert_eq!(offers.iter().find(ruled_out), None);
        prop_assert!(exact || offers.len() <= 3);
        // What is only preferred is let go before the rest.
        let any_softened = free.iter().any(|offer| fits_softened(&wish, offer));
        let softened = wish.when.is_soft() && any_softened && !exact;
        prop_assert!(!softened || offers.iter().all(|offer| fits_softened(&wish, offer)));
    }
}
