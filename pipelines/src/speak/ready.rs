//! Clauses of a text that is still being written.

use super::gather;
use crate::language::Language;

/// Stands for what is not written yet: a word that begins no sentence.
const NEXT: &str = "x";

/// Takes the clauses that are complete off the beginning of a text of which more is to come, as one
/// text; `None` if there is none yet. `begins` says that nothing of the utterance was taken before.
///
/// A clause is complete as soon as its last mark is there, unless what follows may change how it is
/// read: "9." may become "9.30", "a.m." may go on with "on Sunday". The work is that of the text
/// that was not taken, at most some two clauses.
pub fn take_ready(text: &mut String, begins: bool, language: &Language) -> Option<String> {
    let whole = if ends_a_word(text) {
        gather(&format!("{text} {NEXT}"), begins, language)
    } else {
        gather(text, begins, language)
    };
    let (_, ready) = whole.split_last()?;
    let words = ready.iter().map(|clause| clause.display.split_whitespace().count()).sum();
    let at = after_words(text, words)?;
    let taken = text.get(..at)?.split_whitespace().collect::<Vec<_>>().join(" ");
    text.drain(..at);
    (!taken.is_empty()).then_some(taken)
}

/// Whether nothing more can come of the last word.
fn ends_a_word(text: &str) -> bool {
    let mut last = text.chars().rev();
    match (last.next(), last.next()) {
        (Some(space), _) if space.is_whitespace() => true,
        (Some('!' | '?' | '…' | '؟' | ';' | '؛'), _) => true,
        // After a figure it may be a part of the number.
        (Some('.' | ',' | ':' | '،'), Some(before)) => before.is_alphabetic() || before == ')',
        _ => false,
    }
}

/// Where the text goes on after so many words.
fn after_words(text: &str, words: usize) -> Option<usize> {
    if words == 0 {
        return None;
    }
    let mut at = 0;
    for _ in 0..words {
        let rest = text.get(at..)?;
        let begin = at + rest.len() - rest.trim_start().len();
        let word = text.get(begin..)?;
        at = begin + word.find(char::is_whitespace).unwrap_or(word.len());
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    /// What is taken after each piece.
    fn taken(pieces: &[&str]) -> (Vec<Option<String>>, String) {
        let (language, mut text, mut begins) = (english(), String::new(), true);
        let all = pieces.iter().map(|piece| {
            text.push_str(piece);
            let ready = take_ready(&mut text, begins, &language);
            begins &= ready.is_none();
            ready
        });
        (all.collect(), text)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_sentence_is_taken_with_the_mark_that_ends_it() {
        let (all, rest) = taken(&["Good", " morn", "ing", ".", " How can", " I help", "?"]);
        let wanted = [None, None, None, some("Good morning."), None, None, some("How can I help?")];
        assert_eq!((all.as_slice(), rest.as_str()), (wanted.as_slice(), ""));
    }

    #[test]
    fn a_comma_ends_a_clause_where_there_is_enough_before_it() {
        let pieces =
            ["Let me see,", " Doctor Haddad has", " time on Sunday or on Tuesday,", " you know"];
        let (all, rest) = taken(&pieces);
        assert_eq!(all[0], None, "too short even for the first");
        assert_eq!(all[2], some("Let me see, Doctor Haddad has time on Sunday or on Tuesday,"));
        assert_eq!((all[3].clone(), rest.as_str()), (None, " you know"));
    }

    #[test]
    fn a_number_or_an_abbreviation_is_not_cut() {
        for pieces in [
            &["It costs 3", ".", "50 dollars and no", "thing else"][..],
            &["You see Dr", ".", " Nora Had", "dad"],
            &["It is at 9 a.m", ".", " on Sun", "day the fourteenth"],
            &["There are 1", ",", "000 of them he", "re"],
        ] {
            let (all, _) = taken(pieces);
            assert!(all.iter().all(Option::is_none), "{pieces:?}: {all:?}");
        }
    }

    #[test]
    fn however_it_comes_all_of_it_is_taken_in_its_order() {
        let text = "Dr. Haddad is free on Sunday, June 14, at 9:30 AM, and on Tuesday at 10. Which \
                    of them would you like? I can also look for another day, if you prefer that.";
        let language = english();
        for size in 1..30 {
            let (mut rest, mut all) = (String::new(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                rest.push_str(std::str::from_utf8(piece).expect("ascii"));
                all.extend(take_ready(&mut rest, all.is_empty(), &language));
            }
            all.push(rest.trim().to_owned());
            let whole = all.join(" ");
            assert_eq!(whole.trim(), text, "in pieces of {size}");
            assert!(all.len() >= 3, "in pieces of {size}: {all:?}");
        }
    }
}
