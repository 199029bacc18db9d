//! Words of an utterance, typed or recognized, brought to one form.

use super::distance::distance;
use crate::language::Language;
use crate::language::pattern::Marks;

/// One word. `text` is what patterns see; `raw` is what a name is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Lower case, without punctuation; empty once a parser has taken the word.
    pub(crate) text: String,
    /// As written.
    pub(crate) raw: String,
    /// Whether a hyphen joins it to the word before.
    pub(crate) glued: bool,
    /// Whether a clause ends after it.
    pub(crate) stop: bool,
    /// What patterns that begin with it are told by; of the text as it came.
    pub(crate) marks: Marks,
}

impl Token {
    fn new(text: String, raw: String, glued: bool, language: &Language) -> Self {
        let marks = language.marks(&text);
        Self { text, raw, glued, stop: false, marks }
    }
}

/// The words of an utterance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// In order.
    pub(crate) words: Vec<Token>,
    /// Whether the text ends in a question mark.
    pub(crate) question: bool,
}

impl Tokens {
    /// Splits `text` into words; contractions are written out by the language's table.
    pub(crate) fn of(text: &str, language: &Language) -> Self {
        let mut tokens =
            Self { words: Vec::new(), question: text.trim_end().ends_with(['?', '؟']) };
        let text: String = text.chars().map(plain).collect();
        for chunk in text.split_whitespace() {
            tokens.push_chunk(chunk, language);
        }
        tokens.say_whose(language);
        tokens
    }

    /// Says whose somebody is where that is left out: "Mum needs a visit", "daughter has fever".
    fn say_whose(&mut self, language: &Language) {
        let bare = &language.kin.bare;
        if bare.owner.is_empty() {
            return;
        }
        let is = |all: &[String], word: &str| all.iter().any(|own| own == word);
        let mut at = 0;
        while at < self.words.len() {
            let word = self.text(at);
            let person = language.owner(word).unwrap_or(word);
            let mut start = at;
            while start > 0
                && !self.words[start - 1].stop
                && is(&bare.between, self.text(start - 1))
            {
                start -= 1;
            }
            let before = start.checked_sub(1).and_then(|before| self.words.get(before));
            let owned = before.is_some_and(|before| {
                let says = is(&bare.owners, &before.text) || language.owner(&before.text).is_some();
                says && !before.stop
            });
            let begins = before.is_none_or(|before| before.stop || is(&bare.behind, &before.text));
            let next = self.words.get(at + 1).filter(|_| !self.words[at].stop);
            // "Nan Miller" is a name.
            let date = |next: &Token| {
                language.weekday(&next.text).is_some() || language.month(&next.text).is_some()
            };
            let name =
                next.is_some_and(|next| next.raw.starts_with(char::is_uppercase) && !date(next));
            let called = language.kin.is_called(person) && !name;
            let says = next.is_some_and(|next| is(&bare.says, &next.text));
            let told = begins && says && language.kin.is_relative(person);
            if (called || told) && !owned {
                let owner = Token::new(bare.owner.clone(), bare.owner.clone(), false, language);
                self.words.insert(start, owner);
                at += 1;
            }
            at += 1;
        }
    }

    fn push_chunk(&mut self, chunk: &str, language: &Language) {
        let stop = chunk.ends_with([',', '.', ';', '!', '?', ':', '،', '؟']);
        let core = chunk.trim_matches(|c: char| !c.is_alphanumeric() && c != '+');
        let digits = core.chars().any(|c| c.is_ascii_digit());
        let letters = core.chars().any(char::is_alphabetic);
        if core.is_empty() {
            // A sign that stands for a word: a thumb that is up.
            let sign = chunk.chars().next().map(String::from).unwrap_or_default();
            if language.rewrites.contains_key(&sign) {
                self.push(&sign, false, language);
            }
            if let (true, Some(last)) = (stop, self.words.last_mut()) {
                last.stop = true;
            }
            return;
        }
        if digits && !letters {
            self.push(core, false, language);
        } else if let Some(clock) = written_hour(core) {
            self.push(&clock, false, language);
        } else if digits {
            let split = core
                .find(|c: char| c.is_alphabetic())
                .filter(|at| !is_ordinal(core, *at, language))
                .filter(|at| core[..*at].chars().all(|c| !c.is_alphabetic()));
            match split {
                Some(at) => {
                    self.push(core[..at].trim_end_matches('-'), false, language);
                    self.push(&core[at..], false, language);
                }
                None => self.push(core, false, language),
            }
        } else if core.contains('.') && core.replace('.', "").chars().count() <= 4 {
            self.push(&core.replace('.', ""), false, language);
        } else {
            for (index, part) in core.split(['-', '/', '.', '_', '&']).enumerate() {
                if !part.is_empty() {
                    self.push(part, index > 0, language);
                }
            }
        }
        if let Some(last) = self.words.last_mut() {
            // "James T. Miller": the point behind an initial ends nothing.
            let letter = last.raw.chars().count() == 1 && last.raw.chars().all(char::is_alphabetic);
            let initial = chunk.ends_with('.') && letter;
            let title = chunk.ends_with('.') && language.titles.contains(&last.text);
            last.stop = stop && !initial && !title;
        }
    }

    fn push(&mut self, raw: &str, glued: bool, language: &Language) {
        let raw = raw.trim_matches(['\'', '.', ',', ':']);
        let lower = raw.to_lowercase();
        let lower = if lower.contains('.') && lower.chars().all(|c| c == '.' || c.is_alphabetic()) {
            lower.replace('.', "")
        } else {
            lower
        };
        if lower.is_empty() {
            return;
        }
        match language.rewrites.get(&lower) {
            Some(parts) => {
                let parts = parts.split(' ').map(str::to_owned);
                self.words
                    .extend(parts.map(|part| Token::new(part.clone(), part, false, language)));
            }
            None => {
                let (text, raw) = (spelled(&lower, language).unwrap_or(lower), raw.to_owned());
                self.words.push(Token::new(text, raw, glued, language));
            }
        }
    }

    /// How many words there are.
    pub(crate) const fn len(&self) -> usize {
        self.words.len()
    }

    /// The word at `index`, or the empty text beyond the end.
    pub(crate) fn text(&self, index: usize) -> &str {
        self.words.get(index).map_or("", |word| word.text.as_str())
    }

    /// Takes the words of a range away from later parsers.
    pub(crate) fn take(&mut self, range: std::ops::Range<usize>) {
        for word in self.words.iter_mut().take(range.end).skip(range.start) {
            word.text.clear();
        }
    }

    /// Reads words that sound like a number as that number where one stands before them:
    /// "sixty to" is a year of birth.
    pub(crate) fn read_homophones(&mut self, language: &Language) {
        for at in 1..self.words.len() {
            let after_number = language.numbers.contains_key(self.text(at - 1));
            if let Some(number) = language.homophones.get(self.text(at)).filter(|_| after_number) {
                self.words[at].text.clone_from(number);
                self.words[at].marks = language.marks(number);
            }
        }
    }

    /// Whether every word has been taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| word.text.is_empty())
    }
}

/// "10h15" as "10:15".
fn written_hour(word: &str) -> Option<String> {
    let (hours, minutes) = word.split_once(['h', 'H'])?;
    let figures = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (1..=2).contains(&hours.len()) && minutes.len() == 2;
    (fits && figures(hours) && figures(minutes)).then(|| format!("{hours}:{minutes}"))
}

/// The word that is meant by one with a wrong, missing or swapped letter.
fn spelled(word: &str, language: &Language) -> Option<String> {
    let letters = word.chars().count();
    if letters < 6 || language.common.contains(word) || language.spelling.iter().any(|w| w == word)
    {
        return None;
    }
    let swapped = |meant: &str| {
        let pairs: Vec<(char, char)> =
            word.chars().zip(meant.chars()).filter(|(a, b)| a != b).collect();
        matches!(pairs.as_slice(), [(a, b), (c, d)] if a == d && b == c)
            && letters == meant.chars().count()
    };
    let near = |meant: &&String| letters.abs_diff(meant.chars().count()) <= 1;
    let meant = language.spelling.iter().filter(near).find(|meant| {
        meant.starts_with(&word[..word.chars().next().map_or(0, char::len_utf8)])
            && (distance(word, meant) == 1 || swapped(meant))
    })?;
    // "Doctors" is another word, not a wrong one.
    let plural = [language.singular(word), language.owner(word)].contains(&Some(meant.as_str()));
    (!plural).then(|| meant.clone())
}

/// Curly quotes, long dashes and Arabic digits as their plain forms.
fn plain(c: char) -> char {
    match c {
        '’' | '‘' | '`' | '´' => '\'',
        '‐' | '‑' | '–' | '—' => '-',
        '“' | '”' | '"' | '(' | ')' | '[' | ']' => ' ',
        '٠'..='٩' => shifted(c, '٠'),
        '۰'..='۹' => shifted(c, '۰'),
        _ => c,
    }
}

fn shifted(c: char, zero: char) -> char {
    char::from_digit(u32::from(c) - u32::from(zero), 10).unwrap_or(c)
}

/// "14th", "2nd": digits with an ordinal ending; other letters after digits are another word.
fn is_ordinal(core: &str, at: usize, language: &Language) -> bool {
    language.ordinal_endings.contains(&core[at..].to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    fn words(text: &str) -> Vec<String> {
        let tokens = Tokens::of(text, &english());
        tokens.words.into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn typed_and_spoken_forms_come_to_the_same_words() {
        assert_eq!(words("Tomorrow, at 10am!"), ["tomorrow", "at", "10", "am"]);
        assert_eq!(words("9:30 p.m. on the 14th."), ["9:30", "pm", "on", "the", "14th"]);
        assert_eq!(words("I’d like Dr. O'Brien"), ["i", "would", "like", "dr", "o'brien"]);
        assert_eq!(words("born 12/03/1984"), ["born", "12/03/1984"]);
        assert_eq!(words("twenty-one"), ["twenty", "one"]);
        assert_eq!(words("+20 100-123"), ["+20", "100-123"]);
        assert_eq!(words("٣ …  , -"), ["3"]);
        assert_eq!(words("10.30a.m."), ["10.30", "am"]);
        assert_eq!(words("wendesday mornng tomorow"), ["wednesday", "morning", "tomorrow"]);
        assert_eq!(words("doctors cancels"), ["doctors", "cancels"]);
    }
}
