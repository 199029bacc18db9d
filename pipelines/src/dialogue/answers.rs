//! Questions to the clinic: what its own data answers, and what its documents are searched for.
//!
//! Pure retrieval logic: whoever runs the search gives it the question and gets back the answer
//! from the clinic's data ([`from_facts`]), the words to look for in the documents ([`keywords`]),
//! and whether a passage that was found answers ([`is_answer`]).

use std::cmp::Ordering;

use jiff::civil::{Date, Weekday};

use super::understand::days::DayMention;
use super::understand::pattern::{List, Reader, find_any, longest_at};
use super::understand::people::{DoctorMention, SpecialtyMention};
use super::understand::tokens::Tokens;
use super::understand::{Heard, Setting};
use super::{ClinicFacts, DoctorFacts, Expectation, Now};
use crate::language::{Language, fill};
use crate::wish::Traits;

/// Words of a question that a document is searched for, at most.
const MAX_KEYWORDS: usize = 12;

/// An answer and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Text to say.
    pub text: String,
    /// What it is from, as spoken.
    pub source: String,
}

/// What the clinic's own data says to a question: hours, address, telephone, fees, doctors,
/// languages. `None` if the question is about none of them.
#[must_use]
pub fn from_facts(
    question: &str,
    clinic: &ClinicFacts,
    language: &Language,
    now: Now,
) -> Option<Answer> {
    let setting = Setting { language, clinic, expect: Expectation::Request, now, anchor: None };
    let heard = Heard::of(question, setting);
    let tokens = Tokens::of(question, language);
    let reader = Reader { tokens: &tokens, language, latest_year: 0 };
    let about = |list: &List| find_any(list, reader).is_some();
    let (questions, phrases) = (&language.questions, &language.phrases);
    let asked = Asked { clinic, language, heard: &heard };
    let mut found: Vec<Answer> = Vec::new();
    let mut add = |text: Option<String>, source: &str| {
        found.extend(text.map(|text| Answer { text, source: source.to_owned() }));
    };
    if about(&questions.hours) {
        add(asked.hours(setting), &phrases.source_hours);
    }
    if about(&questions.address) && !clinic.address.is_empty() {
        let text = fill(&phrases.our_address, &[("address", &clinic.address)]);
        add(Some(text), &phrases.source_address);
    }
    if about(&questions.phone) && !clinic.phone.is_empty() {
        let text = fill(&phrases.our_phone, &[("phone", &clinic.phone)]);
        add(Some(text), &phrases.source_address);
    }
    if !heard.visit.traits.is_empty() && heard.doctor.is_none() {
        add(asked.like(&heard.visit.traits), &phrases.source_doctors);
    } else if about(&questions.fee) {
        add(asked.fees(), &phrases.source_fees);
    } else if about(&questions.languages) && heard.doctor.is_some() {
        add(asked.languages(), &phrases.source_doctors);
    } else if about(&questions.doctors) {
        add(asked.doctors(), &phrases.source_doctors);
    }
    joined(found.into_iter(), language)
}

/// Several answers as one, with each source once; `None` if there is none.
#[must_use]
pub fn joined(answers: impl Iterator<Item = Answer>, language: &Language) -> Option<Answer> {
    let (mut texts, mut sources) = (Vec::new(), Vec::new());
    for Answer { text, source } in answers {
        texts.push(text);
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    (!texts.is_empty()).then(|| Answer { text: texts.join(" "), source: language.and(&sources) })
}

/// The words of a question that tell what it is about, each with the words that mean the same:
/// what documents are searched for. What [`from_facts`] answers is left out.
#[must_use]
pub fn keywords(question: &str, language: &Language) -> Vec<String> {
    let mut tokens = Tokens::of(question, language);
    let questions = &language.questions;
    for list in [
        &questions.hours,
        &questions.address,
        &questions.phone,
        &questions.fee,
        &questions.doctors,
        &questions.generic,
    ] {
        while let Some(found) = find_any(list, Reader { tokens: &tokens, language, latest_year: 0 })
            .filter(|found| found.len() > 0)
        {
            tokens.take(found.start..found.end);
        }
    }
    let mut words: Vec<String> = Vec::new();
    for at in 0..tokens.len() {
        let reader = Reader { tokens: &tokens, language, latest_year: 0 };
        let same = questions
            .same
            .iter()
            .find(|group| longest_at(&group.say, reader, at).is_some())
            .map_or("", |group| group.words.as_str());
        let word: String = tokens.text(at).chars().filter(|c| c.is_alphanumeric()).collect();
        let group = format!("{word} {same}").trim().to_owned();
        if !word.is_empty() && !words.contains(&group) && words.len() < MAX_KEYWORDS {
            words.push(group);
        }
    }
    words
}

/// Whether a passage that has the keywords at the places `matched` (from 0), of `asked` that mean
/// something, answers the question: if it has most of them; or half, one of which is a word for
/// what callers often ask about, or no common word. One that only shares a word with the question
/// does not, unless that word is a name ("would you take my Bupa card"): what else is asked about may
/// then be nothing but a name ("do you take Acme insurance").
#[must_use]
pub fn is_answer(
    keywords: &[String],
    matched: &[usize],
    asked: usize,
    language: &Language,
) -> bool {
    let tells = |group: &String| group.contains(' ') || !language.common.contains(group);
    let words = |place: &usize| keywords.get(*place).is_some_and(tells);
    let other = keywords.iter().enumerate().filter(|(place, _)| !matched.contains(place));
    let names = other.filter(|(_, group)| is_name(group, language)).count();
    match (matched.len() * 2).cmp(&asked) {
        Ordering::Greater => true,
        Ordering::Equal => {
            let by_name =
                |place: &usize| keywords.get(*place).is_some_and(|w| is_name(w, language));
            let shares_more = matched.len() > 1 || names + matched.len() >= asked;
            (shares_more || matched.iter().any(by_name)) && matched.iter().any(words)
        }
        Ordering::Less => false,
    }
}

/// Whether a keyword is no word that everybody uses: what something or somebody is called.
fn is_name(word: &str, language: &Language) -> bool {
    let known = |word: &str| language.common.contains(word) || language.listen().is_everyday(word);
    !word.contains(' ') && !known(word) && !language.singular(word).is_some_and(known)
}

/// The places (from 0) of the keywords that a text has, and how many of them mean something: for
/// texts that no database is to see. Words are the same if they differ in their endings alone.
#[must_use]
pub fn matched(keywords: &[String], text: &str, language: &Language) -> (Vec<usize>, usize) {
    let words = |text: &str| -> Vec<String> {
        let all = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        all.map(str::to_lowercase).collect()
    };
    let text = words(text);
    let (mut found, mut asked) = (Vec::new(), 0);
    for (place, group) in keywords.iter().enumerate() {
        let group = words(group);
        let has = group.iter().any(|word| text.iter().any(|own| same(word, own)));
        if group.len() > 1 || group.iter().any(|word| means(word, has, language)) {
            asked += 1;
            found.extend(has.then_some(place));
        }
    }
    (found, asked)
}

/// Whether a word says what a question is about. One that stands in every other sentence does only
/// if the text has it and it is no little word.
fn means(word: &str, found: bool, language: &Language) -> bool {
    let letters = word.chars().count();
    if language.common.contains(word) { found && letters > 4 } else { letters > 2 }
}

/// Whether two words differ in their endings alone: "allergic", "allergies".
fn same(a: &str, b: &str) -> bool {
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.chars().count(), b.chars().count());
    common == a && common == b || common >= 4 && common + 3 >= a.max(b)
}

/// A document as it is cited: by its title, or by its number.
#[must_use]
pub fn cited(title: Option<&str>, number: u32, language: &Language) -> String {
    match title {
        Some(title) => fill(&language.phrases.source_document, &[("title", title)]),
        None => fill(&language.phrases.source_number, &[("number", &number.to_string())]),
    }
}

struct Asked<'a> {
    clinic: &'a ClinicFacts,
    language: &'a Language,
    heard: &'a Heard,
}

impl Asked<'_> {
    fn hours(&self, setting: Setting<'_>) -> Option<String> {
        let (clinic, language) = (self.clinic, self.language);
        if clinic.hours.is_empty() {
            return None;
        }
        let day = match self.heard.day {
            Some(DayMention::Span { from: Some(from), to: Some(to), .. }) if from == to => from,
            _ => return Some(self.week(setting.calendar().region.week_start)),
        };
        Some(self.day(day, &language.date(day)))
    }

    /// The doctors of a kind: "do you have a doctor who speaks Arabic?"
    fn like(&self, traits: &Traits) -> Option<String> {
        let (language, phrases) = (self.language, &self.language.phrases);
        let pool = self.named();
        if !traits.genders.is_empty() && pool.iter().all(|doctor| doctor.gender.is_none()) {
            return Some(phrases.gender_unrecorded.clone());
        }
        let fits = |doctor: &&&DoctorFacts| traits.fits(doctor.gender, &doctor.languages);
        let names: Vec<String> =
            pool.iter().filter(fits).map(|doctor| language.doctor(&doctor.name)).collect();
        Some(if names.is_empty() {
            let wanted = language.doctor_like(traits);
            fill(&phrases.no_such_doctor, &[("doctor", &wanted)])
        } else {
            fill(&phrases.several_doctors, &[("doctors", &language.and(&names))])
        })
    }

    fn day(&self, day: Date, spoken: &str) -> String {
        let (language, phrases) = (self.language, &self.language.phrases);
        if let Some(holiday) = self.clinic.closed_for(day) {
            return language.closed_for(&fill(&phrases.on_day, &[("date", spoken)]), holiday);
        }
        let weekday = day.weekday().to_monday_one_offset();
        let open = self.clinic.hours.iter().filter(|hours| hours.weekday == weekday);
        let spans: Vec<String> = open
            .map(|hours| {
                let (from, to) = (language.time(hours.from), language.time(hours.to));
                fill(&phrases.from_to, &[("from", &from), ("to", &to)])
            })
            .collect();
        if spans.is_empty() {
            fill(&phrases.closed_on, &[("date", spoken)])
        } else {
            let hours = language.and(&spans);
            fill(&phrases.open_on, &[("date", spoken), ("hours", &hours)])
        }
    }

    /// All days, those in a row with the same hours together.
    fn week(&self, first: Weekday) -> String {
        let (language, phrases) = (self.language, &self.language.phrases);
        let mut runs: Vec<(i8, i8, String)> = Vec::new();
        let mut weekday = first;
        for _ in 0..7 {
            let number = weekday.to_monday_one_offset();
            let open = self.clinic.hours.iter().filter(|hours| hours.weekday == number);
            let spans: Vec<String> = open
                .map(|hours| {
                    let (from, to) = (language.time(hours.from), language.time(hours.to));
                    fill(&phrases.from_to, &[("from", &from), ("to", &to)])
                })
                .collect();
            let hours = language.and(&spans);
            match runs.last_mut() {
                Some((_, last, same)) if *same == hours => *last = number,
                _ => runs.push((number, number, hours)),
            }
            weekday = weekday.next();
        }
        let parts: Vec<String> = runs
            .into_iter()
            .filter(|(_, _, hours)| !hours.is_empty())
            .map(|(first, last, hours)| {
                let (from, to) = (language.weekday_name(first), language.weekday_name(last));
                let days = if first == last {
                    from
                } else {
                    fill(&phrases.day_to_day, &[("from", &from), ("to", &to)])
                };
                fill(&phrases.days_hours, &[("days", &days), ("hours", &hours)])
            })
            .collect();
        fill(&phrases.open_hours, &[("hours", &language.and(&parts))])
    }

    /// The doctors that the question names, by name or by specialty; else all.
    fn named(&self) -> Vec<&DoctorFacts> {
        let all = self.clinic.doctors.iter();
        let by_name: Vec<_> = match &self.heard.doctor {
            Some(DoctorMention::Known(id)) => all.clone().filter(|d| d.id == *id).collect(),
            Some(DoctorMention::Several(ids)) => {
                all.clone().filter(|d| ids.contains(&d.id)).collect()
            }
            _ => Vec::new(),
        };
        if !by_name.is_empty() {
            return by_name;
        }
        match &self.heard.specialty {
            Some(SpecialtyMention::Known(name)) => {
                all.filter(|d| d.specialties.contains(name)).collect()
            }
            _ => all.collect(),
        }
    }

    fn fees(&self) -> Option<String> {
        let (language, phrases) = (self.language, &self.language.phrases);
        let currency = language.currency(&self.clinic.country);
        let texts: Vec<String> = self
            .named()
            .into_iter()
            .filter_map(|doctor| {
                let values = [
                    ("doctor", &*language.doctor(&doctor.name)),
                    ("fee", &*doctor.fee?.to_string()),
                    ("currency", currency),
                ];
                Some(fill(&phrases.fee_of, &values))
            })
            .collect();
        (!texts.is_empty()).then(|| fill(&phrases.fees, &[("fees", &language.and(&texts))]))
    }

    fn doctors(&self) -> Option<String> {
        let (language, phrases) = (self.language, &self.language.phrases);
        if let Some(SpecialtyMention::NotHere(name)) = &self.heard.specialty {
            let mut names: Vec<String> = Vec::new();
            for name in self.clinic.doctors.iter().flat_map(|doctor| &doctor.specialties) {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            let values = [("specialty", name.as_str()), ("specialties", &language.and(&names))];
            return Some(fill(&phrases.no_specialty, &values));
        }
        let texts: Vec<String> = self
            .named()
            .into_iter()
            .map(|doctor| {
                let name = language.doctor(&doctor.name);
                let specialties = language.and(&doctor.specialties);
                let values = [("doctor", &*name), ("specialty", &*specialties)];
                fill(&phrases.doctor_for, &values)
            })
            .collect();
        let doctors = language.and(&texts);
        (!texts.is_empty()).then(|| fill(&phrases.several_doctors, &[("doctors", &doctors)]))
    }

    fn languages(&self) -> Option<String> {
        let (language, phrases) = (self.language, &self.language.phrases);
        let texts: Vec<String> = self
            .named()
            .into_iter()
            .filter(|doctor| !doctor.languages.is_empty())
            .map(|doctor| {
                let names: Vec<String> =
                    doctor.languages.iter().map(|code| language.language_name(code)).collect();
                let (name, spoken) = (language.doctor(&doctor.name), language.and(&names));
                fill(&phrases.speaks, &[("doctor", &name), ("languages", &spoken)])
            })
            .collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
