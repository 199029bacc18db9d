//! What callers are expected to say aloud: the sentences that a recognizer's language models are
//! made of, one model for each thing that can be asked.
//!
//! The sentences are a language's templates (`language/en.speech.toml`), filled with the clinic's
//! data: doctors, specialties in patients' words, what its documents speak of. What says nothing
//! of the clinic is the same for all, and recognizers keep models by their content. Names of
//! patients enter only where the caller's date of birth has been heard, for that call, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, OnceLock};

use frontdesk_models::stt::Listening;
use frontdesk_models::stt::lm::{Background, LmSource};
use frontdesk_types::Phi;
use serde::Deserialize;

use super::language::Language;
use super::understand::{Heard, Setting};
use super::{ClinicFacts, Expectation, Now, completeness, spelling};
use crate::turn::Completeness;

/// First and last names that are known in the contexts where no name is asked for.
const FEW_NAMES: usize = 60;

/// How much likelier a word is the clinic's own specialty than one that it does not have.
const OWN_SPECIALTY: f64 = 8.0;

/// How much likelier it is that a caller has any other name than that of one patient who was born
/// on the day that was heard. Low enough that somebody with another name is heard as that, and high
/// enough that a patient is heard as the patient: both are tested.
const KNOWN_NAME: f64 = 0.0001;

/// The same of a name that is said with the last name first, which few do.
const KNOWN_REVERSED: f64 = 0.001;

/// Weight of the spelling of a name that the caller is likely to have; the commonest name's is
/// ten times that.
const KNOWN_SPELLING: f64 = 3.0;

/// A template with its weight: the number in front, or 1.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
struct Weighted(String, f64);

impl From<String> for Weighted {
    fn from(text: String) -> Self {
        let number = text.split_once(' ').and_then(|(number, rest)| {
            let weight: f64 = number.parse().ok()?;
            Some(Self(rest.trim().to_owned(), weight))
        });
        number.unwrap_or(Self(text, 1.0))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// Templates' worth of evidence: the nested templates stand for many.
    worth: f64,
    /// Share of what may be said at any time.
    any: f64,
    /// Whether what may be said at any time goes without the clinic's data.
    #[serde(default)]
    plain: bool,
    say: Vec<Weighted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Templates {
    slots: BTreeMap<String, Vec<Weighted>>,
    states: BTreeMap<Expectation, State>,
    specialties: BTreeMap<String, Vec<Weighted>>,
}

static ENGLISH: LazyLock<Templates> = LazyLock::new(|| {
    let templates = toml::from_str(include_str!("language/en.speech.toml"));
    templates.unwrap_or_else(|error| unreachable!("the embedded templates are tested: {error}"))
});

/// How much of what is said is English at large, in words of which the templates know nothing.
/// Decision 0053 has what other shares brought.
const COMMON_SHARE: f64 = 0.4;

static COMMON: LazyLock<Background> = LazyLock::new(|| {
    let common = Background::parse(include_str!("language/en.common.txt"));
    common.unwrap_or_else(|error| unreachable!("the embedded words are tested: {error}"))
});

/// Names with how many of 100,000 people have them.
type Names = Vec<(String, f64)>;

static FIRST: LazyLock<Names> = LazyLock::new(|| {
    let files =
        [include_str!("language/names/first.txt"), include_str!("language/names/arabic-first.txt")];
    names(&files)
});

static LAST: LazyLock<Names> = LazyLock::new(|| {
    let files =
        [include_str!("language/names/last.txt"), include_str!("language/names/arabic-last.txt")];
    names(&files)
});

/// The names of all files; one that is in several counts as the first says.
fn names(files: &[&str]) -> Names {
    let mut known = BTreeSet::new();
    let lines = files.iter().flat_map(|file| file.lines());
    let entry = |line: &str| {
        let (name, count) = line.split_once(' ')?;
        Some((name.to_owned(), count.parse().ok()?))
    };
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(entry)
        .filter(|(name, _)| known.insert(name.clone()))
        .collect()
}

/// What the callers of one clinic are expected to say.
#[derive(Debug)]
pub struct Spoken {
    language: Language,
    facts: ClinicFacts,
    clinic: BTreeMap<&'static str, Vec<(String, f64)>>,
    known: [OnceLock<Listening>; Expectation::ALL.len()],
}

impl Spoken {
    /// For the callers of `clinic`, in `language`.
    #[must_use]
    pub fn new(language: &Language, clinic: &ClinicFacts) -> Self {
        Self {
            language: language.clone(),
            facts: clinic.clone(),
            clinic: clinic_slots(language, clinic),
            known: Default::default(),
        }
    }

    /// Whether the words so far of an unfinished turn complete what is expected, for turn taking.
    #[must_use]
    pub fn completeness(&self, expect: Expectation, text: &str, now: Now) -> Completeness {
        let Self { language, facts: clinic, .. } = self;
        completeness::of(text, Setting { language, clinic, expect, now })
    }

    /// What is listened for where this is expected.
    #[must_use]
    pub fn listening(&self, expectation: Expectation) -> Listening {
        let at = Expectation::ALL.iter().position(|known| *known == expectation).unwrap_or(0);
        let known = self.known.get(at).map(|known| {
            known.get_or_init(|| {
                Listening::new(expectation.context(), self.source(expectation, &[]))
            })
        });
        known.map_or_else(|| Listening::unspecific(expectation.context()), Listening::clone)
    }

    /// The same, where the caller is likely to be one of these patients.
    #[must_use]
    pub fn listening_among(&self, expectation: Expectation, patients: &[Phi<String>]) -> Listening {
        Listening::private(expectation.context(), self.source(expectation, patients))
    }

    /// Whether the dialogue takes both for the same: what a recognizer is judged by.
    #[must_use]
    pub fn same(&self, expect: Expectation, said: &str, heard: &str, now: Now) -> bool {
        let Self { language, facts: clinic, .. } = self;
        let setting = Setting { language, clinic, expect, now };
        Heard::of(said, setting) == Heard::of(heard, setting)
    }

    /// The full name that the dialogue takes from an answer to the question for it.
    #[must_use]
    pub fn name(&self, heard: &str, now: Now) -> Option<String> {
        let (expect, clinic) = (Expectation::FullName, &self.facts);
        let setting = Setting { language: &self.language, clinic, expect, now };
        Heard::of(heard, setting).name.filter(|name| name.full).map(|name| name.name)
    }

    /// Common first and last names, most common first.
    #[must_use]
    pub fn common_names() -> (Vec<&'static str>, Vec<&'static str>) {
        let only = |names: &'static Names| names.iter().map(|(name, _)| name.as_str()).collect();
        (only(&FIRST), only(&LAST))
    }

    /// What was heard, with a name that was spelled brought to one that is known: common, or of one
    /// of these patients.
    #[must_use]
    pub fn respelled(expectation: Expectation, text: &str, patients: &[Phi<String>]) -> String {
        if !matches!(expectation, Expectation::FullName | Expectation::Spelling) {
            return text.to_owned();
        }
        let known = Part::Last.of_all(patients);
        let common = LAST.iter().map(|(name, _)| name.as_str());
        spelling::respell(text, common.chain(known.iter().map(String::as_str)))
    }

    /// The name that somebody spelled after they said it; nothing if these are no letters of one.
    pub(super) fn spelled_name(part: Part, text: &str, said: &str) -> Option<String> {
        let common = part.common().iter().map(|(name, _)| name.as_str());
        spelling::spelled_name(text, said, common)
    }

    fn source(&self, expectation: Expectation, patients: &[Phi<String>]) -> LmSource {
        let templates = &*ENGLISH;
        let Some(state) = templates.states.get(&expectation) else { return LmSource::new() };
        let naming = expectation.is_naming();
        let any = if state.plain { "{any_plain}" } else { "{any}" };
        let any = self.fill(&[Weighted(any.to_owned(), 1.0)], false, &[]);
        let source = self.fill(&state.say, naming, patients).worth(state.worth).mix(any, state.any);
        // Among thousands of names, every other word would only be in the way.
        if naming { source } else { source.background(&COMMON, COMMON_SHARE) }
    }

    /// A source of these templates with the slots that they reach.
    fn fill(&self, say: &[Weighted], naming: bool, patients: &[Phi<String>]) -> LmSource {
        let mut source = LmSource::new();
        let mut open: Vec<String> = Vec::new();
        for Weighted(text, weight) in say {
            open.extend(slots_of(text));
            source = source.weighted_sentence(text.as_str(), *weight);
        }
        let mut filled = BTreeSet::new();
        while let Some(slot) = open.pop() {
            if !filled.insert(slot.clone()) {
                continue;
            }
            let values = self.values(&slot, naming, patients);
            open.extend(values.iter().flat_map(|(text, _)| slots_of(text)));
            source = source.weighted_slot(&slot, values);
        }
        source
    }

    fn values(&self, slot: &str, naming: bool, patients: &[Phi<String>]) -> Vec<(String, f64)> {
        // By the root of how common they are: were a common name as likely as it is, rare ones that
        // sound like it would be heard as the common one, and it may be a patient's.
        let take = |names: &Names| {
            let count = if naming { names.len() } else { FEW_NAMES };
            names.iter().take(count).map(|(name, common)| (name.clone(), common.sqrt())).collect()
        };
        match slot {
            "first" => take(&FIRST),
            "last" => take(&LAST),
            "spelled" => spelled(Part::Last, patients, false),
            "said_spelled" => spelled(Part::Last, patients, true),
            "spelled_first" => spelled(Part::First, patients, false),
            "said_spelled_first" => spelled(Part::First, patients, true),
            "patient_name" => {
                let names = patients.iter().filter_map(|name| words(name.expose()));
                names.map(|name| (name, 1.0)).collect()
            }
            "reversed_name" => {
                let mut all = vec![("{last} {first}".to_owned(), 1.0)];
                all.push(("{last} {first} {last}".to_owned(), 1.0));
                for name in patients.iter().filter_map(|name| words(name.expose())) {
                    if let Some((first, last)) = name.rsplit_once(' ') {
                        all.push((format!("{last} {first} [{last}]"), KNOWN_REVERSED));
                    }
                }
                all
            }
            "whole_name" => {
                let common = ("{first} {middle} {last}".to_owned(), 1.0);
                let known = ("{patient_name}".to_owned(), KNOWN_NAME * patients.len() as f64);
                if patients.is_empty() { vec![common] } else { vec![common, known] }
            }
            _ => {
                let own = self.clinic.get(slot);
                let common = ENGLISH.slots.get(slot).map(|all| plain(all));
                own.cloned().or(common).unwrap_or_default()
            }
        }
    }
}

/// Which part of a name is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    First,
    Last,
}

impl Part {
    /// The names that are common.
    fn common(self) -> &'static Names {
        match self {
            Self::First => &FIRST,
            Self::Last => &LAST,
        }
    }

    /// This part of each of these people's names.
    fn of_all(self, patients: &[Phi<String>]) -> Vec<String> {
        let part = |name: String| match self {
            Self::First => name.split(' ').next().map(str::to_owned),
            Self::Last => name.rsplit(' ').next().map(str::to_owned),
        };
        patients.iter().filter_map(|name| words(name.expose())).filter_map(part).collect()
    }
}

/// First or last names letter by letter, after the name itself or without it. Rare names are
/// spelled more often than they are borne, and those of the caller's day of birth are likelier than
/// others.
fn spelled(part: Part, patients: &[Phi<String>], said: bool) -> Vec<(String, f64)> {
    let known = part.of_all(patients);
    let common = part.common().iter().map(|(name, count)| (name.as_str(), count.sqrt()));
    let known = known.iter().map(|name| (name.as_str(), KNOWN_SPELLING));
    let mut all = Vec::new();
    for (name, weight) in common.chain(known) {
        let lead = if said { format!("{name} [{{spell_lead}}] ") } else { String::new() };
        all.push((lead.clone() + &letters(name, false), weight));
        let doubled = letters(name, true);
        if doubled.contains("double") {
            all.push((lead + &doubled, weight / 2.0));
        }
    }
    all
}

/// "m i l l e r", or "m i double l e r".
fn letters(name: &str, doubling: bool) -> String {
    let letters: Vec<char> = name.chars().filter(char::is_ascii_lowercase).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        if doubling && letters.get(at + 1) == Some(letter) {
            out.push("double".to_owned());
            at += 1;
        }
        out.push(letter.to_string());
        at += 1;
    }
    out.join(" ")
}

fn plain(all: &[Weighted]) -> Vec<(String, f64)> {
    all.iter().map(|Weighted(text, weight)| (text.clone(), *weight)).collect()
}

/// The slots that a template names.
fn slots_of(template: &str) -> impl Iterator<Item = String> {
    let parts = template.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned()))
}

fn clinic_slots(
    language: &Language,
    clinic: &ClinicFacts,
) -> BTreeMap<&'static str, Vec<(String, f64)>> {
    let mut doctors = Vec::new();
    for doctor in &clinic.doctors {
        let Some(name) = words(&doctor.name) else { continue };
        if let Some((first, last)) = name.rsplit_once(' ') {
            doctors.push((last.to_owned(), 4.0));
            doctors.push((first.to_owned(), 1.0));
        }
        doctors.push((name, 4.0));
    }
    if doctors.is_empty() {
        doctors = FIRST.iter().take(FEW_NAMES).cloned().collect();
    }
    let mut specialties = Vec::new();
    let has = |name: &str| {
        clinic
            .doctors
            .iter()
            .any(|d| d.specialties.iter().any(|own| own.eq_ignore_ascii_case(name)))
    };
    for (name, said) in &ENGLISH.specialties {
        let weight = if has(name) { OWN_SPECIALTY } else { 1.0 };
        specialties.extend(plain(said).into_iter().map(|(text, own)| (text, own * weight)));
    }
    let own = clinic.specialty_words.iter().map(|(said, _)| said);
    let own = own.chain(clinic.doctors.iter().flat_map(|doctor| &doctor.specialties));
    let own: BTreeSet<String> = own.filter_map(|said| words(said)).collect();
    specialties.extend(own.into_iter().map(|said| (said, OWN_SPECIALTY / 2.0)));
    let vocabulary = clinic.vocabulary.iter();
    let vocabulary = vocabulary.filter(|word| !language.common.contains(word.as_str()));
    let vocabulary: BTreeSet<String> = vocabulary.filter_map(|word| words(word)).collect();
    let mut vocabulary: Vec<_> = vocabulary.into_iter().map(|word| (word, 1.0)).collect();
    if vocabulary.is_empty() {
        vocabulary.push(("services".to_owned(), 1.0));
    }
    let mut languages = vec![(language.name.to_lowercase(), 1.0)];
    languages.extend(language.languages.iter().filter_map(|l| Some((words(&l.name)?, 1.0))));
    BTreeMap::from([
        ("doctor_name", doctors),
        ("specialty", specialties),
        ("clinic_word", vocabulary),
        ("language", languages),
    ])
}

/// A name or phrase as the words of a template: lower case, without accents and signs; `None` if
/// nothing that can be pronounced is left.
fn words(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        match c {
            'a'..='z' | '\'' => out.push(c),
            'à'..='å' => out.push('a'),
            'ç' => out.push('c'),
            'è'..='ë' => out.push('e'),
            'ì'..='ï' => out.push('i'),
            'ñ' => out.push('n'),
            'ò'..='ö' | 'ø' => out.push('o'),
            'ù'..='ü' => out.push('u'),
            'ý' | 'ÿ' => out.push('y'),
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            '.' => {}
            _ => out.push(' '),
        }
    }
    let kept: Vec<_> = out
        .split_whitespace()
        .map(|word| word.trim_matches('\''))
        .filter(|w| !w.is_empty())
        .collect();
    (!kept.is_empty()).then(|| kept.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expectation_has_a_language_model_that_can_be_built() {
        let spoken = Spoken::new(&Language::english(), &ClinicFacts::default());
        for expectation in Expectation::ALL {
            if let Err(error) = spoken.listening(expectation).source().build() {
                panic!("{expectation:?}: {error}");
            }
        }
    }

    #[test]
    fn names_become_words_that_can_be_pronounced() {
        assert_eq!(words("Dr. José Núñez-O'Brien").as_deref(), Some("dr jose nunez o'brien"));
        assert_eq!(words("…"), None);
        assert_eq!(
            (letters("miller", true), letters("miller", false)),
            ("m i double l e r".into(), "m i l l e r".into())
        );
    }
}
