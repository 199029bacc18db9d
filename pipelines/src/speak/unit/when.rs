//! Dates and times in what is spoken.

use super::super::number::{clock, small, year};
use super::{Read, Reader};
use crate::language::speech::{DayHalf, DayPart};

impl Reader<'_> {
    /// "Sunday, June 14", "14 June 2026", "March 12, 1984", "June 2026", "2026-06-14".
    pub(super) fn date(&self) -> Option<Read> {
        if let Some(spoken) = self.iso_date() {
            return Some(Read::new(1, spoken));
        }
        let mut at = 0;
        let mut spoken = String::new();
        if let Some(day) = self.rules.weekday(self.core(0))
            && self.token(0)?.tail.trim_matches('.').trim_matches(',').is_empty()
        {
            spoken = format!("{day}, ");
            at = 1;
        }
        let day_of = |ahead: usize| {
            let core = self.core(ahead);
            let endings = &self.rules.ordinal_endings;
            let bare = endings.iter().find_map(|end| core.strip_suffix(end.as_str()));
            let bare = bare.unwrap_or(core);
            small(bare, 2).filter(|day| (1..=31).contains(day)).map(|day| day as u8)
        };
        let open = |ahead: usize, also: &[&str]| {
            self.token(ahead).is_some_and(|t| t.is_open() || also.contains(&t.tail))
        };
        // "14." is "14th" in some languages: a full stop makes an ordinal.
        let stop = self.rules.ordinal_endings.iter().any(|ending| ending == ".");
        let ordinal_stop: &[&str] = if stop { &["."] } else { &[] };
        let year_at = |ahead: usize| year(self.core(ahead));
        let month = |ahead: usize| self.rules.month(self.core(ahead));
        let (month, day, last) = match (month(at), month(at + 1)) {
            (Some(month), _) if open(at, &["."]) => match day_of(at + 1) {
                Some(day) => (month, day, at + 1),
                None => {
                    // "June 2026"
                    let in_year = year_at(at + 1).filter(|_| at == 0)?;
                    let name = self.rules.month_name(month);
                    let spoken = format!("{name} {}", self.rules.numbers.year(in_year));
                    return Some(Read::new(2, spoken));
                }
            },
            (_, Some(month)) if open(at, ordinal_stop) => (month, day_of(at)?, at + 1),
            _ => return None,
        };
        let in_year = year_at(last + 1).filter(|_| open(last, &[",", "."]));
        spoken += &self.rules.numbers.date(self.rules, month, day, in_year);
        Some(Read::new(last + 1 + usize::from(in_year.is_some()), spoken))
    }

    fn iso_date(&self) -> Option<String> {
        let mut parts = self.core(0).split('-');
        let (in_year, month, day) = (year(parts.next()?)?, parts.next()?, parts.next()?);
        let (month, day) = (small(month, 2)? as u8, small(day, 2)? as u8);
        let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && parts.next().is_none();
        valid.then(|| self.rules.numbers.date(self.rules, month, day, Some(in_year)))
    }

    /// "9:30 AM", "9:30am", "9 a.m.", "14:00", "9:30".
    pub(super) fn time(&self) -> Option<Read> {
        let core = self.core(0);
        let split = core.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(core.len());
        let (figures, glued_half) = core.split_at(split);
        let (hour, minute) = match clock(figures) {
            Some(time) => time,
            None => (small(figures, 2)? as u8, 0),
        };
        let alone = glued_half.is_empty();
        let half_of_day = |text: &str| self.rules.half_of_day(text);
        let (half, taken) = match () {
            () if !alone => (Some(half_of_day(glued_half)?), 1),
            () if self.token(0)?.is_open() => match half_of_day(self.core(1)) {
                Some(half) => (Some(half), 2),
                None => (None, 1),
            },
            () => (None, 1),
        };
        let own_stop = half.is_some();
        let next = self.core(taken).to_lowercase();
        let told = self.rules.tell_day_part.contains(&next);
        let (hour, half) = match half {
            Some(_) if !(1..=12).contains(&hour) => return None,
            Some(afternoon) => {
                let hour = hour % 12 + if afternoon { 12 } else { 0 };
                (hour, DayHalf::Part(DayPart::of_hour(hour)))
            }
            // A bare number is not a time.
            None if !figures.contains(':') => return None,
            // The clock of 24 hours, if it cannot be the other.
            None if hour == 0 || hour > 12 || figures.starts_with('0') => {
                let told = told && self.token(0)?.is_open();
                let part = DayHalf::Part(DayPart::of_hour(hour));
                (hour, if told { DayHalf::Behind } else { part })
            }
            None => (hour, if told { DayHalf::Behind } else { DayHalf::Untold }),
        };
        let spoken = self.rules.numbers.time(self.rules, hour, minute, half);
        Some(Read { taken, spoken, own_stop, glued: false })
    }
}
