//! Which slot an agent's sentence offers first, told from the words as a patient would tell it.
//!
//! The runner shares no state with the agent, so that somebody else can take the offered slot only
//! by understanding the offer: a time, the date and the doctor that go with it, among the slots
//! that are free.

use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Weekday};
use regex::Regex;

/// A free slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FreeSlot {
    /// The doctor's name.
    pub doctor: String,
    /// Local start.
    pub start: DateTime,
}

/// Mentions of a date that stand so close together, in bytes, that they are one: "Sunday, June 14".
const ONE_DATE: usize = 8;

static TIMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:(\d{1,2})(?:[:.](\d{2}))?\s*(a\.?m\b|p\.?m\b|o'?clock)|(\d{1,2}):(\d{2})\b|(noon)\b)",
    )
    .ok()
});

static DATES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let months = "january|february|march|april|may|june|july|august|september|october|november|\
                  december";
    let days = "monday|tuesday|wednesday|thursday|friday|saturday|sunday";
    Regex::new(&format!(
        r"(?i)\b(?:(?P<m1>{months})\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m2>{months})|(?P<w>{days})|(?P<rel>today|tomorrow))\b"
    ))
    .ok()
});

/// A time of day as mentioned; `either` half of the day where the words do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Time {
    at: usize,
    minutes: u32,
    either: bool,
}

impl Time {
    fn fits(self, start: DateTime) -> bool {
        let minutes =
            u32::from(start.hour().unsigned_abs()) * 60 + u32::from(start.minute().unsigned_abs());
        minutes == self.minutes || (self.either && minutes == (self.minutes + 720) % 1440)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    MonthDay(i8, i8),
    Weekday(Weekday),
    On(Date),
}

/// A date as mentioned, with everything that is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mention {
    start: usize,
    end: usize,
    said: Vec<Said>,
}

impl Mention {
    fn fits(&self, date: Date) -> bool {
        self.said.iter().all(|said| match *said {
            Said::MonthDay(month, day) => date.month() == month && date.day() == day,
            Said::Weekday(weekday) => date.weekday() == weekday,
            Said::On(on) => date == on,
        })
    }
}

/// The index among `slots` (soonest first) of the one that `text` offers first; `None` if no slot
/// fits any time that is mentioned.
#[must_use]
pub(crate) fn first_offered(text: &str, slots: &[FreeSlot], today: Date) -> Option<usize> {
    let times = times(text);
    let dates = dates(text, today);
    let doctors = doctors(text, slots);
    times.iter().enumerate().find_map(|(number, time)| {
        let next = times.get(number + 1).map_or(text.len(), |next| next.at);
        let date = governing(&dates, time.at, next, |mention| mention.start);
        // "at nine with Dr. Hassan, at ten with Dr. Mansour": the name that follows goes first.
        let doctor = doctors
            .iter()
            .find(|(at, _)| (time.at..next).contains(at))
            .or_else(|| doctors.iter().rev().find(|(at, _)| *at < time.at))
            .or_else(|| doctors.first());
        slots.iter().position(|slot| {
            time.fits(slot.start)
                && date.is_none_or(|date| date.fits(slot.start.date()))
                && doctor.is_none_or(|(_, name)| slot.doctor.to_lowercase().contains(name))
        })
    })
}

/// The mention before `at`, else the one that follows before `next`.
fn governing<T>(mentions: &[T], at: usize, next: usize, start: impl Fn(&T) -> usize) -> Option<&T> {
    mentions
        .iter()
        .rev()
        .find(|mention| start(mention) < at)
        .or_else(|| mentions.iter().find(|mention| (at..next).contains(&start(mention))))
}

fn times(text: &str) -> Vec<Time> {
    let Some(regex) = TIMES.as_ref() else { return Vec::new() };
    let number = |captures: &regex::Captures<'_>, group| -> Option<u32> {
        captures.get(group)?.as_str().parse().ok()
    };
    let found = regex.captures_iter(text).filter_map(|captures| {
        let at = captures.get(0)?.start();
        if captures.get(6).is_some() {
            return Some(Time { at, minutes: 720, either: false });
        }
        let hour = number(&captures, 1).or_else(|| number(&captures, 4))?;
        let minute = number(&captures, 2).or_else(|| number(&captures, 5)).unwrap_or(0);
        if hour > 23 || minute > 59 {
            return None;
        }
        let half = captures.get(3).map(|half| half.as_str().to_lowercase());
        let (hour, either) = match half.as_deref().map(|half| half.as_bytes()[0]) {
            Some(b'a') => (hour % 12, false),
            Some(b'p') => (hour % 12 + 12, false),
            _ => (hour, (1..=12).contains(&hour)),
        };
        Some(Time { at, minutes: hour * 60 + minute, either })
    });
    found.collect()
}

fn dates(text: &str, today: Date) -> Vec<Mention> {
    let Some(regex) = DATES.as_ref() else { return Vec::new() };
    let mut mentions: Vec<Mention> = Vec::new();
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        let Some(said) = said(&captures, today) else { continue };
        match mentions.last_mut() {
            Some(last) if whole.start() - last.end <= ONE_DATE => {
                last.end = whole.end();
                last.said.push(said);
            }
            _ => {
                let (start, end) = (whole.start(), whole.end());
                mentions.push(Mention { start, end, said: vec![said] });
            }
        }
    }
    mentions
}

fn said(captures: &regex::Captures<'_>, today: Date) -> Option<Said> {
    let group = |name| captures.name(name).map(|found| found.as_str().to_lowercase());
    if let Some(relative) = group("rel") {
        let days = i64::from(relative == "tomorrow");
        return Some(Said::On(today.saturating_add(days.days())));
    }
    if let Some(weekday) = group("w") {
        let weekday = match &weekday[..3] {
            "mon" => Weekday::Monday,
            "tue" => Weekday::Tuesday,
            "wed" => Weekday::Wednesday,
            "thu" => Weekday::Thursday,
            "fri" => Weekday::Friday,
            "sat" => Weekday::Saturday,
            _ => Weekday::Sunday,
        };
        return Some(Said::Weekday(weekday));
    }
    let month = group("m1").or_else(|| group("m2"))?;
    let day = group("d1").or_else(|| group("d2"))?.parse().ok()?;
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = MONTHS.iter().position(|known| month.starts_with(known))? + 1;
    Some(Said::MonthDay(i8::try_from(month).ok()?, day))
}

/// Doctors' last names where they are mentioned, in order.
fn doctors(text: &str, slots: &[FreeSlot]) -> Vec<(usize, String)> {
    let text = text.to_lowercase();
    let mut names: Vec<String> = slots
        .iter()
        .filter_map(|slot| slot.doctor.split_whitespace().last().map(str::to_lowercase))
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut mentions: Vec<(usize, String)> = names
        .into_iter()
        .flat_map(|name| {
            let at: Vec<usize> = text.match_indices(&name).map(|(at, _)| at).collect();
            at.into_iter().map(move |at| (at, name.clone()))
        })
        .collect();
    mentions.sort_unstable();
    mentions
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, datetime};

    use super::*;

    fn slot(doctor: &str, start: DateTime) -> FreeSlot {
        FreeSlot { doctor: doctor.to_owned(), start }
    }

    fn slots() -> Vec<FreeSlot> {
        vec![
            slot("David Mansour", datetime(2026, 6, 10, 13, 0, 0, 0)),
            slot("David Mansour", datetime(2026, 6, 11, 9, 0, 0, 0)),
            slot("David Mansour", datetime(2026, 6, 11, 9, 25, 0, 0)),
            slot("Samira Hassan", datetime(2026, 6, 14, 9, 0, 0, 0)),
            slot("Laila Farouk", datetime(2026, 6, 14, 13, 0, 0, 0)),
            slot("Samira Hassan", datetime(2026, 6, 16, 9, 0, 0, 0)),
        ]
    }

    #[test]
    fn the_slot_is_found_by_time_date_and_doctor_however_they_are_put() {
        let cases = [
            (
                "I can offer Thursday, June 11, at 9:00 AM, 9:25 AM or 9:50 AM with Dr. David \
              Mansour. Which one?",
                1,
            ),
            ("Dr. Hassan has Sunday, June 14 at 9 am and Tuesday, June 16 at 9 am.", 3),
            ("At 9:25 AM with Dr. Mansour tomorrow, or at 9:00 AM with Dr. Hassan on Sunday?", 2),
            ("Tomorrow at 9:00 or 9:25. Which time suits you?", 1),
            ("We have 1:00 PM with Dr. Farouk on June 14th.", 4),
            ("today, 1 p.m. with Dr. Mansour?", 0),
            ("The 16th of June, Tuesday, at nine: 9 o'clock with Dr. Samira Hassan", 5),
            ("We are open from 8:30. Next is Tuesday June 16 at 9:00 AM, Dr. Hassan.", 5),
        ];
        for (text, expected) in cases {
            assert_eq!(first_offered(text, &slots(), date(2026, 6, 10)), Some(expected), "{text}");
        }
    }

    #[test]
    fn nothing_is_found_where_no_free_slot_is_offered() {
        for text in ["How can I help you?", "At 9:50 PM.", "99:99 on June 14", "Dr. Hassan"] {
            assert_eq!(first_offered(text, &slots(), date(2026, 6, 10)), None, "{text}");
        }
    }
}
