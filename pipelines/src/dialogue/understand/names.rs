//! Names of people. The weak slot of every recognizer, so words that are commands are never names.

mod leading;
mod parts;

use super::days::ends_before;
use super::distance::distance;
use super::pattern::{List, Reader, longest_at};
use super::tokens::{Token, Tokens};
use crate::language::Language;
pub(crate) use leading::take_leading;
use parts::by_parts;

/// Longest name, in words.
const MAX_WORDS: usize = 5;

/// Words behind a name that is taken back within which the right one begins.
const NEAR: usize = 8;

/// Where a name may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A name was asked for: the whole answer may be one.
    Yes,
    /// It was not: only what follows "my name is" or the like.
    No,
}

/// A name that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameMention {
    /// The name, each part with a capital letter.
    pub(crate) name: String,
    /// Whether it has a first and a last name.
    pub(crate) full: bool,
    /// Whether it was introduced ("my name is").
    pub(crate) introduced: bool,
    /// Whether it was introduced as the name of who speaks.
    pub(crate) own: bool,
}

/// Takes a name out of `tokens`.
pub(crate) fn take(tokens: &mut Tokens, language: &Language, asked: Asked) -> Option<NameMention> {
    if let Some(parts) = by_parts(tokens, language, asked) {
        return Some(parts);
    }
    let introduced = introduced(tokens, language);
    let own = introduced.as_ref().is_some_and(|range| {
        let reader = Reader { tokens, language, latest_year: 0 };
        // "It's Jane Miller" answers no question here.
        ends_before(&language.words.self_is, reader, range.start).is_some()
            || (asked == Asked::No
                && ends_before(&language.words.i_am, reader, range.start).is_some())
            || longest_at(&language.words.says_name, reader, range.end).is_some()
    });
    let (range, introduced) = match introduced {
        Some(range) => (range, true),
        None if asked == Asked::Yes => {
            let whole = whole_answer(tokens, language);
            (whole.or_else(|| inside(tokens, language))?, false)
        }
        None => return None,
    };
    let range = better(tokens, language, range);
    strip_ending(tokens, language, &range);
    if let Some(name) = last_name_first(tokens, language, &range) {
        tokens.take(range.start..range.end + 1);
        return Some(NameMention { name, full: true, introduced, own });
    }
    // "Miller Jane Miller": the last name first, and then all of it.
    let twice = range.len() >= 3
        && tokens.text(range.start) == tokens.text(range.end - 1)
        && !is_letter(&tokens.words[range.start]);
    let range = range.start + usize::from(twice)..range.end;
    let name = spoken_name(&tokens.words[range.clone()], language);
    let (name, end) = put_right(tokens, language, &name, range.end).unwrap_or((name, range.end));
    let range = range.start..end;
    let words = name.split(' ').count();
    if name.chars().filter(|c| c.is_alphabetic()).count() < 2 {
        return None;
    }
    tokens.take(range);
    Some(NameMention { full: words >= 2, name, introduced, own })
}

/// The name with the part replaced that sounds like this one.
pub(crate) fn with_part(known: &str, part: &str) -> Option<String> {
    let part_lower = part.to_lowercase();
    let far = |own: &&str| distance(&own.to_lowercase(), &part_lower);
    let near = known.split(' ').min_by_key(|own| far(own))?;
    let same_start = near.to_lowercase().chars().next() == part_lower.chars().next();
    let alike = far(&near) <= if same_start { near.len().div_ceil(2) } else { 1 };
    let replaced = known.split(' ').map(|own| if own == near { part } else { own });
    alike.then(|| replaced.collect::<Vec<_>>().join(" "))
}

/// "Linda Packer, I mean Parker": the part of the name that is put right, and where it ends.
fn put_right(
    tokens: &Tokens,
    language: &Language,
    name: &str,
    end: usize,
) -> Option<(String, usize)> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let corrected = longest_at(&language.scope.corrected, reader, end);
    let really = || {
        // "Jimmy Miller. Well, it will say James on your papers."
        (end..tokens.len()).find_map(|at| longest_at(&language.words.name_really, reader, at))
    };
    let start = corrected.or_else(really)?.end;
    let run = name_run(tokens, language, start);
    let part = spoken_name(&tokens.words[run.clone()], language);
    let whole = with_part(name, &part).filter(|_| run.len() == 1 && name.contains(' '))?;
    Some((whole, run.end))
}

/// "Miller, Jane": the last name first, and nothing else behind the comma.
fn last_name_first(
    tokens: &Tokens,
    language: &Language,
    range: &std::ops::Range<usize>,
) -> Option<String> {
    let (last, first) = (tokens.words.get(range.start)?, tokens.words.get(range.end)?);
    let single = range.len() == 1 && last.stop && can_be_name(first, language);
    let alone = ends_clause(tokens, language, range.end + 1) && !is_letter(first);
    (single && alone).then(|| format!("{} {}", capital(&first.raw), capital(&last.raw)))
}

/// "Miller, that is Jane Miller": after one name alone, a whole name that follows is meant.
fn better(
    tokens: &Tokens,
    language: &Language,
    range: std::ops::Range<usize>,
) -> std::ops::Range<usize> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let scope = &language.scope;
    if last_name_first(tokens, language, &range).is_some() {
        return range;
    }
    let back = |at: usize| {
        let lists = [&scope.corrected, &scope.answers];
        lists.iter().any(|list| longest_at(list, reader, at).is_some())
    };
    let mut at = range.end;
    let mut taken_back = back(at);
    while let (false, Some(filler)) =
        (taken_back, longest_at(&language.words.name_fillers, reader, at))
    {
        // "…, oh no, …"
        at = filler.end;
        taken_back = back(at);
    }
    let alone = range.len() == 1 && tokens.words[range.start].stop || taken_back;
    let said = |run: &std::ops::Range<usize>| {
        let other =
            |at: usize| !is_letter(&tokens.words[at]) && !language.common.contains(tokens.text(at));
        run.clone().any(other)
    };
    let later = (range.end..tokens.len().min(range.end + NEAR))
        .map(|start| name_run(tokens, language, start))
        .find(|run| (2..=MAX_WORDS).contains(&run.len()) && said(run));
    later.filter(|_| alone).unwrap_or(range)
}

/// What follows "my name is", or "I am" if it can only be a name.
fn introduced(tokens: &Tokens, language: &Language) -> Option<std::ops::Range<usize>> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let lead = |list: &List, least: usize, closed: bool| {
        (0..tokens.len()).find_map(|at| {
            let lead = longest_at(list, reader, at)?;
            let title = longest_at(&language.words.name_fillers, reader, lead.end);
            // "It's Mrs Miller."
            let start = title.filter(|title| title.len() == 1).map_or(lead.end, |title| title.end);
            let range = name_run(tokens, language, start);
            let open = !ends_clause(tokens, language, range.end);
            let whole = || {
                // "It's Miller, Jane Miller", "it's Miller, Jane".
                let whole = better(tokens, language, range.clone());
                let same = whole.len() >= least
                    && range.len() == 1
                    && tokens.text(whole.end - 1) == tokens.text(range.start);
                same || last_name_first(tokens, language, &range).is_some()
            };
            let kin = |at: usize| language.kin.is_called(tokens.text(at));
            if range.clone().any(kin) {
                // "It's my nan."
                return None;
            }
            let fits = (range.len() >= least || whole()) && !(closed && open);
            fits.then_some(range)
        })
    };
    lead(&language.words.name_is, 1, false)
        .or_else(|| {
            let range = lead(&language.words.i_am, 2, true)?;
            looks_like_one(tokens, language, &range).then_some(range)
        })
        .or_else(|| before_says_name(tokens, language))
}

/// Whether words look like a name where they may be anything: "I am going abroad".
fn looks_like_one(tokens: &Tokens, language: &Language, range: &std::ops::Range<usize>) -> bool {
    let names = language.listen();
    let known = |at: usize| {
        let word = tokens.text(at);
        let name = names.is_first_name(word) || names.is_last_name(word);
        name && !language.common.contains(word)
    };
    let capital = |at: usize| tokens.words[at].raw.starts_with(char::is_uppercase);
    range.clone().any(known) || range.clone().all(capital)
}

/// "Miller's the name": the ending is no part of the name.
fn strip_ending(tokens: &mut Tokens, language: &Language, range: &std::ops::Range<usize>) {
    let Some(word) = range.end.checked_sub(1).and_then(|last| tokens.words.get_mut(last)) else {
        return;
    };
    if let Some(text) = language.owner(&word.text).map(str::to_owned) {
        let raw = word.raw.chars().take(text.chars().count()).collect();
        (word.text, word.raw) = (text, raw);
    }
}

/// Whether a word is a name with the ending of "Miller's the name".
fn is_own_name(tokens: &Tokens, language: &Language, at: usize) -> bool {
    let reader = Reader { tokens, language, latest_year: 0 };
    let name =
        || language.owner(tokens.text(at)).is_some_and(|own| language.common.can_be_name(own));
    longest_at(&language.words.own_name, reader, at + 1).is_some() && name()
}

/// "Jane Miller here": at least two words, with which a clause begins.
fn before_says_name(tokens: &Tokens, language: &Language) -> Option<std::ops::Range<usize>> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let begins = |start: usize| {
        // "Mrs Miller here" tells no first name.
        longest_at(&language.words.name_fillers, reader, start).is_none()
            && (start == 0
                || tokens.words[start - 1].stop
                || tokens.text(start - 1).is_empty()
                || ends_before(&language.words.name_fillers, reader, start).is_some())
    };
    (0..tokens.len()).find_map(|end| {
        let owner = end > 0 && is_own_name(tokens, language, end - 1);
        let list = if owner { &language.words.own_name } else { &language.words.says_name };
        let says = longest_at(list, reader, end)?;
        // "An Arabic speaking doctor" goes on.
        let goes_on = [&language.scope.clause, &language.scope.wish, &language.words.after_name];
        let other = goes_on.iter().any(|list| longest_at(list, reader, says.end).is_some());
        if !other && !ends_clause(tokens, language, says.end) {
            return None;
        }
        let first = end.saturating_sub(MAX_WORDS);
        let starts = (first..end).filter(|start| begins(*start));
        let last =
            |run: std::ops::Range<usize>| if owner && run.end + 1 == end { end } else { run.end };
        let mut ranges =
            starts.map(|start| start..last(name_run(tokens, language, start)).min(end));
        ranges.find(|range| range.end == end && range.len() >= 2)
    })
}

/// Whether a clause ends before `at`: the end, a comma, or a word that no name goes on with.
fn ends_clause(tokens: &Tokens, language: &Language, at: usize) -> bool {
    let reader = Reader { tokens, language, latest_year: 0 };
    at >= tokens.len()
        || tokens.words.get(at.wrapping_sub(1)).is_some_and(|word| word.stop)
        || tokens.text(at).is_empty()
        || longest_at(&language.words.born, reader, at).is_some()
        || language.number_and.iter().any(|and| and == tokens.text(at))
}

/// The words from `start` on that can be parts of one name.
pub(crate) fn name_run(
    tokens: &Tokens,
    language: &Language,
    start: usize,
) -> std::ops::Range<usize> {
    let mut end = start;
    while end < tokens.len() && end - start < 24 {
        let word = &tokens.words[end];
        if !can_be_name(word, language) {
            break;
        }
        let next = tokens.words.get(end + 1).filter(|_| !word.stop);
        if is_letter(word)
            && end > start
            && language.common.contains(&word.text)
            && next.is_some_and(|next| !can_be_name(next, language))
        {
            // "Jane Miller I need …"
            break;
        }
        end += 1;
        if word.stop {
            break;
        }
    }
    let letters = tokens.words[start..end].iter().filter(|word| is_letter(word)).count();
    if end - start - letters > MAX_WORDS { start..start } else { start..end }
}

fn can_be_name(word: &Token, language: &Language) -> bool {
    let letters = word.text.chars().all(|c| c.is_alphabetic() || c == '\'');
    !word.text.is_empty()
        && letters
        && language.owner(&word.text).is_none()
        && !language.titles.contains(&word.text)
        && language.common.can_be_name(&word.text)
        && !language.numbers.contains_key(&word.text)
        || is_letter(word)
}

/// The letters one by one from `start` on.
pub(crate) fn letters(tokens: &Tokens, start: usize) -> std::ops::Range<usize> {
    let run = tokens.words[start..].iter().take_while(|word| is_letter(word)).count();
    start..start + run
}

fn is_letter(word: &Token) -> bool {
    word.text.chars().count() == 1 && word.text.chars().all(char::is_alphabetic)
}

/// The answer to "what is your name": what is left of it without fillers must be name alone.
fn whole_answer(tokens: &Tokens, language: &Language) -> Option<std::ops::Range<usize>> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let mut start = 0;
    while start < tokens.len() {
        match longest_at(&language.words.name_fillers, reader, start) {
            Some(filler) => start = filler.end,
            None if tokens.text(start).is_empty() => start += 1,
            None => break,
        }
    }
    let range = name_run(tokens, language, start);
    if range.is_empty() {
        return None;
    }
    // What follows the name may only be taken words (a birth date), fillers, or another clause.
    let mut rest = range.end;
    while rest < tokens.len() {
        match longest_at(&language.words.name_fillers, reader, rest) {
            Some(filler) => rest = filler.end,
            None if tokens.text(rest).is_empty() => rest += 1,
            None => break,
        }
    }
    let only_also = tokens.words[range.clone()]
        .iter()
        .all(|word| language.common.contains(&word.text) && !is_letter(word));
    // "Mary Miller like the baker": after two names other words are not waited for.
    let closed = rest >= tokens.len()
        || tokens.words[range.end - 1].stop
        || range.len() >= 2
        || longest_at(&language.words.name_ends, reader, range.end).is_some();
    (closed && !only_also).then_some(range)
}

/// A name somewhere in a longer answer: what is written with capitals where other words are not,
/// or stands before "is my name".
fn inside(tokens: &Tokens, language: &Language) -> Option<std::ops::Range<usize>> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let capitals = |range: &std::ops::Range<usize>| {
        tokens.words[range.clone()].iter().all(|word| word.raw.starts_with(char::is_uppercase))
    };
    let mixed = tokens.words.iter().skip(1).any(|word| word.raw.starts_with(char::is_lowercase));
    (0..tokens.len()).map(|start| name_run(tokens, language, start)).find(|run| {
        let ends = longest_at(&language.words.name_ends, reader, run.end).is_some();
        (2..=MAX_WORDS).contains(&run.len()) && (ends || (mixed && run.start > 0 && capitals(run)))
    })
}

/// The words of a name, spelled letters joined; a spelling replaces the word it spells.
pub(crate) fn spoken_name(words: &[Token], language: &Language) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let spelled: Vec<&Token> = words[at..].iter().take_while(|w| is_letter(w)).collect();
        if spelled.len() >= 2 {
            let name: String = spelled.iter().map(|w| w.text.as_str()).collect();
            let name = capital(&name);
            match parts.last_mut() {
                Some(last) if sounds_spelled(last, &name) => *last = name,
                _ => parts.push(name),
            }
            at += spelled.len();
            continue;
        }
        if !language.words.name_fillers.is_empty() && word.glued && !parts.is_empty() {
            if let Some(last) = parts.last_mut() {
                last.push('-');
                last.push_str(&capital(&word.raw));
            }
        } else {
            parts.push(capital(&word.raw));
        }
        at += 1;
    }
    parts.join(" ")
}

/// Whether letters spell the word said before them: same first letter and near enough.
fn sounds_spelled(word: &str, spelled: &str) -> bool {
    let same_start = word.chars().next().map(|c| c.to_lowercase().to_string())
        == spelled.chars().next().map(|c| c.to_lowercase().to_string());
    same_start && distance(&word.to_lowercase(), &spelled.to_lowercase()) <= word.len().div_ceil(2)
}

/// The word with a capital first letter; a word that has capitals of its own is kept.
fn capital(word: &str) -> String {
    let word = word.trim_matches('\'');
    let mixed = word.chars().any(char::is_uppercase) && word.chars().any(char::is_lowercase);
    if mixed {
        return word.to_owned();
    }
    let mut start = true;
    let mut text = String::with_capacity(word.len());
    for c in word.chars() {
        if start {
            text.extend(c.to_uppercase());
        } else {
            text.extend(c.to_lowercase());
        }
        start = c == '\'' && text.chars().count() <= 2;
    }
    text
}
