//! Synthesis on threads of its own: clause by clause, so that calls take turns.
//!
//! A clause that many calls hear is synthesized once and kept ([`Rendered`]); the next call has it
//! at once, without waiting for a thread.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::tts::TextToSpeech;
use frontdesk_pipelines::lead::LeadIn;
use frontdesk_pipelines::playout::UtteranceId;
use frontdesk_pipelines::speak::Clause;
use frontdesk_types::Clock;
use parking_lot::Mutex;

use super::Outlet;
use super::rendered::Rendered;
use super::threads::{After, Threads, Work};

/// A voice that computes or sleeps for this long over one clause hangs.
const HUNG_AFTER: Duration = Duration::from_secs(5);

/// A clause in words, on its way to the voice.
#[derive(Debug, Clone)]
pub(crate) struct SpokenClause {
    pub(crate) utterance: UtteranceId,
    pub(crate) number: u32,
    pub(crate) spoken: String,
    /// Whether many calls hear it, so that its samples are kept. Nothing of a caller is in it.
    pub(crate) fixed: bool,
}

/// What one turn of a thread works on.
#[derive(Clone)]
enum Job {
    /// The clauses of one utterance; one clause is synthesized per turn.
    Speak(Speak),
    /// A phrase that calls will say, to be kept.
    Prepare(Arc<str>, String),
}

#[derive(Clone)]
struct Speak {
    outlet: Arc<Outlet>,
    voice: Arc<str>,
    clauses: Arc<Mutex<VecDeque<SpokenClause>>>,
}

struct Synthesis {
    tts: Arc<dyn TextToSpeech>,
    rendered: Arc<Rendered>,
}

/// Hands kept samples to the outlet.
fn play(outlet: &Outlet, clause: &SpokenClause, samples: &[i16]) {
    let (utterance, number) = (clause.utterance, clause.number);
    outlet.push_samples(utterance, number, &lead_in(clause).cut(samples));
    outlet.finish_clause(utterance, number);
}

/// Silence is cut off where an utterance begins.
fn lead_in(clause: &SpokenClause) -> LeadIn {
    if clause.number == 0 { LeadIn::default() } else { LeadIn::passed() }
}

impl Synthesis {
    fn give_up(job: &Speak) {
        let clause = job.clauses.lock().pop_front();
        if let Some(clause) = clause {
            job.outlet.finish_clause(clause.utterance, clause.number);
        }
    }

    fn speak(&self, job: Speak) -> After<Job> {
        let Some(clause) = job.clauses.lock().front().cloned() else { return After::Done };
        let (utterance, number) = (clause.utterance, clause.number);
        if !job.outlet.wants(utterance, number) {
            return After::Done;
        }
        if clause.spoken.is_empty() {
            Self::give_up(&job);
            return After::Again(Job::Speak(job));
        }
        // Another call may have had it synthesized since this one asked.
        if clause.fixed
            && let Some(samples) = self.rendered.get(&job.voice, &clause.spoken)
        {
            play(&job.outlet, &clause, &samples);
            job.clauses.lock().pop_front();
            return After::Again(Job::Speak(job));
        }
        let mut lead = lead_in(&clause);
        let mut all = Vec::new();
        let mut wanted = true;
        let result = self.tts.synthesize(&clause.spoken, &job.voice, &mut |samples| {
            wanted = wanted && job.outlet.push_samples(utterance, number, &lead.cut(samples));
            if clause.fixed {
                // To its end, even if this caller has heard enough: the next call needs it too.
                all.extend_from_slice(samples);
            }
            if wanted || clause.fixed { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        match &result {
            Ok(()) if clause.fixed => self.rendered.put(&job.voice, &clause.spoken, all),
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "clause not spoken"),
        }
        job.clauses.lock().pop_front();
        job.outlet.finish_clause(utterance, number);
        After::Again(Job::Speak(job))
    }

    fn prepare(&self, voice: &Arc<str>, spoken: &str) {
        if self.rendered.get(voice, spoken).is_some() {
            return;
        }
        let mut all = Vec::new();
        let result = self.tts.synthesize(spoken, voice, &mut |samples| {
            all.extend_from_slice(samples);
            ControlFlow::Continue(())
        });
        match result {
            Ok(()) => self.rendered.put(voice, spoken, all),
            Err(error) => tracing::error!(%error, "phrase not rendered"),
        }
    }
}

impl Work for Synthesis {
    type Job = Job;

    fn run(&self, job: Job) -> After<Job> {
        crate::faults::voice();
        match job {
            Job::Speak(job) => self.speak(job),
            Job::Prepare(voice, spoken) => {
                self.prepare(&voice, &spoken);
                After::Done
            }
        }
    }

    fn lost(&self, job: Job) {
        // The clause that killed its thread is passed over; the rest of the sentence is spoken by
        // the next utterance or not at all, since each of its clauses may do the same.
        if let Job::Speak(job) = job {
            while !job.clauses.lock().is_empty() {
                Self::give_up(&job);
            }
        }
    }
}

/// Threads that synthesize for all calls.
#[derive(Clone)]
pub struct SpeechPool {
    threads: Threads<Synthesis>,
    rendered: Arc<Rendered>,
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
        let rendered = Arc::new(Rendered::default());
        let synthesis = Synthesis { tts, rendered: Arc::clone(&rendered) };
        Ok(Self { threads: Threads::start("tts", threads, clock, synthesis)?, rendered })
    }

    /// Speaks the clauses of an utterance that `outlet` has queued. Those that are kept are there
    /// when this returns.
    pub(crate) fn speak(&self, outlet: Arc<Outlet>, voice: Arc<str>, clauses: Vec<SpokenClause>) {
        let mut rest = VecDeque::from(clauses);
        while let Some(clause) = rest.front().filter(|clause| clause.fixed)
            && let Some(samples) = self.rendered.get(&voice, &clause.spoken)
        {
            play(&outlet, clause, &samples);
            rest.pop_front();
        }
        if !rest.is_empty() {
            let clauses = Arc::new(Mutex::new(rest));
            self.threads.submit(Job::Speak(Speak { outlet, voice, clauses }));
        }
    }

    /// Plays a whole utterance that the runtime itself says, and keeps its clauses for other calls.
    pub(crate) fn say(
        &self,
        outlet: &Arc<Outlet>,
        voice: Arc<str>,
        utterance: UtteranceId,
        clauses: Vec<Clause>,
    ) {
        let shown = clauses.iter().map(|clause| clause.display.clone()).collect();
        outlet.push_utterance(utterance, shown);
        let spoken = clauses.into_iter().zip(0..).map(|(clause, number)| SpokenClause {
            utterance,
            number,
            spoken: clause.spoken,
            fixed: true,
        });
        self.speak(Arc::clone(outlet), voice, spoken.collect());
    }

    /// Whether the engine has a voice of this name.
    pub(crate) fn has_voice(&self, name: &str) -> bool {
        self.threads.work().tts.has_voice(name)
    }

    /// Has a phrase that calls will say synthesized and kept, unless it is.
    pub(crate) fn prepare(&self, voice: &Arc<str>, spoken: &str) {
        if !spoken.is_empty() && self.rendered.get(voice, spoken).is_none() {
            self.threads.submit(Job::Prepare(Arc::clone(voice), spoken.to_owned()));
        }
    }

    /// Replaces hung threads; returns how many were abandoned since the start.
    pub(crate) fn check(&self) -> u64 {
        self.threads.replace_hung(HUNG_AFTER);
        self.threads.abandoned()
    }

    /// Threads abandoned lately.
    pub(crate) fn abandoned_lately(&self) -> usize {
        self.threads.abandoned_lately()
    }

    /// The process stood still for a while.
    pub(crate) fn stood_still(&self) {
        self.threads.stood_still();
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
