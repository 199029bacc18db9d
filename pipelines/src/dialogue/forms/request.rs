//! The open question: what the caller wants.

use frontdesk_types::Phi;

use super::manage::{comes_otherwise, gives_up};
use super::state::{Goal, Phase, Wish};
use super::whose::Turn;
use super::{Heard, Now, Policy, fill};
use crate::dialogue::Expectation;
use crate::dialogue::guard::assent::{Asked, Assent};
use crate::dialogue::reading::ActKind;
use crate::dialogue::tools::ToolCall;
use crate::dialogue::understand::Setting;
use crate::dialogue::understand::days::DayMention;
use crate::dialogue::understand::tokens::Tokens;
use crate::dialogue::understand::wish::Said;

/// Words of "and my son's?" at most.
const SHORT: usize = 5;

impl Policy {
    pub(super) fn greet(&mut self, now: Now) {
        let phrases = self.language.phrases.clone();
        let mut text = fill(&phrases.greeting, &[("clinic", &self.facts.clinic.name)]);
        if !self.facts.language.is_empty() && self.facts.language != self.language.code() {
            let asked = self.facts.language.as_str();
            tracing::info!(language = %asked, "caller asked for a language that is not served");
            let only = fill(&phrases.only_language, &[("language", self.language.name())]);
            text = format!("{only} {text}");
        }
        self.ask(now, Phase::Open, &text);
        // Asked again, it is without the greeting.
        self.state.prompt.clone_from(&phrases.help);
    }

    pub(super) fn on_request(&mut self, now: Now, heard: &Heard, text: &str) {
        let phrases = self.language.phrases.clone();
        if self.asked_else() && !self.has_news() && heard.reading.declines() {
            // "Not today, thanks" wishes for no other day.
            self.end(now, &phrases.goodbye);
            return;
        }
        if self.intent(now, heard, text) {
            return;
        }
        if self.state.goal.is_some() && !heard.no {
            // What was wanted is known from before a model failed.
            self.understood();
            self.advance(now);
        } else if self.has_news() && !heard.no {
            // "Yes", which booked it, went on: "that's perfect".
            self.understood();
            self.open(now);
        } else if heard.small_talk {
            // Also "lovely day, is it not": that is no answer to "anything else".
            self.understood();
            let text = self.small_talk();
            self.carry(&text);
            self.ask(now, Phase::Open, &phrases.help);
        } else if self.asked_else() && heard.reading.declines() {
            // Only who declines "anything else" in so many words has done; a no in a sentence that
            // was not understood ends nothing.
            self.end(now, &phrases.goodbye);
        } else if heard.has_identity() {
            self.understood();
            self.carry(&phrases.thanks);
            self.ask(now, Phase::Open, &phrases.help);
        } else if heard.yes && !heard.greeting {
            self.ask(now, Phase::Open, &phrases.what_else);
        } else {
            self.misunderstood(now);
        }
    }

    /// Whether "anything else" is the question that is open.
    pub(super) fn asked_else(&self) -> bool {
        let phrases = &self.language.phrases;
        [&phrases.anything_else, &phrases.what_else, &phrases.not_booked]
            .contains(&&self.state.prompt)
    }

    /// Takes up what the caller wants, if they say it.
    pub(super) fn intent(&mut self, now: Now, heard: &Heard, text: &str) -> bool {
        let booked = self.state.last_booked.clone();
        // Of a series, the next one is meant.
        let later = !heard.correction || heard.wish.anchored;
        let next = self.state.series && !heard.cancel && !heard.move_ && later;
        let turn =
            self.turn_of(heard, heard.relative && (heard.whom.owner || !heard.own_appointment));
        let fresh = heard.another || heard.other_patient || turn != Turn::Stays || next;
        // "And my son's?" asks for the same as before, of somebody else.
        let same_again = turn != Turn::Stays
            && !heard.whom.persons.is_empty()
            && self.state.last_goal.is_some()
            && text.split_whitespace().count() <= SHORT;
        if self.undo(now, heard) {
        } else if heard.course.reference && (heard.recall || heard.ask) {
            self.begin(now, Goal::List, heard, text);
        } else if heard.ask && !same_again {
            self.ask_clinic(text);
        } else if heard.list && !heard.cancel && !heard.move_ {
            self.begin(now, Goal::List, heard, text);
        } else if let Some(target) = booked.clone().filter(|_| {
            let cancels = heard.cancel && !heard.move_ && !comes_otherwise(heard);
            !fresh && cancels && (!heard.own_appointment || heard.correction)
        }) {
            self.begin_goal(Goal::Cancel);
            self.state.target = Some(target);
            self.advance(now);
        } else if comes_otherwise(heard) {
            self.begin(now, Goal::Book, heard, text);
        } else if heard.cancel && !heard.move_ {
            self.begin(now, Goal::Cancel, heard, text);
        } else if let Some(target) = booked.filter(|_| {
            // A correction moves what was booked; it never books a second one.
            // Whoever was booked for last need not be the one who needs somebody else now.
            let other = self.state.patient.other && heard.has_doctor() && !heard.correction;
            let correction = heard.correction || heard.move_ || (!heard.book && !other);
            let names = heard.has_content() && !heard.new_patient;
            !fresh && (heard.move_ || (correction && names))
        }) {
            self.begin_goal(Goal::Move);
            self.state.target = Some(target);
            self.wish_and_advance(now, heard);
        } else if heard.move_ {
            self.begin(now, Goal::Move, heard, text);
        } else if self.state.last_booked.is_some() && heard.book && !fresh {
            self.begin_goal(Goal::Book);
            self.take_wish_silently(heard);
            let question = self.language.phrases.another_or_move.clone();
            self.ask(now, Phase::AnotherOrMove, &question);
        } else if heard.book || self.wishes(heard) || fresh || heard.new_patient {
            let wish = heard.book || heard.has_content() || heard.new_patient;
            match self.state.last_goal {
                // "And my son's?", after the appointments of somebody else.
                Some(goal @ (Goal::List | Goal::Cancel)) if !wish => {
                    self.begin(now, goal, heard, text);
                }
                _ if turn == Turn::Caller && !wish && !heard.another && !heard.whom.for_me => {
                    self.turn_to_caller();
                    self.advance(now);
                }
                _ => self.begin(now, Goal::Book, heard, text),
            }
        } else {
            return false;
        }
        self.understood();
        true
    }

    /// Whether words at the open question are a wish for a visit. A day that has passed belongs to
    /// a story ("nobody called me back yesterday").
    fn wishes(&self, heard: &Heard) -> bool {
        let past = heard.day == Some(DayMention::Past) && self.state.goal.is_none();
        let nothing_more = heard.wish.when.is_empty() && !heard.has_doctor();
        heard.has_content() && !(past && nothing_more)
    }

    /// The appointment that was to be cancelled is moved instead.
    pub(super) fn move_instead(&mut self, now: Now, heard: &Heard, text: &str) {
        self.understood();
        let target = self.state.target.take();
        self.begin_goal(Goal::Move);
        self.state.target = target;
        let (_, wish) = self.split_move(now, text);
        self.wish_and_advance(now, wish.as_ref().unwrap_or(heard));
    }

    pub(super) fn begin_goal(&mut self, goal: Goal) {
        self.clear_goal();
        self.state.goal = Some(goal);
    }

    pub(super) fn begin(&mut self, now: Now, goal: Goal, heard: &Heard, text: &str) {
        self.begin_goal(goal);
        // A relative who is mentioned with a wish for a visit is likely the patient; were it the
        // caller after all, being asked for the patient's name costs nothing.
        let books = goal == Goal::Book;
        if !self.turned_by(heard, heard.relative && (books || heard.whom.owner)) {
            // Whoever was served last need not be the one who is meant now.
            let said = heard.other_patient || heard.whom.caller;
            self.state.doubtful = books && self.state.patient.other && !said;
        }
        match goal {
            Goal::Book => {
                let last = self.state.last_booked.as_ref().map(|last| last.visit.doctor);
                if self.state.series && !heard.has_doctor() {
                    self.state.wish.doctors = last.into_iter().collect();
                }
                let problem = self.merge_wish(heard);
                self.state.may_replace = gives_up(heard).then(|| Phi::new(text.to_owned()));
                self.queue_persons(heard, goal);
                match problem {
                    Some(problem) => self.explain(now, &problem),
                    None => self.advance(now),
                }
            }
            Goal::Move => self.wish_of_move(now, heard, text),
            Goal::Wait | Goal::ListWaits | Goal::LeaveWait => self.wish_and_advance(now, heard),
            Goal::Cancel | Goal::List | Goal::Message => {
                self.state.which = Some(Phi::new(text.to_owned()));
                self.queue_persons(heard, goal);
                self.advance(now);
            }
        }
    }

    /// Where an appointment is to be moved to, and which one it is.
    pub(super) fn wish_of_move(&mut self, now: Now, heard: &Heard, text: &str) {
        // "From Sunday to Tuesday": what stands before "to" tells which appointment.
        let (which, wish) = self.split_move(now, text);
        self.state.which = Some(Phi::new(which));
        let counts = |said: &Said| said.anchored || said.of_week;
        self.state.from_it = counts(&heard.wish).then(|| Phi::new(text.to_owned()));
        match wish.filter(|wish| !counts(&wish.wish)) {
            Some(wish) => self.wish_and_advance(now, &wish),
            None => self.advance(now),
        }
    }

    /// Splits "move my appointment on Sunday to Tuesday at ten".
    fn split_move(&self, now: Now, text: &str) -> (String, Option<Heard>) {
        let tokens = Tokens::of(text, &self.language);
        let words = &self.language.day_words.range;
        for at in (1..tokens.len()).rev() {
            let reader = super::super::understand::pattern::Reader {
                tokens: &tokens,
                language: &self.language,
                latest_year: 0,
            };
            let starts = super::super::understand::pattern::longest_at(words, reader, at);
            let Some(starts) = starts else { continue };
            let raw = |range: std::ops::Range<usize>| {
                let words = tokens.words[range].iter().map(|word| word.raw.as_str());
                words.collect::<Vec<_>>().join(" ")
            };
            let wish = Heard::of(&raw(starts.end..tokens.len()), self.setting(now));
            let before = Heard::of(&raw(0..at), self.setting(now));
            if wish.has_content() && before.move_ && !wish.move_ {
                // The "to" of "to ten" makes the number a time.
                let with_word = Heard::of(&raw(at..tokens.len()), self.setting(now));
                let wish = if wish.time.is_none() && with_word.time.is_some() {
                    Heard { time: with_word.time, ..wish }
                } else {
                    wish
                };
                return (raw(0..at), Some(wish));
            }
            let with_word = Heard::of(&raw(at..tokens.len()), self.setting(now));
            if with_word.has_content() && before.move_ && !with_word.move_ {
                return (raw(0..at), Some(with_word));
            }
        }
        (text.to_owned(), None)
    }

    pub(super) fn ask_clinic(&mut self, text: &str) {
        self.understood();
        self.call(ToolCall::AskClinic { question: Phi::new(text.to_owned()) });
    }

    pub(super) fn on_another_or_move(&mut self, now: Now, heard: &Heard, text: &str) {
        let target = self.state.last_booked.clone();
        if self.turn_of(heard, heard.relative) != Turn::Stays || (heard.another && !heard.no) {
            let wish = self.state.wish.clone();
            let mut heard = heard.clone();
            heard.another = true;
            self.begin(now, Goal::Book, &heard, text);
            if self.state.wish == Wish::default() && self.state.pending.is_none() {
                self.state.wish = wish;
            }
        } else if heard.yes && !heard.no {
            self.understood();
            self.state.last_booked = None;
            self.state.doubtful = self.state.patient.other;
            self.advance(now);
        } else if let (true, Some(target)) =
            (heard.no || heard.has_content() || heard.move_, target)
        {
            self.understood();
            let wish = self.state.wish.clone();
            self.begin_goal(Goal::Move);
            self.state.target = Some(target);
            self.state.wish = wish;
            let nothing = self.state.wish == Wish::default() && !heard.has_content();
            if nothing {
                self.open(now);
            } else {
                self.wish_and_advance(now, heard);
            }
        } else {
            self.misunderstood(now);
        }
    }

    pub(super) fn on_offer_person(&mut self, now: Now, heard: &Heard, text: &str) {
        let setting = self.setting(now);
        let plain = Assent::of(&heard.reading, Asked::default()).is_yes();
        let choosing = Setting { expect: Expectation::Choice, ..setting };
        let choice = Heard::of(text, choosing);
        if plain {
            self.want_person(now);
        } else if !self.state.offers.is_empty()
            && (choice.choice.is_some() || self.picked(&choice).len() == 1)
        {
            // The question is let be, and one of the times is taken.
            self.state.phase = Phase::Choice;
            self.on_choice(now, &choice, text);
        } else if self.intent(now, heard, text) {
        } else if heard.yes && !heard.no && wants_call(heard) {
            self.want_person(now);
        } else if heard.no || heard.thanks {
            self.understood();
            self.clear_or_advance(now);
        } else {
            self.misunderstood(now);
        }
    }

    fn clear_or_advance(&mut self, now: Now) {
        if self.state.goal == Some(Goal::Book) && self.state.chosen.is_none() {
            self.advance(now);
        } else {
            self.open(now);
        }
    }

    /// The caller drops what is under way.
    pub(super) fn abandon(&mut self, now: Now) {
        self.understood();
        let text = self.language.phrases.not_moved.clone();
        self.carry(&text);
        self.open(now);
    }
}

/// Whether a yes to a call back goes with nothing but when and on which number.
fn wants_call(heard: &Heard) -> bool {
    use ActKind::{
        BirthDate, Filler, Greeting, Leaving, Link, Name, Person, Phone, Please, SoftYes, Thanks,
        Time, WithYes, Yes,
    };
    let kinds = [
        Person, Yes, SoftYes, Please, Phone, Time, Name, BirthDate, WithYes, Leaving, Filler,
        Thanks, Greeting, Link,
    ];
    heard.reading.cover(0, &kinds).left.is_empty()
}
