//! Whole calls in text, against a small clinic in memory.

use frontdesk_pipelines::dialogue::Input;
use frontdesk_pipelines::dialogue::history::Role;
use frontdesk_pipelines::dialogue::tools::ToolCall;
use frontdesk_types::CallOutcome;

use crate::dialogue_sim::{Call, Clinic};

const JANE: [(&str, &str); 4] = [
    ("full name", "Jane Miller"),
    ("date of birth", "17 May 1980"),
    ("is that correct|shall i book|shall i cancel|shall i move", "yes please"),
    ("anything else", "no thanks"),
];

fn scripted(clinic: Clinic, first: &[(&'static str, &'static str)], opening: &'static str) -> Call {
    let mut call = Call::new(clinic);
    let mut rules = first.to_vec();
    rules.extend(JANE);
    rules.push(("help you", opening));
    rules.push(("which one", "the first one"));
    call.scripted(&rules);
    call
}

#[test]
fn a_specialist_tomorrow_morning_is_booked_with_read_back_and_reference() {
    let mut call = Call::new(Clinic::new());
    assert_eq!(call.said[0], "Palm Clinic, this is the automatic assistant. How can I help you?");
    assert!(call.hears("I need a heart doctor tomorrow in the morning").contains("full name"));
    assert!(call.hears("jane miller").contains("date of birth"));
    let offers = call.hears("may seventeenth nineteen eighty");
    assert!(
        offers.contains("Thursday, June 11: 9:00 AM, 9:30 AM or 10:00 AM with Dr. Nora Haddad")
    );
    let read_back = call.hears("the second one");
    assert_eq!(
        read_back,
        "Thursday, June 11, at 9:30 AM with Dr. Nora Haddad, for Jane Miller. Is that correct? Shall I book the appointment?"
    );
    assert_eq!(call.writes(), 0);
    let told = call.hears("yes that's right");
    assert!(told.contains("Your reference is K1M2.") && told.contains("anything else"), "{told}");
    call.hears("no thank you");
    assert_eq!(call.outcome, Some(CallOutcome::Booked));
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-11 09:30"]);
}

#[test]
fn one_sentence_may_tell_everything() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears(
        "hello, this is Jane Miller born 17/05/1980, can I see Dr. Haddad on Sunday at ten thirty",
    );
    assert!(
        text.contains(
            "Sunday, June 14, at 10:30 AM with Dr. Nora Haddad, for Jane Miller. Is that"
        ),
        "{text}"
    );
    call.hears("yes");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 10:30"]);
}

#[test]
fn scripted_callers_get_through_by_the_vocabulary() {
    for (opening, which, expected) in [
        ("a cardiologist please", "the first one", "Nora Haddad 2026-06-11 09:00"),
        ("book me with doctor winter", "the last one", "Paul Winter 2026-06-11 14:00"),
        ("I would like to see a doctor", "the first", "Nora Haddad 2026-06-11 09:00"),
        ("as soon as possible with any doctor", "either", "Nora Haddad 2026-06-11 09:00"),
        ("dr haddad next Tuesday", "the earliest", "Nora Haddad 2026-06-16 09:00"),
        ("pediatrician on the fourteenth at nine", "-", "Rosa Marin 2026-06-14 09:00"),
        ("an internist, next week, after eleven", "the first", "Adam Frost 2026-06-15 11:00"),
        (
            "cardiologist on Thursday afternoon",
            "the two o'clock one",
            "Paul Winter 2026-06-11 14:00",
        ),
        ("Dr Frost on June 15th around ten thirty", "at ten thirty", "Adam Frost 2026-06-15 10:30"),
    ] {
        let rules = [
            ("which one", which),
            ("which doctor", "a heart specialist"),
            ("is the appointment for", "yes"),
        ];
        let mut clinic = Clinic::new();
        clinic.take_next_held = false;
        let call = scripted(clinic, &rules, opening);
        assert_eq!(call.clinic.booked(), [format!("Jane Miller: {expected}")], "{opening}");
        assert_eq!(call.outcome, Some(CallOutcome::Booked));
        assert!(call.said.len() <= 9, "{opening}: {:#?}", call.said);
    }
}

#[test]
fn three_failed_tries_bring_a_person_with_the_same_words_for_unknown_and_mismatch() {
    let tries = |name: &str, birth: &str| {
        let mut call = Call::new(Clinic::new());
        let mut said = vec![call.hears("book an appointment")];
        for _ in 0..3 {
            said.push(call.hears(name));
            said.push(call.hears(birth));
        }
        said.push(call.hears("0100 123 4567"));
        said.push(call.hears("yes"));
        assert_eq!(call.outcome, Some(CallOutcome::Transferred));
        assert_eq!(call.clinic.callbacks, ["not_identified"]);
        said
    };
    let mismatch = tries("Jane Miller", "1 January 1999");
    assert_eq!(mismatch, tries("Nils Unbekannt", "1 January 1999"));
    assert!(mismatch.last().is_some_and(|text| text.contains("call you back")));
}

#[test]
fn a_wrong_date_of_birth_can_be_put_right() {
    let mut call = Call::new(Clinic::new());
    call.hears("cardiologist tomorrow");
    call.hears("Jane Miller");
    call.hears("18 May 1980");
    call.hears("Jane Miller");
    assert!(call.hears("17 May 1980").contains("Which one"));
}

#[test]
fn namesakes_are_told_apart_by_phone() {
    let mut call = Call::new(Clinic::new());
    call.hears("I want to see Dr. Haddad on Sunday");
    call.hears("Ali Saleh");
    assert!(call.hears("9 January 1975").contains("phone number"));
    assert!(call.hears("0 1 0 0 8 8 8 triple nine oh").contains("Which one"));
    call.hears("the first one");
    call.hears("yes");
    assert_eq!(call.clinic.booked().len(), 1);
}

#[test]
fn a_yes_with_a_correction_is_a_correction() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    let text = call.hears("yes but at ten");
    assert!(text.contains("June 14, at 10:00 AM"), "{text}");
    let text = call.hears("sorry, I meant Tuesday");
    assert!(text.contains("Tuesday, June 16, at 10:00 AM"), "{text}");
    assert_eq!(call.writes(), 0);
    assert!(call.hears("yes, Tuesday at ten").contains("reference"));
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-16 10:00"]);
}

#[test]
fn a_correction_after_booking_moves_and_never_books_a_second_one() {
    for correction in [
        "actually, can we make it at eleven",
        "oh wait, eleven o'clock would be better",
        "could you move it to eleven o'clock",
        "no, at eleven please",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
        call.hears("yes");
        let text = call.hears(correction);
        assert!(text.contains("Shall I move it?"), "{correction}: {text}");
        assert!(call.hears("yes please").contains("reference"));
        let expected = ["Jane Miller: Nora Haddad 2026-06-14 11:00"];
        assert_eq!(call.clinic.booked(), expected, "{correction}");
        call.hears("no that's all");
        assert_eq!(call.outcome, Some(CallOutcome::Rescheduled));
    }
}

#[test]
fn two_bookings_are_made_only_when_clearly_asked() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    call.hears("yes");
    let text = call.hears("I would like to book an appointment with Dr. Frost on Monday at nine");
    assert!(text.contains("one more appointment"), "{text}");
    let text = call.hears("yes");
    assert!(text.contains("June 15, at 9:00 AM with Dr. Adam Frost"), "{text}");
    call.hears("yes");
    let text = call.hears("and one for my son with the pediatrician on Sunday at ten");
    assert!(text.contains("full name"), "{text}");
    call.hears("Tom Miller");
    let text = call.hears("August 2nd 2016");
    assert!(text.contains("June 14, at 10:00 AM with Dr. Rosa Marin"), "{text}");
    call.hears("yes");
    assert_eq!(
        call.clinic.booked(),
        [
            "Jane Miller: Nora Haddad 2026-06-14 09:00",
            "Jane Miller: Adam Frost 2026-06-15 09:00",
            "Tom Miller: Rosa Marin 2026-06-14 10:00",
        ]
    );
}

#[test]
fn a_time_taken_in_between_is_told_and_others_are_offered() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, a cardiologist on Sunday");
    call.clinic.take_next_held = true;
    let text = call.hears("the first one");
    assert!(text.contains("just been taken") && text.contains("Which one"), "{text}");
    call.hears("the first one");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:30"]);
}

#[test]
fn a_day_without_a_free_time_is_answered_with_the_nearest() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("this is Jane Miller, born 17 May 1980, a cardiologist on Friday");
    assert!(text.contains("nothing free on Friday, June 12"), "{text}");
    assert!(text.contains("Thursday, June 11") && text.contains("Which one"), "{text}");
    let text = call.hears("then on Sunday at half past nine");
    assert!(text.contains("Sunday, June 14, at 9:30 AM"), "{text}");
    let mut call = Call::new(Clinic::new());
    let text = call.hears("this is Jane Miller, born 17 May 1980, a cardiologist yesterday");
    assert!(text.contains("already passed"), "{text}");
}

#[test]
fn offers_are_browsed_and_changed() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, a cardiologist on Thursday");
    assert!(call.hears("something later please").contains("10:30 AM, 11:00 AM or 11:30 AM"));
    assert!(call.hears("none of those").contains("1:00 PM"));
    let text = call.hears("rather with Dr. Winter on Monday");
    assert!(text.contains("Monday, June 15") && text.contains("Paul Winter"), "{text}");
    assert!(call.hears("the two thirty one").contains("Which one"), "it is not shown: asked again");
    assert!(call.hears("two o'clock").contains("June 15, at 2:00 PM"));
}

#[test]
fn appointments_are_cancelled_after_a_yes() {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:00");
    let call = scripted(clinic, &[], "I want to cancel my appointment");
    assert_eq!(call.clinic.booked(), Vec::<String>::new());
    assert_eq!(call.outcome, Some(CallOutcome::Cancelled));

    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:00");
    clinic.given(0, "Frost", "2026-06-15T09:00");
    let mut call = Call::new(clinic);
    call.hears("cancel my appointment, this is Jane Miller born 17 May 1980");
    assert!(call.said.last().is_some_and(|text| text.contains("Which one do you mean")));
    assert!(call.hears("the one with Dr. Frost").contains("Shall I cancel it?"));
    assert!(call.hears("no, the other").contains("haven't cancelled"));
    assert_eq!(call.clinic.booked().len(), 2);
}

#[test]
fn appointments_are_moved_as_a_whole() {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:00");
    clinic.given(0, "Frost", "2026-06-15T09:00");
    let mut call = Call::new(clinic);
    call.hears("please move my appointment on Sunday to Tuesday at ten");
    call.hears("Jane Miller");
    let text = call.hears("17 May 1980");
    assert!(
        text.contains("Sunday, June 14, at 9:00 AM")
            && text.contains("Tuesday, June 16, at 10:00 AM"),
        "{text}"
    );
    call.hears("yes move it");
    let expected =
        ["Jane Miller: Nora Haddad 2026-06-16 10:00", "Jane Miller: Adam Frost 2026-06-15 09:00"];
    assert_eq!(call.clinic.booked(), expected);
}

#[test]
fn too_late_to_cancel_is_explained_and_staff_are_offered() {
    let mut clinic = Clinic::new();
    clinic.given(0, "Marin", "2026-06-10T11:00");
    let mut call = Call::new(clinic);
    call.hears("cancel my appointment");
    call.hears("Jane Miller");
    call.hears("17 May 1980");
    let text = call.hears("yes");
    assert!(text.contains("too late") && text.contains("person"), "{text}");
    call.hears("yes please");
    assert_eq!(call.outcome, Some(CallOutcome::Transferred));
    assert_eq!(call.clinic.booked().len(), 1);
}

#[test]
fn questions_are_answered_with_their_source_and_the_form_goes_on() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("where can I park?");
    assert!(text.contains("in the yard") && text.contains("the visitors' sheet"), "{text}");
    call.hears("no thanks, bye");
    assert_eq!(call.outcome, Some(CallOutcome::Answered));
    let mut call = Call::new(Clinic::new());
    call.hears("a cardiologist tomorrow please");
    let text = call.hears("is there parking?");
    assert!(text.contains("in the yard") && text.contains("full name"), "{text}");
    assert!(call.hears("Jane Miller").contains("date of birth"));
    let mut call = Call::new(Clinic::new());
    assert!(call.hears("do you take Acme insurance?").contains("person"));
    assert!(call.hears("no").contains("anything else"));
}

#[test]
fn a_person_is_called_when_asked_for_or_when_nothing_is_understood() {
    let mut call = Call::new(Clinic::new());
    assert!(call.hears("let me speak to a human").contains("phone number"));
    let text = call.hears("0100 123 4567");
    assert!(text.contains("0 1 0 0 1 2 3 4 5 6 7. Is that correct?"), "{text}");
    assert!(call.hears("yes").contains("call you back"));
    assert_eq!(call.outcome, Some(CallOutcome::Transferred));
    let phone = call.clinic.calls.iter().find_map(|tool| match tool {
        ToolCall::Transfer { phone, .. } => phone.clone(),
        _ => None,
    });
    assert_eq!(phone.map(frontdesk_types::Phi::into_exposed).as_deref(), Some("01001234567"));

    let mut call = Call::new(Clinic::new());
    for words in ["blue bananas", "green xylophones", "purple rivers"] {
        call.hears(words);
    }
    assert!(call.said.last().is_some_and(|text| text.contains("phone number")));
    call.hears("0100 123 4567");
    call.hears("that's it");
    assert_eq!(call.outcome, Some(CallOutcome::Transferred));
    assert_eq!(call.clinic.callbacks, ["misunderstood"]);
}

#[test]
fn silence_is_asked_about_and_then_ends_the_call() {
    let mut call = Call::new(Clinic::new());
    assert!(call.waits().contains("still there"));
    assert!(call.waits().contains("help you"));
    assert!(call.waits().contains("Goodbye"));
    assert_eq!(call.outcome, Some(CallOutcome::Abandoned));
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    assert!(call.waits().contains("Shall I book the appointment?"));
    call.waits();
    call.waits();
    assert_eq!((call.outcome, call.writes()), (Some(CallOutcome::Abandoned), 0));
}

#[test]
fn chatter_other_languages_and_other_patients_are_answered_kindly() {
    let mut call = Call::new(Clinic::new());
    assert!(call.hears("hello how are you").contains("help you"));
    assert!(call.hears("do you speak Arabic?").contains("English"));
    assert!(call.hears("أريد موعدا من فضلك").contains("English"));
    let text = call.hears("when is Ali Saleh's appointment?");
    assert!(text.contains("other patients") && call.clinic.calls.is_empty(), "{text}");
    assert!(call.hears("could you say that again").contains("help you"));
    call.hears("goodbye");
    assert_eq!(call.outcome, Some(CallOutcome::Abandoned));
}

#[test]
fn a_tool_that_is_away_is_tried_again_and_then_a_person_is_called() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    call.clinic.away = 1;
    assert!(call.hears("yes").contains("trying again"));
    assert!(call.waits().contains("reference"));
    let numbers = &call.clinic.numbers;
    assert_eq!((numbers.len(), numbers[0]), (2, numbers[1]), "the same write, tried twice");
    assert_eq!(call.clinic.booked().len(), 1);

    let mut call = Call::new(Clinic::new());
    call.clinic.away = 4;
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    for _ in 0..2 {
        assert!(call.waits().contains("still trying"));
    }
    assert!(call.waits().contains("phone number"));
    call.hears("0100 123 4567");
    assert!(call.waits().contains("call you back"), "a number that was read back is enough");
    assert_eq!(call.outcome, Some(CallOutcome::Transferred));
}

#[test]
fn a_yes_counts_only_after_the_read_back_was_played() {
    let mut call = Call::new(Clinic::new());
    call.plays = false;
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    assert_eq!(call.hears("yes"), "", "said into the read-back");
    assert_eq!(call.writes(), 0);
    let before = call.said.len();
    while let Some(played) = call.unplayed.pop_front() {
        call.input(played);
        if call.said.len() > before {
            break;
        }
    }
    assert!(call.said.last().is_some_and(|text| text.contains("shall I book the appointment?")));
    call.hears("yes");
    assert_eq!(call.writes(), 1);

    let mut call = Call::new(Clinic::new());
    call.plays = false;
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    while let Some(Input::Played { utterance, heard, .. }) = call.unplayed.pop_front() {
        let heard = heard.chars().take(12).collect();
        call.input(Input::Played { utterance, heard, complete: false });
    }
    let again = call.hears("yes");
    assert!(
        again.contains("Shall I book the appointment?") && call.writes() == 0,
        "cut short: {again}"
    );
}

#[test]
fn a_moved_appointment_keeps_its_day_when_only_the_time_is_named() {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-16T09:00");
    let mut call = Call::new(clinic);
    call.hears("I need to change my appointment to eleven o'clock");
    call.hears("Jane Miller");
    let text = call.hears("17 May 1980");
    assert!(
        text.contains("Tuesday, June 16, at 11:00 AM") && text.contains("Shall I move"),
        "{text}"
    );
    assert!(call.hears("no").contains("stays as it was"));
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-16 09:00"]);
}

#[test]
fn another_patients_name_needs_another_identification() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    call.hears("yes");
    let text = call.hears("my name is Ali Saleh and I want to see my appointments");
    assert!(text.contains("date of birth"), "{text}");
}

#[test]
fn the_history_holds_what_was_played_and_done() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    call.hears("yes");
    let history = call.forms.history();
    let roles: Vec<_> = history.iter().map(|turn| turn.role).collect();
    assert_eq!(roles, [Role::Agent, Role::Caller, Role::Agent, Role::Caller, Role::Agent]);
    let tools: usize = history.iter().map(|turn| turn.tools.len()).sum();
    assert_eq!(tools, call.clinic.calls.len());
    assert!(history.iter().flat_map(|turn| &turn.tools).all(|record| record.result.is_some()));
}

#[test]
fn days_are_the_clinics_on_the_night_the_clocks_change() {
    // Egypt's clocks go back from midnight to eleven at the end of Thursday, October 29, 2026: it is
    // Thursday there, and half past eleven twice.
    let clinic = Clinic::at("2026-10-29T23:30:00");
    let mut call = Call::new(clinic);
    let text = call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    assert!(text.contains("Sunday, November 1, at 9:00 AM"), "{text}");
    // The day after tomorrow is Saturday; nobody works on Friday and Saturday, and Sunday is near.
    let text = call.hears("no, on Tuesday at nine");
    assert!(text.contains("Tuesday, November 3, at 9:00 AM"), "{text}");
    let text = call.hears("no, tomorrow at nine");
    assert!(text.contains("nothing free on Friday, October 30"), "{text}");
}

#[test]
fn doctors_and_specialties_that_are_not_here_are_told() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980");
    let text = call.hears("I need a dentist");
    assert!(text.contains("We don't have dentistry") && text.contains("Which doctor"), "{text}");
    let text = call.hears("Dr. Zimmermann");
    assert!(text.contains("no Dr. Zimmermann") && text.contains("Which doctor"), "{text}");
    assert!(call.hears("doctor frost then").contains("Which one"));
}

#[test]
fn a_call_in_another_language_is_answered_in_english() {
    let mut clinic = Clinic::new();
    clinic.facts.language = "ar".to_owned();
    let call = Call::new(clinic);
    assert!(call.said[0].contains("English") && call.said[0].contains("help you"));
}

/// Conversations as callers without a script hold them: what is said, and what must be answered.
#[test]
fn many_ways_of_saying_it_lead_on() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "by description",
            &[
                (
                    "Good afternoon, my heart doctor told me to come again, do you have anything on Sunday?",
                    "full name",
                ),
                ("Miller, I mean Jane Miller", "date of birth"),
                ("the seventeenth of May", "Which year"),
                ("nineteen eighty", "Sunday, June 14"),
                ("with Dr. Haddad at eleven", "June 14, at 11:00 AM"),
                ("yes that is correct, thank you", "reference"),
                ("thank you, goodbye", "Goodbye"),
            ],
        ),
        (
            "first name first",
            &[
                ("I'd like an appointment", "full name"),
                ("Jane", "last name"),
                ("Miller", "date of birth"),
                ("5/17/1980", "hich doctor"),
                ("which doctors do you have?", "hich doctor"),
                ("I don't know", "Which one"),
            ],
        ),
        (
            "changing one's mind",
            &[
                ("book Dr. Frost on Monday, Jane Miller here", "date of birth"),
                ("May 17 1980", "Monday, June 15"),
                ("never mind", "anything else"),
                ("can I see a pediatrician on Wednesday?", "June 17"),
                ("the last", "is the appointment for Jane Miller"),
                ("yes, for me", "June 17, at 10:00 AM"),
                ("no", "another time"),
                ("Sunday at nine thirty", "June 14, at 9:30 AM"),
                ("okay", "reference"),
                ("cancel that again please", "Shall I cancel it"),
                ("yes", "cancelled"),
                ("nothing else", "Goodbye"),
            ],
        ),
        (
            "an impossible wish",
            &[
                (
                    "this is Jane Miller, born 17 May 1980. A cardiologist on Sunday evening",
                    "nothing free on Sunday",
                ),
                ("the first one", "Is that correct"),
                ("repeat please", "Is that correct"),
                ("one moment", "time"),
                ("yes", "reference"),
            ],
        ),
        (
            "my appointments",
            &[
                ("when is my next appointment?", "full name"),
                ("Jane Miller", "date of birth"),
                ("17.05.1980", "no appointment"),
                ("no", "Goodbye"),
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, turns) in cases {
        let mut call = Call::new(Clinic::new());
        for (says, expected) in *turns {
            let answer = call.hears(says);
            if !answer.contains(expected) {
                wrong.push(format!("{name}: {says:?} was answered {answer:?}"));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
