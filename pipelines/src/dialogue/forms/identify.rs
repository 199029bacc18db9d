//! Who the patient is.

use frontdesk_types::{Channel, Phi, TransferReason};

use super::state::{Goal, Patient, Phase, Spelled};
use super::{Heard, Now, Output, Policy};
use crate::dialogue::Expectation;
use crate::dialogue::spoken::{Part, spelled_name};
use crate::dialogue::tools::{Identity, ToolCall};
use crate::dialogue::understand::Setting;
use crate::dialogue::understand::birth::{BirthMention, of_parts};
use crate::dialogue::understand::names::{NameMention, with_part};
use crate::dialogue::understand::pattern::{Reader, find_any};
use crate::dialogue::understand::phones::PhoneMention;
use crate::dialogue::understand::tokens::Tokens;

/// Times that somebody who is to be registered is asked to spell, both names and a second try.
const MAX_SPELLINGS: u32 = 3;

/// Questions for letters from which on an answer without any has the name taken as it was heard.
const MAX_UNSPELLED: u32 = 2;

impl Policy {
    /// Takes what was said of the patient, or `typed`; whether there was anything.
    pub(super) fn merge_identity(&mut self, heard: &Heard, typed: bool) -> bool {
        let asked = matches!(self.state.phase, Phase::Name | Phase::SpelledName);
        let mut told = false;
        if let Some(name) = heard.name.as_ref().filter(|name| asked || name.introduced) {
            let known = self.state.patient.name.as_ref().map(|known| known.expose().as_str());
            let whole = known.filter(|_| !name.full && self.state.patient.full && !asked);
            if let Some(whole) = whole.and_then(|known| with_part(known, &name.name))
                && !self.is_identified()
            {
                // "It's Shayne", of somebody whose last name is known.
                self.state.patient.name = Some(Phi::new(whole));
                told = true;
            } else {
                told = self.take_name(name, asked, typed);
            }
        }
        if self.is_identified() {
            return told;
        }
        told |= heard.birth.is_some_and(|birth| self.merge_birth(birth));
        let patient = &mut self.state.patient;
        if let Some(PhoneMention::Full(digits)) = &heard.phone {
            patient.phone = Some(Phi::new(digits.clone()));
            told = true;
        }
        if heard.new_patient && !patient.new {
            patient.new = true;
            told = true;
            if let Some(previous) = self.state.previous.take()
                && patient.name.is_none()
            {
                self.state.patient = Patient { new: true, ambiguous: false, ..previous };
            }
        }
        told
    }

    /// Takes a name, or what is missing of one.
    fn take_name(&mut self, name: &NameMention, asked: bool, typed: bool) -> bool {
        let known = self.state.patient.name.as_ref().map(|known| known.expose().as_str());
        let same = known.is_some_and(|known| known.eq_ignore_ascii_case(&name.name));
        if self.is_identified() && !name.full {
            return false;
        }
        if self.is_identified() && !same {
            // Somebody else speaks now, or the call is about somebody else.
            self.remember();
            self.state.patient = Patient::default();
            self.state.turned = true;
            self.state.done.clear();
            self.state.last_booked = None;
        }
        let patient = &mut self.state.patient;
        let first = patient.name.take().filter(|_| asked && !patient.full && !name.full);
        let whole = match first {
            Some(first) if !first.expose().eq_ignore_ascii_case(&name.name) => {
                patient.full = true;
                format!("{} {}", first.expose(), name.name)
            }
            _ => {
                patient.full = name.full;
                name.name.clone()
            }
        };
        patient.name = Some(Phi::new(whole));
        if typed {
            patient.spelled = Spelled::Whole;
        } else if self.state.doubt {
            (patient.doubted, patient.spelled) = (true, Spelled::Nothing);
        }
        true
    }

    /// What was taken for a name was none.
    pub(super) fn forget_name(&mut self) {
        if !self.is_identified() {
            self.state.patient.name = None;
            self.state.patient.full = false;
            self.state.patient.spelled = Spelled::Nothing;
        }
    }

    /// Takes a date of birth or a part of one; whether it tells anything that was not known.
    fn merge_birth(&mut self, birth: BirthMention) -> bool {
        let patient = &mut self.state.patient;
        let known = |patient: &Patient| {
            (patient.birth, patient.birthday, patient.birth_month, patient.birth_year)
        };
        let before = known(patient);
        let month = patient.birth_month.as_ref().map(|month| *month.expose());
        match (birth, month) {
            (BirthMention::Full(date), _) => patient.birth = Some(Phi::new(date)),
            (BirthMention::NoYear { month, day }, _) => {
                patient.birthday = Some(Phi::new((month, day)));
            }
            (BirthMention::Month(month), _) => patient.birth_month = Some(Phi::new(month)),
            (BirthMention::Day(day), Some(month)) if patient.birthday.is_none() => {
                patient.birthday = Some(Phi::new((month, day)));
            }
            (BirthMention::Year(year), _) if patient.birthday.is_none() => {
                patient.birth_year = Some(Phi::new(year));
            }
            _ => {}
        }
        let year = patient.birth_year.as_ref().map(|year| *year.expose());
        let birthday = patient.birthday.as_ref().map(|birthday| *birthday.expose());
        if let (None, Some(year), Some((month, day))) = (&patient.birth, year, birthday)
            && let Ok(date) = jiff::civil::Date::new(year, month, day)
        {
            patient.birth = Some(Phi::new(date));
        }
        known(patient) != before
    }

    /// The question for the date of birth, or for what is missing of it.
    fn ask_birth<'a>(&'a self, whole: &'a str) -> &'a str {
        let (patient, phrases) = (&self.state.patient, &self.language.phrases);
        match (&patient.birthday, &patient.birth_month, &patient.birth_year) {
            (Some(_), ..) => &phrases.ask_birth_year,
            (None, Some(_), _) => &phrases.ask_birth_day,
            (None, None, Some(_)) => &phrases.ask_birth_day_month,
            _ => whole,
        }
    }

    /// Asks for what is missing, then looks the patient up or registers them.
    ///
    /// Who speaks is asked for the date of birth first: it is heard more surely than a name, and
    /// with it the recognizer knows whose names to listen for.
    pub(super) fn identify(&mut self, now: Now) {
        let phrases = self.language.phrases.clone();
        let patient = self.state.patient.clone();
        let aloud = self.facts.channel != Channel::Text;
        let unnamed = !patient.full;
        if aloud && unnamed && patient.birth.is_none() {
            let first =
                if patient.other { &phrases.ask_other_birth } else { &phrases.ask_birth_first };
            let text = self.ask_birth(first).to_owned();
            self.ask(now, Phase::Birth, &text);
            return;
        }
        if let Some(date) = patient.birth.filter(|_| aloud && unnamed) {
            self.outputs.push_back(Output::Born(date));
        }
        let Some(name) = patient.name.filter(|_| patient.full) else {
            let again = matches!(self.state.phase, Phase::Name | Phase::SpelledName);
            let text = if self.state.patient.name.is_some() && (again || !patient.other) {
                &phrases.ask_last_name
            } else if self.state.failed > 1 {
                self.ask(now, Phase::SpelledName, &phrases.ask_name_spelled);
                return;
            } else if aloud && patient.other {
                &phrases.ask_other_name_next
            } else if aloud {
                &phrases.ask_name_next
            } else if patient.other {
                &phrases.ask_other_name
            } else {
                &phrases.ask_name
            };
            self.ask(now, Phase::Name, text);
            return;
        };
        let Some(date_of_birth) = patient.birth else {
            let text = self.ask_birth(&phrases.ask_birth).to_owned();
            self.ask(now, Phase::Birth, &text);
            return;
        };
        let unsure = patient.new || patient.doubted;
        let unspelled = aloud && unsure && patient.spelling_asks < MAX_SPELLINGS;
        let spelling = match patient.spelled {
            Spelled::Nothing => Some((Phase::SpellFirst, &phrases.ask_first_spelled)),
            Spelled::First => Some((Phase::SpellLast, &phrases.ask_last_spelled)),
            Spelled::Whole => None,
        };
        if let Some((phase, text)) = spelling.filter(|_| unspelled) {
            self.state.patient.spelling_asks += 1;
            self.ask(now, phase, text);
            return;
        }
        if (patient.new || patient.ambiguous) && patient.phone.is_none() {
            self.ask(now, Phase::Phone, &phrases.ask_phone);
            return;
        }
        let phone = patient.phone.filter(|_| patient.new || patient.ambiguous);
        let full_name = if patient.new { name } else { without_initials(&name) };
        let identity = Identity { full_name, date_of_birth, phone };
        if patient.new {
            self.state.phase = Phase::Confirm;
            self.write(now, ToolCall::RegisterPatient(identity));
        } else {
            self.call(ToolCall::IdentifyPatient(identity));
        }
    }

    /// An answer to how a part of the name is spelled; whether it was one.
    ///
    /// Names are what is heard worst, and nobody who is not yet registered can be listened for: a
    /// name is written down as its letters say. Who does not spell is taken at their word, and has
    /// the name read back like everybody.
    pub(super) fn on_spelling(&mut self, now: Now, heard: &Heard, text: &str) -> bool {
        let part = match self.state.phase {
            Phase::SpellFirst => Part::First,
            Phase::SpellLast => Part::Last,
            _ => return false,
        };
        let patient = &mut self.state.patient;
        let Some(name) = &patient.name else { return false };
        let mut parts: Vec<&str> = name.expose().split(' ').collect();
        let at = if part == Part::First { 0 } else { parts.len() - 1 };
        if let Some(spelled) = spelled_name(part, text, parts[at], &self.language) {
            parts[at] = &spelled;
            patient.name = Some(Phi::new(parts.join(" ")));
            patient.spelled = if part == Part::First { Spelled::First } else { Spelled::Whole };
            self.understood();
        } else {
            let wants = heard.person || heard.goodbye || heard.abort || heard.cancel;
            let introduced = heard.name.as_ref().is_some_and(|name| name.introduced && name.full);
            if wants || heard.hold_on || heard.ask || introduced || heard.birth.is_some() {
                return false;
            }
            if patient.spelling_asks >= MAX_UNSPELLED {
                patient.spelled = Spelled::Whole;
                // Who is somebody's double and does not spell is told apart by the telephone.
                patient.ambiguous |= patient.doubted;
            } else {
                let sorry = self.language.phrases.not_understood.clone();
                self.carry(&sorry);
            }
        }
        self.advance(now);
        true
    }

    /// An answer to one of the questions of identification.
    pub(super) fn on_identity(&mut self, now: Now, heard: &Heard, text: &str, told: bool) {
        let phrases = self.language.phrases.clone();
        if self.turned_by(heard, heard.relative) {
            self.understood();
            self.take_wish_silently(heard);
            self.advance(now);
            return;
        }
        if self.state.phase == Phase::Birth && self.state.patient.birth.is_none() {
            let latest = self.setting(now).calendar().today().year() % 100;
            let century =
                |day: i8| i16::from(day) + if i16::from(day) <= latest { 2000 } else { 1900 };
            let birth = match (heard.birth, told) {
                // "Twelve", where the year was asked for.
                (Some(BirthMention::Day(day)), false) => Some(BirthMention::Year(century(day))),
                (birth, _) => birth,
            };
            match (birth, self.state.patient.birthday) {
                (Some(BirthMention::Year(year)), Some(birthday)) => {
                    let (month, day) = *birthday.expose();
                    let calendar = self.setting(now).calendar();
                    if let BirthMention::Full(date) =
                        of_parts(Some(i64::from(year)), month, day, calendar)
                    {
                        self.understood();
                        self.state.patient.birth = Some(Phi::new(date));
                        self.advance(now);
                        return;
                    }
                    self.state.patient.birthday = None;
                    self.bad_answer(now, &phrases.bad_birth);
                    return;
                }
                (Some(BirthMention::Impossible), _) => {
                    self.bad_answer(now, &phrases.bad_birth);
                    return;
                }
                _ => {}
            }
        }
        if told {
            self.understood();
            self.take_wish_silently(heard);
            self.advance(now);
        } else if self.state.phase == Phase::Phone
            && matches!(heard.phone, Some(PhoneMention::Partial(_)))
        {
            self.bad_answer(now, &phrases.bad_phone);
        } else if heard.ask {
            self.ask_clinic(text);
        } else if heard.abort || (heard.cancel && !heard.own_appointment) {
            self.abandon(now);
        } else if heard.cancel || heard.move_ || heard.list {
            self.intent(now, heard, text);
        } else if heard.has_content() || heard.book {
            self.take_wish_silently(heard);
            self.advance(now);
        } else if heard.small_talk {
            let text = self.small_talk();
            self.carry(&text);
            self.ask_again(now);
        } else {
            self.misunderstood(now);
        }
    }

    /// An answer that was understood and cannot be right.
    fn bad_answer(&mut self, now: Now, text: &str) {
        self.state.misunderstood += 1;
        if self.state.misunderstood >= self.settings.max_misunderstood {
            self.misunderstood(now);
        } else {
            self.ask(now, self.state.phase, text);
        }
    }

    /// The details did not match, or nobody has them: which of the two is not told. After the first
    /// time it is asked whether there can be a match at all.
    pub(super) fn not_identified(&mut self, now: Now) {
        let phrases = self.language.phrases.clone();
        self.state.failed += 1;
        if self.state.goal == Some(Goal::Message) && self.message_by_phone(now) {
            return;
        }
        if self.state.failed >= self.settings.max_identifications {
            self.transfer(now, TransferReason::NotIdentified, &phrases.not_identified_end);
            return;
        }
        let fresh = self.state.patient.without_details();
        let other = fresh.other;
        self.state.previous = Some(std::mem::replace(&mut self.state.patient, fresh));
        if self.state.failed == 1 {
            let text = if other { &phrases.been_before_other } else { &phrases.been_before };
            self.ask(now, Phase::BeenBefore, text);
            return;
        }
        self.carry(&phrases.not_matched);
        self.identify(now);
    }

    /// An answer to whether the patient has been here before; `told` are details.
    pub(super) fn on_been_before(&mut self, now: Now, heard: &Heard, text: &str, told: bool) {
        let tokens = Tokens::of(text, &self.language);
        let reader = Reader { tokens: &tokens, language: &self.language, latest_year: 0 };
        let known = find_any(&self.language.words.not_new, reader).is_some();
        if self.turned_by(heard, heard.relative) || heard.new_patient {
            self.understood();
            self.advance(now);
        } else if told || self.names_anew(now, text) || self.birth_anew(now, text) {
            // What was put right counts; the rest was right.
            self.understood();
            // The same once more is no other try: then the rest is asked for.
            let patient = &self.state.patient;
            let previous = self.state.previous.clone().filter(|previous| {
                (patient.name.is_some() && patient.name != previous.name)
                    || (patient.birth.is_some() && patient.birth != previous.birth)
            });
            if let Some(previous) = previous {
                self.state.patient.complete_from(previous);
            }
            self.advance(now);
        } else if known || (heard.yes && !heard.no) {
            self.understood();
            let text = self.language.phrases.try_again.clone();
            self.carry(&text);
            self.identify(now);
        } else if heard.no {
            self.understood();
            if let Some(previous) = self.state.previous.take() {
                self.state.patient = Patient { new: true, ambiguous: false, ..previous };
            }
            self.state.patient.new = true;
            self.advance(now);
        } else if heard.ask {
            self.ask_clinic(text);
        } else if heard.abort {
            self.abandon(now);
        } else {
            self.misunderstood(now);
        }
    }

    /// Takes a whole name that is said where none was asked for; whether there was one.
    fn names_anew(&mut self, now: Now, text: &str) -> bool {
        let setting = Setting { expect: Expectation::FullName, ..self.setting(now) };
        let heard = Heard::of(text, setting);
        let Some(name) = heard.name.filter(|name| name.full && !heard.yes) else { return false };
        self.state.patient.name = Some(Phi::new(name.name));
        self.state.patient.full = true;
        true
    }
}

/// "James T Wilson" as it is looked up: an initial between two names is no part of the record.
fn without_initials(name: &Phi<String>) -> Phi<String> {
    let parts: Vec<&str> = name.expose().split(' ').collect();
    let last = parts.len().saturating_sub(1);
    let long = |part: &str| part.chars().count() > 1;
    let kept = parts.iter().enumerate().filter(|(at, part)| *at == 0 || *at == last || long(part));
    Phi::new(kept.map(|(_, part)| *part).collect::<Vec<_>>().join(" "))
}
