//! Synthesis on threads of its own: clause by clause, so that calls take turns.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::tts::TextToSpeech;
use frontdesk_pipelines::lead::LeadIn;
use frontdesk_pipelines::playout::UtteranceId;
use frontdesk_types::Clock;
use parking_lot::Mutex;

use super::Outlet;
use super::threads::{After, Threads, Work};

/// Longest a clause may take to synthesize before its thread counts as hung.
const HUNG_AFTER: Duration = Duration::from_secs(5);

/// A clause in words, on its way to the voice.
#[derive(Debug, Clone)]
pub(crate) struct SpokenClause {
    pub(crate) utterance: UtteranceId,
    pub(crate) number: u32,
    pub(crate) spoken: String,
}

/// The clauses of one utterance; one clause is synthesized per turn.
#[derive(Clone)]
struct Job {
    outlet: Arc<Outlet>,
    voice: Arc<str>,
    clauses: Arc<Mutex<VecDeque<SpokenClause>>>,
}

struct Synthesis {
    tts: Arc<dyn TextToSpeech>,
}

impl Synthesis {
    fn give_up(job: &Job) {
        let clause = job.clauses.lock().pop_front();
        if let Some(clause) = clause {
            job.outlet.finish_clause(clause.utterance, clause.number);
        }
    }
}

impl Work for Synthesis {
    type Job = Job;

    fn run(&self, job: Job) -> After<Job> {
        let Some(clause) = job.clauses.lock().front().cloned() else { return After::Done };
        let (utterance, number) = (clause.utterance, clause.number);
        if !job.outlet.wants(utterance, number) {
            return After::Done;
        }
        if clause.spoken.is_empty() {
            Self::give_up(&job);
            return After::Again(job);
        }
        let mut lead = if number == 0 { LeadIn::default() } else { LeadIn::passed() };
        let result = self.tts.synthesize(&clause.spoken, &job.voice, &mut |samples| {
            if job.outlet.push_samples(utterance, number, &lead.cut(samples)) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        if let Err(error) = &result {
            tracing::error!(%error, "clause not spoken");
        }
        job.clauses.lock().pop_front();
        job.outlet.finish_clause(utterance, number);
        After::Again(job)
    }

    fn lost(&self, job: Job) {
        // The clause that killed its thread is passed over; the rest of the sentence is spoken by
        // the next utterance or not at all, since each of its clauses may do the same.
        while !job.clauses.lock().is_empty() {
            Self::give_up(&job);
        }
    }
}

/// Threads that synthesize for all calls.
#[derive(Clone)]
pub struct SpeechPool {
    threads: Threads<Synthesis>,
}

impl SpeechPool {
    /// Starts `threads` threads that speak with `tts`.
    ///
    /// # Errors
    /// If the operating system refuses a thread.
    pub fn start(
        threads: usize,
        clock: Arc<dyn Clock>,
        tts: Arc<dyn TextToSpeech>,
    ) -> std::io::Result<Self> {
        Ok(Self { threads: Threads::start("tts", threads, clock, Synthesis { tts })? })
    }

    pub(crate) fn speak(&self, outlet: Arc<Outlet>, voice: Arc<str>, clauses: Vec<SpokenClause>) {
        let clauses = Arc::new(Mutex::new(clauses.into()));
        self.threads.submit(Job { outlet, voice, clauses });
    }

    /// Replaces hung threads; returns how many were abandoned since the start.
    pub(crate) fn check(&self) -> u64 {
        self.threads.replace_hung(HUNG_AFTER);
        self.threads.abandoned()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.threads.is_idle()
    }

    /// Utterances that wait for a thread.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.threads.queued()
    }

    /// Ends the threads.
    pub fn close(&self) {
        self.threads.close();
    }
}
