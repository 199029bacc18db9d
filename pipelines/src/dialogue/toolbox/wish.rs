//! What a language model wishes for: days and times, a doctor, a kind of visit.

use frontdesk_types::{DoctorId, Gender};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::ToolError;
use super::args::Args;
use super::schema::{object, text};
use crate::dialogue::DoctorFacts;
use crate::dialogue::tools::{PartOfDay, SlotWish, WaitlistWish};
use crate::offers::hours;
use crate::wish::{Clock, Days, Order, Traits, Visit, Weekdays, When, Window};

/// Offers that a search returns unless it is asked for another number of them.
const OFFERS: u8 = 6;

/// Holidays that are named to who asks for one that is not known.
const TOLD: usize = 6;

const PARTS: [(&str, PartOfDay); 3] = [
    ("morning", PartOfDay::Morning),
    ("afternoon", PartOfDay::Afternoon),
    ("evening", PartOfDay::Evening),
];

const ORDERS: [(&str, Order); 4] = [
    ("soonest", Order::Soonest),
    ("latest", Order::Latest),
    ("first_of_day", Order::FirstOfDay),
    ("last_of_day", Order::LastOfDay),
];

fn several(items: &Value, description: &str) -> Value {
    json!({ "type": "array", "items": items, "description": description })
}

fn weekdays(description: &str) -> Value {
    let names = json!({
        "type": "string", "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    });
    several(&names, description)
}

fn part_of_day(description: &str) -> Value {
    json!({
        "type": "string", "enum": PARTS.map(|(name, _)| name), "description": description,
    })
}

/// What is said of doctor, days and times.
fn when() -> Value {
    json!({
        "doctor": text("Name of a doctor of this clinic."),
        "specialty": text("A specialty of this clinic, instead of a doctor."),
        "from": text("First day, as YYYY-MM-DD."),
        "to": text("Last day, as YYYY-MM-DD."),
        "weekdays": weekdays("Only on these weekdays."),
        "part_of_day": part_of_day("Before 12:00, from 12:00, from 17:00."),
        "not_before": text("Earliest local start, as HH:MM."),
        "not_after": text("Latest local start, as HH:MM."),
        "not_weekdays": weekdays("On none of these weekdays."),
        "not_days": several(&json!({ "type": "string" }), "On none of these days, as YYYY-MM-DD."),
        "not_part_of_day": part_of_day("Not in this part of the day."),
    })
}

/// Schema of a wait for a time.
pub(super) fn waitlist_schema() -> Value {
    object(&when(), &[])
}

/// Schema of a search.
pub(super) fn search_schema() -> Value {
    let mut all = when();
    let more = json!({
        "holiday": text("Name of a public holiday, instead of from and to."),
        "not_doctors": several(&json!({ "type": "string" }), "With none of these doctors."),
        "gender": {
            "type": "string", "enum": ["female", "male"],
            "description": "Gender of the doctor, where no doctor is named.",
        },
        "languages": several(
            &json!({ "type": "string" }),
            "A doctor who speaks one of these, as ISO 639-1 codes, where no doctor is named.",
        ),
        "minutes": {
            "type": "integer", "minimum": 5, "maximum": 240,
            "description": "How long the visit shall last at least; two slots in a row if one is too short.",
        },
        "double": { "type": "boolean", "description": "Two slots in a row." },
        "by_video": { "type": "boolean", "description": "By video." },
        "order": {
            "type": "string", "enum": ORDERS.map(|(name, _)| name),
            "description": "Which come first.",
        },
        "preferred": several(
            &json!({
                "type": "string", "enum": ["days", "times", "ruled_out", "gender", "languages"],
            }),
            "What of this is only preferred: where nothing fits it, the rest decides.",
        ),
        "limit": {
            "type": "integer", "minimum": 1, "maximum": 12, "description": "Offers at most.",
        },
    });
    if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    object(&all, &[])
}

/// With whom a visit is wished for.
struct Whom {
    doctors: Vec<DoctorId>,
    /// With none of these.
    not: Vec<DoctorId>,
    specialty: Option<String>,
}

impl Args<'_> {
    pub(super) fn slot_wish(&self) -> Result<SlotWish, ToolError> {
        let limit = self.number("limit");
        let Whom { doctors, not: not_doctors, specialty } = self.whom()?;
        Ok(SlotWish {
            doctors,
            not_doctors,
            specialty,
            when: self.when()?,
            visit: Visit {
                double: self.flag("double"),
                minutes: self.number("minutes"),
                remote: self.flag("by_video"),
            },
            limit: limit.and_then(|limit| limit.try_into().ok()).unwrap_or(OFFERS),
        })
    }

    pub(super) fn waitlist_wish(&self) -> Result<WaitlistWish, ToolError> {
        let (doctor, specialty) = (self.doctor()?, self.specialty()?);
        if doctor.is_none() && specialty.is_none() {
            return Err(self.bad("doctor", "is missing, and so is \"specialty\"; give one of them"));
        }
        Ok(WaitlistWish { doctor, specialty, when: self.when()? })
    }

    /// A number that the schema bounds.
    fn number(&self, field: &str) -> Option<i64> {
        let number = self.object.get(field).and_then(Value::as_f64);
        #[expect(clippy::cast_possible_truncation, reason = "the schema bounds it")]
        number.map(|number| number as i64)
    }

    fn flag(&self, field: &str) -> bool {
        self.object.get(field).and_then(Value::as_bool).unwrap_or_default()
    }

    fn texts(&self, field: &str) -> Vec<&str> {
        let all = self.object.get(field).and_then(Value::as_array);
        let texts = all.into_iter().flatten().filter_map(Value::as_str).map(str::trim);
        texts.filter(|text| !text.is_empty()).collect()
    }

    fn is_preferred(&self, what: &str) -> bool {
        self.texts("preferred").contains(&what)
    }

    fn weekdays(&self, field: &str) -> Result<Weekdays, ToolError> {
        let names: Vec<String> = self.texts(field).into_iter().map(str::to_owned).collect();
        names.try_into().map_err(|problem: String| self.bad(field, problem))
    }

    fn part(&self, field: &str) -> Clock {
        let part = PARTS.into_iter().find(|(name, _)| self.text(field) == Some(name));
        let (from, until) = part.map_or((None, None), |(_, part)| hours(part));
        Clock::span(from, until)
    }

    fn days(&self) -> Result<Days, ToolError> {
        let (from, to) = (self.date("from")?, self.date("to")?);
        if let (Some(first), Some(last)) = (from, to)
            && last < first
        {
            return Err(self.bad("to", "lies before \"from\""));
        }
        let weekdays = self.weekdays("weekdays")?;
        match self.text("holiday") {
            Some(name) => Ok(Days { weekdays, ..Days::day(self.holiday(name)?) }),
            None => Ok(Days { from, to, weekdays }),
        }
    }

    /// The next day of a public holiday.
    fn holiday(&self, said: &str) -> Result<Date, ToolError> {
        let holidays = &self.clinic.holidays;
        let plain = |name: &str| name.to_lowercase().replace(['_', '-'], " ");
        let named = holidays.iter().find(|own| {
            let code = own.holiday.as_deref().map(plain);
            plain(&own.name) == plain(said) || code == Some(plain(said))
        });
        named.map(|own| own.day).ok_or_else(|| {
            let known = holidays.iter().take(TOLD);
            let known: Vec<_> = known.map(|own| format!("{} ({})", own.name, own.day)).collect();
            let problem = format!("is not known here; there are {}", known.join(", "));
            self.bad("holiday", problem)
        })
    }

    fn when(&self) -> Result<When, ToolError> {
        let latest = self.time("not_after")?.map(Clock::not_after).unwrap_or_default();
        let bounds = Clock { from: self.time("not_before")?, ..latest };
        let window = Window { days: self.days()?, clock: bounds.and(&self.part("part_of_day")) };
        let mut ruled_out = Vec::new();
        let weekdays = self.weekdays("not_weekdays")?;
        let days = weekdays.named().map(Days::weekday);
        ruled_out.extend(days.map(|days| Window { days, ..Window::default() }));
        for day in self.texts("not_days") {
            let day =
                day.parse().map_err(|_| self.bad("not_days", "are no dates as YYYY-MM-DD"))?;
            ruled_out.push(Window { days: Days::day(day), ..Window::default() });
        }
        let clock = self.part("not_part_of_day");
        ruled_out.extend((!clock.is_open()).then(|| Window { clock, ..Window::default() }));
        let open = Window::default();
        let mut hard = window;
        if self.is_preferred("days") {
            hard.days = open.days;
        }
        if self.is_preferred("times") {
            hard.clock = open.clock;
        }
        let of = |window: Window| if window == open { Vec::new() } else { vec![window] };
        let fallback = if hard == window { Vec::new() } else { of(hard) };
        let (none, avoid) = match self.is_preferred("ruled_out") {
            true => (Vec::new(), ruled_out),
            false => (ruled_out, Vec::new()),
        };
        let order = ORDERS.into_iter().find(|(name, _)| self.text("order") == Some(name));
        let order = order.map(|(_, order)| order).unwrap_or_default();
        Ok(When { any: of(window), none, order, fallback, avoid })
    }

    fn whom(&self) -> Result<Whom, ToolError> {
        let (doctor, specialty) = (self.doctor()?, self.specialty()?);
        let not = self.texts("not_doctors").into_iter();
        let not: Result<Vec<_>, _> = not.map(|n| self.doctor_named("not_doctors", n)).collect();
        let not = not?;
        let traits = self.traits();
        if doctor.is_some() || traits.is_empty() {
            return Ok(Whom { doctors: doctor.into_iter().collect(), not, specialty });
        }
        let in_pool = |doctor: &&DoctorFacts| {
            specialty.as_ref().is_none_or(|own| doctor.specialties.contains(own))
                && !not.contains(&doctor.id)
        };
        let pool: Vec<_> = self.clinic.doctors.iter().filter(in_pool).collect();
        let fitting = |traits: &Traits| -> Vec<DoctorId> {
            let fits = pool.iter().filter(|doctor| traits.fits(doctor.gender, &doctor.languages));
            fits.map(|doctor| doctor.id).collect()
        };
        let mut doctors = fitting(&traits);
        if doctors.is_empty() {
            // What is only preferred is let go.
            let genders = if self.is_preferred("gender") { &[][..] } else { &traits.genders };
            let languages =
                if self.is_preferred("languages") { &[][..] } else { &traits.languages };
            let (genders, languages) = (genders.to_vec(), languages.to_vec());
            let left = Traits { genders, languages, soft: false };
            doctors = if left.is_empty() { Vec::new() } else { fitting(&left) };
            if doctors.is_empty() && !left.is_empty() {
                let field = if left.genders.is_empty() { "languages" } else { "gender" };
                let problem = "no doctor who is searched among is so, as far as it is on record; \
                               say that, and search without it";
                return Err(self.bad(field, problem));
            }
        }
        Ok(Whom { doctors, not, specialty })
    }

    fn traits(&self) -> Traits {
        let gender = match self.text("gender") {
            Some("female") => Some(Gender::Female),
            Some("male") => Some(Gender::Male),
            _ => None,
        };
        let languages = self.texts("languages").into_iter().map(str::to_lowercase).collect();
        Traits { genders: gender.into_iter().collect(), languages, soft: false }
    }

    fn doctor(&self) -> Result<Option<DoctorId>, ToolError> {
        self.text("doctor").map(|said| self.doctor_named("doctor", said)).transpose()
    }

    /// The doctor of that name, or of a part of it that no other has.
    fn doctor_named(&self, field: &str, said: &str) -> Result<DoctorId, ToolError> {
        let words = |name: &str| -> Vec<String> {
            let parts = name.split(|c: char| c.is_whitespace() || c == '.');
            parts.filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
        };
        let said = words(said);
        let fits = |doctor: &&DoctorFacts| {
            let name = words(&doctor.name);
            // With a title before it, or without the first name.
            name.iter().all(|word| said.contains(word))
                || said.iter().all(|word| name.contains(word))
        };
        let found: Vec<_> = self.clinic.doctors.iter().filter(fits).collect();
        let names = |doctors: &[&DoctorFacts]| {
            doctors.iter().map(|doctor| doctor.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        match found.as_slice() {
            [one] => Ok(one.id),
            [] => {
                let all = names(&self.clinic.doctors.iter().collect::<Vec<_>>());
                Err(self.bad(field, format!("no doctor of that name is here, but {all}")))
            }
            several => {
                let problem = format!("is not only one of {}; ask which", names(several));
                Err(self.bad(field, problem))
            }
        }
    }

    fn specialty(&self) -> Result<Option<String>, ToolError> {
        let Some(said) = self.text("specialty") else { return Ok(None) };
        let mut all: Vec<&String> =
            self.clinic.doctors.iter().flat_map(|doctor| &doctor.specialties).collect();
        let found = all.iter().find(|name| name.eq_ignore_ascii_case(said));
        if let Some(name) = found {
            return Ok(Some((*name).clone()));
        }
        all.sort();
        all.dedup();
        let all = all.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        Err(self.bad("specialty", format!("is not had here; the specialties are {all}")))
    }
}
