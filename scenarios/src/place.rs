//! One call from its preparation to its report.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::stt::pocketsphinx::Options;
use frontdesk_pipelines::turn::Record;
use frontdesk_tenants::Database;
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_types::{Clock, IdSource, Mono, SystemClock, SystemIds};

use super::course::Course;
pub use super::course::Told;
use super::decided;
use super::deployment::Deployment;
use super::format::{Medium, Scenario};
use super::judge::Evidence;
use super::line::{Dial, Exchange, Heard, Line, LineError};
use super::outcome::{Exit, Failure};
use super::patient::{Ending, Input, Output, Pace, Patient};
use super::report::{Event, Report};
use super::speech::words::{Sounds, as_spoken, sounds_of};
use super::speech::{Carrier, Intelligible, Listener, Recording, Sound, SpeechError, Voice};
use super::world::{World, WorldError};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The clinic's copy.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The room.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The patient's voice.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// The recording.
    #[error("the recording {} cannot be written: {reason}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Who listens to the recording.
    #[error("the agent's recorded voice cannot be recognized: {0}")]
    Listening(String),
}

/// What all calls of a run share.
#[derive(Clone)]
pub struct Outside {
    /// LiveKit and the agent.
    pub exchange: Exchange,
    /// The clinics' database, as the application's role.
    pub database: Database,
    /// Keys of the sealed columns.
    pub ring: Arc<KeyRing>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// Hears whether the agent could be understood, after spoken calls.
    pub listener: Listener,
}

impl Outside {
    /// That of a runtime that serves and is called at `exchange`.
    ///
    /// # Errors
    /// [`Failure`] if the deployment does not know its database or keys, or it cannot be reached.
    pub async fn of(deployment: &impl Deployment, exchange: Exchange) -> Result<Self, Failure> {
        let ring = Arc::new(deployment.keys()?);
        Ok(Self {
            exchange,
            database: connect(deployment).await?,
            ring,
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(SystemIds),
            listener: Listener::default(),
        })
    }
}

/// The clinics' database, as the application's role.
pub(crate) async fn connect(deployment: &impl Deployment) -> Result<Database, Failure> {
    let connected = Database::connect(&deployment.database_url()?).await;
    connected.map_err(|error| {
        Failure::new(Exit::Unavailable, format!("the runtime's database: {error}"))
    })
}

/// How a call is placed, whatever the scenario says.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// Typing or speaking.
    pub medium: Option<Medium>,
    /// The patient's flite voice.
    pub voice: Option<String>,
    /// What the patient's voice goes through.
    pub carrier: Carrier,
    /// Pause in the middle of each sentence, in milliseconds; 0 for none.
    pub hesitation_ms: u32,
    /// Where both sides are recorded, where the call is spoken.
    pub record: Option<PathBuf>,
}

/// Places the call of `scenario` and judges it; `told` gets each line with the time since joining.
///
/// # Errors
/// [`PlaceError`] if the call could not be prepared or the database could not be read; a call that
/// went wrong is a report that did not pass.
pub async fn place(
    outside: &Outside,
    scenario: &Scenario,
    file: &str,
    manner: &Manner,
    mut told: impl FnMut(Duration, Told) + Send,
) -> Result<Report, PlaceError> {
    let medium = manner.medium.unwrap_or(scenario.medium);
    let Outside { exchange, database, ring, clock, ids, listener } = outside;
    let ids = ids.as_ref();
    let voice = match medium {
        Medium::Text => None,
        Medium::Web => {
            let name = manner.voice.as_deref().or(scenario.voice.as_deref());
            let said = scenario.rules.iter().filter_map(|rule| rule.say.clone());
            let said = said.chain(scenario.silence.clone()).collect();
            let Manner { carrier, hesitation_ms, .. } = *manner;
            Some(Voice::prepare(name, carrier, hesitation_ms, said, Arc::clone(clock)).await?)
        }
    };
    let clock = clock.as_ref();
    let world = World::prepare(database, ring, scenario, clock, ids).await?;
    let before = world.visits().await?;
    let joining = clock.mono();
    let spoken = voice.as_ref().map(|voice| (voice.name().to_owned(), voice.recording()));
    let dial =
        Dial { clinic: world.slug().to_owned(), medium, now: world.pinned_now(), explain: false };
    let line = Line::open(exchange, &dial, voice, ids).await?;
    let room = line.room_name().to_owned();
    let pace = if spoken.is_some() { Pace::SPOKEN } else { Pace::TYPED };
    let patient = Patient::new(scenario, pace, clock.mono());
    let call = Conversation { patient, line, world: &world, clock, ids, joined: joining };
    let (mut course, agent_turns) = call.hold(&mut told).await;
    let seconds = clock.mono().since(joining).as_secs_f64();
    // The record is closed after the last write of the call.
    let ended = world.ended(&room).await?;
    if let Some(call) = ended.as_ref().filter(|_| spoken.is_some()) {
        let log = world.decisions(call.id).await?;
        // A log that cannot be read leaves absent what only the agent knows.
        if let Ok(records) = Record::read(&log) {
            let decisions: Vec<_> = records.iter().flat_map(Record::decisions).collect();
            decided::add(&mut course.turns, &decisions);
        }
    }
    let agent = course.agent();
    let (voice, intelligible) = match spoken {
        Some((name, recording)) => {
            if let Some(path) = &manner.record {
                let written = recording.write(path);
                written.map_err(|error| PlaceError::Recording {
                    path: path.clone(),
                    reason: error.to_string(),
                })?;
            }
            (Some(name), Some(listen(listener, recording, agent.clone()).await?))
        }
        None => (None, None),
    };
    let after = world.visits().await?;
    let wanted = scenario.expect.appointment.as_ref().and_then(|wanted| wanted.patient.clone());
    let sounds = match (medium, wanted) {
        (Medium::Web, Some(wanted)) => {
            how_names_sound(after.iter().map(|visit| visit.patient.clone()).chain([wanted]))?
        }
        _ => Sounds::new(),
    };
    let evidence = Evidence {
        today: Some(world.today()),
        outcome: ended.as_ref().and_then(|call| call.outcome),
        before,
        after,
        others: course.others,
        agent,
        agent_turns,
        intelligible: intelligible.as_ref().map(Intelligible::share),
        sounds,
        fault: course.fault,
    };
    let mut report = Report {
        scenario: scenario.name.clone(),
        file: file.to_owned(),
        call: ended.map(|call| call.id),
        channel: medium,
        voice,
        clinic: world.slug().to_owned(),
        now: world.local_start().to_string(),
        passed: false,
        wrong_write: false,
        outcome: None,
        appointments: Vec::new(),
        checks: Vec::new(),
        turns: course.turns,
        intelligible,
        seconds,
    };
    report.conclude(&evidence, &scenario.expect);
    Ok(report)
}

/// How the words of names are pronounced.
fn how_names_sound(names: impl Iterator<Item = String>) -> Result<Sounds, PlaceError> {
    let words: Vec<String> = names.flat_map(|name| as_spoken(&name)).collect();
    let sounds = sounds_of(&Options::default().dictionary, &words);
    sounds.map_err(|error| PlaceError::Listening(error.to_string()))
}

/// Whether the recorded agent said what its transcript says.
async fn listen(
    listener: &Listener,
    recording: Recording,
    transcript: Vec<String>,
) -> Result<Intelligible, PlaceError> {
    let listener = listener.clone();
    let work = move || listener.compare(&recording.agent(), &transcript);
    match tokio::task::spawn_blocking(work).await {
        Ok(compared) => compared.map_err(PlaceError::Listening),
        Err(error) => Err(PlaceError::Listening(error.to_string())),
    }
}

/// A call that goes on.
struct Conversation<'a> {
    patient: Patient,
    line: Line,
    world: &'a World,
    clock: &'a dyn Clock,
    ids: &'a dyn IdSource,
    joined: Mono,
}

impl Conversation<'_> {
    /// Holds the call; returns what happened and the agent's turns.
    async fn hold(mut self, told: &mut (impl FnMut(Duration, Told) + Send)) -> (Course, u32) {
        let mut course = Course::new(self.joined, self.line.is_spoken(), self.clock);
        let ending = 'call: loop {
            while let Some(output) = self.patient.poll_output() {
                if let Output::HangUp(ending) = output {
                    break 'call ending;
                }
                self.carry_out(output, &mut course, told).await;
            }
            let wait = self.patient.poll_timeout().map(|due| due.since(self.clock.mono()));
            tokio::select! {
                biased;
                heard = self.line.next() => {
                    let now = self.clock.mono();
                    if let Some(line) = course.take(now, &heard) {
                        told(now.since(self.joined), line);
                    }
                    if let Some(input) = input_of(heard) {
                        self.patient.handle_input(now, input);
                    }
                }
                () = tokio::time::sleep(wait.unwrap_or_default()) => {
                    self.patient.handle_timeout(self.clock.mono());
                }
            }
        };
        self.line.close().await;
        if let Some(fault) = Ending::fault(ending) {
            course.fault.get_or_insert_with(|| fault.to_owned());
        }
        // A greeting that never came is not a turn.
        course.turns.retain(|turn| turn.patient.is_some() || !turn.agent.is_empty());
        (course, self.patient.agent_turns())
    }

    async fn carry_out(
        &mut self,
        output: Output,
        course: &mut Course,
        told: &mut (impl FnMut(Duration, Told) + Send),
    ) {
        match output {
            Output::Say { text, rule } => {
                let now = self.clock.mono();
                course.said(now, text.clone(), rule);
                told(now.since(self.joined), Told::Patient(text.clone()));
                if self.line.say(&text).await.is_err() {
                    self.patient.handle_input(self.clock.mono(), Input::AgentGone);
                } else if !self.line.is_spoken() {
                    self.patient.handle_input(self.clock.mono(), Input::Said);
                }
            }
            Output::Take { offer, .. } => {
                let since = self.clock.mono().since(self.joined);
                match self.world.take_offered(&offer, since, self.ids).await {
                    Ok(taken) => {
                        course.others.push(taken.appointment);
                        course.turn().1.meanwhile.push(Event { what: taken.description });
                    }
                    Err(error) => course.fault = Some(error.to_string()),
                }
                self.patient.handle_input(self.clock.mono(), Input::Taken);
            }
            // Ends the call, before it comes here.
            Output::HangUp(_) => {}
        }
    }
}

/// What the patient makes of what comes over the line.
pub(crate) fn input_of(heard: Heard) -> Option<Input> {
    Some(match heard {
        Heard::Agent { segment, text, is_final } => Input::Agent { segment, text, is_final },
        Heard::Listening(listening) => Input::Listening(listening),
        Heard::Sound(Sound::Said { .. }) => Input::Said,
        Heard::Sound(Sound::Onset { .. }) => Input::Sounding(true),
        Heard::Sound(Sound::Quiet) => Input::Sounding(false),
        // Without a voice there is no call.
        Heard::Sound(Sound::Mute(_)) | Heard::Gone => Input::AgentGone,
        Heard::Sound(Sound::Packet { .. }) | Heard::Understood { .. } | Heard::Read(_) => {
            return None;
        }
    })
}
