//! Understanding: what the words of one utterance come to, by the tables of a language.
//!
//! No statistics and no model: the same words always mean the same, so that a decision can be
//! replayed. One utterance may fill several slots.

pub(crate) mod acts;
pub(crate) mod birth;
mod choices;
pub(crate) mod course;
pub(crate) mod days;
pub(crate) mod distance;
mod foreign;
pub(crate) mod matter;
pub(crate) mod names;
pub(crate) mod numbers;
pub(crate) mod parts;
pub(crate) mod pattern;
pub(crate) mod people;
pub(crate) mod phones;
pub(crate) mod times;
pub(crate) mod tokens;
pub(crate) mod visit;
pub(crate) mod whom;
pub(crate) mod wish;

use frontdesk_types::DoctorId;
use jiff::civil::DateTime;

use super::reading::{Act, ActKind, Reading};
use super::tools::PartOfDay;
use super::{ClinicFacts, Expectation, Now};
use crate::language::Language;
use crate::region::Region;
use crate::wish::Order;
use acts::Taken;
use birth::BirthMention;
pub(crate) use choices::Choice;
use choices::{choice, number_alone, numbered};
use days::{Anchor, Calendar, DayMention};
use names::{Asked, NameMention};
use pattern::{Found, List, Reader, find_any, longest_at};
use people::{DoctorMention, SpecialtyMention};
use phones::PhoneMention;
use times::TimeMention;
use tokens::Tokens;
use whom::Whom;
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
    /// What was said of the kind of doctor and of the visit.
    pub(crate) visit: visit::Said,
    /// The doctor is only preferred.
    pub(crate) soft_doctor: bool,
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
    /// The name of the patient where that is somebody else, or a part of it.
    pub(crate) relative_name: Option<NameMention>,
    pub(crate) whom: Whom,
    pub(crate) birth: Option<BirthMention>,
    pub(crate) phone: Option<PhoneMention>,
    /// The acts, what they cover, and what it all comes to.
    pub(crate) reading: Reading,
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
        let mut reading = acts::of(&all, language);
        let greeting = take_all(&mut all, &language.words.greetings, language);
        let mut heard = Self { greeting, empty: all.is_empty(), ..Self::default() };
        heard.language = foreign::other_language(text, &all, language);
        heard.read_words(&mut reading, &all, setting);
        heard.course = course::Course::of(&all, language);
        let bars = heard.course.bars && !heard.course.holds && !heard.own_appointment;
        heard.move_ &= !bars;
        heard.cancel &= !bars;
        heard.whom = Whom::of(&all, language);

        let mut rest = all.clone();
        if !matches!(expect, Expectation::DateOfBirth | Expectation::PhoneNumber) {
            take_exclamations(&mut rest, language);
        }
        take_all(&mut rest, &language.words.small_talk, language);
        take_all(&mut rest, &language.words.chatter, language);
        take_all(&mut rest, &language.words.asks_now, language);
        take_all(&mut rest, &language.course.idioms, language);
        let mut taken = Taken::of(&rest);
        let mut note = |kind, rest: &Tokens| taken.note(&mut reading.acts, kind, rest);
        let identity = matches!(expect, Expectation::DateOfBirth | Expectation::PhoneNumber);
        let asked_birth = expect == Expectation::DateOfBirth;
        heard.birth = birth::take(&mut rest, language, calendar, asked_birth);
        note(ActKind::BirthDate, &rest);
        let asked_phone = expect == Expectation::PhoneNumber;
        heard.phone = phones::take(&mut rest, language, asked_phone);
        note(ActKind::Phone, &rest);
        heard.relative_name = whom::take_name(&mut rest, language, clinic);
        note(ActKind::RelativeName, &rest);
        heard.other_patient = heard.whom.other || heard.relative_name.is_some();
        heard.relative = heard.whom.relative || heard.other_patient;
        let doctor_first = !expect.is_naming();
        if doctor_first {
            heard.name = names::take(&mut rest, language, Asked::No);
            if heard.name.is_none() {
                let born = matches!(heard.birth, Some(BirthMention::Full(_)));
                let doctor = |tokens: &Tokens, at| whom::is_doctor(tokens, at, clinic);
                heard.name = names::take_leading(&mut rest, language, born, doctor);
            }
        } else if !heard.is_command() {
            heard.name = names::take(&mut rest, language, Asked::Yes);
        }
        if heard.rude {
            // "This is rubbish" is no name.
            heard.name = None;
        }
        note(ActKind::Name, &rest);
        let told = wish::without_story(&rest, setting);
        let mut live = told.clone();
        let people::Doctors { doctor, not } = people::take_doctors(&mut live, language, clinic);
        (heard.doctor, heard.not_doctors) = (doctor, not);
        let mut specialty = people::specialty(&live, language, clinic);
        if heard.doctor.is_none()
            && specialty.is_none()
            && heard.not_doctors.is_empty()
            && !heard.other_doctor
        {
            // Whom a story is about is whom the wish is about that names nobody.
            heard.doctor = people::take_doctors(&mut rest, language, clinic).doctor;
            specialty = people::specialty(&rest, language, clinic);
        }
        if heard.doctor.is_none() && heard.not_doctors.is_empty() {
            // "Dr. Baker was rude to me, I'd like somebody else."
            heard.not_doctors = people::take_doctors(&mut rest.clone(), language, clinic).not;
        }
        people::rule_out(&mut heard.doctor, &mut heard.not_doctors, &all, language);
        for at in (0..rest.len()).filter(|at| told.text(*at) != live.text(*at)) {
            heard.soft_doctor |= wish::is_soft(&told, language, at..at + 1);
            rest.take(at..at + 1);
        }
        heard.visit = visit::read(&live, language);
        heard.another &= !heard.visit.visit.double;
        heard.language = heard.language.filter(|_| heard.visit.traits.languages.is_empty());
        note(ActKind::Doctor, &rest);
        heard.hear_wish(&mut rest, setting, identity);
        note(ActKind::Time, &rest);
        if let Some((range, mention)) = specialty {
            let (act, from, to) = (ActKind::Specialty, range.start, range.end);
            reading.acts.push(Act { act, from, to });
            heard.specialty = Some(mention);
        }
        heard.judge_question(&all, &rest, language);
        if !heard.ask
            && heard.day.is_none()
            && heard.choice.is_none()
            && !identity
            && wish::is_left_over(&rest, setting)
        {
            heard.wish.left_over = true;
            heard.day = Some(DayMention::Unclear);
        }
        heard.reading = acts::with_values(reading, &heard, clinic);
        heard
    }

    /// Days, times and which of the offers. Where numbers are asked for, none of them is a time.
    fn hear_wish(&mut self, rest: &mut Tokens, setting: Setting<'_>, identity: bool) {
        let Setting { language, expect, .. } = setting;
        let choosing = expect == Expectation::Choice;
        let bare = choosing || matches!(expect, Expectation::YesNo | Expectation::Day);
        let by_number = choosing.then(|| numbered(rest, language)).flatten();
        let by_alone = choosing.then(|| number_alone(rest, language)).flatten();
        let days_only = identity || by_number.is_some_and(|choice| choice != Choice::Next);
        let said = wish::take(rest, setting, wish::Reading { choosing, bare, days_only });
        self.later = times::is_later(rest, language);
        self.earlier = times::is_earlier(rest, language);
        if expect == Expectation::DateOfBirth && self.birth.is_some() {
            // "The fifth month, the seventeenth": what is left of a birthday is no wish.
            return;
        }
        let today = setting.calendar().today();
        self.day = match DayMention::of(&said.when, today) {
            _ if said.holiday.is_some() => Some(DayMention::Unclear),
            None if said.past => Some(DayMention::Past),
            None if said.unclear => Some(DayMention::Unclear),
            None if said.free_days || said.when.order == Order::Soonest => {
                Some(DayMention::Soonest)
            }
            day => day,
        };
        self.part = times::part_of_day(&said.when);
        self.time = TimeMention::of(&said.when, said.half_said);
        // "An hour sooner" is said of a visit that there is; before one is talked of, it moves.
        let own = said.anchored && self.own_appointment && !self.course.books && !self.another;
        let counted = (said.shifted || own) && setting.anchor.is_none();
        self.move_ |= counted && !self.cancel && !identity;
        self.wish = said;
        if choosing {
            self.number = by_alone;
            self.choice = by_number.or_else(|| choice(rest, language, self.has_content()));
        }
    }

    /// What is read off lists of phrases.
    fn read_words(&mut self, reading: &mut Reading, all: &Tokens, setting: Setting<'_>) {
        use ActKind::{NegatedYes, SoftYes, Story, Yes};
        let language = setting.language;
        let reader = Reader { tokens: all, language, latest_year: 0 };
        let (words, intents) = (&language.words, &language.intents);
        let alone = |list: &List| {
            longest_at(list, reader, 0)
                .is_some_and(|m| (m.end..all.len()).all(|i| all.text(i).is_empty()))
        };
        // "I moved house" changes no appointment.
        let mut told = wish::without_story(all, setting);
        take_all(&mut told, &language.course.idioms, language);
        Taken::of(all).note(&mut reading.acts, Story, &told);
        let is = |kind: ActKind| reading.has(kind);
        self.unsure = is(ActKind::Unsure);
        self.yes = [Yes, SoftYes].iter().any(|kind| reading.has_apart_from(*kind, &[NegatedYes]))
            || reading.is_alone(ActKind::Please);
        self.no = is(ActKind::No) && !self.unsure;
        // "That works better" corrects nothing.
        self.correction = reading.has_apart_from(ActKind::Correction, &[Yes, SoftYes]);
        // "I'll call back later" asks nobody to.
        self.goodbye = reading.takes_leave();
        self.person = is(ActKind::Person) && !is(ActKind::InPerson) && !self.goodbye;
        self.repeat = is(ActKind::Repeat) || alone(&intents.repeat_alone);
        self.cancel = reading.has_apart_from(ActKind::Cancel, &[Story]) && !is(ActKind::NotCancel);
        let clashes = find_any(&language.course.clashes, reader).is_some();
        // "Don't take me off, I only need another hour."
        let otherwise = is(ActKind::NotCancel) && is(ActKind::AnotherTime);
        self.move_ = reading.has_apart_from(ActKind::Move, &[Story]) || clashes || otherwise;
        self.abort = is(ActKind::Abort);
        // "When is the earliest appointment" is about one that is not yet made.
        let not_made = is(ActKind::NotMade);
        self.list = is(ActKind::List) && !not_made;
        self.book = is(ActKind::Book) || is(ActKind::BookQuestion) || not_made;
        self.another = is(ActKind::Another);
        self.another_time = is(ActKind::AnotherTime);
        self.new_patient = is(ActKind::NewPatient) && !is(ActKind::NotNew);
        self.hold_on = is(ActKind::HoldOn);
        self.small_talk = is(ActKind::SmallTalk) || is(ActKind::Chatter);
        self.machine = is(ActKind::Machine);
        self.presence = is(ActKind::Presence);
        self.wrong_number = is(ActKind::WrongNumber);
        self.rude = is(ActKind::Rude);
        self.recall = is(ActKind::Recall);
        self.thanks = is(ActKind::Thanks);
        self.own_appointment = is(ActKind::OwnAppointment);
        self.none_of = is(ActKind::NoneOf);
        self.any_doctor = is(ActKind::AnyDoctor);
        self.other_doctor = is(ActKind::OtherDoctor);
        self.another_day = is(ActKind::AnotherDay);
        self.any_alone = alone(&words.any_alone);
        let possessive = |at: usize| {
            language.owner(all.text(at)).is_some()
                && !language.common.contains(all.text(at))
                && (1..=3)
                    .any(|next| longest_at(&words.others_possessive, reader, at + next).is_some())
        };
        self.others_data = is(ActKind::OthersData) || (0..all.len()).any(possessive);
    }

    /// Whether it is a question to the clinic rather than a wish.
    fn judge_question(&mut self, all: &Tokens, rest: &Tokens, language: &Language) {
        let reader = Reader { tokens: all, language, latest_year: 0 };
        let (words, intents) = (&language.words, &language.intents);
        let is = |list: &List| find_any(list, reader).is_some();
        let first = (0..all.len()).find(|at| !all.text(*at).is_empty()).unwrap_or_default();
        let mut leads = vec![first];
        while let Some(lead) = leads.last().and_then(|at| longest_at(&words.leads, reader, *at)) {
            leads.push(lead.end);
        }
        let starts = |list: &List| {
            leads.iter().filter_map(|at| longest_at(list, reader, *at)).map(|found| found.end).max()
        };
        // "Two hours later" asks for no opening hours, nor does who fasts on Mondays ask about it.
        let told = self.has_time() && self.specialty.is_some() && !all.question;
        let asked = |list: &List| {
            let mut found = Found::new(list, reader);
            found.any(|found| (found.start..found.end).any(|at| !rest.text(at).is_empty()))
        };
        let topic = !told && asked(&words.topics);
        let questions = &language.questions;
        let of_clinic = topic
            || [&questions.hours, &questions.address, &questions.phone, &questions.fee]
                .into_iter()
                .any(asked);
        let wish = self.has_time() || self.choice.is_some() || self.other_doctor;
        // "Could you tell me …" asks, "could you …" asks for something to be done.
        let (polite, asks) = (starts(&words.polite), starts(&words.question_start));
        let polite = polite.is_some() && polite >= asks;
        let changes = self.cancel || self.move_;
        let asks_for_one = is(&intents.book_question) || is(&words.not_made);
        let booking = (asks_for_one && !changes) || (polite && self.book);
        let change = changes && polite;
        // "Can you put my wife's name on it?"
        let turns = polite && self.other_patient && !of_clinic;
        let suggestion = is(&words.suggestion) && (wish || self.doctor.is_some());
        let question = asks.is_some() || all.question;
        self.ask = !self.list
            && (!self.small_talk || topic)
            && !booking
            && !change
            && !turns
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
            || !self.visit.is_empty()
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
fn take_all(tokens: &mut Tokens, patterns: &List, language: &Language) -> bool {
    let mut any = false;
    while let Some(found) =
        find_any(patterns, Reader { tokens, language, latest_year: 0 }).filter(|m| m.len() > 0)
    {
        tokens.take(found.start..found.end);
        any = true;
    }
    any
}

#[cfg(test)]
#[path = "tests.rs"]
pub(crate) mod tests;
