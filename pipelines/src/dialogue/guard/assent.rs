//! Whether an answer is a yes: the one rule for every write and every policy.
//!
//! A yes is not a word that stands somewhere in a sentence. It counts only if it covers the whole
//! answer: each word must be a yes, a filler, or part of what was read back (the day, the time, the
//! doctor, the patient's name, the deed itself). Whoever has said anything else is asked once more.

use frontdesk_types::Offer;

use super::ToolCall;
use crate::dialogue::understand::days;
use crate::dialogue::understand::pattern::{Pattern, Reader, find_any, longest_at};
use crate::dialogue::understand::people::{self, DoctorMention, SpecialtyMention};
use crate::dialogue::understand::tokens::Tokens;
use crate::dialogue::understand::{Setting, take_exclamations, wish};
use crate::language::Language;

/// What an answer to a yes-or-no question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assent {
    /// A yes in so many words, and nothing else.
    Plain,
    /// "Okay", "perfect", "please": a yes to what can be undone easily, and nothing else.
    Soft,
    /// A yes beside words that nobody accounts for.
    Partly,
    /// No yes, or one that was taken back.
    None,
}

/// What the answer is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    /// The write that was read back.
    pub(crate) tool: Option<&'a ToolCall>,
    /// The visit that was read back.
    pub(crate) visit: Option<&'a Offer>,
    /// The patient's name as it was read back.
    pub(crate) name: Option<&'a str>,
    /// Whether the patient is known not to be the caller.
    pub(crate) for_other: bool,
}

impl Assent {
    /// Judges the answer to a question that asks for a yes.
    pub(crate) fn of(text: &str, setting: Setting<'_>, asked: Asked<'_>) -> Self {
        let language = setting.language;
        let (words, all) = (&language.words, Tokens::of(text, language));
        let reader = Reader { tokens: &all, language, latest_year: 0 };
        let open =
            all.question || find_any(&words.no_yes, reader).is_some() || starts_a_question(reader);
        let echoed = echo(&all, setting, asked);
        let Cover { plain, soft, please, left, last_yes } =
            Cover::of(&all, &echoed, language, asked);
        if left.is_empty() && !open {
            return match (plain, soft || please) {
                (true, _) => Self::Plain,
                (false, true) => Self::Soft,
                _ => Self::None,
            };
        }
        if !plain && !soft {
            return Self::None;
        }
        let no = |at: &usize| longest_at(&words.no, reader, *at).is_some();
        let refused = left.iter().filter(|at| no(at)).collect::<Vec<_>>();
        // "No, that's fine" may mean either; "that's not fine" and "yeah, no" do not.
        let bare = |at: &&usize| {
            longest_at(&words.bare_no, reader, **at).is_some()
                && last_yes.is_some_and(|yes| **at < yes)
        };
        if refused.iter().all(bare) { Self::Partly } else { Self::None }
    }

    /// Whether it is a yes to this write: what takes an appointment away wants a plain one, and so
    /// does what nobody here knows.
    pub(crate) const fn is_to(self, tool: &ToolCall) -> bool {
        match self {
            Self::Plain => true,
            Self::Soft => !matches!(
                tool,
                ToolCall::Cancel { .. } | ToolCall::LeaveWaitlist { .. } | ToolCall::Other(_)
            ),
            Self::Partly | Self::None => false,
        }
    }

    /// Whether it is a yes to an offer that changes nothing.
    pub(crate) const fn is_yes(self) -> bool {
        matches!(self, Self::Plain | Self::Soft)
    }
}

/// Whether it begins as a question does; "why not" is a yes.
fn starts_a_question(reader: Reader<'_>) -> bool {
    let words = &reader.language.words;
    let length = |list: &[Pattern]| longest_at(list, reader, 0).map_or(0, |found| found.len());
    let question = length(&words.question_start);
    question > length(&words.yes).max(length(&words.plain_yes))
}

/// What of an answer is accounted for.
#[derive(Default)]
struct Cover {
    plain: bool,
    soft: bool,
    please: bool,
    /// Words that are not.
    left: Vec<usize>,
    /// Where the last yes begins.
    last_yes: Option<usize>,
}

impl Cover {
    fn of(all: &Tokens, echoed: &[bool], language: &Language, asked: Asked<'_>) -> Self {
        let reader = Reader { tokens: all, language, latest_year: 0 };
        let words = &language.words;
        let deed: &[Pattern] = match asked.tool {
            Some(ToolCall::Book { .. }) => &words.do_book,
            Some(ToolCall::Reschedule { .. }) => &words.do_move,
            Some(ToolCall::Cancel { .. }) => &words.do_cancel,
            Some(ToolCall::AcceptWaitlist { .. }) => &words.do_book,
            Some(ToolCall::JoinWaitlist(_)) => &language.course.wait_join,
            Some(ToolCall::LeaveWaitlist { .. }) => &language.course.wait_leave,
            _ => &[],
        };
        let other: &[Pattern] = if asked.for_other { &words.other_patient } else { &[] };
        let mut cover = Self::default();
        let mut clauses = Vec::new();
        let mut at = 0;
        while at < all.len() {
            let length = |list: &[Pattern]| longest_at(list, reader, at).map_or(0, |m| m.len());
            let (plain, soft) = (length(&words.plain_yes).max(length(deed)), length(&words.yes));
            let (filler, please) = (length(&words.fillers), length(&words.please));
            let (clause, other) = (length(&words.with_yes), length(other));
            let longest = plain.max(soft).max(filler).max(please).max(clause).max(other);
            if longest == 0 {
                if !echoed[at] {
                    cover.left.push(at);
                }
                at += 1;
                continue;
            }
            if plain == longest {
                (cover.plain, cover.last_yes) = (true, Some(at));
            } else if soft == longest {
                (cover.soft, cover.last_yes) = (true, Some(at));
            } else if please == longest {
                cover.please = true;
            } else if clause == longest {
                clauses.push(at);
            }
            at += longest;
        }
        if !cover.plain {
            cover.left.extend(clauses);
        }
        cover
    }
}

/// Which words repeat what was read back.
fn echo(all: &Tokens, setting: Setting<'_>, asked: Asked<'_>) -> Vec<bool> {
    let language = setting.language;
    let mut rest = all.clone();
    take_exclamations(&mut rest, language);
    if let Some(visit) = asked.visit {
        echo_visit(&mut rest, setting, visit);
    }
    for word in &mut rest.words {
        let of_name =
            |name: &str| name.split([' ', '-']).any(|part| part.eq_ignore_ascii_case(&word.raw));
        if asked.name.is_some_and(of_name) {
            word.text.clear();
        }
    }
    let taken: Vec<bool> =
        (0..all.len()).map(|at| rest.text(at).is_empty() && !all.text(at).is_empty()).collect();
    // "On the", "at", "with": small words count beside what they belong to.
    let mut echoed = taken.clone();
    for at in (0..all.len()).filter(|at| taken[*at]) {
        let reader = Reader { tokens: all, language, latest_year: 0 };
        let mut start = at;
        while let Some(length) = days::ends_before(&language.words.links, reader, start) {
            echoed[start - length..start].fill(true);
            start -= length;
        }
        let mut end = at + 1;
        while let Some(link) = longest_at(&language.words.links, reader, end) {
            echoed[link.start..link.end].fill(true);
            end = link.end;
        }
    }
    echoed
}

/// Takes the parts of a visit out of `rest`, if all that were said are its own.
fn echo_visit(rest: &mut Tokens, setting: Setting<'_>, visit: &Offer) {
    let Setting { language, clinic, .. } = setting;
    let whole = rest.clone();
    let start = visit.local_start();
    let doctors = people::take_doctors(rest, language, clinic);
    let specialty = people::specialty(rest, language, clinic);
    let reading = wish::Reading { bare: true, ..wish::Reading::default() };
    let said = wish::take(rest, setting, reading);
    let same_time =
        said.when.fits(start.datetime()) && said.is_plain() && !said.past && !said.unclear;
    let same_doctor = doctors.doctor.is_none_or(|own| own == DoctorMention::Known(visit.doctor))
        && doctors.not.is_empty();
    let own_specialty = match &specialty {
        None => true,
        Some(SpecialtyMention::Known(name)) => name.eq_ignore_ascii_case(&visit.specialty),
        Some(SpecialtyMention::NotHere(_)) => false,
    };
    if !(same_doctor && own_specialty && same_time) {
        *rest = whole;
        return;
    }
    let mut lists: Vec<&[Pattern]> = Vec::new();
    let named =
        language.specialties.iter().filter(|s| s.name.eq_ignore_ascii_case(&visit.specialty));
    lists.extend(named.map(|specialty| specialty.say.as_slice()));
    for list in lists {
        while let Some(found) = find_any(list, Reader { tokens: rest, language, latest_year: 0 })
            .filter(|m| m.len() > 0)
        {
            rest.take(found.start..found.end);
        }
    }
}

/// Whether the answer to "anything else" declines it and says nothing else.
pub(crate) fn declines(text: &str, language: &Language) -> bool {
    let (all, words) = (Tokens::of(text, language), &language.words);
    let reader = Reader { tokens: &all, language, latest_year: 0 };
    let lists = [&words.decline, &words.fillers, &words.thanks, &language.intents.goodbye];
    let mut at = 0;
    while at < all.len() {
        let longest = lists.iter().filter_map(|list| longest_at(list, reader, at)).map(|m| m.len());
        match longest.max() {
            Some(length) => at += length,
            None => return false,
        }
    }
    !all.question && !all.is_empty()
}

/// Whether an answer says yes to a question that is not about a write.
pub(crate) fn says_yes(text: &str, setting: Setting<'_>) -> bool {
    Assent::of(text, setting, Asked::default()).is_yes()
}
