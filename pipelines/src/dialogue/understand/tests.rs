use frontdesk_types::{DoctorId, Mono};
use jiff::civil::{Date, Time, date, time};
use proptest::prelude::*;

use super::*;
use crate::dialogue::DoctorFacts;
use crate::language::tests::english;

fn doctor(number: u128, name: &str, specialty: &str) -> DoctorFacts {
    DoctorFacts {
        id: DoctorId::from_uuid(uuid::Uuid::from_u128(number)),
        name: name.to_owned(),
        specialties: vec![specialty.to_owned()],
        fee: None,
        languages: vec!["en".to_owned()],
        gender: None,
    }
}

pub(crate) fn clinic(country: &str) -> ClinicFacts {
    ClinicFacts {
        name: "Test Clinic".to_owned(),
        time_zone: "Africa/Cairo".to_owned(),
        country: country.to_owned(),
        emergency_number: "123".to_owned(),
        languages: vec!["en".to_owned()],
        doctors: vec![
            doctor(1, "Ann Baker", "cardiology"),
            doctor(2, "Omar Stone", "pediatrics"),
            doctor(3, "Lena Stone", "pediatrics"),
        ],
        specialty_words: vec![("ticker doctor".to_owned(), "cardiology".to_owned())],
        vocabulary: Vec::new(),
        ..ClinicFacts::default()
    }
}

/// A Wednesday.
const TODAY: &str = "2026-06-10T06:00:00Z";

fn heard_in(text: &str, expect: Expectation, country: &str) -> Heard {
    heard_at(text, expect, country, TODAY, None)
}

/// What is understood at a time, where a visit is being talked of.
pub(crate) fn heard_at(
    text: &str,
    expect: Expectation,
    country: &str,
    wall: &str,
    anchor: Option<Anchor>,
) -> Heard {
    let now = Now { mono: Mono::ZERO, wall: wall.parse().expect("valid") };
    let (language, clinic) = (english(), clinic(country));
    Heard::of(text, Setting { language: &language, clinic: &clinic, expect, now, anchor })
}

/// What is understood at a clinic, at a time.
pub(crate) fn heard_of(text: &str, clinic: &ClinicFacts, wall: &str) -> Heard {
    let now = Now { mono: Mono::ZERO, wall: wall.parse().expect("valid") };
    let (language, expect) = (english(), Expectation::Request);
    Heard::of(text, Setting { language: &language, clinic, expect, now, anchor: None })
}

fn heard(text: &str) -> Heard {
    heard_in(text, Expectation::Request, "EG")
}

fn day_of(text: &str) -> (Option<Date>, Option<Date>) {
    match heard(text).day {
        Some(DayMention::Span { from, to, .. }) => (from, to),
        other => panic!("{text:?} gave {other:?}"),
    }
}

#[test]
fn days_are_resolved_in_the_calendar() {
    let d = |month, day| Some(date(2026, month, day));
    for (text, from, to) in [
        ("today please", d(6, 10), d(6, 10)),
        ("tomorrow morning", d(6, 11), d(6, 11)),
        ("the day after tomorrow", d(6, 12), d(6, 12)),
        ("in two weeks", d(6, 24), d(6, 24)),
        ("in 3 days", d(6, 13), d(6, 13)),
        ("on Sunday", d(6, 14), d(6, 14)),
        ("on Wednesday", d(6, 17), d(6, 17)),
        ("this Wednesday", d(6, 10), d(6, 10)),
        ("next Tuesday", d(6, 16), d(6, 16)),
        ("Tuesday next week", d(6, 16), d(6, 16)),
        ("a week from Sunday", d(6, 21), d(6, 21)),
        ("on the fourteenth", d(6, 14), d(6, 14)),
        ("the 9th", d(7, 9), d(7, 9)),
        ("June 14th", d(6, 14), d(6, 14)),
        ("the twenty first of June", d(6, 21), d(6, 21)),
        ("14 june 2026", d(6, 14), d(6, 14)),
        ("Sunday the fourteenth of June", d(6, 14), d(6, 14)),
        ("14/6", d(6, 14), d(6, 14)),
        ("5/7", d(7, 5), d(7, 5)),
        ("2026-06-14", d(6, 14), d(6, 14)),
        ("this weekend", d(6, 12), d(6, 13)),
        ("next week", d(6, 13), d(6, 19)),
        ("at the end of next week", d(6, 17), d(6, 19)),
        ("in July", d(7, 1), d(7, 31)),
        ("after Sunday", d(6, 15), None),
        ("from Monday on", d(6, 15), None),
        ("before Sunday", d(6, 10), d(6, 13)),
        ("by Sunday", d(6, 10), d(6, 14)),
        ("Monday or Tuesday", d(6, 15), d(6, 16)),
        ("between Sunday and Tuesday", d(6, 14), d(6, 16)),
        ("not Sunday, Monday please", d(6, 15), d(6, 15)),
        ("sometime next week, a Monday", d(6, 15), d(6, 15)),
    ] {
        assert_eq!(day_of(text), (from, to), "{text:?}");
    }
    let soonest = Some(DayMention::Soonest);
    assert_eq!(heard("as soon as possible").day, soonest);
    assert_eq!(heard("the earliest available").day, soonest);
    assert_eq!(heard("yesterday").day, Some(DayMention::Past));
    assert_eq!(heard("on June 1st").day, Some(DayMention::Past));
    assert_eq!(
        heard("on the 5th of January").day,
        Some(DayMention::Span { from: Some(date(2027, 1, 5)), to: Some(date(2027, 1, 5)) })
    );
    assert_eq!(heard("February 30th").day, Some(DayMention::Unclear));
    assert_eq!(heard("Monday June 14th").day, Some(DayMention::Unclear), "it is a Sunday");
    assert_eq!(heard("good morning, may i have a visit").part, None, "a greeting is no wish");
    assert_eq!(heard("may i come").day, None);
}

#[test]
fn two_small_numbers_follow_the_countrys_order() {
    let of = |country| heard_in("5/7", Expectation::Request, country).day;
    let day = |d| Some(DayMention::Span { from: Some(d), to: Some(d) });
    assert_eq!(of("US"), Some(DayMention::Past), "May 7");
    assert_eq!(of("EG"), day(date(2026, 7, 5)));
    assert_eq!(heard_in("7/5", Expectation::Request, "US").day, day(date(2026, 7, 5)));
}

fn at(hour: i8, minute: i8) -> Option<Time> {
    Some(time(hour, minute, 0, 0))
}

#[test]
fn times_are_read_in_words_and_digits() {
    for (text, hour, minute) in [
        ("at nine", 9, 0),
        ("at 9:30", 9, 30),
        ("9.30 please", 9, 30),
        ("at nine thirty", 9, 30),
        ("at three", 15, 0),
        ("at half past two", 14, 30),
        ("at quarter to ten", 9, 45),
        ("ten o'clock", 10, 0),
        ("nine in the evening", 21, 0),
        ("8 pm", 20, 0),
        ("at 10am", 10, 0),
        ("at noon", 12, 0),
        ("at nine oh five", 9, 5),
        ("tomorrow afternoon at one", 13, 0),
        ("June 14 at nine thirty", 9, 30),
        ("make it ten", 10, 0),
    ] {
        let found = heard(text).time.and_then(|t| t.at);
        assert_eq!(found, at(hour, minute), "{text:?}");
    }
    let t = heard("after three").time.expect("a time");
    assert_eq!((t.not_before, t.at), (at(15, 0), None));
    let t = heard("before eleven").time.expect("a time");
    assert_eq!(t.until, at(11, 0));
    let t = heard("between nine and eleven").time.expect("a time");
    assert_eq!((t.not_before, t.until), (at(9, 0), at(11, 1)));
    let t = heard("around nine thirty").time.expect("a time");
    assert_eq!((t.at, t.around), (at(9, 30), true));
    for none in ["in two weeks", "for two people", "one of my children", "June 14", "i have 3 kids"]
    {
        assert_eq!(heard(none).time, None, "{none:?}");
    }
    assert_eq!(heard("tomorrow in the evening").part, Some(PartOfDay::Evening));
    assert_eq!(heard("not in the morning but in the afternoon").part, Some(PartOfDay::Afternoon));
}

#[test]
fn offers_are_chosen_by_place_or_time() {
    let of = |text| heard_in(text, Expectation::Choice, "EG");
    for (text, choice) in [
        ("the second one", Choice::Index(1)),
        ("the third", Choice::Index(2)),
        ("number two", Choice::Index(1)),
        ("the first", Choice::Index(0)),
        ("the earliest", Choice::Index(0)),
        ("the last", Choice::Last),
        ("either is fine", Choice::Either),
    ] {
        assert_eq!(of(text).choice, Some(choice), "{text:?}");
    }
    assert_eq!(of("the nine o'clock one").time.and_then(|t| t.at), at(9, 0));
    assert_eq!(of("nine thirty").time.and_then(|t| t.at), at(9, 30));
    assert_eq!(of("the first one").time, None);
    assert!(of("none of those").none_of);
    assert!(of("something later").later);
}

#[test]
fn dates_of_birth_are_read_typed_and_spoken() {
    let of = |text| heard_in(text, Expectation::DateOfBirth, "EG").birth;
    let birth = Some(BirthMention::Full(date(1984, 3, 12)));
    for text in [
        "12/03/1984",
        "March 12, 1984",
        "march twelfth nineteen eighty four",
        "twelfth of march eighty four",
        "the 12th of March 1984",
        "12 03 1984",
        "twelve three nineteen eighty four",
        "twelve oh three nineteen eighty four",
        "1984-03-12",
        "12031984",
        "it is 12.3.84",
        "nineteen eighty four march twelfth",
        "I was born on March 12th 1984",
    ] {
        assert_eq!(of(text), birth, "{text:?}");
    }
    let us = heard_in("03/12/1984", Expectation::DateOfBirth, "US").birth;
    assert_eq!(us, birth);
    assert_eq!(of("March twelfth"), Some(BirthMention::NoYear { month: 3, day: 12 }));
    assert_eq!(of("nineteen eighty four"), Some(BirthMention::Year(1984)));
    assert_eq!(of("February 30 1984"), Some(BirthMention::Impossible));
    assert_eq!(of("March 12 2084"), Some(BirthMention::Impossible));
    assert_eq!(of("June 5th two thousand fifteen"), Some(BirthMention::Full(date(2015, 6, 5))));
    assert_eq!(of("hello there"), None);
}

#[test]
fn names_are_taken_and_commands_are_not() {
    let of = |text| heard_in(text, Expectation::FullName, "EG").name.map(|n| (n.name, n.full));
    for (text, name) in [
        ("Mary Johnson", "Mary Johnson"),
        ("mary johnson", "Mary Johnson"),
        ("my name is sean o'brien", "Sean O'Brien"),
        ("It's Anna-Lena Schmidt", "Anna-Lena Schmidt"),
        ("yes sure, this is Omar Khalil speaking", "Omar Khalil"),
        ("J O H N  S M I T H", "Johnsmith"),
        ("john smyth s m i t h", "John Smith"),
        ("the name is Green, Robert Green", "Robert Green"),
        ("Mary Johnson, born March 12 1984", "Mary Johnson"),
        ("Ludwig van der Berg", "Ludwig Van Der Berg"),
    ] {
        assert_eq!(of(text).map(|n| n.0), Some(name.to_owned()), "{text:?}");
    }
    assert_eq!(of("Mary"), Some(("Mary".to_owned(), false)));
    for command in [
        "help",
        "a person please",
        "emergency",
        "please repeat that",
        "cancel",
        "i want to speak to a human",
        "what do you need that for",
        "yes",
        "no thank you",
        "one moment",
    ] {
        assert_eq!(of(command), None, "{command:?}");
    }
    let opening = heard(
        "hi, this is Mary Johnson born March twelfth nineteen eighty four, i need a \
                         cardiologist tomorrow morning",
    );
    assert_eq!(opening.name.map(|n| n.name).as_deref(), Some("Mary Johnson"));
    assert_eq!(opening.birth, Some(BirthMention::Full(date(1984, 3, 12))));
    assert_eq!(opening.specialty, Some(SpecialtyMention::Known("cardiology".to_owned())));
    assert_eq!(opening.part, Some(PartOfDay::Morning));
    for none in ["i am looking for a doctor", "i am in pain", "this is about tomorrow"] {
        assert_eq!(heard(none).name, None, "{none:?}");
    }
}

#[test]
fn phone_numbers_are_read_digit_by_digit() {
    let of = |text| heard_in(text, Expectation::PhoneNumber, "EG").phone;
    let full = |digits: &str| Some(PhoneMention::Full(digits.to_owned()));
    assert_eq!(of("oh one two double five three four"), full("0125534"));
    assert_eq!(
        of("plus two oh one oh oh one two three four"),
        full("+2010012 34".replace(' ', "").as_str())
    );
    assert_eq!(of("it's +20 100 123-4567"), full("+201001234567"));
    assert_eq!(of("0100 555 01 11"), full("01005550111"));
    assert_eq!(of("five five"), Some(PhoneMention::Partial("55".to_owned())));
    assert_eq!(of("i do not have one"), None);
    assert_eq!(heard("i need 2 visits in 3 weeks").phone, None);
}

#[test]
fn a_common_word_in_the_plural_is_no_misspelt_doctor() {
    let mut clinic = clinic("EG");
    clinic.doctors.push(doctor(4, "Paul Brooks", "cardiology"));
    let of = |text| heard_of(text, &clinic, TODAY).doctor;
    let known = |n| Some(DoctorMention::Known(DoctorId::from_uuid(uuid::Uuid::from_u128(n))));
    assert_eq!(of("nobody has me on the books, so Dr Baker or none"), known(1));
    assert_eq!(of("put me down for brooks"), known(4));
    assert_eq!(of("put me down for Dr Broks"), known(4), "one wrong letter");
}

#[test]
fn doctors_and_specialties_are_known_by_what_people_say() {
    let id = |n| DoctorId::from_uuid(uuid::Uuid::from_u128(n));
    let of = |text| heard(text).doctor;
    assert_eq!(of("with Dr. Baker please"), Some(DoctorMention::Known(id(1))));
    assert_eq!(of("ann baker"), Some(DoctorMention::Known(id(1))));
    assert_eq!(of("doctor bakker"), Some(DoctorMention::Known(id(1))), "one wrong letter");
    assert_eq!(of("dr stone"), Some(DoctorMention::Several(vec![id(2), id(3)])));
    assert_eq!(of("doctor lena stone"), Some(DoctorMention::Known(id(3))));
    assert_eq!(of("not dr baker, dr omar stone"), Some(DoctorMention::Known(id(2))));
    assert_eq!(of("doctor Smithers"), Some(DoctorMention::Unknown("Smithers".to_owned())));
    assert_eq!(of("i need a doctor tomorrow"), None);
    let of = |text| heard(text).specialty;
    let known = |name: &str| Some(SpecialtyMention::Known(name.to_owned()));
    assert_eq!(of("a heart doctor"), known("cardiology"));
    assert_eq!(of("my ticker doctor"), known("cardiology"), "the clinic's own words");
    assert_eq!(of("a children's doctor"), known("pediatrics"));
    assert_eq!(of("a dentist"), Some(SpecialtyMention::NotHere("dentistry".to_owned())));
    assert!(heard("any doctor is fine").any_doctor);
}

#[test]
fn what_callers_want_is_told_apart() {
    assert!(heard("i would like to book an appointment").book);
    assert!(
        heard("can i see dr baker tomorrow?").book && !heard("can i see dr baker tomorrow?").ask
    );
    assert!(heard("cancel my appointment please").cancel);
    assert!(heard("can i move my appointment to sunday").move_);
    assert!(heard("when is my appointment").list);
    assert!(heard("i want to talk to a real person").person);
    assert!(!heard("i want to come in person").person);
    assert!(heard("do you take insurance from Acme").ask);
    assert!(heard("where can i park?").ask);
    assert!(heard("what time do you close on friday").ask);
    assert!(heard("how much is a visit with dr baker").ask);
    assert!(!heard("how about tomorrow at ten").ask);
    assert!(heard("no that's all, goodbye").goodbye);
    assert!(heard("sorry, could you repeat that").repeat);
    assert!(heard("when does Omar Khalil's appointment start").others_data);
    assert!(heard("and one for my son").another && heard("and one for my son").other_patient);
    assert!(heard("i am a new patient").new_patient);
    assert_eq!(heard("do you speak arabic").language.as_deref(), Some("Arabic"));
    assert_eq!(heard("أريد موعدا").language.as_deref(), Some("Arabic"));
}

#[test]
fn an_intent_is_found_in_the_many_ways_people_put_it() {
    let questions = [
        "thanks, and what does doctor baker cost",
        "great, and how much would a first visit be",
        "okay one more question, do you have wheelchair access",
        "hi there quick question do you take allianz",
        "what are your opening hours",
        "are you open on sundays",
        "do i have to fast before a blood test",
        "what should i bring to my appointment",
        "where exactly are you located",
        "which doctors do you have",
        "does doctor baker speak french",
        "can i pay with a credit card",
        "could you tell me what the consultation fee is",
        "is there somewhere to park",
        "by the way until when can i cancel",
        "i would like to know what you charge",
    ];
    let bookings = [
        "i would like to see a cardiologist tomorrow morning",
        "can i get an appointment with doctor ann baker please",
        "could you squeeze me in with doctor baker this week",
        "i need to have my heart checked",
        "i would like to make an appointment for my daughter with a pediatrician",
        "is there anything free with doctor baker on monday",
        "do you have anything available tomorrow",
        "what is the earliest appointment you have with a cardiologist",
        "when could doctor baker see me",
        "when is the earliest appointment you have for my daughter with the pediatrician",
        "hello yes i was hoping to book a visit",
        "please put me down for a checkup",
        "i want to come in and see somebody",
    ];
    let moves = [
        "i want to move my appointment to another day",
        "can we change my appointment to thursday",
        "i need to reschedule",
        "something came up could we push my visit back a week",
        "i would like a different time for my appointment",
        "could i come on friday instead of my monday appointment",
        "is it possible to postpone my appointment",
    ];
    let cancels = [
        "hello i need to cancel my appointment",
        "i can not make it on sunday please cancel",
        "i want to call off my visit",
        "please take me off the schedule for tomorrow",
        "i will not be coming to my appointment on monday",
        "could you delete my booking",
        "i do not need my appointment any more",
    ];
    let persons = [
        "can i speak to a real person please",
        "let me talk to someone at the front desk",
        "i want a human",
        "operator",
        "put me through to the receptionist",
        "transfer me to a member of staff",
        "i do not want to talk to a machine",
        "is there somebody there i can talk to",
    ];
    let mut wrong = Vec::new();
    let mut check = |kind: &str, texts: &[&str], is: fn(&Heard) -> bool| {
        for text in texts {
            if !is(&heard(text)) {
                wrong.push(format!("{kind}: {text}"));
            }
        }
    };
    check("question", &questions, |h| h.ask);
    check("booking", &bookings, |h| {
        !h.ask && !h.cancel && !h.move_ && !h.list && (h.book || h.has_content())
    });
    check("move", &moves, |h| h.move_ && !h.cancel && !h.ask);
    check("cancel", &cancels, |h| h.cancel && !h.move_ && !h.ask);
    check("person", &persons, |h| h.person);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_answer_is_understood_in_the_many_ways_people_put_it() {
    let yes = [
        "yes please",
        "yep that is the one",
        "sounds good",
        "that works for me",
        "go ahead",
        "please do",
        "sure thing",
        "absolutely",
        "exactly",
        "that's right",
        "uh huh",
        "fine by me",
        "perfect thanks",
        "okay do it",
        "i think so",
        "yes book it",
        "of course",
        "you got it",
        "that is correct thank you",
        "all correct",
        "yeah that would be great",
    ];
    let no = [
        "no",
        "nope",
        "not really",
        "no that is wrong",
        "that is not right",
        "i don't think so",
        "no thanks",
        "that is incorrect",
        "rather not",
        "better not",
        "not quite",
        "absolutely not",
        "no way",
        "i would rather not",
    ];
    let chosen = [
        "the first",
        "number two",
        "the last one",
        "the second option please",
        "i will take nine twenty",
        "the ten o'clock one",
        "half past nine",
        "quarter past ten",
        "the early one",
        "the earliest",
        "the latest one",
        "option three",
        "the one at nine",
        "let's do the third",
        "whichever is first",
        "the very first one would be great",
    ];
    let others = [
        "none of those",
        "do you have anything later",
        "something in the afternoon",
        "those do not work for me",
        "is there anything earlier",
        "what about another day",
        "can we look at next week",
    ];
    let days = [
        "tomorrow",
        "the day after tomorrow",
        "this thursday",
        "next week",
        "in two weeks",
        "the fifteenth",
        "june fifteenth",
        "on the fifteenth of june",
        "monday or tuesday",
        "early next week",
        "this weekend",
        "in the next few days",
        "a week from monday",
        "end of the month",
        "as soon as possible",
        "any day works",
        "whenever you have something",
        "sometime next month",
        "later this week",
        "a week from today",
        "on the twenty second",
    ];
    let mut wrong = Vec::new();
    let mut check = |expect: Expectation, texts: &[&str], is: fn(&Heard) -> bool| {
        for text in texts {
            if !is(&heard_in(text, expect, "EG")) {
                wrong.push(format!("{expect:?}: {text}"));
            }
        }
    };
    check(Expectation::YesNo, &yes, |h| h.yes && !h.no);
    check(Expectation::YesNo, &no, |h| h.no && !h.yes);
    check(Expectation::Choice, &chosen, |h| h.choice.is_some() || h.time.is_some());
    check(Expectation::Choice, &others, |h| {
        h.choice.is_none()
            && (h.none_of || h.later || h.earlier || h.part.is_some() || h.day.is_some() || h.no)
    });
    check(Expectation::Day, &days, |h| h.day.is_some());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

proptest! {
    #[test]
    fn no_text_makes_the_parsers_panic(text in ".{0,80}", index in 0..9_usize) {
        let _ = heard_in(&text, Expectation::ALL[index], "US");
    }

    #[test]
    fn every_birth_date_is_understood_as_it_is_written(days in 0..36_000_i64, words in any::<bool>()) {
        let day = date(1926, 7, 1).checked_add(jiff::Span::new().days(days)).expect("in range");
        prop_assume!(day < date(2026, 6, 1));
        let text = if words {
            day.strftime("%B %-d, %Y").to_string()
        } else {
            day.strftime("%d/%m/%Y").to_string()
        };
        let found = heard_in(&text, Expectation::DateOfBirth, "EG").birth;
        prop_assert_eq!(found, Some(BirthMention::Full(day)));
    }

    #[test]
    fn every_day_ahead_is_understood(days in 0..300_i64) {
        let day = date(2026, 6, 10).checked_add(jiff::Span::new().days(days)).expect("in range");
        let text = day.strftime("on %A, %B %-d").to_string();
        let expected = DayMention::Span { from: Some(day), to: Some(day) };
        prop_assert_eq!(heard(&text).day, Some(expected), "{}", text);
    }

    #[test]
    fn every_time_is_understood(minutes in 7 * 60..18 * 60_i64) {
        let spoken = time(i8::try_from(minutes / 60)?, i8::try_from(minutes % 60)?, 0, 0);
        let text = spoken.strftime("at %-I:%M %p").to_string();
        prop_assert_eq!(heard(&text).time.and_then(|t| t.at), Some(spoken));
    }

    #[test]
    fn every_phone_number_is_understood(digits in "[0-9]{7,15}") {
        let spaced: String = digits.chars().flat_map(|c| [c, ' ']).collect();
        let found = heard_in(&spaced, Expectation::PhoneNumber, "EG").phone;
        prop_assert_eq!(found, Some(PhoneMention::Full(digits)));
    }
}
