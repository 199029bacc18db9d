//! What one call tells its clinic's feed.

use std::collections::HashMap;
use std::sync::Arc;

use frontdesk_types::{CallId, CallOutcome, Clock, Phi};
use parking_lot::Mutex;

use super::clinic::Clinic;
use super::event::{LiveCall, Speaker, ToolRun, What, Words};

/// Words of an utterance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// The next piece.
    Piece(String),
    /// All of its words so far.
    SoFar(String),
    /// All of its words, and whether they were heard to their end.
    All(String, bool),
}

/// A line that may still change.
struct Open {
    line: u64,
    text: String,
}

#[derive(Default)]
struct Lines {
    next: u64,
    open: HashMap<(Speaker, u64), Open>,
}

/// See the module's documentation. It belongs to the call and outlives its stages; when it is
/// dropped the call is over.
pub(crate) struct CallFeed {
    clinic: Arc<Mutex<Clinic>>,
    clock: Arc<dyn Clock>,
    call: CallId,
    lines: Mutex<Lines>,
    /// Names of the tools that were called and have not answered.
    running: Mutex<HashMap<u64, String>>,
}

impl CallFeed {
    pub(super) fn begin(clinic: Arc<Mutex<Clinic>>, clock: Arc<dyn Clock>, live: LiveCall) -> Self {
        // Those that another process had told are there already.
        let next = live.words.back().map_or(0, |last| last.line + 1);
        let feed = Self {
            clinic,
            clock,
            call: live.call,
            lines: Mutex::new(Lines { next, ..Lines::default() }),
            running: Mutex::default(),
        };
        feed.tell(What::Started { state: Box::new(live) });
        feed
    }

    pub(crate) fn tell(&self, what: What) {
        let at = self.clock.wall();
        self.clinic.lock().tell(self.call, at, what);
    }

    /// The call is over; what is told of it later is not told.
    pub(crate) fn end(&self, outcome: CallOutcome, error: Option<String>) {
        self.tell(What::Ended { outcome, error });
    }

    /// A tool was called.
    pub(crate) fn called(&self, number: u64, name: &str) {
        let name = name.to_owned();
        self.running.lock().insert(number, name.clone());
        self.tell(What::Tool(ToolRun { number, name, result: None }));
    }

    /// It gave a result of that kind.
    pub(crate) fn answered(&self, number: u64, kind: String) {
        let Some(name) = self.running.lock().remove(&number) else { return };
        self.tell(What::Tool(ToolRun { number, name, result: Some(kind) }));
    }

    /// Words of an utterance, whose number is the speaker's own.
    pub(crate) fn said(&self, by: Speaker, utterance: u64, said: Said) {
        // Held while it is told, so that a line's versions are told in order.
        let mut lines = self.lines.lock();
        let Lines { next, open } = &mut *lines;
        let key = (by, utterance);
        let (text, is_final, complete) = match said {
            Said::Piece(piece) => match open.get(&key) {
                Some(begun) => (format!("{} {piece}", begun.text), false, true),
                None => (piece, false, true),
            },
            Said::SoFar(text) => (text, false, true),
            Said::All(text, complete) => (text, true, complete),
        };
        if text.is_empty() && !open.contains_key(&key) {
            return;
        }
        let entry = open.entry(key).or_insert_with(|| {
            *next += 1;
            Open { line: *next - 1, text: String::new() }
        });
        let line = entry.line;
        entry.text.clone_from(&text);
        if is_final {
            open.remove(&key);
        }
        let text = Phi::new(text);
        self.tell(What::Words(Words { line, by, text, is_final, complete }));
    }

    /// Words that were not spoken, so that they come all at once.
    pub(crate) fn wrote(&self, by: Speaker, text: String) {
        let mut lines = self.lines.lock();
        let line = lines.next;
        lines.next += 1;
        let (text, is_final, complete) = (Phi::new(text), true, true);
        self.tell(What::Words(Words { line, by, text, is_final, complete }));
    }
}

impl Drop for CallFeed {
    fn drop(&mut self) {
        // Told before, unless the call was cut with its process's last actor.
        self.end(CallOutcome::Abandoned, Some("the call was cut".to_owned()));
    }
}
