//! Whether two recognizers heard the same of what is written down.

use super::super::Expectation;
use super::super::reading::Reading;
use super::super::understand::Heard;
use super::super::understand::birth::BirthMention;
use super::super::understand::phones::PhoneMention;
use super::names::is_same;
use crate::language::listen::Templates;

/// Whether this answers what was asked.
pub(super) fn answers(asked: Expectation, heard: &Heard) -> bool {
    let Heard { yes, no, birth, phone, name, .. } = heard;
    let times = heard.day.is_some() || heard.time.is_some() || heard.part.is_some();
    match asked {
        Expectation::Request => !heard.empty,
        Expectation::YesNo => *yes || *no,
        Expectation::Choice => {
            *yes || *no || heard.choice.is_some() || heard.number.is_some() || times
        }
        Expectation::FullName
        | Expectation::Spelling
        | Expectation::SpellingFirst
        | Expectation::SpellingLast => name.as_ref().is_some_and(|name| name.full),
        Expectation::DateOfBirth => matches!(birth, Some(BirthMention::Full(_))),
        Expectation::PhoneNumber => matches!(phone, Some(PhoneMention::Full(_))),
        Expectation::Doctor => {
            heard.doctor.is_some() || heard.specialty.is_some() || heard.any_doctor
        }
        Expectation::Day => times,
    }
}

/// Whether both come to the same, with whatever words.
pub(super) fn same(a: &Heard, b: &Heard) -> bool {
    let without = |heard: &Heard| Heard { reading: Reading::default(), ..heard.clone() };
    without(a) == without(b)
}

/// Whether they differ in something that is written: both have a name, a date, a number, a yes or
/// no, or an offer, and not the same one.
pub(super) fn clash(asked: Expectation, a: &Heard, b: &Heard, language: &Templates) -> bool {
    fn apart<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
        a.is_some() && b.is_some() && a != b
    }
    let yes_no = (a.yes || a.no) && (b.yes || b.no) && (a.yes, a.no) != (b.yes, b.no);
    let times = apart(&a.day, &b.day) || apart(&a.time, &b.time);
    let whom = apart(&a.doctor, &b.doctor) || apart(&a.specialty, &b.specialty);
    match asked {
        Expectation::YesNo => yes_no || times,
        Expectation::Choice => {
            yes_no || times || apart(&a.choice, &b.choice) || apart(&a.number, &b.number)
        }
        Expectation::FullName
        | Expectation::Spelling
        | Expectation::SpellingFirst
        | Expectation::SpellingLast => match (&a.name, &b.name) {
            (Some(a), Some(b)) => !is_same(&a.name, &b.name, language),
            _ => false,
        },
        Expectation::DateOfBirth => apart(&a.birth, &b.birth),
        Expectation::PhoneNumber => apart(&a.phone, &b.phone),
        Expectation::Doctor => whom,
        Expectation::Day => times || apart(&a.part, &b.part),
        Expectation::Request => {
            let changes = |heard: &Heard| (heard.cancel, heard.move_);
            whom || times || changes(a) != changes(b) || apart(&a.birth, &b.birth)
        }
    }
}
