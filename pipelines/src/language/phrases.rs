//! What the agent says (`phrases.toml`).

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::bundle::{Bundle, BundleError};
use super::exact::exactly;

const FILE: &str = "phrases.toml";

macro_rules! phrases {
    ($($name:ident $(($($placeholder:ident),*))?,)*) => {
        /// Every phrase, by its name in the file.
        #[derive(Debug, Clone)]
        pub(crate) struct Phrases { $(pub(crate) $name: String),* }

        /// The phrases with the placeholders that are filled in them.
        const PHRASES: &[(&str, &[&str])] =
            &[$((stringify!($name), &[$($(stringify!($placeholder)),*)?])),*];

        impl Phrases {
            /// Phrases by their names, which must all be there.
            fn of(mut all: BTreeMap<String, String>) -> Self {
                Self { $($name: all.remove(stringify!($name)).unwrap_or_default()),* }
            }

            /// The text of every phrase.
            pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
                [$(self.$name.as_str()),*].into_iter()
            }

            fn get_mut(&mut self, name: &str) -> Option<&mut String> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)*
                    _ => None,
                }
            }
        }
    };
}

phrases! {
    greeting(clinic),
    only_language(language),
    help,
    ask_name,
    ask_other_name,
    ask_last_name,
    ask_name_next,
    ask_other_name_next,
    ask_name_spelled,
    ask_first_spelled,
    ask_last_spelled,
    ask_birth,
    ask_birth_first,
    ask_other_birth,
    ask_birth_year,
    ask_birth_day,
    ask_birth_day_month,
    bad_birth,
    ask_phone,
    bad_phone,
    not_matched,
    been_before,
    been_before_other,
    try_again,
    registered_already,
    for_whom(name),
    for_children(doctor),
    one_by_one,
    next_caller,
    next_kin(kin),
    next_patient,
    register_intro,
    thanks,
    ask_doctor,
    unknown_doctor(name, doctors),
    several_doctors(doctors),
    no_specialty(specialty, specialties),
    our_doctors(specialties),
    no_doctors,
    female_doctor,
    male_doctor,
    a_doctor,
    doctor_speaking(doctor, languages),
    no_such_doctor(doctor),
    gender_unrecorded,
    undated_holiday(holiday),
    closed_holiday(when, holiday),
    nearest_are(offers),
    nearest_is(visit),
    offers_let_go(wish, offers),
    only_let_go(wish, visit),
    double_offers,
    visit_double(date, time, end, doctor),
    booked_double(visit, reference),
    no_length,
    no_remote,
    series,
    nothing_with(doctor),
    a_kind(doctor),
    offers(offers),
    offers_nearest(wish, offers),
    offers_nearest_plain(offers),
    offers_more(offers),
    offers_again(offers),
    only_nearest(wish, visit),
    only_nearest_plain,
    no_slots,
    no_more_slots,
    past_day,
    unclear_day,
    unclear_time,
    ask_day,
    slot_taken,
    patient_busy,
    outside_window,
    visit(date, time, doctor),
    visit_on(date, times, doctor),
    on_day(date),
    between_days(from, to),
    at_time(time),
    around_time(time),
    not_before_time(time),
    before_time(time),
    between_times(from, to),
    from_day(date),
    until_day(date),
    on_weekdays(weekdays),
    every_weekday(weekday),
    in_morning,
    in_afternoon,
    in_evening,
    not_then(wish),
    as_late,
    first_of_day,
    last_of_day,
    understood(wish),
    with_doctor(doctor),
    read_back_book(visit, name),
    read_back_move(name, old, visit),
    read_back_cancel(visit, name),
    read_back_register(name, birth_date, phone),
    confirm_book,
    confirm_move,
    confirm_cancel,
    confirm_register,
    plain_book,
    plain_move,
    plain_cancel,
    plain_register,
    booked(visit, reference),
    moved(visit, reference),
    moved_double(visit, reference),
    cancelled(visit),
    not_booked,
    not_moved,
    not_cancelled,
    not_registered,
    late_booked(visit, reference),
    anything_else,
    welcome_back,
    in_specialty(specialty),
    read_back_wait(visit, name),
    read_back_leave(visit, name),
    confirm_wait,
    confirm_leave,
    or_waitlist,
    waitlisted(wish),
    waitlisted_again(wish),
    waiting_for(wish),
    became_free,
    not_waiting,
    waitlist_left,
    not_written,
    next_book,
    next_move,
    next_cancel,
    do_next,
    as_a_move,
    new_one_first,
    taken_meanwhile,
    no_answer_now,
    what_else,
    your_appointments(visits),
    pick_appointment(visits),
    no_appointments,
    no_such_appointment,
    another_or_move,
    when_instead,
    read_back_message(words),
    read_back_message_of(words, name),
    message_reach(phone),
    message_reach_known,
    confirm_message,
    message_intro(subject),
    message_intro_plain,
    ask_message,
    ask_message_again,
    ask_call_when,
    message_by_phone,
    message_taken,
    message_dropped,
    sorry_to_hear,
    too_late,
    refused,
    answer(text, source),
    no_answer,
    our_address(address),
    our_phone(phone),
    open_on(date, hours),
    closed_on(date),
    open_hours(hours),
    from_to(from, to),
    day_to_day(from, to),
    days_hours(days, hours),
    fees(fees),
    fee_of(fee, currency, doctor),
    doctor_for(doctor, specialty),
    speaks(doctor, languages),
    source_hours,
    source_address,
    source_fees,
    source_doctors,
    source_document(title),
    source_number(number),
    source_record,
    record_allergies(text),
    record_insurance(text),
    record_history(text),
    record_booked(date, year, time, doctor, specialty),
    record_done(date, year, time, doctor, specialty),
    record_cancelled(date, year, time, doctor, specialty),
    record_missed(date, year, time, doctor, specialty),
    other_patient,
    machine(clinic),
    here,
    wrong_number(clinic),
    reached(clinic),
    chatter,
    no_problem,
    why_asked,
    welcome,
    it_is_now(date, time),
    sorry_anger,
    booked_again(visit, reference),
    what_i_do(clinic),
    again,
    as_i_said,
    waiting_again,
    small_talk,
    not_understood,
    say_it_simply,
    not_heard,
    not_heard_again,
    silent_end,
    waiting,
    apology_retry,
    still_trying,
    model_failed,
    one_moment,
    transfer_failed,
    ask_callback_phone,
    confirm_phone(phone),
    cannot_call_back,
    cannot_call_back_but(phone),
    transfer,
    callback_noted,
    callback_noted_at(phone),
    callback_failed,
    not_identified_end,
    misunderstood_end,
    too_long_end,
    goodbye,
    emergency(number),
    emergency_again(number),
    emergency_ask(),
    emergency_not(),
    emergency_resume(number),
    emergency_handover(number),
    emergency_number(number),
    handed_back,
    identify_again,
    brief,
    recovered,
    failed_end,
    busy_wait,
    busy_end,
    stopping_end,
    cut_end,
    not_served_end,
}

/// A clinic's own wording cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// There is no phrase of this name.
    #[error("there is no phrase {0:?}; its names are in the language's phrases.toml")]
    Unknown(String),
    /// It holds a placeholder that nothing fills.
    #[error(
        "the phrase {phrase:?} cannot use {{{placeholder}}}; use only what the language's own phrase may use"
    )]
    Placeholder {
        /// The phrase.
        phrase: String,
        /// The placeholder, without braces.
        placeholder: String,
    },
}

/// How dates, times, names and lists are shown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Format {
    /// For strftime; `{half}` is filled with the half of the day.
    pub(super) time: String,
    /// Before and after noon.
    #[serde(deserialize_with = "exactly")]
    pub(super) halves: [String; 2],
    pub(super) date: String,
    pub(super) birth_date: String,
    pub(super) doctor: String,
    /// Between the items of a list.
    pub(super) comma: String,
    /// Between items that have commas of their own.
    pub(super) semicolon: String,
    pub(super) and: String,
    pub(super) or: String,
    /// January to December.
    #[serde(deserialize_with = "exactly")]
    pub(super) months: [String; 12],
    /// Monday to Sunday.
    #[serde(deserialize_with = "exactly")]
    pub(super) weekdays: [String; 7],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    format: Format,
    currencies: HashMap<String, String>,
    phrases: BTreeMap<String, String>,
}

/// What is shown, apart from whole phrases.
#[derive(Debug)]
pub(super) struct Shown {
    /// Name of the language, in itself.
    pub(super) name: String,
    pub(super) format: Format,
    /// What money is called, by country.
    pub(super) currencies: HashMap<String, String>,
}

/// Reads the file.
pub(super) fn load(bundle: &Bundle<'_>) -> Result<(Phrases, Shown), BundleError> {
    let File { name, format, currencies, phrases } = bundle.toml(FILE)?;
    let bad = |table: &str, name: &str, reason: String| {
        Err(bundle.bad(FILE, &format!("{table}.{name}"), reason))
    };
    let filled = |name: &str| PHRASES.iter().find(|(known, _)| *known == name);
    for (name, text) in &phrases {
        let Some((_, known)) = filled(name) else {
            return bad("phrases", name, "there is no such phrase; remove it".to_owned());
        };
        if let Some(placeholder) = unknown(text, known) {
            return bad("phrases", name, unfilled(placeholder, known));
        }
    }
    if let Some((name, _)) = PHRASES.iter().find(|(name, _)| !phrases.contains_key(*name)) {
        return bad("phrases", name, "it is missing; add it".to_owned());
    }
    if let Err(error) = jiff::fmt::strtime::format(&format.time, jiff::civil::Time::midnight()) {
        return bad("format", "time", error.to_string());
    }
    let formats: [(&str, &str, &[&str]); 4] = [
        ("time", &format.time, &["half"]),
        ("date", &format.date, &["weekday", "month", "day"]),
        ("birth_date", &format.birth_date, &["month", "day", "year"]),
        ("doctor", &format.doctor, &["name"]),
    ];
    for (name, text, known) in formats {
        if let Some(placeholder) = unknown(text, known) {
            return bad("format", name, unfilled(placeholder, known));
        }
    }
    Ok((Phrases::of(phrases), Shown { name, format, currencies }))
}

impl Phrases {
    /// These phrases with some worded anew.
    pub(super) fn with(&self, own: &BTreeMap<String, String>) -> Result<Self, PhraseError> {
        let mut all = self.clone();
        for (name, text) in own {
            let known = PHRASES.iter().find(|(known, _)| known == name).map(|(_, known)| *known);
            let phrase = all.get_mut(name).zip(known);
            let (phrase, known) = phrase.ok_or_else(|| PhraseError::Unknown(name.clone()))?;
            if let Some(bad) = unknown(text, known) {
                let placeholder = bad.to_owned();
                return Err(PhraseError::Placeholder { phrase: name.clone(), placeholder });
            }
            phrase.clone_from(text);
        }
        Ok(all)
    }
}

/// A placeholder of the text that is none of the known ones.
fn unknown<'a>(text: &'a str, known: &[&str]) -> Option<&'a str> {
    placeholders(text).find(|placeholder| !known.contains(placeholder))
}

fn unfilled(placeholder: &str, known: &[&str]) -> String {
    let known: Vec<String> = known.iter().map(|known| format!("{{{known}}}")).collect();
    let known = if known.is_empty() { "no placeholder".to_owned() } else { known.join(" ") };
    format!("{{{placeholder}}} is not filled here; it may use {known}")
}

fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// `text` with `{name}` replaced by its value. Values are not looked into.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        filled.push_str(before);
        let found = after[1..].split_once('}').and_then(|(name, tail)| {
            let value = values.iter().find(|(known, _)| *known == name)?;
            Some((value.1, tail))
        });
        match found {
            Some((value, tail)) => {
                filled.push_str(value);
                rest = tail;
            }
            None => {
                filled.push('{');
                rest = &after[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_filled_in_and_not_looked_into() {
        assert_eq!(fill("{a} and {b}{c}", &[("a", "{b}"), ("b", "2")]), "{b} and 2{c}");
        assert_eq!(fill("open {", &[]), "open {");
    }
}
