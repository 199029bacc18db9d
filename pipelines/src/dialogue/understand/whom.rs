//! Whom a visit is for, as far as an utterance tells: who calls, or somebody else.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::names::{self, NameMention};
use super::pattern::kin;
use super::pattern::{List, Match, Reader, Slot, all_at, find_any, longest_at};
use super::tokens::Tokens;
use crate::dialogue::ClinicFacts;
use crate::language::Language;

/// Somebody who may be the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Person {
    /// Who calls.
    Caller,
    Other(Relation),
}

/// How somebody else is related to who calls, as far as it was said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Relation {
    /// A relation of the language's table; empty if none was named.
    pub(crate) name: String,
    /// The word by which one is told from another of the same relation: "little".
    pub(crate) described: Option<String>,
    /// Another than the one before.
    pub(crate) another: bool,
}

/// What an utterance tells of the patient.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Whom {
    /// It says that the visit is for somebody else.
    pub(crate) other: bool,
    /// Somebody else is mentioned, who may be the patient.
    pub(crate) relative: bool,
    /// It says that the visit is for who calls.
    pub(crate) caller: bool,
    /// Something of theirs is meant: "my son's", and not "my son's ill".
    pub(crate) owner: bool,
    /// The caller is named at least ("for me"), which may be no more than a way of speaking.
    pub(crate) for_me: bool,
    /// The persons who are named, in order; several only where they are named together.
    pub(crate) persons: Vec<Person>,
}

/// A member of the family and where they are mentioned.
struct Mention {
    range: Range<usize>,
    relation: Relation,
    /// The words say that they are the patient.
    strong: bool,
    /// Something of theirs is meant.
    owner: bool,
}

impl Whom {
    pub(crate) fn of(tokens: &Tokens, language: &Language) -> Self {
        let reader = Reader { tokens, language, latest_year: 0 };
        let words = &language.words;
        let is = |list: &List| find_any(list, reader).is_some();
        let sent = ranges(&words.sent_me, reader);
        let apart = |m: &Match| !sent.iter().any(|own| own.start < m.end && m.start < own.end);
        let other =
            (0..tokens.len()).any(|at| all_at(&words.other_patient, reader, at).any(|m| apart(&m)));
        let for_me = is(&words.for_me);
        let mentioned =
            || (0..tokens.len()).any(|at| all_at(&words.relatives, reader, at).any(|m| apart(&m)));
        let relative = other || (!for_me && mentioned());
        let mentions = mentions(reader, &sent);
        let owner = mentions.iter().any(|mention| mention.owner);
        let persons = persons(reader, &mentions);
        let several = persons.len() > 1;
        let caller = !other && !several && is(&words.caller_too);
        Self { other, relative, caller, owner, for_me, persons }
    }
}

fn ranges(list: &List, reader: Reader<'_>) -> Vec<Range<usize>> {
    let found = (0..reader.tokens.len()).filter_map(|at| longest_at(list, reader, at));
    found.map(|m| m.start..m.end).collect()
}

/// The relatives who are mentioned, in order.
fn mentions(reader: Reader<'_>, sent: &[Range<usize>]) -> Vec<Mention> {
    let words = &reader.language.words;
    let mut found: Vec<Mention> = Vec::new();
    let mut at = 0;
    while at < reader.tokens.len() {
        let strong = all_at(&words.other_patient, reader, at).map(|m| (true, m));
        let weak = all_at(&words.relatives, reader, at).map(|m| (false, m));
        let apart = |m: &Match| !sent.iter().any(|own| own.start < m.end && m.start < own.end);
        let best = strong
            .chain(weak)
            .filter(|(_, m)| apart(m))
            .filter_map(|(strong, m)| mention(reader, &m, strong))
            .max_by_key(|mention| (mention.range.len(), mention.strong));
        match best {
            Some(mention) => {
                at = mention.range.end.max(at + 1);
                found.push(mention);
            }
            None => at += 1,
        }
    }
    found
}

/// The relative in a match; its range ends with them.
fn mention(reader: Reader<'_>, found: &Match, strong: bool) -> Option<Mention> {
    let kinds = [Slot::Kin, Slot::KinOwner, Slot::Person];
    let slots: Vec<_> = found.slots.iter().filter(|(slot, _)| kinds.contains(slot)).collect();
    let (slot, index) = slots.last()?;
    let table = &reader.language.kin;
    let relation = |index: i64| table.relations.get(usize::try_from(index).ok()?);
    let name = slots.iter().filter_map(|(_, index)| relation(*index)).map(|r| r.name.as_str());
    let name = name.collect::<Vec<_>>().join(" ");
    let own = |at: usize| {
        let values = kin::values(*slot, reader, at).into_iter();
        values.filter(|(value, _)| value == index).map(|(_, length)| length).max()
    };
    let (start, length) =
        (found.start..found.end).find_map(|at| own(at).map(|length| (at, length)))?;
    let within = || start..start + length;
    let told_apart = |list: &List| {
        within().find_map(|at| longest_at(list, reader, at).filter(|m| m.end < start + length))
    };
    let another = within().any(|at| longest_at(&table.another, reader, at).is_some());
    let described = told_apart(&table.described).map(|m| {
        let words = (m.start..m.end).map(|at| reader.tokens.text(at));
        words.collect::<Vec<_>>().join(" ")
    });
    let relation = Relation { name, described, another };
    let end = start + length;
    let last = reader.tokens.words.get(end - 1);
    let closed = last.is_some_and(|word| word.stop) || end >= reader.tokens.len();
    let owner = *slot == Slot::KinOwner
        && reader.language.owner(reader.tokens.text(end - 1)).is_some()
        && (closed || longest_at(&reader.language.words.owned, reader, end).is_some());
    Some(Mention { range: found.start..end, relation, strong, owner })
}

/// Who is named together, or the one whom the words say most of.
fn persons(reader: Reader<'_>, mentions: &[Mention]) -> Vec<Person> {
    let words = &reader.language.words;
    let joined = |from: usize, to: usize| {
        let mut at = from;
        while at < to {
            match longest_at(&words.with_whom, reader, at) {
                Some(link) if link.end <= to => at = link.end,
                _ => return false,
            }
        }
        from < to
    };
    let together = mentions.len() > 1
        && mentions.windows(2).all(|pair| match pair {
            [a, b] => joined(a.range.end, b.range.start),
            _ => true,
        });
    let of_us = find_any(&words.of_us, reader).is_some();
    let me = ranges(&words.and_me, reader);
    let before = mentions.first().is_some_and(|one| me.iter().any(|me| me.end == one.range.start));
    let after = mentions.last().is_some_and(|one| me.iter().any(|me| me.start == one.range.end));
    let mut all: Vec<Person> = Vec::new();
    let single = mentions.iter().find(|one| one.strong).or_else(|| mentions.first());
    if together {
        all.extend(mentions.iter().map(|one| Person::Other(one.relation.clone())));
    } else {
        all.extend(single.map(|one| Person::Other(one.relation.clone())));
    }
    if of_us && all.is_empty() {
        all.push(Person::Other(Relation::default()));
    }
    if before || of_us {
        all.insert(0, Person::Caller);
    } else if after {
        all.push(Person::Caller);
    }
    all
}

/// Takes the name of the patient who is somebody else: "my daughter Nadia", "for Tom Miller",
/// "Omar needs to see a doctor".
pub(crate) fn take_name(
    tokens: &mut Tokens,
    language: &Language,
    clinic: &ClinicFacts,
) -> Option<NameMention> {
    let (range, full) = behind_relative(tokens, language)
        .or_else(|| behind_for(tokens, language, clinic))
        .or_else(|| before_need(tokens, language, clinic))
        .or_else(|| before_relative(tokens, language, clinic))?;
    let name = names::spoken_name(&tokens.words[range.clone()], language);
    tokens.take(range);
    Some(NameMention { name, full, introduced: true, own: false })
}

/// "My daughter [is called] Nadia [Johnson]": with capitals, or a first name that is known.
fn behind_relative(tokens: &Tokens, language: &Language) -> Option<(Range<usize>, bool)> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let lists = [&language.words.relatives, &language.words.other_patient];
    (0..tokens.len()).find_map(|at| {
        let all = lists.iter().flat_map(|list| all_at(list, reader, at));
        let ends = all.filter_map(|m| mention(reader, &m, false)).map(|m| m.range.end);
        ends.max().and_then(|end| {
            let called = longest_at(&language.words.is_called, reader, end);
            let start = called.as_ref().map_or(end, |called| called.end);
            let run = named(tokens, language, start)?;
            let full = run.len() >= 2;
            // "Is" and one word is more often no name: "my wife is Egyptian".
            let sure = called.is_none() || full || is_first_name(tokens.text(start), language);
            sure.then_some((run, full))
        })
    })
}

/// "For Tom Miller", "on behalf of Nadia".
fn behind_for(
    tokens: &Tokens,
    language: &Language,
    clinic: &ClinicFacts,
) -> Option<(Range<usize>, bool)> {
    let reader = Reader { tokens, language, latest_year: 0 };
    (0..tokens.len()).find_map(|at| {
        let start = longest_at(&language.words.name_for, reader, at)?.end;
        let run = named(tokens, language, start).filter(|_| !is_doctor(tokens, start, clinic))?;
        let last = tokens.text(run.end - 1);
        let last_name = run.len() > 1 && language.listen().is_last_name(last);
        let known = is_first_name(tokens.text(start), language) || last_name;
        let full = run.len() >= 2;
        known.then_some((run, full))
    })
}

/// "Omar needs to see a doctor".
fn before_need(
    tokens: &Tokens,
    language: &Language,
    clinic: &ClinicFacts,
) -> Option<(Range<usize>, bool)> {
    let reader = Reader { tokens, language, latest_year: 0 };
    (0..tokens.len()).find_map(|at| {
        let run = named(tokens, language, at).filter(|_| !is_doctor(tokens, at, clinic))?;
        let known = is_first_name(tokens.text(at), language);
        let needs = longest_at(&language.words.needs, reader, run.end).is_some();
        let full = run.len() >= 2;
        (known && needs).then_some((run, full))
    })
}

/// "Tom Miller is my father", "Nadia, she's my youngest".
fn before_relative(
    tokens: &Tokens,
    language: &Language,
    clinic: &ClinicFacts,
) -> Option<(Range<usize>, bool)> {
    let reader = Reader { tokens, language, latest_year: 0 };
    (0..tokens.len()).find_map(|at| {
        let run = named(tokens, language, at).filter(|_| !is_doctor(tokens, at, clinic))?;
        let known = is_first_name(tokens.text(at), language);
        let related = longest_at(&language.words.is_relative, reader, run.end).is_some();
        let full = run.len() >= 2;
        (known && related).then_some((run, full))
    })
}

fn is_first_name(word: &str, language: &Language) -> bool {
    !language.common.contains(word)
        && language.month(word).is_none()
        && language.listen().is_first_name(word)
}

/// Whether the name that begins here may be that of a doctor of the clinic.
pub(super) fn is_doctor(tokens: &Tokens, at: usize, clinic: &ClinicFacts) -> bool {
    let word = tokens.text(at);
    let part = |name: &str| name.split([' ', '-']).any(|part| part.eq_ignore_ascii_case(word));
    clinic.doctors.iter().any(|doctor| part(&doctor.name))
}

/// A name from `start` on: words with capitals, or known names where nothing has capitals.
fn named(tokens: &Tokens, language: &Language, start: usize) -> Option<Range<usize>> {
    let run = names::name_run(tokens, language, start);
    let capital = |at: &usize| tokens.words[*at].raw.starts_with(char::is_uppercase);
    let capitals = run.clone().take_while(capital).count();
    if capitals > 0 && start > 0 {
        let word = tokens.text(start);
        let date =
            capitals == 1 && (language.month(word).is_some() || language.weekday(word).is_some());
        return (!date).then(|| start..start + capitals);
    }
    if run.is_empty() || !is_first_name(tokens.text(start), language) {
        return None;
    }
    let last = run.len() > 1
        && !language.common.contains(tokens.text(start + 1))
        && (capitals > 1 || language.listen().is_last_name(tokens.text(start + 1)));
    Some(start..start + 1 + usize::from(last))
}
