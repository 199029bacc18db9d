//! Reading a write back, and hearing the yes.

use frontdesk_types::{DoctorId, MessageSubject, Offer, Phi};

use super::assent::{Asked, Assent};
use super::state::ReadBack;
use super::{
    Expectation, Guarded, Heard, Input, Mode, Now, Policy, Refusal, ToolCall, ToolCallId,
    ToolResult, UtteranceId,
};
use crate::dialogue::reading::Reading;
use crate::dialogue::said;
use crate::dialogue::toolbox::ReadBack as Said;
use crate::dialogue::tools::Message;
use crate::dialogue::understand::days::DayMention;
use crate::dialogue::understand::{Setting, parts};
use crate::language::{Language, fill};
use crate::wish::When;

/// Read-backs of one write before the policy takes over again.
const MAX_ASKS: u32 = 4;

/// Times that it is read back to who says yes to another time.
const MAX_TORN_ASKS: u32 = 2;

/// Times that who says yes beside other words is asked for a yes or a no.
const MAX_UNCLEAR: u32 = 2;

/// "Sunday, June 14, at 9:00 AM with Dr. Samira Hassan".
pub(crate) fn visit(offer: &Offer, language: &Language) -> String {
    let start = offer.local_start();
    let values = [
        ("date", language.date(start.date())),
        ("time", language.time(start.time())),
        ("doctor", language.doctor(&offer.doctor_name)),
    ];
    let mut values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if offer.second.is_some() {
        let end = language.time(offer.local_end().time());
        values.push(("end", &end));
        return fill(&language.phrases.visit_double, &values);
    }
    fill(&language.phrases.visit, &values)
}

/// Digits of a phone number apart, so that each is spoken.
pub(super) fn digits(phone: &Phi<String>) -> String {
    phone.expose().chars().map(String::from).collect::<Vec<_>>().join(" ").replace("+ ", "+")
}

impl<D: Policy> Guarded<D> {
    /// Begins to read a write back.
    pub(super) fn read_back(&mut self, now: Now, call: ToolCallId, tool: ToolCall) {
        self.state.ledger().enter(&tool);
        let utterance = UtteranceId(self.state.next_utterance);
        let (heard, early, asks, needed, unclear) = (false, false, 0, 0, 0);
        let read_back = ReadBack { call, tool, utterance, needed, heard, early, asks, unclear };
        self.speak_read_back(now, read_back);
    }

    /// Says a read-back, after what the policy said before it.
    fn speak_read_back(&mut self, now: Now, mut read_back: ReadBack) {
        let Some(Said { text, facts, .. }) = self.read_back_of(&read_back.tool) else {
            // It could be read back when it was called, and cannot be now.
            let refusal = Refusal::Other("no_read_back".to_owned());
            let (call, result) = (read_back.call, ToolResult::Refused { refusal });
            self.give_floor(now);
            self.feed(now, Input::ToolDone { call, result });
            return;
        };
        let held = self.held.take();
        let policy = held.as_ref().map(|(utterance, _)| *utterance);
        let text = held.map_or_else(|| text.clone(), |(_, before)| format!("{before} {text}"));
        self.vary(&text);
        let preface = self.state.preface.as_ref().map_or(0, |p| p.chars().count() + 1);
        let end = |fact: &String| text.rfind(fact.as_str()).map(|at| at + fact.len());
        let until = facts.iter().filter_map(end).max().unwrap_or(text.len());
        read_back.needed = preface + text.get(..until).unwrap_or(&text).chars().count();
        read_back.heard = false;
        read_back.early = false;
        read_back.asks += 1;
        self.outputs.push_back(super::Output::Expect(Expectation::YesNo));
        read_back.utterance = self.say(now, policy, &text);
        self.state.mode = Mode::ReadBack(Box::new(read_back));
    }

    /// How a write is read back: the visit and whose it is must be heard. None for a tool that
    /// does not say how.
    pub(super) fn read_back_of(&self, tool: &ToolCall) -> Option<Said> {
        let (language, phrases) = (&self.language, &self.language.phrases);
        let ledger = &self.state.ledger;
        let (offer, old) = (|id| ledger.offer(id), |id| ledger.appointment(id));
        let spoken = |offer: Option<&Offer>| offer.map(|o| visit(o, language)).unwrap_or_default();
        let name = ledger.patient().map_or("", |patient| patient.name.expose().as_str());
        let read = |phrase: &str, visit: String, old: String, question: &str| {
            let values = [("visit", visit.as_str()), ("old", &old), ("name", name)];
            let (text, question) = (fill(phrase, &values), question.to_owned());
            Some(Said { text, facts: vec![visit, name.to_owned()], question })
        };
        match tool {
            ToolCall::Book { offer: id } => {
                let visit = spoken(offer(*id));
                read(&phrases.read_back_book, visit, String::new(), &phrases.confirm_book)
            }
            ToolCall::Reschedule { appointment, offer: id } => {
                let old = spoken(old(*appointment).map(|known| &known.visit));
                read(&phrases.read_back_move, spoken(offer(*id)), old, &phrases.confirm_move)
            }
            ToolCall::Cancel { appointment } => {
                let visit = spoken(old(*appointment).map(|known| &known.visit));
                read(&phrases.read_back_cancel, visit, String::new(), &phrases.confirm_cancel)
            }
            ToolCall::RegisterPatient(identity) => {
                let phone = identity.phone.as_ref().map(digits).unwrap_or_default();
                let birth_date = language.birth_date(*identity.date_of_birth.expose());
                let name = identity.full_name.expose();
                let values =
                    [("name", name.as_str()), ("birth_date", &birth_date), ("phone", &phone)];
                let text = fill(&phrases.read_back_register, &values);
                let question = phrases.confirm_register.clone();
                Some(Said { text, facts: vec![phone], question })
            }
            ToolCall::AcceptWaitlist { .. } => {
                let visit = spoken(ledger.visit_of(tool));
                read(&phrases.read_back_book, visit, String::new(), &phrases.confirm_book)
            }
            ToolCall::JoinWaitlist(wish) => {
                let wish = self.spoken_waiting(wish.doctor, wish.specialty.as_deref(), &wish.when);
                read(&phrases.read_back_wait, wish, String::new(), &phrases.confirm_wait)
            }
            ToolCall::LeaveWaitlist { entry } => {
                let known = ledger.waiting(*entry)?;
                let when = When::default();
                let wish = self.spoken_waiting(known.doctor, known.specialty.as_deref(), &when);
                read(&phrases.read_back_leave, wish, String::new(), &phrases.confirm_leave)
            }
            ToolCall::TakeMessage(message) => Some(self.message_read_back(message)),
            ToolCall::Other(call) => self.facts.tools().read_back(call, ledger, language),
            _ => None,
        }
    }

    /// "With Dr. Ann Baker, on Mondays": what is waited for.
    fn spoken_waiting(
        &self,
        doctor: Option<DoctorId>,
        specialty: Option<&str>,
        when: &When,
    ) -> String {
        said::waiting(doctor, specialty, when, &self.facts.clinic, &self.language)
    }

    /// A message in the caller's words, whose it is, and how the staff reaches them.
    fn message_read_back(&self, message: &Message) -> Said {
        let phrases = &self.language.phrases;
        let words = message.words.expose().trim().trim_end_matches(['.', '!', '?', ',']);
        let name = self.state.ledger.patient().map(|patient| patient.name.expose().as_str());
        let text = match name {
            Some(name) => fill(&phrases.read_back_message_of, &[("words", words), ("name", name)]),
            None => fill(&phrases.read_back_message, &[("words", words)]),
        };
        let reach = match &message.phone {
            _ if message.subject == MessageSubject::Late => String::new(),
            Some(phone) => fill(&phrases.message_reach, &[("phone", &digits(phone))]),
            None => phrases.message_reach_known.clone(),
        };
        let question = phrases.confirm_message.clone();
        let text = [text, reach, question.clone()].join(" ").replace("  ", " ");
        Said { text, facts: vec![words.to_owned()], question }
    }

    /// What an answer to the read-back is.
    fn assent(&self, heard: &Heard) -> Assent {
        let Mode::ReadBack(read_back) = &self.state.mode else { return Assent::None };
        let tool = &read_back.tool;
        let visit = self.state.ledger.visit_of(tool);
        let name = match tool {
            ToolCall::RegisterPatient(identity) => Some(&identity.full_name),
            _ => self.state.ledger.patient().map(|patient| &patient.name),
        };
        let name = name.map(|name| name.expose().as_str());
        let for_other = self.state.for_other;
        Assent::of(&heard.reading, Asked { tool: Some(tool), visit, name, for_other })
    }

    /// As much of the read-back as was played.
    pub(super) fn read_back_played(
        &mut self,
        now: Now,
        utterance: UtteranceId,
        heard: &str,
        complete: bool,
    ) {
        let Mode::ReadBack(read_back) = &mut self.state.mode else { return };
        if read_back.utterance == utterance {
            read_back.heard = complete || heard.chars().count() >= read_back.needed;
            // The yes came before the read-back was over: it may have meant anything.
            if read_back.heard && std::mem::take(&mut read_back.early) {
                let tool = read_back.tool.clone();
                let question = self.read_back_of(&tool).map(|said| said.question);
                self.ask(now, &question.unwrap_or_default(), Expectation::YesNo);
            }
        }
    }

    pub(super) fn answer_read_back(&mut self, now: Now, text: String, confidence: Option<f32>) {
        if self.yes_and_more(now, &text, confidence) {
            return;
        }
        let heard = self.understand(now, &text, Expectation::YesNo);
        self.keep_reading(&heard);
        let assent = self.assent(&heard);
        let Mode::ReadBack(read_back) = &self.state.mode else { return };
        let yes = assent.is_to(&read_back.tool);
        let visit = self.state.ledger.visit_of(&read_back.tool);
        let other_visit = heard.has_content() && !visit.is_some_and(|visit| agrees(&heard, visit));
        let wish = other_visit || wants_else(&heard, &read_back.tool);
        if heard.hold_on && !yes && !wish && !heard.no {
            let text = self.language.phrases.waiting.clone();
            self.ask(now, &text, Expectation::YesNo);
            return;
        }
        // "Fine, only my husband is the one who is ill": whose visit it is gets asked.
        let booking = matches!(read_back.tool, ToolCall::Book { .. });
        let about_other = booking && !yes && heard.relative && !self.state.for_other;
        // "Yes, nine" to another time: neither a yes to it nor a correction. Most likely "nine" is
        // a misheard word, and whoever means nine says so once more.
        let bare_time = heard.time.is_some() && heard.day.is_none() && !heard.has_doctor();
        let torn = !yes
            && bare_time
            && !heard.correction
            && !heard.no
            && self.understand(now, &text, Expectation::Request).time.is_none()
            && matches!(assent, Assent::Partly);
        let unclear = !yes && !torn && !wish && !matches!(assent, Assent::None);
        let Mode::ReadBack(read_back) = &mut self.state.mode else { return };
        let unclear = unclear && !about_other;
        let playing = self.state.spoken.contains_key(&read_back.utterance.0);
        match (read_back.heard, yes || heard.empty || torn || unclear) {
            (true, _) if yes => {
                let read_back = read_back.clone();
                self.confirm(now, *read_back);
            }
            (false, true) if playing => read_back.early |= yes,
            (false, true) if read_back.asks < MAX_ASKS => self.repeat_read_back(now),
            _ if torn && read_back.asks < MAX_TORN_ASKS => self.repeat_read_back(now),
            _ if unclear && read_back.unclear < MAX_UNCLEAR => {
                read_back.unclear += 1;
                let tool = read_back.tool.clone();
                let text = self.plain_question(&tool);
                self.ask(now, &text, Expectation::YesNo);
            }
            _ => {
                let call = read_back.call;
                let refusal = Refusal::NotConfirmed;
                self.give_floor(now);
                let result = ToolResult::Refused { refusal };
                self.feed(now, Input::ToolDone { call, result });
                // What contradicts itself each time is not understood.
                let text = if torn || unclear { String::new() } else { text };
                self.feed(now, Input::Heard { text, confidence });
            }
        }
    }

    /// What was read into the caller's last words, by whoever acted on them.
    pub fn reading(&self) -> Option<&Reading> {
        let own = self.read.as_deref();
        if self.words_fed { self.policy.reading().or(own) } else { own }
    }

    /// Keeps what was read, to be shown.
    pub(super) fn keep_reading(&mut self, heard: &Heard) {
        self.read = self.facts.explain.then(|| Box::new(heard.reading.clone()));
    }

    /// Puts "once more" before what would be said twice in a row.
    pub(super) fn vary(&mut self, text: &str) {
        if self.state.preface.is_none() && self.state.last_said == text {
            self.state.preface = Some(self.language.phrases.again.clone());
        }
    }

    /// Whether a text of the policy says the same again as the last: as it is, or with "once more"
    /// and the like before both.
    pub(super) fn repeats(&self, last: &str, text: &str) -> bool {
        let phrases = &self.language.phrases;
        let again = |text: &str| {
            let before = [&phrases.again, &phrases.as_i_said];
            before.iter().find_map(|before| text.strip_prefix(before.as_str()).map(str::to_owned))
        };
        last == text || again(last).is_some_and(|last| again(text) == Some(last))
    }

    /// "Yes. And also cancel my visit on Tuesday": a plain yes by itself, and another wish that goes
    /// to the policy once the write is under way. False if it is not that.
    fn yes_and_more(&mut self, now: Now, text: &str, confidence: Option<f32>) -> bool {
        let setting = Setting {
            language: &self.language,
            clinic: &self.facts.clinic,
            expect: Expectation::Request,
            now,
            anchor: None,
        };
        let Some(more) = parts::besides(text, setting) else { return false };
        let before = self.understand(now, &more.before, Expectation::YesNo);
        let plain = matches!(self.assent(&before), Assent::Plain);
        let Mode::ReadBack(read_back) = &self.state.mode else { return false };
        if !plain || !read_back.heard {
            return false;
        }
        let read_back = read_back.clone();
        self.confirm(now, *read_back);
        self.feed(now, Input::Heard { text: more.words, confidence });
        true
    }

    /// What is asked once more of who said yes beside other words.
    fn plain_question(&self, tool: &ToolCall) -> String {
        let phrases = &self.language.phrases;
        match tool {
            ToolCall::Reschedule { .. } => phrases.plain_move.clone(),
            ToolCall::Cancel { .. } => phrases.plain_cancel.clone(),
            ToolCall::RegisterPatient(_) => phrases.plain_register.clone(),
            ToolCall::Book { .. } => phrases.plain_book.clone(),
            _ => self.read_back_of(tool).map(|said| said.question).unwrap_or_default(),
        }
    }

    fn confirm(&mut self, now: Now, read_back: ReadBack) {
        self.state.ledger().confirm(&read_back.tool);
        self.state.mode = Mode::Policy;
        self.state.patience.stop();
        self.run(now, Some(read_back.call), read_back.tool);
        self.give_floor(now);
    }

    pub(super) fn silent_read_back(&mut self, now: Now) {
        self.state.patience.silences += 1;
        if self.state.patience.silences >= self.settings.max_silences {
            let text = self.language.phrases.silent_end.clone();
            self.say(now, None, &text);
            self.finish(now);
            return;
        }
        self.state.preface = Some(self.language.phrases.not_heard.clone());
        self.repeat_read_back(now);
    }

    /// Says the read-back again.
    pub(super) fn repeat_read_back(&mut self, now: Now) {
        if let Mode::ReadBack(read_back) = &self.state.mode {
            let read_back = *read_back.clone();
            self.speak_read_back(now, read_back);
        }
    }
}

/// Whether the answer to a read-back wants something else, which is the policy's to hear.
const fn wants_else(heard: &Heard, tool: &ToolCall) -> bool {
    heard.person
        || heard.repeat
        || heard.list
        || heard.ask
        || heard.another
        || heard.other_patient
        || heard.others_data
        || heard.abort
        || heard.later
        || heard.earlier
        || heard.goodbye
        || heard.choice.is_some()
        || heard.language.is_some()
        || heard.has_identity()
        || (heard.course.wait.is_some()
            && !matches!(tool, ToolCall::JoinWaitlist(_) | ToolCall::LeaveWaitlist { .. }))
        || (heard.cancel
            && !matches!(tool, ToolCall::Cancel { .. } | ToolCall::LeaveWaitlist { .. }))
        || (heard.move_ && !matches!(tool, ToolCall::Reschedule { .. }))
        || (heard.book && matches!(tool, ToolCall::Cancel { .. }) && !heard.own_appointment)
}

/// Whether the day, time and doctor that were said are those of the offer.
fn agrees(heard: &Heard, offer: &Offer) -> bool {
    heard.day != Some(DayMention::Soonest) && heard.reading.agrees(offer)
}
