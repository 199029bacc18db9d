//! Times as people wish for them, by kind: each with starts that fit and starts that do not.

use jiff::civil::{DateTime, datetime};

use crate::dialogue::Expectation;
use crate::dialogue::understand::birth::BirthMention;
use crate::dialogue::understand::days::Anchor;
use crate::dialogue::understand::tests::heard_at;

/// Wednesday, November 4, 2026, in the morning.
const NOW: &str = "2026-11-04T07:10:00Z";

/// A sentence, what fits, and what does not.
type Row = (&'static str, &'static str, &'static str);

/// "11-20@14:30"; at ten without a time.
fn start(text: &str) -> DateTime {
    let (date, time) = text.split_once('@').unwrap_or((text, "10:00"));
    let pair = |text: &str, at: char| {
        let (first, second) = text.split_once(at).expect("a pair");
        (first.parse::<i8>().expect("a number"), second.parse::<i8>().expect("a number"))
    };
    let ((month, day), (hour, minute)) = (pair(date, '-'), pair(time, ':'));
    datetime(if month < 11 { 2027 } else { 2026 }, month, day, hour, minute, 0, 0)
}

fn check(rows: &[Row], anchor: Option<Anchor>) {
    for (text, yes, no) in rows {
        let when = heard_at(text, Expectation::Request, "US", NOW, anchor).wish.when;
        assert!(!when.is_empty() || yes.is_empty(), "{text:?} wishes for nothing");
        for at in yes.split_whitespace() {
            assert!(when.fits(start(at)), "{text:?} refuses {at}: {when:?}");
        }
        for at in no.split_whitespace() {
            assert!(!when.fits(start(at)), "{text:?} allows {at}: {when:?}");
        }
    }
}

#[test]
fn days_ranges_bounds_and_clock_times_are_heard_in_many_wordings() {
    check(TIMES, None);
}

#[test]
fn what_counts_from_a_visit_counts_from_it_in_any_unit_and_direction() {
    check(FROM_A_VISIT, Some(Anchor::of(start("11-16"))));
}

#[test]
fn a_date_of_birth_that_is_put_right_in_the_same_breath_is_the_right_one() {
    for (text, year, month, day) in [
        ("the fourth of June, no, wait, the fifth, nineteen ninety", 1990, 6, 5),
        ("11 of April, beg your pardon, of May, 1972", 1972, 5, 11),
        ("the 25th of February, silly me, January, 1950", 1950, 1, 25),
        ("March 12th 1948, hold on, 1984", 1984, 3, 12),
        ("the seventh, oh no, the seventeenth of September 1962", 1962, 9, 17),
        ("17th of September 62, not 63", 1962, 9, 17),
        ("May the 6th, no wait, June the 5th, 1990", 1990, 6, 5),
    ] {
        let heard = heard_at(text, Expectation::DateOfBirth, "US", NOW, None);
        let right = BirthMention::Full(jiff::civil::date(year, month, day));
        assert_eq!(heard.birth, Some(right), "{text:?}");
    }
}

const TIMES: &[Row] = &[
    ("in the last week of this month", "11-25 11-30", "11-20 12-01"),
    ("the first three days of December, please", "12-01 12-03", "12-04 11-30"),
    ("first couple of weeks in December", "12-01 12-12", "11-28 12-18"),
    ("the last fortnight of November", "11-18 11-30", "11-12 12-01"),
    ("the back end of November", "11-26 11-30", "11-10 12-01"),
    ("towards the tail end of the month", "11-27", "11-10 12-01"),
    ("the latter half of December", "12-17 12-30", "12-10 11-20"),
    ("any day in the first two weeks of December", "12-01 12-11", "11-25 12-16"),
    ("early next month", "12-02", "12-20 11-20"),
    ("sometime around the middle of December", "12-15", "12-01 12-28"),
    ("beginning of December if you can", "12-02", "12-20 11-10"),
    ("in about ten days", "11-14", "11-06"),
    ("in ten days' time or so", "11-14", "11-06"),
    ("about three weeks from now", "11-25", "11-10"),
    ("after the middle of December", "12-21", "12-10 11-20"),
    ("before the month is out", "11-20 11-30", "12-02"),
    ("within the next fortnight", "11-10 11-17", "11-25"),
    ("in the coming two weeks", "11-10 11-17", "11-25"),
    ("over the next ten days", "11-10", "11-20"),
    ("in the next ten days or so", "11-10", "11-20"),
    ("some time in the next three weeks", "11-10 11-24", "12-05"),
    ("any time between the tenth and the twentieth of November", "11-10 11-20", "11-09 11-21"),
    ("from the 16th through the 20th of November", "11-16 11-20", "11-15 11-21"),
    ("the week beginning the sixteenth", "11-16 11-20", "11-12 11-24"),
    ("week commencing Monday the 16th", "11-16 11-20", "11-12 11-24"),
    ("the week of the 23rd", "11-23 11-27", "11-19 11-30"),
    ("week after next", "11-16 11-20", "11-12 11-24"),
    ("the week following next week", "11-16", "11-12 11-24"),
    ("a week today", "11-11", "11-04"),
    ("this day week", "11-11", "11-05"),
    ("Friday week", "11-13", "11-06"),
    ("a week on Friday", "11-13", "11-06"),
    ("Friday fortnight", "11-20", "11-06 11-13"),
    ("a fortnight on Friday", "11-20", "11-06 11-13"),
    ("two weeks on Monday", "11-23", "11-09"),
    ("Monday in two weeks", "11-16", "11-09"),
    ("a week from Monday", "11-16", "11-09"),
    ("Monday next", "11-09", "11-16"),
    ("next Monday", "11-09", ""),
    ("the coming Monday", "11-09", "11-16"),
    ("Monday coming", "11-09", "11-16"),
    ("come Monday", "11-09", ""),
    ("the Monday after next", "11-16", ""),
    ("not this Friday, the one after", "11-13", "11-06"),
    ("not this Friday but the Friday after", "11-13", "11-06"),
    ("the Friday after this one", "11-13", "11-06"),
    ("the second Tuesday of December", "12-08", "12-01"),
    ("first Monday in January", "01-04", "12-07"),
    ("the last Friday of the month", "11-27", "11-20"),
    ("the last Friday this month", "11-27", "11-20"),
    ("second Thursday of next month", "12-10", "11-12"),
    ("the third of December", "12-03", ""),
    ("on the 3rd of next month", "12-03", ""),
    ("December the 3rd", "12-03", ""),
    ("Thursday the 12th", "11-12", ""),
    ("the 12th, that's a Thursday", "11-12", ""),
    ("the twelfth or the thirteenth", "11-12 11-13", "11-16"),
    ("either the 12th or the 19th", "11-12 11-19", "11-13"),
    ("the 12th, the 19th or the 26th", "11-12 11-19", "11-13"),
    ("any Tuesday or Thursday", "11-10 11-12", "11-11"),
    ("Tuesdays and Thursdays only", "11-10 11-12", "11-11"),
    ("any weekday except Wednesday", "11-10", "11-11"),
    ("the day after tomorrow", "11-06", ""),
    ("three days from today", "11-07", ""),
    ("tomorrow or the day after", "11-05 11-06", "11-09"),
    ("on the 9th, sorry, the 10th", "11-10", "11-09"),
    ("Monday, no wait, Tuesday", "11-10", "11-09"),
    ("Monday, or rather Tuesday", "11-10", "11-09"),
    ("at ten, no, make it eleven", "11-10@11:00", "11-10@10:00"),
    ("Tuesday at ten, no, Wednesday at ten", "11-11@10:00", "11-10@10:00"),
    ("Tuesday the 10th, oh no, I mean Wednesday the 11th", "11-11", "11-10"),
    ("12 of November, pardon, of December", "12-12", "11-12"),
    ("Thursday, I beg your pardon, Friday", "11-06", "11-05"),
    ("the tenth, excuse me, the eleventh I meant", "11-11", "11-10"),
    ("this Friday, silly me, next Friday", "11-13", "11-06"),
    ("at two, let me see, no, three on Monday", "11-09@15:00", "11-09@14:00"),
    ("Monday morning, no, scrap that, Tuesday afternoon", "11-10@14:00", "11-09@09:00 11-10@09:00"),
    ("on the nineteenth, correction, the twentieth of November", "11-20", "11-19"),
    ("at ten or at eleven on Friday", "11-06@10:00 11-06@11:00", "11-05@10:00"),
    ("nine or half nine tomorrow", "11-05@09:00 11-05@09:30", "11-05@11:00"),
    ("between lunch and three", "11-10@13:00", "11-10@09:00 11-10@15:30"),
    (
        "anywhere between two and four on Monday",
        "11-09@14:00 11-09@15:30",
        "11-09@10:00 11-10@14:00",
    ),
    ("I have to be away by three", "11-10@13:00", "11-10@15:30"),
    ("I must be gone by noon", "11-10@10:00", "11-10@13:00"),
    ("I can't get away until half past four", "11-10@17:00", "11-10@15:00"),
    ("nothing that starts earlier than four", "11-10@16:00", "11-10@15:00"),
    ("I don't finish till three", "11-10@15:30", "11-10@14:00"),
    ("my shift ends at two, any time after that", "11-10@14:30", "11-10@12:00"),
    ("nine onwards", "11-10@09:00", "11-10@08:30"),
    ("from two o'clock on", "11-10@14:00", "11-10@13:00"),
    ("no later than eleven", "11-10@10:30", "11-10@12:00"),
    ("up to midday", "11-10@11:00", "11-10@14:00"),
    ("eleven at the latest", "11-10@10:30", "11-10@12:00"),
    ("not a minute before ten", "11-10@10:00", "11-10@09:30"),
    (
        "any time from ten to twelve on Tuesday",
        "11-10@10:00 11-10@11:30",
        "11-10@09:30 11-10@13:30",
    ),
    ("half ten", "11-10@10:30", "11-10@10:00"),
    ("half past ten", "11-10@10:30", "11-10@10:00"),
    ("a quarter to eleven on Monday", "11-09@10:45", "11-09@11:00"),
    ("quarter of eleven on Monday", "11-09@10:45", ""),
    ("ten of three on Tuesday", "11-10@14:50", ""),
    ("twenty five to four on Tuesday", "11-10@15:35", ""),
    ("five and twenty past nine", "11-10@09:25", ""),
    ("nine fifteen on Monday", "11-09@09:15", "11-09@10:15"),
    ("fifteen thirty on Monday", "11-09@15:30", ""),
    ("15h30 on Monday", "11-09@15:30", ""),
    ("1530 hours Monday", "11-09@15:30", ""),
    ("around ten on Monday", "11-09@10:00 11-09@10:30", "11-09@13:00"),
    ("elevenish", "11-10@11:00", "11-10@14:00"),
    ("about two-ish on Tuesday", "11-10@14:00", "11-10@10:00"),
    ("in the morning before ten", "11-10@09:00", "11-10@10:30 11-10@15:00"),
    ("late morning on Tuesday", "11-10@11:00", "11-10@09:00"),
    ("early afternoon", "11-10@13:00", "11-10@09:00 11-10@16:00"),
    ("after school on a Tuesday", "11-10@15:30", "11-10@10:00 11-11@15:30"),
    ("first thing Monday", "11-09", "11-10"),
    ("first thing on Monday", "11-09", "11-10"),
    ("over my lunch break", "11-10@12:30", "11-10@09:00"),
    ("during my dinner hour, twelve till one", "11-10@12:30", "11-10@09:00"),
    ("morning time only", "11-10@09:00", "11-10@14:00"),
    ("in the evening time", "11-10@17:30", "11-10@10:00"),
    ("today itself, after four", "11-04@16:30", "11-04@10:00 11-05@16:30"),
    ("at noon on the dot, Monday", "11-09@12:00", "11-09@10:00"),
    ("four pm sharp Monday", "11-09@16:00", "11-09@15:00"),
    ("Monday at four in the afternoon", "11-09@16:00", ""),
    ("a morning slot, not too early", "11-10@10:30", "11-10@08:00 11-10@14:00"),
    ("not before ten and not after three", "11-10@11:00", "11-10@09:00 11-10@16:00"),
    ("no earlier than ten, no later than noon", "11-10@11:00", "11-10@09:00 11-10@13:00"),
    ("after ten but before noon", "11-10@11:00", "11-10@09:00 11-10@13:00"),
    ("later than three", "11-10@15:30", "11-10@14:00"),
    ("some time past three", "11-10@15:30", "11-10@14:00"),
    ("any day but Friday", "11-05", "11-06"),
    ("anything but a Monday", "11-10", "11-09"),
    ("Mondays are out", "11-10", "11-09"),
    ("Mondays don't work for me", "11-10", "11-09"),
    ("Mondays are a no go", "11-10", "11-09"),
    ("I can't manage Mondays", "11-10", "11-09"),
    ("Mondays I'm at dialysis", "11-10", "11-09"),
    ("I play golf on Wednesdays", "11-10", "11-11"),
    ("I look after my grandson on Thursdays", "11-10", "11-12"),
    ("Tuesdays I've got choir practice", "11-11", "11-10"),
    ("Wednesday's my bridge day, otherwise I'm free", "11-10", "11-11"),
    ("every day except Tuesday is fine", "11-11", "11-10"),
    ("neither Monday nor Tuesday", "11-11", "11-09 11-10"),
    ("not Monday or Tuesday", "11-11", "11-09 11-10"),
    ("not on the 12th or 13th", "11-11", "11-12 11-13"),
    ("next week but not on the Wednesday", "11-09", "11-11 11-05"),
    ("next week, Wednesday excluded", "11-09", "11-11"),
    ("next week except for Wednesday", "11-09", "11-11"),
    ("I'm away from the 9th to the 13th", "11-16", "11-10"),
    ("I'm away until the 16th", "11-17", "11-10"),
    ("we're on holiday next week", "11-17", "11-10"),
    ("I've got a wedding on Friday, any other day", "11-05", "11-06"),
    ("I've a funeral on the 10th, so any day after", "11-11", "11-10"),
    ("Tuesday is my daughter's graduation so not then", "11-11", "11-10"),
    ("avoid mornings please", "11-10@14:00", "11-10@09:00"),
    ("I'm no use in the mornings", "11-10@14:00", "11-10@09:00"),
    ("no Fridays, no Mondays", "11-10", "11-06 11-09"),
    ("Friday is no use, Thursday would be better", "11-05", "11-06"),
    ("not Friday, Thursday", "11-05", "11-06"),
    ("steer clear of Mondays", "11-10", "11-09"),
    ("preferably not a Monday", "11-10", ""),
    ("I'd sooner not come on a Friday", "11-05", ""),
    ("Friday if at all possible, otherwise Thursday", "11-06", ""),
    ("Friday ideally", "11-06", ""),
    ("in the closing ten days of November", "11-21 11-30", "11-20 12-01"),
    ("by the end of this month", "11-20 11-30", "12-02"),
    ("ideally before the end of next week", "11-12", "11-18"),
    ("the fourth of December, no, wait a moment, I mean the fifth", "12-05", "12-04"),
    ("the 14th, silly me, the 16th", "11-16", "11-14"),
    (
        "nine forty or ten twenty, whichever, this Friday",
        "11-06@09:40 11-06@10:20",
        "11-05@09:40 11-06@14:00",
    ),
    (
        "half past nine at the earliest, and I must be away by eleven",
        "11-10@10:00",
        "11-10@09:00 11-10@11:30",
    ),
    ("any day other than Thursday next week", "11-09 11-11", "11-12 11-05"),
    ("I'm flying out on the 20th and would like it before then", "11-19", "11-20 11-23"),
    (
        "we're at the bank until two on Tuesday, any time after that",
        "11-10@14:30",
        "11-10@13:00 11-11@14:30",
    ),
    (
        "Tuesday if possible, otherwise Wednesday, but it has to be at ten",
        "11-10@10:00",
        "11-10@11:00 11-11@11:00",
    ),
    ("I'd rather come on the 20th than on the 18th", "11-20", "11-18"),
];

/// The visit is on Monday, November 16, at ten.
const FROM_A_VISIT: &[Row] = &[
    ("a day earlier, same time", "11-15@10:00", "11-14@10:00"),
    ("two days on from that", "11-18", "11-17"),
    ("same slot a week on", "11-23@10:00", "11-16@10:00"),
    ("can you bring it forward half an hour", "11-16@09:30", "11-16@10:30"),
    ("push it back by an hour", "11-16@11:00", ""),
    ("put it off a week", "11-23", "11-16"),
    ("postpone it by two weeks", "11-30", "11-23"),
    ("put it back a fortnight", "11-30", "11-23"),
    ("bring it forward by a day", "11-15", ""),
    ("prepone it by one day", "11-15", ""),
    ("the week after, same day", "11-23", ""),
    ("the same but on Wednesday", "11-18@10:00", ""),
    ("same hour, only on the Thursday", "11-19@10:00", ""),
    ("Friday of the same week", "11-20", "11-13"),
    ("the following Friday", "11-20", "11-27"),
    ("later that week", "11-18", "11-16 11-24"),
    ("earlier that week", "", "11-16 11-18"),
    ("earlier in the day", "11-16@09:00", "11-16@11:00"),
    ("later in the afternoon that day", "11-16@16:00", "11-17@16:00"),
    ("a bit later that day", "11-16@11:00", "11-16@09:00"),
    ("a little earlier the same day", "11-16@09:00", "11-16@11:00"),
    ("half an hour earlier", "11-16@09:30", ""),
    ("three quarters of an hour later", "11-16@10:45", ""),
    ("an hour and a half later", "11-16@11:30", ""),
    ("the day before at the same time", "11-15@10:00", ""),
    ("a week sooner", "11-09", ""),
    ("one week earlier than planned", "11-09", ""),
    ("a month later", "12-16", ""),
    ("the week before", "11-10", "11-16"),
    ("the next day", "11-17", ""),
    ("the day after mine", "11-17", ""),
    ("a day on, at the very same hour", "11-17@10:00", "11-16@10:00"),
];
