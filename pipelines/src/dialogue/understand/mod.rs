//! Understanding: what the words of one utterance come to, by the tables of a language.
//!
//! No statistics and no model: the same words always mean the same, so that a decision can be
//! replayed. One utterance may fill several slots.

pub(crate) mod birth;
pub(crate) mod days;
pub(crate) mod distance;
pub(crate) mod names;
pub(crate) mod numbers;
pub(crate) mod pattern;
pub(crate) mod people;
pub(crate) mod phones;
pub(crate) mod times;
pub(crate) mod tokens;

use jiff::civil::DateTime;

use super::tools::PartOfDay;
use super::{ClinicFacts, Expectation, Now};
use crate::language::Language;
use crate::region::Region;
use birth::BirthMention;
use days::{Calendar, DayMention};
use names::{Asked, NameMention};
use pattern::{Pattern, Reader, Slot, find_any, longest_at};
use people::{DoctorMention, SpecialtyMention};
use phones::PhoneMention;
use times::TimeMention;
use tokens::Tokens;

/// Where an utterance is understood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) language: &'a Language,
    pub(crate) clinic: &'a ClinicFacts,
    pub(crate) expect: Expectation,
    pub(crate) now: Now,
}

impl Setting<'_> {
    pub(crate) fn calendar(&self) -> Calendar {
        let now: DateTime = self.now.wall.to_zoned(self.clinic.zone()).datetime();
        Calendar { now, region: Region::of(&self.clinic.country) }
    }
}

/// Which of the offers a caller means by its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// This one, from 0.
    Index(usize),
    Last,
    Either,
}

/// What an utterance says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "an utterance can be any of these at once")]
pub(crate) struct Heard {
    pub(crate) empty: bool,
    pub(crate) yes: bool,
    pub(crate) no: bool,
    pub(crate) unsure: bool,
    pub(crate) correction: bool,
    pub(crate) person: bool,
    pub(crate) goodbye: bool,
    pub(crate) repeat: bool,
    pub(crate) cancel: bool,
    pub(crate) move_: bool,
    pub(crate) abort: bool,
    pub(crate) list: bool,
    pub(crate) book: bool,
    pub(crate) ask: bool,
    pub(crate) another: bool,
    pub(crate) other_patient: bool,
    /// Whether a member of the family is mentioned, who may be the patient.
    pub(crate) relative: bool,
    pub(crate) new_patient: bool,
    pub(crate) hold_on: bool,
    pub(crate) small_talk: bool,
    /// Whether it asks who or what speaks.
    pub(crate) machine: bool,
    /// Whether it asks if somebody is there.
    pub(crate) presence: bool,
    pub(crate) wrong_number: bool,
    pub(crate) rude: bool,
    /// Whether it asks for what was said or booked in this call.
    pub(crate) recall: bool,
    pub(crate) greeting: bool,
    pub(crate) thanks: bool,
    pub(crate) others_data: bool,
    pub(crate) own_appointment: bool,
    pub(crate) another_time: bool,
    pub(crate) later: bool,
    pub(crate) earlier: bool,
    pub(crate) none_of: bool,
    pub(crate) any_doctor: bool,
    /// Nothing but "any" was said.
    pub(crate) any_alone: bool,
    /// Name of another language that was asked for or spoken.
    pub(crate) language: Option<String>,
    pub(crate) doctor: Option<DoctorMention>,
    pub(crate) specialty: Option<SpecialtyMention>,
    pub(crate) day: Option<DayMention>,
    pub(crate) part: Option<PartOfDay>,
    pub(crate) time: Option<TimeMention>,
    pub(crate) choice: Option<Choice>,
    pub(crate) name: Option<NameMention>,
    /// The full name of the relative who is mentioned.
    pub(crate) relative_name: Option<String>,
    pub(crate) birth: Option<BirthMention>,
    pub(crate) phone: Option<PhoneMention>,
}

impl Heard {
    /// Understands `text`.
    pub(crate) fn of(text: &str, setting: Setting<'_>) -> Self {
        let Setting { language, clinic, expect, .. } = setting;
        let calendar = setting.calendar();
        let mut all = Tokens::of(text, language);
        if matches!(expect, Expectation::DateOfBirth | Expectation::PhoneNumber) {
            all.read_homophones(language);
        }
        let greeting = take_all(&mut all, &language.words.greetings, language);
        let mut heard = Self { greeting, empty: all.is_empty(), ..Self::default() };
        heard.language = other_language(text, &all, language);
        heard.read_words(&all, language);

        let mut rest = all.clone();
        if !matches!(expect, Expectation::DateOfBirth | Expectation::PhoneNumber) {
            take_exclamations(&mut rest, language);
        }
        take_all(&mut rest, &language.words.small_talk, language);
        let asks = |wanted: &[Expectation]| wanted.contains(&expect);
        let asked_birth = expect == Expectation::DateOfBirth;
        heard.birth = birth::take(&mut rest, language, calendar, asked_birth);
        let asked_phone = expect == Expectation::PhoneNumber;
        heard.phone = phones::take(&mut rest, language, asked_phone);
        heard.relative_name = names::take_relative(&mut rest, language);
        heard.other_patient |= heard.relative_name.is_some();
        let doctor_first = !expect.is_naming();
        if doctor_first {
            heard.name = names::take(&mut rest, language, Asked::No);
        } else if !heard.is_command() {
            heard.name = names::take(&mut rest, language, Asked::Yes);
        }
        heard.doctor = people::take_doctor(&mut rest, language, clinic);
        heard.specialty = people::specialty(&rest, language, clinic);
        let choosing = expect == Expectation::Choice;
        heard.part = times::part_of_day(&rest, language);
        heard.day = days::take(&mut rest, language, calendar, choosing);
        if asked_birth && heard.birth.is_some() {
            // "The fifth month, the seventeenth": what is left of a birthday is no wish.
            heard.day = None;
        }
        heard.later = times::is_later(&rest, language);
        heard.earlier = times::is_earlier(&rest, language);
        let bare = asks(&[Expectation::Choice, Expectation::YesNo, Expectation::Day]);
        if !asked_birth && !asked_phone {
            let numbered = choosing.then(|| numbered(&rest, language)).flatten();
            heard.time = match numbered {
                Some(_) => None,
                None => times::take(&mut rest, language, bare).map(|t| t.in_part(heard.part)),
            };
            heard.choice = choosing
                .then(|| numbered.or_else(|| choice(&rest, language, heard.has_content())))
                .flatten();
        }
        heard.judge_question(&all, language);
        heard
    }

    /// What is read off lists of phrases.
    fn read_words(&mut self, all: &Tokens, language: &Language) {
        let reader = Reader { tokens: all, language, latest_year: 0 };
        let is = |list: &[Pattern]| find_any(list, reader).is_some();
        let (words, intents) = (&language.words, &language.intents);
        let alone = |list: &[Pattern]| {
            longest_at(list, reader, 0)
                .is_some_and(|m| (m.end..all.len()).all(|i| all.text(i).is_empty()))
        };
        self.unsure = is(&words.unsure);
        let mut affirmed = all.clone();
        take_all(&mut affirmed, &words.negated_yes, language);
        let affirmed = Reader { tokens: &affirmed, language, latest_year: 0 };
        self.yes = find_any(&words.yes, affirmed).is_some()
            || find_any(&words.plain_yes, affirmed).is_some()
            || alone(&words.please);
        self.no = is(&words.no) && !self.unsure;
        // "That works better" corrects nothing.
        let mut without_yes = all.clone();
        take_all(&mut without_yes, &words.plain_yes, language);
        take_all(&mut without_yes, &words.yes, language);
        self.correction =
            find_any(&words.correction, Reader { tokens: &without_yes, language, latest_year: 0 })
                .is_some();
        self.person = is(&intents.person) && !is(&intents.in_person);
        self.goodbye = parting(all, language);
        self.repeat = is(&intents.repeat) || alone(&intents.repeat_alone);
        self.cancel = is(&intents.cancel) && !is(&intents.not_cancel);
        self.move_ = is(&intents.r#move);
        self.abort = is(&intents.abort);
        // "When is the earliest appointment" is about one that is not yet made.
        let not_made = is(&words.not_made);
        self.list = is(&intents.list) && !not_made;
        self.book = is(&intents.book) || is(&intents.book_question) || not_made;
        self.another = is(&words.another);
        self.other_patient = is(&words.other_patient);
        self.relative = self.other_patient || is(&words.relatives) && !is(&words.for_me);
        self.another_time = is(&words.another_time);
        self.new_patient = is(&words.new_patient) && !is(&words.not_new);
        self.hold_on = is(&words.hold_on);
        self.small_talk = is(&words.small_talk);
        self.machine = is(&words.machine);
        self.presence = is(&words.presence);
        self.wrong_number = is(&words.wrong_number);
        self.rude = is(&words.rude);
        self.recall = is(&words.recall);
        self.thanks = is(&words.thanks);
        self.own_appointment = is(&intents.own_appointment);
        self.none_of = is(&words.none_of);
        self.any_doctor = is(&words.any_doctor);
        self.any_alone = alone(&words.any_alone);
        let possessive = |at: usize| {
            language.owner(all.text(at)).is_some()
                && !language.common.contains(all.text(at))
                && (1..=3)
                    .any(|next| longest_at(&words.others_possessive, reader, at + next).is_some())
        };
        self.others_data = is(&words.others_data) || (0..all.len()).any(possessive);
    }

    /// Whether it is a question to the clinic rather than a wish.
    fn judge_question(&mut self, all: &Tokens, language: &Language) {
        let reader = Reader { tokens: all, language, latest_year: 0 };
        let (words, intents) = (&language.words, &language.intents);
        let is = |list: &[Pattern]| find_any(list, reader).is_some();
        let first = (0..all.len()).find(|at| !all.text(*at).is_empty()).unwrap_or_default();
        let mut leads = vec![first];
        while let Some(lead) = leads.last().and_then(|at| longest_at(&words.leads, reader, *at)) {
            leads.push(lead.end);
        }
        let starts = |list: &[Pattern]| {
            leads.iter().filter_map(|at| longest_at(list, reader, *at)).map(|found| found.end).max()
        };
        let topic = is(&words.topics);
        let questions = &language.questions;
        let of_clinic = topic
            || [&questions.hours, &questions.address, &questions.phone, &questions.fee]
                .into_iter()
                .any(|list| is(list));
        let wish = self.day.is_some() || self.time.is_some() || self.choice.is_some();
        // "Could you tell me …" asks, "could you …" asks for something to be done.
        let (polite, asks) = (starts(&words.polite), starts(&words.question_start));
        let polite = polite.is_some() && polite >= asks;
        let changes = self.cancel || self.move_;
        let asks_for_one = is(&intents.book_question) || is(&words.not_made);
        let booking = (asks_for_one && !changes) || (polite && self.book);
        let change = changes && polite;
        let suggestion = is(&words.suggestion) && (wish || self.doctor.is_some());
        let question = asks.is_some() || all.question;
        self.ask = !self.list
            && (!self.small_talk || topic)
            && !booking
            && !change
            && !suggestion
            && ((question && (of_clinic || !(wish || self.later || self.earlier)))
                || (topic && !self.book && self.doctor.is_none())
                // "The price of a visit" is no visit yet.
                || (is(&questions.fee) && !wish));
        if self.ask && changes && !question {
            self.ask = false;
        }
    }

    /// Whether it is a command, so that none of it is a name.
    pub(crate) const fn is_command(&self) -> bool {
        self.person || self.repeat || self.cancel || self.hold_on || self.goodbye || self.empty
    }

    /// Whether it names a doctor or a specialty.
    pub(crate) const fn has_doctor(&self) -> bool {
        self.doctor.is_some() || self.specialty.is_some()
    }

    /// Whether it names a day or a time.
    pub(crate) const fn has_time(&self) -> bool {
        self.day.is_some() || self.part.is_some() || self.time.is_some()
    }

    /// Whether it names a day, time, doctor or specialty.
    pub(crate) const fn has_content(&self) -> bool {
        self.has_doctor() || self.has_time()
    }

    /// Whether it tells who the patient is.
    pub(crate) const fn has_identity(&self) -> bool {
        self.name.is_some() || self.birth.is_some() || self.phone.is_some()
    }
}

/// Whether it takes leave: it ends with a goodbye, or says nothing but what people leave with.
fn parting(all: &Tokens, language: &Language) -> bool {
    let (words, goodbye) = (&language.words, &language.intents.goodbye);
    let reader = Reader { tokens: all, language, latest_year: 0 };
    let length = |lists: &[&Vec<Pattern>], at| {
        let found = lists.iter().filter_map(|list| longest_at(list, reader, at));
        found.map(|found| found.len()).max().unwrap_or(0)
    };
    let covered = |from: usize, lists: &[&Vec<Pattern>]| {
        let mut at = from;
        while at < all.len() {
            match length(lists, at) {
                0 if all.text(at).is_empty() => at += 1,
                0 => return false,
                some => at += some,
            }
        }
        true
    };
    let last = (0..all.len()).rev().find(|at| length(&[&words.bye], *at) > 0);
    let ends = last.is_some_and(|at| covered(at, &[&words.bye, &words.fillers, &words.thanks]));
    let leaving = (0..all.len()).any(|at| length(&[goodbye], at) > 0);
    let lists = [goodbye, &words.decline, &words.fillers, &words.thanks, &words.bye];
    ends || (leaving && !all.question && covered(0, &lists))
}

/// Takes words that are a number and an exclamation where no number stands beside them: "oh yes".
pub(crate) fn take_exclamations(tokens: &mut Tokens, language: &Language) {
    let number = |word: &str| {
        language.numbers.contains_key(word) || word.starts_with(|c: char| c.is_ascii_digit())
    };
    for at in 0..tokens.len() {
        let reader = Reader { tokens, language, latest_year: 0 };
        let exclaims = language.numbers.get(tokens.text(at)) == Some(&0)
            && longest_at(&language.words.fillers, reader, at).is_some();
        let beside = number(tokens.text(at + 1)) || (at > 0 && number(tokens.text(at - 1)));
        if exclaims && !beside {
            tokens.take(at..at + 1);
        }
    }
}

/// Takes every match of `patterns`; whether there was one.
fn take_all(tokens: &mut Tokens, patterns: &[Pattern], language: &Language) -> bool {
    let mut any = false;
    while let Some(found) =
        find_any(patterns, Reader { tokens, language, latest_year: 0 }).filter(|m| m.len() > 0)
    {
        tokens.take(found.start..found.end);
        any = true;
    }
    any
}

/// The name of another language, if it is asked for or the text is in its script.
fn other_language(text: &str, all: &Tokens, language: &Language) -> Option<String> {
    let reader = Reader { tokens: all, language, latest_year: 0 };
    let others = language.languages.iter().filter(|other| other.code != language.code());
    let titled = |word: &str| language.titles.iter().any(|title| word.starts_with(title));
    let about_doctor = all.words.iter().any(|word| titled(&word.text));
    let named = others.clone().find(|other| {
        // "A doctor who speaks French" asks for a doctor; French words are French all the same.
        let own = |at: usize| all.text(at) == other.name.to_lowercase();
        find_any(&other.say, reader).is_some_and(|found| !about_doctor || !own(found.start))
    });
    if let Some(named) = named {
        return Some(named.name.clone());
    }
    let foreign: Vec<char> = text.chars().filter(|c| language.is_foreign(*c)).collect();
    (foreign.len() >= 3).then(|| {
        let known = language.languages.iter().find(|other| {
            let letters = other.letters.as_ref();
            letters.is_some_and(|letters| foreign.iter().any(|letter| letters.has(*letter)))
        });
        known.map_or_else(String::new, |other| other.name.clone())
    })
}

/// "Number two", "the second one", "the third".
fn numbered(rest: &Tokens, language: &Language) -> Option<Choice> {
    let reader = Reader { tokens: rest, language, latest_year: 0 };
    let index = |n: i64| usize::try_from(n - 1).ok().map(Choice::Index);
    if let Some(found) = find_any(&language.words.choice_number, reader) {
        return index(found.slot(Slot::Number)?);
    }
    let noun = &language.words.choice_noun;
    (0..rest.len()).find_map(|at| {
        let (ordinal, length) = numbers::ordinals(rest, at, language).first().copied()?;
        let next = rest.text(at + length);
        let hour = longest_at(&language.clock_words.oclock, reader, at + length).is_some()
            || language.month(next).is_some();
        let named = longest_at(noun, reader, at + length).is_some();
        (!hour && (named || ordinal <= 5)).then(|| index(ordinal)).flatten()
    })
}

fn choice(rest: &Tokens, language: &Language, content: bool) -> Option<Choice> {
    let reader = Reader { tokens: rest, language, latest_year: 0 };
    let words = &language.words;
    if find_any(&words.list_first, reader).is_some() {
        Some(Choice::Index(0))
    } else if find_any(&words.list_last, reader).is_some() {
        Some(Choice::Last)
    } else if find_any(&words.list_either, reader).is_some() && !content {
        Some(Choice::Either)
    } else {
        None
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
