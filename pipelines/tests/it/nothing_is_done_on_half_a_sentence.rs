//! Sentences made of acts and of words that nobody knows: no write without a plain yes, no hang-up
//! on a sentence that was not understood, and nobody in the clinic's books who was not read back.

use proptest::prelude::*;

use crate::dialogue_sim::{Call, Clinic};

/// What a piece of a sentence does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Yes,
    No,
    Wish,
    Correction,
    Question,
    Name,
    Time,
    Story,
    Thanks,
    Goodbye,
    /// Words that no table has.
    Unknown,
}

const PIECES: &[(Act, &[&str])] = &[
    (
        Act::Yes,
        &["yes", "okay", "sure", "perfect", "right", "please", "of course", "book it", "great"],
    ),
    (Act::No, &["no", "not really", "never", "nothing", "nope"]),
    (
        Act::Wish,
        &["a cardiologist", "with Dr Winter", "next week", "an appointment", "in the afternoon"],
    ),
    (Act::Correction, &["actually Tuesday", "I mean at eleven", "wait, Thursday instead"]),
    (Act::Question, &["is there parking", "how much does it cost", "which floor is it"]),
    (Act::Name, &["my name is Eve Stone", "I am Bob Green"]),
    (Act::Time, &["at ten", "half past nine", "on Sunday", "tomorrow"]),
    (
        Act::Story,
        &[
            "my neighbour drove me there",
            "I moved house last month",
            "the letter never came",
            "she called me yesterday",
            "we had a flat tyre",
        ],
    ),
    (Act::Thanks, &["thanks", "thank you very much"]),
    (Act::Goodbye, &["bye", "goodbye", "have a nice day", "that is all"]),
    (
        Act::Unknown,
        &[
            "purple elephants",
            "the invoice",
            "my umbrella",
            "because of the garden",
            "two people",
            "if the boss agrees",
            "unless it snows",
            "once pigs fly",
            "the bus is coming",
            "my diary",
        ],
    ),
];

#[derive(Debug, Clone)]
pub(crate) struct Sentence {
    pub(crate) text: String,
    acts: Vec<Act>,
}

impl Sentence {
    fn has(&self, acts: &[Act]) -> bool {
        self.acts.iter().any(|act| acts.contains(act))
    }

    /// Whether something in it is neither an answer nor part of what may have been read back.
    fn says_more(&self) -> bool {
        self.has(&[Act::Correction, Act::Question, Act::Name, Act::Story, Act::Unknown])
    }
}

pub(crate) fn sentence() -> impl Strategy<Value = Sentence> {
    let piece = prop::sample::select(PIECES)
        .prop_flat_map(|(act, texts)| (Just(act), prop::sample::select(texts)));
    let joint = prop::sample::select([" ", ", ", " and ", " but ", ". "].as_slice());
    prop::collection::vec((piece, joint), 1..5).prop_map(|pieces| {
        let mut text = String::new();
        for (at, ((_, piece), joint)) in pieces.iter().enumerate() {
            text.push_str(if at > 0 { joint } else { "" });
            text.push_str(piece);
        }
        let acts = pieces.iter().map(|((act, _), _)| *act).collect();
        Sentence { text, acts }
    })
}

/// What is asked, what was said before, and words of the question.
pub(crate) const QUESTIONS: &[(&str, &[&str], &str)] = &[
    ("help", &[], "help you"),
    ("name", &["a cardiologist please"], "full name"),
    ("birth", &["a cardiologist please", "Jane Miller"], "date of birth"),
    ("doctor", &[WHO, "an appointment please"], "which doctor"),
    ("times", &[WHO, "a cardiologist next week"], "which one"),
    ("book", &[WHO, BOOK], "shall i book"),
    ("else", &[WHO, BOOK, "yes"], "anything else"),
    ("person", &[WHO, "do you have a swimming pool"], "have a person call you back"),
    ("cancel", &[WHO, "cancel my appointment please"], "shall i cancel"),
    ("move", &[WHO, "move my appointment to Tuesday at ten"], "shall i move"),
    (
        "register",
        &[
            "I am a new patient and need a cardiologist",
            "Sara Mansour",
            "9 October 2001",
            "0100 123 4567",
        ],
        "is that correct",
    ),
    (
        "message",
        &["I need a refill of my tablets", "Jane Miller", "17 May 1980", "after three"],
        "is that correct",
    ),
];

const WHO: &str = "this is Jane Miller, born 17 May 1980";
const BOOK: &str = "Dr Haddad on Tuesday at half past nine";

/// A call as far as one of the questions.
pub(crate) fn call_at(lines: &[&str]) -> Call {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:00");
    let mut call = Call::new(clinic);
    for line in lines {
        call.hears(line);
    }
    call
}

#[test]
fn each_kind_of_question_is_reached() {
    for (asked, lines, words) in QUESTIONS {
        let call = call_at(lines);
        let said = call.said.last().expect("greeted").to_lowercase();
        assert!(said.contains(words), "{asked}: {said}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_written_on_a_sentence_that_says_more_than_a_yes(
        sentence in sentence(),
        (asked, lines, _) in prop::sample::select(QUESTIONS),
    ) {
        prop_assume!(sentence.says_more() || !sentence.has(&[Act::Yes]));
        let mut call = call_at(lines);
        let before = call.writes();
        call.hears(&sentence.text);
        let same = call.writes() == before;
        prop_assert!(same, "{}: {:?}: {:?}", asked, sentence.text, call.said);
    }

    #[test]
    fn no_call_ends_on_a_sentence_that_was_not_understood(
        sentence in sentence(),
        (asked, lines, _) in prop::sample::select(QUESTIONS),
    ) {
        prop_assume!(sentence.has(&[Act::Unknown, Act::Story, Act::Question]));
        let mut call = call_at(lines);
        call.hears(&sentence.text);
        prop_assert!(call.outcome.is_none(), "{}: {:?}: {:?}", asked, sentence.text, call.said);
    }

    #[test]
    fn nobody_is_in_the_books_who_was_not_read_back(
        sentences in prop::collection::vec((sentence(), any::<bool>()), 0..6),
        name in prop::sample::select(["Eve Stone", "Sara Mansour", "Omar van der Berg"].as_slice()),
    ) {
        let mut call = Call::new(Clinic::new());
        call.hears("I am new here and need a cardiologist on Sunday");
        let mut between = sentences.into_iter();
        for answer in ["9 October 2001", name, "0100 123 4567", "yes", "the first one", "yes"] {
            if let Some((sentence, true)) = between.next() {
                writes_are_read_back(&mut call, &sentence.text)?;
            }
            writes_are_read_back(&mut call, answer)?;
        }
    }
}

/// Says something; whatever is written then was read back just before, with the name.
fn writes_are_read_back(call: &mut Call, words: &str) -> Result<(), TestCaseError> {
    if call.outcome.is_some() {
        return Ok(());
    }
    let said = call.said.clone();
    let (registered, booked) = (call.clinic.registered().len(), call.clinic.booked().len());
    call.hears(words);
    let read = |name: &str| {
        let last = said.iter().rev().take(3).map(|text| text.to_lowercase());
        last.into_iter().any(|text| text.contains(&name.to_lowercase()))
    };
    for new in call.clinic.registered().iter().skip(registered) {
        let name = new.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default().trim();
        prop_assert!(read(name), "{new} registered on {words:?}: {said:?}");
    }
    for new in call.clinic.booked().iter().skip(booked) {
        let name = new.split(':').next().unwrap_or_default();
        prop_assert!(read(name), "{new} booked on {words:?}: {said:?}");
    }
    Ok(())
}
