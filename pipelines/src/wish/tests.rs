use jiff::civil::{Date, date, datetime, time};
use proptest::prelude::*;

use super::*;

fn may(day: i8) -> Date {
    date(2027, 5, day)
}

fn at(hour: i8) -> Clock {
    Clock::at(time(hour, 0, 0, 0))
}

#[test]
fn a_start_fits_one_window_and_none_that_is_ruled_out() {
    let morning = Clock::span(None, Some(time(12, 0, 0, 0)));
    let mut when = When::on(Days::span(Some(may(3)), Some(may(7))));
    when.none.push(Window { clock: morning, ..Window::default() });
    assert!(when.fits(datetime(2027, 5, 4, 12, 0, 0, 0)));
    assert!(!when.fits(datetime(2027, 5, 4, 11, 59, 0, 0)));
    assert!(!when.fits(datetime(2027, 5, 8, 15, 0, 0, 0)));
}

#[test]
fn what_is_said_later_replaces_its_kind_and_keeps_the_rest() {
    let mut when = When::within(Window { days: Days::day(may(3)), clock: at(9) });
    when.add(&When::on(Days::day(may(4))));
    assert_eq!(when.any, [Window { days: Days::day(may(4)), clock: at(9) }]);
    when.add(&When::within(Window { days: Days::default(), clock: at(15) }));
    assert_eq!(when.any, [Window { days: Days::day(may(4)), clock: at(15) }]);
    let not_fourth = Window { days: Days::day(may(4)), clock: Clock::default() };
    when.add(&When { none: vec![not_fourth], ..When::default() });
    assert_eq!(when.any, [Window { days: Days::default(), clock: at(15) }], "the 4th is let go");
    assert!(!when.fits(datetime(2027, 5, 4, 15, 0, 0, 0)));
    when.add(&When::on(Days::day(may(4))));
    assert!(when.fits(datetime(2027, 5, 4, 15, 0, 0, 0)), "asked for again");
}

#[test]
fn a_wish_is_stored_and_read_back() {
    let mut when = When::within(Window {
        days: Days::weekday(jiff::civil::Weekday::Monday),
        clock: Clock::around(time(10, 0, 0, 0)),
    });
    when.order = Order::LastOfDay;
    let text = serde_json::to_string(&when).expect("serializes");
    assert!(text.contains("\"mon\""), "{text}");
    assert_eq!(serde_json::from_str::<When>(&text).expect("reads"), when);
    assert!(serde_json::from_str::<Weekdays>("[\"moonday\"]").is_err());
}

proptest! {
    #[test]
    fn a_day_is_away_by_the_days_to_the_nearest_that_is_wanted(
        from in 1..20_i8, length in 0..9_i8, weekday in 0..7_i8, day in 1..31_i8, any in any::<bool>(),
    ) {
        let weekday = jiff::civil::Weekday::from_monday_zero_offset(weekday).expect("in range");
        let span = Days::span(Some(may(from)), Some(may(from + length)));
        let days = if any { Days::weekday(weekday) } else { span };
        let all = (-40..80).filter_map(|n: i64| may(1).checked_add(jiff::Span::new().days(n)).ok());
        let away = |other: Date| i64::from((other - may(day)).get_days()).abs();
        let nearest = all.filter(|other| days.has(*other)).map(away).min();
        prop_assert_eq!(Some(days.away(may(day))), nearest);
    }

    #[test]
    fn days_that_both_have_are_in_both(a in 1..28_i8, b in 1..28_i8, c in 1..28_i8, weekday in 0..7_i8) {
        let weekday = jiff::civil::Weekday::from_monday_zero_offset(weekday).expect("in range");
        let (one, two) = (Days::span(Some(may(a)), Some(may(b))), Days::weekday(weekday));
        let both = one.and(&two);
        prop_assert_eq!(both.has(may(c)), one.has(may(c)) && two.has(may(c)));
        let any = (1..32).any(|day| both.has(may(day)));
        prop_assert_eq!(both.is_empty(), !any);
    }
}
