//! Which of the offers the caller takes.

use frontdesk_types::Offer;

use super::{Heard, Now, Policy};
use crate::dialogue::Expectation;
use crate::dialogue::understand::days::DayMention;
use crate::dialogue::understand::people::{DoctorMention, SpecialtyMention};
use crate::dialogue::understand::{Choice, Setting};
use crate::wish::{Days, When, Window};

impl Policy {
    pub(super) fn on_choice(&mut self, now: Now, heard: &Heard, text: &str) {
        let picked = self.picked(heard);
        let asked = self.asked_before(now, text);
        if heard.ask || (asked.is_some() && picked.len() == 1) {
            // "The second one, and what does it cost?": the answer comes first.
            self.state.chosen = match picked.as_slice() {
                [one] => Some(one.id),
                _ => None,
            };
            self.ask_clinic(asked.as_deref().unwrap_or(text));
            return;
        }
        self.doubt(heard);
        if self.turned_by(heard, false) {
            // "The first one, and it's for my son": the time is kept, the patient is asked for.
            self.understood();
            match picked.as_slice() {
                [one] => self.choose(one.id),
                _ if heard.has_content() => self.wish_and_advance(now, heard),
                _ => self.advance(now),
            }
            return;
        }
        match picked.as_slice() {
            [one] => {
                let offer = one.id;
                self.understood();
                self.choose(offer);
            }
            [_, _, ..] if picked.len() < self.state.shown.1 => {
                // "The one on Tuesday", and there are two of them.
                self.understood();
                self.state.offers = picked.iter().map(|offer| offer.id).collect();
                self.show(now, 0, &self.language.phrases.offers_again.clone());
            }
            [_, _, ..] => self.misunderstood(now),
            [] if heard.another_day => self.on_another_day(now, heard),
            [] if heard.later && !heard.has_content() => self.show_more(now),
            [] if heard.earlier && !heard.has_content() => self.show_earlier(now),
            [] if heard.abort || (heard.cancel && !heard.own_appointment) => self.abandon(now),
            [] if heard.cancel || heard.move_ || heard.list || heard.another => {
                if !self.intent(now, heard, text) {
                    self.misunderstood(now);
                }
            }
            [] if heard.has_content() => {
                self.understood();
                self.pin_day(heard);
                self.wish_and_advance(now, heard);
            }
            [] if heard.yes && self.state.shown.1 == 1 => {
                if let Some(offer) = self.state.offers.get(self.state.shown.0).copied() {
                    self.choose(offer);
                }
            }
            [] if heard.no || heard.none_of => self.show_more(now),
            [] if heard.unsure => {
                self.understood();
                if let Some(offer) = self.state.offers.get(self.state.shown.0).copied() {
                    self.choose(offer);
                }
            }
            [] => self.misunderstood(now),
        }
    }

    /// "You do take Bupa, don't you? Then the second one": the question before the choice.
    fn asked_before(&self, now: Now, text: &str) -> Option<String> {
        let (question, rest) = text.split_once('?')?;
        let question = format!("{question}?");
        let setting = Setting { expect: Expectation::Request, ..self.setting(now) };
        let asks = || {
            let heard = Heard::of(&question, setting);
            heard.ask && !heard.has_content() && !heard.repeat && !heard.recall
        };
        (!rest.trim().is_empty() && asks()).then_some(question)
    }

    /// "Another day": none of those that were offered.
    fn on_another_day(&mut self, now: Now, heard: &Heard) {
        self.understood();
        let (first, count) = self.state.shown;
        let shown: Vec<Offer> = self.offers().into_iter().skip(first).take(count).collect();
        let when = &mut self.state.wish.when;
        for window in &mut when.any {
            window.days = Days::default();
        }
        when.any.retain(|window| *window != Window::default());
        for offer in shown {
            let days = Days::day(offer.local_start().date());
            let no = Window { days, ..Window::default() };
            if !when.none.contains(&no) {
                when.none.push(no);
            }
        }
        self.wish_and_advance(now, heard);
    }

    /// The offers that the caller may mean.
    pub(super) fn picked(&self, heard: &Heard) -> Vec<Offer> {
        let (first, count) = self.state.shown;
        let all = self.offers();
        let shown: Vec<Offer> = all.iter().skip(first).take(count).cloned().collect();
        let by_place = match heard.choice {
            Some(Choice::Index(index)) => shown.get(index),
            Some(Choice::Middle) => shown.get(shown.len() / 2),
            Some(Choice::Last) => shown.last(),
            Some(Choice::Latest) => shown.iter().max_by_key(|offer| offer.starts_at),
            Some(Choice::Either) => shown.first(),
            Some(Choice::Next) => {
                let start = |offer: &Offer| offer.local_start().datetime();
                let out = shown.iter().rposition(|offer| !heard.wish.when.allows(start(offer)));
                out.and_then(|out| shown.get(out + 1))
            }
            None => None,
        };
        // "Two", and none of them is at two.
        let numbered = heard.number.and_then(|number| shown.get(number));
        let is_time = heard.has_time() && all.iter().any(|offer| said_of(heard, offer));
        if let Some(offer) = numbered.filter(|_| !is_time) {
            return vec![offer.clone()];
        }
        // "If not today, then the first": the day that was wished for is known to be full.
        let when = &heard.wish.when;
        let known = !when.is_empty() && when.any == self.state.wish.when.any;
        let same_day = when.day().is_some() && when.day() == self.state.wish.when.day();
        let at = heard.time.is_some_and(|time| time.at.is_some());
        let same_time = at && when.at() == self.state.wish.when.at();
        let none_fits = !shown.iter().any(|offer| said_of(heard, offer));
        // A time that none of them has, beside "the first": a word that was taken for a number.
        let only_a_time = heard.day.is_none() && heard.part.is_none() && !heard.has_doctor();
        let stray = by_place.is_some() && only_a_time && at;
        let mut rest = heard.clone();
        if none_fits && (known || same_day || same_time || stray) {
            rest.wish.when = When::default();
            rest.day = None;
        }
        if let Some(offer) = by_place.filter(|offer| !rest.has_content() || said_of(&rest, offer)) {
            return vec![offer.clone()];
        }
        let mentioned = !when.any.is_empty() || heard.doctor.is_some();
        let bound = heard.time.is_some() && !at && heard.day.is_none() && heard.doctor.is_none();
        if !mentioned || bound || (heard.choice.is_some() && by_place.is_none()) {
            return Vec::new();
        }
        let of_shown: Vec<Offer> =
            shown.iter().filter(|offer| said_of(heard, offer)).cloned().collect();
        match of_shown.first() {
            Some(first) if at => vec![first.clone()],
            Some(_) => of_shown,
            None if at => {
                all.iter().filter(|offer| said_of(heard, offer)).take(1).cloned().collect()
            }
            None => Vec::new(),
        }
    }

    /// A time alone, said to offers of one day, means that day.
    fn pin_day(&mut self, heard: &Heard) {
        let (first, count) = self.state.shown;
        let all = self.offers();
        let mut days: Vec<_> =
            all.iter().skip(first).take(count).map(|offer| offer.local_start().date()).collect();
        days.dedup();
        let when = &mut self.state.wish.when;
        let hull = when.hull();
        let one = hull.is_open() || hull.from == hull.to;
        let free = heard.wish.free_days || heard.wish.when.says_day();
        if let [day] = days.as_slice()
            && heard.wish.when.says_clock()
            && !free
            && one
        {
            when.add(&When::on(Days::day(*day)));
        }
    }
}

/// Whether the day, time, part of day and doctor that were said fit the offer. A time fits by the
/// clock's face: "three" is 15:00 as well.
pub(super) fn said_of(heard: &Heard, offer: &Offer) -> bool {
    let start = offer.local_start().datetime();
    let when = &heard.wish.when;
    let day = !matches!(heard.day, Some(DayMention::Past | DayMention::Unclear));
    let other_half = || {
        let half = jiff::Span::new().hours(if start.hour() < 12 { 12 } else { -12 });
        let exact = when.at().is_some() && !heard.wish.half_said;
        exact && start.checked_add(half).is_ok_and(|other| when.fits(other))
    };
    let doctor = match &heard.doctor {
        None => true,
        Some(DoctorMention::Known(id)) => *id == offer.doctor,
        Some(DoctorMention::Either(ids) | DoctorMention::Several(ids)) => {
            ids.contains(&offer.doctor)
        }
        Some(DoctorMention::Unknown(_)) => false,
    };
    let specialty = match &heard.specialty {
        None => true,
        Some(SpecialtyMention::Known(name)) => name.eq_ignore_ascii_case(&offer.specialty),
        Some(SpecialtyMention::NotHere(_)) => false,
    };
    let welcome = !heard.not_doctors.contains(&offer.doctor);
    day && (when.fits(start) || other_half()) && doctor && specialty && welcome
}
