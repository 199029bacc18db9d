//! The end of a call, which is state of the call: decided once, whoever carries it out.
//!
//! First it is decided how the call ends ([`Call::finish`]), then its supervisor stops the stages
//! and itself ([`stop_stages`]), then the Switchboard hangs up and closes the record. A
//! supervisor that dies on the way is not replaced, and nothing of the end is forgotten with it.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_line::Shown;
use frontdesk_pipelines::dialogue::UtteranceId;
use frontdesk_pipelines::language::Notice;
use frontdesk_pipelines::speak::clauses;
use frontdesk_types::{CallOutcome, Channel, Mono};
use futures_util::future::{join, join_all};
use ractor::ActorCell;

use super::link::LinkInput;
use super::{Call, CallMsg};
use crate::mail::Queue;

/// How long all stages together may take to stop; those that have not by then are killed.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// How long the end waits until what was said is out.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long the line is kept after an orderly end, so that the last packets reach the caller.
pub(super) const LINGER: Duration = Duration::from_millis(300);

/// Why calls are cut short, in their records.
pub(crate) const CUT_SHORT: &str = "the runtime was stopped";

/// How long the runtime's own last words may take.
const LAST_UTTERANCE_LIMIT: Duration = Duration::from_secs(6);

/// Number of their utterance: beyond any that a dialogue gives.
const LAST_UTTERANCE: UtteranceId = UtteranceId(u64::MAX);

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEnd {
    /// The outcome.
    pub outcome: CallOutcome,
    /// What went wrong, if the call could not be held to its end.
    pub error: Option<String>,
}

/// When a call ends whatever else happens, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastMoment {
    pub(crate) at: Mono,
    pub(crate) outcome: CallOutcome,
    pub(crate) error: &'static str,
    /// Whether it ends sooner, once nothing is left to be said.
    pub(crate) once_said: bool,
}

impl LastMoment {
    /// Whether it has come.
    pub(crate) fn has_come(&self, call: &Call, now: Mono) -> bool {
        let said = || call.facts.channel == Channel::Text || !call.outlet.is_active();
        self.at <= now || (self.once_said && said())
    }
}

/// A decided end.
#[derive(Debug)]
pub(crate) struct Ending {
    end: CallEnd,
    since: Mono,
}

impl Call {
    /// Decides how the call ends, if that is not decided yet, and has it ended.
    pub(crate) fn finish(&self, outcome: CallOutcome, error: Option<&str>) {
        let since = self.clock.mono();
        let end = CallEnd { outcome, error: error.map(str::to_owned) };
        if self.ending.set(Ending { end, since }).is_ok() {
            tracing::info!(parent: &self.span, ?outcome, error, "call ends");
        }
        self.tell_supervisor(CallMsg::Finish);
    }

    /// How the call ends, once that is decided.
    pub(crate) fn end(&self) -> Option<&CallEnd> {
        self.ending.get().map(|ending| &ending.end)
    }

    /// For how long that has been decided.
    pub(crate) fn ending_for(&self, now: Mono) -> Option<Duration> {
        self.ending.get().map(|ending| now.since(ending.since))
    }

    /// Sets when the call ends whatever else happens; only the first time counts.
    pub(crate) fn finish_at(&self, last: LastMoment) {
        // It was to end earlier.
        let _ = self.last_moment.set(last);
    }

    /// Says the call's last words, whatever its stages do, and has it ended soon after. Nothing
    /// happens if the call is about to end anyway. Where nobody has come there is nobody to tell.
    pub(crate) fn say_last(self: &Arc<Self>, words: Notice, error: &'static str) {
        if self.joined.get().is_none() {
            return self.finish(CallOutcome::Abandoned, Some(error));
        }
        if self.last_moment.get().is_some() {
            return;
        }
        self.floor_is_over();
        self.outlet.stop();
        let language = self.facts.clinic.language();
        let words = language.notice(words);
        if self.facts.channel == Channel::Text {
            let (utterance, heard) = (LAST_UTTERANCE.0, words.to_owned());
            let done = Shown::AgentDone { utterance, heard, complete: true };
            self.mails.link.post(LinkInput::Show(done));
        }
        let voice = Arc::clone(self.voice());
        let clauses = clauses(words, language);
        self.services.speech.say(&self.outlet, voice, LAST_UTTERANCE, clauses);
        self.finish_at(LastMoment {
            at: self.clock.mono() + LAST_UTTERANCE_LIMIT,
            outcome: CallOutcome::Abandoned,
            error,
            once_said: true,
        });
    }

    /// For how long the call has been without its caller, if nobody has come yet.
    pub(crate) fn rings_for(&self, now: Mono) -> Option<Duration> {
        self.joined.get().is_none().then(|| now.since(self.started))
    }

    /// What was said last is in LineLink's mail, and LineLink is about to be stopped: the goodbye
    /// of a typed call would be lost.
    async fn last_words(&self) {
        let limit = self.clock.mono() + LAST_WORDS;
        while !self.mails.link.is_empty() && self.clock.mono() < limit {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Stops the stages of a call whose end is decided, all at once and within one limit; LineLink
/// (`link`) once it has sent what was said.
pub(super) async fn stop_stages(call: &Call, link: Option<ActorCell>, others: Vec<ActorCell>) {
    crate::faults::point(call.id, "call_supervisor.ending").await;
    call.outlet.stop();
    let speaks = async {
        call.last_words().await;
        if let Some(link) = &link {
            stop(link).await;
        }
    };
    let stopped = join(speaks, join_all(others.iter().map(stop)));
    if tokio::time::timeout(STOP_LIMIT, stopped).await.is_err() {
        tracing::warn!("stages did not stop in time");
        link.iter().chain(&others).for_each(ActorCell::kill);
    }
    if call.end().is_none_or(|end| end.error.is_none()) {
        tokio::time::sleep(LINGER).await;
    }
}

async fn stop(stage: &ActorCell) {
    // One that is gone already is stopped.
    let _ = stage.stop_and_wait(None, None).await;
}
