//! Doctors and specialties that a caller names.

use frontdesk_types::DoctorId;

use super::days::ends_before;
use super::distance::distance;
use super::pattern::{Reader, longest_at};
use super::tokens::Tokens;
use crate::dialogue::ClinicFacts;
use crate::language::Language;

/// Shortest word in which one wrong letter is forgiven.
const FUZZY_FROM: usize = 5;

/// Which doctor a caller means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DoctorMention {
    /// One of the clinic's.
    Known(DoctorId),
    /// Several of the clinic's have that name.
    Several(Vec<DoctorId>),
    /// A name that no doctor here has.
    Unknown(String),
}

/// Which specialty a caller means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SpecialtyMention {
    /// One that the clinic has, as the clinic calls it.
    Known(String),
    /// One that it does not have.
    NotHere(String),
}

/// Takes a doctor's name out of `tokens`.
pub(crate) fn take_doctor(
    tokens: &mut Tokens,
    language: &Language,
    clinic: &ClinicFacts,
) -> Option<DoctorMention> {
    let mut best: Option<(usize, std::ops::Range<usize>, Vec<DoctorId>)> = None;
    let mut unknown = None;
    for at in 0..tokens.len() {
        let titled = language.titles.iter().any(|title| title == tokens.text(at));
        let start = at + usize::from(titled);
        let reader = Reader { tokens, language, latest_year: 0 };
        if ends_before(&language.words.negated, reader, at).is_some() {
            continue;
        }
        for doctor in &clinic.doctors {
            let length = named(tokens, language, start, &doctor.name, titled);
            // A first name alone is enough only after a title.
            if length == 0 {
                continue;
            }
            let range = at..start + length;
            match &mut best {
                Some((longest, _, all)) if *longest == length => {
                    if !all.contains(&doctor.id) {
                        all.push(doctor.id);
                    }
                }
                Some((longest, ..)) if *longest > length => {}
                _ => best = Some((length, range, vec![doctor.id])),
            }
        }
        let word = tokens.text(start);
        if titled
            && unknown.is_none()
            && !word.is_empty()
            && word.chars().all(char::is_alphabetic)
            && !language.common.contains(word)
            && !language.titles.iter().any(|title| title == word)
            && !tokens.words[at].stop_between(language)
        {
            let name = {
                let raw = tokens.words[start].raw.as_str();
                language.owner(raw).unwrap_or(raw).to_owned()
            };
            unknown = Some((at..start + 1, name));
        }
    }
    if let Some((_, range, doctors)) = best {
        tokens.take(range);
        return Some(match doctors.as_slice() {
            [one] => DoctorMention::Known(*one),
            _ => DoctorMention::Several(doctors),
        });
    }
    let (range, name) = unknown?;
    tokens.take(range);
    Some(DoctorMention::Unknown(name))
}

impl super::tokens::Token {
    /// A title that ends a clause ("see the doctor, Friday") has no name after it.
    fn stop_between(&self, language: &Language) -> bool {
        self.stop && !language.titles.contains(&self.text)
    }
}

/// How many words from `start` on are this doctor's name.
fn named(tokens: &Tokens, language: &Language, start: usize, name: &str, titled: bool) -> usize {
    let parts: Vec<String> = name
        .to_lowercase()
        .split([' ', '-'])
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    let same = |word: &str, part: &str| {
        let word = language.owner(word).unwrap_or(word);
        word == part
            || (part.chars().count() >= FUZZY_FROM
                && word.chars().count() >= FUZZY_FROM
                && distance(word, part) <= 1)
    };
    let run = |parts: &[String]| {
        let hit = parts.iter().enumerate().all(|(i, part)| same(tokens.text(start + i), part));
        if hit { parts.len() } else { 0 }
    };
    let whole = run(&parts);
    if whole > 0 {
        return whole;
    }
    let last = parts.last().filter(|part| part.chars().count() >= 2);
    if last.is_some_and(|part| same(tokens.text(start), part)) {
        return 1;
    }
    let first = parts.first().is_some_and(|part| same(tokens.text(start), part));
    usize::from(titled && first)
}

/// The specialty that is named; the clinic's own words come before the language's.
pub(crate) fn specialty(
    tokens: &Tokens,
    language: &Language,
    clinic: &ClinicFacts,
) -> Option<SpecialtyMention> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let has = |name: &str| {
        let all = clinic.doctors.iter().flat_map(|doctor| &doctor.specialties);
        all.into_iter().find(|own| own.eq_ignore_ascii_case(name)).cloned()
    };
    let mut best: Option<(usize, SpecialtyMention)> = None;
    let mut offer = |length: usize, mention: SpecialtyMention| {
        if best.as_ref().is_none_or(|(longest, _)| length > *longest) {
            best = Some((length, mention));
        }
    };
    let own = clinic.specialty_words.iter().map(|(words, name)| (words, name));
    let names = clinic.doctors.iter().flat_map(|doctor| &doctor.specialties).map(|s| (s, s));
    for (words, name) in own.chain(names) {
        let length = phrase_length(tokens, words, language);
        if length > 0 {
            let known = has(name).map(SpecialtyMention::Known);
            offer(length, known.unwrap_or_else(|| SpecialtyMention::NotHere(name.clone())));
        }
    }
    for named in &language.specialties {
        for at in 0..tokens.len() {
            let Some(found) = longest_at(&named.say, reader, at) else { continue };
            if ends_before(&language.words.negated, reader, at).is_some() {
                continue;
            }
            let known = has(&named.name).map(SpecialtyMention::Known);
            offer(
                found.len(),
                known.unwrap_or_else(|| SpecialtyMention::NotHere(named.name.clone())),
            );
        }
    }
    best.map(|(_, mention)| mention)
}

/// Words of `phrase` if it stands in `tokens`, plural or not; else zero.
fn phrase_length(tokens: &Tokens, phrase: &str, language: &Language) -> usize {
    let phrase = Tokens::of(phrase, language);
    if phrase.words.is_empty() {
        return 0;
    }
    let same = |a: &str, b: &str| a == b || language.singular(a) == Some(b);
    let hit = (0..tokens.len())
        .any(|at| (0..phrase.len()).all(|i| same(tokens.text(at + i), phrase.text(i))));
    if hit { phrase.len() } else { 0 }
}
