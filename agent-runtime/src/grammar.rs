//! What callers of the thinnest dialogue are expected to say, by what they were asked.
//!
//! A few dozen sentences. They stand here until the whole dialogue brings its own, because neither
//! the recognizer may know what a clinic is, nor the dialogue which recognizer is used.

use frontdesk_models::stt::lm::LmSource;
use frontdesk_pipelines::dialogue::Expectation;

/// Ways to ask for an appointment.
const REQUESTS: [&str; 12] = [
    "(i would|i'd) like to (book|make|schedule|get|have) an appointment [please]",
    "(i want|i need) (to book|to make|to schedule|to get) an appointment [please]",
    "(i want|i need) an appointment [please]",
    "(i would|i'd) like an appointment [please]",
    "(can|could|may) i (book|make|schedule|get|have) an appointment [please]",
    "(book|make|schedule) an appointment [please]",
    "(book|make|schedule) (me|us) an appointment [please]",
    "an appointment [please]",
    "i (would like|want|need) to see (a|the) doctor [please]",
    "(can|could) i see (a|the) doctor [please]",
    "i am calling to (book|make|schedule) an appointment",
    "(hello|hi|good morning|good afternoon) (i would|i'd) like to (book|make) an appointment",
];

/// Ways to agree.
const YES: [&str; 8] = [
    "yes [please]",
    "yes (that is|that's) (fine|good|right|okay|great|perfect)",
    "yes that works [for me]",
    "(yeah|yep|sure|okay|of course|correct|perfect)",
    "(that is|that's) (fine|good|right|okay|great|perfect)",
    "that works [for me]",
    "please (book|take) it",
    "yes (book|take) it [please]",
];

/// Ways to refuse.
const NO: [&str; 6] = [
    "no [(thanks|thank you)]",
    "no i (can't|cannot)",
    "no that (doesn't|does not) work",
    "not (really|that one)",
    "nope",
    "i (don't|do not) want (it|that)",
];

/// Said at any time.
const ALWAYS: [&str; 4] = [
    "(goodbye|bye|bye bye)",
    "(thank you|thanks) [(goodbye|bye)]",
    "no [(thanks|thank you)] (goodbye|bye)",
    "(hello|help|sorry|pardon|wait)",
];

/// Share of what is said at any time, whatever was asked.
const ALWAYS_SHARE: f64 = 0.1;

/// One language model for each expectation.
#[must_use]
pub fn contexts() -> Vec<(String, LmSource)> {
    let source = |sentences: &[&[&str]]| {
        let all = sentences.iter().flat_map(|list| list.iter().copied());
        LmSource::new().sentences(all).mix(LmSource::new().sentences(ALWAYS), ALWAYS_SHARE)
    };
    let contexts = Expectation::ALL.map(|expectation| {
        let source = match expectation {
            Expectation::YesNo | Expectation::Choice => source(&[&YES, &NO]),
            // "Is there anything else?" is answered with no as well.
            _ => source(&[&REQUESTS, &NO]),
        };
        (expectation.context().to_owned(), source)
    });
    contexts.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expectation_has_a_language_model_that_can_be_built() {
        let contexts = contexts();
        assert_eq!(contexts.len(), Expectation::ALL.len());
        for (name, source) in contexts {
            source.build().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
