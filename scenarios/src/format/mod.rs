//! The scenario file: YAML, checked whole before a call is placed.
//!
//! Unknown keys are errors that name the nearest known one, every pattern is compiled, and dates
//! may be relative to the day of the call.

mod raw;

use std::fmt;
use std::path::Path;

use frontdesk_types::CallOutcome;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

/// Longest scenario file that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// Why a file is not a scenario: one line that says where and what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    /// The file as it was named.
    pub file: String,
    /// Line in it, from 1; `None` if it concerns the file as a whole.
    pub line: Option<u64>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for FormatError {}

/// How the patient reaches the clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// Speaking, over WebRTC.
    #[default]
    Web,
    /// Typing, over `lk.chat`.
    Text,
}

impl Medium {
    /// The name in files, on the command line and in dispatch metadata.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Text => "text",
        }
    }
}

/// A case-insensitive regular expression, and how it was written.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn new(source: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(source).case_insensitive(true).build().map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        })?;
        Ok(Self { source: source.to_owned(), regex })
    }

    /// Whether it is found in `text`.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// As written in the file.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// A date, or days counted from the day of the call in the clinic's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// That day.
    On(Date),
    /// So many days after the call's; negative for before.
    After(i32),
}

impl Day {
    /// The date, for a call on `today`.
    #[must_use]
    pub fn resolve(self, today: Date) -> Date {
        match self {
            Self::On(date) => date,
            Self::After(days) => today.saturating_add(days.days()),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text {
            "today" => return Some(Self::After(0)),
            "tomorrow" => return Some(Self::After(1)),
            _ => {}
        }
        if let Some(count) = text.strip_prefix(['+', '-']) {
            let (number, unit) = count.split_at_checked(count.len().checked_sub(1)?)?;
            let days = match unit {
                "d" => 1,
                "w" => 7,
                _ => return None,
            };
            let number: i32 = number.parse().ok().filter(|n| (0..=1000).contains(n))?;
            let sign = if text.starts_with('-') { -1 } else { 1 };
            return Some(Self::After(sign * number * days));
        }
        text.parse().ok().map(Self::On)
    }
}

/// Part of a day by local start (`domain.md`, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartOfDay {
    /// Before 12:00.
    Morning,
    /// From 12:00, before 17:00.
    Afternoon,
    /// From 17:00.
    Evening,
}

impl PartOfDay {
    /// The part of the day that `time` lies in.
    #[must_use]
    pub fn of(time: Time) -> Self {
        match time.hour() {
            0..=11 => Self::Morning,
            12..=16 => Self::Afternoon,
            _ => Self::Evening,
        }
    }
}

/// An appointment that stands before the call.
#[derive(Debug, Clone)]
pub struct GivenAppointment {
    /// Full name of the patient: one of the clinic's, or of `given.patients`.
    pub patient: String,
    /// The doctor's name.
    pub doctor: String,
    /// Day of the visit.
    pub date: Day,
    /// Local start of the visit.
    pub time: Time,
}

/// A patient whom the clinic knows before the call, beside its own.
#[derive(Debug, Clone)]
pub struct GivenPatient {
    /// Full name.
    pub name: String,
    /// Date of birth.
    pub date_of_birth: Date,
    /// Phone number with `+` and country.
    pub phone: Option<String>,
}

/// What stands in the database before the call.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// More patients.
    pub patients: Vec<GivenPatient>,
    /// Appointments.
    pub appointments: Vec<GivenAppointment>,
}

/// What somebody else takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    /// The first slot that the agent has just offered.
    Offered,
}

/// What somebody else does while the call goes on, once.
#[derive(Debug, Clone)]
pub struct Meanwhile {
    /// When the agent's last final segment matches.
    pub when: Pattern,
    /// What is taken.
    pub take: Take,
}

/// What the patient does when the agent says something.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Looked for in the agent's last final segment.
    pub when: Pattern,
    /// What the patient says; only `None` together with `hang_up`.
    pub say: Option<String>,
    /// Used at most once.
    pub once: bool,
    /// Leaves after having said it.
    pub hang_up: bool,
    /// Says it so many milliseconds after the agent has said what matches, without waiting for
    /// the end of the agent's turn.
    pub interrupt_after_ms: Option<u64>,
}

/// The appointment that the call must have made or moved (or cancelled). Every part is optional.
#[derive(Debug, Clone, Default)]
pub struct ExpectedAppointment {
    /// The doctor's name.
    pub doctor: Option<String>,
    /// A specialty of the doctor.
    pub specialty: Option<String>,
    /// Day of the visit.
    pub date: Option<Day>,
    /// Part of the day that it starts in.
    pub part_of_day: Option<PartOfDay>,
    /// Local start of the visit.
    pub time: Option<Time>,
    /// Full name of the patient.
    pub patient: Option<String>,
}

/// Words that must, or must not, have been said by the agent: a case-insensitive regular
/// expression, or the plain text where it is not one.
#[derive(Debug, Clone)]
pub struct Words {
    source: String,
    pattern: Option<Pattern>,
}

impl Words {
    fn new(source: String) -> Self {
        let pattern = Pattern::new(&source).ok();
        Self { source, pattern }
    }

    /// Whether they are in `text`, as pattern or to the letter.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        self.pattern.as_ref().is_some_and(|pattern| pattern.is_in(text))
            || text.to_lowercase().contains(&self.source.to_lowercase())
    }

    /// As written in the file.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// What must hold after the call. Every part is optional.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// The outcome of the call's record, borne out by the appointments.
    pub outcome: Option<CallOutcome>,
    /// An appointment that the call made or moved, or cancelled if that is the outcome.
    pub appointment: Option<ExpectedAppointment>,
    /// Live appointments that this call made.
    pub appointments_count: Option<usize>,
    /// Said by the agent at some time.
    pub said: Vec<Words>,
    /// Never said by the agent.
    pub not_said: Vec<Words>,
    /// Turns of the agent at most, the greeting counted.
    pub max_agent_turns: Option<u32>,
}

/// A scenario, checked.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Slug of the demo clinic of which the call gets a fresh copy.
    pub clinic: String,
    /// How the patient calls unless the command line says otherwise.
    pub medium: Medium,
    /// The patient's flite voice, where the call is spoken.
    pub voice: Option<String>,
    /// Clinic-local clock at the start of the call; the real one if `None`.
    pub now: Option<DateTime>,
    /// What stands before the call.
    pub given: Given,
    /// What somebody else does meanwhile.
    pub meanwhile: Vec<Meanwhile>,
    /// The patient's rules, the first that matches counts.
    pub rules: Vec<Rule>,
    /// Said when no rule matches; `None` says nothing.
    pub silence: Option<String>,
    /// What must hold afterwards.
    pub expect: Expect,
}

impl Scenario {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`FormatError`] for the first thing that is wrong.
    pub fn load(path: &Path) -> Result<Self, FormatError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| FormatError {
            file: file.clone(),
            line: None,
            message: format!("the scenario cannot be read: {error}"),
        })?;
        Self::parse(&file, &text)
    }

    /// Checks the text of a file.
    ///
    /// # Errors
    /// [`FormatError`] for the first thing that is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self, FormatError> {
        let fault = |(line, message)| FormatError { file: file.to_owned(), line, message };
        if text.len() > MAX_BYTES {
            return Err(fault((None, format!("longer than {MAX_BYTES} bytes"))));
        }
        let raw: raw::ScenarioFile =
            serde_saphyr::from_str(text).map_err(|error| fault(raw::yaml_fault(&error)))?;
        raw.check().map_err(fault)
    }
}

#[cfg(test)]
mod tests;
