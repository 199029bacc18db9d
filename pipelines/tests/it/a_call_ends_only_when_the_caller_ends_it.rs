//! A sentence with a no in it ends no call: only a declined "anything else" or a goodbye does.

use proptest::prelude::*;

use crate::dialogue_sim::{Call, Clinic};

fn booked() -> Call {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    assert!(call.hears("yes").contains("anything else"));
    call
}

#[test]
fn a_first_sentence_with_a_no_in_it_is_answered() {
    for words in [
        "I'm not well at all",
        "my baby won't drink",
        "I never received the letter",
        "it's nothing bad, only a check",
        "you gave me the wrong tablets",
        "nobody answered the phone yesterday",
        "no",
        "no thanks",
        "nothing",
        "my results aren't there",
        "thanks",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert_eq!(call.outcome, None, "{words}: {text}");
        assert!(!text.to_lowercase().contains("goodbye"), "{words}: {text}");
        assert!(!text.contains("already passed"), "{words}: {text}");
    }
}

#[test]
fn a_no_in_a_sentence_after_a_booking_is_answered_too() {
    for words in [
        "I haven't got my papers yet",
        "my brother has no insurance, is that bad",
        "no, but where can I park?",
        "not that I know of",
    ] {
        let mut call = booked();
        let text = call.hears(words);
        assert_eq!(call.outcome, None, "{words}: {text}");
    }
}

#[test]
fn declining_anything_else_ends_the_call() {
    for words in [
        "no",
        "no thank you",
        "nope, that's all",
        "no, I'm all set, thanks a lot",
        "nothing else",
        "that was everything, many thanks",
        "thank you",
        "no dear",
        "not today, thanks",
    ] {
        let mut call = booked();
        let text = call.hears(words);
        assert!(call.outcome.is_some() && text.contains("Goodbye"), "{words}: {text}");
    }
}

#[test]
fn a_goodbye_ends_the_call_wherever_it_is_said() {
    for words in ["bye", "ok goodbye", "never mind then, goodbye", "thanks, bye bye", "see you"] {
        let mut call = Call::new(Clinic::new());
        call.hears("a cardiologist please");
        call.hears(words);
        assert!(call.outcome.is_some(), "{words}: {:?}", call.said);
    }
}

#[test]
fn what_sounds_like_a_goodbye_inside_a_sentence_ends_nothing() {
    for words in [
        "I would like to see you about my foot",
        "they said goodbye and put down the phone",
        "I am done with this pain",
        "is that all?",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears(words);
        assert_eq!(call.outcome, None, "{words}: {:?}", call.said);
    }
}

const NEGATIONS: &[&str] = &["not", "no", "never", "nothing", "isn't", "can't", "nobody", "wrong"];
const WORDS: &[&str] = &[
    "my",
    "knee",
    "is",
    "better",
    "since",
    "the",
    "letter",
    "arrived",
    "son",
    "sleeping",
    "I",
    "feel",
    "well",
    "tablets",
    "help",
    "with",
    "it",
    "yesterday",
    "called",
    "back",
    "you",
    "thanks",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn no_first_sentence_with_a_negation_ends_a_call(
        words in prop::collection::vec(prop::sample::select(WORDS), 0..7),
        no in prop::sample::select(NEGATIONS),
        at in any::<prop::sample::Index>(),
    ) {
        let mut words = words;
        words.insert(at.index(words.len() + 1), no);
        let words = words.join(" ");
        let mut call = Call::new(Clinic::new());
        call.hears(&words);
        prop_assert_eq!(call.outcome, None, "{}: {:?}", words, call.said);
    }
}
