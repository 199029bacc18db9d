//! The file as it is written, and its way to a checked [`Scenario`].

use frontdesk_types::CallOutcome;
use jiff::civil::Time;
use serde::Deserialize;
use serde_saphyr::{Error as YamlError, Spanned};

use super::{
    Day, Expect, ExpectedAppointment, Given, GivenAppointment, GivenPatient, Meanwhile, Medium,
    PartOfDay, Pattern, Rule, Scenario, Take, Words,
};

/// Longest wait before an interruption, in milliseconds.
const MAX_INTERRUPT_MS: u64 = 60_000;

pub(super) type Fault = (Option<u64>, String);

/// The parser's complaint in one line, with the nearest known key where a key is unknown.
pub(super) fn yaml_fault(error: &YamlError) -> Fault {
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
pub(super) struct ScenarioFile {
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
    pub(super) fn check(self) -> Result<Scenario, Fault> {
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
