//! Times of day as people say them.

use jiff::civil::Time;

use super::days::ends_before;
use super::pattern::{Match, Reader, Slot, find_any, longest_at};
use super::tokens::Tokens;
use crate::dialogue::tools::PartOfDay;
use crate::language::Language;
use crate::language::understand::ClockPhrase;

/// Which times a caller means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TimeMention {
    /// At, or near, this time.
    pub(crate) at: Option<Time>,
    /// Near it is enough.
    pub(crate) around: bool,
    /// Not before.
    pub(crate) not_before: Option<Time>,
    /// Not after.
    pub(crate) not_after: Option<Time>,
    /// Whether morning or afternoon was said; else the hour decides.
    pub(crate) half_said: bool,
}

impl TimeMention {
    fn map(self, change: impl Fn(Time) -> Time) -> Self {
        Self {
            at: self.at.map(&change),
            not_before: self.not_before.map(&change),
            not_after: self.not_after.map(&change),
            ..self
        }
    }

    /// The half of the day by a part of the day that was said elsewhere in the utterance.
    pub(crate) fn in_part(self, part: Option<PartOfDay>) -> Self {
        match part {
            _ if self.half_said => self,
            Some(PartOfDay::Morning) => {
                self.map(|t| if t.hour() > 12 { shifted(t, -12) } else { t })
            }
            Some(PartOfDay::Afternoon | PartOfDay::Evening) => {
                self.map(|t| if t.hour() < 12 { shifted(t, 12) } else { t })
            }
            None => self,
        }
    }
}

fn shifted(time: Time, hours: i8) -> Time {
    Time::new(time.hour() + hours, time.minute(), 0, 0).unwrap_or(time)
}

/// Part of the day that is named; the last one if there are several.
pub(crate) fn part_of_day(tokens: &Tokens, language: &Language) -> Option<PartOfDay> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let parts = &language.parts;
    let at = |start| {
        let is = |list| longest_at(list, reader, start).map_or(0, |m| m.len());
        let found = [
            (is(&parts.morning), PartOfDay::Morning),
            (is(&parts.afternoon), PartOfDay::Afternoon),
            (is(&parts.evening), PartOfDay::Evening),
        ];
        found.into_iter().filter(|(length, _)| *length > 0).max_by_key(|(length, _)| *length)
    };
    let named = |start| {
        let negated = ends_before(&language.words.negated, reader, start).is_some();
        let unwanted = |length| longest_at(&language.words.negated_after, reader, start + length);
        at(start).filter(|(length, _)| !negated && unwanted(*length).is_none())
    };
    (0..tokens.len()).rev().find_map(named).map(|(_, part)| part)
}

struct Clock {
    start: usize,
    end: usize,
    time: Time,
    half_said: bool,
}

/// Takes the times out of `tokens`. With `bare`, a number alone is a time ("ten thirty").
pub(crate) fn take(tokens: &mut Tokens, language: &Language, bare: bool) -> Option<TimeMention> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let words = &language.clock_words;
    let mut at = 0;
    while at < tokens.len() {
        let Some(clock) = clock_at(reader, at, bare) else {
            at += 1;
            continue;
        };
        if ends_before(&language.words.negated, reader, clock.start).is_some()
            && ends_before(&words.before, reader, clock.start).is_none()
            && ends_before(&words.after, reader, clock.start).is_none()
        {
            at = clock.end;
            continue;
        }
        let length = |list| ends_before(list, reader, clock.start).unwrap_or(0);
        let (after, before) = (length(&words.after), length(&words.before));
        let (between, around) = (length(&words.between), length(&words.around));
        let half_said = clock.half_said;
        let mut mention = TimeMention { half_said, ..TimeMention::default() };
        let mut range = clock.start - after.max(before).max(around)..clock.end;
        let second = longest_at(&words.and, reader, clock.end)
            .filter(|_| between > 0)
            .and_then(|and| clock_at(reader, and.end, true));
        if let Some(second) = second {
            let first =
                if second.time < clock.time { shifted(clock.time, -12) } else { clock.time };
            mention.not_before = Some(first);
            mention.not_after = Some(second.time);
            range = clock.start - between..second.end;
        } else if after.max(before).max(around) == 0 {
            mention.at = Some(clock.time);
        } else if after >= before && after >= around {
            mention.not_before = Some(clock.time);
        } else if before >= around {
            mention.not_after = Some(clock.time);
        } else {
            mention.at = Some(clock.time);
            mention.around = true;
        }
        tokens.take(range);
        return Some(mention);
    }
    None
}

fn clock_at(reader: Reader<'_>, at: usize, bare: bool) -> Option<Clock> {
    let language = reader.language;
    let words = &language.clock_words;
    let mut best: Option<(&ClockPhrase, Match)> = None;
    for phrase in &language.clock {
        if let Some(found) = longest_at(&phrase.say, reader, at)
            && best.as_ref().is_none_or(|(_, best)| found.len() > best.len())
        {
            best = Some((phrase, found));
        }
    }
    let (phrase, found) = best?;
    let am = longest_at(&words.am, reader, found.end);
    let pm = longest_at(&words.pm, reader, found.end);
    if phrase.bare {
        let prefixed = [&words.at, &words.around, &words.after, &words.before, &words.between]
            .into_iter()
            .any(|list| ends_before(list, reader, found.start).is_some());
        let hour_alone = found.len() == 1 && found.slot(Slot::Hour) == Some(1);
        let marked = prefixed || am.is_some() || pm.is_some() || (bare && !hour_alone);
        let other = longest_at(&words.not_hours, reader, found.end).is_some()
            || language.month(reader.tokens.text(found.end)).is_some()
            || (found.start > 0 && language.month(reader.tokens.text(found.start - 1)).is_some());
        if !marked || other {
            return None;
        }
    }
    let (minutes, fixed) = match (phrase.fixed, found.slot(Slot::HourMinute)) {
        (Some(minutes), _) => (minutes, true),
        (None, Some(minutes)) => (minutes, false),
        (None, None) => {
            let minute = found.slot(Slot::Minute).unwrap_or_default();
            (found.slot(Slot::Hour)? * 60 + minute + phrase.add, false)
        }
    };
    let end = am.as_ref().or(pm.as_ref()).map_or(found.end, |suffix| suffix.end);
    let noon = 12 * 60;
    let minutes = minutes.rem_euclid(24 * 60);
    let minutes = match minutes {
        _ if fixed => minutes,
        m if am.is_some() && m >= noon && m < noon + 60 => m - noon,
        m if pm.is_some() && m < noon => m + noon,
        // Clinics open by day: one to six is after noon when nothing else is said.
        m if am.is_none() && pm.is_none() && (60..7 * 60).contains(&m) => m + noon,
        m => m,
    };
    let time =
        Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()?;
    let half_said = fixed || am.is_some() || pm.is_some() || time.hour() > 18;
    Some(Clock { start: found.start, end, time, half_said })
}

/// Whether the caller wants something later or earlier than what was offered.
pub(crate) fn is_later(tokens: &Tokens, language: &Language) -> bool {
    let reader = Reader { tokens, language, latest_year: 0 };
    find_any(&language.words.later, reader).is_some()
}

/// See [`is_later`].
pub(crate) fn is_earlier(tokens: &Tokens, language: &Language) -> bool {
    let reader = Reader { tokens, language, latest_year: 0 };
    find_any(&language.words.earlier, reader).is_some()
}
