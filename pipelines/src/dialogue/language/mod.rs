//! A language as data: what the agent says, and the words by which it understands.
//!
//! `en.toml` is English. Another language is another file; the parsers in
//! `understand` read only these tables.

mod phrases;
mod region;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use jiff::civil::{Date, Time};
use serde::Deserialize;

pub use phrases::PhraseError;
pub(crate) use phrases::{Phrases, fill};
pub(crate) use region::Region;

use super::understand::pattern::Pattern;

/// The language file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the language file cannot be read: {0}; correct it")]
pub struct LanguageError(#[from] Box<toml::de::Error>);

/// What a day phrase does. `n` comes from the phrase's slot or from the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DayOp {
    Offset,
    Weeks,
    Months,
    Hours,
    Weekday,
    ThisWeekday,
    NextWeekday,
    WeekdayInWeeks,
    Week,
    Weekend,
    Month,
    MonthName,
    Date,
    DayOfMonth,
    DayOfNextMonth,
    Soonest,
    Past,
}

/// A part of a week or month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpanPart {
    Start,
    Middle,
    End,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DayPhrase {
    pub(crate) op: DayOp,
    #[serde(default)]
    pub(crate) n: i64,
    /// Days more than the phrase counts.
    #[serde(default)]
    pub(crate) plus: i64,
    pub(crate) part: Option<SpanPart>,
    pub(crate) say: Vec<Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DayWords {
    pub(crate) after: Vec<Pattern>,
    pub(crate) from: Vec<Pattern>,
    pub(crate) before: Vec<Pattern>,
    pub(crate) until: Vec<Pattern>,
    pub(crate) range: Vec<Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockPhrase {
    /// Minutes added to the hour.
    #[serde(default)]
    pub(crate) add: i64,
    /// Minutes after midnight, whatever the slots say.
    pub(crate) fixed: Option<i64>,
    /// Whether it is a time only beside another word of time.
    #[serde(default)]
    pub(crate) bare: bool,
    pub(crate) say: Vec<Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockWords {
    pub(crate) am: Vec<Pattern>,
    pub(crate) pm: Vec<Pattern>,
    pub(crate) at: Vec<Pattern>,
    pub(crate) around: Vec<Pattern>,
    pub(crate) after: Vec<Pattern>,
    pub(crate) before: Vec<Pattern>,
    pub(crate) between: Vec<Pattern>,
    pub(crate) and: Vec<Pattern>,
    pub(crate) not_hours: Vec<Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parts {
    pub(crate) morning: Vec<Pattern>,
    pub(crate) afternoon: Vec<Pattern>,
    pub(crate) evening: Vec<Pattern>,
}

macro_rules! tables {
    ($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name { $(pub(crate) $field: Vec<Pattern>),* }
    };
}

tables! {
    /// Words that are not intents.
    Words {
        greetings, plain_yes, yes, please, fillers, with_yes, links, do_book, do_move, do_cancel, no_yes, negated_yes,
        no, bare_no, decline, bye, relatives, self_is, is_called, another_time, unsure, correction, another, other_patient, for_me, new_patient,
        not_new, any_doctor, list_first, list_last, list_either, choice_noun, choice_number,
        none_of, later, earlier, born, name_is, i_am, name_fillers, double, triple, plus,
        hold_on, small_talk, thanks, first_name, last_name, name_ends, others_data, others_possessive, question_start, topics,
        polite, suggestion, leads, negated, negated_after, not_made,
    }
}

tables! {
    /// What a caller may want.
    Intents {
        person, in_person, goodbye, repeat, repeat_alone, cancel, not_cancel, r#move, abort, list, book, book_question, own_appointment,
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// Code of a language; empty for a specialty.
    #[serde(default)]
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) say: Vec<Pattern>,
}

/// Words that mean the same when documents are searched.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SameWords {
    pub(crate) say: Vec<Pattern>,
    pub(crate) words: String,
}

/// What questions to the clinic are about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Questions {
    pub(crate) hours: Vec<Pattern>,
    pub(crate) address: Vec<Pattern>,
    pub(crate) phone: Vec<Pattern>,
    pub(crate) fee: Vec<Pattern>,
    pub(crate) doctors: Vec<Pattern>,
    pub(crate) languages: Vec<Pattern>,
    /// Words that tell nothing of what a question is about.
    pub(crate) generic: Vec<Pattern>,
    pub(crate) same: Vec<SameWords>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Flag {
    pub(crate) id: String,
    pub(crate) say: Vec<Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedFlagWords {
    pub(crate) negations: Vec<Pattern>,
    pub(crate) not_negating: Vec<Pattern>,
    pub(crate) flags: Vec<Flag>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    also_names: Vec<String>,
    words: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    code: String,
    name: String,
    time_format: String,
    date_format: String,
    list_and: String,
    list_or: String,
    doctor: String,
    units_before_tens: bool,
    number_and: Vec<String>,
    titles: Vec<String>,
    months: Vec<String>,
    weekdays: Vec<String>,
    spelling: Vec<String>,
    phrases: Phrases,
    rewrites: HashMap<String, String>,
    homophones: HashMap<String, String>,
    numbers: HashMap<String, i64>,
    ordinals: HashMap<String, i64>,
    month_words: HashMap<String, usize>,
    weekday_words: HashMap<String, usize>,
    days: Vec<DayPhrase>,
    day_words: DayWords,
    clock: Vec<ClockPhrase>,
    clock_words: ClockWords,
    parts: Parts,
    words: Words,
    intents: Intents,
    questions: Questions,
    currencies: HashMap<String, String>,
    languages: Vec<Named>,
    specialties: Vec<Named>,
    red_flags: RedFlagWords,
    common: Common,
}

/// A language: phrases to say and tables to understand by. Shared by all calls of a clinic.
#[derive(Debug, Clone)]
pub struct Language {
    pub(crate) phrases: Arc<Phrases>,
    tables: Arc<Tables>,
}

/// The part of a language that no clinic changes.
#[derive(Debug)]
pub struct Tables {
    pub(crate) code: String,
    pub(crate) name: String,
    time_format: String,
    date_format: String,
    list_and: String,
    list_or: String,
    doctor: String,
    pub(crate) units_before_tens: bool,
    pub(crate) number_and: Vec<String>,
    pub(crate) titles: Vec<String>,
    months: Vec<String>,
    weekdays: Vec<String>,
    /// Words in which one wrong letter is forgiven.
    pub(crate) spelling: Vec<String>,
    pub(crate) rewrites: HashMap<String, String>,
    /// Words that sound like a number, and that number's word.
    pub(crate) homophones: HashMap<String, String>,
    pub(crate) numbers: HashMap<String, i64>,
    pub(crate) ordinals: HashMap<String, i64>,
    month_words: HashMap<String, usize>,
    weekday_words: HashMap<String, usize>,
    pub(crate) days: Vec<DayPhrase>,
    pub(crate) day_words: DayWords,
    pub(crate) clock: Vec<ClockPhrase>,
    pub(crate) clock_words: ClockWords,
    pub(crate) parts: Parts,
    pub(crate) words: Words,
    pub(crate) intents: Intents,
    pub(crate) questions: Questions,
    currencies: HashMap<String, String>,
    pub(crate) languages: Vec<Named>,
    pub(crate) specialties: Vec<Named>,
    pub(crate) red_flags: RedFlagWords,
    /// Words that are no part of a name.
    pub(crate) common: HashSet<String>,
    /// Common words that are names as well.
    pub(crate) also_names: HashSet<String>,
}

impl std::ops::Deref for Language {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

static ENGLISH: LazyLock<Language> = LazyLock::new(|| {
    let english = Language::parse(include_str!("en.toml"));
    english.unwrap_or_else(|error| unreachable!("the embedded language is tested: {error}"))
});

impl Language {
    /// English as it comes with Frontdesk.
    #[must_use]
    pub fn english() -> Self {
        ENGLISH.clone()
    }

    /// A language from the text of its file.
    ///
    /// # Errors
    /// If the file is not TOML of the form of `en.toml`; the message names the place.
    pub fn parse(text: &str) -> Result<Self, LanguageError> {
        let file: File = toml::from_str(text).map_err(Box::new)?;
        let lower = |names: &[String], mut words: HashMap<String, usize>| {
            words.extend(names.iter().enumerate().map(|(i, name)| (name.to_lowercase(), i + 1)));
            words
        };
        let tables = Tables {
            month_words: lower(&file.months, file.month_words),
            weekday_words: lower(&file.weekdays, file.weekday_words),
            common: file.common.words.split_whitespace().map(str::to_owned).collect(),
            also_names: file.common.also_names.into_iter().collect(),
            code: file.code,
            name: file.name,
            time_format: file.time_format,
            date_format: file.date_format,
            list_and: file.list_and,
            list_or: file.list_or,
            doctor: file.doctor,
            units_before_tens: file.units_before_tens,
            number_and: file.number_and,
            titles: file.titles,
            months: file.months,
            weekdays: file.weekdays,
            spelling: file.spelling,
            rewrites: file.rewrites,
            homophones: file.homophones,
            numbers: file.numbers,
            ordinals: file.ordinals,
            days: file.days,
            day_words: file.day_words,
            clock: file.clock,
            clock_words: file.clock_words,
            parts: file.parts,
            words: file.words,
            intents: file.intents,
            questions: file.questions,
            currencies: file.currencies,
            languages: file.languages,
            specialties: file.specialties,
            red_flags: file.red_flags,
        };
        Ok(Self { phrases: Arc::new(file.phrases), tables: Arc::new(tables) })
    }

    /// The language with a clinic's own wording of some phrases, by their names in the file.
    ///
    /// # Errors
    /// If a name is unknown, or a wording uses a placeholder that the phrase does not have.
    pub fn with_phrases(&self, own: &BTreeMap<String, String>) -> Result<Self, PhraseError> {
        Ok(Self { phrases: Arc::new(self.phrases.with(own)?), tables: Arc::clone(&self.tables) })
    }

    /// ISO 639-1 code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.tables.code
    }

    /// "Sunday, June 14".
    pub(crate) fn date(&self, date: Date) -> String {
        let name = |names: &[String], index: i8| {
            let index = usize::try_from(index - 1).unwrap_or_default();
            names.get(index).cloned().unwrap_or_default()
        };
        fill(
            &self.date_format,
            &[
                ("weekday", &name(&self.weekdays, date.weekday().to_monday_one_offset())),
                ("month", &name(&self.months, date.month())),
                ("day", &date.day().to_string()),
            ],
        )
    }

    /// "March 12, 1984": a date of birth, without its weekday.
    pub(crate) fn birth_date(&self, date: Date) -> String {
        let month = usize::try_from(date.month() - 1).unwrap_or_default();
        let month = self.months.get(month).cloned().unwrap_or_default();
        format!("{month} {}, {}", date.day(), date.year())
    }

    /// "9:00 AM".
    pub(crate) fn time(&self, time: Time) -> String {
        time.strftime(&self.time_format).to_string()
    }

    /// "Dr. Samira Hassan".
    pub(crate) fn doctor(&self, name: &str) -> String {
        fill(&self.doctor, &[("name", name)])
    }

    /// "a, b and c".
    pub(crate) fn and(&self, items: &[String]) -> String {
        list(items, &self.list_and)
    }

    /// "a, b or c".
    pub(crate) fn or(&self, items: &[String]) -> String {
        list(items, &self.list_or)
    }

    /// What money is called in a country; empty if this language does not know.
    pub(crate) fn currency(&self, country: &str) -> &str {
        self.currencies.get(country).map_or("", String::as_str)
    }

    /// Name of a language by its code; the code itself if this language does not know it.
    pub(crate) fn language_name(&self, code: &str) -> String {
        if code == self.code {
            return self.name.clone();
        }
        let known = self.languages.iter().find(|other| other.code == code);
        known.map_or_else(|| code.to_owned(), |other| other.name.clone())
    }

    /// Name of a weekday; Monday is 1.
    pub(crate) fn weekday_name(&self, number: i8) -> String {
        let index = usize::try_from(number - 1).unwrap_or_default();
        self.weekdays.get(index).cloned().unwrap_or_default()
    }

    /// Monday is 1, Sunday is 7.
    pub(crate) fn weekday(&self, word: &str) -> Option<usize> {
        self.weekday_words.get(word).copied()
    }

    /// January is 1.
    pub(crate) fn month(&self, word: &str) -> Option<usize> {
        self.month_words.get(word).copied()
    }
}

fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;
    use crate::speak;

    #[test]
    fn dates_and_times_read_as_the_speaker_expects_them() {
        let english = Language::english();
        let day = date(2026, 6, 14);
        assert_eq!(english.date(day), speak::display_date(day));
        assert_eq!(english.time(time(9, 0, 0, 0)), speak::display_time(time(9, 0, 0, 0)));
    }

    #[test]
    fn a_clinic_may_word_phrases_anew_but_not_invent_placeholders() {
        let english = Language::english();
        let own = |key: &str, text: &str| {
            english.with_phrases(&BTreeMap::from([(key.to_owned(), text.to_owned())]))
        };
        let ours = own("greeting", "Welcome to {clinic}!").expect("a good phrase");
        assert_eq!(ours.phrases.greeting, "Welcome to {clinic}!");
        assert!(own("greetings", "Hello").is_err());
        assert!(own("greeting", "Hello {doctor}").is_err());
    }

    #[test]
    fn the_defaults_hold_the_phrases_that_scripts_rely_on() {
        let p = &Language::english().phrases;
        assert!(p.greeting.contains("help you") && p.help.contains("help you"));
        for (text, phrase) in [
            (&p.ask_name, "full name"),
            (&p.ask_birth, "date of birth"),
            (&p.ask_phone, "phone number"),
            (&p.read_back_book, "is that correct"),
            (&p.read_back_book, "shall i book"),
            (&p.read_back_move, "is that correct"),
            (&p.read_back_move, "shall i move"),
            (&p.read_back_cancel, "is that correct"),
            (&p.read_back_cancel, "shall i cancel"),
            (&p.read_back_register, "is that correct"),
            (&p.booked, "reference"),
            (&p.anything_else, "anything else"),
        ] {
            assert!(text.to_lowercase().contains(phrase), "{text:?} lacks {phrase:?}");
        }
        assert!(p.ask_doctor.to_lowercase().contains("which doctor"));
    }
}
