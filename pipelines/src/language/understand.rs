//! The tables of words by which callers are understood (`understand.toml`).

mod marks;

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use frontdesk_types::MessageSubject;
use jiff::civil::Time;
use serde::Deserialize;

use super::bundle::{Bundle, BundleError};
pub(crate) use super::day_ops::{DayOp, SpanPart};
use super::pattern::{List, Marks};
pub(crate) use super::words::{Common, HolidayWords, LengthPhrase, Period, TimeLength, Unit};
use crate::dialogue::tools::PartOfDay;
use crate::wish::Order;

const FILE: &str = "understand.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DayPhrase {
    pub(crate) op: DayOp,
    #[serde(default)]
    pub(crate) n: i64,
    /// Days more than the phrase counts.
    #[serde(default)]
    pub(crate) plus: i64,
    /// Which one of the month; -1 is the last.
    #[serde(default)]
    pub(crate) ordinal: i64,
    pub(crate) part: Option<SpanPart>,
    /// A part of the day that the phrase names as well.
    pub(crate) clock: Option<PartOfDay>,
    pub(crate) say: List,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DayWords {
    /// Before a day, where an ordinal could be something else.
    pub(crate) on: List,
    pub(crate) after: List,
    pub(crate) from: List,
    pub(crate) before: List,
    pub(crate) until: List,
    pub(crate) range: List,
    /// Before the first of two days.
    pub(crate) between: List,
    /// Behind a day or a time that is the earliest, or the latest.
    pub(crate) or_later: List,
    pub(crate) or_earlier: List,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockPhrase {
    /// Minutes added to the hour.
    #[serde(default)]
    pub(crate) add: i64,
    /// What the minutes that are named count: -1 if they are those to the hour.
    #[serde(default = "one")]
    pub(crate) minutes: i64,
    /// Minutes after midnight, whatever the slots say.
    pub(crate) fixed: Option<i64>,
    /// Whether it is a time only beside another word of time.
    #[serde(default)]
    pub(crate) bare: bool,
    pub(crate) say: List,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockWords {
    pub(crate) am: List,
    pub(crate) pm: List,
    pub(crate) at: List,
    pub(crate) around: List,
    pub(crate) after: List,
    pub(crate) before: List,
    /// At this time or before.
    pub(crate) not_after: List,
    pub(crate) around_after: List,
    pub(crate) between: List,
    pub(crate) and: List,
    pub(crate) not_hours: List,
    /// Behind an hour.
    pub(crate) oclock: List,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parts {
    pub(crate) morning: List,
    pub(crate) afternoon: List,
    pub(crate) evening: List,
}

/// A part of a day, or an end of one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpanPhrase {
    pub(crate) from: Option<Time>,
    pub(crate) until: Option<Time>,
    pub(crate) order: Option<Order>,
    /// It is never asked for: "too early".
    #[serde(default)]
    pub(crate) never: bool,
    pub(crate) say: List,
}

const fn one() -> i64 {
    1
}

macro_rules! tables {
    ($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(try_from = "BTreeMap<String, List>")]
        pub(crate) struct $name { $(pub(crate) $field: List),* }

        impl TryFrom<BTreeMap<String, List>> for $name {
            type Error = String;

            fn try_from(mut all: BTreeMap<String, List>) -> Result<Self, String> {
                let table = Self { $($field: take(&mut all, stringify!($field))?),* };
                match all.keys().next() {
                    Some(unknown) => Err(format!("there is no list {unknown:?}; remove it")),
                    None => Ok(table),
                }
            }
        }
    };
}

/// A list of a table, by its name; raw identifiers are written without their mark.
fn take(all: &mut BTreeMap<String, List>, name: &str) -> Result<List, String> {
    let name = name.trim_start_matches("r#");
    all.remove(name).ok_or_else(|| format!("the list {name:?} is missing; add it"))
}

tables! {
    /// Words that are not intents.
    Words {
        greetings, plain_yes, yes, please, fillers, with_yes, links, do_book, do_move, do_cancel, no_yes, negated_yes,
        no, bare_no, decline, bye, leaving, relatives, sent_me, caller_too, and_me, of_us, with_whom, needs, owned, name_for, number_ends, says_name, own_name, but_them, self_is, is_called, is_relative, name_is_said, after_name, name_really, another_time, unsure, correction, another, other_patient, for_me, new_patient,
        not_new, any_alone, any_doctor, other_doctor, list_first, list_middle, list_latest, list_last, list_after, another_day, list_either, choice_noun, choice_number,
        none_of, later, earlier, born, name_is, i_am, name_fillers, double, triple, plus,
        hold_on, small_talk, thanks, first_name, last_name, name_ends, others_data, others_possessive, question_start, topics,
        polite, suggestion, leads, negated, negated_after, unwanted_after, not_made, chatter, reached, aside, why, asks_now, machine, presence, wrong_number, rude,
        recall,
    }
}

tables! {
    /// Who says what of a time: what is ruled out, what is told and not asked for.
    Scope {
        not, compared, than, keep, answers, plurals, reset, clause, wish, story, that_day, before_that, after_that, since, unavailable, engaged, at_liberty, free_from, free_until, corrected, beside, or, and, good_after, time_like, soft, soft_after,
    }
}

tables! {
    /// A doctor who is wished for without a name.
    TraitWords {
        female, male, speaks, speaking, no_matter,
    }
}

tables! {
    /// A visit that is wished for.
    VisitWords {
        double, long, series, remote,
    }
}

tables! {
    /// What a caller may want.
    Intents {
        person, in_person, goodbye, repeat, repeat_alone, cancel, not_cancel, r#move, abort, list, book, book_question, own_appointment,
    }
}

tables! {
    /// How a call goes on: several wishes, what is done undone, the waiting list.
    Course {
        join, besides, books, has_one, holds, unable, comes, all_of, undo, keep, drop, clashes, idioms, reference, bars, wait_join, wait_leave, wait_ask,
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// Code of a language; empty for a specialty.
    #[serde(default)]
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) say: List,
    /// What it usually is for: means the specialty where the clinic has it and no doctor is named.
    #[serde(default)]
    pub(crate) usually: List,
    /// Letters of the language, where they tell it from others.
    pub(crate) letters: Option<Letters>,
}

/// Letters from one to another, written `A-Z`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Letters(RangeInclusive<char>);

impl TryFrom<String> for Letters {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let letters: Vec<char> = text.chars().collect();
        match letters.as_slice() {
            [from, '-', to] if from <= to => Ok(Self(*from..=*to)),
            _ => Err(format!("{text:?} is no range of letters; write it as A-Z")),
        }
    }
}

impl Letters {
    pub(crate) fn has(&self, letter: char) -> bool {
        self.0.contains(&letter)
    }
}

/// Words that mean the same when documents are searched.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SameWords {
    pub(crate) say: List,
    pub(crate) words: String,
}

/// A matter that nothing here settles: the staff gets a message about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Matter {
    pub(crate) subject: MessageSubject,
    /// As it is spoken of: "a message about …".
    pub(crate) name: String,
    /// Whether it is about a patient, who is identified if that is possible.
    #[serde(default = "yes")]
    pub(crate) patient: bool,
    /// Whether words of a booking may stand beside it.
    #[serde(default)]
    pub(crate) beside_booking: bool,
    /// Whether a doctor may be named beside it, who is not wished for.
    #[serde(default)]
    pub(crate) beside_doctor: bool,
    /// Whether the words name the matter alone, so that more is asked for.
    #[serde(default)]
    pub(crate) ask: bool,
    /// Whether the caller wants to be called.
    #[serde(default = "yes")]
    pub(crate) call: bool,
    /// Whether somebody complains.
    #[serde(default)]
    pub(crate) sorry: bool,
    pub(crate) say: List,
    /// With these words it is something else.
    #[serde(default)]
    pub(crate) not: List,
}

const fn yes() -> bool {
    true
}

/// What questions to the clinic are about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Questions {
    pub(crate) hours: List,
    pub(crate) address: List,
    pub(crate) phone: List,
    pub(crate) fee: List,
    pub(crate) doctors: List,
    pub(crate) languages: List,
    /// Words that tell nothing of what a question is about.
    pub(crate) generic: List,
    pub(crate) same: Vec<SameWords>,
}

/// The words that stand for keys of a telephone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyWords {
    pub(crate) yes: String,
    pub(crate) no: String,
    /// The choice of an offer; `{n}` is its number.
    pub(crate) choice: String,
}

/// The tables of a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    pub(crate) keypad: KeyWords,
    pub(crate) units_before_tens: bool,
    pub(crate) number_and: Vec<String>,
    pub(crate) ordinal_endings: Vec<String>,
    pub(crate) titles: Vec<String>,
    pub(crate) possessive_endings: Vec<String>,
    pub(crate) plural_endings: Vec<String>,
    own_letters: Vec<Letters>,
    /// Words in which one wrong letter is forgiven.
    pub(crate) spelling: Vec<String>,
    pub(crate) rewrites: HashMap<String, String>,
    /// Words that sound like a number, and that number's word.
    pub(crate) homophones: HashMap<String, String>,
    pub(crate) numbers: HashMap<String, i64>,
    pub(crate) ordinals: HashMap<String, i64>,
    month_words: HashMap<String, usize>,
    weekday_words: HashMap<String, usize>,
    weekday_plurals: HashMap<String, usize>,
    pub(crate) days: Vec<DayPhrase>,
    pub(crate) day_words: DayWords,
    pub(crate) clock: Vec<ClockPhrase>,
    pub(crate) clock_words: ClockWords,
    pub(crate) parts: Parts,
    pub(crate) spans: Vec<SpanPhrase>,
    pub(crate) scope: Scope,
    pub(crate) words: Words,
    pub(crate) intents: Intents,
    pub(crate) kin: super::kin::Kin,
    pub(crate) course: Course,
    pub(crate) questions: Questions,
    pub(crate) matters: Vec<Matter>,
    #[serde(default)]
    pub(crate) holidays: Vec<HolidayWords>,
    #[serde(default)]
    pub(crate) time_lengths: Vec<TimeLength>,
    #[serde(default)]
    pub(crate) periods: Vec<Period>,
    pub(crate) traits: TraitWords,
    pub(crate) visits: VisitWords,
    #[serde(default)]
    pub(crate) lengths: Vec<LengthPhrase>,
    pub(crate) languages: Vec<Named>,
    pub(crate) specialties: Vec<Named>,
    pub(crate) common: Common,
    /// What is told by a word beside its letters.
    #[serde(skip)]
    marks: HashMap<String, Marks>,
    /// The marks of the words that public holidays can begin with.
    #[serde(skip)]
    holiday_marks: Marks,
    /// Those of lengths of time and of months.
    #[serde(skip)]
    length_marks: Marks,
    #[serde(skip)]
    period_marks: Marks,
}

impl Tables {
    /// Reads the file; names of months and weekdays are understood as they are said.
    pub(super) fn load(
        bundle: &Bundle<'_>,
        months: &[String],
        weekdays: &[String],
    ) -> Result<Self, BundleError> {
        let mut tables: Self = bundle.toml(FILE)?;
        let numbered = |names: &[String]| -> Vec<(String, usize)> {
            names.iter().enumerate().map(|(i, name)| (name.to_lowercase(), i + 1)).collect()
        };
        tables.month_words.extend(numbered(months));
        tables.weekday_words.extend(numbered(weekdays));
        tables.mark_words();
        Ok(tables)
    }

    /// Monday is 1, Sunday is 7.
    pub(crate) fn weekday(&self, word: &str) -> Option<usize> {
        self.weekday_words.get(word).copied()
    }

    /// A word for any such weekday: Monday is 1, Sunday is 7.
    pub(crate) fn weekdays(&self, word: &str) -> Option<usize> {
        self.weekday_plurals.get(word).copied()
    }

    /// January is 1.
    pub(crate) fn month(&self, word: &str) -> Option<usize> {
        self.month_words.get(word).copied()
    }

    /// Whether it is a word that is written right, as far as the tables know.
    pub(crate) fn is_known(&self, word: &str) -> bool {
        self.common.contains(word)
            || self.numbers.contains_key(word)
            || self.ordinals.contains_key(word)
            || self.month(word).is_some()
            || self.weekday(word).is_some()
            || self.spelling.iter().any(|known| known == word)
    }

    /// Whether a letter is one of another script than the language's.
    pub(crate) fn is_foreign(&self, letter: char) -> bool {
        letter.is_alphabetic() && !self.own_letters.iter().any(|own| own.has(letter))
    }

    /// What a public holiday is called, by its code.
    pub(crate) fn holiday_name(&self, code: &str) -> Option<&str> {
        let known =
            |words: &&HolidayWords| matches!(words.codes.as_slice(), [only] if only == code);
        self.holidays.iter().find(known).map(|words| words.name.as_str())
    }

    /// A word without the ending of a possessive.
    pub(crate) fn owner<'a>(&self, word: &'a str) -> Option<&'a str> {
        self.possessive_endings.iter().find_map(|ending| word.strip_suffix(ending.as_str()))
    }

    /// A word without the ending of a plural.
    pub(crate) fn singular<'a>(&self, word: &'a str) -> Option<&'a str> {
        self.plural_endings.iter().find_map(|ending| word.strip_suffix(ending.as_str()))
    }
}
