//! What the answers of two recognizers come to.

use frontdesk_models::stt::Transcript;

use super::super::spoken::Among;
use super::super::{Expectation, Now};
use super::compare::{answers, clash, same};
use super::names::has_double;
use super::rules::{FREE_LEAST, FREE_SURE, Lead, TEMPLATES_SURE, rule};

/// What the free recognizer said.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// What it heard; empty if nothing.
    Heard(Transcript),
    /// Nothing in time.
    Late,
    /// Nothing at all: it is not there, or it failed.
    Gone,
}

/// Why these are the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// There is nobody else's to compare them with.
    Alone,
    /// Both heard the same.
    Agreed,
    /// They are those of the recognizer that leads with this question.
    Led,
    /// They are those of the other one: the leading one heard nothing that answers.
    Other,
    /// The free recognizer was late, and the templates' words are sure.
    Late,
    /// The free recognizer was late, and the templates' words are not sure: asked again.
    LateUnsure,
    /// The two differ in what would be written: asked again.
    Disagreed,
    /// Only one heard what would identify somebody: asked again.
    Single,
    /// Both heard the same name, and another that is common sounds like it: it is to be spelled.
    Alike,
    /// They heard different names: it is to be spelled.
    Apart,
    /// Neither heard anything.
    Unheard,
}

impl Why {
    /// Whether the words are not to be believed, and the question is asked again.
    #[must_use]
    pub const fn asks(self) -> bool {
        matches!(self, Self::LateUnsure | Self::Disagreed | Self::Single | Self::Unheard)
    }

    /// Whether a name is among the words that is to be spelled before it is believed.
    #[must_use]
    pub const fn doubts_name(self, asked: Expectation) -> bool {
        matches!((self, asked), (Self::Alike | Self::Apart, Expectation::FullName))
    }

    /// A word for it, for logs and figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Agreed => "agreed",
            Self::Led => "led",
            Self::Other => "other",
            Self::Late => "late",
            Self::LateUnsure => "late_unsure",
            Self::Disagreed => "disagreed",
            Self::Single => "single",
            Self::Alike => "alike",
            Self::Apart => "apart",
            Self::Unheard => "unheard",
        }
    }
}

/// The words of a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The words; their confidence is 0 where they are not to be believed.
    pub words: Transcript,
    /// Why these.
    pub why: Why,
}

impl Settled {
    fn new(words: &Transcript, why: Why) -> Self {
        let confidence = if why.asks() { 0.0 } else { words.confidence };
        Self { words: Transcript { text: words.text.clone(), confidence }, why }
    }
}

/// Decides between what the templates and the free recognizer heard in answer to what was `asked`.
/// The words of both are as [`Among::respelled`] leaves them.
#[must_use]
pub fn settle(
    among: &Among,
    asked: Expectation,
    templates: &Transcript,
    free: &Answer,
    now: Now,
) -> Settled {
    let take = |words: &Transcript, why| Settled::new(words, why);
    let sure = templates.confidence >= TEMPLATES_SURE && !templates.text.is_empty();
    let free = match free {
        Answer::Gone => return take(templates, Why::Alone),
        Answer::Late if sure => return take(templates, Why::Late),
        Answer::Late => return take(templates, Why::LateUnsure),
        Answer::Heard(free) => free,
    };
    let lead = rule(asked).lead;
    let free_sure = free.confidence >= FREE_SURE;
    let heard = !templates.text.is_empty();
    if free.text.is_empty() || free.confidence < FREE_LEAST {
        return match lead {
            _ if !heard => take(templates, Why::Unheard),
            Lead::Free if !sure => take(templates, Why::Unheard),
            _ => take(templates, Why::Alone),
        };
    }
    let of = |words: &Transcript| among.heard(asked, &words.text, now);
    let (a, b) = (of(templates), of(free));
    // Who somebody is does not hang on the free recognizer alone: it writes the commoner name.
    let identifies = matches!(
        asked,
        Expectation::FullName | Expectation::DateOfBirth | Expectation::PhoneNumber
    );
    let (answer, other) = (heard && answers(asked, &a), answers(asked, &b));
    let clash = clash(asked, &a, &b, among.templates());
    let agreed = same(&a, &b) || lead == Lead::Templates && answer && other && !clash;
    if heard && agreed {
        let words = if lead == Lead::Free { free } else { templates };
        let confidence = 1.0 - (1.0 - templates.confidence) * (1.0 - free.confidence);
        let words = Transcript { confidence, ..words.clone() };
        // Only where it would make somebody a patient: of who is new the letters are asked anyway.
        let name = a.name.filter(|name| asked == Expectation::FullName && name.full);
        let alike = name.is_some_and(|name| {
            among.is_known(&name.name) && has_double(&name.name, among.templates())
        });
        return take(&words, if alike { Why::Alike } else { Why::Agreed });
    }
    if lead == Lead::Free {
        let doubtful = sure && !free_sure && clash;
        return if doubtful { take(free, Why::Disagreed) } else { take(free, Why::Led) };
    }
    match (answer, other) {
        (true, _) if asked == Expectation::FullName => take(templates, Why::Apart),
        // They clash, or they would have agreed.
        (true, true) if sure && !free_sure => take(templates, Why::Led),
        (true, true) => take(templates, Why::Disagreed),
        (true, false) if sure || !free_sure => take(templates, Why::Led),
        (true, false) => take(templates, Why::Disagreed),
        (false, true) if identifies => take(free, Why::Single),
        (false, _) if free_sure => take(free, Why::Other),
        (false, _) if heard => take(templates, Why::Led),
        (false, _) => take(free, Why::Unheard),
    }
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
