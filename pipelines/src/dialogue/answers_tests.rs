use frontdesk_types::{DoctorId, Mono};
use jiff::civil::{date, time};

use super::super::OpenHours;
use super::*;
use crate::language::tests::english;

fn clinic() -> ClinicFacts {
    let doctor = |n: u128, name: &str, specialty: &str, fee, languages: &[&str]| DoctorFacts {
        id: DoctorId::from_uuid(uuid::Uuid::from_u128(n)),
        name: name.to_owned(),
        specialties: vec![specialty.to_owned()],
        fee,
        languages: languages.iter().map(|l| (*l).to_owned()).collect(),
        gender: (n < 3).then_some(frontdesk_types::Gender::Female),
    };
    let open =
        |weekday, from, to| OpenHours { weekday, from: time(from, 0, 0, 0), to: time(to, 0, 0, 0) };
    ClinicFacts {
        name: "Palm Clinic".to_owned(),
        time_zone: "Africa/Cairo".to_owned(),
        country: "EG".to_owned(),
        address: "3 Palm Street".to_owned(),
        hours: [7, 1, 2, 3, 4]
            .map(|day| open(day, 8, 16))
            .into_iter()
            .chain([open(6, 9, 13)])
            .collect(),
        doctors: vec![
            doctor(1, "Nora Haddad", "cardiology", Some(600), &["en", "ar"]),
            doctor(2, "Rosa Marin", "pediatrics", Some(350), &["en"]),
        ],
        holidays: vec![crate::dialogue::HolidayFacts {
            day: date(2026, 6, 16),
            holiday: Some("islamic_new_year".to_owned()),
            name: "New Year".to_owned(),
            closed: true,
        }],
        ..ClinicFacts::default()
    }
}

fn asked(question: &str) -> Option<Answer> {
    // A Wednesday.
    let wall = date(2026, 6, 10).at(9, 0, 0, 0).in_tz("Africa/Cairo").expect("exists").timestamp();
    from_facts(question, &clinic(), &english(), Now { mono: Mono::ZERO, wall })
}

#[test]
fn hours_address_fees_and_doctors_are_answered_from_the_clinics_data() {
    for (question, part) in [
        ("when are you open", "Sunday to Thursday from 8:00 AM to 4:00 PM"),
        ("what are your opening hours?", "Saturday from 9:00 AM to 1:00 PM"),
        ("what time do you close on sunday", "Sunday, June 14"),
        ("are you open on Friday?", "Friday, June 12, we are closed"),
        ("are you open on the Islamic New Year?", "closed on Tuesday, June 16"),
        ("do you have any female doctors?", "Dr. Rosa Marin"),
        ("is there a male doctor?", "no male doctor"),
        ("which of your doctors speaks Arabic?", "Dr. Nora Haddad."),
        ("does anybody there speak French?", "no doctor who speaks French"),
        ("where are you located", "3 Palm Street"),
        ("what is the address please", "3 Palm Street"),
        ("how much is a visit to Dr. Marin", "350"),
        ("what does a cardiologist cost", "600"),
        ("what are your fees", "350"),
        ("which doctors do you have", "Dr. Nora Haddad for cardiology"),
        ("who is your heart doctor", "Haddad"),
        ("do you have a dentist", "We don't have dentistry"),
        ("does Dr. Marin speak Arabic", "English"),
    ] {
        let answer = asked(question).unwrap_or_else(|| panic!("no answer: {question}"));
        assert!(answer.text.contains(part), "{question}: {answer:?}");
        assert!(!answer.source.is_empty());
    }
    assert!(!asked("what does dr haddad charge").expect("a fee").text.contains("Marin"));
    for other in ["do you take Acme insurance", "is there parking", "do I need to fast"] {
        assert_eq!(asked(other), None, "{other}");
    }
}

#[test]
fn keywords_are_what_the_question_is_about() {
    let of = |question| keywords(question, &english());
    // The database leaves out "do" and "you".
    assert_eq!(of("do you take Acme insurance?"), ["do", "you", "acme", "insurance insurance"]);
    assert!(of("what are your opening hours").iter().all(|word| !word.contains("hours")));
    let fasting = of("do I have to fast before a blood test");
    assert!(fasting.iter().any(|group| group.starts_with("fast ") && group.contains("eat")));
}

#[test]
fn a_passage_that_only_shares_a_word_with_the_question_is_no_answer() {
    let language = english();
    let is = |question: &str, text: &str| {
        let words = keywords(question, &language);
        let (places, asked) = matched(&words, text, &language);
        is_answer(&words, &places, asked, &language)
    };
    let bring = "Please bring your insurance card.";
    assert!(is("do you take Acme insurance", bring), "what is often asked about is enough");
    assert!(!is("may I bring my dog", bring));
    assert!(!is("is there parking for a caravan near the stadium", "Parking is free."));
    assert!(is("is there parking", "Parking is free."));
    let water = "For a blood test, do not eat or drink anything but water for eight hours.";
    assert!(is("may I have coffee before the blood test", water));
    for other in ["where can I buy water", "is the water cold", "do you sell food"] {
        assert!(!is(other, water), "{other}");
    }
    let accepted = "We accept Allianz, Bupa and Medcare insurance.";
    assert!(is("may I pay with the Medcare card", accepted), "a name is told by itself");
    assert!(is("is my Medcare insurance any good here", accepted), "what it is called is there");
    for other in ["do you sell insurance", "is my dog insured", "does insurance pay for a hotel"] {
        assert!(!is(other, accepted), "{other}");
    }
    let allergies = "Allergies: penicillin.";
    assert!(is("what am I allergic to", allergies));
    assert!(!is("", allergies));
    assert!(!is("what do you do", "We do what you do."), "common words mean nothing");
}
