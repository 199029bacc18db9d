//! Several wishes in one sentence: where it falls apart, and what each part wants.

use serde::{Deserialize, Serialize};

use super::course::Course;
use super::matter::is_matter;
use super::pattern::{List, Reader, find_any, longest_at};
use super::tokens::Tokens;
use super::{Heard, Setting};
use crate::dialogue::Expectation;

/// Parts of one sentence at most.
const MAX_PARTS: usize = 4;

/// Words between two parts at most.
const MAX_JOIN: usize = 6;

/// What a part of a sentence wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Want {
    /// A question to the clinic.
    Ask,
    Book,
    Move,
    Cancel,
    List,
    /// Something that only the staff can settle.
    Message,
    /// The waiting list.
    Wait,
}

/// A part of a sentence.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) want: Want,
    pub(crate) text: String,
    pub(crate) heard: Heard,
}

impl Part {
    /// Whether it is a wish of its own, and no word on what is under way.
    fn is_more(&self) -> bool {
        let heard = &self.heard;
        match self.want {
            Want::Cancel | Want::Move => heard.own_appointment || heard.has_content(),
            Want::Book => heard.another || heard.other_patient || heard.relative,
            Want::List | Want::Message | Want::Wait => true,
            Want::Ask => false,
        }
    }
}

/// The parts of a sentence that want something each; none if it wants one thing.
pub(crate) fn parts(text: &str, setting: Setting<'_>) -> Vec<Part> {
    let setting = Setting { expect: Expectation::Request, ..setting };
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found: Vec<Part> = Vec::new();
    // Most sentences have no place at which they could fall apart.
    let parted = words.split_last().is_some_and(|(_, before)| before.iter().any(stops));
    if !parted && !has(&setting.language.course.join, text, setting) {
        return found;
    }
    let mut all = Tokens::of(text, setting.language);
    super::take_all(&mut all, &setting.language.words.greetings, setting.language);
    if Course::of(&all, setting.language).wait.is_some() {
        // "If somebody cancels, could you call me" is one wish.
        return found;
    }
    let mut start = 0;
    while found.len() + 1 < MAX_PARTS {
        let Some((left, next)) = first_part(&words, start, setting) else { break };
        found.push(left);
        start = next;
    }
    if found.is_empty() {
        return found;
    }
    let last = found[found.len() - 1].clone();
    let rest = words.get(start..).unwrap_or_default().join(" ");
    found.extend(right_of(&last, &rest, true, setting));
    same_time(&mut found);
    found
}

/// An answer to something else, and what is wanted besides.
#[derive(Debug, Clone)]
pub(crate) struct Besides {
    /// The answer; empty if there is none.
    pub(crate) before: String,
    /// The other words.
    pub(crate) words: String,
    /// What these want.
    pub(crate) part: Part,
}

/// "The first one, and also cancel my visit on Tuesday".
pub(crate) fn besides(text: &str, setting: Setting<'_>) -> Option<Besides> {
    let setting = Setting { expect: Expectation::Request, ..setting };
    if !has(&setting.language.course.besides, text, setting) {
        return None;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    // The last wish of its own that something tells to be one more.
    for end in (0..words.len()).rev() {
        let join = join(&words, end, setting).unwrap_or(0);
        let stops = end == 0 || words[end - 1].ends_with([',', '.', ';', '!', '؟']);
        if join == 0 && !stops {
            continue;
        }
        let text = words[end + join..].join(" ");
        let whole = Heard::of(&words[end..].join(" "), setting);
        let more = whole.course.besides;
        if !more {
            continue;
        }
        // "Also one for my son" asks for no visit by itself.
        let another = || {
            let heard = Heard::of(&text, setting);
            heard.other_patient.then(|| Part { want: Want::Book, text: text.clone(), heard })
        };
        let right = part(&text, setting).or_else(another);
        let Some(right) = right.filter(Part::is_more) else { continue };
        let mut left = &words[..end];
        while let Some((last, before)) = left.split_last()
            && joins(last, setting)
        {
            left = before;
        }
        let (before, words) = (left.join(" "), words[end..].join(" "));
        return Some(Besides { before, words, part: right });
    }
    None
}

/// The first part from a word on, if another one follows it, and where that begins.
fn first_part(words: &[&str], start: usize, setting: Setting<'_>) -> Option<(Part, usize)> {
    for end in start + 1..words.len() {
        let (next, joined) = match join(words, end, setting) {
            Some(length) => (end + length, true),
            None if stops(&words[end - 1]) => (end, false),
            None => continue,
        };
        if is_alternative(words, end, next, setting) {
            continue;
        }
        let Some(left) = part(&words[start..end].join(" "), setting) else { continue };
        let right = words.get(next..).unwrap_or_default().join(" ");
        if right_of(&left, &right, joined, setting).is_some() {
            return Some((left, next));
        }
    }
    None
}

/// Whether a part may end with a word.
fn stops(word: &&str) -> bool {
    word.ends_with([',', '.', ';', '?', '!', '؟'])
}

/// Whether something of a list stands anywhere.
fn has(list: &List, text: &str, setting: Setting<'_>) -> bool {
    let tokens = Tokens::of(text, setting.language);
    let reader = Reader { tokens: &tokens, language: setting.language, latest_year: 0 };
    find_any(list, reader).is_some()
}

/// Whether a word alone joins two wishes.
fn joins(word: &str, setting: Setting<'_>) -> bool {
    let tokens = Tokens::of(word, setting.language);
    let reader = Reader { tokens: &tokens, language: setting.language, latest_year: 0 };
    longest_at(&setting.language.course.join, reader, 0).is_some()
}

/// Whether "or", "if not" and the like stand around a cut: what follows is no second wish.
fn is_alternative(words: &[&str], end: usize, next: usize, setting: Setting<'_>) -> bool {
    let language = setting.language;
    let around = &words[end.saturating_sub(2)..words.len().min(next + 3)];
    let tokens = Tokens::of(&around.join(" "), language);
    let reader = Reader { tokens: &tokens, language, latest_year: 0 };
    find_any(&language.scope.or, reader).is_some()
}

/// How many words from `at` on join two wishes.
fn join(words: &[&str], at: usize, setting: Setting<'_>) -> Option<usize> {
    let language = setting.language;
    let first = Tokens::of(words[at], language);
    if first.words.first().is_some_and(|word| !language.course.join.marks().meet(word.marks)) {
        return None;
    }
    let rest = &words[at..words.len().min(at + MAX_JOIN)];
    let tokens = Tokens::of(&rest.join(" "), language);
    let reader = Reader { tokens: &tokens, language, latest_year: 0 };
    let found = longest_at(&language.course.join, reader, 0)?;
    (1..rest.len()).find(|count| Tokens::of(&rest[..*count].join(" "), language).len() == found.end)
}

/// What a part wants by itself.
fn part(text: &str, setting: Setting<'_>) -> Option<Part> {
    let tokens = Tokens::of(text, setting.language);
    let reader = Reader { tokens: &tokens, language: setting.language, latest_year: 0 };
    // The mark of a question belongs to the part that asks.
    let words_asked = asked(reader);
    let text = if words_asked.is_none() { text.trim_end_matches(['?', '؟']) } else { text };
    let heard = Heard::of(text, setting);
    let tells = find_any(&setting.language.scope.story, reader).is_some();
    // "We have moved", which names no appointment.
    let told = tells && !heard.has_content() && !heard.own_appointment && !heard.ask;
    let story = heard.empty || heard.person || heard.abort || told;
    let want = match () {
        () if story => return None,
        () if heard.course.wait.is_some() => Want::Wait,
        () if is_matter(text, &heard, setting.language) => Want::Message,
        () if heard.ask && words_asked.is_some_and(|more| more > 0) => Want::Ask,
        () if heard.list && !heard.cancel && !heard.move_ => Want::List,
        () if heard.move_ => Want::Move,
        () if heard.cancel => Want::Cancel,
        () if heard.course.books && !tells => Want::Book,
        () if heard.has_doctor() && heard.has_time() && !tells && !heard.course.holds => Want::Book,
        () => return None,
    };
    Some(Part { want, text: text.to_owned(), heard })
}

/// How many words follow those that begin a question; `None` if it does not begin as one.
fn asked(reader: Reader<'_>) -> Option<usize> {
    let (language, length) = (reader.language, reader.tokens.len());
    let mut start = 0;
    let lead = |at| longest_at(&language.words.leads, reader, at).filter(|found| found.len() > 0);
    while let Some(found) = lead(start) {
        start = found.end;
    }
    let begins = longest_at(&language.words.question_start, reader, start);
    let ahead = begins.or_else(|| longest_at(&language.words.question_start, reader, 0))?;
    Some(length.saturating_sub(ahead.end))
}

/// The part that follows another one, if it wants something else.
fn right_of(left: &Part, text: &str, joined: bool, setting: Setting<'_>) -> Option<Part> {
    let cancels = left.want == Want::Cancel;
    let right = match part(text, setting) {
        Some(right) => right,
        None => {
            let text = text.trim_end_matches(['?', '؟']);
            let heard = Heard::of(text, setting);
            let other_time = cancels && heard.course.comes && heard.has_time();
            // "Cancel Monday and Thursday", "with A on Monday and with B".
            let both_days = heard.day.is_some() && left.heard.day.is_some();
            let both_doctors = heard.doctor.is_some() && left.heard.doctor.is_some();
            let listed = joined && (both_days || both_doctors);
            let want = match left.want {
                _ if heard.no || heard.empty || heard.abort => return None,
                _ if other_time => Want::Book,
                Want::Cancel if listed => Want::Cancel,
                Want::Book if joined && heard.has_doctor() => Want::Book,
                _ => return None,
            };
            Part { want, text: text.to_owned(), heard }
        }
    };
    are_two(left, &right).then_some(right)
}

/// Whether two parts want two things.
fn are_two(left: &Part, right: &Part) -> bool {
    let (l, r) = (&left.heard, &right.heard);
    let both_named = l.has_content() && r.has_content();
    match (left.want, right.want) {
        (Want::Ask, Want::Ask) => r.course.asks_outright,
        (Want::Book, Want::Book) => {
            let named = |heard: &Heard| (heard.doctor.clone(), heard.specialty.clone());
            let doctors = |heard: &Heard| heard.doctor.is_some() || heard.specialty.is_some();
            let others = doctors(l) && doctors(r) && named(l) != named(r);
            others || r.other_patient || (r.another && r.course.books)
        }
        (Want::Cancel, Want::Move) => both_named && r.own_appointment,
        (Want::Move, Want::Cancel) => both_named,
        (Want::Move, Want::Move) => both_named && r.own_appointment,
        (Want::Cancel, Want::Cancel) => both_named,
        (Want::Move, Want::Book) => r.another || r.other_patient,
        (Want::Book, Want::Cancel | Want::Move) => r.has_content() || r.own_appointment,
        (Want::List, Want::List) | (Want::Message, Want::Message) => false,
        _ => true,
    }
}

/// "With A and with B on Monday": the day of the last is that of the first as well.
fn same_time(parts: &mut [Part]) {
    if let [first, second] = parts
        && first.want == Want::Book
        && second.want == Want::Book
        && !first.heard.has_time()
        && second.heard.has_time()
    {
        first.heard.wish = second.heard.wish.clone();
        first.heard.day = second.heard.day;
        first.heard.time = second.heard.time;
        first.heard.part = second.heard.part;
    }
}
