//! Ways of saying things that were once misunderstood; each of these failed before it was mended.

use frontdesk_pipelines::dialogue::tools::ToolCall;
use frontdesk_types::CallOutcome;

use crate::dialogue_sim::{Call, Clinic};

fn known() -> Call {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980");
    call
}

/// Jane Miller is known by this answer to the question for her name.
fn is_jane_miller(answer: &str) {
    let mut call = Call::new(Clinic::new());
    call.hears("I need Dr Haddad on Sunday");
    let text = call.hears(answer);
    assert!(text.contains("date of birth"), "{answer}: {text}");
    let text = call.hears("17 May 1980");
    assert!(text.contains("Sunday, June 14"), "{answer}: {text}");
}

/// What was read back is booked by this answer.
fn books_by(yes: &str) {
    let mut call = known();
    call.hears("Dr Haddad on Sunday at nine");
    let text = call.hears(yes);
    assert!(text.contains("reference"), "{yes}: {text}");
}

#[test]
fn a_yes_that_sounds_like_a_question_is_a_yes() {
    for yes in [
        "yes, do it",
        "yes do that please",
        "yes, this sounds much better",
        "okay, please do it now",
    ] {
        books_by(yes);
    }
}

#[test]
fn a_yes_with_another_hour_in_it_is_neither_a_yes_nor_a_correction() {
    let mut call = known();
    call.hears("Dr Haddad on Sunday at ten");
    for _ in 0..3 {
        // "Yes ma'am", as a recognizer may hear it.
        let text = call.hears("yes nine");
        assert!(text.contains("10:00 AM") && text.contains("Shall I book"), "{text}");
    }
    assert!(call.clinic.booked().is_empty());
    assert!(call.hears("yes ten").contains("reference"), "the same hour is a yes");
    let mut call = known();
    call.hears("Dr Haddad on Sunday at ten");
    let text = call.hears("no nine");
    assert!(text.contains("9:00 AM"), "{text}");
    let text = call.hears("yes but at eleven please");
    assert!(text.contains("11:00 AM"), "{text}");
}

#[test]
fn an_hour_that_works_is_a_choice_and_no_question() {
    let mut call = known();
    call.hears("Dr Haddad on Sunday morning");
    let text = call.hears("ten works fine");
    assert!(text.contains("10:00 AM") && text.contains("Shall I book"), "{text}");
    let mut call = known();
    let text = call.hears("I work until noon, could somebody see me on Monday afternoon?");
    assert!(text.contains("Which doctor"), "{text}");
}

#[test]
fn names_stand_anywhere_in_the_answer() {
    for answer in [
        "Jane Miller is my name",
        "you may put down Jane Miller",
        "jane miller like the baker",
        "well they all know me as Jane Miller",
        "Jane Miller is the name",
        "Miller, first name Jane",
        "my first name is Jane and my last name is Miller",
        "Jane, and the surname is Miller",
        "miller jane miller",
    ] {
        is_jane_miller(answer);
    }
}

#[test]
fn the_year_of_birth_may_stand_apart() {
    for answer in [
        "on May the seventeenth in nineteen eighty",
        "oh my, that was the seventeenth of May, long ago, in 1980",
        "fifth month, the seventeenth, nineteen eighty, so May seventeenth",
        "nineteen eighty it was, on the seventeenth of May",
        "sorry, I meant May the seventeenth, nineteen eighty",
        "five seventeen eighty, I mean May the seventeenth",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears("I need Dr Haddad on Sunday");
        call.hears("Jane Miller");
        let text = call.hears(answer);
        assert!(text.contains("Sunday, June 14"), "{answer}: {text}");
    }
}

#[test]
fn who_has_never_been_here_is_new() {
    for words in [
        "I have never been to this place before, I need Dr Haddad on Sunday",
        "we've never come here before, I would like Dr Haddad on Sunday",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears(words);
        call.hears("Greta Olsen");
        let text = call.hears("3 March 1990");
        assert!(text.contains("phone number"), "{words}: {text}");
    }
    let mut call = Call::new(Clinic::new());
    call.hears("I have been here before and need Dr Haddad on Sunday");
    call.hears("Jane Miller");
    assert!(call.hears("17 May 1980").contains("June 14"));
}

#[test]
fn days_are_counted_from_tomorrow_too() {
    let mut call = known();
    let text = call.hears("Dr Haddad, one week from tomorrow at nine");
    assert!(text.contains("Thursday, June 18"), "{text}");
    let text = call.hears("no, three weeks from tomorrow at nine");
    assert!(text.contains("Thursday, July 2"), "{text}");
}

#[test]
fn a_quick_yes_to_a_person_in_an_emergency_is_a_yes() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("my wife has crushing chest pain");
    assert!(text.contains("123"), "{text}");
    let text = call.hears("yes, as soon as possible");
    assert!(text.contains("phone number"), "{text}");
    let text = call.hears("0100 123 4567");
    assert!(text.contains("call you back"), "{text}");
    assert_eq!(call.outcome, Some(CallOutcome::Emergency));
}

#[test]
fn slips_of_the_finger_are_forgiven() {
    let mut call = known();
    let text = call.hears("dr winter thurdsay aftrenoon");
    assert!(text.contains("Thursday, June 11: 1:00 PM"), "{text}");
}

#[test]
fn questions_about_opening_hours_are_questions() {
    for question in [
        "at what time are you open on Monday?",
        "so, until what time do you stay open on Sunday",
        "what time does the clinic close on Thursday?",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears(question);
        let asked = call.clinic.calls.iter().any(|tool| matches!(tool, ToolCall::AskClinic { .. }));
        assert!(asked, "{question}: {:?}", call.said);
    }
    let mut call = known();
    let text = call.hears("what times do you have open with Dr Haddad on Sunday");
    assert!(text.contains("Sunday, June 14"), "{text}");
}

#[test]
fn the_day_that_is_full_is_not_searched_again_when_another_is_chosen() {
    let mut call = known();
    let text = call.hears("Dr Haddad on Friday");
    assert!(text.contains("nothing free on Friday"), "{text}");
    let text = call.hears("when Friday is not possible, take the first");
    assert!(text.contains("Shall I book"), "{text}");
    let mut call = known();
    call.hears("Dr Haddad on Friday");
    let text = call.hears("well, Friday or the first one");
    assert!(text.contains("Shall I book"), "{text}");
}

#[test]
fn where_an_appointment_moves_to_is_asked_first() {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:00");
    let mut call = Call::new(clinic);
    call.hears("this is Jane Miller, born 17 May 1980");
    for words in ["can I push my Sunday visit to Tuesday morning?", "no, leave it"] {
        let text = call.hears(words);
        assert!(text.contains("Tuesday, June 16") || text.contains("as it was"), "{words}: {text}");
    }
    let text = call.hears("my visit to Dr Haddad on Sunday has to be rescheduled");
    assert!(text.contains("come instead"), "{text}");
    let text = call.hears("any day");
    assert!(text.contains("Thursday, June 11"), "{text}");
}

#[test]
fn a_call_that_turns_in_circles_ends_with_a_person() {
    let mut call = known();
    call.hears("Dr Haddad on Friday");
    for _ in 0..8 {
        call.hears("on Friday");
    }
    assert_eq!(call.outcome, Some(CallOutcome::Transferred), "{:?}", call.said);
}

#[test]
fn the_nearest_of_what_is_offered_is_the_first() {
    let mut call = known();
    let text = call.hears("Dr Haddad on Sunday at a quarter past ten");
    assert!(text.contains("nothing free"), "{text}");
    let text = call.hears("then whatever is nearest to a quarter past ten");
    assert!(text.contains("Shall I book"), "{text}");
}

#[test]
fn small_talk_with_a_no_in_it_ends_no_call() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("nice weather, is it not?");
    assert!(text.contains("help you"), "{text}");
    assert_eq!(call.outcome, None);
}

#[test]
fn a_question_is_answered_also_while_the_caller_is_asked_who_they_are() {
    for question in [
        "I wanted to know the price of a visit to Doctor Haddad",
        "i wanted to know the price of a visit to doctor this on",
        "before I tell you that, what does a visit cost?",
        "how much would a visit be?",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears("I need an appointment with Dr Haddad");
        let text = call.hears(question);
        let asked = call.clinic.calls.iter().any(|tool| matches!(tool, ToolCall::AskClinic { .. }));
        assert!(asked, "{question}: {text}");
    }
}

#[test]
fn a_child_has_a_name_too() {
    for answer in [
        "my daughter is called Jane Miller",
        "her name is Jane Miller",
        "my little girl's name is Jane Miller",
        "he goes by Jane Miller",
        "it should be under Jane Miller",
        "my wife is registered as Jane Miller",
        "my daughter is called jane miller",
        "her name is jane miller",
        "it should be under jane miller",
        "she goes by jane miller",
    ] {
        is_jane_miller(answer);
    }
}

#[test]
fn many_words_say_yes() {
    for yes in [
        "yes, that is quite all right",
        "that's absolutely fine by me",
        "it is perfectly all right",
        "yes now it is correct",
        "sounds about right, go on",
        "yes yes, do go ahead",
        "I'd say so, yes",
        "that'll be just fine",
    ] {
        books_by(yes);
    }
}

#[test]
fn a_word_that_was_taken_for_a_time_does_not_undo_a_choice() {
    let mut call = known();
    let text = call.hears("Dr Haddad on Sunday");
    assert!(text.contains("9:00 AM"), "{text}");
    let text = call.hears("the earliest of them we'll do eleven silly");
    assert!(text.contains("9:00 AM") && text.contains("Shall I book"), "{text}");
}

#[test]
fn words_that_sound_like_numbers_are_numbers_where_those_are_asked_for() {
    let mut call = Call::new(Clinic::new());
    call.hears("I need Dr Haddad on Sunday");
    call.hears("Peter Zoller, I am new");
    let text = call.hears("may the seventeenth nineteen sixty to");
    assert!(text.contains("phone"), "{text}");
    let text = call.hears("zero one zero zero for five six seven ate nine");
    assert!(text.contains("0 1 0 0 4 5 6 7 8 9"), "{text}");
    assert!(text.contains("1962"), "{text}");
}
