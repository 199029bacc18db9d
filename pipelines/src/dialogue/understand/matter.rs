//! Matters that only the staff can settle.

use super::Heard;
use super::pattern::{List, Reader, find_any};
use super::tokens::Tokens;
use crate::language::Language;
use crate::language::understand::Matter;

/// Whether the words are about a matter that only the staff can settle.
pub(crate) fn is_matter(text: &str, heard: &Heard, language: &Language) -> bool {
    matter(text, heard, language).is_some_and(|matter| !matter.ask || heard.phone.is_none())
}

/// The matter that the words are about; not beside a wish for a visit, unless it may stand there.
pub(crate) fn matter<'a>(text: &str, heard: &Heard, language: &'a Language) -> Option<&'a Matter> {
    // "Charged twice for one visit" wishes for none.
    let books = heard.course.books || heard.book && heard.has_content();
    let booking = books || heard.move_ || heard.cancel || heard.list;
    let wish = booking || heard.time.is_some() || heard.part.is_some();
    let doctor = heard.doctor.is_some();
    let visit = |matter: &Matter| wish || doctor && (!matter.beside_doctor || heard.day.is_some());
    let tokens = Tokens::of(text, language);
    let reader = Reader { tokens: &tokens, language, latest_year: 0 };
    let is = |list: &List| find_any(list, reader).is_some();
    let mut fit = language.matters.iter().filter(|matter| matter.beside_booking || !visit(matter));
    fit.find(|matter| is(&matter.say) && !is(&matter.not))
}
