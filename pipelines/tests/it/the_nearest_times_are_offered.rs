//! Where nothing fits a wish, the nearest is offered: by the clock on the same days, else by days.

use frontdesk_pipelines::dialogue::tools::{PartOfDay, SlotWish};
use frontdesk_pipelines::offers::{Finder, Query, Step, hours};
use frontdesk_pipelines::wish::{Clock, Days, When, Window};
use frontdesk_types::{DoctorId, Offer, OfferId, SeededIds, SlotId, time_zone};
use jiff::civil::{Date, Time, date, time};
use jiff::tz::TimeZone;

use crate::dialogue_sim::{ZONE, local};

fn zone() -> TimeZone {
    time_zone(ZONE).expect("known")
}

fn free(starts: &[&str]) -> Vec<Offer> {
    let ids = SeededIds::new(4);
    let of = |start: &&str| Offer {
        id: OfferId::new(&ids),
        second: None,
        slot: SlotId::new(&ids),
        doctor: DoctorId::new(&ids),
        doctor_name: "Nora Haddad".to_owned(),
        specialty: "cardiology".to_owned(),
        starts_at: local(start),
        ends_at: local(start),
        time_zone: ZONE.to_owned(),
    };
    starts.iter().map(of).collect()
}

/// What a store of these free times answers.
fn search(query: &Query, all: &[Offer]) -> Vec<Offer> {
    let fits = |offer: &&Offer| {
        let (start, clock) = (offer.starts_at, offer.local_start().time());
        query.from.is_none_or(|from| from <= start)
            && query.until.is_none_or(|until| start <= until)
            && query.local_from.is_none_or(|from| from <= clock)
            && query.local_until.is_none_or(|until| clock < until)
    };
    let limit = usize::try_from(query.limit).expect("small");
    all.iter().filter(fits).take(limit).cloned().collect()
}

/// The starts that are offered for a wish, and whether they fit it.
fn offered(wish: SlotWish, all: &[Offer]) -> (Vec<String>, bool) {
    let (mut finder, mut query) = Finder::new(wish, zone());
    for _ in 0..10 {
        match finder.found(search(&query, all)) {
            Step::Search(next) => query = next,
            Step::Done { offers, exact } => {
                let start = |o: &Offer| o.local_start().strftime("%d %H:%M").to_string();
                return (offers.iter().map(start).collect(), exact);
            }
        }
    }
    panic!("the search does not end");
}

fn on(day: Date) -> SlotWish {
    SlotWish { when: When::on(Days::day(day)), limit: 12, ..SlotWish::default() }
}

fn at(day: Date, at: Time) -> SlotWish {
    timed(day, Clock::at(at))
}

fn timed(day: Date, clock: Clock) -> SlotWish {
    SlotWish { when: When::within(Window { days: Days::day(day), clock }), ..on(day) }
}

fn part(day: Date, part: PartOfDay) -> SlotWish {
    let (from, until) = hours(part);
    timed(day, Clock::span(from, until))
}

#[test]
fn what_fits_is_offered_up_to_the_limit() {
    let all = free(&["2026-06-14T09:00", "2026-06-14T10:00", "2026-06-15T09:00"]);
    assert_eq!(
        offered(at(date(2026, 6, 14), time(10, 0, 0, 0)), &all),
        (vec!["14 10:00".to_owned()], true)
    );
    let wish = SlotWish { limit: 1, ..on(date(2026, 6, 14)) };
    assert_eq!(offered(wish, &all), (vec!["14 09:00".to_owned()], true));
}

#[test]
fn a_late_hour_of_a_full_day_is_not_forgotten() {
    let starts: Vec<String> =
        (0..18).map(|i| format!("2026-06-14T{:02}:{:02}", 8 + i / 2, 30 * (i % 2))).collect();
    let starts: Vec<&str> = starts.iter().map(String::as_str).collect();
    let (offers, exact) = offered(at(date(2026, 6, 14), time(15, 45, 0, 0)), &free(&starts));
    assert_eq!(
        (offers, exact),
        (vec!["14 15:30".to_owned(), "14 16:00".to_owned(), "14 15:00".to_owned()], false)
    );
}

#[test]
fn a_full_day_is_answered_with_the_days_around_it_in_the_same_part() {
    let all = free(&[
        "2026-06-12T10:00",
        "2026-06-12T14:00",
        "2026-06-15T14:00",
        "2026-06-16T10:00",
        "2026-06-20T10:00",
    ]);
    let wish = part(date(2026, 6, 14), PartOfDay::Morning);
    let (offers, exact) = offered(wish, &all);
    assert_eq!(
        (offers, exact),
        (vec!["12 10:00".to_owned(), "16 10:00".to_owned(), "20 10:00".to_owned()], false)
    );
    let evening = part(date(2026, 6, 14), PartOfDay::Evening);
    let (offers, exact) = offered(evening, &all);
    assert_eq!(
        (offers, exact),
        (vec!["12 10:00".to_owned(), "12 14:00".to_owned(), "15 14:00".to_owned()], false)
    );
}

#[test]
fn nothing_at_all_is_nothing() {
    assert_eq!(offered(on(date(2026, 6, 14)), &[]), (Vec::new(), false));
    assert_eq!(offered(SlotWish::default(), &[]), (Vec::new(), false));
}
