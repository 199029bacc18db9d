//! Figures: what it costs to handle what a caller says. Not a test; run it with `--ignored`.

use std::time::{Duration, Instant};

use frontdesk_pipelines::dialogue::forms::Forms;
use frontdesk_pipelines::dialogue::{Dialogue, Input, Now};
use frontdesk_types::Mono;

use crate::dialogue_sim::{facts, local};

/// First sentences of calls, as callers put them.
const SENTENCES: [&str; 20] = [
    "hello",
    "I would like to see a heart doctor tomorrow morning",
    "can I get an appointment with Dr. Haddad on Sunday at ten please",
    "I need to cancel my appointment",
    "what are your opening hours on Monday",
    "my name is Jane Miller, born on the 17th of May 1980, and I need a checkup next week",
    "do you have anything on Tuesday afternoon with the pediatrician for my son",
    "could you move my appointment from Sunday to Tuesday at half past nine",
    "yes please",
    "no thank you, that is all, goodbye",
    "the second one",
    "is there parking near the clinic",
    "I want to talk to a real person",
    "as soon as possible",
    "how much is a visit with Dr. Baker",
    "good morning, I have had a cough for two weeks and my wife said I should come in",
    "when is my appointment again",
    "any doctor is fine",
    "next Thursday between two and four in the afternoon",
    "I am a new patient and I would like to register",
];

#[test]
#[ignore = "figures, not a test"]
#[expect(clippy::disallowed_methods, reason = "the time that it takes is what is measured")]
fn handling_of_a_sentence() {
    let wall = local("2026-06-10T09:00");
    let facts = facts();
    let mut all: Vec<Duration> = Vec::new();
    for round in 0..40 {
        for text in SENTENCES {
            let mut forms = Forms::new(facts.clone());
            let now = Now { mono: Mono::ZERO, wall };
            forms.handle_input(now, Input::Begin);
            while forms.poll_output().is_some() {}
            let heard = Input::Heard { text: text.to_owned(), confidence: Some(0.9) };
            let begin = Instant::now();
            forms.handle_input(now, heard);
            while forms.poll_output().is_some() {}
            if round > 0 {
                all.push(begin.elapsed());
            }
        }
    }
    all.sort();
    let at = |share: usize| all[(all.len() - 1) * share / 100];
    println!("median {:?}, 90 % {:?}, 99 % {:?}", at(50), at(90), at(99));
}
