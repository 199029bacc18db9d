//! What the agent says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

macro_rules! phrases {
    ($($name:ident,)*) => {
        /// Every phrase, by its name in the language file.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Phrases { $(pub(crate) $name: String),* }

        impl Phrases {
            fn get_mut(&mut self, name: &str) -> Option<&mut String> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)*
                    _ => None,
                }
            }
        }
    };
}

phrases! {
    greeting,
    only_language,
    help,
    ask_name,
    ask_other_name,
    ask_last_name,
    ask_name_next,
    ask_other_name_next,
    ask_name_spelled,
    ask_first_spelled,
    ask_last_spelled,
    ask_birth,
    ask_birth_first,
    ask_other_birth,
    ask_birth_year,
    bad_birth,
    ask_phone,
    bad_phone,
    not_matched,
    register_intro,
    thanks,
    ask_doctor,
    unknown_doctor,
    several_doctors,
    no_specialty,
    our_doctors,
    no_doctors,
    offers,
    offers_nearest,
    offers_nearest_plain,
    offers_more,
    offers_again,
    only_nearest,
    only_nearest_plain,
    no_slots,
    no_more_slots,
    past_day,
    unclear_day,
    ask_day,
    slot_taken,
    patient_busy,
    outside_window,
    visit,
    visit_on,
    on_day,
    between_days,
    at_time,
    with_doctor,
    read_back_book,
    read_back_move,
    read_back_cancel,
    read_back_register,
    confirm_book,
    confirm_move,
    confirm_cancel,
    confirm_register,
    plain_book,
    plain_move,
    plain_cancel,
    plain_register,
    booked,
    moved,
    cancelled,
    not_booked,
    not_moved,
    not_cancelled,
    not_registered,
    late_booked,
    anything_else,
    what_else,
    your_appointments,
    pick_appointment,
    no_appointments,
    no_such_appointment,
    another_or_move,
    when_instead,
    too_late,
    refused,
    answer,
    no_answer,
    our_address,
    our_phone,
    open_on,
    closed_on,
    open_hours,
    from_to,
    day_to_day,
    days_hours,
    fees,
    fee_of,
    doctor_for,
    speaks,
    source_hours,
    source_address,
    source_fees,
    source_doctors,
    source_document,
    source_number,
    other_patient,
    small_talk,
    not_understood,
    say_it_simply,
    not_heard,
    silent_end,
    waiting,
    apology_retry,
    one_moment,
    transfer_failed,
    ask_callback_phone,
    confirm_phone,
    cannot_call_back,
    cannot_call_back_but,
    transfer,
    callback_noted,
    callback_noted_at,
    callback_failed,
    not_identified_end,
    misunderstood_end,
    too_long_end,
    goodbye,
    emergency,
    emergency_again,
    emergency_resume,
    emergency_handover,
    emergency_number,
}

/// A clinic's own wording cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// There is no phrase of this name.
    #[error("there is no phrase {0:?}; the names stand in the language file under [phrases]")]
    Unknown(String),
    /// It holds a placeholder that nothing fills.
    #[error("the phrase {phrase:?} cannot use {{{placeholder}}}; use only what its default uses")]
    Placeholder {
        /// The phrase.
        phrase: String,
        /// The placeholder, without braces.
        placeholder: String,
    },
}

impl Phrases {
    /// These phrases with some worded anew.
    pub(super) fn with(&self, own: &BTreeMap<String, String>) -> Result<Self, PhraseError> {
        let mut all = self.clone();
        for (name, text) in own {
            let phrase = all.get_mut(name).ok_or_else(|| PhraseError::Unknown(name.clone()))?;
            let known: Vec<_> = placeholders(phrase).map(str::to_owned).collect();
            if let Some(bad) = placeholders(text).find(|p| !known.iter().any(|k| k == p)) {
                let placeholder = bad.to_owned();
                return Err(PhraseError::Placeholder { phrase: name.clone(), placeholder });
            }
            phrase.clone_from(text);
        }
        Ok(all)
    }
}

fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// `text` with `{name}` replaced by its value. Values are not looked into.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        filled.push_str(before);
        let found = after[1..].split_once('}').and_then(|(name, tail)| {
            let value = values.iter().find(|(known, _)| *known == name)?;
            Some((value.1, tail))
        });
        match found {
            Some((value, tail)) => {
                filled.push_str(value);
                rest = tail;
            }
            None => {
                filled.push('{');
                rest = &after[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_filled_in_and_not_looked_into() {
        assert_eq!(fill("{a} and {b}{c}", &[("a", "{b}"), ("b", "2")]), "{b} and 2{c}");
        assert_eq!(fill("open {", &[]), "open {");
    }
}
