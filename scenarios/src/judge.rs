//! What was expected against what came of the call.
//!
//! The appointments decide: what the call made, moved and cancelled is the difference between the
//! clinic's appointments before and after it, less what somebody else did meanwhile. What the
//! agent's own records say of the call must agree with that.

use frontdesk_types::{AppointmentId, CallOutcome};
use jiff::civil::{Date, DateTime};
use serde::Serialize;

use super::format::{Day, Expect, ExpectedAppointment, PartOfDay};
use super::speech::NEEDED;
use super::speech::words::{Sounds, as_spoken, understood};

/// Name of the check of the agent's voice.
pub const INTELLIGIBLE: &str = "intelligible";

/// An appointment of the clinic, as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Its id.
    pub id: AppointmentId,
    /// The patient's full name, or that there is none.
    pub patient: String,
    /// The doctor's name.
    pub doctor: String,
    /// The doctor's specialties.
    pub specialties: Vec<String>,
    /// Local start.
    pub start: DateTime,
    /// Neither cancelled nor missed.
    pub live: bool,
    /// What the patient is told as reference.
    pub reference: String,
}

/// What came of a call.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The day of the call in the clinic's zone.
    pub today: Option<Date>,
    /// The outcome in the call's record; `None` if there is no record of an ended call.
    pub outcome: Option<CallOutcome>,
    /// Appointments before the call.
    pub before: Vec<Visit>,
    /// Appointments after the call.
    pub after: Vec<Visit>,
    /// Appointments that somebody else made meanwhile.
    pub others: Vec<AppointmentId>,
    /// What the agent said: final segments, in order.
    pub agent: Vec<String>,
    /// Turns of the agent.
    pub agent_turns: u32,
    /// Share of the agent's words that could be heard, where the call was spoken.
    pub intelligible: Option<f64>,
    /// How names sound, where the call was spoken: those that sound alike are one name then, since
    /// nobody could tell "Sara" from "Sarah".
    pub sounds: Sounds,
    /// What went wrong with the call itself, beside all expectations.
    pub fault: Option<String>,
}

/// One thing that was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The key of `expect`; `call` for the call itself, `intelligible` for the agent's voice.
    pub name: &'static str,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub actual: String,
    /// Whether that is what was expected.
    pub ok: bool,
}

/// What a call did to the appointments.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    /// Live ones that were not there before.
    pub made: Vec<&'a Visit>,
    /// Live ones that have another doctor or time now.
    pub moved: Vec<&'a Visit>,
    /// Those that lived before, or were made, and no longer live.
    pub cancelled: Vec<&'a Visit>,
}

impl Evidence {
    /// What this call did.
    #[must_use]
    pub fn changes(&self) -> Changes<'_> {
        let mut changes = Changes::default();
        for visit in self.after.iter().filter(|visit| !self.others.contains(&visit.id)) {
            match self.before.iter().find(|before| before.id == visit.id) {
                None if visit.live => changes.made.push(visit),
                None => changes.cancelled.push(visit),
                Some(before) if before.live && !visit.live => changes.cancelled.push(visit),
                Some(before)
                    if visit.live
                        && (before.start != visit.start || before.doctor != visit.doctor) =>
                {
                    changes.moved.push(visit);
                }
                Some(_) => {}
            }
        }
        changes
    }

    /// Compares with what was expected; a call is as expected if every check is `ok`.
    #[must_use]
    pub fn judge(&self, expect: &Expect) -> Vec<Check> {
        let mut checks = Vec::new();
        if let Some(fault) = &self.fault {
            let expected = "an orderly end".to_owned();
            checks.push(Check { name: "call", expected, actual: fault.clone(), ok: false });
        }
        checks.extend(self.intelligible.map(|share| Check {
            name: INTELLIGIBLE,
            expected: format!("at least {:.0} % of the agent's words", NEEDED * 100.0),
            actual: format!("{:.1} %", share * 100.0),
            ok: share >= NEEDED,
        }));
        let changes = self.changes();
        checks.extend(expect.outcome.map(|outcome| self.outcome(outcome, &changes)));
        if let Some(wanted) = &expect.appointment {
            checks.push(self.appointment(wanted, expect.outcome, &changes));
        }
        if let Some(count) = expect.appointments_count {
            checks.push(Check {
                name: "appointments_count",
                expected: count.to_string(),
                actual: listed(&changes.made),
                ok: changes.made.len() == count,
            });
        }
        let all = self.agent.join("\n");
        checks.extend(expect.said.iter().map(|words| {
            let ok = words.are_in(&all);
            let actual = if ok { "said" } else { "never said" }.to_owned();
            Check { name: "said", expected: words.source().to_owned(), actual, ok }
        }));
        checks.extend(expect.not_said.iter().map(|words| {
            let found = self.agent.iter().find(|text| words.are_in(text));
            let ok = found.is_none() && !words.are_in(&all);
            let actual = match found {
                Some(text) => format!("said: {text}"),
                None if ok => "never said".to_owned(),
                None => "said".to_owned(),
            };
            Check { name: "not_said", expected: words.source().to_owned(), actual, ok }
        }));
        checks.extend(expect.max_agent_turns.map(|most| Check {
            name: "max_agent_turns",
            expected: format!("at most {most}"),
            actual: self.agent_turns.to_string(),
            ok: self.agent_turns <= most,
        }));
        checks
    }

    /// Whether the call did something to an appointment that nobody expected of it: more
    /// appointments than expected, none that fits, or a change where none was to be.
    #[must_use]
    pub fn wrote_wrongly(&self, expect: &Expect) -> bool {
        let changes = self.changes();
        let is = |outcomes: &[CallOutcome]| expect.outcome.is_some_and(|it| outcomes.contains(&it));
        let may_make = expect.outcome.is_none()
            || is(&[CallOutcome::Booked, CallOutcome::Rescheduled])
            || expect.appointments_count.is_some_and(|count| count > 0);
        let may_take =
            expect.outcome.is_none() || is(&[CallOutcome::Cancelled, CallOutcome::Rescheduled]);
        let stood = |visit: &&&Visit| self.before.iter().any(|before| before.id == visit.id);
        let too_many = expect.appointments_count.is_some_and(|most| changes.made.len() > most);
        let made = changes.made.len() + changes.moved.len() > 0;
        let taken = changes.cancelled.iter().filter(stood).count() > 0;
        let today = self.today.unwrap_or_default();
        let none_fits = expect.appointment.as_ref().is_some_and(|wanted| {
            let all = changes.made.iter().chain(&changes.moved).chain(&changes.cancelled);
            (made || taken) && !all.into_iter().any(|visit| self.fits(wanted, visit, today))
        });
        too_many || (made && !may_make) || (taken && !may_take) || none_fits
    }

    fn outcome(&self, expected: CallOutcome, changes: &Changes<'_>) -> Check {
        let borne_out = match self.outcome {
            Some(CallOutcome::Booked) => {
                (!changes.made.is_empty(), "no appointment was made by this call")
            }
            Some(CallOutcome::Rescheduled) => {
                // Booked and moved in one call leaves a new appointment, not a moved one.
                let some = !changes.moved.is_empty() || !changes.made.is_empty();
                (some, "no appointment was moved by this call")
            }
            Some(CallOutcome::Cancelled) => {
                (!changes.cancelled.is_empty(), "no appointment was cancelled by this call")
            }
            Some(_) | None => (true, ""),
        };
        let actual = match (self.outcome, borne_out) {
            (None, _) => "no record of an ended call".to_owned(),
            (Some(outcome), (true, _)) => named(outcome).to_owned(),
            (Some(outcome), (false, but)) => format!("{}, but {but}", named(outcome)),
        };
        let ok = self.outcome == Some(expected) && borne_out.0;
        Check { name: "outcome", expected: named(expected).to_owned(), actual, ok }
    }

    fn appointment(
        &self,
        wanted: &ExpectedAppointment,
        outcome: Option<CallOutcome>,
        changes: &Changes<'_>,
    ) -> Check {
        let candidates: Vec<&Visit> = if outcome == Some(CallOutcome::Cancelled) {
            changes.cancelled.clone()
        } else {
            changes.made.iter().chain(&changes.moved).copied().collect()
        };
        let today = self.today.unwrap_or_default();
        let ok = candidates.iter().any(|visit| self.fits(wanted, visit, today));
        let actual = listed(&candidates);
        Check { name: "appointment", expected: described(wanted, today), actual, ok }
    }

    fn fits(&self, wanted: &ExpectedAppointment, visit: &Visit, today: Date) -> bool {
        let equal = |wanted: &Option<String>, actual: &str| {
            wanted.as_ref().is_none_or(|wanted| self.same_name(wanted, actual))
        };
        let specialty = wanted.specialty.as_ref().is_none_or(|wanted| {
            visit.specialties.iter().any(|known| known.eq_ignore_ascii_case(wanted))
        });
        equal(&wanted.doctor, &visit.doctor)
            && equal(&wanted.patient, &visit.patient)
            && specialty
            && wanted.date.is_none_or(|day| day.resolve(today) == visit.start.date())
            && wanted.part_of_day.is_none_or(|part| part == PartOfDay::of(visit.start.time()))
            && wanted.time.is_none_or(|time| time == visit.start.time())
    }

    fn same_name(&self, wanted: &str, actual: &str) -> bool {
        let (wanted, actual) = (plain_name(wanted), plain_name(actual));
        let alike = || understood(&as_spoken(&wanted), &as_spoken(&actual), &self.sounds);
        wanted == actual || (!self.sounds.is_empty() && alike().errors == 0)
    }
}

/// A name without its title, in lower case.
fn plain_name(name: &str) -> String {
    let name = name.to_lowercase();
    let words = name.split_whitespace().filter(|word| !matches!(*word, "dr" | "dr." | "doctor"));
    words.collect::<Vec<_>>().join(" ")
}

fn described(wanted: &ExpectedAppointment, today: Date) -> String {
    let date = wanted.date.map(|day| match day {
        Day::On(date) => date.to_string(),
        Day::After(_) => day.resolve(today).to_string(),
    });
    let part = wanted.part_of_day.map(|part| format!("{part:?}").to_lowercase());
    let time = wanted.time.map(|time| time.strftime("%H:%M").to_string());
    let parts = [
        wanted.doctor.clone(),
        wanted.specialty.clone(),
        date,
        part,
        time,
        wanted.patient.as_ref().map(|patient| format!("for {patient}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "any".to_owned() } else { parts.join(", ") }
}

fn listed(visits: &[&Visit]) -> String {
    let one = |visit: &&Visit| {
        let start = visit.start.strftime("%a %Y-%m-%d %H:%M");
        format!("{start} {} for {}", visit.doctor, visit.patient)
    };
    match visits {
        [] => "none".to_owned(),
        visits => {
            format!("{}: {}", visits.len(), visits.iter().map(one).collect::<Vec<_>>().join("; "))
        }
    }
}

/// The outcome's name in files and in the database.
#[must_use]
pub const fn named(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Booked => "booked",
        CallOutcome::Rescheduled => "rescheduled",
        CallOutcome::Cancelled => "cancelled",
        CallOutcome::Answered => "answered",
        CallOutcome::Transferred => "transferred",
        CallOutcome::Emergency => "emergency",
        CallOutcome::Waitlisted => "waitlisted",
        CallOutcome::Message => "message",
        CallOutcome::Abandoned => "abandoned",
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
