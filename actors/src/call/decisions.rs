//! The decision log of a call: noted by AudioIngest, sent in parts to the CallRecorder, which writes
//! them behind the call.
//!
//! What is noted becomes part of the log together with the state of turn taking that came
//! of it, so that a replay of the log comes to that state whatever died in between.

use frontdesk_pipelines::turn::{LogHead, TurnInput, TurnLog, TurnOutput};
use frontdesk_tenants::decisions::Part;
use frontdesk_types::Mono;

/// Something that belongs into the log.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Note {
    /// Turn taking was fed.
    Input(Mono, TurnInput),
    /// It decided.
    Output(TurnOutput),
    /// The recognizer's final words are there.
    Recognized(Mono),
}

/// The log, and what of it was not yet sent.
#[derive(Default)]
pub(crate) struct Decisions {
    log: Option<TurnLog>,
    /// Whether there is more in it than its head: a typed call has no decisions.
    begun: bool,
    next: i32,
}

impl Decisions {
    /// Of a call that another process had, which wrote that many parts.
    pub(crate) fn after(parts: i32) -> Self {
        Self { next: parts, ..Self::default() }
    }

    /// Begins the log; one that was begun goes on.
    pub(crate) fn begin(&mut self, head: &LogHead) {
        let first = self.next == 0;
        self.log.get_or_insert_with(|| match first {
            true => TurnLog::new(head),
            false => TurnLog::following(head),
        });
    }

    /// Adds to a log that was begun.
    pub(crate) fn note(&mut self, notes: impl IntoIterator<Item = Note>) {
        let Some(log) = &mut self.log else { return };
        for note in notes {
            self.begun = true;
            match note {
                Note::Input(now, input) => log.input(now, &input),
                Note::Output(output) => log.output(&output),
                Note::Recognized(now) => log.recognized(now),
            }
        }
    }

    /// What has been added since it was last taken; `None` if nothing was decided.
    pub(crate) fn take(&mut self) -> Option<Part> {
        let log = self.log.as_mut().filter(|_| self.begun)?;
        let body = log.take();
        let number = self.next;
        (!body.is_empty()).then(|| {
            self.next += 1;
            Part { number, body }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use frontdesk_pipelines::turn::{Record, TurnSettings};

    use super::*;

    fn head() -> LogHead {
        let (lag, frame) = (Duration::from_millis(68), Duration::from_millis(16));
        let settings = TurnSettings::default();
        LogHead { settings, lag, frame, begun: Mono::ZERO, begun_wall: 0 }
    }

    #[test]
    fn all_parts_are_one_log_and_none_is_taken_twice() {
        let mut decisions = Decisions::default();
        decisions.begin(&head());
        assert_eq!(decisions.take(), None, "nothing was decided");
        decisions.note([Note::Input(Mono::from_millis(1), TurnInput::Playing(true))]);
        let first = decisions.take().expect("a part");
        assert_eq!(decisions.take(), None, "nothing was added");
        decisions.begin(&head());
        decisions.note([Note::Input(Mono::from_millis(2), TurnInput::Playing(false))]);
        let second = decisions.take().expect("another part");
        assert_eq!((first.number, second.number), (0, 1));
        let log: Vec<u8> = [first, second].into_iter().flat_map(|part| part.body).collect();
        assert_eq!(Record::read(&log).expect("a log")[0].entries.len(), 2);
    }

    #[test]
    fn the_parts_of_another_process_are_followed_by_a_log_of_ones_own() {
        let (mut one, mut other) = (Decisions::default(), Decisions::after(1));
        for decisions in [&mut one, &mut other] {
            decisions.begin(&head());
            decisions.note([Note::Input(Mono::from_millis(1), TurnInput::Playing(true))]);
        }
        let parts = [one.take(), other.take()].map(|part| part.expect("a part"));
        assert_eq!([parts[0].number, parts[1].number], [0, 1]);
        let log: Vec<u8> = parts.into_iter().flat_map(|part| part.body).collect();
        assert_eq!(Record::read(&log).expect("a log").len(), 2);
    }

    #[test]
    fn without_records_nothing_is_kept() {
        let mut decisions = Decisions::default();
        decisions.note([Note::Output(TurnOutput::Interrupt)]);
        assert_eq!(decisions.take(), None);
    }
}
