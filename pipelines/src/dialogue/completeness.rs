//! Whether the words heard so far complete what was asked: what turn taking waits by
//! (speech.md, section 6).

use super::Expectation;
use super::understand::birth::BirthMention;
use super::understand::phones::PhoneMention;
use super::understand::{Heard, Setting};
use crate::turn::Completeness;

/// Judges the words of an unfinished turn against what is expected.
pub(crate) fn of(text: &str, setting: Setting<'_>) -> Completeness {
    let ending = Completeness::of_ending(&text.trim().to_lowercase());
    if ending == Completeness::Incomplete {
        return ending;
    }
    let heard = Heard::of(text, setting);
    if heard.hold_on {
        return Completeness::Incomplete;
    }
    match setting.expect {
        Expectation::DateOfBirth => match heard.birth {
            Some(BirthMention::Full(_)) => Completeness::Complete,
            Some(_) => Completeness::Incomplete,
            None => Completeness::Unknown,
        },
        Expectation::PhoneNumber => match heard.phone {
            // A longer number may still come.
            Some(PhoneMention::Full(digits)) if digits.len() >= 10 => Completeness::Complete,
            Some(_) => Completeness::Incomplete,
            None => Completeness::Unknown,
        },
        Expectation::FullName | Expectation::Spelling => match heard.name {
            Some(name) if name.full => Completeness::Complete,
            Some(_) => Completeness::Incomplete,
            None => Completeness::Unknown,
        },
        Expectation::YesNo if heard.yes || heard.no => Completeness::Complete,
        Expectation::Choice if heard.choice.is_some() || heard.time.is_some() => {
            Completeness::Complete
        }
        Expectation::Doctor if heard.doctor.is_some() || heard.specialty.is_some() => {
            Completeness::Complete
        }
        Expectation::Day if heard.day.is_some() => Completeness::Complete,
        _ => Completeness::Unknown,
    }
}
