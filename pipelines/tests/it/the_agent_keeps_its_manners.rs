//! It says what it is, answers who asks if somebody is there, and never says the same twice.

use crate::dialogue_sim::{Call, Clinic};

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
