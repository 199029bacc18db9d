//! The table of whose words count, for each thing that can be asked, with its figures.

use std::time::Duration;

use super::super::Expectation;

/// Confidence from which the templates' words need nobody's second opinion, 0 to 1. What they heard
/// wrong from people had 0.03 to 0.45 (decision 0144, 21 clips of 24).
pub const TEMPLATES_SURE: f32 = 0.45;

/// Confidence below which the free recognizer heard nothing: of 222 answers that were right none was
/// below it, of 72 that were wrong 10 were; what it invents in silence and noise has 0.04 to 0.38
/// (`docs/decisions/0160`).
pub const FREE_LEAST: f32 = 0.4;

/// Confidence from which the free recognizer's words stand where the templates heard something
/// else: below it were 11 of 222 right answers and 39 of 72 wrong ones.
pub const FREE_SURE: f32 = 0.6;

/// How long after the end of a turn the free recognizer's words are waited for. With the usual wait
/// of 700 ms for the end of a turn, this keeps the answer within 1.6 s of the last word.
pub const LATE: Duration = Duration::from_millis(800);

/// Whose words count where both recognizers have some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// Those of the one that is told what is expected.
    Templates,
    /// Those of the one that knows all words.
    Free,
}

/// When the free recognizer is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// At the first pause, while the end of the turn is still waited for: its words are needed in
    /// any case.
    AtPause,
    /// Once the templates' words are there and not sure ([`TEMPLATES_SURE`]).
    WhenUnsure,
    /// Not at all.
    Never,
}

/// What holds for one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Whose words count.
    pub lead: Lead,
    /// When the free recognizer is asked.
    pub asks: Asks,
}

/// The table. Right turns in the last two columns: flite's sentences of decision 0144, templates
/// and free; of people only free speech was measured (word errors 60 % and 5 %).
///
/// | question | whose words | the free one is asked | templates | free |
/// |---|---|---|---|---|
/// | anything ("what can we do for you") | free | at the first pause | 11 of 13 | 12 of 13 |
/// | a full name | templates, where both agree | at the first pause | 6 of 8 | 5 of 8 |
/// | a date of birth | templates | at the first pause | 8 of 8 | 7 of 8 |
/// | a telephone number | templates | at the first pause | 4 of 5 | 3 of 5 |
/// | yes or no | templates | if these are unsure | 10 of 10 | 8 of 10 |
/// | one of several offers | templates | if these are unsure | 10 of 10 | 9 of 10 |
/// | a doctor | templates | if these are unsure | 6 of 6 | 5 of 6 |
/// | a day | templates | if these are unsure | 8 of 8 | 7 of 8 |
/// | letters | templates | never | 2 of 5 | 0 of 5 |
#[must_use]
pub const fn rule(asked: Expectation) -> Rule {
    match asked {
        Expectation::Request => Rule { lead: Lead::Free, asks: Asks::AtPause },
        // What identifies somebody or is written down: both must have heard it.
        Expectation::FullName | Expectation::DateOfBirth | Expectation::PhoneNumber => {
            Rule { lead: Lead::Templates, asks: Asks::AtPause }
        }
        Expectation::YesNo | Expectation::Choice | Expectation::Doctor | Expectation::Day => {
            Rule { lead: Lead::Templates, asks: Asks::WhenUnsure }
        }
        Expectation::Spelling | Expectation::SpellingFirst | Expectation::SpellingLast => {
            Rule { lead: Lead::Templates, asks: Asks::Never }
        }
    }
}

impl Rule {
    /// Whether the free recognizer's words are to be waited for, given how sure the templates are
    /// and whether they heard anything.
    #[must_use]
    pub fn waits(self, sure: f32, heard: bool) -> bool {
        match self.asks {
            Asks::AtPause => true,
            Asks::WhenUnsure => sure < TEMPLATES_SURE || !heard,
            Asks::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_for_the_templates_alone_and_free_turns_for_the_other() {
        assert!(!rule(Expectation::SpellingLast).waits(0.0, false));
        assert_eq!(rule(Expectation::Request).lead, Lead::Free);
        assert!(rule(Expectation::Request).waits(1.0, true));
    }

    #[test]
    fn a_closed_question_waits_for_nobody_where_its_answer_is_sure() {
        let yes_no = rule(Expectation::YesNo);
        assert!(!yes_no.waits(TEMPLATES_SURE, true));
        assert!(yes_no.waits(0.3, true) && yes_no.waits(0.9, false));
    }
}
