//! What is said beside the matter: who speaks, whether somebody is there, wrong numbers, anger, and
//! what was already told.

use frontdesk_types::TransferReason;

use super::state::{Goal, Phase};
use super::{Heard, Now, Policy, fill};
use crate::dialogue::guard::visit;
use crate::dialogue::reading::ActKind;

/// Words beside a swearword that make no question of it.
const FEW: usize = 2;

impl Policy {
    /// The very same is not said twice in a row.
    pub(super) fn varied(&mut self, text: String) -> String {
        let phrases = &self.language.phrases;
        if self.state.last_said != text {
            self.state.same_said = 0;
            self.state.last_said.clone_from(&text);
            return text;
        }
        self.state.same_said += 1;
        let odd = self.state.same_said % 2 == 1;
        if text == phrases.waiting {
            return if odd { phrases.waiting_again.clone() } else { text };
        }
        let before = if odd { &phrases.again } else { &phrases.as_i_said };
        format!("{before} {text}")
    }

    /// Answers what is no step of a form; what was asked before is asked again.
    pub(super) fn on_aside(&mut self, now: Now, heard: &Heard, said_more: bool) -> bool {
        let Some(text) = self.answer_aside(now, heard, said_more) else { return false };
        self.understood();
        self.carry(&text);
        self.ask_again(now);
        true
    }

    fn answer_aside(&self, now: Now, heard: &Heard, said_more: bool) -> Option<String> {
        use ActKind::{
            Aside, AsksNow, Chatter, Filler, Greeting, OtherPatient, Question, Reached, Rude, Why,
        };
        let (phrases, reading) = (&self.language.phrases, &heard.reading);
        let clinic = [("clinic", self.facts.clinic.name.as_str())];
        let identity = matches!(
            self.state.phase,
            Phase::Name
                | Phase::SpelledName
                | Phase::SpellFirst
                | Phase::SpellLast
                | Phase::Birth
                | Phase::Phone
        );
        let has = |kind| reading.has(kind);
        // "What the hell": no question to the clinic.
        let left = || reading.cover(0, &[Rude, Question, Filler, Greeting]).left.len();
        let swears = heard.rude && (!heard.ask || left() <= FEW);
        // Whose visit it is comes before whatever else is said.
        // "Is this Palm Family Practice?" wishes for no family doctor.
        let reached = has(Reached) && !heard.book && !heard.has_time() && heard.doctor.is_none();
        if (said_more && !reached) || has(OtherPatient) {
            return None;
        }
        if heard.machine {
            Some(fill(&phrases.machine, &clinic))
        } else if heard.presence {
            Some(phrases.here.clone())
        } else if heard.wrong_number && self.state.goal.is_none() {
            Some(fill(&phrases.wrong_number, &clinic))
        } else if has(Reached) {
            Some(fill(&phrases.reached, &clinic))
        } else if swears {
            Some(phrases.sorry_anger.clone())
        } else if identity && has(Why) {
            Some(phrases.why_asked.clone())
        } else if has(AsksNow) {
            let local = self.setting(now).calendar().now;
            let (date, time) = (self.language.date(local.date()), self.language.time(local.time()));
            Some(fill(&phrases.it_is_now, &[("date", &date), ("time", &time)]))
        } else if has(Aside) && !heard.ask {
            Some(phrases.no_problem.clone())
        } else if has(Chatter) && !heard.ask {
            Some(phrases.chatter.clone())
        } else if heard.small_talk && !heard.ask && self.state.phase != Phase::Open {
            Some(self.small_talk())
        } else if self.is_thanked(heard) {
            Some(phrases.welcome.clone())
        } else {
            None
        }
    }

    /// What is said to small talk, if there is time for it.
    pub(super) fn small_talk(&self) -> String {
        if self.state.brief { String::new() } else { self.language.phrases.small_talk.clone() }
    }

    /// Whether it is thanks and nothing else, where they do not say that all is done.
    fn is_thanked(&self, heard: &Heard) -> bool {
        use ActKind::{Filler, Greeting, Thanks};
        let only = heard.reading.cover(0, &[Thanks, Filler, Greeting]).left.is_empty();
        only && heard.thanks && !self.asked_else() && !self.has_news()
    }

    /// Tells once more what was offered, read back or booked.
    pub(super) fn on_recall(&mut self, now: Now, heard: &Heard) -> bool {
        let recalls = heard.recall || (heard.course.reference && heard.ask);
        if !recalls || heard.has_content() || heard.cancel || heard.move_ {
            return false;
        }
        let written = self.state.last_booked.clone();
        let of_written = heard.course.reference || self.state.goal.is_none();
        if let Some(known) = written.filter(|_| of_written) {
            let spoken = visit(&known.visit, &self.language);
            let values = [("visit", &*spoken), ("reference", &*known.reference)];
            let text = fill(&self.language.phrases.booked_again, &values);
            self.carry(&text);
            if self.state.goal.is_none() {
                self.open(now);
            } else {
                self.ask_again(now);
            }
        } else if self.state.phase == Phase::Confirm && self.state.goal != Some(Goal::Message) {
            self.confirm(now);
        } else if matches!(self.state.phase, Phase::Choice | Phase::PickAppointment) {
            self.ask_again(now);
        } else {
            return false;
        }
        self.understood();
        true
    }

    pub(super) const fn understood(&mut self) {
        self.state.misunderstood = 0;
        self.state.repeats = 0;
    }

    pub(super) fn misunderstood(&mut self, now: Now) {
        let phrases = self.language.phrases.clone();
        self.state.misunderstood += 1;
        if self.state.misunderstood >= self.settings.max_misunderstood {
            self.transfer(now, TransferReason::Misunderstood, &phrases.misunderstood_end);
            return;
        }
        self.carry(if self.state.misunderstood == 1 {
            &phrases.not_understood
        } else {
            &phrases.say_it_simply
        });
        if self.state.misunderstood == 1 && self.state.phase == Phase::Open {
            self.carry(&fill(&phrases.what_i_do, &[("clinic", &self.facts.clinic.name)]));
        }
        if self.state.phase == Phase::Doctor {
            let names = self.specialties();
            self.carry(&fill(&phrases.our_doctors, &[("specialties", &names)]));
        }
        self.ask_again(now);
    }

    /// Another process has the call: the open question is asked again, unless a tool answers first.
    pub(super) fn recovered(&mut self, now: Now) {
        match &mut self.state.pending {
            // Its time was the other process's.
            Some(pending) => pending.retry_at = pending.retry_at.map(|_| now.mono),
            None => self.ask_again(now),
        }
    }

    /// Nobody has said anything for a while, or a tool is tried again.
    pub(super) fn on_timeout(&mut self, now: Now) {
        if let Some(pending) = &mut self.state.pending {
            if pending.retry_at.is_some_and(|at| at <= now.mono) {
                pending.retry_at = None;
                let tool = pending.tool.clone();
                let call = self.emit(tool);
                if let Some(pending) = &mut self.state.pending {
                    pending.call = call;
                }
            }
            return;
        }
        if !self.state.patience.is_due(now.mono) {
            return;
        }
        let phrases = self.language.phrases.clone();
        self.state.patience.silences += 1;
        if self.state.patience.silences >= self.settings.max_silences {
            self.release();
            self.end(now, &phrases.silent_end);
        } else {
            let first = self.state.patience.silences == 1;
            self.carry(if first { &phrases.not_heard } else { &phrases.not_heard_again });
            self.ask_again(now);
        }
    }
}
