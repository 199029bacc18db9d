//! What all calls of a clinic hear in the same words, so that it is synthesized once.

use std::collections::HashSet;

use super::ClinicFacts;
use crate::language::{Language, fill};
use crate::speak;

/// The clauses that calls of one clinic have in common. Nothing of a caller is in any of them.
#[derive(Debug, Clone, Default)]
pub struct FixedClauses {
    /// In spoken words.
    spoken: HashSet<String>,
    greeting: Vec<String>,
}

impl FixedClauses {
    /// Those of a clinic whose agent speaks `language`: every clause of a phrase in which nothing
    /// is left to fill once the clinic's name and numbers stand in it.
    #[must_use]
    pub fn of(language: &Language, clinic: &ClinicFacts) -> Self {
        let own = [
            ("clinic", clinic.name.as_str()),
            ("number", clinic.emergency_number.as_str()),
            ("language", language.name()),
        ];
        let mut spoken = HashSet::new();
        for phrase in language.phrases.all() {
            let text = fill(phrase, &own);
            spoken.extend(clauses_of(&text, language));
            // Where a clause ends depends on whether it is the first of its utterance: the first
            // may be shorter. So each phrase also as what follows another.
            let after = format!("{} {text}", language.phrases.thanks);
            spoken.extend(clauses_of(&after, language));
        }
        let greeting = fill(&language.phrases.greeting, &own);
        Self { spoken, greeting: clauses_of(&greeting, language).collect() }
    }

    /// Whether calls have this clause, in spoken words, in common.
    #[must_use]
    pub fn contains(&self, spoken: &str) -> bool {
        self.spoken.contains(spoken)
    }

    /// The clauses of the greeting, in spoken words: the first that every caller hears.
    #[must_use]
    pub fn greeting(&self) -> &[String] {
        &self.greeting
    }
}

fn clauses_of(text: &str, language: &Language) -> impl Iterator<Item = String> + use<> {
    let whole = speak::clauses(text, language).into_iter();
    // A placeholder that is left is filled with something of the call.
    whole.filter(|c| !c.display.contains(['{', '}'])).map(|c| c.spoken).filter(|s| !s.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    fn clinic() -> ClinicFacts {
        ClinicFacts {
            name: "Harbor Clinic".to_owned(),
            emergency_number: "911".to_owned(),
            ..ClinicFacts::default()
        }
    }

    fn fixed(text: &str) -> Vec<bool> {
        let language = english();
        let fixed = FixedClauses::of(&language, &clinic());
        speak::clauses(text, &language)
            .iter()
            .map(|clause| fixed.contains(&clause.spoken))
            .collect()
    }

    #[test]
    fn the_greeting_is_fixed_whole_and_holds_the_clinics_name() {
        let language = english();
        let all = FixedClauses::of(&language, &clinic());
        assert!(all.greeting()[0].contains("Harbor Clinic"), "{:?}", all.greeting());
        assert!(all.greeting().iter().all(|clause| all.contains(clause)));
        let greeting = fill(&language.phrases.greeting, &[("clinic", "Harbor Clinic")]);
        assert!(fixed(&greeting).into_iter().all(|fixed| fixed));
    }

    #[test]
    fn a_question_is_fixed_alone_and_behind_another_sentence() {
        let ask = &english().phrases.ask_doctor;
        assert!(fixed(ask).into_iter().all(|fixed| fixed));
        let after = fixed(&format!("Mary Jones is free. {ask}"));
        assert!(!after[0] && after[1..].iter().all(|&fixed| fixed), "{after:?}");
    }

    #[test]
    fn of_a_read_back_only_the_question_is_fixed() {
        let phrases = &english().phrases;
        let text = fill(
            &phrases.read_back_book,
            &[("visit", "Monday, June 15 at 9:00 AM"), ("name", "Mary Jones")],
        );
        let fixed = fixed(&text);
        assert!(!fixed[0], "the visit is the caller's own");
        assert!(fixed.last().is_some_and(|&last| last));
        assert!(fixed.iter().any(|&fixed| fixed));
    }
}
