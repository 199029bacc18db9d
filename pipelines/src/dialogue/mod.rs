//! Dialogue: what the agent says and does next.
//!
//! A dialogue is a state machine: it is fed what the caller said, what tools returned and what was
//! played, and gives back utterances, tool calls and what it expects to hear. The built-in forms
//! and a language model are two implementations of [`Dialogue`] over the same [`tools`] and behind
//! the same guards, which live in the tools' code and never in a prompt.

/// A dialogue that is a policy behind its guards, and has nothing to add to them.
macro_rules! dialogue_of_the_guards {
    ($dialogue:ty) => {
        impl $crate::dialogue::Dialogue for $dialogue {
            fn handle_input(&mut self, now: $crate::dialogue::Now, input: $crate::dialogue::Input) {
                self.0.handle_input(now, input);
            }

            fn poll_output(&mut self) -> Option<$crate::dialogue::Output> {
                self.0.poll_output()
            }

            fn poll_timeout(&self) -> Option<frontdesk_types::Mono> {
                self.0.poll_timeout()
            }

            fn snapshot(&self) -> serde_json::Value {
                self.0.snapshot()
            }

            fn revision(&self) -> Option<u64> {
                self.0.revision()
            }

            fn resume(&mut self, now: $crate::dialogue::Now) {
                self.0.resume(now);
            }

            fn outcome(&self) -> frontdesk_types::CallOutcome {
                self.0.outcome()
            }

            fn reading(&self) -> Option<&$crate::dialogue::reading::Reading> {
                self.0.reading()
            }
        }
    };
}

pub mod answers;
pub mod clinic;
mod completeness;
mod danger;
pub(crate) mod expectation;
pub mod fallback;
mod fixed;
pub mod forms;
pub mod guard;
pub mod hearing;
pub mod history;
pub mod kept;
pub mod keypad;
pub mod ledger;
pub mod llm;
pub mod patient_record;
pub mod phone;
pub mod reading;
mod said;
pub mod script;
pub mod settings;
mod spelling;
pub mod spoken;
pub mod toolbox;
pub mod tools;
mod understand;

use std::sync::Arc;

pub use frontdesk_models::llm::{ModelEvent, ModelFailure, ModelRequest};
use frontdesk_types::{CallOutcome, Channel, Mono, Phi, time_zone};
use jiff::civil::{Date, Time};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

pub use crate::playout::UtteranceId;
pub use clinic::{ClinicContext, ClinicSettings, DialogueKind};
pub use expectation::Expectation;
pub use fallback::ModelDialogue;
pub use forms::Forms;
use ledger::Checked;
pub use llm::ModelSettings;
pub use script::{Script, ScriptedDialogue};
use settings::Settings;
use toolbox::Toolbox;
use tools::{ToolCall, ToolCallId, ToolResult};

/// The time of an input: monotonic for deadlines, wall (possibly pinned) for "tomorrow".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Monotonic reading.
    pub mono: Mono,
    /// Wall clock of the call.
    pub wall: Timestamp,
}

/// A request to a language model; unique within a call and increasing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// What a dialogue is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// The caller is there: greet them.
    Begin,
    /// The caller's turn is over; these are the words. Empty if nothing was understood.
    Heard {
        /// The words, as recognized or typed.
        text: String,
        /// 0 (a guess) to 1 (sure); none for typed words, which nobody had to recognize.
        confidence: Option<f32>,
    },
    /// The name in the words that come next was heard in two ways, or another common name sounds
    /// like it: it is not believed before it is spelled.
    DoubtName,
    /// Words so far of an unfinished turn: looked at for red flags only.
    Partial {
        /// The words so far.
        text: String,
        /// Whether they have not changed for 300 ms, so that they may be acted on.
        stable: bool,
    },
    /// A tool returned.
    ToolDone {
        /// The call that it answers.
        call: ToolCallId,
        /// What came of it.
        result: ToolResult,
    },
    /// A language model that was asked answers. Nothing follows a request's last event
    /// ([`ModelEvent::is_last`]).
    Model {
        /// The request.
        request: RequestId,
        /// What its stream brought.
        event: ModelEvent,
    },
    /// The caller's voice (or a key, or typed words) cut an utterance off. [`Input::Played`]
    /// follows, and no more of the utterance is played.
    Interrupted {
        /// The utterance.
        utterance: UtteranceId,
        /// Its text as far as it was heard.
        heard: String,
    },
    /// An utterance was played, or as much of it as the caller let pass.
    Played {
        /// The utterance.
        utterance: UtteranceId,
        /// Its text as far as it was heard: this, not what was said, is history.
        heard: String,
        /// Whether all of it was heard.
        complete: bool,
    },
    /// The caller pressed a key: `0`–`9`, `*`, `#`, `A`–`D`. A [`keypad::Keypad`] in front of the
    /// dialogue makes [`Input::Heard`] of it; a dialogue itself is not told.
    Dtmf(char),
    /// The deadline of [`Dialogue::poll_timeout`] has come.
    Timeout,
    /// The caller has put the call on hold: nothing is said, and nobody is waited for, until
    /// [`Input::Resumed`].
    Held,
    /// The caller is back from that.
    Resumed,
    /// A supervisor has taken the call over: nothing is said or done until [`Input::HandedBack`],
    /// and what waited for the caller's yes is withdrawn.
    TakenOver,
    /// A supervisor said or wrote this to the caller: for the history alone.
    Staff {
        /// The words.
        text: String,
    },
    /// The dialogue has the call again.
    HandedBack,
    /// Another connection has taken the place of the caller's, and nothing shows that it is the same
    /// person's: whoever is there identifies anew.
    CallerReplaced,
    /// The call should come to its end soon: no more is offered than what the caller wants.
    BeBrief,
    /// The process that had the call died, and another goes on with it from its snapshot: what was
    /// being said was not heard to its end, and nothing that was asked for is under way any more.
    Recovered,
    /// The caller hung up.
    CallerLeft,
}

/// What a dialogue wants done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Output {
    /// Say this, after what is still being said: an utterance, or a piece of one.
    Say {
        /// Number of the utterance; increases. Pieces of one utterance have the same number, and
        /// nothing else is said between them.
        utterance: UtteranceId,
        /// Text as displayed; numbers and times are made speakable on the way to the voice. The
        /// text of an utterance is its pieces with single spaces between them; the last may be
        /// empty.
        text: String,
        /// Whether the utterance has another piece. Each is spoken as soon as it is there; of one
        /// that was interrupted, what follows is not spoken.
        more: bool,
    },
    /// Ask a language model. What it answers comes as [`Input::Model`]. One that is under way or
    /// was answered is not asked again by the same number.
    Ask {
        /// Number of the request.
        request: RequestId,
        /// What is asked.
        body: Box<ModelRequest>,
    },
    /// Nobody wants the answer of a request any more; events of it that are still to come are
    /// dropped.
    Cancel {
        /// Number of the request.
        request: RequestId,
    },
    /// Run a tool. Its result comes back as [`Input::ToolDone`] with the same id.
    Tool {
        /// Number of the call within this dialogue; increases, and is kept in the snapshot.
        call: ToolCallId,
        /// The tool and its arguments.
        tool: ToolCall,
        /// What the guard vouches for; nothing, as long as a policy only wants it.
        checked: Box<Checked>,
    },
    /// What the caller is expected to say next: chooses language model and waits.
    Expect(Expectation),
    /// The caller's date of birth was heard, and now the name is asked for: whoever of the patients
    /// was born on that day may be listened for.
    Born(Phi<Date>),
    /// A red flag was heard: tell the console.
    Alert {
        /// Id of the red flag, never the words.
        flag: String,
    },
    /// The call is over once everything said has been played.
    End {
        /// How it ended.
        outcome: CallOutcome,
    },
}

/// A doctor as the dialogue knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorFacts {
    /// Id.
    pub id: frontdesk_types::DoctorId,
    /// Name as spoken, without a title.
    pub name: String,
    /// Specialties, the main one first.
    pub specialties: Vec<String>,
    /// Fee of a visit in the clinic's currency; `None` if not published.
    pub fee: Option<u32>,
    /// Languages, ISO 639-1.
    pub languages: Vec<String>,
    /// Gender, if it is on record; never guessed from the name.
    #[serde(default)]
    pub gender: Option<frontdesk_types::Gender>,
}

/// A public holiday on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayFacts {
    /// The day, in the clinic's zone.
    pub day: Date,
    /// By which the languages know it, such as `christmas`.
    pub holiday: Option<String>,
    /// Name as spoken.
    pub name: String,
    /// Whether the clinic is closed.
    pub closed: bool,
}

/// A time on a weekday at which the clinic is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHours {
    /// Monday is 1, Sunday is 7.
    pub weekday: i8,
    /// Local time from which.
    pub from: Time,
    /// Local time until which.
    pub to: Time,
}

/// What the dialogue may say about the clinic without looking anything up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClinicFacts {
    /// Name as spoken.
    pub name: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Country, ISO 3166-1 alpha-2.
    pub country: String,
    /// Emergency number of the country, as dialled.
    pub emergency_number: String,
    /// Languages that the clinic serves, ISO 639-1.
    pub languages: Vec<String>,
    /// Postal address; empty if it is not to be told.
    pub address: String,
    /// Telephone as written; empty if it is not to be told.
    pub phone: String,
    /// Opening hours; a weekday that is not there is closed. Empty if they are not known.
    pub hours: Vec<OpenHours>,
    /// Doctors who can be booked.
    pub doctors: Vec<DoctorFacts>,
    /// Public holidays, by day.
    #[serde(default)]
    pub holidays: Vec<HolidayFacts>,
    /// Words that patients use → specialty ("heart doctor" → "cardiology").
    pub specialty_words: Vec<(String, String)>,
    /// Words that its documents speak of: what callers may ask about.
    #[serde(default)]
    pub vocabulary: Vec<String>,
}

impl ClinicFacts {
    /// The holiday for which the clinic is closed on a day.
    #[must_use]
    pub fn closed_for(&self, day: Date) -> Option<&HolidayFacts> {
        self.holidays.iter().find(|holiday| holiday.closed && holiday.day == day)
    }

    /// A telephone number, as it was said in the clinic's country or as a line tells it, in the form
    /// in which numbers are stored; `None` if it can be none.
    #[must_use]
    pub fn e164(&self, number: &Phi<String>) -> Option<Phi<String>> {
        phone::e164(number.expose(), &self.country).map(Phi::new)
    }

    /// The clinic's time zone; UTC if this build does not know it.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        time_zone(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// What a call begins with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CallFacts {
    /// The clinic, in the language of the call.
    pub clinic: Arc<ClinicContext>,
    /// How the caller reached it.
    pub channel: Channel,
    /// Language that was asked for, ISO 639-1; the call may have another.
    pub language: String,
    /// Whether what is read into the caller's words is kept, to be shown.
    pub explain: bool,
}

impl CallFacts {
    /// A call of a clinic, in the language that its callers are served in.
    #[must_use]
    pub fn of(clinic: Arc<ClinicContext>, channel: Channel) -> Self {
        let language = clinic.language().code().to_owned();
        Self { clinic, channel, language, explain: false }
    }

    /// The tools of the call.
    #[must_use]
    pub fn tools(&self) -> &Toolbox {
        self.clinic.tools()
    }

    /// Patience and limits of the call.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.clinic.settings().of(self.channel)
    }
}

/// One call's conversation.
///
/// The actor that owns a dialogue journals each input before it is handled and keeps what followed
/// it ([`kept::Kept`]), so that a dialogue that dies in [`Dialogue::handle_input`] is restored and
/// fed the same input again: handling must depend on nothing but the state, the input and `now`.
pub trait Dialogue: Send {
    /// Takes an input.
    fn handle_input(&mut self, now: Now, input: Input);

    /// The next output, oldest first.
    fn poll_output(&mut self) -> Option<Output>;

    /// When [`Input::Timeout`] is due.
    fn poll_timeout(&self) -> Option<Mono>;

    /// Everything needed to go on after the outputs have been taken.
    fn snapshot(&self) -> serde_json::Value;

    /// A number that is another one whenever the state, and with it the snapshot, may be another
    /// one; `None` if the dialogue does not know, so that each input counts as a change.
    fn revision(&self) -> Option<u64> {
        None
    }

    /// The dialogue was restored, and nobody knows whether what it waits for is still under way:
    /// what may be asked once more without harm is asked once more.
    fn resume(&mut self, _now: Now) {}

    /// How the call ends as it stands now, should it be cut.
    fn outcome(&self) -> CallOutcome {
        CallOutcome::Abandoned
    }

    /// What was read into the caller's last words; none if a language model took them, or if the
    /// call does not explain ([`CallFacts::explain`]).
    fn reading(&self) -> Option<&reading::Reading> {
        None
    }
}
