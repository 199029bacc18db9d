//! Who calls: invented people of one clinic, what each of them was told, and whether the database agrees.

use std::collections::BTreeMap;
use std::time::Duration;

use frontdesk_tenants::demo::{DemoClinic, DemoPatient};
use frontdesk_tenants::overview::Visit;
use frontdesk_tenants::{Reference, inspection::Violation};
use frontdesk_types::{IdSource, Phi};
use jiff::civil::{Date, date};
use tokio::time::Instant;

/// How long somebody does not call again.
const REST: Duration = Duration::from_secs(20);
/// The same after a call that broke off, which may still be written to: what it left has settled then.
const LONG_REST: Duration = Duration::from_secs(90);

const FIRST: [&str; 8] = ["Alice", "Brian", "Clara", "Daniel", "Emma", "Frank", "Grace", "Henry"];
const LAST: [&str; 6] = ["Carter", "Miller", "Parker", "Turner", "Wilson", "Brooks"];

/// Of three people one always calls with a clock of their own.
const PINNED_EVERY: usize = 3;

/// What somebody knows of their appointment, from what they were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// They have none.
    None,
    /// It is booked, under this reference.
    Booked(Reference),
    /// The call broke off, or came to nothing: either is possible.
    Unsure,
}

/// Somebody who calls.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Full name.
    pub name: String,
    /// Date of birth.
    pub born: Date,
    /// Whether their calls have a clock of their own.
    pub pinned: bool,
    told: Told,
    calling: bool,
    rested: Instant,
}

impl Person {
    /// The date of birth as it is typed or said.
    pub(super) fn birth(&self) -> String {
        self.born.strftime("%B %-d, %Y").to_string()
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct People(Vec<Person>);

impl People {
    /// Forty-eight people, none of whom has an appointment.
    pub(super) fn new(now: Instant) -> Self {
        let names = LAST.iter().flat_map(|last| FIRST.iter().map(move |first| (first, last)));
        let person = |(number, (first, last)): (usize, (&&str, &&str))| Person {
            name: format!("{first} {last}"),
            born: date(1940, 1, 15).saturating_add(jiff::Span::new().months(number as i64 * 13)),
            pinned: number % PINNED_EVERY == PINNED_EVERY - 1,
            told: Told::None,
            calling: false,
            rested: now,
        };
        Self(names.enumerate().map(person).collect())
    }

    /// A copy of a demo clinic that has them as patients, under a slug and a number of its own.
    pub(super) fn clinic(&self, mut demo: DemoClinic, ids: &dyn IdSource) -> DemoClinic {
        // The tail of an id of version 7 is random; a country code that nobody has.
        let unique = ids.uuid().as_u128();
        demo.slug = format!("soak-{:010x}", unique & 0xff_ffff_ffff);
        demo.phone = format!("+999{:011}", unique % 100_000_000_000);
        demo.patients.extend(self.0.iter().enumerate().map(|(number, person)| DemoPatient {
            name: Phi::new(person.name.clone()),
            date_of_birth: Phi::new(person.born),
            phone: Phi::new(format!("+20100555{number:04}")),
            allergies: Vec::new(),
        }));
        demo
    }

    /// The next who may call, from `turn` on, who calls from now on.
    pub(super) fn next(&mut self, turn: usize, pinned: bool, now: Instant) -> Option<usize> {
        let count = self.0.len();
        let who = (0..count).map(|step| (turn + step) % count).find(|&who| {
            let person = &self.0[who];
            person.pinned == pinned && !person.calling && person.rested <= now
        })?;
        self.0[who].calling = true;
        Some(who)
    }

    /// Somebody.
    pub(super) fn get(&self, who: usize) -> &Person {
        &self.0[who]
    }

    /// Their call is over, and this is what they know now; `None` if they learned nothing and asked
    /// for nothing.
    pub(super) fn over(&mut self, who: usize, told: Option<Told>, now: Instant) {
        let person = &mut self.0[who];
        person.calling = false;
        person.rested = now + if told == Some(Told::Unsure) { LONG_REST } else { REST };
        if let Some(told) = told {
            person.told = told;
        }
    }

    /// What the database says of somebody, beside what they were told. From now on it counts.
    pub(super) fn compare(&mut self, who: usize, visits: &[Visit]) -> (bool, Vec<Violation>) {
        let person = &mut self.0[who];
        let theirs = |visit: &&Visit| {
            let name = visit.patient_name.as_ref().map(|name| name.expose().as_str());
            visit.status.is_live() && name == Some(person.name.as_str())
        };
        let live: Vec<Reference> =
            visits.iter().filter(theirs).map(|visit| visit.reference).collect();
        let mut found = Vec::new();
        let mut fault = |rule, row: String| found.push(Violation { rule, row });
        if live.len() > 1 {
            fault("DOUBLED", format!("caller {who} asked for one appointment and has {live:?}"));
        }
        match person.told {
            Told::Booked(reference) if !live.contains(&reference) => {
                fault("LOST", format!("caller {who} was told {reference}, which is not there"));
            }
            Told::None if !live.is_empty() => {
                fault("LOST", format!("caller {who} was told that {live:?} is cancelled"));
            }
            Told::Booked(_) | Told::None | Told::Unsure => {}
        }
        person.told = live.first().map_or(Told::None, |reference| Told::Booked(*reference));
        (!live.is_empty(), found)
    }

    /// The same of everybody.
    pub(super) fn compare_all(&mut self, visits: &[Visit]) -> Vec<Violation> {
        (0..self.0.len()).flat_map(|who| self.compare(who, visits).1).collect()
    }

    /// How many know what.
    pub(super) fn known(&self) -> BTreeMap<&'static str, usize> {
        let mut known = BTreeMap::new();
        for person in &self.0 {
            let what = match person.told {
                Told::None => "without an appointment",
                Told::Booked(_) => "with an appointment",
                Told::Unsure => "unsure",
            };
            *known.entry(what).or_default() += 1;
        }
        known
    }
}
