//! One call: what its stages share, and what outlives each of them.
//!
//! ```text
//! CallSupervisor
//! ├─ LineLink      what happens on the line; state and captions shown on it
//! ├─ AudioIngest   samples → voice → turns
//! ├─ Transcriber   words of the recognizer → turn taking, transcript, dialogue
//! ├─ Dialogue      what to say and do next
//! ├─ Thinker       what the dialogue asks a language model
//! ├─ ToolStage     the dialogue's tools: reads at once, writes in order
//! ├─ CallRecorder  transcript, snapshot and outcome, written behind the call
//! ├─ Speaker       text → clauses → voice; what was heard of it
//! └─ SupervisorTranscriber the voice of a supervisor who has taken the call over → their words
//! ```
//!
//! Each child is a [`Stage`](crate::stage::Stage) on a mail of its own. What must survive the death
//! of a child lies with the [`Call`]: the line, the outlet, the mails, and what each stage keeps,
//! which is handed to its successor and to nobody else. What one stage needs of another is sent.

mod card;
mod children;
mod closing;
mod connect;
mod decisions;
mod dialogue;
mod ending;
mod floor;
mod heard;
mod holding;
mod ingest;
mod journal;
mod link;
mod moved;
mod record;
mod replaced;
mod speaker;
mod stages;
mod supervisor;
mod supervisor_transcriber;
mod tasks;
mod thinker;
mod told;
mod tool_stage;
mod transcriber;
mod watched;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use frontdesk_line::{CallerFacts, Connect, Line};
use frontdesk_pipelines::dialogue::spoken::Spoken;
use frontdesk_pipelines::dialogue::{CallFacts, ClinicContext, Dialogue, Input, Now};
use frontdesk_pipelines::turn::TurnSettings;
use frontdesk_tenants::calls::CallKey;
use frontdesk_types::{CallId, Clock, IdSource, Mono, Phi};
use parking_lot::Mutex;
use ractor::ActorRef;
use tokio::sync::{OnceCell, oneshot};

use crate::booking::SlotRegistry;
use crate::media::{Outlet, Pacer, RecognitionPool, SecondPool, SpeechPool};
use crate::tools::{Tokens, Tools};
use crate::watch::CallFeed;
use crate::writes::Writes;
pub(crate) use closing::close as close_record;
pub(crate) use ending::CUT_SHORT;
pub use ending::CallEnd;
pub use floor::SupervisionError;
pub use holding::Records;
pub use moved::Moved;
pub(crate) use moved::claim;
use stages::{Mails, Pulses};
pub(crate) use supervisor::CallSupervisor;
pub(crate) use told::Told;

/// Messages of the CallSupervisor: a handful per call, so they cannot flood. What they say is state
/// of the call as well, so that none is lost with its reader.
#[derive(Debug)]
pub(crate) enum CallMsg {
    /// How the call ends is decided: end it.
    Finish,
    /// Look at the pulses.
    Tick,
}

/// Builds a dialogue: a new one, or one that goes on from its snapshot.
pub type DialogueFactory = Arc<
    dyn Fn(CallFacts, Option<serde_json::Value>) -> Result<Box<dyn Dialogue>, serde_json::Error>
        + Send
        + Sync,
>;

/// What all calls of a process share.
pub struct Services {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// The clinic database, as the application's role.
    pub database: frontdesk_tenants::Database,
    /// Serializes the reservations of each slot.
    pub slots: SlotRegistry,
    /// What call records need; `None` keeps none.
    pub records: Option<Records>,
    /// How the writes of calls end.
    pub writes: Writes,
    /// Paces playout.
    pub pacer: Pacer,
    /// Synthesizes.
    pub speech: SpeechPool,
    /// Recognizes.
    pub recognition: RecognitionPool,
    /// Recognizes free speech, where there is a recognizer for it.
    pub second: Option<SecondPool>,
    /// Detects voice.
    pub vad: Arc<dyn frontdesk_models::vad::VoiceActivity>,
    /// What dialogues ask, if there is a language model.
    pub model: Option<Arc<dyn frontdesk_models::llm::ChatModel>>,
    /// The tools that calls may have.
    pub tools: Tools,
    /// Makes dialogues.
    pub dialogue: DialogueFactory,
    /// Settings of every call.
    pub settings: CallSettings,
}

impl Services {
    /// The voice in which a clinic's callers are spoken to.
    pub(crate) fn voice_of<'a>(&'a self, clinic: &'a ClinicContext) -> &'a Arc<str> {
        let own = clinic.settings().voice.as_ref();
        let own = own.filter(|voice| self.speech.has_voice(voice));
        own.unwrap_or(&self.settings.voice)
    }
}

/// Settings of every call.
#[derive(Debug, Clone)]
pub struct CallSettings {
    /// Voice of the agent.
    pub voice: Arc<str>,
    /// Turn taking.
    pub turn: TurnSettings,
    /// How long the line may stay without a caller before the call ends.
    pub caller_timeout: Duration,
    /// How long a caller who lost the connection may take to come back.
    pub return_timeout: Duration,
    /// Longest call.
    pub max_duration: Duration,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            voice: "slt".into(),
            turn: TurnSettings::default(),
            caller_timeout: Duration::from_secs(30),
            return_timeout: Duration::from_secs(15),
            max_duration: Duration::from_secs(30 * 60),
        }
    }
}

/// A call to be taken.
pub struct CallRequest {
    /// Id of the call.
    pub id: CallId,
    /// The clinic, as verified by whoever took the request.
    pub tenant: frontdesk_tenants::Tenant,
    /// The caller's line.
    pub line: Box<dyn Connect>,
    /// Name of the room or of the line, for the call's record.
    pub room: String,
    /// Identity of the caller in the room, as written into the call when their token was made;
    /// `None` where none was: then the line finds out who calls.
    pub caller: Option<Phi<String>>,
    /// What the dialogue starts with.
    pub facts: CallFacts,
    /// The call's clock: the process's, or one that is pinned for tests and demos.
    pub clock: Arc<dyn Clock>,
    /// Whether the wall clock is pinned, so that jobs skip what this call writes.
    pub simulated: bool,
    /// What another process left of it, whose call it was.
    pub moved: Option<Box<Moved>>,
    /// Told how the call ended.
    pub done: oneshot::Sender<CallEnd>,
}

/// What the stages of a call share; see the module's documentation.
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) span: tracing::Span,
    pub(crate) tenant: frontdesk_tenants::Tenant,
    pub(crate) facts: CallFacts,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) simulated: bool,
    pub(crate) services: Arc<Services>,
    pub(crate) line: Arc<dyn Line>,
    pub(crate) outlet: Arc<Outlet>,
    /// What people at a console see of it.
    pub(crate) feed: CallFeed,
    /// Who has it: the agent or a supervisor.
    pub(crate) floor: floor::CallFloor,
    pub(crate) mails: Mails,
    pub(crate) pulses: Pulses,
    /// Who calls, as the line said first, whether or not a stage has heard of it.
    pub(crate) caller: Arc<OnceLock<CallerFacts>>,
    /// Identity of the caller in the room, where it was known before they came.
    pub(crate) named: Option<Phi<String>>,
    /// Whether a dialogue that another process began goes on.
    pub(crate) goes_on: bool,
    /// Whether it is this process's.
    pub(crate) holding: holding::Holding,
    /// Set once LineLink has seen the caller and the dialogue has begun.
    pub(crate) joined: OnceLock<()>,
    /// What the stages keep over their deaths; only [`children`] hands it out.
    keeps: children::Keeps,
    /// What the database gave its tools for later.
    pub(crate) tokens: Arc<Tokens>,
    /// The call's row in the database, once it is begun.
    pub(crate) row: OnceCell<Arc<CallKey>>,
    /// What talks to the database and must not be cut off.
    pub(crate) tasks: tasks::Tasks,
    /// Name of the room.
    pub(crate) room_name: String,
    /// When the call began, on its own clock.
    pub(crate) began_at: jiff::Timestamp,
    supervisor: Mutex<Option<ActorRef<CallMsg>>>,
    started: Mono,
    /// How the call ends, once that is decided: set first of all.
    ending: OnceLock<ending::Ending>,
    /// Whether the caller may be somebody else by now.
    pub(crate) replaced: Arc<replaced::Replaced>,
    /// When it ends whatever else happens, once that is known.
    last_moment: OnceLock<ending::LastMoment>,
}

impl Call {
    /// The time for pure logic.
    pub(crate) fn now(&self) -> Now {
        Now { mono: self.clock.mono(), wall: self.clock.wall() }
    }

    /// What its caller is expected to say: made once for all calls of the clinic.
    pub(crate) fn spoken(&self) -> &Spoken {
        self.facts.clinic.spoken()
    }

    /// The voice of the agent: the clinic's own, if the engine has it, or that of all calls.
    pub(crate) fn voice(&self) -> &Arc<str> {
        self.services.voice_of(&self.facts.clinic)
    }

    /// Stops what is being said, and tells the dialogue what did that, after what was heard until
    /// then.
    pub(crate) fn interrupt_with(&self, input: Input) {
        self.outlet.stop();
        self.mails.speaker.post(speaker::SpeakerInput::Tell(Box::new(input)));
    }

    /// Sends to the supervisor. What it says is state of the call as well, so without a supervisor
    /// (it is being replaced) nothing is lost: its successor sees it.
    fn tell_supervisor(&self, message: CallMsg) {
        if let Some(supervisor) = self.supervisor.lock().as_ref() {
            // A supervisor that is gone has ended the call.
            let _ = supervisor.send_message(message);
        }
    }
}

impl Call {
    /// Whether its stages have nothing to do until time passes or something comes from outside.
    pub(crate) fn is_quiet(&self) -> bool {
        self.mails.all().iter().all(|mail| mail.is_empty())
            && self.pulses.stages().iter().all(|pulse| pulse.is_idle())
            && self.tasks.is_idle()
    }
}
