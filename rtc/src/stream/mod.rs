//! Text and byte streams: data in chunks with a header and a trailer, over the reliable channel.

mod incoming;
mod reader;
mod writer;

pub(crate) use incoming::Incoming;
pub use reader::{ByteStreamReader, StreamInfo, TextStreamReader};
pub use writer::{ByteStreamOptions, ByteStreamWriter, TextStreamOptions, TextStreamWriter};

/// Bytes in one chunk, as the SDKs cut; the server takes messages up to 65,535 bytes.
pub const CHUNK_BYTES: usize = 15_000;

/// Cuts `text` into pieces of at most `max` bytes (at least 4) that end between characters.
pub(crate) fn utf8_chunks(text: &str, max: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (head, tail) = rest.split_at(rest.floor_char_boundary(max.max(4)));
        rest = tail;
        Some(head)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chunks_are_whole_characters_and_join_to_the_text(text in "\\PC{0,200}", max in 4_usize..40) {
            let chunks: Vec<&str> = utf8_chunks(&text, max).collect();
            prop_assert!(chunks.iter().all(|c| !c.is_empty() && c.len() <= max));
            prop_assert_eq!(chunks.concat(), text);
        }
    }
}
