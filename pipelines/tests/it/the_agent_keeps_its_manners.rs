//! It says what it is, answers who asks if somebody is there, and never says the same twice.

use proptest::prelude::*;

use crate::dialogue_sim::{Call, Clinic};
use crate::nothing_is_done_on_half_a_sentence::{QUESTIONS, call_at, sentence};

#[test]
fn it_is_a_machine_and_says_so() {
    for words in [
        "am I speaking with a human being",
        "is this a computer",
        "are you an AI",
        "who am I talking to",
        "you sound like a robot",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(
            text.contains("automatic assistant") && text.contains("help you"),
            "{words}: {text}"
        );
    }
}

#[test]
fn wrong_numbers_silence_and_anger_are_answered() {
    for (words, part) in [
        ("oh, I think I dialled the wrong number", "No problem"),
        ("are you still there", "I'm here"),
        ("can you hear me", "I'm here"),
        ("this is such a stupid machine", "sorry"),
        ("a large cola and fries please", "book, move or cancel"),
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains(part) && !text.contains("Goodbye"), "{words}: {text}");
    }
}

#[test]
fn what_was_booked_is_told_again() {
    let mut call = Call::new(Clinic::new());
    call.hears("a cardiologist on Sunday at nine, this is Jane Miller, born 17 May 1980");
    call.hears("when was that again?");
    assert!(call.said.last().is_some_and(|text| text.contains("9:00")), "{:?}", call.said);
    let booked = call.hears("yes");
    for words in ["what was the reference", "which doctor was it", "when is that exactly"] {
        let text = call.hears(words);
        let reference =
            booked.split("reference is ").nth(1).and_then(|rest| rest.split('.').next());
        assert!(reference.is_some_and(|told| text.contains(told)), "{words}: {text}");
        assert!(text.contains("9:00"), "{words}: {text}");
    }
    assert_eq!(call.clinic.booked().len(), 1);
}

#[test]
fn the_same_is_not_said_twice_in_a_row() {
    let mut call = Call::new(Clinic::new());
    call.hears("a cardiologist on Sunday");
    for words in ["repeat please", "say that again", "one moment", "hold on please", "what?"] {
        call.hears(words);
    }
    let pairs = call.said.windows(2);
    for pair in pairs {
        assert_ne!(pair[0], pair[1]);
    }
}

#[test]
fn what_is_said_beside_the_matter_is_answered_and_the_question_asked_again() {
    for (words, part) in [
        ("is this the bicycle shop?", "You have reached Palm Clinic"),
        ("I'm not sure that I have the right number", "You have reached Palm Clinic"),
        ("which practice is this", "You have reached Palm Clinic"),
        ("tell me something funny, a joke maybe", "only know about this clinic"),
        ("awful weather again", "only know about this clinic"),
        ("how was your holiday", "I'm well"),
        ("what the heck", "sorry"),
        ("this is bullshit", "sorry"),
        ("sorry about the noise", "No problem"),
        ("excuse me, I was talking to my colleague", "No problem"),
        ("many thanks for your patience", "You're welcome"),
        ("what time is it now", "9:00 AM on Wednesday, June 10"),
        ("hello? hello?", "I'm here"),
        ("can you hear me okay", "I'm here"),
        ("the line is awful", "help you"),
        ("hang on a sec", "Take your time"),
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains(part), "{words}: {text}");
        assert!(!text.contains("understand"), "{words}: {text}");
        assert_eq!(call.outcome, None, "{words}");
    }
}

#[test]
fn small_talk_in_the_middle_of_a_form_loses_nothing() {
    for (asked, lines, question) in QUESTIONS.iter().filter(|(asked, ..)| *asked != "else") {
        for words in ["how are you", "are you a computer", "what's your name", "thanks", "hello?"] {
            let mut call = call_at(lines);
            let before = call.writes();
            let text = call.hears(words).to_lowercase();
            assert!(text.contains(question), "{asked}: {words}: {text}");
            assert!(!text.contains("understand"), "{asked}: {words}: {text}");
            assert_eq!((call.writes(), call.outcome), (before, None), "{asked}: {words}");
        }
    }
}

#[test]
fn who_asks_why_is_told_and_asked_again() {
    for words in ["why do you need that", "is that confidential", "I'd rather not say"] {
        let mut call = Call::new(Clinic::new());
        call.hears("a cardiologist please");
        let text = call.hears(words);
        assert!(text.contains("right record") && text.contains("full name"), "{words}: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn no_two_utterances_in_a_row_are_the_same(
        (_, lines, _) in prop::sample::select(QUESTIONS),
        sentences in prop::collection::vec((sentence(), 1..3_usize), 1..5),
    ) {
        let mut call = call_at(lines);
        for (sentence, times) in sentences {
            for _ in 0..times {
                if call.outcome.is_none() {
                    call.hears(&sentence.text);
                }
            }
        }
        for pair in call.said.windows(2) {
            prop_assert_ne!(&pair[0], &pair[1]);
        }
    }
}
