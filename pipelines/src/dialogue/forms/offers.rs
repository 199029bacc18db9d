//! Searching for free times and offering them.

use frontdesk_types::Offer;
use jiff::Span;

use super::state::{Goal, Phase};
use super::{Now, Policy, fill};
use crate::dialogue::guard::visit;
use crate::dialogue::tools::{SlotWish, ToolCall};

/// Offers spoken at once.
pub(super) const PAGE: usize = 3;
/// Offers asked for, so that more can be told without another search.
const SEARCHED: u8 = 12;
/// How far from "around ten" an offer may lie.
const AROUND_MINUTES: i64 = 30;

impl Policy {
    pub(super) fn search(&mut self, now: Now) {
        let wish = &self.state.wish;
        let today = self.setting(now).calendar().today();
        let around = Span::new().minutes(AROUND_MINUTES);
        let (mut not_before, mut not_after) = (None, None);
        if let Some(time) = wish.time {
            (not_before, not_after) = match time.at {
                Some(at) if time.around => {
                    (Some(at.saturating_sub(around)), Some(at.saturating_add(around)))
                }
                Some(at) => (Some(at), Some(at)),
                None => (time.not_before, time.not_after),
            };
        }
        if wish.from == wish.to {
            not_before = not_before.max(wish.first_not_before);
        }
        let find = SlotWish {
            doctor: wish.doctor,
            specialty: wish.specialty.clone(),
            from: wish.from.map(|day| day.max(today)),
            to: wish.to,
            part_of_day: wish.part,
            not_before,
            not_after,
            limit: SEARCHED,
        };
        self.call(ToolCall::FindSlots(find));
    }

    pub(super) fn on_slots(&mut self, now: Now, mut offers: Vec<Offer>, exact: bool) {
        let phrases = self.language.phrases.clone();
        if let (Some(Goal::Move), Some(target)) = (self.state.goal, &self.state.target) {
            let (old, doctor) = (target.visit.starts_at, target.visit.doctor);
            offers.retain(|offer| offer.starts_at != old || offer.doctor != doctor);
        }
        let fitting: Vec<Offer> = offers.iter().filter(|o| self.fits(o)).cloned().collect();
        let exact = exact && !fitting.is_empty();
        let mut offers = if exact { fitting } else { offers };
        if let Some(at) = self.state.wish.time.and_then(|time| time.at) {
            let minutes = |offer: &Offer| {
                let time = offer.local_start().time();
                let of = |t: jiff::civil::Time| i64::from(t.hour()) * 60 + i64::from(t.minute());
                (of(time) - of(at)).abs()
            };
            if self.state.wish.from == self.state.wish.to && self.state.wish.from.is_some() {
                offers.sort_by_key(|offer| (offer.local_start().date(), minutes(offer)));
            }
        }
        self.state.offers = offers.iter().map(|offer| offer.id).collect();
        let timed = self.state.wish.time.is_some_and(|time| time.at.is_some() && !time.around);
        match offers.as_slice() {
            [] => self.ask(now, Phase::Day, &phrases.no_slots),
            [only] if !exact => {
                let (id, wish) = (only.id, self.spoken_wish());
                let visit = visit(only, &self.language);
                if wish.is_empty() {
                    self.carry(&phrases.only_nearest_plain);
                } else {
                    let values = [("wish", &*wish), ("visit", &*visit)];
                    self.carry(&fill(&phrases.only_nearest, &values));
                }
                self.choose(id);
            }
            [only] => self.choose(only.id),
            [first, ..] if exact && timed => self.choose(first.id),
            _ if exact => self.show(now, 0, &phrases.offers),
            _ => {
                let wish = self.spoken_wish();
                let text = if wish.is_empty() {
                    phrases.offers_nearest_plain.clone()
                } else {
                    phrases.offers_nearest.replace("{wish}", &wish)
                };
                self.show(now, 0, &text);
            }
        }
    }

    /// Whether an offer is what was wished for.
    fn fits(&self, offer: &Offer) -> bool {
        let wish = &self.state.wish;
        let start = offer.local_start();
        let (date, time) = (start.date(), start.time());
        let timed = wish.time.is_none_or(|wished| {
            let around = Span::new().minutes(AROUND_MINUTES);
            let at = wished.at.is_none_or(|at| {
                if wished.around {
                    at.saturating_sub(around) <= time && time <= at.saturating_add(around)
                } else {
                    at == time
                }
            });
            at && wished.not_before.is_none_or(|t| t <= time)
                && wished.not_after.is_none_or(|t| time <= t)
        });
        timed
            && wish.from.is_none_or(|day| day <= date)
            && wish.to.is_none_or(|day| date <= day)
            && wish.doctor.is_none_or(|doctor| doctor == offer.doctor)
            && wish.part.is_none_or(|part| crate::offers::part_of(time.hour()) == part)
    }

    /// "On Friday, June 12 at 10:00 AM with Dr. Ann Baker", as far as it was wished for.
    fn spoken_wish(&self) -> String {
        let (wish, language, phrases) = (&self.state.wish, &self.language, &self.language.phrases);
        let mut parts = Vec::new();
        match (wish.from, wish.to) {
            (Some(from), Some(to)) if from == to => {
                parts.push(fill(&phrases.on_day, &[("date", &language.date(from))]));
            }
            (Some(from), Some(to)) => {
                let (from, to) = (language.date(from), language.date(to));
                parts.push(fill(&phrases.between_days, &[("from", &from), ("to", &to)]));
            }
            _ => {}
        }
        if let Some(at) = wish.time.and_then(|time| time.at) {
            parts.push(fill(&phrases.at_time, &[("time", &language.time(at))]));
        }
        let doctors = &self.facts.clinic.doctors;
        if let Some(doctor) = doctors.iter().find(|d| Some(d.id) == wish.doctor) {
            let name = language.doctor(&doctor.name);
            parts.push(fill(&phrases.with_doctor, &[("doctor", &name)]));
        }
        parts.join(" ")
    }

    /// Offers a page of times in the words of `text`.
    pub(super) fn show(&mut self, now: Now, first: usize, text: &str) {
        let page: Vec<Offer> = self.offers().into_iter().skip(first).take(PAGE).collect();
        self.state.shown = (first, page.len());
        let spoken = self.spoken_offers(&page);
        let again = fill(&self.language.phrases.offers_again, &[("offers", &spoken)]);
        self.ask(now, Phase::Choice, &fill(text, &[("offers", &spoken)]));
        self.state.prompt = again;
    }

    /// The page of offers that is open.
    pub(super) fn spoken_offered(&self) -> String {
        let (first, count) = self.state.shown;
        let page: Vec<Offer> = self.offers().into_iter().skip(first).take(count).collect();
        self.spoken_offers(&page)
    }

    /// Offers of one day and doctor are told by their times alone.
    fn spoken_offers(&self, page: &[Offer]) -> String {
        let language = &self.language;
        let same = page.windows(2).all(|pair| match pair {
            [a, b] => a.doctor == b.doctor && a.local_start().date() == b.local_start().date(),
            _ => true,
        });
        match page {
            [first, _, ..] if same => {
                let times: Vec<_> =
                    page.iter().map(|o| language.time(o.local_start().time())).collect();
                let values = [
                    ("date", &*language.date(first.local_start().date())),
                    ("times", &*language.or(&times)),
                    ("doctor", &*language.doctor(&first.doctor_name)),
                ];
                fill(&language.phrases.visit_on, &values)
            }
            _ => {
                let visits: Vec<_> = page.iter().map(|offer| visit(offer, language)).collect();
                language.apart(&visits)
            }
        }
    }

    /// None of these: the next ones.
    pub(super) fn show_more(&mut self, now: Now) {
        let phrases = self.language.phrases.clone();
        self.understood();
        let next = self.state.shown.0 + self.state.shown.1;
        if next < self.state.offers.len() {
            self.show(now, next, &phrases.offers_more);
        } else {
            self.ask(now, Phase::Day, &phrases.no_more_slots);
        }
    }

    pub(super) fn show_earlier(&mut self, now: Now) {
        let phrases = self.language.phrases.clone();
        self.understood();
        match self.state.shown.0.checked_sub(PAGE) {
            Some(before) => self.show(now, before, &phrases.offers_again),
            None => self.ask(now, Phase::Day, &phrases.no_more_slots),
        }
    }
}
