//! What callers are expected to say aloud: the sentences that a recognizer's language models are
//! made of, one model for each thing that can be asked.
//!
//! The sentences are a language's templates (`listen.toml`), filled with the clinic's data: doctors,
//! specialties in patients' words, what its documents speak of. What says nothing of the clinic is
//! the same for all, and recognizers keep models by their content. Names of patients enter only
//! where the caller's date of birth has been heard, for that call, in memory.

mod among;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use frontdesk_models::stt::Listening;
use frontdesk_models::stt::lm::LmSource;
use frontdesk_types::Phi;

use super::reading::Reading;
use super::understand::{Heard, Setting};
use super::{ClinicFacts, Expectation, Now, completeness, spelling};
use crate::language::Language;
use crate::language::listen::{Names, Script, Templates, Weighted, slots_of};
use crate::turn::Completeness;

pub use among::Among;

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

/// How much of what is said is the language at large, in words of which the templates know nothing.
/// Decision 0053 has what other shares brought.
const COMMON_SHARE: f64 = 0.4;

/// Words of hints at most: each makes recognition a little slower.
const HINT_WORDS: usize = 40;

/// What the callers of one clinic are expected to say in one language. Cheap to clone: made once
/// for a clinic, it is shared by its calls, and what is listened for is made once for all of them.
#[derive(Debug, Clone)]
pub struct Spoken(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    language: Language,
    facts: Arc<ClinicFacts>,
    clinic: BTreeMap<&'static str, Vec<(String, f64)>>,
    hints: Option<Arc<str>>,
    known: [OnceLock<Listening>; Expectation::ALL.len()],
}

impl Spoken {
    /// For the callers of `clinic`, in `language`.
    #[must_use]
    pub fn new(language: &Language, clinic: &Arc<ClinicFacts>) -> Self {
        Self(Arc::new(Shared {
            language: language.clone(),
            facts: Arc::clone(clinic),
            clinic: clinic_slots(language, clinic),
            hints: hints(clinic),
            known: Default::default(),
        }))
    }

    fn setting(&self, expect: Expectation, now: Now) -> Setting<'_> {
        Setting { language: &self.0.language, clinic: &self.0.facts, expect, now, anchor: None }
    }

    fn templates(&self) -> &Templates {
        self.0.language.listen()
    }

    /// Whether the words so far of an unfinished turn complete what is expected, for turn taking.
    #[must_use]
    pub fn completeness(&self, expect: Expectation, text: &str, now: Now) -> Completeness {
        completeness::of(text, self.setting(expect, now))
    }

    /// Whether the text holds nothing but acknowledgements, which do not take the turn.
    #[must_use]
    pub fn is_backchannel(&self, text: &str) -> bool {
        self.0.language.turn().is_backchannel(text)
    }

    /// Whether the text asks the agent to stop speaking.
    #[must_use]
    pub fn is_stop(&self, text: &str) -> bool {
        self.0.language.turn().is_stop(text)
    }

    /// What is listened for where this is expected.
    #[must_use]
    pub fn listening(&self, expectation: Expectation) -> Listening {
        let make = || {
            let listening = Listening::new(expectation.context(), self.source(expectation, &[]));
            // Where a doctor is named. To a yes, a number or a time a name would only be added.
            let names_doctors = matches!(expectation, Expectation::Request | Expectation::Doctor);
            listening.hinted(self.0.hints.clone().filter(|_| names_doctors))
        };
        once(&self.0.known, expectation, make)
    }

    /// What is listened for where the caller is likely to be one of these patients. Make it once,
    /// when they are known: it keeps what it has made.
    #[must_use]
    pub fn among(&self, patients: Vec<Phi<String>>) -> Among {
        Among::new(self.clone(), patients)
    }

    /// Whether the dialogue takes both for the same: what a recognizer is judged by.
    #[must_use]
    pub fn same(&self, expect: Expectation, said: &str, heard: &str, now: Now) -> bool {
        let setting = self.setting(expect, now);
        // What it comes to, and not with which words.
        let of = |text: &str| Heard { reading: Reading::default(), ..Heard::of(text, setting) };
        of(said) == of(heard)
    }

    /// The full name that the dialogue takes from an answer to the question for it.
    #[must_use]
    pub fn name(&self, heard: &str, now: Now) -> Option<String> {
        let heard = Heard::of(heard, self.setting(Expectation::FullName, now));
        heard.name.filter(|name| name.full).map(|name| name.name)
    }

    /// What was heard, with a name that was spelled brought to one that is known: common, or of one
    /// of these patients.
    #[must_use]
    pub fn respelled(
        &self,
        expectation: Expectation,
        text: &str,
        patients: &[Phi<String>],
    ) -> String {
        if !matches!(expectation, Expectation::FullName | Expectation::Spelling) {
            return text.to_owned();
        }
        let templates = self.templates();
        let known = Part::Last.of_all(patients, &templates.script);
        let names = templates.last_names().chain(known.iter().map(String::as_str));
        spelling::respell(text, names, templates)
    }

    fn source(&self, expectation: Expectation, patients: &[Phi<String>]) -> LmSource {
        let templates = self.templates();
        let Some(state) = templates.states.get(&expectation) else { return LmSource::new() };
        let naming = expectation.is_naming();
        let any = if state.plain { "{any_plain}" } else { "{any}" };
        let any = self.fill(&[Weighted(any.to_owned(), 1.0)], false, &[]);
        let source = self.fill(&state.say, naming, patients).worth(state.worth).mix(any, state.any);
        // Among thousands of names, every other word would only be in the way.
        match &templates.common_words {
            Some(common) if !naming => source.background(Arc::clone(common), COMMON_SHARE),
            _ => source,
        }
    }

    /// A source of these templates with the slots that they reach.
    fn fill(&self, say: &[Weighted], naming: bool, patients: &[Phi<String>]) -> LmSource {
        let mut source = LmSource::new();
        let mut open: Vec<String> = Vec::new();
        for Weighted(text, weight) in say {
            open.extend(slots_of(text).map(str::to_owned));
            source = source.weighted_sentence(text.as_str(), *weight);
        }
        let mut filled = BTreeSet::new();
        while let Some(slot) = open.pop() {
            if !filled.insert(slot.clone()) {
                continue;
            }
            let values = self.values(&slot, naming, patients);
            open.extend(values.iter().flat_map(|(text, _)| slots_of(text)).map(str::to_owned));
            source = source.weighted_slot(&slot, values);
        }
        source
    }

    fn values(&self, slot: &str, naming: bool, patients: &[Phi<String>]) -> Vec<(String, f64)> {
        let templates = self.templates();
        let of_patients = || {
            let names = patients.iter().map(|name| templates.script.words(name.expose()));
            names.flatten()
        };
        // By the root of how common they are: were a common name as likely as it is, rare ones that
        // sound like it would be heard as the common one, and it may be a patient's.
        let take = |names: &Names| {
            let count = if naming { names.len() } else { FEW_NAMES };
            names.iter().take(count).map(|(name, common)| (name.clone(), common.sqrt())).collect()
        };
        match slot {
            "first" => take(&templates.first_names),
            "last" => take(&templates.last_names),
            "spelled" => spelled(Part::Last, patients, templates, false),
            "said_spelled" => spelled(Part::Last, patients, templates, true),
            "spelled_first" => spelled(Part::First, patients, templates, false),
            "said_spelled_first" => spelled(Part::First, patients, templates, true),
            "patient_name" => of_patients().map(|name| (name, 1.0)).collect(),
            "reversed_name" => {
                let mut all = vec![("{last} {first}".to_owned(), 1.0)];
                all.push(("{last} {first} {last}".to_owned(), 1.0));
                for name in of_patients() {
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
                let own = self.0.clinic.get(slot);
                let common = templates.slots.get(slot).map(|all| plain(all));
                own.cloned().or(common).unwrap_or_default()
            }
        }
    }
}

/// What is listened for, made when it is first asked for.
fn once(
    known: &[OnceLock<Listening>; Expectation::ALL.len()],
    expectation: Expectation,
    make: impl FnOnce() -> Listening,
) -> Listening {
    let at = Expectation::ALL.iter().position(|known| *known == expectation);
    match at.and_then(|at| known.get(at)) {
        Some(known) => known.get_or_init(make).clone(),
        None => make(),
    }
}

/// The name that somebody spelled after they said it; nothing if these are no letters of one.
pub(super) fn spelled_name(
    part: Part,
    text: &str,
    said: &str,
    language: &Language,
) -> Option<String> {
    let templates = language.listen();
    let common = part.common(templates).iter().map(|(name, _)| name.as_str());
    spelling::spelled_name(text, said, common, templates)
}

/// Which part of a name is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    First,
    Last,
}

impl Part {
    /// The names that are common.
    const fn common(self, templates: &Templates) -> &Names {
        match self {
            Self::First => &templates.first_names,
            Self::Last => &templates.last_names,
        }
    }

    /// This part of each of these people's names.
    fn of_all(self, patients: &[Phi<String>], script: &Script) -> Vec<String> {
        let part = |name: String| match self {
            Self::First => name.split(' ').next().map(str::to_owned),
            Self::Last => name.rsplit(' ').next().map(str::to_owned),
        };
        let names = patients.iter().filter_map(|name| script.words(name.expose()));
        names.filter_map(part).collect()
    }
}

/// First or last names letter by letter, after the name itself or without it. Rare names are
/// spelled more often than they are borne, and those of the caller's day of birth are likelier than
/// others.
fn spelled(
    part: Part,
    patients: &[Phi<String>],
    templates: &Templates,
    said: bool,
) -> Vec<(String, f64)> {
    let known = part.of_all(patients, &templates.script);
    let common = part.common(templates).iter().map(|(name, count)| (name.as_str(), count.sqrt()));
    let known = known.iter().map(|name| (name.as_str(), KNOWN_SPELLING));
    let mut all = Vec::new();
    for (name, weight) in common.chain(known) {
        let lead = if said { format!("{name} [{{spell_lead}}] ") } else { String::new() };
        let plain = letters(name, templates, false);
        let doubled = letters(name, templates, true);
        all.push((lead.clone() + &plain, weight));
        if doubled != plain {
            all.push((lead + &doubled, weight / 2.0));
        }
    }
    all
}

/// "m i l l e r", or "m i double l e r".
fn letters(name: &str, templates: &Templates, doubling: bool) -> String {
    let double = &templates.spelling.double;
    let doubling = doubling && !double.is_empty();
    let letters: Vec<char> = name.chars().filter(|c| templates.script.is_letter(*c)).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        if doubling && letters.get(at + 1) == Some(letter) {
            out.push(double.clone());
            at += 1;
        }
        out.push(letter.to_string());
        at += 1;
    }
    out.join(" ")
}

/// The clinic's doctors and specialties, for recognizers that take hints: first the doctors, as
/// many as there is room for. Nothing of a patient.
fn hints(clinic: &ClinicFacts) -> Option<Arc<str>> {
    let names = clinic.doctors.iter().map(|doctor| doctor.name.as_str());
    let specialties = clinic.doctors.iter().flat_map(|doctor| &doctor.specialties);
    let specialties: BTreeSet<&str> = specialties.map(String::as_str).collect();
    let mut room = HINT_WORDS;
    let fits = |hint: &&str| {
        let words = hint.split_whitespace().count();
        let fits = words > 0 && words <= room;
        room -= if fits { words } else { 0 };
        fits
    };
    let hints: Vec<&str> = names.chain(specialties).filter(fits).collect();
    (!hints.is_empty()).then(|| format!("{}.", hints.join(", ")).into())
}

fn plain(all: &[Weighted]) -> Vec<(String, f64)> {
    all.iter().map(|Weighted(text, weight)| (text.clone(), *weight)).collect()
}

fn clinic_slots(
    language: &Language,
    clinic: &ClinicFacts,
) -> BTreeMap<&'static str, Vec<(String, f64)>> {
    let templates = language.listen();
    let words = |text: &str| templates.script.words(text);
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
        doctors = templates.first_names.iter().take(FEW_NAMES).cloned().collect();
    }
    let mut specialties = Vec::new();
    let has = |name: &str| {
        clinic
            .doctors
            .iter()
            .any(|d| d.specialties.iter().any(|own| own.eq_ignore_ascii_case(name)))
    };
    for (name, said) in &templates.specialties {
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
    let vocabulary: Vec<_> = vocabulary.into_iter().map(|word| (word, 1.0)).collect();
    let others = language.languages.iter().map(|other| other.name.as_str());
    let names = std::iter::once(language.name()).chain(others);
    let languages: Vec<_> = names.filter_map(|name| Some((words(name)?, 1.0))).collect();
    let mut slots = BTreeMap::from([
        ("doctor_name", doctors),
        ("specialty", specialties),
        ("language", languages),
    ]);
    if !vocabulary.is_empty() {
        slots.insert("clinic_word", vocabulary);
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    #[test]
    fn every_expectation_has_a_language_model_that_can_be_built() {
        let spoken = Spoken::new(&english(), &Arc::default());
        for expectation in Expectation::ALL {
            if let Err(error) = spoken.listening(expectation).source().build() {
                panic!("{expectation:?}: {error}");
            }
        }
    }

    fn clinic_of(doctors: usize) -> Spoken {
        let doctor = |n: usize| crate::dialogue::DoctorFacts {
            id: frontdesk_types::DoctorId::from_uuid(uuid::Uuid::from_u128(n as u128)),
            name: format!("Leila Mansour{n}"),
            specialties: vec!["cardiology".to_owned()],
            fee: None,
            languages: Vec::new(),
            gender: None,
        };
        let doctors = (0..doctors).map(doctor).collect();
        Spoken::new(&english(), &Arc::new(ClinicFacts { doctors, ..ClinicFacts::default() }))
    }

    #[test]
    fn hints_name_doctors_and_specialties_and_never_a_patient() {
        let spoken = clinic_of(2);
        let hints = |listening: &Listening| listening.hints().map(ToString::to_string);
        let known = "Leila Mansour0, Leila Mansour1, cardiology.";
        assert_eq!(hints(&spoken.listening(Expectation::Request)).as_deref(), Some(known));
        assert_eq!(hints(&spoken.listening(Expectation::YesNo)), None);
        let among = spoken.among(vec![Phi::new("Mary Johnson".to_owned())]);
        for expectation in Expectation::ALL {
            let hints = hints(&among.listening(expectation)).unwrap_or_default();
            assert!(!hints.to_lowercase().contains("johnson"), "{expectation:?}: {hints}");
            assert!(!expectation.is_naming() || hints.is_empty(), "{expectation:?}: {hints}");
        }
    }

    #[test]
    fn hints_of_a_large_clinic_stay_short() {
        let listening = clinic_of(500).listening(Expectation::Doctor);
        let hints = listening.hints().expect("hints");
        assert!(hints.split_whitespace().count() <= HINT_WORDS, "{hints}");
    }

    #[test]
    fn a_name_is_spelled_with_its_double_letters_or_without() {
        let english = english();
        let of = |doubling| letters("miller", english.listen(), doubling);
        assert_eq!((of(true), of(false)), ("m i double l e r".into(), "m i l l e r".into()));
    }
}
