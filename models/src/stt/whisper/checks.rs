//! What whisper is asked, and what of its answer is believed. The figures are those of
//! docs/decisions/0145.

/// All that the model can look at: 30 s, in steps of 20 ms.
pub(super) const WHOLE: i32 = 1500;

/// Tokens of hints at most: each costs time, and the model reads no more than 223.
pub(super) const MOST_HINTS: usize = 96;

/// Samples of a second.
const SECOND: usize = 16_000;

/// Less than this is no word: a fifth of a second.
const LEAST: usize = SECOND / 5;

/// How much the model looks at for an utterance of so many samples; `None` if it is too short to
/// hold a word. Its cost is in proportion. A window cut close to the audio makes it repeat itself
/// without end, so there are only three.
pub(super) const fn window(samples: usize) -> Option<i32> {
    if samples < LEAST {
        None
    } else if samples <= 8 * SECOND {
        Some(512)
    } else if samples <= 13 * SECOND {
        Some(768)
    } else {
        Some(WHOLE)
    }
}

/// Tokens that can be said in so many samples: ten a second, which nobody reaches, and room for a
/// short answer.
pub(super) const fn most_tokens(samples: usize) -> usize {
    10 + samples * 10 / SECOND
}

/// How often the same words may follow one another.
const MOST_REPEATS: usize = 3;

/// Whether an answer is longer than what can be said, or repeats itself. Who says a telephone
/// number says the same digit several times: one word alone may come more often than a phrase.
pub(super) fn is_invented(text: &str, tokens: usize, limit: usize) -> bool {
    let words = words(text);
    let words: Vec<&str> = words.split(' ').collect();
    tokens >= limit || (1..=3).any(|length| repeats(&words, length))
}

/// Whether `length` words are followed by themselves too often.
fn repeats(words: &[&str], length: usize) -> bool {
    let most = if length == 1 { 2 * MOST_REPEATS } else { MOST_REPEATS };
    let mut run = 0;
    for at in length..words.len() {
        run = if words[at] == words[at - length] { run + 1 } else { 0 };
        if run >= most * length {
            return true;
        }
    }
    false
}

/// The words of what was written: lowercase, without signs, but with those that stand inside a
/// number or a word ("10:30", "o'clock").
pub(super) fn words(text: &str) -> String {
    let letters: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let mut words = String::with_capacity(text.len());
    // What is heard besides words is written in brackets.
    let mut aside = None;
    for (at, &letter) in letters.iter().enumerate() {
        match (aside, letter) {
            (None, '[') => aside = Some(']'),
            (None, '(') => aside = Some(')'),
            (Some(end), letter) if letter == end => aside = None,
            (Some(_), _) => continue,
            _ => {}
        }
        let beside = |by: isize| {
            at.checked_add_signed(by).and_then(|at| letters.get(at)).copied().unwrap_or(' ')
        };
        let (before, after) = (beside(-1), beside(1));
        let inside = match letter {
            '\'' | '’' => before.is_alphanumeric() && after.is_alphanumeric(),
            ':' | '.' | '/' => before.is_ascii_digit() && after.is_ascii_digit(),
            _ => letter.is_alphanumeric(),
        };
        // "10,000" is one number.
        if letter == ',' && before.is_ascii_digit() && after.is_ascii_digit() {
            continue;
        }
        if inside {
            words.push(if letter == '’' { '\'' } else { letter });
        } else if !words.ends_with(' ') && !words.is_empty() {
            words.push(' ');
        }
    }
    words.truncate(words.trim_end().len());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_follows_the_length_and_nothing_is_asked_of_a_click() {
        assert_eq!(window(LEAST - 1), None);
        assert_eq!(window(SECOND / 3), Some(512));
        assert_eq!(window(8 * SECOND), Some(512));
        assert_eq!(window(9 * SECOND), Some(768));
        assert_eq!(window(28 * SECOND), Some(WHOLE));
    }

    #[test]
    fn what_repeats_itself_is_invented() {
        assert!(is_invented(&"be ".repeat(20), 20, 100));
        assert!(is_invented("thank you. thank you. thank you. thank you.", 12, 100));
        assert!(is_invented("Dr. Chen, Dr. Chen, Dr. Chen, Dr. Chen, Dr. Chen", 15, 100));
        assert!(is_invented("i would like to see a doctor", 40, 40));
    }

    #[test]
    fn what_people_say_is_not() {
        for said in [
            "no no no",
            "Zero, five, five, five, five, zero, one, two.",
            "5 5 5 5 0 1 3 4",
            "yes yes yes please",
            "bye bye",
            "",
        ] {
            assert!(!is_invented(said, said.len() / 3, 100), "{said}");
        }
    }

    #[test]
    fn of_what_is_written_the_words_are_kept() {
        for (written, heard) in [
            (" I'd like to see Dr. Chen, please.", "i'd like to see dr chen please"),
            (" At 10:30 on March 12, 1984?", "at 10:30 on march 12 1984"),
            (" 555-0134", "555 0134"),
            (" It costs 10,000.", "it costs 10000"),
            (" [BLANK_AUDIO]", ""),
            (" (music playing) Yes.", "yes"),
            (" J-O-H-N", "j o h n"),
            (" لا، شكرا", "لا شكرا"),
        ] {
            assert_eq!(words(written), heard, "{written}");
        }
    }
}
