//! A kind of doctor, a kind of visit, closed days, and what is let go where nothing fits.

use frontdesk_types::DoctorId;

use super::state::{Goal, Phase};
use super::{Heard, Now, Policy, fill};
use crate::dialogue::DoctorFacts;
use crate::dialogue::said;
use crate::dialogue::tools::SlotWish;
use crate::wish::{Clock, Days, Traits, Visit, When, Window};

/// Days in a row at most whose holiday is told.
const LONGEST_HOLIDAY: i32 = 7;

impl Policy {
    /// Adds what was said of the kind of doctor and of the visit; a doctor who is named is whom they
    /// want.
    pub(super) fn merge_visit(&mut self, heard: &Heard) {
        let (wish, said) = (&mut self.state.wish, &heard.visit);
        if heard.doctor.is_some() {
            wish.soft_doctor = heard.soft_doctor;
            wish.traits = Traits::default();
        } else if !said.traits.is_empty() {
            wish.traits = said.traits.clone();
            if heard.specialty.is_none() && !wish.doctors.is_empty() {
                // "Rather a woman", to the times of somebody: of the same specialty.
                let before = wish.doctors.first().copied();
                wish.doctors.clear();
                let specialty = before.and_then(|doctor| self.specialty_of(doctor));
                self.state.wish.specialty = specialty;
            }
        } else if heard.any_doctor {
            wish.traits = Traits::default();
        }
        let wish = &mut self.state.wish;
        if !said.visit.is_open() {
            wish.visit = said.visit;
        }
        if said.series && !self.state.series {
            self.state.series = true;
            let text = self.language.phrases.series.clone();
            self.carry(&text);
        }
    }

    /// The doctors among whom is chosen: of the specialty, and not ruled out.
    fn pool(&self) -> Vec<&DoctorFacts> {
        let wish = &self.state.wish;
        let in_pool = |doctor: &&DoctorFacts| {
            wish.specialty.as_ref().is_none_or(|own| doctor.specialties.contains(own))
                && !wish.not_doctors.contains(&doctor.id)
        };
        self.facts.clinic.doctors.iter().filter(in_pool).collect()
    }

    /// Those of them who are as the caller wishes.
    fn fitting(&self) -> Vec<DoctorId> {
        let traits = &self.state.wish.traits;
        let fits = |doctor: &&&DoctorFacts| traits.fits(doctor.gender, &doctor.languages);
        self.pool().iter().filter(fits).map(|doctor| doctor.id).collect()
    }

    /// The search for the wish, with the doctors who are as the caller wishes.
    pub(super) fn slot_wish(&self, limit: u8) -> SlotWish {
        let mut wish = self.state.wish.search(limit);
        wish.visit = self.visit();
        if wish.doctors.is_empty() && !self.state.wish.traits.is_empty() {
            wish.doctors = self.fitting();
        }
        wish
    }

    /// The kind of visit that is searched for: a double one that moves stays one.
    fn visit(&self) -> Visit {
        let visit = self.state.wish.visit;
        let target = self.state.target.as_ref().filter(|_| self.state.goal == Some(Goal::Move));
        let double = target.is_some_and(|target| target.visit.second.is_some());
        let stays = double && !self.state.as_single && visit.minutes.is_none();
        Visit { double: visit.double || stays, ..visit }
    }

    /// Says so where nobody is as the caller wishes, or it is not on record, and asks which of
    /// several it shall be. Whether something was asked.
    pub(super) fn settle_traits(&mut self, now: Now) -> bool {
        if self.state.wish.traits.is_empty() || !self.state.wish.doctors.is_empty() {
            return false;
        }
        let target = self.state.target.as_ref().map(|target| target.visit.doctor);
        if let (Some(Goal::Move), Some(doctor), None) =
            (self.state.goal, target, &self.state.wish.specialty)
        {
            self.state.wish.specialty = self.specialty_of(doctor);
        }
        let phrases = self.language.phrases.clone();
        let recorded = self.pool().iter().any(|doctor| doctor.gender.is_some());
        if !self.state.wish.traits.genders.is_empty() && !recorded {
            self.state.wish.traits.genders.clear();
            self.carry(&phrases.gender_unrecorded);
            return self.settle_traits(now);
        }
        let fitting = self.fitting();
        if fitting.is_empty() {
            let wanted = self.spoken_traits();
            self.carry(&fill(&phrases.no_such_doctor, &[("doctor", &wanted)]));
            let traits = std::mem::take(&mut self.state.wish.traits);
            if traits.soft {
                return false;
            }
            let pool: Vec<DoctorId> = self.pool().iter().map(|doctor| doctor.id).collect();
            self.ask_which_doctor(now, &pool);
            return true;
        }
        let specialties = |ids: &[DoctorId]| {
            let mut all: Vec<String> = ids.iter().filter_map(|id| self.specialty_of(*id)).collect();
            all.sort();
            all.dedup();
            all.len()
        };
        let open = self.state.wish.specialty.is_none() && !self.state.wish.any;
        if open && specialties(&fitting) > 1 {
            self.ask_which_doctor(now, &fitting);
            return true;
        }
        false
    }

    /// Which of these doctors it shall be.
    fn ask_which_doctor(&mut self, now: Now, doctors: &[DoctorId]) {
        let phrases = self.language.phrases.clone();
        let some = self.facts.clinic.doctors.iter().filter(|doctor| doctors.contains(&doctor.id));
        let names: Vec<String> = some
            .map(|doctor| {
                let name = self.language.doctor(&doctor.name);
                let specialty = self.language.and(&doctor.specialties);
                fill(&phrases.doctor_for, &[("doctor", &name), ("specialty", &specialty)])
            })
            .collect();
        self.carry(&fill(&phrases.several_doctors, &[("doctors", &self.language.and(&names))]));
        self.ask(now, Phase::Doctor, &phrases.ask_doctor);
    }

    /// "Female doctor who speaks Arabic, for cardiology".
    fn spoken_traits(&self) -> String {
        let wish = &self.state.wish;
        let doctor = self.language.doctor_like(&wish.traits);
        match &wish.specialty {
            Some(specialty) => {
                let values = [("doctor", &*doctor), ("specialty", &**specialty)];
                fill(&self.language.phrases.doctor_for, &values)
            }
            None => doctor,
        }
    }

    /// Lets go of what was only preferred, or cannot be had, where nothing fits; what it was is
    /// carried. Whether it is to be searched for again.
    pub(super) fn let_go(&mut self, none_at_all: bool) -> bool {
        let phrases = self.language.phrases.clone();
        let wish = &self.state.wish;
        if wish.soft_doctor
            && let [only] = wish.doctors.as_slice()
        {
            let only = *only;
            let name = self.facts.clinic.doctors.iter().find(|doctor| doctor.id == only);
            let name = name.map(|doctor| self.language.doctor(&doctor.name)).unwrap_or_default();
            self.carry(&fill(&phrases.nothing_with, &[("doctor", &name)]));
            let specialty = self.specialty_of(only);
            let wish = &mut self.state.wish;
            wish.any = specialty.is_none();
            (wish.specialty, wish.soft_doctor) = (specialty, false);
            wish.doctors.clear();
            true
        } else if wish.traits.soft && !wish.traits.is_empty() {
            let kind = self.language.doctor_like(&wish.traits);
            let kind = fill(&phrases.a_kind, &[("doctor", &kind)]);
            self.carry(&fill(&phrases.nothing_with, &[("doctor", &kind)]));
            let wish = &mut self.state.wish;
            wish.any |= wish.specialty.is_none();
            wish.traits = Traits::default();
            true
        } else if none_at_all && !self.visit().is_open() {
            let text = if wish.visit.remote { &phrases.no_remote } else { &phrases.no_length };
            self.carry(text);
            self.state.wish.visit = Visit::default();
            self.state.as_single = true;
            true
        } else {
            false
        }
    }

    /// That the clinic is closed on the days that were asked for, and on those alone.
    pub(super) fn closed(&self) -> Option<String> {
        let hull = self.state.wish.when.hull();
        let (from, to) = (hull.from?, hull.to?);
        if (to - from).get_days() > LONGEST_HOLIDAY {
            return None;
        }
        let clinic = &self.facts.clinic;
        let mut days = from.series(jiff::Span::new().days(1)).take_while(|day| *day <= to);
        if !days.all(|day| clinic.closed_for(day).is_some()) {
            return None;
        }
        let holiday = clinic.closed_for(from)?;
        Some(self.language.closed_for(&said::days(&hull, &self.language), holiday))
    }

    /// What of the wish is not kept by any offer, where the rest is: "on Mondays".
    pub(super) fn spoken_let_go(&self) -> String {
        let when = &self.state.wish.when;
        let kept = |of: fn(&Window, &Window) -> bool| {
            let has = |window: &Window| when.fallback.iter().any(|other| of(window, other));
            when.any.iter().all(has)
        };
        let days = !kept(|a, b| a.days == b.days);
        let clock = !kept(|a, b| a.clock == b.clock);
        let lost = |window: &Window| Window {
            days: if days { window.days } else { Days::default() },
            clock: if clock { window.clock } else { Clock::default() },
        };
        if when.fallback.is_empty() {
            return String::new();
        }
        let mut any: Vec<Window> = when.any.iter().map(lost).collect();
        any.dedup();
        said::spoken(&When { any, ..When::default() }, &self.language)
    }
}
