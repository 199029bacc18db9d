//! A calendar for tests, from the rules for leap years and nothing else.

/// Days since March 1, year 0, by the rules for leap years.
pub(super) fn number(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap + (153 * month + 2) / 5 + day - 1
}

/// Monday is 0: March 1 of the year 2000 was a Wednesday.
pub(super) fn weekday(year: i64, month: i64, day: i64) -> i64 {
    (number(year, month, day) - number(2000, 3, 1) + 2).rem_euclid(7)
}

pub(super) fn length(year: i64, month: i64) -> i64 {
    let next = if month == 12 { number(year + 1, 1, 1) } else { number(year, month + 1, 1) };
    next - number(year, month, 1)
}
