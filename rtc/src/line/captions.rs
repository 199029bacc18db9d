//! State and captions under the names that LiveKit's front ends depend on.

use std::collections::HashMap;
use std::sync::Arc;

use frontdesk_line::{AgentState, AppointmentChange, LineContext, Shown};
use frontdesk_types::Offer;
use parking_lot::Mutex;

use super::voice_out::VoiceOut;
use crate::{Room, RtcError, TextStreamOptions, TextStreamWriter, TranscriptionSegment};

const TRANSCRIPTION_TOPIC: &str = "lk.transcription";
const STATE_ATTRIBUTE: &str = "lk.agent.state";
/// Ours: the appointment that was last changed, as JSON. An attribute, so that a page that is
/// reloaded has it too.
const APPOINTMENT_ATTRIBUTE: &str = "frontdesk.appointment";
/// Ours: what was read into the caller's words, one text each, where the call was asked for with it.
const READING_TOPIC: &str = "frontdesk.reading";
/// Ours: the name of the person of the clinic whose words a segment holds.
const STAFF_ATTRIBUTE: &str = "frontdesk.staff";
/// Ours: why the call is not taken.
const REFUSED_ATTRIBUTE: &str = "frontdesk.refused";
const FINAL_ATTRIBUTE: &str = "lk.transcription_final";

/// Whose words the captions are of: the caller's identity and track, as far as known.
#[derive(Clone, Default)]
pub(super) struct Speaker {
    pub(super) identity: String,
    pub(super) track: Option<String>,
}

/// An utterance of the agent whose text is being sent.
struct Open {
    utterance: u64,
    so_far: String,
    writer: TextStreamWriter,
}

/// See the module's documentation.
pub(super) struct Captions {
    room: Room,
    /// What the ids of segments begin with.
    prefix: String,
    language: String,
    voice: Arc<VoiceOut>,
    caller: Mutex<Option<Speaker>>,
    state: Mutex<Option<AgentState>>,
    appointment: Mutex<Option<String>>,
    /// Taken out while it is written to: what is given up half-way is sent again as a whole.
    open: Mutex<Option<Open>>,
    /// The utterance last begun and its text, so that one whose stream is gone is known.
    begun: Mutex<Option<(u64, String)>>,
}

const fn name(state: AgentState) -> &'static str {
    match state {
        AgentState::Initializing => "initializing",
        AgentState::Listening => "listening",
        AgentState::Thinking => "thinking",
        AgentState::Speaking => "speaking",
    }
}

/// As much of an appointment as its patient has been told.
fn card(change: AppointmentChange, visit: &Offer, reference: &str) -> String {
    let status = match change {
        AppointmentChange::Booked => "booked",
        AppointmentChange::Moved => "moved",
        AppointmentChange::Cancelled => "cancelled",
    };
    serde_json::json!({
        "status": status,
        "reference": reference,
        "doctor": visit.doctor_name,
        "specialty": visit.specialty,
        "starts_at": visit.starts_at,
        "time_zone": visit.time_zone,
    })
    .to_string()
}

fn prefix(context: &LineContext) -> String {
    let call = context.call.uuid().simple();
    match context.first_turn {
        0 => format!("SG_{call}"),
        turn => format!("SG_{call}t{turn}"),
    }
}

impl Captions {
    pub(super) fn new(room: Room, context: &LineContext, voice: Arc<VoiceOut>) -> Self {
        Self {
            room,
            prefix: prefix(context),
            language: context.language.clone(),
            voice,
            caller: Mutex::default(),
            state: Mutex::default(),
            appointment: Mutex::default(),
            open: Mutex::default(),
            begun: Mutex::default(),
        }
    }

    /// Whose words the caller's captions are.
    pub(super) fn set_caller(&self, caller: Speaker) {
        *self.caller.lock() = Some(caller);
    }

    pub(super) async fn show(&self, what: Shown) -> Result<(), RtcError> {
        match what {
            Shown::State(state) => {
                self.set_state(state).await;
                Ok(())
            }
            Shown::AgentText { utterance, text } => self.agent_text(utterance, &text).await,
            Shown::AgentDone { utterance, heard, complete } => {
                self.agent_done(utterance, &heard, complete).await
            }
            Shown::CallerText { number, text, is_final } => {
                self.caller_text(number, &text, is_final).await
            }
            Shown::StaffText { number, name, text, is_final } => {
                self.staff_text(number, &name, &text, is_final).await
            }
            Shown::Refused(reason) => {
                self.announce(REFUSED_ATTRIBUTE, reason.as_str().to_owned()).await;
                Ok(())
            }
            Shown::Read(reading) => {
                let topic = READING_TOPIC.to_owned();
                let destinations = self.to();
                let options =
                    TextStreamOptions { topic, destinations, ..TextStreamOptions::default() };
                self.room.send_text(&reading, options).await
            }
            Shown::Appointment { change, visit, reference } => {
                let card = card(change, &visit, &reference);
                *self.appointment.lock() = Some(card.clone());
                self.announce(APPOINTMENT_ATTRIBUTE, card).await;
                Ok(())
            }
        }
    }

    async fn set_state(&self, state: AgentState) {
        if self.state.lock().replace(state) != Some(state) {
            self.announce(STATE_ATTRIBUTE, name(state).to_owned()).await;
        }
    }

    /// Tells state and appointment again, to a session that does not know them.
    pub(super) async fn repeat_state(&self) {
        let state = *self.state.lock();
        if let Some(state) = state {
            self.announce(STATE_ATTRIBUTE, name(state).to_owned()).await;
        }
        let appointment = self.appointment.lock().clone();
        if let Some(card) = appointment {
            self.announce(APPOINTMENT_ATTRIBUTE, card).await;
        }
    }

    /// Somebody else may look at what was shown: what stands of an appointment goes, and of what is
    /// being said nothing more comes.
    pub(super) async fn forget(&self) {
        *self.open.lock() = None;
        *self.begun.lock() = None;
        if self.appointment.lock().take().is_some() {
            self.announce(APPOINTMENT_ATTRIBUTE, String::new()).await;
        }
    }

    async fn announce(&self, attribute: &'static str, value: String) {
        let attributes = HashMap::from([(attribute.to_owned(), value)]);
        // A caller's words wait behind this: the server's answer is not waited for.
        if let Err(error) = self.room.announce_attributes(attributes).await {
            tracing::debug!(%error, attribute, "attribute not published");
        }
    }

    fn agent_segment(&self, utterance: u64) -> String {
        format!("{}a{utterance}", self.prefix)
    }

    /// Whom captions are for: whoever else is in the room has no business with them. A console
    /// reads the feed of the runtime.
    fn to(&self) -> Vec<String> {
        self.caller.lock().iter().map(|caller| caller.identity.clone()).collect()
    }

    fn options(&self, segment: &str, is_final: bool, track: Option<String>) -> TextStreamOptions {
        let mut attributes = HashMap::from([
            ("lk.segment_id".to_owned(), segment.to_owned()),
            (FINAL_ATTRIBUTE.to_owned(), is_final.to_string()),
        ]);
        if let Some(track) = track {
            attributes.insert("lk.transcribed_track_id".to_owned(), track);
        }
        TextStreamOptions {
            topic: TRANSCRIPTION_TOPIC.to_owned(),
            attributes,
            destinations: self.to(),
            ..TextStreamOptions::default()
        }
    }

    async fn agent_text(&self, utterance: u64, text: &str) -> Result<(), RtcError> {
        let segment = self.agent_segment(utterance);
        let open = self.open.lock().take_if(|open| open.utterance == utterance);
        let begun = self.begun.lock().clone().filter(|(begun, _)| *begun == utterance);
        let (so_far, writer) = match (open, begun) {
            (Some(open), _) => {
                let mut writer = open.writer;
                writer.write(&format!(" {text}")).await?;
                (format!("{} {text}", open.so_far), writer)
            }
            // A new segment, or one whose stream was given up: all of it again.
            (None, begun) => {
                let so_far =
                    begun.map_or_else(|| text.to_owned(), |(_, so_far)| format!("{so_far} {text}"));
                let options = self.options(&segment, false, self.voice.track_sid());
                let mut writer = self.room.open_text_stream(options).await?;
                writer.write(&so_far).await?;
                (so_far, writer)
            }
        };
        *self.begun.lock() = Some((utterance, so_far.clone()));
        *self.open.lock() = Some(Open { utterance, so_far: so_far.clone(), writer });
        self.agent_packet(&segment, &so_far, false).await;
        Ok(())
    }

    async fn agent_done(
        &self,
        utterance: u64,
        heard: &str,
        complete: bool,
    ) -> Result<(), RtcError> {
        let segment = self.agent_segment(utterance);
        let shown = self.begun.lock().as_ref().is_some_and(|(begun, _)| *begun == utterance);
        let open = self.open.lock().take();
        if let Some(open) = open {
            let is_final = open.utterance == utterance && complete;
            let last = HashMap::from([(FINAL_ATTRIBUTE.to_owned(), is_final.to_string())]);
            open.writer.close(last).await?;
            if is_final {
                self.agent_packet(&segment, heard, true).await;
                self.over(utterance);
                return Ok(());
            }
        }
        if shown || !heard.is_empty() {
            // Cut short, or its stream is gone: the segment is replaced by what was heard.
            let options = self.options(&segment, true, self.voice.track_sid());
            self.room.send_text(heard, options).await?;
            self.agent_packet(&segment, heard, true).await;
        }
        self.over(utterance);
        Ok(())
    }

    fn over(&self, utterance: u64) {
        self.begun.lock().take_if(|(begun, _)| *begun == utterance);
    }

    async fn caller_text(&self, number: u64, text: &str, is_final: bool) -> Result<(), RtcError> {
        let Some(caller) = self.caller.lock().clone() else { return Ok(()) };
        let segment = format!("{}u{number}", self.prefix);
        let options = TextStreamOptions {
            sender_identity: Some(caller.identity.clone()),
            ..self.options(&segment, is_final, caller.track.clone())
        };
        self.room.send_text(text, options).await?;
        self.packet(&caller.identity, caller.track, &segment, text, is_final).await;
        Ok(())
    }

    /// As a segment of the agent's participant, which the caller knows: a supervisor who only writes
    /// is not in the room. Whose words they are says an attribute.
    async fn staff_text(
        &self,
        number: u64,
        name: &str,
        text: &str,
        is_final: bool,
    ) -> Result<(), RtcError> {
        let segment = format!("{}s{number}", self.prefix);
        let mut options = self.options(&segment, is_final, None);
        options.attributes.insert(STAFF_ATTRIBUTE.to_owned(), name.to_owned());
        self.room.send_text(text, options).await?;
        self.agent_packet(&segment, text, is_final).await;
        Ok(())
    }

    async fn agent_packet(&self, segment: &str, text: &str, is_final: bool) {
        let identity = self.room.local().map(|local| local.identity).unwrap_or_default();
        self.packet(&identity, self.voice.track_sid(), segment, text, is_final).await;
    }

    /// The older transcription packet, which some front ends still read. It belongs to calls with a
    /// published track: clients built on LiveKit's native SDK end with one that names none (seen
    /// with the Python SDK 1.2.1).
    async fn packet(
        &self,
        identity: &str,
        track: Option<String>,
        segment: &str,
        text: &str,
        is_final: bool,
    ) {
        let Some(track) = track else { return };
        let segment = TranscriptionSegment {
            id: segment.to_owned(),
            text: text.to_owned(),
            language: self.language.clone(),
            is_final,
        };
        let (room, to) = (&self.room, self.to());
        if let Err(error) = room.send_transcription(identity, &track, vec![segment], &to).await {
            tracing::debug!(%error, "transcription packet not sent");
        }
    }
}
