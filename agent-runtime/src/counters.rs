//! The actors' counters as metrics: the same names and numbers as in tests and in the console.

use frontdesk_actors::Counters;
use frontdesk_actors::jobs::JobsStatus;
use frontdesk_rtc::worker::WorkerStatus;
use frontdesk_tenants::jobs::JobState;

use crate::http::{Kind, Sample, Values};

/// All metrics of the runtime.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a metric is a 64-bit float in Prometheus too")]
pub(crate) fn samples(counters: &Counters, worker: &WorkerStatus) -> Vec<Sample> {
    let counter = |name, value: u64, help| Sample {
        name,
        help,
        kind: Kind::Counter,
        values: Values::Single(value as f64),
    };
    let gauge = |name, value: f64, help| Sample {
        name,
        help,
        kind: Kind::Gauge,
        values: Values::Single(value),
    };
    let flag = |on: bool| if on { 1.0 } else { 0.0 };
    let mut ended: Vec<_> =
        counters.calls_ended.iter().map(|(outcome, n)| (outcome.clone(), *n as f64)).collect();
    ended.sort_by(|a, b| a.0.cmp(&b.0));
    let c = counters;
    let tasks = tokio::runtime::Handle::try_current().map(|h| h.metrics().num_alive_tasks());
    vec![
        gauge("tasks", tasks.unwrap_or_default() as f64, "Tasks that live; an actor is one"),
        gauge("live_calls", c.live_calls as f64, "Calls under way"),
        gauge("max_calls", c.max_calls as f64, "Calls that may be under way at once"),
        gauge("waiting_calls", c.waiting_calls as f64, "Callers who wait for a place"),
        gauge("draining", flag(c.draining), "1 if new calls are refused"),
        gauge("worker_registered", flag(worker.registered), "1 if LiveKit knows the worker"),
        gauge("worker_load", f64::from(worker.load), "Load as told to LiveKit, 0 to 1"),
        gauge("jobs_active", worker.active_jobs as f64, "Jobs of LiveKit that run"),
        gauge("jobs_pending", worker.pending_jobs as f64, "Jobs offered or accepted, not begun"),
        counter("worker_registrations", worker.registrations, "Times the worker has registered"),
        counter("jobs_offered", worker.offered, "Jobs offered"),
        counter("jobs_accepted", worker.accepted, "Jobs accepted"),
        counter("jobs_refused", worker.refused, "Jobs refused: no place, metadata, clinic"),
        counter("jobs_turned_away", worker.turned_away, "Jobs refused while draining"),
        counter("jobs_unanswered", worker.unanswered, "Jobs refused for want of an answer"),
        counter("jobs_unassigned", worker.unassigned, "Jobs accepted and never assigned"),
        counter("jobs_succeeded", worker.succeeded, "Jobs ended well"),
        counter("jobs_failed", worker.failed, "Jobs failed"),
        counter("calls_started", c.calls_started, "Calls begun"),
        counter("calls_failed", c.calls_failed, "Calls that could not be begun"),
        Sample {
            name: "calls_ended",
            help: "Calls ended, by outcome",
            kind: Kind::Counter,
            values: Values::Labelled("outcome", ended),
        },
        counter("stage_restarts", c.stage_restarts, "Stages of calls restarted"),
        counter("supervisor_restarts", c.supervisor_restarts, "Supervisors of calls restarted"),
        counter("inputs_handled", c.inputs_handled, "Inputs that stages have handled"),
        counter("inputs_lost", c.inputs_lost, "Inputs dropped or given up"),
        counter("packets_in", c.packets_in, "Audio packets decoded"),
        counter("packets_undecodable", c.packets_undecodable, "Audio packets that were not Opus"),
        counter("concealed_ms", c.concealed_ms, "Audio concealed, in milliseconds"),
        counter("frames_out", c.frames_out, "Audio frames of 20 ms sent"),
        counter(
            "tool_writes_failed",
            c.tool_writes_failed,
            "Tools whose write did not reach the database",
        ),
        counter(
            "record_writes_failed",
            c.record_writes_failed,
            "Writes of calls' records that did not, each tried again",
        ),
        counter("threads_abandoned", c.threads_abandoned, "Native threads abandoned as hung"),
        gauge("recognition_queue", c.recognition_queue as f64, "Utterances to be recognized"),
        counter("finals", c.finals, "Utterances recognized to their end"),
        counter("finals_late", c.finals_late, "Final words over 300 ms after the turn's end"),
        counter("finals_wait_ms", c.finals_wait_ms, "Waits from a turn's end to its words, ms"),
        gauge("second_queue", c.second_queue as f64, "Utterances for the second recognizer"),
        counter("second_heard", c.second_heard, "Utterances that it heard in time"),
        counter("second_late", c.second_late, "Utterances whose words it had not in time"),
        counter("second_failed", c.second_failed, "Utterances in which it failed"),
        counter("second_dropped", c.second_dropped, "What it began in a pause and dropped"),
        counter("second_wait_ms", c.second_wait_ms, "Waits for its words, ms"),
        gauge("speech_queue", c.speech_queue as f64, "Utterances to be synthesized"),
    ]
}

/// What the database says of the jobs, the same for all runtimes of it.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a metric is a 64-bit float in Prometheus too")]
pub(crate) fn job_samples(status: &JobsStatus) -> Vec<Sample> {
    let of = |name, help, kind, value: &dyn Fn(&JobState) -> Option<f64>| {
        let values = status.jobs.iter().filter_map(|job| Some((job.name.clone(), value(job)?)));
        Sample { name, help, kind, values: Values::Labelled("job", values.collect()) }
    };
    let mut samples = vec![
        of(
            "job_last_success_seconds",
            "When a job last ended well, seconds since 1970",
            Kind::Gauge,
            &|job| job.succeeded_at.map(|at| at.as_second() as f64),
        ),
        of("job_runs", "Runs of a job that ended", Kind::Counter, &|job| Some(job.runs as f64)),
        of("job_failures", "Runs of a job that failed", Kind::Counter, &|job| {
            Some(job.failures as f64)
        }),
        of("job_failed_in_row", "Runs that failed since a job ended well", Kind::Gauge, &|job| {
            Some(f64::from(job.failed_in_row))
        }),
    ];
    if let Some(events) = status.events {
        let gauge = |name, help, value: f64| Sample {
            name,
            help,
            kind: Kind::Gauge,
            values: Values::Single(value),
        };
        samples.extend([
            gauge("events_waiting", "Events that are not handed on yet", events.waiting as f64),
            gauge(
                "events_stuck",
                "Of these, events that a consumer did not take",
                events.stuck as f64,
            ),
            gauge(
                "events_lag_seconds",
                "Age of the oldest event that waits",
                events.lag.as_secs_f64(),
            ),
        ]);
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_of_the_actors_is_a_metric() {
        let counters = Counters::default();
        let samples = samples(&counters, &WorkerStatus::default());
        let counters = serde_json::to_value(counters).expect("JSON");
        for name in counters.as_object().expect("an object").keys() {
            assert!(samples.iter().any(|sample| sample.name == name), "{name} is not a metric");
        }
    }
}
