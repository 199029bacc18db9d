//! A yes is one if nothing is left of the answer but fillers and what was read back.

use frontdesk_pipelines::dialogue::tools::ToolCall;
use proptest::prelude::*;

use crate::dialogue_sim::{Call, Clinic};

/// A call as far as the read-back of a booking.
pub(crate) fn read_back() -> Call {
    let mut call = Call::new(Clinic::new());
    let text =
        call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at half past nine");
    assert!(text.contains("Shall I book the appointment?"), "{text}");
    call
}

fn releases(call: &Call) -> usize {
    call.clinic.calls.iter().filter(|tool| matches!(tool, ToolCall::Release { .. })).count()
}

#[test]
fn a_yes_in_many_words_with_parts_of_what_was_read_back_books() {
    for yes in [
        "yes",
        "y",
        "okay",
        "perfect",
        "please",
        "oh yes please",
        "yes, Sunday at half past nine",
        "Sunday the 14th of June, yes",
        "yes please, for Jane Miller",
        "yes with Dr. Haddad in the morning",
        "yes with the cardiologist",
        "great, book it",
        "yes, we will be there on time",
        "yes, thank you so much",
        "no problem",
        "not bad, book it",
        "alright, go for it",
        "that'll do nicely, thanks",
        "yes, put me down for that",
        "👍",
        "Yes, shukran",
        "yes yes, we have to leave now",
        "that suits me fine, sign me up",
        "is good, please do it",
        "couldn't be nicer, write it down",
        "I can live with that",
        "sounds like a plan",
        "I don't see why not",
        "nothing wrong with that, go ahead",
        "go right ahead",
        "okey doke, make it so",
        "yes, is correct, please book",
        "one hundred percent",
        "I'm happy with that",
        "you can enter it in the book",
        "that's exactly what I wanted",
        "we can do that",
        "it's a deal",
    ] {
        let mut call = read_back();
        let text = call.hears(yes);
        assert!(text.contains("Your reference is"), "{yes}: {text}");
    }
}

#[test]
fn words_that_are_left_over_are_asked_about_and_the_time_is_kept() {
    for words in [
        "okay, my train is coming",
        "sure, once hell freezes over",
        "great, that reminds me of something",
        "yes I can hear you",
        "right, my neighbour said so",
        "perfect timing, there comes the postman",
        "yes, provided that my boss agrees",
        "fine, I was only curious",
        "yeah right",
        "no, that's great",
    ] {
        let mut call = read_back();
        let text = call.hears(words);
        assert_eq!(call.writes(), 0, "{words}: {text}");
        assert!(text.contains("Shall I book the appointment, yes or no?"), "{words}: {text}");
        assert_eq!(releases(&call), 0, "{words}: the time is still held");
        assert!(call.hears("yes").contains("Your reference is"), "{words}");
    }
}

#[test]
fn whoever_wants_time_to_ask_somebody_gets_it() {
    for words in ["please hold", "hold the line please", "okay let me talk to my mother", "wait"] {
        let mut call = read_back();
        let text = call.hears(words);
        assert!(text.contains("Take your time"), "{words}: {text}");
        assert_eq!((call.writes(), releases(&call)), (0, 0), "{words}");
        assert!(call.hears("yes").contains("Your reference is"), "{words}");
    }
}

#[test]
fn a_no_in_the_answer_is_no_yes() {
    for words in [
        "yeah, no",
        "please no",
        "that is not right",
        "I don't think so",
        "yes but I can't make it then",
        "better not",
        "please don't",
    ] {
        let mut call = read_back();
        let text = call.hears(words);
        assert!(text.contains("haven't booked"), "{words}: {text}");
        assert_eq!(call.writes(), 0, "{words}");
    }
}

#[test]
fn a_yes_to_another_day_hour_or_doctor_is_a_correction() {
    for words in ["yes, Tuesday", "yes but with Dr Winter", "okay but at eleven"] {
        let mut call = read_back();
        call.hears(words);
        assert_eq!(call.writes(), 0, "{words}: {:?}", call.said);
    }
}

#[test]
fn who_never_answers_plainly_is_called_back_rather_than_booked() {
    let mut call = read_back();
    for _ in 0..12 {
        if call.outcome.is_some() {
            break;
        }
        call.hears("okay, purple elephants");
    }
    assert!(call.clinic.booked().is_empty());
    assert_eq!(call.clinic.callbacks.len(), 1, "{:?}", call.said);
}

/// One of the sentences of a template: `(a|b)` a choice, `[a]` what may be missing, `{slot}`.
fn spoken(template: &str, slots: &toml::Table, dice: &mut dyn FnMut(usize) -> usize) -> String {
    let mut text = template.trim_start_matches(|c: char| c.is_ascii_digit()).trim().to_owned();
    // Innermost brackets first.
    while let Some(end) = text.find([')', ']', '}']) {
        let start = text[..end].rfind(['(', '[', '{']).expect("a bracket is opened");
        let inside = text[start + 1..end].to_owned();
        let chosen = match text.as_bytes()[start] {
            b'{' => {
                let values = slots[&inside].as_array().expect("a list");
                let value = values[dice(values.len())].as_str().expect("a text");
                spoken(value, slots, dice)
            }
            b'[' if dice(2) == 0 => String::new(),
            _ => {
                let branches: Vec<&str> = inside.split('|').collect();
                branches[dice(branches.len())].to_owned()
            }
        };
        text.replace_range(start..=end, &chosen);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The recognizer listens for these sentences as a yes; they must be heard as one.
#[test]
fn what_is_listened_for_as_a_yes_is_one() {
    let speech = include_str!("../../src/language/en/listen.toml");
    let speech: toml::Table = toml::from_str(speech).expect("it is read by the program, too");
    let slots = speech["slots"].as_table().expect("a table");
    let mut state = 13_u64;
    let mut dice = move |sides: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("small") % sides
    };
    let (mut wrong, mut said) = (Vec::new(), 0);
    for _ in 0..400 {
        let yes = spoken("{yes}", slots, &mut dice);
        if ["move", "cancel", "make"].iter().any(|other| yes.contains(other)) {
            continue;
        }
        said += 1;
        let mut call = read_back();
        call.hears(&yes);
        if call.clinic.booked().is_empty() {
            wrong.push(yes);
        }
    }
    assert!(wrong.len() * 50 <= said, "{} of {said}: {wrong:#?}", wrong.len());
}

/// Words that no yes needs.
const LEFT_OVER: &[&str] = &[
    "diary",
    "husband",
    "pigs",
    "because",
    "bus",
    "blue",
    "table",
    "money",
    "charge",
    "unless",
    "maybe",
    "traffic",
    "knee",
    "later today",
    "question",
    "invoice",
    "garden",
    "window",
    "boss",
    "waiting list",
    "somebody",
    "hardly",
    "two people",
];
const YES: &[&str] = &["yes", "okay", "sure", "perfect", "great", "correct", "book it", "please"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn words_left_over_after_a_yes_never_write(
        yes in prop::sample::select(YES),
        left in prop::collection::vec(prop::sample::select(LEFT_OVER), 1..4),
        first in any::<bool>(),
    ) {
        let left = left.join(" ");
        let words = if first { format!("{yes} {left}") } else { format!("{left} {yes}") };
        let mut call = read_back();
        call.hears(&words);
        prop_assert!(call.clinic.booked().is_empty(), "{}: {:?}", words, call.said);
    }
}
