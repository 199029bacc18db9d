//! The beginning of a call: its line is connected.

use std::sync::{Arc, OnceLock};

use frontdesk_line::{CallerFacts, ConnectError, LineContext, LineEvent};
use frontdesk_types::Channel;
use parking_lot::Mutex;
use tokio::sync::{OnceCell, oneshot};

use super::children::Keeps;
use super::floor::CallFloor;
use super::holding::Holding;
use super::link::LinkInput;
use super::replaced::Replaced;
use super::speaker::SpeakerInput;
use super::watched::beginning;
use super::{Call, CallEnd, CallRequest, Mails, Pulses, Services, dialogue};
use crate::media::Outlet;
use crate::tools::Tokens;
use crate::watch::Watch;

/// Where the end of a call is told.
pub(crate) type Done = oneshot::Sender<CallEnd>;

impl Call {
    /// Connects the line and prepares what the stages share. Waits for no more of the network than
    /// the line does: the way for the agent's voice may still be under way, and the outlet holds
    /// what is said until then.
    pub(crate) async fn connect(
        request: CallRequest,
        services: Arc<Services>,
        watch: &Watch,
        span: tracing::Span,
    ) -> Result<(Arc<Self>, Done), (ConnectError, Done)> {
        let CallRequest {
            id,
            tenant,
            line,
            room,
            caller: named,
            facts,
            clock,
            simulated,
            moved,
            done,
        } = request;
        let mails = Mails::default();
        // The mail outlives whoever reads it, and does not know the line: no event is lost.
        let events = Arc::clone(&mails.link);
        // A telephone knows who calls before the call has a stage, and its record begins with it.
        let caller: Arc<OnceLock<CallerFacts>> = Arc::default();
        let told = Arc::clone(&caller);
        let replaced: Arc<Replaced> = Arc::default();
        let noticed = Arc::clone(&replaced);
        let context = LineContext {
            call: id,
            language: facts.language.clone(),
            voice: facts.channel != Channel::Text,
            first_turn: moved.as_ref().map_or(0, |moved| moved.first_turn),
            listener: Arc::new(move |event| {
                if let LineEvent::CallerHere(facts) = &event {
                    let _ = told.set(facts.clone());
                }
                if event == LineEvent::CallerReplaced {
                    // At once: whatever is on its way is not for them.
                    noticed.notice();
                }
                events.post(LinkInput::Line(event));
            }),
        };
        let line = match line.connect(context).await {
            Ok(line) => line,
            Err(error) => return Err((error, done)),
        };
        let speaker = Arc::clone(&mails.speaker);
        let outlet = Outlet::new(services.pacer.clone(), Arc::clone(&line), move |event| {
            speaker.post(SpeakerInput::Playout(event));
        });
        let began_at = clock.wall();
        let mut live = beginning(id, began_at, &room, &facts, &*line);
        live.caller_identity.clone_from(&named);
        if let Some(moved) = &moved {
            live.had(&moved.said, moved.tokens.patient().map(|who| who.patient()));
        }
        let feed = watch.begin(tenant.clinic(), live);
        let lapses = services.records.as_ref().map_or(0, |records| records.lease.lapses());
        let mut goes_on = false;
        let (mut tokens, mut row) = (Tokens::default(), OnceCell::new());
        let (mut dialogue, mut parts) = (dialogue::Kept::default(), 0);
        if let Some(moved) = moved {
            parts = moved.parts;
            goes_on = !moved.dialogue.is_empty();
            tokens = moved.tokens;
            row = OnceCell::new_with(Some(moved.key));
            dialogue = dialogue::Kept::moved(moved.dialogue, moved.first_turn);
        }
        let keeps = Keeps::new(facts.clinic.spoken(), dialogue, parts);
        let call = Arc::new(Self {
            id,
            span,
            tenant,
            facts,
            simulated,
            services,
            line,
            outlet,
            feed,
            floor: CallFloor::default(),
            mails,
            pulses: Pulses::default(),
            caller,
            joined: OnceLock::new(),
            replaced,
            named,
            goes_on,
            holding: Holding::new(lapses),
            keeps,
            tokens: Arc::new(tokens),
            row,
            tasks: super::tasks::Tasks::default(),
            room_name: room,
            began_at,
            supervisor: Mutex::new(None),
            started: clock.mono(),
            clock,
            ending: OnceLock::new(),
            last_moment: OnceLock::new(),
        });
        call.prepare_greeting();
        Ok((call, done))
    }

    /// Has the greeting synthesized, unless it is kept from an earlier call: it is there when the
    /// caller is.
    fn prepare_greeting(&self) {
        if self.facts.channel == Channel::Text {
            return;
        }
        if let Some(own) = self.facts.clinic.settings().voice.as_ref()
            && !self.services.speech.has_voice(own)
        {
            tracing::warn!(voice = &**own, "the clinic's voice is not known, another one speaks");
        }
        for clause in self.facts.clinic.fixed().greeting() {
            self.services.speech.prepare(self.voice(), clause);
        }
    }
}
