//! Numbers of the whole tree.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use frontdesk_types::CallOutcome;
use parking_lot::Mutex;
use serde::Serialize;

use crate::call::Call;
use crate::media::SecondCounts;

/// Numbers of the whole tree: the same in tests, console and metrics.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counters {
    /// Places reserved now.
    pub live_calls: usize,
    /// Places there are.
    pub max_calls: usize,
    /// Callers who wait for a place.
    pub waiting_calls: usize,
    /// Whether new calls are refused.
    pub draining: bool,
    /// Calls begun.
    pub calls_started: u64,
    /// Calls ended, by outcome.
    pub calls_ended: HashMap<String, u64>,
    /// Calls that could not be begun.
    pub calls_failed: u64,
    /// Stages restarted.
    pub stage_restarts: u64,
    /// CallSupervisors restarted.
    pub supervisor_restarts: u64,
    /// Inputs of stages handled.
    pub inputs_handled: u64,
    /// Inputs dropped because a stage did not read, and inputs given up after two deaths.
    pub inputs_lost: u64,
    /// Packets decoded.
    pub packets_in: u64,
    /// Packets that were not Opus.
    pub packets_undecodable: u64,
    /// Audio concealed, in milliseconds.
    pub concealed_ms: u64,
    /// Frames sent.
    pub frames_out: u64,
    /// Native threads abandoned because they hung.
    pub threads_abandoned: u64,
    /// Tools whose write did not reach the database.
    pub tool_writes_failed: u64,
    /// Writes of calls' records that did not, each tried again.
    pub record_writes_failed: u64,
    /// Utterances waiting to be recognized.
    pub recognition_queue: usize,
    /// Utterances recognized to their end.
    pub finals: u64,
    /// Those of them whose words came more than 300 ms after the turn was over.
    pub finals_late: u64,
    /// All waits from the end of a turn to its words, in milliseconds.
    pub finals_wait_ms: u64,
    /// Utterances waiting for the second recognizer.
    pub second_queue: usize,
    /// Utterances that it heard for somebody who waited.
    pub second_heard: u64,
    /// Utterances whose words it had not in time.
    pub second_late: u64,
    /// Utterances in which it failed.
    pub second_failed: u64,
    /// What it began in a pause and dropped, since the caller went on.
    pub second_dropped: u64,
    /// All waits for its words, from when they were wanted, in milliseconds.
    pub second_wait_ms: u64,
    /// Utterances waiting to be synthesized.
    pub speech_queue: usize,
}

impl Counters {
    /// Adds a call's numbers.
    pub(super) fn add(&mut self, call: &Call) {
        for pulse in call.pulses.stages() {
            self.stage_restarts += pulse.restarts();
            self.inputs_handled += pulse.handled();
        }
        for mail in call.mails.all() {
            let (dropped, given_up) = mail.losses();
            self.inputs_lost += dropped + given_up;
        }
        let sound = call.line.audio_in().counts();
        self.packets_in += sound.packets;
        self.packets_undecodable += sound.undecodable;
        self.concealed_ms += sound.concealed_ms;
        self.frames_out += call.outlet.frames_sent();
    }

    /// Adds what the second recognizer has done.
    pub(super) fn add_second(&mut self, queued: usize, counts: SecondCounts) {
        self.second_queue = queued;
        self.second_heard = counts.heard;
        self.second_late = counts.late;
        self.second_failed = counts.failed;
        self.second_dropped = counts.dropped;
        self.second_wait_ms = counts.wait_ms;
    }
}

#[derive(Default)]
pub(super) struct Totals {
    pub(super) started: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) supervisor_restarts: AtomicU64,
    pub(super) abandoned: AtomicU64,
    /// Calls that are being begun or closed, by tasks of no stage.
    pub(super) between: AtomicUsize,
    ended: Mutex<Ended>,
}

/// What calls that are over leave in the counters.
#[derive(Default)]
struct Ended {
    outcomes: HashMap<String, u64>,
    sums: Counters,
}

/// Says that a call is being begun or closed, until it is dropped.
pub(super) struct Between(Arc<Totals>);

impl Drop for Between {
    fn drop(&mut self) {
        self.0.between.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Totals {
    pub(super) fn between(self: &Arc<Self>) -> Between {
        self.between.fetch_add(1, Ordering::SeqCst);
        Between(Arc::clone(self))
    }

    /// Adds a call that has ended.
    pub(super) fn ended(&self, call: &Call, outcome: CallOutcome) {
        let mut ended = self.ended.lock();
        ended.sums.add(call);
        *ended.outcomes.entry(outcome.as_str().to_owned()).or_default() += 1;
    }

    /// The numbers of calls that are over, and of the tree itself.
    pub(super) fn counters(&self) -> Counters {
        let (sums, calls_ended) = {
            let ended = self.ended.lock();
            (ended.sums.clone(), ended.outcomes.clone())
        };
        Counters {
            calls_ended,
            calls_started: self.started.load(Ordering::Relaxed),
            calls_failed: self.failed.load(Ordering::Relaxed),
            supervisor_restarts: self.supervisor_restarts.load(Ordering::Relaxed),
            threads_abandoned: self.abandoned.load(Ordering::Relaxed),
            ..sums
        }
    }
}
