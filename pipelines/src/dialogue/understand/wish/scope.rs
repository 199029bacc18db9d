//! What the words around a day or a time make of it: ruled out, told as a story, or a bound.
//!
//! An utterance falls into clauses. In each, words such as "not" and "except" rule out what follows
//! up to a "but"; a clause that tells what has been asks for nothing; one that tells when somebody
//! works or is away rules that time out.

use super::super::days::ends_before;
use super::super::pattern::{List, Reader, find_any, longest_at};
use super::super::tokens::Tokens;
use crate::language::Language;

/// What a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    #[default]
    Free,
    /// Tells what has been.
    Story,
    /// Tells when somebody cannot come.
    Unavailable,
    /// Tells from when on somebody can, …
    From,
    /// … and until when.
    Until,
}

/// How each word stands.
#[derive(Debug, Default)]
pub(super) struct Scope {
    negated: Vec<bool>,
    soft: Vec<bool>,
    roles: Vec<Role>,
}

impl Scope {
    pub(super) fn of(tokens: &Tokens, language: &Language) -> Self {
        let reader = Reader { tokens, language, latest_year: 0 };
        if tokens.words.is_empty() {
            return Self::default();
        }
        let clauses = clauses(reader);
        let mut roles = vec![Role::Free; tokens.len()];
        for clause in &clauses {
            roles[clause.clone()].fill(role(reader, clause.clone()));
        }
        // "I'm back on the 8th. Is there something that day?"
        let refers = find_any(&language.scope.that_day, reader).is_some();
        // A story alone is what the caller has said: it is left to those who ask about it.
        let told = |range: &std::ops::Range<usize>| roles[range.start] == Role::Story;
        let all = clauses.iter().all(|clause| told(clause) || is_filler(reader, clause.clone()));
        if all || refers {
            roles.iter_mut().filter(|role| **role == Role::Story).for_each(|r| *r = Role::Free);
        }
        Self { negated: negated(reader), soft: soft(reader), roles }
    }

    pub(super) fn is_negated(&self, at: usize) -> bool {
        self.negated.get(at).copied().unwrap_or_default()
    }

    /// Whether it stands behind a word that makes it a preference: "ideally".
    pub(super) fn is_soft(&self, at: usize) -> bool {
        self.soft.get(at).copied().unwrap_or_default()
    }

    pub(super) fn role(&self, at: usize) -> Role {
        self.roles.get(at).copied().unwrap_or_default()
    }

    /// Whether the word belongs to a story.
    pub(super) fn is_story(&self, at: usize) -> bool {
        self.role(at) == Role::Story
    }
}

/// Whether a phrase that begins there is told and not asked for: "since Monday".
pub(super) fn is_since(reader: Reader<'_>, start: usize) -> bool {
    ends_before(&reader.language.scope.since, reader, start).is_some()
}

fn at(list: &List, reader: Reader<'_>, at: usize) -> Option<usize> {
    longest_at(list, reader, at).map(|found| found.len())
}

/// The clauses of an utterance, left to right.
fn clauses(reader: Reader<'_>) -> Vec<std::ops::Range<usize>> {
    let tokens = reader.tokens;
    let mut starts = vec![0];
    for start in 1..tokens.len() {
        let after_stop = tokens.words[start - 1].stop;
        if after_stop || at(&reader.language.scope.clause, reader, start).is_some() {
            starts.push(start);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([tokens.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

fn role(reader: Reader<'_>, clause: std::ops::Range<usize>) -> Role {
    let scope = &reader.language.scope;
    let has = |list: &List| clause.clone().any(|start| longest_at(list, reader, start).is_some());
    if has(&scope.free_from) {
        Role::From
    } else if has(&scope.free_until) {
        Role::Until
    } else if has(&scope.unavailable) || is_engaged(reader, &clause) {
        Role::Unavailable
    } else if has(&scope.story) && !has(&scope.wish) {
        Role::Story
    } else {
        Role::Free
    }
}

/// "I have a wedding on Friday", "Tuesdays we go to choir": told beside no wish and no free time.
fn is_engaged(reader: Reader<'_>, clause: &std::ops::Range<usize>) -> bool {
    let scope = &reader.language.scope;
    let has = |list: &List| clause.clone().any(|start| longest_at(list, reader, start).is_some());
    has(&scope.engaged) && !has(&scope.at_liberty) && !has(&scope.wish)
}

fn is_filler(reader: Reader<'_>, clause: std::ops::Range<usize>) -> bool {
    let words = &reader.language.words;
    clause.into_iter().all(|start| {
        let empty = reader.tokens.text(start).is_empty();
        empty || [&words.fillers, &words.leads].iter().any(|l| at(l, reader, start).is_some())
    })
}

/// Which words are ruled out.
pub(super) fn negated(reader: Reader<'_>) -> Vec<bool> {
    let (tokens, scope) = (reader.tokens, &reader.language.scope);
    let mut all = vec![false; tokens.len()];
    if find_any(&scope.not, reader).is_none() && find_any(&scope.than, reader).is_none() {
        return all;
    }
    let (mut index, mut not, mut timed, mut compared) = (0, false, false, false);
    while index < tokens.len() {
        let after_stop = index > 0 && tokens.words[index - 1].stop;
        if after_stop && !(not && goes_on(reader, index)) {
            not = false;
        }
        compared = !after_stop && compared || at(&scope.compared, reader, index).is_some();
        // "I'd rather come on the 20th than on the 18th."
        if let Some(length) = at(&scope.than, reader, index).filter(|_| compared)
            && !is_bound(reader, index + 1)
        {
            (not, timed, compared) = (true, false, false);
            // The "on" of "than on" belongs to the date behind it.
            let end = (index + length).min(tokens.len());
            all[index + 1..end].fill(true);
            index += length;
            continue;
        }
        if let Some(length) = at(&scope.keep, reader, index) {
            all[index..(index + length).min(tokens.len())].fill(false);
            index += length;
            continue;
        }
        if let Some(length) = at(&scope.not, reader, index) {
            (not, timed) = (!is_answer(reader, index, length), false);
            index += length;
            continue;
        }
        let ends =
            [&scope.reset, &scope.good_after].iter().any(|list| at(list, reader, index).is_some());
        // "Any day but Tuesday with Dr. Miller": a time is ruled out, and not the doctor.
        let other = timed && at(&scope.beside, reader, index).is_some();
        timed |= at(&scope.time_like, reader, index).is_some();
        not &= !ends && !other && at(&scope.clause, reader, index).is_none();
        all[index] = not;
        index += 1;
    }
    all
}

/// Which words are only preferred: those behind a word that says so, up to the end of the clause.
pub(super) fn soft(reader: Reader<'_>) -> Vec<bool> {
    let (tokens, scope) = (reader.tokens, &reader.language.scope);
    let mut all = vec![false; tokens.len()];
    let (mut index, mut soft, mut fresh) = (0, false, false);
    while index < tokens.len() {
        let stop = index > 0 && tokens.words[index - 1].stop;
        // "If possible on Monday": what stands behind nothing speaks of what follows.
        let leads = at(&scope.soft_after, reader, index).filter(|length| {
            let last = tokens.words.get(index + length - 1).is_some_and(|word| word.stop);
            index == 0 || stop && !last
        });
        if let Some(length) = at(&scope.soft, reader, index).or(leads) {
            (soft, fresh) = (true, true);
            index += length;
            continue;
        }
        soft &= fresh || !(stop || at(&scope.reset, reader, index).is_some());
        fresh = false;
        all[index] = soft;
        index += 1;
    }
    all
}

/// Whether what ends there is only preferred: "on Monday if possible".
pub(super) fn is_soft_after(reader: Reader<'_>, end: usize) -> bool {
    let scope = &reader.language.scope;
    let filler = |at: usize| {
        let fillers = &reader.language.words.fillers;
        reader.tokens.text(at).is_empty() || longest_at(fillers, reader, at).is_some()
    };
    let last = (end..reader.tokens.len()).find(|at| !filler(*at)).unwrap_or(end);
    let stop = |at: usize| at > 0 && reader.tokens.words.get(at - 1).is_some_and(|word| word.stop);
    (end..=last).any(|start| {
        let Some(found) = longest_at(&scope.soft_after, reader, start) else { return false };
        // "In the morning, preferably on Monday" speaks of what follows.
        let ends = found.end >= reader.tokens.len() || stop(found.end);
        ends || !stop(end) && at(&scope.soft, reader, start).is_none()
    })
}

/// Whether a bound such as "later than" ends there.
fn is_bound(reader: Reader<'_>, end: usize) -> bool {
    let words = &reader.language.day_words;
    let lists = [&words.after, &words.before, &words.from, &words.until];
    lists.iter().any(|list| ends_before(list, reader, end).is_some())
}

/// "No, on Tuesday": an answer, unless it rules out what it stands before.
fn is_answer(reader: Reader<'_>, index: usize, length: usize) -> bool {
    let scope = &reader.language.scope;
    let alone = at(&scope.answers, reader, index) == Some(length);
    let stop = reader.tokens.words.get(index + length - 1).is_some_and(|word| word.stop);
    alone && (stop || at(&scope.plurals, reader, index + length).is_none())
}

/// Whether a list goes on behind a comma: "not Monday, Tuesday or Wednesday".
fn goes_on(reader: Reader<'_>, start: usize) -> bool {
    let (tokens, scope) = (reader.tokens, &reader.language.scope);
    let end = (start..tokens.len()).find(|index| tokens.words[*index].stop);
    let end = end.map_or(tokens.len(), |end| end + 1);
    let clause = start..end;
    let joined = clause.clone().any(|index| {
        at(&scope.or, reader, index).is_some() || at(&scope.and, reader, index).is_some()
    });
    let asks = clause.into_iter().any(|index| {
        [&scope.clause, &scope.wish, &scope.good_after, &reader.language.words.please]
            .iter()
            .any(|list| at(list, reader, index).is_some())
    });
    joined && !asks
}
