//! LineLink: the call's side of its line.
//!
//! Supervised by the CallSupervisor. Passes on what happens on the line, waits for a caller who lost
//! the connection, and has state and captions shown. What kind of line it is it does not know; the
//! line outlives it.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_line::{AgentState, Gone, LineEvent, Shown};
use frontdesk_pipelines::dialogue::Input;
use frontdesk_types::{CallOutcome, Mono};
use ractor::ActorProcessingErr;

use super::Call;
use crate::stage::{Keep, Stage};
use crate::watch::{Speaker, What};

/// Longest that showing something may take before LineLink counts as hung.
pub(crate) const LINK_LIMIT: Duration = Duration::from_secs(5);

/// Typed messages longer than this are cut: nobody types more to a clinic in one go, and what is
/// longer is not a message.
const MAX_TYPED_CHARS: usize = 2000;

/// Why a call ended whose caller was cut off, in its record.
const CUT_OFF: &str = "the connection broke, and the caller did not come back";

/// What LineLink is told.
#[derive(Debug, Clone)]
pub(crate) enum LinkInput {
    /// Something happened on the line.
    Line(LineEvent),
    /// This is to be shown.
    Show(Shown),
    /// Somebody began or stopped to speak: for the feed.
    Speaking(Speaker, bool),
}

/// What LineLink keeps over its death.
#[derive(Default)]
pub(crate) struct Kept {
    /// When a caller who lost the connection is given up.
    away_until: Option<Mono>,
    /// Whether our own connection was lost, and the caller not seen since it is back.
    broke: bool,
    /// Whether the feed was told of the input under way: a LineLink has died in it.
    told: bool,
}

pub(crate) struct LineLink {
    call: Arc<Call>,
    kept: Keep<Kept>,
}

impl LineLink {
    pub(crate) const fn build(call: Arc<Call>, kept: Keep<Kept>) -> Self {
        Self { call, kept }
    }

    /// Tells the feed, before anything waits for the network.
    fn tell_feed(&self, input: &LinkInput) {
        if std::mem::replace(&mut self.kept.lock().told, true) {
            return;
        }
        match input {
            LinkInput::Show(shown) if self.is_of_no_interest(shown) => {}
            LinkInput::Show(shown) => self.call.tell_shown(shown),
            LinkInput::Line(event) => self.call.tell_event(event),
            LinkInput::Speaking(by, speaking) => {
                self.call.feed.tell(What::Speaking { by: *by, speaking: *speaking });
            }
        }
    }

    fn on_event(&self, event: LineEvent) {
        match event {
            LineEvent::Audible => self.call.outlet.open(),
            LineEvent::CallerHere(_) => self.on_here(),
            LineEvent::CallerReplaced => {
                tracing::warn!("caller's place was taken by another connection");
                self.call.interrupt_with(Input::CallerReplaced);
            }
            LineEvent::CallerGone(Gone::Left) => self.on_left(),
            LineEvent::CallerGone(Gone::Lost) => {
                let patience = self.call.services.settings.return_timeout;
                let until = self.call.clock.mono() + patience;
                self.kept.lock().away_until = Some(until);
            }
            LineEvent::Held => {
                tracing::info!("caller has put the call on hold");
                self.call.interrupt_with(Input::Held);
            }
            LineEvent::Resumed => {
                tracing::info!("caller is back from hold");
                self.call.mails.dialogue.post(Input::Resumed);
            }
            LineEvent::Supervisor { identity, here } => self.call.on_supervisor(&identity, here),
            LineEvent::Typed(text) => self.on_typed(&text),
            LineEvent::Dtmf(key) => {
                self.call.interrupt_with(Input::Dtmf(key));
            }
            LineEvent::Lost => {
                tracing::info!("connection lost, reconnecting");
                self.kept.lock().broke = true;
            }
            LineEvent::Back => {
                tracing::info!("connection is back");
                let mut kept = self.kept.lock();
                // One who was there all the time has missed nothing that mattered.
                kept.broke &= kept.away_until.is_some();
            }
            LineEvent::Over(why) => {
                self.call.floor_is_over();
                self.call.mails.dialogue.post(Input::CallerLeft);
                self.call.finish(CallOutcome::Abandoned, Some(&why));
            }
        }
    }

    async fn show(&self, shown: Shown) -> Result<(), ActorProcessingErr> {
        if !self.is_of_no_interest(&shown) && !self.call.replaced.voids_shown(&shown) {
            self.call.line.show(shown).await?;
        }
        Ok(())
    }

    /// While a supervisor has the call the agent listens, and thinks about nothing.
    fn is_of_no_interest(&self, shown: &Shown) -> bool {
        matches!(shown, Shown::State(state) if *state != AgentState::Listening)
            && self.call.floor.is_taken()
    }

    fn on_here(&self) {
        let broke = {
            let mut kept = self.kept.lock();
            kept.away_until = None;
            std::mem::take(&mut kept.broke)
        };
        if self.call.joined.set(()).is_ok() {
            tracing::info!(goes_on = self.call.goes_on, "caller is here");
            let begin = if self.call.goes_on { Input::Recovered } else { Input::Begin };
            self.call.mails.dialogue.post(begin);
        } else if broke && !self.call.floor.is_taken() {
            tracing::info!("caller is back after the connection broke");
            // What was said meanwhile was heard by nobody.
            self.call.interrupt_with(Input::Recovered);
        }
    }

    fn on_left(&self) {
        self.call.floor_is_over();
        // Nobody hears what is being said, and the end would wait for it.
        self.call.interrupt_with(Input::CallerLeft);
        self.call.caller_left();
    }

    fn on_typed(&self, text: &str) {
        let Some(text) = typed(text) else { return };
        self.call.interrupt_with(Input::Heard { text, confidence: None });
    }
}

/// What was typed, if it is anything.
pub(super) fn typed(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_TYPED_CHARS).collect();
    (!text.trim().is_empty()).then_some(text)
}

impl Stage for LineLink {
    type Input = LinkInput;

    async fn handle(&mut self, input: LinkInput, _attempt: u32) -> Result<(), ActorProcessingErr> {
        self.tell_feed(&input);
        match input {
            LinkInput::Line(event) => self.on_event(event),
            LinkInput::Show(shown) => self.show(shown).await?,
            LinkInput::Speaking(..) => {}
        }
        Ok(())
    }

    fn commit(&mut self) {
        self.kept.lock().told = false;
    }

    fn deadline(&self) -> Option<Mono> {
        self.kept.lock().away_until
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        let (away, broke) = {
            let mut kept = self.kept.lock();
            (kept.away_until.take().is_some(), kept.broke)
        };
        if away {
            tracing::info!(broke, "caller did not come back");
            if broke {
                // It was not they who broke the call off.
                self.call.finish(CallOutcome::Abandoned, Some(CUT_OFF));
            }
            self.on_left();
        }
        Ok(())
    }
}
