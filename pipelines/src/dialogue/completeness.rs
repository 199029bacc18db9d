//! Whether the words heard so far complete what was asked: what turn taking waits by.

use super::Expectation;
use super::understand::birth::BirthMention;
use super::understand::phones::PhoneMention;
use super::understand::{Heard, Setting};
use crate::turn::Completeness;

/// Judges the words of an unfinished turn against what is expected.
pub(crate) fn of(text: &str, setting: Setting<'_>) -> Completeness {
    let ending = setting.language.turn().ending(text);
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
        // "No thank you" to "anything else", or a wish with who and when in it.
        Expectation::Request
            if heard.goodbye
                || heard.thanks
                || heard.book && heard.has_doctor() && heard.has_time() =>
        {
            Completeness::Complete
        }
        _ => Completeness::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use frontdesk_types::Mono;

    use super::*;
    use crate::dialogue::{ClinicFacts, Now};
    use crate::language::tests::english;

    #[test]
    fn an_answer_that_says_all_that_was_asked_is_complete_and_half_of_one_is_not() {
        let now = Now { mono: Mono::ZERO, wall: "2026-06-10T06:00:00Z".parse().expect("valid") };
        let (language, clinic) = (english(), ClinicFacts::default());
        let of = |expect, text| {
            super::of(
                text,
                Setting { language: &language, clinic: &clinic, expect, now, anchor: None },
            )
        };
        use Completeness::{Complete, Incomplete, Unknown};
        use Expectation::{DateOfBirth, Day, PhoneNumber, Request, YesNo};
        for (expect, text, verdict) in [
            (Request, "i would like to see a cardiologist tomorrow morning", Complete),
            (Request, "i would like to see a cardiologist", Unknown),
            (Request, "i would like to see a", Incomplete),
            (Request, "no thank you", Complete),
            (Request, "no", Unknown),
            (YesNo, "no", Complete),
            (Day, "next tuesday", Complete),
            (Day, "maybe on", Incomplete),
            (DateOfBirth, "march twelfth", Incomplete),
            (DateOfBirth, "march twelfth nineteen eighty four", Complete),
            (PhoneNumber, "zero one zero zero", Incomplete),
            (YesNo, "hold on", Incomplete),
        ] {
            assert_eq!(of(expect, text), verdict, "{expect:?}: {text}");
        }
    }
}
