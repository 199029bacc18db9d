//! A caller who has no call yet, or gets none, and is told so.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_line::{
    CallerFacts, Connect, ConnectError, HandedOver, Line, LineContext, LineEvent, RefusalReason,
    Relay, Shown,
};
use frontdesk_pipelines::dialogue::UtteranceId;
use frontdesk_pipelines::language::Language;
use frontdesk_pipelines::playout::PlayoutEvent;
use frontdesk_pipelines::speak::clauses;
use frontdesk_types::{CallId, FRAME_MS, Mono, Phi};
use tokio::sync::watch;

use super::Services;
use super::ending::LINGER;
use crate::media::Outlet;

/// How long a notice may take to be heard; the longest is some eight seconds.
const HEARD_LIMIT: Duration = Duration::from_secs(15);

/// Numbers of utterances from here on: beyond any that a dialogue gives, and not the apology's.
const FIRST_UTTERANCE: u64 = u64::MAX - 1_000;

/// What has become of the caller, as far as their line has told.
#[derive(Debug, Clone, Default)]
struct Seen {
    here: Option<CallerFacts>,
    gone: bool,
    /// Utterances that are over.
    told: u64,
}

/// A caller on a connected line, whom no dialogue serves.
pub(crate) struct Told {
    services: Arc<Services>,
    line: Arc<dyn Line>,
    relay: Relay,
    outlet: Arc<Outlet>,
    language: Language,
    voice: Option<Arc<str>>,
    seen: watch::Receiver<Seen>,
    begun: Mono,
    told: u64,
}

impl Told {
    /// Connects the line. Without a `voice` the caller is written to.
    pub(crate) async fn connect(
        services: Arc<Services>,
        id: CallId,
        line: Box<dyn Connect>,
        language: Language,
        voice: Option<Arc<str>>,
    ) -> Result<Self, ConnectError> {
        let relay = Relay::default();
        let (sender, seen) = watch::channel(Seen::default());
        let (audible, opened) = watch::channel(false);
        let (remembers, watched) = (relay.clone(), sender.clone());
        let context = LineContext {
            call: id,
            language: language.code().to_owned(),
            voice: voice.is_some(),
            first_turn: 0,
            listener: Arc::new(move |event| {
                match &event {
                    LineEvent::Audible => {
                        audible.send_replace(true);
                    }
                    LineEvent::CallerHere(facts) => {
                        watched.send_modify(|seen| seen.here = Some(facts.clone()));
                    }
                    LineEvent::CallerGone(_) | LineEvent::Over(_) => {
                        watched.send_modify(|seen| seen.gone = true);
                    }
                    _ => {}
                }
                remembers.tell(event);
            }),
        };
        let line = line.connect(context).await?;
        let outlet = Outlet::new(services.pacer.clone(), Arc::clone(&line), move |event| {
            if let PlayoutEvent::Finished { .. } = event {
                sender.send_modify(|seen| seen.told += 1);
            }
        });
        let begun = services.clock.mono();
        let told = Self { services, line, relay, outlet, language, voice, seen, begun, told: 0 };
        told.open_when(opened);
        Ok(told)
    }

    fn open_when(&self, mut audible: watch::Receiver<bool>) {
        let outlet = Arc::clone(&self.outlet);
        tokio::spawn(async move {
            if audible.wait_for(|audible| *audible).await.is_ok() {
                outlet.open();
            }
        });
    }

    /// Waits until the caller is there; false if they have not come within `limit`.
    pub(crate) async fn is_here_within(&mut self, limit: Duration) -> bool {
        let here = self.seen.wait_for(|seen| seen.here.is_some() || seen.gone);
        matches!(tokio::time::timeout(limit, here).await, Ok(Ok(seen)) if !seen.gone)
    }

    /// The number that calls, if the line tells one.
    pub(crate) fn number(&self) -> Option<Phi<String>> {
        self.seen.borrow().here.as_ref().and_then(|caller| caller.number.clone())
    }

    /// Waits until the caller has left.
    pub(crate) async fn gone(&mut self) {
        if self.seen.wait_for(|seen| seen.gone).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Tells the caller something, by voice or in writing; comes back when it was heard.
    pub(crate) async fn say(&mut self, words: &str) {
        let utterance = FIRST_UTTERANCE + self.told;
        self.told += 1;
        let text = words.to_owned();
        self.show(Shown::AgentText { utterance, text }).await;
        if let Some(voice) = &self.voice {
            let (id, clauses) = (UtteranceId(utterance), clauses(words, &self.language));
            self.services.speech.say(&self.outlet, Arc::clone(voice), id, clauses);
            let told = self.told;
            let heard = self.seen.wait_for(|seen| seen.told >= told || seen.gone);
            // A voice that does not come is shown all the same.
            let _ = tokio::time::timeout(HEARD_LIMIT, heard).await;
        }
        let heard = words.to_owned();
        self.show(Shown::AgentDone { utterance, heard, complete: true }).await;
    }

    async fn show(&self, what: Shown) {
        if let Err(error) = self.line.show(what).await {
            tracing::debug!(%error, "notice not shown");
        }
    }

    /// Says why there is no call, and ends the line.
    pub(crate) async fn refuse(mut self, reason: RefusalReason, words: &str) {
        self.show(Shown::Refused(reason)).await;
        self.say(words).await;
        tokio::time::sleep(LINGER).await;
        self.hang_up().await;
    }

    /// Ends the line.
    pub(crate) async fn hang_up(self) {
        self.outlet.stop();
        self.line.hang_up().await;
    }

    /// Gives the line, with all that has happened on it, to a call.
    pub(crate) fn hand_over(self) -> HandedOver {
        self.outlet.stop();
        let lasted = self.services.clock.mono().since(self.begun).as_millis() as u64;
        // Frames are numbered by time: no more can have been played.
        let played = lasted / u64::from(FRAME_MS) + 2;
        HandedOver::new(self.line, self.relay, played)
    }
}
