//! Searching for free times and offering them.

use frontdesk_types::Offer;

use super::state::{Goal, Phase};
use super::{Now, Policy, fill};
use crate::dialogue::guard::visit;
use crate::dialogue::said;
use crate::dialogue::tools::ToolCall;
use crate::dialogue::understand::days::Anchor;
use crate::offers::{fits, fits_softened};

/// Offers spoken at once.
pub(super) const PAGE: usize = 3;
/// Offers asked for, so that more can be told without another search.
const SEARCHED: u8 = 12;
impl Policy {
    /// The visit that is being talked of: the one read back, those offered, the one that moves, the
    /// one just booked.
    pub(super) fn anchor(&self) -> Option<Anchor> {
        let start = |offer: &Offer| offer.local_start().datetime();
        if let Some(chosen) = self.chosen() {
            return Some(Anchor::of(start(chosen)));
        }
        let (first, count) = self.state.shown;
        let mut shown: Vec<_> = self.offers().iter().skip(first).take(count).map(start).collect();
        shown.sort();
        if let (Some(first), Some(last)) = (shown.first(), shown.last()) {
            return Some(Anchor { first: *first, last: *last });
        }
        let visit = self.state.target.as_ref().or(self.state.last_booked.as_ref())?;
        Some(Anchor::of(start(&visit.visit)))
    }

    pub(super) fn search(&mut self) {
        let wish = self.slot_wish(SEARCHED);
        self.call(ToolCall::FindSlots(wish));
    }

    pub(super) fn on_slots(&mut self, now: Now, mut offers: Vec<Offer>, exact: bool) {
        let phrases = self.language.phrases.clone();
        if let (Some(Goal::Move), Some(target)) = (self.state.goal, &self.state.target) {
            let (old, doctor) = (target.visit.starts_at, target.visit.doctor);
            offers.retain(|offer| offer.starts_at != old || offer.doctor != doctor);
        }
        if let Some(offer) = self.restored_offer(&offers) {
            self.state.offers = vec![offer.id];
            self.choose(offer.id);
            return;
        }
        let wish = self.slot_wish(SEARCHED);
        let exact = exact && offers.iter().any(|offer| fits(&wish, offer));
        if exact {
            offers.retain(|offer| fits(&wish, offer));
        } else if self.let_go(offers.is_empty()) {
            self.seek(now);
            return;
        }
        // What is preferred is not free, and the rest of the wish is.
        let softened = !exact
            && !wish.when.fallback.is_empty()
            && offers.iter().all(|offer| fits_softened(&wish, offer));
        if !exact && let Some(closed) = self.closed() {
            self.on_closed(now, &closed, &offers);
            return;
        }
        if exact && wish.visit.may_be_double() && offers.iter().all(|o| o.second.is_some()) {
            self.carry(&phrases.double_offers);
        }
        self.state.offers = offers.iter().map(|offer| offer.id).collect();
        let when = &self.state.wish.when;
        let timed = matches!(when.any.as_slice(), [only] if only.clock.is_exact());
        self.state.nearest_only = !exact;
        self.state.wait_offered = false;
        match offers.as_slice() {
            [] => self.ask_or_wait(now, Phase::Day, &phrases.no_slots),
            [only] if !exact => {
                let (id, wish) = (only.id, self.spoken_wish());
                let visit = visit(only, &self.language);
                if softened {
                    let values = [("wish", &*self.spoken_let_go()), ("visit", &*visit)];
                    self.carry(&fill(&phrases.only_let_go, &values));
                } else if wish.is_empty() {
                    self.carry(&phrases.only_nearest_plain);
                } else {
                    let values = [("wish", &*wish), ("visit", &*visit)];
                    self.carry(&fill(&phrases.only_nearest, &values));
                }
                self.choose(id);
            }
            [only] => self.choose(only.id),
            [first, ..] if exact && timed => self.choose(first.id),
            _ if exact => {
                let understood = self.understood_wish();
                self.carry(&understood);
                self.show(now, 0, &phrases.offers);
            }
            _ => {
                let wish = if softened { self.spoken_let_go() } else { self.spoken_wish() };
                let text = if softened && !wish.is_empty() {
                    phrases.offers_let_go.replace("{wish}", &wish)
                } else if wish.is_empty() {
                    phrases.offers_nearest_plain.clone()
                } else {
                    phrases.offers_nearest.replace("{wish}", &wish)
                };
                self.show(now, 0, &text);
            }
        }
    }

    /// The clinic is closed on the days that were asked for.
    fn on_closed(&mut self, now: Now, closed: &str, offers: &[Offer]) {
        let phrases = self.language.phrases.clone();
        self.state.offers = offers.iter().map(|offer| offer.id).collect();
        self.carry(closed);
        match offers {
            [] => self.ask(now, Phase::Day, &phrases.ask_day),
            [only] => {
                let visit = visit(only, &self.language);
                self.carry(&fill(&phrases.nearest_is, &[("visit", &visit)]));
                self.choose(only.id);
            }
            _ => self.show(now, 0, &phrases.nearest_are),
        }
    }

    /// "On Friday, June 12 at 10:00 AM with Dr. Ann Baker", as far as it was wished for.
    fn spoken_wish(&self) -> String {
        let (wish, language, phrases) = (&self.state.wish, &self.language, &self.language.phrases);
        let mut parts = vec![said::spoken(&wish.when, language)];
        let doctors = &self.facts.clinic.doctors;
        if let [only] = wish.doctors.as_slice()
            && let Some(doctor) = doctors.iter().find(|doctor| doctor.id == *only)
        {
            let name = language.doctor(&doctor.name);
            parts.push(fill(&phrases.with_doctor, &[("doctor", &name)]));
        }
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }

    /// What was understood, in a few words, where a wish is more than a day and a time.
    fn understood_wish(&self) -> String {
        let when = &self.state.wish.when;
        if !said::is_worth_saying(when) {
            return String::new();
        }
        let spoken = said::spoken(when, &self.language);
        let mut letters = spoken.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().to_string());
        let wish = first.unwrap_or_default() + letters.as_str();
        fill(&self.language.phrases.understood, &[("wish", &wish)])
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
            let wait = self.state.nearest_only && self.can_wait();
            self.state.wait_offered |= wait;
            let wait = if wait { phrases.or_waitlist.as_str() } else { "" };
            let text = format!("{} {wait}", phrases.offers_more);
            self.show(now, next, text.trim());
        } else {
            self.ask_or_wait(now, Phase::Day, &phrases.no_more_slots);
        }
    }

    pub(super) fn show_earlier(&mut self, now: Now) {
        let phrases = self.language.phrases.clone();
        self.understood();
        match self.state.shown.0.checked_sub(PAGE) {
            Some(before) => self.show(now, before, &phrases.offers_again),
            None => self.ask_or_wait(now, Phase::Day, &phrases.no_more_slots),
        }
    }
}
