//! What stands behind the guards.

use std::sync::Arc;

use frontdesk_types::Mono;

use crate::dialogue::history::Turn;
use crate::dialogue::ledger::Ledger;
use crate::dialogue::reading::Reading;
use crate::dialogue::{Input, Now, Output};

/// What decides what the agent says and does, behind the guards: the built-in forms, a language
/// model, or both. Like a [`Dialogue`](crate::dialogue::Dialogue), with a view of what the call has
/// established.
pub trait Policy: Send {
    /// Takes an input; `ledger` is what has been established up to it. What a [`Input::Partial`]
    /// changes without an output is not kept for a successor: it may only be reacted to at once.
    fn handle_input(&mut self, now: Now, ledger: &Arc<Ledger>, input: Input);

    /// The next output, oldest first.
    fn poll_output(&mut self) -> Option<Output>;

    /// When [`Input::Timeout`] is due.
    fn poll_timeout(&self) -> Option<Mono>;

    /// What was said without it: the guard's own words as they were heard, and what the caller
    /// answered to them.
    fn overheard(&mut self, _turn: &Turn) {}

    /// The caller may be somebody else now: forgets whatever was said, by whom and of whom, and what
    /// it waits for; numbers go on. It waits for the caller, who is asked how they can be helped.
    fn forget(&mut self, now: Now);

    /// It was restored, and nobody knows whether what it waits for is still under way: as
    /// [`Dialogue::resume`](crate::dialogue::Dialogue::resume).
    fn resume(&mut self, _now: Now, _ledger: &Arc<Ledger>) {}

    /// What it has read into the caller's last words; none if it reads none.
    fn reading(&self) -> Option<&Reading> {
        None
    }

    /// Everything needed to go on after the outputs have been taken.
    fn snapshot(&self) -> serde_json::Value;
}
