//! A wish for a time in words.

use frontdesk_types::DoctorId;
use jiff::civil::Time;

use super::ClinicFacts;
use crate::dialogue::tools::PartOfDay;
use crate::language::{Language, fill};
use crate::offers::hours;
use crate::wish::{Clock, Days, Order, When, Window};

/// Whether it is more than a day, a part of it or a time, so that what was understood is told with
/// the offers.
pub(super) fn is_worth_saying(when: &When) -> bool {
    let bounded = |clock: &Clock| {
        let open = clock.from.is_none() || clock.until.is_none();
        !clock.is_open() && clock.at.is_none() && open && part(clock).is_none()
    };
    let special = |window: &Window| {
        let days = &window.days;
        let half_open = days.from.is_some() != days.to.is_some();
        half_open || !days.weekdays.is_open() || bounded(&window.clock)
    };
    let exact = when.any.iter().any(|window| window.clock.at.is_some());
    !exact && (!when.none.is_empty() || !when.avoid.is_empty() || when.any.iter().any(special))
}

/// "With Dr. Ann Baker on Monday, June 15": whom and when somebody waits for.
pub(super) fn waiting(
    doctor: Option<DoctorId>,
    specialty: Option<&str>,
    when: &When,
    clinic: &ClinicFacts,
    language: &Language,
) -> String {
    let phrases = &language.phrases;
    let doctor = clinic.doctors.iter().find(|own| Some(own.id) == doctor);
    let whom = match (doctor, specialty) {
        (Some(doctor), _) => {
            let name = language.doctor(&doctor.name);
            fill(&phrases.with_doctor, &[("doctor", &name)])
        }
        (None, Some(name)) => fill(&phrases.in_specialty, &[("specialty", name)]),
        (None, None) => String::new(),
    };
    joined(&[whom, spoken(when, language)], " ")
}

/// "On Mondays, not before 10:00 AM".
pub(super) fn spoken(when: &When, language: &Language) -> String {
    let any: Vec<String> = when.any.iter().map(|one| window(one, language)).collect();
    let same_days = when.any.windows(2).all(|pair| match pair {
        [a, b] => a.days == b.days,
        _ => true,
    });
    let any = match (when.any.first(), same_days) {
        (Some(first), true) if any.len() > 1 => {
            let clocks: Vec<String> =
                when.any.iter().map(|one| clock(&one.clock, language)).collect();
            joined(&[days(&first.days, language), language.or(&clocks)], " ")
        }
        _ => language.or(&any),
    };
    let none = when.none.iter().chain(&when.avoid).map(|one| {
        let spoken = window(one, language);
        fill(&language.phrases.not_then, &[("wish", &spoken)])
    });
    let order = match when.order {
        Order::Any | Order::Soonest => "",
        Order::Latest => &language.phrases.as_late,
        Order::FirstOfDay => &language.phrases.first_of_day,
        Order::LastOfDay => &language.phrases.last_of_day,
    };
    let all: Vec<String> = [any].into_iter().chain(none).chain([order.to_owned()]).collect();
    joined(&all, ", ")
}

fn joined(parts: &[String], with: &str) -> String {
    let parts: Vec<&str> =
        parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(with)
}

fn window(window: &Window, language: &Language) -> String {
    joined(&[days(&window.days, language), clock(&window.clock, language)], " ")
}

pub(super) fn days(days: &Days, language: &Language) -> String {
    let phrases = &language.phrases;
    let date = |day| language.date(day);
    let span = match (days.from, days.to) {
        (Some(from), Some(to)) if from == to => fill(&phrases.on_day, &[("date", &date(from))]),
        (Some(from), Some(to)) => {
            fill(&phrases.between_days, &[("from", &date(from)), ("to", &date(to))])
        }
        (Some(from), None) => fill(&phrases.from_day, &[("date", &date(from))]),
        (None, Some(to)) => fill(&phrases.until_day, &[("date", &date(to))]),
        (None, None) => String::new(),
    };
    let names = days.weekdays.named().map(|day| {
        let name = language.weekday_name(day.to_monday_one_offset());
        fill(&phrases.every_weekday, &[("weekday", &name)])
    });
    let names: Vec<String> = names.collect();
    let weekdays = match names.as_slice() {
        [] => String::new(),
        names => fill(&phrases.on_weekdays, &[("weekdays", &language.or(names))]),
    };
    joined(&[weekdays, span], " ")
}

fn part(clock: &Clock) -> Option<PartOfDay> {
    [PartOfDay::Morning, PartOfDay::Afternoon, PartOfDay::Evening].into_iter().find(|part| {
        let (from, until) = hours(*part);
        *clock == Clock::span(from, until)
    })
}

fn clock(clock: &Clock, language: &Language) -> String {
    let phrases = &language.phrases;
    let time = |time: Time| language.time(time);
    match part(clock) {
        Some(PartOfDay::Morning) => return phrases.in_morning.clone(),
        Some(PartOfDay::Afternoon) => return phrases.in_afternoon.clone(),
        Some(PartOfDay::Evening) => return phrases.in_evening.clone(),
        None => {}
    }
    match (clock.at, clock.from, clock.until) {
        (Some(at), ..) if clock.is_exact() => fill(&phrases.at_time, &[("time", &time(at))]),
        (Some(at), ..) => fill(&phrases.around_time, &[("time", &time(at))]),
        (None, Some(from), Some(until)) => {
            fill(&phrases.between_times, &[("from", &time(from)), ("to", &time(until))])
        }
        (None, Some(from), None) => fill(&phrases.not_before_time, &[("time", &time(from))]),
        (None, None, Some(until)) => fill(&phrases.before_time, &[("time", &time(until))]),
        (None, None, None) => String::new(),
    }
}
