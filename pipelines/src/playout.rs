//! Playout: from synthesized clauses to one 20 ms frame at a time, and what of them was heard.
//!
//! The machine is fed clauses in order, then their samples as synthesis delivers them, and is asked
//! for a frame every 20 ms. It can pause, resume and stop at once. What was *played* is reported,
//! in the words of the display text, so that history and transcript hold what the caller heard.
//!
//! An utterance may come in pieces: it is over when its last clause has been played and no more is
//! to come. One that is stopped is over at once, and what still comes of it is dropped.

use std::collections::VecDeque;

use frontdesk_types::{SAMPLE_RATE_HZ, SAMPLES_PER_FRAME};

/// One utterance of the agent; unique within a call and increasing.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct UtteranceId(pub u64);

/// What happened to an utterance, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlayoutEvent {
    /// The first sample of a clause is about to be sent; `text` is its display text.
    Clause {
        /// The utterance.
        utterance: UtteranceId,
        /// Display text of the clause.
        text: String,
    },
    /// The utterance is over.
    Finished {
        /// The utterance.
        utterance: UtteranceId,
        /// Display text that was heard, to the nearest word.
        heard: String,
        /// Whether all of it was heard.
        complete: bool,
    },
}

#[derive(Debug)]
struct Clause {
    utterance: UtteranceId,
    number: u32,
    text: String,
    last_of_utterance: bool,
    samples: Vec<i16>,
    position: usize,
    synthesized: bool,
    announced: bool,
}

impl Clause {
    fn played_out(&self) -> bool {
        self.synthesized && self.position >= self.samples.len()
    }

    /// The words heard so far, in proportion to the samples played.
    fn heard(&self) -> String {
        if self.played_out() {
            return self.text.clone();
        }
        if self.position == 0 {
            return String::new();
        }
        // While synthesis is under way the length is unknown; 15 characters a second is an
        // ordinary pace of English speech and only decides where a cut sentence ends in print.
        let expected = (self.text.len() * SAMPLE_RATE_HZ as usize / 15).max(self.samples.len());
        let total = if self.synthesized { self.samples.len() } else { expected };
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let count = words.len() * self.position / total.max(1);
        words[..count.min(words.len())].join(" ")
    }
}

/// The playout of one call.
#[derive(Debug, Default)]
pub struct Playout {
    clauses: VecDeque<Clause>,
    heard: Vec<String>,
    /// The utterance of which more is to come.
    open: Option<UtteranceId>,
    /// The open utterance that was stopped.
    stopped: Option<UtteranceId>,
    paused: bool,
    events: VecDeque<PlayoutEvent>,
}

impl Playout {
    /// A playout with nothing to say.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a clause behind those queued. `number` counts the clauses of the utterance from 0.
    pub fn push_clause(&mut self, utterance: UtteranceId, number: u32, text: String, last: bool) {
        if self.stopped == Some(utterance) {
            return;
        }
        self.open = (!last).then_some(utterance);
        self.clauses.push_back(Clause {
            utterance,
            number,
            text,
            last_of_utterance: last,
            samples: Vec::new(),
            position: 0,
            synthesized: false,
            announced: false,
        });
    }

    /// No more clauses of the utterance are to come.
    pub fn end_utterance(&mut self, utterance: UtteranceId) {
        if self.open.take_if(|open| *open == utterance).is_none() {
            return;
        }
        match self.clauses.iter_mut().rev().find(|clause| clause.utterance == utterance) {
            Some(last) => last.last_of_utterance = true,
            // All of it has been played.
            None => self.finish(utterance, true),
        }
    }

    /// Adds synthesized samples to a clause. Returns false if the clause is no longer wanted, so
    /// that synthesis can stop.
    pub fn push_samples(&mut self, utterance: UtteranceId, number: u32, samples: &[i16]) -> bool {
        match self.clause(utterance, number) {
            Some(clause) => {
                clause.samples.extend_from_slice(samples);
                true
            }
            None => false,
        }
    }

    /// Marks a clause as fully synthesized (or given up).
    pub fn finish_clause(&mut self, utterance: UtteranceId, number: u32) {
        if let Some(clause) = self.clause(utterance, number) {
            clause.synthesized = true;
        }
    }

    fn clause(&mut self, utterance: UtteranceId, number: u32) -> Option<&mut Clause> {
        self.clauses.iter_mut().find(|c| c.utterance == utterance && c.number == number)
    }

    /// Whether a clause is still queued or playing.
    #[must_use]
    pub fn wants(&self, utterance: UtteranceId, number: u32) -> bool {
        self.clauses.iter().any(|c| c.utterance == utterance && c.number == number)
    }

    /// Holds playout where it is.
    pub const fn pause(&mut self) {
        self.paused = true;
    }

    /// Goes on from where [`Playout::pause`] held it.
    pub const fn resume(&mut self) {
        self.paused = false;
    }

    /// Drops all that is queued and reports what was heard of it.
    pub fn stop(&mut self) {
        self.paused = false;
        let open = self.open.take();
        self.stopped = open.or(self.stopped);
        if let Some(open) = open
            && !self.clauses.iter().any(|clause| clause.utterance == open)
        {
            self.finish(open, false);
        }
        while let Some(clause) = self.clauses.pop_front() {
            self.heard.push(clause.heard());
            let utterance = clause.utterance;
            while self.clauses.front().is_some_and(|next| next.utterance == utterance) {
                self.clauses.pop_front();
            }
            self.finish(utterance, false);
        }
    }

    fn finish(&mut self, utterance: UtteranceId, complete: bool) {
        let heard = std::mem::take(&mut self.heard);
        let heard = heard.iter().filter(|t| !t.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        self.events.push_back(PlayoutEvent::Finished { utterance, heard, complete });
    }

    /// Whether anything is queued or playing, paused or not.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.clauses.is_empty()
    }

    /// The next 20 ms, or `None` when there is nothing to play now (idle, paused, or synthesis is
    /// late). The last frame of a clause is filled from the next clause, or with silence.
    pub fn next_frame(&mut self) -> Option<[i16; SAMPLES_PER_FRAME]> {
        if self.paused {
            return None;
        }
        let mut frame = [0_i16; SAMPLES_PER_FRAME];
        let mut filled = 0;
        while let Some(clause) = self.clauses.front_mut() {
            if filled == SAMPLES_PER_FRAME && !clause.played_out() {
                break;
            }
            let available = clause.samples.len() - clause.position;
            if available > 0 && !clause.announced {
                clause.announced = true;
                let (utterance, text) = (clause.utterance, clause.text.clone());
                self.events.push_back(PlayoutEvent::Clause { utterance, text });
                continue;
            }
            let take = available.min(SAMPLES_PER_FRAME - filled);
            let from = clause.position;
            frame[filled..filled + take].copy_from_slice(&clause.samples[from..from + take]);
            clause.position += take;
            filled += take;
            if clause.played_out() {
                let Some(done) = self.clauses.pop_front() else {
                    break;
                };
                self.heard.push(done.text);
                if done.last_of_utterance {
                    self.finish(done.utterance, true);
                }
            } else if take == 0 {
                break;
            }
        }
        (filled > 0).then_some(frame)
    }

    /// The next event, oldest first.
    pub fn poll_event(&mut self) -> Option<PlayoutEvent> {
        self.events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: UtteranceId = UtteranceId(1);

    fn speaking(words: &str, samples: usize) -> Playout {
        let mut playout = Playout::new();
        playout.push_clause(FIRST, 0, words.to_owned(), true);
        assert!(playout.push_samples(FIRST, 0, &vec![1000; samples]));
        playout.finish_clause(FIRST, 0);
        playout
    }

    fn finished(playout: &mut Playout) -> Option<(String, bool)> {
        std::iter::from_fn(|| playout.poll_event()).find_map(|event| match event {
            PlayoutEvent::Finished { heard, complete, .. } => Some((heard, complete)),
            PlayoutEvent::Clause { .. } => None,
        })
    }

    #[test]
    fn all_samples_come_out_in_frames_and_the_utterance_is_complete() {
        let mut playout = speaking("good morning", 1000);
        let frames: Vec<_> = std::iter::from_fn(|| playout.next_frame()).collect();
        assert_eq!(frames.len(), 4);
        assert_eq!(frames.iter().flatten().filter(|&&s| s == 1000).count(), 1000);
        assert_eq!(finished(&mut playout), Some(("good morning".to_owned(), true)));
        assert!(!playout.is_active());
    }

    #[test]
    fn a_stop_in_the_middle_reports_the_words_that_were_heard() {
        let mut playout = speaking("one two three four", 3200);
        for _ in 0..5 {
            playout.next_frame();
        }
        playout.stop();
        assert_eq!(playout.next_frame(), None);
        assert_eq!(finished(&mut playout), Some(("one two".to_owned(), false)));
        assert!(!playout.push_samples(FIRST, 0, &[1]), "synthesis learns that nobody listens");
    }

    #[test]
    fn a_pause_keeps_the_place_and_loses_no_sample() {
        let mut playout = speaking("hello there", 1600);
        playout.next_frame();
        playout.pause();
        assert_eq!(playout.next_frame(), None);
        assert!(playout.is_active());
        playout.resume();
        assert_eq!(std::iter::from_fn(|| playout.next_frame()).count(), 4);
        assert_eq!(finished(&mut playout), Some(("hello there".to_owned(), true)));
    }

    #[test]
    fn late_synthesis_is_a_gap_not_an_end() {
        let mut playout = Playout::new();
        playout.push_clause(FIRST, 0, "a".to_owned(), false);
        playout.push_clause(FIRST, 1, "b".to_owned(), true);
        playout.push_samples(FIRST, 0, &[1; 320]);
        playout.finish_clause(FIRST, 0);
        assert!(playout.next_frame().is_some());
        assert_eq!(playout.next_frame(), None);
        assert!(playout.is_active());
        playout.push_samples(FIRST, 1, &[1; 320]);
        playout.finish_clause(FIRST, 1);
        assert!(playout.next_frame().is_some());
        assert_eq!(finished(&mut playout), Some(("a b".to_owned(), true)));
    }

    fn clause(playout: &mut Playout, number: u32, text: &str, last: bool) {
        playout.push_clause(FIRST, number, text.to_owned(), last);
        playout.push_samples(FIRST, number, &[1; 320]);
        playout.finish_clause(FIRST, number);
    }

    #[test]
    fn an_utterance_in_pieces_is_over_when_no_more_is_to_come() {
        let mut playout = Playout::new();
        clause(&mut playout, 0, "one", false);
        assert!(playout.next_frame().is_some());
        assert_eq!(finished(&mut playout), None, "more is to come");
        clause(&mut playout, 1, "two", false);
        assert!(playout.next_frame().is_some());
        playout.end_utterance(FIRST);
        assert_eq!(finished(&mut playout), Some(("one two".to_owned(), true)));
    }

    #[test]
    fn a_last_piece_without_words_ends_the_clause_that_is_being_played() {
        let mut playout = Playout::new();
        clause(&mut playout, 0, "one", false);
        playout.end_utterance(FIRST);
        assert_eq!(finished(&mut playout), None);
        assert!(playout.next_frame().is_some());
        assert_eq!(finished(&mut playout), Some(("one".to_owned(), true)));
    }

    #[test]
    fn a_stop_between_two_pieces_ends_the_utterance_and_drops_what_still_comes_of_it() {
        let mut playout = Playout::new();
        clause(&mut playout, 0, "one", false);
        assert!(playout.next_frame().is_some());
        playout.stop();
        assert_eq!(finished(&mut playout), Some(("one".to_owned(), false)));
        clause(&mut playout, 1, "two", false);
        playout.end_utterance(FIRST);
        assert_eq!((playout.next_frame(), finished(&mut playout)), (None, None));
        playout.push_clause(UtteranceId(2), 0, "three".to_owned(), true);
        assert!(playout.is_active(), "the next utterance is another one");
    }

    #[test]
    fn a_clause_that_synthesis_gave_up_is_passed_over() {
        let mut playout = Playout::new();
        playout.push_clause(FIRST, 0, "unspeakable".to_owned(), true);
        playout.finish_clause(FIRST, 0);
        assert_eq!(playout.next_frame(), None);
        assert!(finished(&mut playout).is_some());
        assert!(!playout.is_active());
    }
}
