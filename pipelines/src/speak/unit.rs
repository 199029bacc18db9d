//! Units of speech: a word, or an expression that is read as one.

mod quantity;
mod when;

use super::number::{Figures, ascii_digits, figures};
use super::token::{Token, tokens};
use crate::language::speech::SpeechRules;

/// A word or an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) display: String,
    pub(super) spoken: String,
    /// A sentence ends here.
    pub(super) ends_sentence: bool,
    /// A voice pauses here.
    pub(super) ends_phrase: bool,
    /// Belongs to the next unit.
    pub(super) glued: bool,
}

/// What a reader made of the tokens from where it stood.
struct Read {
    /// How many tokens it took.
    taken: usize,
    spoken: String,
    /// The full stop behind is part of the expression, and so ends no sentence by itself.
    own_stop: bool,
    glued: bool,
}

impl Read {
    const fn new(taken: usize, spoken: String) -> Self {
        Self { taken, spoken, own_stop: false, glued: false }
    }
}

pub(super) fn units(text: &str, rules: &SpeechRules) -> Vec<Unit> {
    let text = ascii_digits(text);
    let tokens = tokens(&text);
    let mut units = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let reader = Reader { tokens: &tokens, at, rules };
        let read = reader.read();
        units.push(reader.unit(&read));
        at += read.taken;
    }
    units
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    rules: &'a SpeechRules,
}

impl<'a> Reader<'a> {
    fn token(&self, ahead: usize) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at + ahead)
    }

    fn core(&self, ahead: usize) -> &'a str {
        self.token(ahead).map_or("", |token| token.core)
    }

    /// Lower-case words before this one, nearest first.
    fn before(&self, count: usize) -> impl Iterator<Item = String> + use<'a> {
        let tokens = &self.tokens[self.at.saturating_sub(count)..self.at];
        tokens.iter().rev().map(|token| token.core.to_lowercase())
    }

    /// Whether it may stand in a number in figures.
    fn in_number(&self, c: char) -> bool {
        c.is_ascii_digit() || c == self.rules.thousands || c == self.rules.decimal
    }

    fn read(&self) -> Read {
        self.money()
            .or_else(|| self.date())
            .or_else(|| self.time())
            .or_else(|| self.phone())
            .or_else(|| self.abbreviation())
            .or_else(|| self.quantity())
            .or_else(|| self.address())
            .unwrap_or_else(|| Read::new(1, self.word(self.core(0))))
    }

    /// The unit with its display text and the punctuation that the voice needs.
    fn unit(&self, read: &Read) -> Unit {
        let taken = &self.tokens[self.at..self.at + read.taken];
        let display = taken.iter().map(|token| token.raw).collect::<Vec<_>>().join(" ");
        let tail = taken
            .last()
            .map_or("", |token| if token.core.is_empty() { token.raw } else { token.tail });
        let next = self.token(read.taken);
        let stop = tail.contains(['.', '!', '?', '…', '؟']);
        let more = tail.contains(['!', '?', '…', '؟']) || tail.matches('.').count() > 1;
        let upper = next.is_none_or(|next| next.raw.starts_with(|c: char| !c.is_lowercase()));
        let ends_sentence = stop && !read.glued && (!read.own_stop || more || upper);
        let pause = tail.contains([',', ';', ':', '—', '–', '،', '؛', ')']);
        let mut spoken = scrub(&read.spoken, self.rules);
        if let Some(phones) = (read.taken == 1).then(|| self.phones()).flatten() {
            spoken = format!("{spoken}{{{phones}}}");
        }
        let mark = match tail {
            _ if spoken.is_empty() => "",
            _ if tail.contains(['?', '؟']) => "?",
            _ if tail.contains('!') => "!",
            _ if ends_sentence => ".",
            _ if tail.contains([';', '؛']) => ";",
            _ if pause => ",",
            _ => "",
        };
        spoken.push_str(mark);
        Unit {
            display,
            ends_phrase: ends_sentence || (pause && !read.glued),
            ends_sentence,
            glued: read.glued,
            spoken,
        }
    }

    /// "$120", "£5.50", "EGP 600", "600 EGP".
    fn money(&self) -> Option<Read> {
        let core = self.core(0);
        let split = core.find(|c: char| c.is_ascii_digit()).unwrap_or(core.len());
        let (sign, amount) = core.split_at(split);
        let (currency, amount, taken) = if amount.is_empty() {
            // "EGP 600"
            let open = self.token(0)?.is_open();
            (self.rules.currency(sign)?, if open { self.core(1) } else { "" }, 2)
        } else if !sign.is_empty() {
            (self.rules.currency(sign)?, amount, 1)
        } else if let Some(end) = amount.find(|c: char| !self.in_number(c)) {
            // "600EGP", "5€"
            (self.rules.currency(&amount[end..])?, &amount[..end], 1)
        } else {
            if !self.token(0)?.is_open() {
                return None;
            }
            (self.rules.currency(self.core(1))?, amount, 2)
        };
        let Figures { whole, decimals } = figures(amount, self.rules)?;
        let cents = match decimals.map(str::as_bytes) {
            None => 0,
            Some([ten]) => (ten - b'0') * 10,
            Some([ten, one]) => (ten - b'0') * 10 + one - b'0',
            Some(_) => return None,
        };
        Some(Read::new(taken, self.rules.numbers.money(self.rules, currency, whole?, cents)))
    }

    /// "+20 100 123 4567", "(212) 555-0142", "+201001234567": digits in groups.
    fn phone(&self) -> Option<Read> {
        let first = self.token(0)?;
        let mut groups: Vec<&str> = phone_groups(first.core)?;
        let international = first.core.starts_with('+');
        let area = first.raw.starts_with('(') && first.tail == ")";
        let mut taken = 1;
        while self.token(taken - 1).is_some_and(|token| token.is_open() || (area && taken == 1)) {
            let Some(next) = self.token(taken).filter(|t| !t.core.starts_with('+')) else { break };
            let Some(more) = phone_groups(next.core).filter(|g| g.iter().all(|g| g.len() < 9))
            else {
                break;
            };
            groups.extend(more);
            taken += 1;
        }
        let digits: usize = groups.iter().map(|group| group.len()).sum();
        let grouped = groups.len() > 1 && (taken > 1 || area || first.core.contains(['-', '.']));
        let enough = if international || area { 7 } else { 8 };
        let separate = international || area || (grouped && groups.iter().all(|g| g.len() >= 2));
        if digits < enough || digits > 15 || !(separate || digits >= 9 && taken == 1) {
            return None;
        }
        let said: Vec<String> = groups
            .iter()
            .flat_map(|group| split_long(group))
            .map(|group| self.rules.digits(group))
            .collect();
        let said = said.join(", ");
        let spoken = if international { format!("{} {said}", self.rules.plus) } else { said };
        Some(Read::new(taken, spoken))
    }

    /// "Dr.", "e.g.", "No. 5".
    fn abbreviation(&self) -> Option<Read> {
        let token = self.token(0)?;
        let short = token.core.to_lowercase();
        let stop = token.tail.starts_with('.');
        let found = self.rules.abbreviations.iter().find(|a| a.short == short)?;
        if found.needs_stop && !stop {
            return None;
        }
        let next = self.token(1);
        let closed = token.tail.len() > usize::from(stop);
        let glued = found.glued && next.is_some() && !closed;
        // "No." is an answer unless a number follows.
        let figures_next = self.core(1).starts_with(|c: char| c.is_ascii_digit());
        if found.needs_stop && found.glued && (!figures_next || closed) {
            return None;
        }
        // "St. Mary", and "Main St.".
        let capital = |word: &str| word.starts_with(char::is_uppercase);
        let named = self.at.checked_sub(1).is_some_and(|at| capital(self.tokens[at].core));
        let before_name = found.before_name.as_ref();
        if let Some(say) = before_name.filter(|_| !named && !closed && capital(self.core(1))) {
            return Some(Read { taken: 1, spoken: say.clone(), own_stop: stop, glued: true });
        }
        let spoken = found.say.clone();
        Some(Read { taken: 1, spoken, own_stop: stop, glued })
    }

    /// "desk@clinic.example", "www.clinic.example".
    fn address(&self) -> Option<Read> {
        let core = self.core(0);
        let inner_dot = core.contains('.') && !core.contains("..");
        let web = core.starts_with("www.") || core.starts_with("http");
        if !inner_dot || !(core.contains('@') || web) {
            return None;
        }
        let (at, dot) = (&self.rules.at, &self.rules.dot);
        let bare = core.trim_start_matches("https://").trim_start_matches("http://");
        let spoken = bare.replace('@', &format!(" {at} ")).replace('.', &format!(" {dot} "));
        Some(Read::new(1, spoken))
    }

    /// The phones of a name, if the clinic has set them; with its genitive.
    fn phones(&self) -> Option<String> {
        let word = self.core(0).to_lowercase();
        if let Some(phones) = self.rules.own.phones(&word) {
            return Some(phones.to_owned());
        }
        let name = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s"))?;
        self.rules.own.phones(name).map(|phones| format!("{phones} Z"))
    }

    /// Any other word: capitals, names that need a respelling.
    fn word(&self, core: &str) -> String {
        let letters = core.chars().filter(|c| c.is_alphabetic()).count();
        let capitals = letters > 1 && core.chars().all(|c| c.is_ascii_uppercase());
        let counted = self.before(1).any(|word| self.rules.roman_words.contains(&word));
        if let Some(number) = roman(core).filter(|_| counted) {
            return self.rules.numbers.cardinal(number);
        }
        if capitals {
            let vowel = core.to_lowercase().contains(|c| self.rules.vowels.contains(c));
            if self.rules.acronyms.iter().any(|known| known == core) || (!vowel && core.len() <= 5)
            {
                return self.rules.characters(core).join(" ");
            }
            return core.to_lowercase();
        }
        let (stem, ending) = match core.find(['\'', '’']) {
            Some(at) => core.split_at(at),
            None => (core, ""),
        };
        let stem_lower = stem.to_lowercase();
        match self.rules.respellings.get(&stem_lower) {
            Some(respelled) => format!("{respelled}{ending}"),
            None => core.to_owned(),
        }
    }
}

/// Runs of digits of a phone number; `None` if there is anything else.
fn phone_groups(core: &str) -> Option<Vec<&str>> {
    let bare = core.strip_prefix('+').unwrap_or(core);
    let groups: Vec<&str> = bare.split(['-', '.', ')', '(']).filter(|g| !g.is_empty()).collect();
    let digits = |group: &&str| group.bytes().all(|b| b.is_ascii_digit());
    (!groups.is_empty() && groups.iter().all(digits)).then_some(groups)
}

/// A long run of digits in threes, the last of up to four.
fn split_long(group: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = group;
    while rest.len() > 4 {
        let (head, tail) = rest.split_at(3);
        parts.push(head);
        rest = tail;
    }
    parts.push(rest);
    parts
}

/// Makes sure that nothing is left that a voice would stumble on: each digit in words, signs
/// spoken or dropped.
fn scrub(text: &str, rules: &SpeechRules) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            words.push(' ');
            words.push_str(&rules.digits[digit as usize]);
            words.push(' ');
        } else if let Some(sign) = rules.signs.get(&c) {
            words.push(' ');
            words.push_str(sign);
            words.push(' ');
        } else if (c.is_alphabetic() && !c.is_numeric()) || "'’,-".contains(c) {
            words.push(c);
        } else if is_mark(c) {
            // A vowel mark belongs to its letter.
            words.push(c);
        } else {
            words.push(' ');
        }
    }
    let words: Vec<&str> =
        words.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).collect();
    words.join(" ").replace(" ,", ",")
}

/// Combining marks of Latin and Arabic.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

/// A Roman number of up to 39: "III", "XIV".
fn roman(core: &str) -> Option<u64> {
    let mut sum = 0;
    let mut rest = core;
    for (sign, value) in [("X", 10), ("IX", 9), ("V", 5), ("IV", 4), ("I", 1)] {
        let most = if sign.len() == 1 && sign != "V" { 3 } else { 1 };
        for _ in 0..most {
            let Some(after) = rest.strip_prefix(sign) else { break };
            // "IX" is no ten behind a one.
            if sign == "I" && after.starts_with(['X', 'V']) {
                break;
            }
            (rest, sum) = (after, sum + value);
        }
    }
    (!core.is_empty() && rest.is_empty()).then_some(sum)
}
