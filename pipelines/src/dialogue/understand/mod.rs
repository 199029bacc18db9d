//! Understanding: what the words of one utterance come to, by the tables of a language.
//!
//! No statistics and no model: the same words always mean the same, so that a decision can be
//! replayed. One utterance may fill several slots.

pub(crate) mod birth;
pub(crate) mod course;
pub(crate) mod days;
pub(crate) mod distance;
mod foreign;
pub(crate) mod matter;
pub(crate) mod names;
pub(crate) mod numbers;
mod parting;
pub(crate) mod parts;
pub(crate) mod pattern;
pub(crate) mod people;
pub(crate) mod phones;
pub(crate) mod times;
pub(crate) mod tokens;
pub(crate) mod wish;

use frontdesk_types::DoctorId;
use jiff::civil::DateTime;

use super::tools::PartOfDay;
use super::{ClinicFacts, Expectation, Now};
use crate::language::Language;
use crate::region::Region;
use crate::wish::Order;
use birth::BirthMention;
use days::{Anchor, Calendar, DayMention};
use names::{Asked, NameMention};
use pattern::{Pattern, Reader, Slot, find_any, longest_at};
use people::{DoctorMention, SpecialtyMention};
use phones::PhoneMention;
use times::TimeMention;
use tokens::Tokens;
use wish::Said;

/// Where an utterance is understood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) language: &'a Language,
    pub(crate) clinic: &'a ClinicFacts,
    pub(crate) expect: Expectation,
    pub(crate) now: Now,
    /// The visit that is being talked of.
    pub(crate) anchor: Option<Anchor>,
}

impl Setting<'_> {
    pub(crate) fn calendar(&self) -> Calendar {
        let now: DateTime = self.now.wall.to_zoned(self.clinic.zone()).datetime();
        Calendar { now, region: Region::of(&self.clinic.country), anchor: self.anchor }
    }
}

/// Which of the offers a caller means by its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// This one, from 0.
    Index(usize),
    Middle,
    Last,
    /// The last by the clock.
    Latest,
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
    /// Doctors that are ruled out.
    pub(crate) not_doctors: Vec<DoctorId>,
    /// Another doctor than the one at hand.
    pub(crate) other_doctor: bool,
    /// What was said of days and times.
    pub(crate) wish: Said,
    /// The days of the wish, from the first to the last.
    pub(crate) day: Option<DayMention>,
    pub(crate) part: Option<PartOfDay>,
    pub(crate) time: Option<TimeMention>,
    pub(crate) choice: Option<Choice>,
    /// A number alone, as the place of an offer from 0.
    pub(crate) number: Option<usize>,
    /// Another day than those that were offered.
    pub(crate) another_day: bool,
    pub(crate) name: Option<NameMention>,
    /// The full name of the relative who is mentioned.
    pub(crate) relative_name: Option<String>,
    pub(crate) birth: Option<BirthMention>,
    pub(crate) phone: Option<PhoneMention>,
    /// How the call is to go on.
    pub(crate) course: course::Course,
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
        heard.language = foreign::other_language(text, &all, language);
        heard.read_words(&all, setting);
        heard.course = course::Course::of(&all, language);

        let mut rest = all.clone();
        if !matches!(expect, Expectation::DateOfBirth | Expectation::PhoneNumber) {
            take_exclamations(&mut rest, language);
        }
        take_all(&mut rest, &language.words.small_talk, language);
        take_all(&mut rest, &language.course.idioms, language);
        let identity = matches!(expect, Expectation::DateOfBirth | Expectation::PhoneNumber);
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
        let told = wish::without_story(&rest, setting);
        let mut live = told.clone();
        let people::Doctors { doctor, not } = people::take_doctors(&mut live, language, clinic);
        (heard.doctor, heard.not_doctors) = (doctor, not);
        heard.specialty = people::specialty(&live, language, clinic);
        if !heard.has_doctor() {
            // Whom a story is about is whom the wish is about that names nobody.
            heard.doctor = people::take_doctors(&mut rest, language, clinic).doctor;
            heard.specialty = people::specialty(&rest, language, clinic);
        }
        for at in (0..rest.len()).filter(|at| told.text(*at) != live.text(*at)) {
            rest.take(at..at + 1);
        }
        heard.hear_wish(&mut rest, setting, identity);
        heard.judge_question(&all, language);
        if !heard.ask
            && heard.day.is_none()
            && heard.choice.is_none()
            && !identity
            && wish::is_left_over(&rest, setting)
        {
            heard.day = Some(DayMention::Unclear);
        }
        heard
    }

    /// Days, times and which of the offers. Where numbers are asked for, none of them is a time.
    fn hear_wish(&mut self, rest: &mut Tokens, setting: Setting<'_>, identity: bool) {
        let Setting { language, expect, .. } = setting;
        let choosing = expect == Expectation::Choice;
        let bare = choosing || matches!(expect, Expectation::YesNo | Expectation::Day);
        let by_number = choosing.then(|| numbered(rest, language)).flatten();
        let by_alone = choosing.then(|| number_alone(rest, language)).flatten();
        let days_only = identity || by_number.is_some();
        let said = wish::take(rest, setting, wish::Reading { choosing, bare, days_only });
        self.later = times::is_later(rest, language);
        self.earlier = times::is_earlier(rest, language);
        if expect == Expectation::DateOfBirth && self.birth.is_some() {
            // "The fifth month, the seventeenth": what is left of a birthday is no wish.
            return;
        }
        let today = setting.calendar().today();
        self.day = match DayMention::of(&said.when, today) {
            None if said.past => Some(DayMention::Past),
            None if said.unclear => Some(DayMention::Unclear),
            None if said.free_days || said.when.order == Order::Soonest => {
                Some(DayMention::Soonest)
            }
            day => day,
        };
        self.part = times::part_of_day(&said.when);
        self.time = TimeMention::of(&said.when, said.half_said);
        self.wish = said;
        if choosing {
            self.number = by_alone;
            self.choice = by_number.or_else(|| choice(rest, language, self.has_content()));
        }
    }

    /// What is read off lists of phrases.
    fn read_words(&mut self, all: &Tokens, setting: Setting<'_>) {
        let language = setting.language;
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
        self.goodbye = parting::parting(all, language);
        self.repeat = is(&intents.repeat) || alone(&intents.repeat_alone);
        // "I moved house" changes no appointment.
        let told = wish::without_story(all, setting);
        let told = Reader { tokens: &told, language, latest_year: 0 };
        self.cancel = find_any(&intents.cancel, told).is_some() && !is(&intents.not_cancel);
        self.move_ = find_any(&intents.r#move, told).is_some() || is(&language.course.clashes);
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
        self.other_doctor = is(&words.other_doctor);
        self.another_day = is(&words.another_day);
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
        let wish = self.has_time() || self.choice.is_some() || self.other_doctor;
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
    pub(crate) fn has_doctor(&self) -> bool {
        self.doctor.is_some()
            || self.specialty.is_some()
            || !self.not_doctors.is_empty()
            || self.other_doctor
    }

    /// Whether it names a day or a time.
    pub(crate) fn has_time(&self) -> bool {
        self.day.is_some() || !self.wish.when.is_empty()
    }

    /// Whether it names a day, time, doctor or specialty.
    pub(crate) fn has_content(&self) -> bool {
        self.has_doctor() || self.has_time()
    }

    /// Whether it tells who the patient is.
    pub(crate) const fn has_identity(&self) -> bool {
        self.name.is_some() || self.birth.is_some() || self.phone.is_some()
    }
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

/// "Number two", "the second one", "the third"; the last of them where one is corrected. One that is
/// ruled out is not taken.
fn numbered(rest: &Tokens, language: &Language) -> Option<Choice> {
    let reader = Reader { tokens: rest, language, latest_year: 0 };
    let not = wish::negations(rest, language);
    let noun = &language.words.choice_noun;
    let index = |n: i64| usize::try_from(n - 1).ok().map(Choice::Index);
    let at = |at: usize| {
        if let Some(found) = longest_at(&language.words.choice_number, reader, at) {
            return index(found.slot(Slot::Number)?);
        }
        let (ordinal, length) = numbers::ordinals(rest, at, language).first().copied()?;
        let next = rest.text(at + length);
        let hour = longest_at(&language.clock_words.oclock, reader, at + length).is_some()
            || language.month(next).is_some()
            || language.weekday(next).is_some();
        let named = longest_at(noun, reader, at + length).is_some();
        (!hour && (named || ordinal <= 5)).then(|| index(ordinal)).flatten()
    };
    let wanted = (0..rest.len()).filter(|place| !not.get(*place).copied().unwrap_or_default());
    let found = wanted.filter_map(|place| at(place).map(|choice| (place, choice)));
    let found: Vec<(usize, Choice)> = found.collect();
    if let Some(after) = find_any(&language.words.choice_after, reader) {
        // "Not the first, the one after it".
        let named = after.slot(Slot::Ordinal).and_then(index);
        let all = (0..rest.len()).filter_map(at).next();
        if let Some(Choice::Index(before)) = named.or(all) {
            return Some(Choice::Index(before + 1));
        }
    }
    let (first, choice) = found.first().copied()?;
    let corrected = |place: usize| {
        let lists = [&language.scope.corrected, &language.scope.answers];
        (first..place).any(|at| lists.iter().any(|list| longest_at(list, reader, at).is_some()))
    };
    let last = found.iter().skip(1).rfind(|(place, _)| corrected(*place));
    Some(last.map_or(choice, |(_, choice)| *choice))
}

/// A number and nothing else, counted from 0: which of the offers it may be.
fn number_alone(rest: &Tokens, language: &Language) -> Option<usize> {
    let reader = Reader { tokens: rest, language, latest_year: 0 };
    let filler = |at: &usize| {
        let lists = [&language.words.fillers, &language.words.please];
        lists.iter().any(|list| longest_at(list, reader, *at).is_some())
    };
    let mut words =
        (0..rest.len()).filter(|at| !rest.text(*at).is_empty()).filter(|at| !filler(at));
    let (only, more) = (words.next()?, words.next());
    let (number, _) = numbers::cardinals(rest, only, language).first().copied()?;
    usize::try_from(number - 1).ok().filter(|_| more.is_none())
}

fn choice(rest: &Tokens, language: &Language, content: bool) -> Option<Choice> {
    let reader = Reader { tokens: rest, language, latest_year: 0 };
    let not = wish::negations(rest, language);
    let words = &language.words;
    let is = |list: &[Pattern]| {
        find_any(list, reader).is_some_and(|m| !not.get(m.start).copied().unwrap_or_default())
    };
    if is(&words.list_first) {
        Some(Choice::Index(0))
    } else if is(&words.list_middle) {
        Some(Choice::Middle)
    } else if is(&words.list_latest) {
        Some(Choice::Latest)
    } else if is(&words.list_last) {
        Some(Choice::Last)
    } else if is(&words.list_either) && !content {
        Some(Choice::Either)
    } else {
        None
    }
}

#[cfg(test)]
#[path = "tests.rs"]
pub(crate) mod tests;
