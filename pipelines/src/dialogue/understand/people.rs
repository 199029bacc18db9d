//! Doctors and specialties that a caller names.

use std::ops::Range;

use frontdesk_types::DoctorId;

use super::days::ends_before;
use super::distance::distance;
use super::pattern::{Reader, find_any, longest_at};
use super::tokens::Tokens;
use super::wish;
use crate::dialogue::ClinicFacts;
use crate::language::Language;

/// Shortest word in which one wrong letter is forgiven.
const FUZZY_FROM: usize = 5;

/// Which doctor a caller means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DoctorMention {
    /// One of the clinic's.
    Known(DoctorId),
    /// Either of these will do.
    Either(Vec<DoctorId>),
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

/// Doctors that were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Doctors {
    pub(crate) doctor: Option<DoctorMention>,
    /// Those who are ruled out.
    pub(crate) not: Vec<DoctorId>,
}

/// A name of a doctor in an utterance.
struct Named {
    range: Range<usize>,
    /// All who have it.
    doctors: Vec<DoctorId>,
    length: usize,
    negated: bool,
}

/// Takes the names of doctors out of `tokens`.
pub(crate) fn take_doctors(
    tokens: &mut Tokens,
    language: &Language,
    clinic: &ClinicFacts,
) -> Doctors {
    let scope = wish::negations(tokens, language);
    let names: Vec<(Vec<String>, DoctorId)> =
        clinic.doctors.iter().map(|doctor| (parts(&doctor.name), doctor.id)).collect();
    let mut all: Vec<Named> = Vec::new();
    let mut unknown = None;
    let mut at = 0;
    while at < tokens.len() {
        let titled = language.titles.iter().any(|title| title == tokens.text(at));
        let start = at + usize::from(titled);
        // A first name alone is enough only after a title.
        let lengths =
            names.iter().map(|(parts, id)| (named(tokens, language, start, parts, titled), *id));
        let lengths: Vec<(usize, DoctorId)> = lengths.collect();
        let length = lengths.iter().map(|(length, _)| *length).max().unwrap_or(0);
        let negated = scope.get(at).copied().unwrap_or_default();
        if length > 0 {
            let reader = Reader { tokens, language, latest_year: 0 };
            let behind = longest_at(&language.words.unwanted_after, reader, start + length);
            let negated = negated || behind.is_some();
            let doctors = lengths.iter().filter(|(own, _)| *own == length).map(|(_, id)| *id);
            let (range, doctors) = (at..start + length, doctors.collect());
            at = range.end;
            all.push(Named { range, doctors, length, negated });
            continue;
        }
        let word = tokens.text(start);
        if titled
            && unknown.is_none()
            && !negated
            && !word.is_empty()
            && word.chars().all(char::is_alphabetic)
            && !language.common.contains(word)
            && !language.titles.iter().any(|title| title == word)
            && !tokens.words[at].stop
        {
            let name = {
                let raw = tokens.words[start].raw.as_str();
                language.owner(raw).unwrap_or(raw).to_owned()
            };
            unknown = Some((at..start + 1, name));
        }
        at += 1;
    }
    for named in &all {
        tokens.take(named.range.clone());
    }
    let not = all.iter().filter(|named| named.negated && named.doctors.len() == 1);
    let not: Vec<DoctorId> = not.flat_map(|named| named.doctors.clone()).collect();
    let wanted: Vec<&Named> = all.iter().filter(|named| !named.negated).collect();
    let doctor = mention(&wanted, tokens, language).or_else(|| {
        let (range, name) = unknown.filter(|_| wanted.is_empty())?;
        tokens.take(range);
        Some(DoctorMention::Unknown(name))
    });
    Doctors { doctor, not }
}

/// "Anybody but her": the doctor who was named is the one that is not wanted.
pub(super) fn rule_out(
    doctor: &mut Option<DoctorMention>,
    not: &mut Vec<DoctorId>,
    tokens: &Tokens,
    language: &Language,
) {
    let reader = Reader { tokens, language, latest_year: 0 };
    let unwanted = || find_any(&language.words.but_them, reader).is_some();
    if let Some(DoctorMention::Known(id)) = *doctor
        && unwanted()
    {
        not.push(id);
        *doctor = None;
    }
}

/// Whom the names come to: either of several, the fullest name, or the last that was said.
fn mention(wanted: &[&Named], tokens: &Tokens, language: &Language) -> Option<DoctorMention> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let no_matter = || find_any(&language.words.any_doctor, reader).is_some();
    let joined = wanted.windows(2).all(|pair| match pair {
        // "Hassan, Mansour, I don't mind."
        [a, b] if a.range.end == b.range.start => no_matter(),
        [a, b] => (a.range.end..b.range.start)
            .any(|at| longest_at(&language.scope.or, reader, at).is_some()),
        _ => true,
    });
    let single = wanted.iter().all(|named| named.doctors.len() == 1);
    if wanted.len() > 1 && joined && single {
        let mut doctors: Vec<DoctorId> = wanted.iter().flat_map(|n| n.doctors.clone()).collect();
        doctors.dedup();
        if doctors.len() > 1 {
            return Some(DoctorMention::Either(doctors));
        }
    }
    let longest = wanted.iter().map(|named| named.length).max()?;
    let best = wanted.iter().find(|named| named.length == longest)?;
    Some(match best.doctors.as_slice() {
        [one] => DoctorMention::Known(*one),
        several => DoctorMention::Several(several.to_vec()),
    })
}

/// The words of a name.
fn parts(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    name.split([' ', '-']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// How many words from `start` on are a doctor's name of these parts.
fn named(
    tokens: &Tokens,
    language: &Language,
    start: usize,
    parts: &[String],
    titled: bool,
) -> usize {
    // "Your books" is not Dr. Brooks.
    let common = |word: &str| {
        let one = language.singular(word).unwrap_or(word);
        language.common.contains(word) || language.common.contains(one)
    };
    let same = |word: &str, part: &str| {
        let word = language.owner(word).unwrap_or(word);
        word == part
            || (part.chars().count() >= FUZZY_FROM
                && word.chars().count() >= FUZZY_FROM
                && !common(word)
                && distance(word, part) <= 1)
    };
    let run = |parts: &[String]| {
        let hit = parts.iter().enumerate().all(|(i, part)| same(tokens.text(start + i), part));
        if hit { parts.len() } else { 0 }
    };
    let whole = run(parts);
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

/// The specialty that is named, and where; the clinic's own words come before the language's.
pub(crate) fn specialty(
    tokens: &Tokens,
    language: &Language,
    clinic: &ClinicFacts,
) -> Option<(Range<usize>, SpecialtyMention)> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let has = |name: &str| {
        let all = clinic.doctors.iter().flat_map(|doctor| &doctor.specialties);
        all.into_iter().find(|own| own.eq_ignore_ascii_case(name)).cloned()
    };
    let mut best: Option<(Range<usize>, &str)> = None;
    let mut offer = |range: Range<usize>, name| {
        if best.as_ref().is_none_or(|(longest, _)| range.len() > longest.len()) {
            best = Some((range, name));
        }
    };
    let own = clinic.specialty_words.iter().map(|(words, name)| (words, name));
    let names = clinic.doctors.iter().flat_map(|doctor| &doctor.specialties).map(|s| (s, s));
    for (words, name) in own.chain(names) {
        if let Some(range) = phrase(tokens, words, language) {
            offer(range, name.as_str());
        }
    }
    for named in &language.specialties {
        for at in 0..tokens.len() {
            let Some(found) = longest_at(&named.say, reader, at) else { continue };
            if ends_before(&language.words.negated, reader, at).is_some() {
                continue;
            }
            offer(found.start..found.end, named.name.as_str());
        }
    }
    best.map(|(range, name)| {
        let known = has(name).map(SpecialtyMention::Known);
        (range, known.unwrap_or_else(|| SpecialtyMention::NotHere(name.to_owned())))
    })
}

/// The clinic's specialty that what the caller wants is usually for: "a check-up".
pub(crate) fn usual(text: &str, language: &Language, clinic: &ClinicFacts) -> Option<String> {
    let tokens = Tokens::of(text, language);
    let reader = Reader { tokens: &tokens, language, latest_year: 0 };
    let all = || clinic.doctors.iter().flat_map(|doctor| &doctor.specialties);
    let named =
        language.specialties.iter().filter(|named| find_any(&named.usually, reader).is_some());
    named
        .filter_map(|named| all().find(|own| own.eq_ignore_ascii_case(&named.name)))
        .next()
        .cloned()
}

/// Where `phrase` stands in `tokens`, plural or not.
fn phrase(tokens: &Tokens, phrase: &str, language: &Language) -> Option<Range<usize>> {
    // Most are not there, which their first letters tell.
    let first = phrase.trim_start().chars().next()?;
    let begins = |word: &str| word.chars().next().is_some_and(|c| first.to_lowercase().eq([c]));
    if !(0..tokens.len()).any(|at| begins(tokens.text(at))) {
        return None;
    }
    let phrase = Tokens::of(phrase, language);
    if phrase.words.is_empty() {
        return None;
    }
    let same = |a: &str, b: &str| a == b || language.singular(a) == Some(b);
    let at = (0..tokens.len())
        .find(|at| (0..phrase.len()).all(|i| same(tokens.text(at + i), phrase.text(i))))?;
    Some(at..at + phrase.len())
}
