//! Passages: pieces of a document that are found and quoted whole, so short enough to be spoken.

use super::text::Block;

/// Longest passage in characters: half a minute of speech.
const LONGEST: usize = 480;

/// Blocks in a row under the same heading are one passage up to here.
const JOINED: usize = 240;

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The heading that it stands under.
    pub heading: Option<String>,
    /// What is quoted; at most 480 characters.
    pub text: String,
}

fn length(text: &str) -> usize {
    text.chars().count()
}

pub(super) fn passages(blocks: Vec<Block>) -> Vec<Passage> {
    let mut all: Vec<Passage> = Vec::new();
    for Block { heading, text } in blocks {
        for text in pieces(&text) {
            match all.last_mut() {
                Some(last)
                    if last.heading == heading
                        && length(&last.text) + 1 + length(&text) <= JOINED =>
                {
                    last.text.push(' ');
                    last.text.push_str(&text);
                }
                _ => all.push(Passage { heading: shortened(heading.as_deref()), text }),
            }
        }
    }
    all
}

/// A heading as long as a passage may be.
fn shortened(heading: Option<&str>) -> Option<String> {
    heading.map(|heading| heading.chars().take(LONGEST).collect())
}

/// The text in pieces that are no longer than a passage: of whole sentences where that goes, else
/// of whole words.
fn pieces(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let sentences = text.split_inclusive(['.', '!', '?', '؟', '。']);
    for sentence in sentences.flat_map(in_words) {
        let last = all.last_mut().expect("there is one");
        if length(last) + length(&sentence) > LONGEST {
            all.push(sentence);
        } else {
            last.push_str(&sentence);
        }
    }
    let trimmed = all.into_iter().map(|piece| piece.trim().to_owned());
    trimmed.filter(|piece| !piece.is_empty()).collect()
}

/// A sentence that is too long, in words; one that is not, as it is.
fn in_words(sentence: &str) -> Vec<String> {
    if length(sentence) <= LONGEST {
        return vec![sentence.to_owned()];
    }
    let words = sentence.split_inclusive(' ');
    words
        .flat_map(|word| {
            let letters: Vec<char> = word.chars().collect();
            letters.chunks(LONGEST).map(|chunk| chunk.iter().collect()).collect::<Vec<String>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(heading: Option<&str>, text: &str) -> Block {
        Block { heading: heading.map(str::to_owned), text: text.to_owned() }
    }

    #[test]
    fn short_blocks_under_one_heading_are_one_passage() {
        let all =
            passages(vec![block(None, "One."), block(None, "Two."), block(Some("Dogs"), "Three.")]);
        let texts: Vec<&str> = all.iter().map(|passage| passage.text.as_str()).collect();
        assert_eq!(texts, ["One. Two.", "Three."]);
        assert_eq!(all[1].heading.as_deref(), Some("Dogs"));
    }

    #[test]
    fn a_long_block_is_parted_between_sentences() {
        let sentence = format!("{}.", "word ".repeat(50).trim());
        let all = passages(vec![block(None, &format!("{sentence} {sentence} {sentence}"))]);
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|passage| passage.text == sentence));
    }

    proptest! {
        #[test]
        fn no_passage_is_too_long_or_empty_and_no_word_is_lost(text in "[a-zé .!\u{633}]{0,3000}") {
            let all = passages(vec![block(None, &text)]);
            let joined: String = all.iter().map(|passage| passage.text.as_str()).collect();
            let letters = |text: &str| text.replace(char::is_whitespace, "");
            prop_assert_eq!(letters(&joined), letters(&text));
            for passage in all {
                prop_assert!((1..=LONGEST).contains(&length(&passage.text)));
            }
        }
    }
}
