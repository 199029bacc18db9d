//! Text between spaces, with the punctuation around it taken off.

/// A stretch of text without white space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    /// All of it.
    pub(super) raw: &'a str,
    /// Without brackets, quotes and punctuation before and behind. May be empty.
    pub(super) core: &'a str,
    /// What stands behind the core.
    pub(super) tail: &'a str,
}

const OPENING: &[char] = &['(', '[', '{', '"', '\'', '“', '‘', '«', '¿', '¡', '*', '_', '—', '–'];

const CLOSING: &[char] = &[
    ')', ']', '}', '"', '\'', '”', '’', '»', '.', ',', ';', ':', '!', '?', '…', '*', '_', '—', '–',
    '؟', '،', '؛',
];

impl<'a> Token<'a> {
    fn new(raw: &'a str) -> Self {
        let begun = raw.trim_start_matches(OPENING);
        let core = begun.trim_end_matches(CLOSING);
        Self { raw, core, tail: &begun[core.len()..] }
    }

    /// Whether nothing but the core is there, so that an expression may go on in the next token.
    pub(super) const fn is_open(&self) -> bool {
        self.tail.is_empty()
    }
}

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    text.split_whitespace().map(Token::new).collect()
}
