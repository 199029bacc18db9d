//! A call's way out: playout and line, ticked by the pacer every 20 ms.
//!
//! It outlives the Speaker, so that a sentence goes on while its Speaker is restarted. Turn taking
//! pauses and stops it directly: within one frame, without a message on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use frontdesk_line::Line;
use frontdesk_pipelines::playout::{Playout, PlayoutEvent, UtteranceId};
use frontdesk_types::{FRAME_MS, Mono};
use parking_lot::Mutex;

use super::pacer::{Paced, Pacer};

struct State {
    playout: Playout,
    /// Whether the line is audible.
    open: bool,
    /// Whether nothing is played, whatever is queued.
    muted: bool,
    scheduled: bool,
    /// Frame number on the call's own 20 ms grid of the last frame played.
    last_frame: u64,
    started: Option<Mono>,
}

/// See the module's documentation.
pub(crate) struct Outlet {
    pacer: Pacer,
    line: Arc<dyn Line>,
    state: Mutex<State>,
    frames_sent: AtomicU64,
    events: Box<dyn Fn(PlayoutEvent) + Send + Sync>,
}

impl Outlet {
    /// An outlet whose events go to `events`, called on the pacer's or a synthesis thread.
    pub(crate) fn new(
        pacer: Pacer,
        line: Arc<dyn Line>,
        events: impl Fn(PlayoutEvent) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let state = State {
            playout: Playout::new(),
            open: false,
            muted: false,
            scheduled: false,
            last_frame: 0,
            started: None,
        };
        Arc::new(Self {
            pacer,
            line,
            state: Mutex::new(state),
            frames_sent: AtomicU64::new(0),
            events: Box::new(events),
        })
    }

    /// The line is audible: what is queued begins to play.
    pub(crate) fn open(self: &Arc<Self>) {
        let mut state = self.state.lock();
        state.open = true;
        self.schedule(&mut state);
    }

    /// Queues the clauses of an utterance, by their display texts.
    pub(crate) fn push_utterance(self: &Arc<Self>, utterance: UtteranceId, texts: Vec<String>) {
        self.push_piece(utterance, 0, texts, false);
    }

    /// Queues further clauses of an utterance, the first of them by its number, or none; `more`
    /// says that others follow.
    pub(crate) fn push_piece(
        self: &Arc<Self>,
        utterance: UtteranceId,
        first: u32,
        texts: Vec<String>,
        more: bool,
    ) {
        let events = {
            let mut state = self.state.lock();
            let clauses = texts.len();
            for ((number, text), at) in (first..).zip(texts).zip(1..) {
                state.playout.push_clause(utterance, number, text, !more && at == clauses);
            }
            if clauses == 0 && !more {
                state.playout.end_utterance(utterance);
            }
            if state.muted {
                state.playout.stop();
            }
            self.schedule(&mut state);
            drain(&mut state.playout)
        };
        self.report(events);
    }

    /// Drops everything queued and whatever will be, until it is unmuted: each utterance is
    /// reported as not heard.
    pub(crate) fn mute(&self) {
        self.state.lock().muted = true;
        self.stop();
    }

    /// What is queued from now on is played.
    pub(crate) fn unmute(&self) {
        self.state.lock().muted = false;
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.state.lock().muted
    }

    /// Whether a clause is still wanted.
    pub(crate) fn wants(&self, utterance: UtteranceId, number: u32) -> bool {
        self.state.lock().playout.wants(utterance, number)
    }

    /// Adds samples to a clause; false if nobody wants them any more.
    pub(crate) fn push_samples(
        &self,
        utterance: UtteranceId,
        number: u32,
        samples: &[i16],
    ) -> bool {
        self.state.lock().playout.push_samples(utterance, number, samples)
    }

    /// All samples of a clause are there, or will never be.
    pub(crate) fn finish_clause(&self, utterance: UtteranceId, number: u32) {
        self.state.lock().playout.finish_clause(utterance, number);
    }

    /// Whether anything is queued, paused or not.
    pub(crate) fn is_active(&self) -> bool {
        self.state.lock().playout.is_active()
    }

    pub(crate) fn pause(&self) {
        self.state.lock().playout.pause();
    }

    pub(crate) fn resume(&self) {
        self.state.lock().playout.resume();
    }

    /// Drops everything queued; what was heard of it is reported.
    pub(crate) fn stop(&self) {
        let events = {
            let mut state = self.state.lock();
            state.playout.stop();
            drain(&mut state.playout)
        };
        self.line.flush();
        self.report(events);
    }

    /// Frames sent since the call began.
    pub(crate) fn frames_sent(&self) -> u64 {
        self.frames_sent.load(Ordering::Relaxed)
    }

    fn schedule(self: &Arc<Self>, state: &mut State) {
        if !state.scheduled && state.open && state.playout.is_active() {
            state.scheduled = true;
            let own: Arc<Self> = Arc::clone(self);
            self.pacer.schedule(own);
        }
    }

    fn report(&self, events: Vec<PlayoutEvent>) {
        for event in events {
            (self.events)(event);
        }
    }
}

impl Paced for Outlet {
    fn tick(&self, now: Mono) -> bool {
        let (frame, active, events) = {
            let mut state = self.state.lock();
            let frame = state.playout.next_frame();
            let frame = frame.map(|samples| (state.place(now), samples));
            state.scheduled = state.playout.is_active();
            (frame, state.scheduled, drain(&mut state.playout))
        };
        // With no lock held: encoding delays no interruption.
        if let Some((number, samples)) = frame
            && self.line.play(number, &samples)
        {
            self.frames_sent.fetch_add(1, Ordering::Relaxed);
        }
        self.report(events);
        active
    }

    fn reset(&self) {
        self.stop();
        self.state.lock().scheduled = false;
    }
}

impl State {
    /// The frame's place on the call's own clock, so that silence, which is not played, still takes
    /// its time; never the same place twice.
    fn place(&mut self, now: Mono) -> u64 {
        let started = *self.started.get_or_insert(now);
        let elapsed = now.since(started).as_millis() as u64;
        let place = (elapsed + u64::from(FRAME_MS) / 2) / u64::from(FRAME_MS) + 1;
        self.last_frame = place.max(self.last_frame + 1);
        self.last_frame
    }
}

fn drain(playout: &mut Playout) -> Vec<PlayoutEvent> {
    std::iter::from_fn(|| playout.poll_event()).collect()
}
