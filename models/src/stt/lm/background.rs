//! A language at large, to stand behind what templates expect.

use super::LmError;

/// Common words, and which of them follow which.
#[derive(Clone, Default)]
pub struct Background {
    /// Words with how often they are said.
    pub(super) words: Vec<(String, f64)>,
    /// Pairs of words, by their places in the list above, with how often they are said.
    pub(super) pairs: Vec<(usize, usize, f64)>,
}

impl Background {
    /// Reads one word per line, with how often it is said, and then the words that often follow it,
    /// each with how often the two are said together: `thank 1200 you 1100`. All counts are of the
    /// same text. Lines that begin with `#` are comments.
    ///
    /// # Errors
    /// [`LmError::NotABackground`] with the first line that cannot be read, or names a word that
    /// has no line.
    pub fn parse(text: &str) -> Result<Self, LmError> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines: Vec<Vec<&str>> = lines.map(|line| line.split(' ').collect()).collect();
        let bad = |line: &[&str]| LmError::NotABackground { line: line.join(" ") };
        let count = |text: &str| text.parse::<f64>().ok().filter(|count| *count > 0.0);
        let mut words = Vec::with_capacity(lines.len());
        for line in &lines {
            let entry = match line[..] {
                [word, times, ..] => count(times).map(|times| (word.to_owned(), times)),
                _ => None,
            };
            words.push(entry.ok_or_else(|| bad(line))?);
        }
        let places: std::collections::HashMap<&str, usize> =
            words.iter().enumerate().map(|(place, (word, _))| (word.as_str(), place)).collect();
        let mut pairs = Vec::new();
        for (first, line) in lines.iter().enumerate() {
            let (followers, rest) = line.get(2..).unwrap_or_default().as_chunks::<2>();
            if !rest.is_empty() {
                return Err(bad(line));
            }
            for [word, times] in followers {
                let pair = places.get(word).copied().zip(count(times));
                let (second, times) = pair.ok_or_else(|| bad(line))?;
                pairs.push((first, second, times));
            }
        }
        Ok(Self { words, pairs })
    }

    /// How many words and pairs there are.
    #[must_use]
    pub const fn sizes(&self) -> [usize; 2] {
        [self.words.len(), self.pairs.len()]
    }
}

impl std::fmt::Debug for Background {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Background({:?} words and pairs)", self.sizes())
    }
}
