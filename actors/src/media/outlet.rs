//! A call's way out: playout, Opus encoder and track, ticked by the pacer every 20 ms.
//!
//! It outlives the Speaker, so that a sentence goes on while its Speaker is restarted. Turn taking
//! pauses and stops it directly: within one frame, without a message on the way.

use std::sync::Arc;

use frontdesk_pipelines::playout::{Playout, PlayoutEvent, UtteranceId};
use frontdesk_rtc::LocalAudio;
use frontdesk_rtc::codec::OpusEncoder;
use frontdesk_types::{FRAME_MS, Mono};
use parking_lot::Mutex;

use super::Pacer;

/// RTP ticks of a 20 ms frame: 960 at Opus' clock of 48 kHz.
const FRAME_TICKS: u64 = 48 * FRAME_MS as u64;

struct State {
    playout: Playout,
    encoder: Option<OpusEncoder>,
    track: Option<LocalAudio>,
    scheduled: bool,
    /// Frame number on the call's own 20 ms grid of the last frame sent.
    last_frame: u64,
    started: Option<Mono>,
    frames_sent: u64,
}

/// See the module's documentation.
pub(crate) struct Outlet {
    pacer: Pacer,
    state: Mutex<State>,
    events: Box<dyn Fn(PlayoutEvent) + Send + Sync>,
}

impl Outlet {
    /// An outlet whose events go to `events`, called on the pacer's or a synthesis thread.
    pub(crate) fn new(
        pacer: Pacer,
        encoder: Option<OpusEncoder>,
        events: impl Fn(PlayoutEvent) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let state = State {
            playout: Playout::new(),
            encoder,
            track: None,
            scheduled: false,
            last_frame: 0,
            started: None,
            frames_sent: 0,
        };
        Arc::new(Self { pacer, state: Mutex::new(state), events: Box::new(events) })
    }

    /// Sends to this track from now on; what is queued begins to play.
    pub(crate) fn set_track(self: &Arc<Self>, track: LocalAudio) {
        let mut state = self.state.lock();
        state.track = Some(track);
        self.schedule(&mut state);
    }

    /// Sid of the track, if there is one.
    pub(crate) fn track_sid(&self) -> Option<String> {
        self.state.lock().track.as_ref().map(LocalAudio::sid)
    }

    /// Queues the clauses of an utterance, by their display texts.
    pub(crate) fn push_utterance(self: &Arc<Self>, utterance: UtteranceId, texts: Vec<String>) {
        let mut state = self.state.lock();
        let last = texts.len().saturating_sub(1);
        for (number, text) in texts.into_iter().enumerate() {
            let number_u32 = u32::try_from(number).unwrap_or(u32::MAX);
            state.playout.push_clause(utterance, number_u32, text, number == last);
        }
        self.schedule(&mut state);
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
        self.report(events);
    }

    /// Frames sent since the call began.
    pub(crate) fn frames_sent(&self) -> u64 {
        self.state.lock().frames_sent
    }

    /// After a panic in [`Outlet::tick`]: drop what may be damaged and go on.
    pub(crate) fn reset(&self) {
        self.stop();
        self.state.lock().scheduled = false;
    }

    fn schedule(self: &Arc<Self>, state: &mut State) {
        if !state.scheduled && state.track.is_some() && state.playout.is_active() {
            state.scheduled = true;
            self.pacer.schedule(Arc::clone(self));
        }
    }

    /// Sends the frame that is due at `now`. Returns whether another will be.
    pub(crate) fn tick(self: &Arc<Self>, now: Mono) -> bool {
        let (active, events) = {
            let mut state = self.state.lock();
            let frame = state.playout.next_frame();
            if let Some(samples) = frame {
                state.send(now, &samples);
            }
            state.scheduled = state.playout.is_active();
            (state.scheduled, drain(&mut state.playout))
        };
        self.report(events);
        active
    }

    fn report(&self, events: Vec<PlayoutEvent>) {
        for event in events {
            (self.events)(event);
        }
    }
}

impl State {
    fn send(&mut self, now: Mono, samples: &[i16]) {
        let started = *self.started.get_or_insert(now);
        let (Some(track), Some(encoder)) = (&self.track, &mut self.encoder) else { return };
        // The frame's place on the call's own clock, so that silence, which is not sent, still
        // advances RTP time (RFC 3550, section 5.1); never the same place twice.
        let elapsed = now.since(started).as_millis() as u64;
        let place = (elapsed + u64::from(FRAME_MS) / 2) / u64::from(FRAME_MS) + 1;
        let frame = place.max(self.last_frame + 1);
        let talkspurt = frame > self.last_frame + 1;
        self.last_frame = frame;
        match encoder.encode(samples) {
            Ok(payload) => {
                track.write(payload, frame * FRAME_TICKS, talkspurt);
                self.frames_sent += 1;
            }
            Err(error) => tracing::error!(%error, "frame not encoded"),
        }
    }
}

fn drain(playout: &mut Playout) -> Vec<PlayoutEvent> {
    std::iter::from_fn(|| playout.poll_event()).collect()
}
