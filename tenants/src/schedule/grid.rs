//! Which instants a shift gives on a day: pure, no database.
//!
//! A shift is wall-clock time in the clinic's zone. On the day when an hour is missing, the slots
//! that would begin in it do not exist; on the day when an hour comes twice, each wall-clock start
//! is offered once, the first time it comes, because "half past one" must mean one instant when it
//! is spoken. PostgreSQL would quietly move the first and take the second of the latter, so the
//! mapping is done here.

use frontdesk_types::{DoctorId, TemplateId};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::{Error, Result};

/// One template: on this weekday the doctor works this shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The template's id.
    pub template: TemplateId,
    /// The doctor.
    pub doctor: DoctorId,
    /// The day on which it begins.
    pub weekday: Weekday,
    /// Local start.
    pub from: Time,
    /// Local end; not after `from` means on the next day.
    pub until: Time,
    /// Length of a visit in minutes.
    pub slot_minutes: i32,
    /// Pause after each visit in minutes.
    pub buffer_minutes: i32,
    /// `in_person` or `teleconsultation`.
    pub visit_type: String,
}

/// A slot that should exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridSlot {
    /// The template that it comes from.
    pub template: TemplateId,
    /// The doctor.
    pub doctor: DoctorId,
    /// Start.
    pub starts_at: Timestamp,
    /// End, without the buffer.
    pub ends_at: Timestamp,
    /// End of the buffer.
    pub blocked_until: Timestamp,
    /// `in_person` or `teleconsultation`.
    pub visit_type: String,
}

/// The slots of a range of days, by doctor and start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grid {
    /// The slots.
    pub slots: Vec<GridSlot>,
    /// Starts that the clocks skip.
    pub missing: usize,
    /// Starts that come twice and were taken the first time.
    pub doubled: usize,
    /// Slots left out because they would overlap one before them (two shifts that overlap, or a
    /// visit that runs across the change of the clocks).
    pub overlapping: usize,
}

/// All slots of `shifts` that begin on the local days `from..=until` in `zone`.
///
/// # Errors
/// If a date is out of range, or a shift's lengths are not positive.
pub fn grid(zone: &TimeZone, shifts: &[Shift], from: Date, until: Date) -> Result<Grid> {
    let mut grid = Grid::default();
    let mut day = from;
    while day <= until {
        for shift in shifts.iter().filter(|shift| shift.weekday == day.weekday()) {
            add_day(zone, shift, day, &mut grid)?;
        }
        day = day.tomorrow().map_err(out_of_range)?;
    }
    grid.slots.sort_by_key(|slot| (slot.doctor, slot.starts_at, slot.blocked_until));
    let mut kept: Vec<GridSlot> = Vec::with_capacity(grid.slots.len());
    for slot in grid.slots.drain(..) {
        match kept.last() {
            Some(last) if last.doctor == slot.doctor && slot.starts_at < last.blocked_until => {
                grid.overlapping += 1;
            }
            _ => kept.push(slot),
        }
    }
    grid.slots = kept;
    Ok(grid)
}

fn add_day(zone: &TimeZone, shift: &Shift, day: Date, grid: &mut Grid) -> Result<()> {
    if shift.slot_minutes <= 0 || shift.buffer_minutes < 0 {
        return Err(Error::Invalid("a slot needs a positive length".to_owned()));
    }
    let end_day = if shift.until <= shift.from { day.tomorrow() } else { Ok(day) };
    let end = end_day.map_err(out_of_range)?.to_datetime(shift.until);
    let length = i64::from(shift.slot_minutes);
    let step = length + i64::from(shift.buffer_minutes);
    let mut local = day.to_datetime(shift.from);
    // The last visit ends within the shift; its buffer may run over.
    while local.checked_add(length.minutes()).map_err(out_of_range)? <= end {
        let ambiguous = zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => grid.missing += 1,
            offset => {
                if matches!(offset, AmbiguousOffset::Fold { .. }) {
                    grid.doubled += 1;
                }
                let starts_at = ambiguous.earlier().map_err(out_of_range)?;
                let after = |minutes: i64| {
                    starts_at.checked_add(SignedDuration::from_mins(minutes)).map_err(out_of_range)
                };
                grid.slots.push(GridSlot {
                    template: shift.template,
                    doctor: shift.doctor,
                    starts_at,
                    ends_at: after(length)?,
                    blocked_until: after(step)?,
                    visit_type: shift.visit_type.clone(),
                });
            }
        }
        local = local.checked_add(step.minutes()).map_err(out_of_range)?;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err wants")]
fn out_of_range(error: jiff::Error) -> Error {
    Error::Invalid(format!("a date is out of range: {error}"))
}

#[cfg(test)]
mod tests {
    use frontdesk_types::{IdSource as _, SeededIds, time_zone};
    use jiff::civil::{date, time};

    use super::*;

    fn night(weekday: Weekday, minutes: i32, buffer: i32) -> Shift {
        Shift {
            template: TemplateId::from_uuid(uuid::Uuid::nil()),
            doctor: DoctorId::from_uuid(SeededIds::new(1).uuid()),
            weekday,
            from: time(0, 0, 0, 0),
            until: time(5, 0, 0, 0),
            slot_minutes: minutes,
            buffer_minutes: buffer,
            visit_type: "in_person".to_owned(),
        }
    }

    fn starts(zone: &str, day: Date, shift: &Shift) -> (Vec<String>, Grid) {
        let zone = time_zone(zone).expect("zone");
        let grid = grid(&zone, std::slice::from_ref(shift), day, day).expect("grid");
        let starts = grid
            .slots
            .iter()
            .map(|s| s.starts_at.to_zoned(zone.clone()).strftime("%H:%M%:z").to_string())
            .collect();
        (starts, grid)
    }

    #[test]
    fn a_missing_hour_has_no_slots_and_a_doubled_one_has_them_once() {
        // New York: 02:00 to 03:00 is missing on 8 March, 01:00 to 02:00 doubled on 1 November.
        let sunday = night(Weekday::Sunday, 30, 0);
        let (spring, grid) = starts("America/New_York", date(2026, 3, 8), &sunday);
        assert_eq!(grid.missing, 2);
        assert_eq!(spring.len(), 8);
        assert_eq!(spring[3..5], ["01:30-05:00", "03:00-04:00"]);
        let (autumn, grid) = starts("America/New_York", date(2026, 11, 1), &sunday);
        assert_eq!((grid.doubled, grid.missing), (2, 0));
        assert_eq!(autumn.len(), 10);
        assert_eq!(autumn[2..5], ["01:00-04:00", "01:30-04:00", "02:00-05:00"]);

        // Cairo: Friday 24 April loses 00:00 to 01:00, Friday 30 October doubles Thursday's
        // 23:00 to 24:00, which a night shift that begins on Thursday meets.
        let friday = night(Weekday::Friday, 20, 5);
        let (spring, grid) = starts("Africa/Cairo", date(2026, 4, 24), &friday);
        assert_eq!(grid.missing, 3);
        assert!(spring[0].starts_with("01:"), "{spring:?}");
        let thursday = Shift { weekday: Weekday::Thursday, from: time(22, 0, 0, 0), ..friday };
        let (autumn, grid) = starts("Africa/Cairo", date(2026, 10, 29), &thursday);
        assert!(grid.doubled > 0, "{autumn:?}");
        assert_eq!(autumn.iter().filter(|s| s.starts_with("23:")).count(), grid.doubled);

        // Lord Howe: half an hour. 02:00 to 02:30 is missing on 4 October, 01:30 to 02:00 doubled
        // on 5 April.
        let sunday = night(Weekday::Sunday, 15, 0);
        let (spring, grid) = starts("Australia/Lord_Howe", date(2026, 10, 4), &sunday);
        assert_eq!(grid.missing, 2);
        assert_eq!(spring[7..9], ["01:45+10:30", "02:30+11:00"]);
        let (autumn, grid) = starts("Australia/Lord_Howe", date(2026, 4, 5), &sunday);
        assert_eq!(grid.doubled, 2);
        assert_eq!(autumn[6..9], ["01:30+11:00", "01:45+11:00", "02:00+10:30"]);
    }

    #[test]
    fn slots_of_one_doctor_never_overlap_whatever_the_clocks_and_shifts_do() {
        for (zone, day) in [
            ("America/New_York", date(2026, 3, 8)),
            ("America/New_York", date(2026, 11, 1)),
            ("Australia/Lord_Howe", date(2026, 10, 4)),
            ("Australia/Lord_Howe", date(2026, 4, 5)),
        ] {
            for (minutes, buffer) in [(20, 5), (45, 15), (50, 0), (7, 1)] {
                let shift = night(Weekday::Sunday, minutes, buffer);
                let second = Shift { from: time(1, 10, 0, 0), ..shift.clone() };
                let zone = time_zone(zone).expect("zone");
                let grid = grid(&zone, &[shift, second], day, day).expect("grid");
                assert!(grid.overlapping > 0);
                for pair in grid.slots.windows(2) {
                    assert!(pair[0].blocked_until <= pair[1].starts_at, "{pair:?}");
                }
            }
        }
    }
}
