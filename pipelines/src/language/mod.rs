//! Languages: what is understood, said, spoken aloud and listened for, one folder for each.
//!
//! A folder ([`Bundle`]) has `understand.toml` (tables of words for the parsers), `phrases.toml`
//! (what the agent says), `danger.toml` (words that tell a danger to life), `speak.toml` with one file of code for numbers ([`Numbers`]; how text
//! becomes words for a voice), `listen.toml` (what the recognizer expects), `turn.toml` (words that
//! turn taking listens for), and lists of names. Adding a language is adding a folder and naming it
//! in [`Languages::built_in`]; no code asks which language it has before it.

mod ar;
pub mod bundle;
mod classes;
pub(crate) mod danger;
mod day_ops;
mod en;
mod exact;
pub(crate) mod kin;
pub mod listen;
mod mail;
pub(crate) mod pattern;
mod phrases;
pub mod pronunciation;
mod registry;
pub mod speech;
pub mod turn;
pub(crate) mod understand;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use frontdesk_types::Gender;
use jiff::civil::{Date, Time};

use crate::dialogue::HolidayFacts;
use crate::wish::Traits;
pub use bundle::{Bundle, BundleError};
pub use listen::Templates;
pub use mail::{MAIL, MailTemplates, mail_templates};
pub use phrases::PhraseError;
pub(crate) use phrases::{Phrases, fill};
pub use pronunciation::{PronunciationError, Pronunciations};
pub use registry::Languages;
pub use speech::{Numbers, SpeechRules};
pub use turn::TurnWords;
pub(crate) use understand::KeyWords;
use understand::Tables;

/// One language. Cheap to clone; shared by all calls that are held in it.
///
/// It can be read as the tables by which it is understood.
#[derive(Clone)]
pub struct Language {
    code: Arc<str>,
    understand: Arc<Tables>,
    dangers: Arc<danger::Dangers>,
    /// What the agent says.
    pub(crate) phrases: Arc<Phrases>,
    shown: Arc<phrases::Shown>,
    speak: Arc<SpeechRules>,
    listen: Arc<Templates>,
    turn: Arc<TurnWords>,
}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Language").field(&self.code).finish()
    }
}

impl std::ops::Deref for Language {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.understand
    }
}

/// What the runtime itself tells a caller, whatever the dialogue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// All places are taken; the caller may wait for one.
    BusyWait,
    /// No place became free.
    BusyEnd,
    /// The runtime is being stopped and takes no calls.
    Stopping,
    /// The runtime is being stopped and ends this call.
    CutShort,
    /// There is no such clinic, or it takes no calls.
    NotServed,
    /// The call cannot be held any longer.
    Failed,
}

impl Language {
    /// A language from its folder.
    ///
    /// # Errors
    /// [`BundleError`], which names file and entry, if a file is missing, lacks an entry, or has
    /// one that cannot be used.
    pub fn load(bundle: &Bundle<'_>) -> Result<Self, BundleError> {
        let (phrases, shown) = phrases::load(bundle)?;
        let understand = Tables::load(bundle, &shown.format.months, &shown.format.weekdays)?;
        let (months, weekdays) = (shown.format.months.clone(), shown.format.weekdays.clone());
        let words = bundle.toml("speak.toml")?;
        let speak = SpeechRules::new(words, months, weekdays, bundle.numbers);
        Ok(Self {
            code: bundle.code.into(),
            understand: Arc::new(understand),
            dangers: Arc::new(danger::Dangers::load(bundle)?),
            phrases: Arc::new(phrases),
            shown: Arc::new(shown),
            speak: Arc::new(speak),
            listen: Arc::new(Templates::load(bundle)?),
            turn: Arc::new(bundle.toml("turn.toml")?),
        })
    }

    /// The language with a clinic's own wording of some phrases, by their names in `phrases.toml`.
    ///
    /// # Errors
    /// If a name is unknown, or a wording uses a placeholder that nothing fills there.
    pub fn with_phrases(&self, own: &BTreeMap<String, String>) -> Result<Self, PhraseError> {
        Ok(Self { phrases: Arc::new(self.phrases.with(own)?), ..self.clone() })
    }

    /// The language in which a clinic's names are said as the clinic wants.
    #[must_use]
    pub fn with_pronunciations(&self, own: Pronunciations) -> Self {
        if own.is_empty() {
            return self.clone();
        }
        Self { speak: Arc::new(self.speak.with_pronunciations(own)), ..self.clone() }
    }

    /// ISO 639-1 code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Its name, in itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shown.name
    }

    /// What a caller is told by the runtime itself.
    #[must_use]
    pub fn notice(&self, notice: Notice) -> &str {
        match notice {
            Notice::BusyWait => &self.phrases.busy_wait,
            Notice::BusyEnd => &self.phrases.busy_end,
            Notice::Stopping => &self.phrases.stopping_end,
            Notice::CutShort => &self.phrases.cut_end,
            Notice::NotServed => &self.phrases.not_served_end,
            Notice::Failed => &self.phrases.failed_end,
        }
    }

    /// "We will call you back at … Goodbye."
    #[must_use]
    pub fn called_back_at(&self, number: &str) -> String {
        fill(&self.phrases.callback_noted_at, &[("phone", number)])
    }

    /// "In an emergency call 911 now."
    #[must_use]
    pub fn in_an_emergency(&self, number: &str) -> String {
        fill(&self.phrases.emergency_number, &[("number", number)])
    }

    /// How text becomes words for a voice.
    #[must_use]
    pub fn speech(&self) -> &SpeechRules {
        &self.speak
    }

    /// Words that tell a danger to life.
    pub(crate) fn dangers(&self) -> &danger::Dangers {
        &self.dangers
    }

    /// Those of languages that calls are not held in, of which `text` has letters.
    pub(crate) fn foreign_dangers<'a>(
        &self,
        text: &'a str,
    ) -> impl Iterator<Item = &'static danger::Dangers> + use<'a, '_> {
        let has = |dangers: &danger::Dangers| {
            let letters = dangers.phrases.as_ref().map(|phrases| &phrases.letters);
            letters.is_some_and(|own| text.chars().any(|c| own.has(c) && self.is_foreign(c)))
        };
        danger::foreign().iter().filter(move |dangers| has(dangers))
    }

    /// What callers are expected to say.
    #[must_use]
    pub fn listen(&self) -> &Templates {
        &self.listen
    }

    /// Words that turn taking listens for.
    #[must_use]
    pub fn turn(&self) -> &TurnWords {
        &self.turn
    }

    /// "Sunday, June 14".
    pub(crate) fn date(&self, date: Date) -> String {
        let (weekday, month) = (date.weekday().to_monday_one_offset(), date.month());
        let values = [
            ("weekday", &*self.weekday_name(weekday)),
            ("month", nth(&self.shown.format.months, month)),
            ("day", &*date.day().to_string()),
        ];
        fill(&self.shown.format.date, &values)
    }

    /// "March 12, 1984": a date of birth, without its weekday.
    pub(crate) fn birth_date(&self, date: Date) -> String {
        let values = [
            ("month", nth(&self.shown.format.months, date.month())),
            ("day", &*date.day().to_string()),
            ("year", &*date.year().to_string()),
        ];
        fill(&self.shown.format.birth_date, &values)
    }

    /// "9:00 AM".
    pub(crate) fn time(&self, time: Time) -> String {
        let [before, after] = &self.shown.format.halves;
        let half = if time.hour() < 12 { before } else { after };
        let shown = time.strftime(&self.shown.format.time).to_string();
        fill(&shown, &[("half", half)])
    }

    /// "Dr. Samira Hassan".
    pub(crate) fn doctor(&self, name: &str) -> String {
        fill(&self.shown.format.doctor, &[("name", name)])
    }

    /// "Female doctor who speaks Arabic".
    pub(crate) fn doctor_like(&self, traits: &Traits) -> String {
        let phrases = &self.phrases;
        let doctor = match traits.genders.as_slice() {
            [Gender::Female] => &phrases.female_doctor,
            [Gender::Male] => &phrases.male_doctor,
            _ => &phrases.a_doctor,
        };
        if traits.languages.is_empty() {
            return doctor.clone();
        }
        let names = traits.languages.iter().map(|code| self.language_name(code));
        let names: Vec<String> = names.collect();
        fill(&phrases.doctor_speaking, &[("doctor", doctor), ("languages", &self.or(&names))])
    }

    /// "We are closed on Thursday, November 26, for Thanksgiving."
    pub(crate) fn closed_for(&self, when: &str, holiday: &HolidayFacts) -> String {
        let known = holiday.holiday.as_ref().and_then(|code| self.holiday_name(code));
        let values = [("when", when), ("holiday", known.unwrap_or(&holiday.name))];
        fill(&self.phrases.closed_holiday, &values)
    }

    /// "a, b and c".
    #[must_use]
    pub fn and(&self, items: &[String]) -> String {
        self.list(items, &self.shown.format.and)
    }

    /// "a, b or c".
    pub(crate) fn or(&self, items: &[String]) -> String {
        self.list(items, &self.shown.format.or)
    }

    /// "a; b; c": of items that have commas of their own.
    pub(crate) fn apart(&self, items: &[String]) -> String {
        items.join(&self.shown.format.semicolon)
    }

    fn list(&self, items: &[String], last: &str) -> String {
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., end] => format!("{}{last}{end}", first.join(&self.shown.format.comma)),
        }
    }

    /// What money is called in a country; empty if this language does not know.
    pub(crate) fn currency(&self, country: &str) -> &str {
        self.shown.currencies.get(country).map_or("", String::as_str)
    }

    /// Name of a language by its code; the code itself if this language does not know it.
    pub(crate) fn language_name(&self, code: &str) -> String {
        if code == self.code() {
            return self.name().to_owned();
        }
        let known = self.languages.iter().find(|other| other.code == code);
        known.map_or_else(|| code.to_owned(), |other| other.name.clone())
    }

    /// Name of a weekday; Monday is 1.
    pub(crate) fn weekday_name(&self, number: i8) -> String {
        nth(&self.shown.format.weekdays, number).to_owned()
    }
}

/// The name of this number, from 1; empty if there is none.
fn nth(names: &[String], number: i8) -> &str {
    let index = usize::try_from(number - 1).ok();
    index.and_then(|index| names.get(index)).map_or("", String::as_str)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// English, for tests of what is the same in all languages.
    pub(crate) fn english() -> Language {
        Languages::built_in().get("en").expect("it comes with Frontdesk").clone()
    }

    #[test]
    fn a_clinic_may_word_phrases_anew_but_not_invent_placeholders() {
        let english = english();
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
        let p = &english().phrases;
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
