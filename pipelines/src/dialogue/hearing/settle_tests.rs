use std::sync::Arc;

use frontdesk_types::{DoctorId, Mono, Phi};

use super::*;
use crate::dialogue::spoken::Spoken;
use crate::dialogue::{ClinicFacts, DoctorFacts};
use crate::language::tests::english;

/// The callers of a clinic with two doctors, where the patients of the day that was said are these.
fn among(patients: &[&str]) -> Among {
    let doctor = |(n, name): (u128, &str)| DoctorFacts {
        id: DoctorId::from_uuid(uuid::Uuid::from_u128(n)),
        name: name.to_owned(),
        specialties: vec!["cardiology".to_owned()],
        fee: None,
        languages: Vec::new(),
        gender: None,
    };
    let doctors = [(1, "Leila Mansour"), (2, "Grace Chen")].map(doctor).into();
    let clinic = ClinicFacts {
        time_zone: "Africa/Cairo".to_owned(),
        country: "EG".to_owned(),
        doctors,
        ..ClinicFacts::default()
    };
    let patients = patients.iter().map(|name| Phi::new((*name).to_owned())).collect();
    Spoken::new(&english(), &Arc::new(clinic)).among(patients)
}

fn now() -> Now {
    Now { mono: Mono::ZERO, wall: "2026-06-13T07:00:00Z".parse().expect("a time") }
}

fn words(text: &str, confidence: f32) -> Transcript {
    Transcript { text: text.to_owned(), confidence }
}

/// What comes of two answers, and whose words.
fn of(asked: Expectation, templates: (&str, f32), free: (&str, f32)) -> (Why, String, f32) {
    let free = Answer::Heard(words(free.0, free.1));
    let among = among(&["Mary Johnson", "Samuel Wright"]);
    let settled = settle(&among, asked, &words(templates.0, templates.1), &free, now());
    (settled.why, settled.words.text, settled.words.confidence)
}

fn why(asked: Expectation, templates: (&str, f32), free: (&str, f32)) -> Why {
    of(asked, templates, free).0
}

use Expectation::{Choice, DateOfBirth, Day, Doctor, FullName, PhoneNumber, Request, YesNo};

#[test]
fn free_turns_have_the_words_of_the_free_recognizer() {
    let heard = of(
        Request,
        ("i would like the a date for my son", 0.3),
        ("i would like to see a cardiologist tomorrow", 0.8),
    );
    assert_eq!(heard, (Why::Led, "i would like to see a cardiologist tomorrow".to_owned(), 0.8));
}

#[test]
fn what_the_free_recognizer_is_not_sure_of_at_all_was_not_heard() {
    let invented = ("thank you", 0.26);
    assert_eq!(why(Request, ("", 0.0), invented), Why::Unheard);
    assert_eq!(why(Request, ("book tomorrow", 0.2), invented), Why::Unheard);
    assert_eq!(why(Request, ("i want to cancel my appointment", 0.6), invented), Why::Alone);
    assert_eq!(why(YesNo, ("yes", 0.3), ("", 0.0)), Why::Alone);
}

#[test]
fn agreement_makes_both_surer() {
    let (why, text, confidence) = of(YesNo, ("yes please", 0.3), ("yes, please", 0.7));
    assert_eq!((why, text.as_str()), (Why::Agreed, "yes please"));
    assert!(confidence > 0.75, "{confidence}");
    let born = ("march twelfth nineteen eighty four", 0.3);
    assert_eq!(self::why(DateOfBirth, born, ("march 12 1984", 0.9)), Why::Agreed);
}

#[test]
fn what_would_be_written_is_asked_again_where_the_two_differ() {
    for (asked, templates, free) in [
        (YesNo, ("yes", 0.3), ("no", 0.8)),
        (Choice, ("the first one", 0.3), ("the third one", 0.8)),
        (DateOfBirth, ("march twelfth nineteen eighty four", 0.9), ("march 20 1984", 0.9)),
        (
            PhoneNumber,
            ("zero one zero zero one two three four five six seven", 0.9),
            ("01001234568", 0.9),
        ),
        (Day, ("on monday", 0.3), ("on sunday", 0.7)),
        (Doctor, ("doctor mansour", 0.3), ("doctor chen", 0.7)),
    ] {
        let (why, _, confidence) = of(asked, templates, free);
        assert_eq!((why, confidence), (Why::Disagreed, 0.0), "{asked:?}");
        assert!(why.asks(), "{asked:?}");
    }
}

#[test]
fn a_closed_answer_that_is_sure_stands_against_one_that_is_not() {
    assert_eq!(why(Choice, ("the first one", 0.8), ("the third one", 0.5)), Why::Led);
    assert_eq!(why(YesNo, ("no", 0.8), ("the", 0.45)), Why::Led);
}

#[test]
fn who_answers_something_else_is_heard_by_the_free_recognizer() {
    let asks = ("what does the visit cost", 0.8);
    assert_eq!(why(YesNo, ("with the post", 0.2), asks), Why::Other);
    assert_eq!(why(YesNo, ("", 0.0), ("yes", 0.8)), Why::Other);
    assert_eq!(why(YesNo, ("", 0.0), ("yes", 0.5)), Why::Unheard, "too unsure for a yes");
}

#[test]
fn nobody_is_identified_by_what_the_free_recognizer_alone_heard() {
    for (asked, free) in
        [(FullName, "mary johnson"), (DateOfBirth, "march 12 1984"), (PhoneNumber, "01001234567")]
    {
        assert_eq!(why(asked, ("", 0.0), (free, 0.95)), Why::Single, "{asked:?}");
    }
}

#[test]
fn a_name_counts_where_both_heard_it_and_none_sounds_like_it() {
    let samuel = ("samuel wright", 0.5);
    assert_eq!(why(FullName, samuel, ("samuel wright", 0.8)), Why::Agreed);
    assert_eq!(why(FullName, samuel, ("my name is samuel wright", 0.8)), Why::Agreed);
    let mary = ("mary johnson", 0.9);
    assert_eq!(why(FullName, mary, ("mary johnson", 0.9)), Why::Alike);
    assert_eq!(why(FullName, mary, ("mary jensen", 0.9)), Why::Apart);
    for why in [Why::Alike, Why::Apart] {
        assert!(why.doubts_name(FullName) && !why.asks(), "{why:?}: it is spelled, not repeated");
    }
    // Who is no patient of that day is nobody's double.
    assert_eq!(why(FullName, ("jane miller", 0.5), ("jane miller", 0.8)), Why::Agreed);
}

#[test]
fn late_words_leave_what_is_sure_and_ask_for_the_rest() {
    let among = among(&[]);
    let of = |confidence| {
        settle(&among, Request, &words("book tomorrow", confidence), &Answer::Late, now()).why
    };
    assert_eq!((of(0.5), of(0.4)), (Why::Late, Why::LateUnsure));
    let gone = settle(&among, Request, &words("book tomorrow", 0.2), &Answer::Gone, now());
    assert_eq!((gone.why, gone.words.confidence), (Why::Alone, 0.2), "as if it were not there");
}
