//! Figures: what it costs to handle what a caller says. Not a test; run it with `--ignored`.

use std::time::{Duration, Instant};

use frontdesk_pipelines::dialogue::forms::Forms;
use frontdesk_pipelines::dialogue::{CallFacts, Dialogue, Input, Now, Output};
use frontdesk_types::Mono;

use crate::dialogue_sim::{Clinic, facts, local};

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

/// What a caller says in a call, one thing after the other.
const CALL: [&str; 12] = [
    "hello, I would like to book an appointment with a cardiologist",
    "Jane Miller",
    "17 May 1980",
    "on Sunday in the morning please",
    "do you have anything later",
    "is there parking",
    "the first one",
    "no, Tuesday would be better",
    "the second one",
    "yes please",
    "what was the reference again",
    "no, that's all, thank you",
];

/// A call as it stands after all of that; `heard` is told how long each input took.
#[expect(clippy::disallowed_methods, reason = "the time that it takes is what is measured")]
fn call(facts: &CallFacts, heard: &mut impl FnMut(Duration)) -> Forms {
    let mut clinic = Clinic::new();
    let mut forms = Forms::new(facts.clone());
    let now = Now { mono: Mono::ZERO, wall: local("2026-06-10T09:00") };
    let words = CALL.iter().map(|text| Input::Heard { text: (*text).to_owned(), confidence: None });
    for input in std::iter::once(Input::Begin).chain(words) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let begin = Instant::now();
            let said = matches!(input, Input::Heard { .. });
            forms.handle_input(now, input);
            let outputs: Vec<Output> = std::iter::from_fn(|| forms.poll_output()).collect();
            if said {
                heard(begin.elapsed());
            }
            for output in outputs {
                match output {
                    Output::Say { utterance, text, .. } => {
                        inputs.push(Input::Played { utterance, heard: text, complete: true });
                    }
                    Output::Tool { call, tool, checked } => {
                        let result = clinic.run(&tool, checked.write);
                        inputs.push(Input::ToolDone { call, result });
                    }
                    _ => {}
                }
            }
        }
    }
    forms
}

fn told(mut all: Vec<Duration>) -> String {
    all.sort();
    let at = |share: usize| all[(all.len() - 1) * share / 100];
    let mean = all.iter().sum::<Duration>() / u32::try_from(all.len()).expect("small");
    format!("median {:?}, 90 % {:?}, 99 % {:?}, mean {mean:?}", at(50), at(90), at(99))
}

#[test]
#[ignore = "figures, not a test"]
fn handling_of_the_turns_of_a_call() {
    let mut all = Vec::new();
    let facts = facts();
    for _ in 0..60 {
        call(&facts, &mut |time| all.push(time));
    }
    println!("{}", told(all.split_off(10 * CALL.len())));
}

/// Resident memory of this process in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split(' ').nth(1).expect("resident pages");
    pages.parse::<usize>().expect("a number") * 4096
}

#[test]
#[ignore = "figures, not a test"]
fn memory_of_a_call() {
    // What is kept once for all calls, and what the allocator has in hand.
    let facts = facts();
    drop((0..20).map(|_| call(&facts, &mut |_| ())).collect::<Vec<_>>());
    let before = resident();
    let calls: Vec<Forms> = (0..1000).map(|_| call(&facts, &mut |_| ())).collect();
    println!("{} bytes a call", (resident() - before) / calls.len());
}

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
    println!("{}", told(all));
}
