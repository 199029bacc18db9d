//! Two recognizers, one answer: whose words count, when the second one is asked, and what is asked
//! again because they heard different things.
//!
//! The first recognizer ("templates") is told the sentences that are expected and gives words while
//! somebody speaks; the second ("free") knows all words and hears a whole utterance at once. What
//! each is good at was measured (decision 0144); the rules that follow from it are one table
//! ([`Rule`], `rules.rs`), and what two answers come to is decided in one place ([`settle`]).

mod compare;
mod names;
mod pause;
mod rules;
mod settle;

pub use pause::{Change, Pause};
pub use rules::{Asks, FREE_LEAST, FREE_SURE, LATE, Lead, Rule, TEMPLATES_SURE, rule};
pub use settle::{Answer, Settled, Why, settle};
