//! How a call is to go on: all of several, something more, what was done undone.

use super::pattern::{List, Reader, find_any, longest_at};
use super::tokens::Tokens;
use super::wish;
use crate::language::Language;

/// What is wanted of the waiting list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    Join,
    Leave,
    /// To know whether one is on it.
    Ask,
}

/// See the module's documentation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "an utterance can be any of these at once")]
pub(crate) struct Course {
    /// Something more than what is under way.
    pub(crate) besides: bool,
    /// A visit is asked for in so many words.
    pub(crate) books: bool,
    /// Tells which visit somebody has.
    pub(crate) holds: bool,
    /// Somebody cannot come.
    pub(crate) unable: bool,
    /// Another time is asked for by the verb alone.
    pub(crate) comes: bool,
    /// All of several appointments are meant.
    pub(crate) all_of: bool,
    /// What this call did is to be as it was.
    pub(crate) undo: bool,
    /// What was cancelled is wanted after all.
    pub(crate) keep: bool,
    /// What was booked is not wanted after all.
    pub(crate) drop: bool,
    /// The number under which something was booked is asked for.
    pub(crate) reference: bool,
    /// Somebody can never come on some days: that moves no visit by itself.
    pub(crate) bars: bool,
    /// What is wanted of the waiting list.
    pub(crate) wait: Option<Wait>,
    /// It begins as a question does.
    pub(crate) asks_outright: bool,
}

impl Course {
    pub(crate) fn of(all: &Tokens, language: &Language) -> Self {
        let reader = Reader { tokens: all, language, latest_year: 0 };
        let is = |list: &List| find_any(list, reader).is_some();
        let not = wish::negations(all, language);
        // "I do not want to come" asks for no visit.
        let wants = |list: &List| {
            let mut wanted = (0..all.len()).filter(|at| !not[*at]);
            wanted.any(|at| longest_at(list, reader, at).is_some())
        };
        let lists = &language.course;
        let wait = match () {
            () if is(&lists.wait_leave) => Some(Wait::Leave),
            () if is(&lists.wait_ask) => Some(Wait::Ask),
            () if wants(&lists.wait_join) => Some(Wait::Join),
            () => None,
        };
        Self {
            wait,
            besides: is(&lists.besides),
            books: wants(&lists.books) && !is(&lists.has_one),
            holds: is(&lists.holds),
            unable: is(&lists.unable),
            comes: wants(&lists.comes),
            all_of: is(&lists.all_of),
            undo: is(&lists.undo),
            keep: wants(&lists.keep),
            drop: is(&lists.drop),
            reference: is(&lists.reference),
            bars: is(&lists.bars),
            asks_outright: longest_at(&language.words.question_start, reader, 0).is_some(),
        }
    }
}
