//! What is put right of somebody's details when they are read back: only what was said changes, and
//! all of it is read back again.

use frontdesk_types::Phi;
use jiff::civil::Date;

use super::state::{Phase, Spelled};
use super::{Now, Policy};
use crate::dialogue::Expectation;
use crate::dialogue::understand::birth::{self, BirthMention, of_parts};
use crate::dialogue::understand::pattern::{List, Reader, find_any, longest_at};
use crate::dialogue::understand::tokens::Tokens;
use crate::dialogue::understand::{Heard, Setting, names, phones, take_exclamations, wish};

impl Policy {
    /// Takes a correction of the details that were read back; false if there is none.
    pub(super) fn puts_right(&mut self, now: Now, text: &str) -> bool {
        if self.state.phase != Phase::Confirm || self.state.patient.name.is_none() {
            return false;
        }
        let phone = self.phone_put_right(text);
        let birth = !phone && self.birth_put_right(now, text);
        let name = self.name_put_right(now, text);
        phone || birth || name
    }

    fn hear_as(&self, now: Now, text: &str, expect: Expectation) -> Heard {
        Heard::of(text, Setting { expect, ..self.setting(now) })
    }

    /// "It ends in 133", "133, not 123".
    fn phone_put_right(&mut self, text: &str) -> bool {
        let language = self.language.clone();
        let tokens = Tokens::of(text, &language);
        let reader = Reader { tokens: &tokens, language: &language, latest_year: 0 };
        let Some(known) = self.state.patient.phone.as_ref().map(|p| p.expose().clone()) else {
            return false;
        };
        let end = find_any(&language.words.number_ends, reader).map(|found| {
            let digits = (found.end..tokens.len()).map(|at| phones::run(&tokens, &language, at).1);
            digits.into_iter().find(|digits| !digits.is_empty()).unwrap_or_default()
        });
        let put_right = match end {
            Some(end) if end.len() < known.len() => {
                known.get(..known.len() - end.len()).map(|start| format!("{start}{end}"))
            }
            Some(_) => None,
            None => swapped(&tokens, &known, &language),
        };
        let put_right = put_right.filter(|number| *number != known);
        let any = put_right.is_some();
        if let Some(number) = put_right {
            self.state.patient.phone = Some(Phi::new(number));
        }
        any
    }

    /// The date of birth that did not match is put right.
    pub(super) fn birth_anew(&mut self, now: Now, text: &str) -> bool {
        let previous = self.state.previous.as_ref().and_then(|previous| previous.birth);
        let known = previous.map(|birth| *birth.expose());
        let date = known.and_then(|known| self.birth_instead(now, text, known));
        self.state.patient.birth = date.map(Phi::new).or(self.state.patient.birth);
        date.is_some()
    }

    /// "1991, not 1990", "it was the third of February".
    fn birth_put_right(&mut self, now: Now, text: &str) -> bool {
        let known = self.state.patient.birth.as_ref().map(|birth| *birth.expose());
        let Some(date) = known.and_then(|known| self.birth_instead(now, text, known)) else {
            return false;
        };
        let patient = &mut self.state.patient;
        patient.birth = Some(Phi::new(date));
        (patient.birthday, patient.birth_month, patient.birth_year) = (None, None, None);
        true
    }

    /// The date of birth as it is with what the words put right; what they rule out, or what they
    /// repeat of the wrong one, does not count.
    fn birth_instead(&self, now: Now, text: &str, known: Date) -> Option<Date> {
        let language = self.language.clone();
        let tokens = Tokens::of(text, &language);
        let reader = Reader { tokens: &tokens, language: &language, latest_year: 0 };
        // An O that is spelled is no zero.
        let spelled = (0..tokens.len()).any(|at| names::letters(&tokens, at).len() > 2);
        if spelled && find_any(&language.words.born, reader).is_none() {
            return None;
        }
        let calendar = self.setting(now).calendar();
        let whole = |year: i16, month, day| of_parts(Some(year.into()), month, day, calendar);
        let mut rest = tokens.clone();
        // "Oh dear" is no year.
        take_exclamations(&mut rest, &language);
        let ruled_out = wish::negations(&tokens, &language);
        for at in (0..tokens.len()).filter(|at| ruled_out[*at]) {
            rest.take(at..at + 1);
        }
        while let Some(said) = birth::take(&mut rest, &language, calendar, true) {
            let whole = match said {
                BirthMention::Year(year) => whole(year, known.month(), known.day()),
                BirthMention::NoYear { month, day } => whole(known.year(), month, day),
                BirthMention::Month(month) => whole(known.year(), month, known.day()),
                BirthMention::Day(day) => whole(known.year(), known.month(), day),
                said => said,
            };
            match whole {
                BirthMention::Full(date) if date != known => return Some(date),
                BirthMention::Full(_) => {}
                _ => return None,
            }
        }
        None
    }

    /// "It's Shayne, S H A Y N E", "the last name is Parker".
    fn name_put_right(&mut self, now: Now, text: &str) -> bool {
        let Some(known) = self.state.patient.name.as_ref().map(|name| name.expose().clone()) else {
            return false;
        };
        let language = self.language.clone();
        let tokens = Tokens::of(text, &language);
        let reader = Reader { tokens: &tokens, language: &language, latest_year: 0 };
        let part = |list: &List| {
            (0..tokens.len()).find_map(|at| {
                let run = names::name_run(&tokens, &language, longest_at(list, reader, at)?.end);
                (!run.is_empty()).then(|| names::spoken_name(&tokens.words[run], &language))
            })
        };
        let mut parts: Vec<String> = known.split(' ').map(str::to_owned).collect();
        let last = parts.len().saturating_sub(1);
        let (first_name, last_name) =
            (part(&language.words.first_name), part(&language.words.last_name));
        if first_name.is_none() && last_name.is_none() {
            let spelled =
                (0..tokens.len()).map(|at| names::letters(&tokens, at)).find(|run| run.len() > 2);
            let spelled = spelled.map(|run| names::spoken_name(&tokens.words[run], &language));
            let name = self.hear_as(now, text, Expectation::FullName).name;
            let whole = match (spelled, name) {
                (_, Some(name)) if name.full => Some(name.name),
                (Some(part), _) => names::with_part(&known, &part),
                (None, Some(name)) => names::with_part(&known, &name.name),
                (None, None) => return false,
            };
            let Some(whole) = whole.filter(|whole| *whole != known) else { return false };
            parts = vec![whole];
        } else {
            if let Some(name) = first_name {
                parts[0] = name;
            }
            if let Some(name) = last_name {
                parts[last] = name;
            }
        }
        let patient = &mut self.state.patient;
        patient.name = Some(Phi::new(parts.join(" ")));
        (patient.full, patient.spelled) = (true, Spelled::Whole);
        true
    }
}

/// "133, not 123": the digits that are in the number are those that were wrong.
fn swapped(tokens: &Tokens, known: &str, language: &crate::language::Language) -> Option<String> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (end, digits) = phones::run(tokens, language, at);
        if digits.len() >= 2 {
            runs.push(digits);
        }
        at = end.max(at + 1);
    }
    let [a, b] = runs.as_slice() else { return None };
    if a.len() != b.len() || a.len() >= known.len() {
        return None;
    }
    let (wrong, right) = match (known.contains(a.as_str()), known.contains(b.as_str())) {
        (true, false) => (a, b),
        (false, true) => (b, a),
        _ => return None,
    };
    let place = known.rfind(wrong.as_str())?;
    Some(format!("{}{right}{}", &known[..place], &known[place + wrong.len()..]))
}
