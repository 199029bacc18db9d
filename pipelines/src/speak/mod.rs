//! From the text of a reply to what a voice says: clause by clause, every number in words.
//!
//! A reply is *display text*, as it stands in a transcript: "Dr. Hassan is free on Sunday, June 14
//! at 9:30 AM." The voice needs words: "Doctor Hassan is free on Sunday, June fourteenth at nine
//! thirty in the morning." Both travel together in a [`Clause`], so that after an interruption the
//! transcript shows display text of just what was heard.
//!
//! The text is first read into *units*, each a word or an expression that belongs together (a date,
//! a title with its name, a phone number), and units are then gathered into clauses. So a cut never
//! falls inside an expression. How it is said is the language's to tell.
//!
//! ```
//! use frontdesk_pipelines::language::Languages;
//! use frontdesk_pipelines::speak::clauses;
//!
//! let english = Languages::built_in().get("en").expect("it comes with Frontdesk");
//! let text = "The first one is on Sunday, June 14 at 9:30 AM with Dr. Samira Hassan. Is that okay?";
//! let clauses = clauses(text, english);
//! assert_eq!(clauses[1].display, "Is that okay?");
//! assert!(clauses[0].spoken.contains("June fourteenth at nine thirty in the morning with Doctor"));
//! ```

mod number;
mod ready;
mod token;
mod unit;

#[cfg(test)]
mod tests;

use crate::language::Language;
pub use ready::take_ready;
use unit::{Unit, units};

/// A stretch of speech that is synthesized at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// What a transcript shows. All of a text's, joined by single spaces, are the text.
    pub display: String,
    /// What the voice says, in words. Empty if there is nothing to say ("…").
    pub spoken: String,
}

/// The first clause may be this short, in characters of speech, so that the voice begins early.
const FIRST_MIN: usize = 12;

/// A clause that ends at a comma is at least this long: shorter ones sound chopped.
const MIN: usize = 40;

/// No clause grows longer, if it has a space in it: about ten seconds of speech, 40 ms of synthesis.
const MAX: usize = 150;

/// Cuts a text into clauses: at the end of each sentence, at a comma (or the like) when there is
/// enough before it, and between words where neither comes in time.
#[must_use]
pub fn clauses(text: &str, language: &Language) -> Vec<Clause> {
    gather(text, true, language)
}

/// The clauses of a text, with which an utterance begins or goes on.
fn gather(text: &str, begins: bool, language: &Language) -> Vec<Clause> {
    let mut rest = units(text, language.speech()).into_iter().peekable();
    let mut clauses = Vec::new();
    while rest.peek().is_some() {
        let min = if begins && clauses.is_empty() { FIRST_MIN } else { MIN };
        let mut clause = Clause { display: String::new(), spoken: String::new() };
        while let Some(unit) = rest.next() {
            append(&mut clause.display, &unit.display);
            append(&mut clause.spoken, &unit.spoken);
            let length = clause.spoken.len();
            let next = rest.peek().map_or(0, |next| next.spoken.len() + 1);
            let full = !unit.glued && length + next > MAX;
            if unit.ends_sentence || (unit.ends_phrase && length >= min) || full {
                break;
            }
        }
        clauses.push(clause);
    }
    clauses
}

/// The whole text in words.
#[must_use]
pub fn spoken(text: &str, language: &Language) -> String {
    units(text, language.speech()).iter().fold(String::new(), |mut out, unit: &Unit| {
        append(&mut out, &unit.spoken);
        out
    })
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}
