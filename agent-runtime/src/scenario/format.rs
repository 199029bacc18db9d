//! The scenario file: YAML, checked whole before a call is placed.
//!
//! Unknown keys are errors that name the nearest known one, every pattern is compiled, and dates
//! may be relative to the day of the call.

use std::fmt;
use std::path::Path;

use frontdesk_types::CallOutcome;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_saphyr::{Error as YamlError, Spanned};

/// Longest scenario file that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// Longest wait before an interruption, in milliseconds.
const MAX_INTERRUPT_MS: u64 = 60_000;

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
        let raw: ScenarioFile =
            serde_saphyr::from_str(text).map_err(|error| fault(yaml_fault(&error)))?;
        raw.check().map_err(fault)
    }
}

type Fault = (Option<u64>, String);

/// The parser's complaint in one line, with the nearest known key where a key is unknown.
fn yaml_fault(error: &YamlError) -> Fault {
    let error = error.without_snippet();
    let line = error.location().map(|location| location.line());
    let nearest = |word: &str, known: &[&'static str]| {
        let near = known.iter().min_by_key(|key| strsim::damerau_levenshtein(word, key));
        near.map_or_else(String::new, |near| {
            let all = known.join(", ");
            format!(": did you mean {near:?}? (known here: {all})")
        })
    };
    let message = match error {
        YamlError::SerdeUnknownField { field, expected, .. } => {
            format!("unknown key {field:?}{}", nearest(field, expected))
        }
        YamlError::SerdeUnknownVariant { variant, expected, .. } => {
            format!("unknown value {variant:?}{}", nearest(variant, expected))
        }
        YamlError::SerdeMissingField { field, .. } => format!("the key {field:?} is missing"),
        other => other.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
    };
    (line, message)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioFile {
    name: Spanned<String>,
    clinic: Spanned<String>,
    #[serde(default)]
    channel: Medium,
    voice: Option<String>,
    now: Option<Spanned<String>>,
    given: Option<GivenFile>,
    #[serde(default)]
    meanwhile: Vec<MeanwhileFile>,
    rules: Vec<RuleFile>,
    silence: Option<String>,
    expect: ExpectFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenFile {
    #[serde(default)]
    patients: Vec<PatientFile>,
    #[serde(default)]
    appointments: Vec<AppointmentFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatientFile {
    name: String,
    date_of_birth: Spanned<String>,
    phone: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppointmentFile {
    patient: String,
    doctor: String,
    date: Spanned<String>,
    time: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeanwhileFile {
    when: Spanned<String>,
    take: Take,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    when: Spanned<String>,
    say: Option<String>,
    #[serde(default)]
    once: bool,
    #[serde(default)]
    hang_up: bool,
    interrupt_after_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectFile {
    outcome: Option<CallOutcome>,
    appointment: Option<ExpectedAppointmentFile>,
    appointments_count: Option<usize>,
    #[serde(default)]
    said: Vec<String>,
    #[serde(default)]
    not_said: Vec<String>,
    max_agent_turns: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedAppointmentFile {
    doctor: Option<String>,
    specialty: Option<String>,
    date: Option<Spanned<String>>,
    part_of_day: Option<PartOfDay>,
    time: Option<Spanned<String>>,
    patient: Option<String>,
}

/// Parses a value where it stands, or says where and what would be right.
fn value<T>(
    key: &str,
    text: &Spanned<String>,
    expected: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Fault> {
    parse(&text.value).ok_or_else(|| {
        let line = Some(text.referenced.line());
        (line, format!("{key} is {:?}: expected {expected}", text.value))
    })
}

fn pattern(text: &Spanned<String>) -> Result<Pattern, Fault> {
    let line = Some(text.referenced.line());
    if text.value.is_empty() {
        return Err((line, "when is empty: it would match everything".to_owned()));
    }
    Pattern::new(&text.value).map_err(|reason| {
        (line, format!("when: {:?} is not a regular expression: {reason}", text.value))
    })
}

fn day(key: &str, text: &Spanned<String>) -> Result<Day, Fault> {
    value(key, text, "a date such as 2026-06-11 or days from the call such as +1d", Day::parse)
}

fn time(key: &str, text: &Spanned<String>) -> Result<Time, Fault> {
    value(key, text, "a local time such as \"09:00\"", |text| text.parse().ok())
}

impl ScenarioFile {
    fn check(self) -> Result<Scenario, Fault> {
        let name = value("name", &self.name, "a name", |name| {
            (!name.trim().is_empty()).then(|| name.to_owned())
        })?;
        let clinic = value("clinic", &self.clinic, "a clinic's slug such as nile-heart", |slug| {
            let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            (!slug.is_empty() && slug.chars().all(known)).then(|| slug.to_owned())
        })?;
        let now = self.now.as_ref().map(|now| {
            value("now", now, "a clinic-local clock such as 2026-06-10T09:00:00", |text| {
                text.parse().ok()
            })
        });
        Ok(Scenario {
            name,
            clinic,
            medium: self.channel,
            voice: self.voice,
            now: now.transpose()?,
            given: self.given.map(GivenFile::check).transpose()?.unwrap_or_default(),
            meanwhile: self
                .meanwhile
                .into_iter()
                .map(MeanwhileFile::check)
                .collect::<Result<_, _>>()?,
            rules: self.rules.into_iter().map(RuleFile::check).collect::<Result<_, _>>()?,
            silence: self.silence.filter(|text| !text.trim().is_empty()),
            expect: self.expect.check()?,
        })
    }
}

impl GivenFile {
    fn check(self) -> Result<Given, Fault> {
        let patients = self.patients.into_iter().map(|patient| {
            let born = value(
                "date_of_birth",
                &patient.date_of_birth,
                "a date such as 1984-03-12",
                |text| text.parse().ok(),
            )?;
            let phone = patient.phone.as_ref().map(|phone| {
                value("phone", phone, "a number such as \"+201001234567\"", |text| {
                    let digits = text.strip_prefix('+')?;
                    let ok = (7..=15).contains(&digits.len())
                        && digits.chars().all(|c| c.is_ascii_digit());
                    ok.then(|| text.to_owned())
                })
            });
            Ok(GivenPatient { name: patient.name, date_of_birth: born, phone: phone.transpose()? })
        });
        let appointments = self.appointments.into_iter().map(|given| {
            Ok(GivenAppointment {
                date: day("date", &given.date)?,
                time: time("time", &given.time)?,
                patient: given.patient,
                doctor: given.doctor,
            })
        });
        Ok(Given {
            patients: patients.collect::<Result<_, Fault>>()?,
            appointments: appointments.collect::<Result<_, Fault>>()?,
        })
    }
}

impl MeanwhileFile {
    fn check(self) -> Result<Meanwhile, Fault> {
        Ok(Meanwhile { when: pattern(&self.when)?, take: self.take })
    }
}

impl RuleFile {
    fn check(self) -> Result<Rule, Fault> {
        let fault = |message: &str| (Some(self.when.referenced.line()), message.to_owned());
        let when = pattern(&self.when)?;
        let say = self.say.filter(|text| !text.trim().is_empty());
        if say.is_none() && !self.hang_up {
            return Err(fault("the rule neither says anything nor hangs up: give it \"say\""));
        }
        if say.is_none() && self.interrupt_after_ms.is_some() {
            return Err(fault("interrupt_after_ms needs something to say"));
        }
        if self.interrupt_after_ms.is_some_and(|ms| ms > MAX_INTERRUPT_MS) {
            return Err(fault("interrupt_after_ms is at most 60000, a minute"));
        }
        Ok(Rule {
            when,
            say,
            once: self.once,
            hang_up: self.hang_up,
            interrupt_after_ms: self.interrupt_after_ms,
        })
    }
}

impl ExpectFile {
    fn check(self) -> Result<Expect, Fault> {
        Ok(Expect {
            outcome: self.outcome,
            appointment: self.appointment.map(ExpectedAppointmentFile::check).transpose()?,
            appointments_count: self.appointments_count,
            said: self.said.into_iter().map(Words::new).collect(),
            not_said: self.not_said.into_iter().map(Words::new).collect(),
            max_agent_turns: self.max_agent_turns,
        })
    }
}

impl ExpectedAppointmentFile {
    fn check(self) -> Result<ExpectedAppointment, Fault> {
        Ok(ExpectedAppointment {
            doctor: self.doctor,
            specialty: self.specialty,
            date: self.date.as_ref().map(|date| day("date", date)).transpose()?,
            part_of_day: self.part_of_day,
            time: self.time.as_ref().map(|at| time("time", at)).transpose()?,
            patient: self.patient,
        })
    }
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
