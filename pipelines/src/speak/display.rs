//! Dates and times as they are shown in a transcript.

use jiff::civil::{Date, Time};

/// "Sunday, June 14".
#[must_use]
pub fn display_date(date: Date) -> String {
    date.strftime("%A, %B %-d").to_string()
}

/// "9:00 AM".
#[must_use]
pub fn display_time(time: Time) -> String {
    time.strftime("%-I:%M %p").to_string()
}
