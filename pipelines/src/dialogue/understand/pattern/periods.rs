//! Lengths of time and months, as a pattern takes them.

use super::{Match, Reader, Slot, longest_at};
use crate::language::understand::Unit;

/// Months by name are their number; those that are counted from this one come above.
const COUNTED: i64 = 100;

/// How far the units of a length lie apart.
const UNIT: i64 = 1_000_000;

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dialogue::understand) enum Length {
    Minutes(i64),
    Days(i64),
    Months(i64),
}

/// A month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dialogue::understand) enum Month {
    /// By its number: January is 1.
    Named(i64),
    /// So many months ahead.
    Ahead(i64),
}

/// What the slots can take at a place, as (value, words).
pub(super) fn values(slot: Slot, reader: Reader<'_>, at: usize) -> Vec<(i64, usize)> {
    let language = reader.language;
    if slot == Slot::Length {
        let found = language.time_lengths.iter().filter_map(|length| {
            let found = longest_at(&length.say, reader, at)?;
            let n = found.slot(Slot::Number).unwrap_or(1) * length.n;
            let unit = match length.unit {
                Unit::Minutes => 0,
                Unit::Days => 1,
                Unit::Months => 2,
            };
            (n < UNIT).then_some((unit * UNIT + n, found.len()))
        });
        return found.collect();
    }
    let named = language.month(reader.tokens.text(at)).and_then(|month| i64::try_from(month).ok());
    let counted = language.periods.iter().filter_map(|period| {
        Some((COUNTED + period.n, longest_at(&period.say, reader, at)?.len()))
    });
    named.map(|month| (month, 1)).into_iter().chain(counted).collect()
}

impl Match {
    /// The length of time that it names.
    pub(in crate::dialogue::understand) fn length(&self) -> Option<Length> {
        let value = self.slot(Slot::Length)?;
        let n = value % UNIT;
        Some(match value / UNIT {
            0 => Length::Minutes(n),
            1 => Length::Days(n),
            _ => Length::Months(n),
        })
    }

    /// The month that it names.
    pub(in crate::dialogue::understand) fn month(&self) -> Option<Month> {
        if let Some(month) = self.slot(Slot::Month) {
            return Some(Month::Named(month));
        }
        let value = self.slot(Slot::Period)?;
        Some(if value < COUNTED { Month::Named(value) } else { Month::Ahead(value - COUNTED) })
    }
}
