//! Units of speech: a word, or an expression that is read as one.

use super::language::{DayPart, Language};
use super::number::{Figures, ascii_digits, clock, figures, small, year};
use super::token::{Token, tokens};

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

pub(super) fn units(text: &str, language: &Language) -> Vec<Unit> {
    let text = ascii_digits(text);
    let tokens = tokens(&text);
    let mut units = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let reader = Reader { tokens: &tokens, at, language };
        let read = reader.read();
        units.push(reader.unit(&read));
        at += read.taken;
    }
    units
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    language: &'a Language,
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
        let mut spoken = scrub(&read.spoken, self.language);
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
            (self.language.currency(sign)?, if open { self.core(1) } else { "" }, 2)
        } else if !sign.is_empty() {
            (self.language.currency(sign)?, amount, 1)
        } else if let Some(end) = amount.find(|c: char| !c.is_ascii_digit() && !",.".contains(c)) {
            // "600EGP", "5€"
            (self.language.currency(&amount[end..])?, &amount[..end], 1)
        } else {
            if !self.token(0)?.is_open() {
                return None;
            }
            (self.language.currency(self.core(1))?, amount, 2)
        };
        let Figures { whole, decimals } = figures(amount)?;
        let cents = match decimals.map(str::as_bytes) {
            None => 0,
            Some([ten]) => (ten - b'0') * 10,
            Some([ten, one]) => (ten - b'0') * 10 + one - b'0',
            Some(_) => return None,
        };
        Some(Read::new(taken, (self.language.money)(self.language, currency, whole?, cents)))
    }

    /// "Sunday, June 14", "14 June 2026", "March 12, 1984", "June 2026", "2026-06-14".
    fn date(&self) -> Option<Read> {
        if let Some(spoken) = self.iso_date() {
            return Some(Read::new(1, spoken));
        }
        let mut at = 0;
        let mut spoken = String::new();
        if let Some(day) = self.language.weekday(self.core(0))
            && self.token(0)?.tail.trim_matches('.').trim_matches(',').is_empty()
        {
            spoken = format!("{day}, ");
            at = 1;
        }
        let day_of = |ahead: usize| {
            let core = self.core(ahead);
            let endings = self.language.ordinal_endings;
            let bare = endings.iter().find_map(|end| core.strip_suffix(end)).unwrap_or(core);
            small(bare, 2).filter(|day| (1..=31).contains(day)).map(|day| day as u8)
        };
        let open = |ahead: usize, also: &[&str]| {
            self.token(ahead).is_some_and(|t| t.is_open() || also.contains(&t.tail))
        };
        let year_at = |ahead: usize| year(self.core(ahead));
        let month = |ahead: usize| self.language.month(self.core(ahead));
        let (month, day, last) = match (month(at), month(at + 1)) {
            (Some(month), _) if open(at, &["."]) => match day_of(at + 1) {
                Some(day) => (month, day, at + 1),
                None => {
                    // "June 2026"
                    let in_year = year_at(at + 1).filter(|_| at == 0)?;
                    let name = self.language.months[usize::from(month) - 1];
                    let spoken = format!("{name} {}", (self.language.year)(in_year));
                    return Some(Read::new(2, spoken));
                }
            },
            (_, Some(month)) if open(at, &[]) => (month, day_of(at)?, at + 1),
            _ => return None,
        };
        let in_year = year_at(last + 1).filter(|_| open(last, &[",", "."]));
        spoken += &(self.language.date)(self.language, month, day, in_year);
        Some(Read::new(last + 1 + usize::from(in_year.is_some()), spoken))
    }

    fn iso_date(&self) -> Option<String> {
        let mut parts = self.core(0).split('-');
        let (in_year, month, day) = (year(parts.next()?)?, parts.next()?, parts.next()?);
        let (month, day) = (small(month, 2)? as u8, small(day, 2)? as u8);
        let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && parts.next().is_none();
        valid.then(|| (self.language.date)(self.language, month, day, Some(in_year)))
    }

    /// "9:30 AM", "9:30am", "9 a.m.", "14:00", "9:30".
    fn time(&self) -> Option<Read> {
        let core = self.core(0);
        let split = core.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(core.len());
        let (figures, glued_half) = core.split_at(split);
        let (hour, minute) = match clock(figures) {
            Some(time) => time,
            None => (small(figures, 2)? as u8, 0),
        };
        let alone = glued_half.is_empty();
        let (half, taken) = match () {
            () if !alone => (Some(half_of_day(glued_half)?), 1),
            () if self.token(0)?.is_open() => match half_of_day(self.core(1)) {
                Some(half) => (Some(half), 2),
                None => (None, 1),
            },
            () => (None, 1),
        };
        let own_stop = half.is_some();
        let (hour, part) = match half {
            Some(_) if !(1..=12).contains(&hour) => return None,
            Some(afternoon) => {
                let hour = hour % 12 + if afternoon { 12 } else { 0 };
                (hour, Some(DayPart::of_hour(hour)))
            }
            // A bare number is not a time.
            None if !figures.contains(':') => return None,
            // The clock of 24 hours, if it cannot be the other.
            None if hour == 0 || hour > 12 || figures.starts_with('0') => {
                let next = self.core(1).to_lowercase();
                let told = self.token(0)?.is_open() && (self.language.tells_day_part)(&next);
                (hour, (!told).then(|| DayPart::of_hour(hour)))
            }
            None => (hour, None),
        };
        let next = self.core(taken).to_lowercase();
        let told = half.is_none() && (self.language.tells_day_part)(&next) && minute == 0;
        let mut spoken = (self.language.time)(hour, minute, part);
        if told && let Some((bare, _)) = spoken.rsplit_once(' ').filter(|_| part.is_none()) {
            // "9:00 in the morning" needs no "o'clock".
            spoken = bare.to_owned();
        }
        Some(Read { taken, spoken, own_stop, glued: false })
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
            .map(|group| self.language.digits(group))
            .collect();
        let said = said.join(", ");
        let spoken = if international { format!("{} {said}", self.language.plus) } else { said };
        Some(Read::new(taken, spoken))
    }

    /// "Dr.", "e.g.", "No. 5".
    fn abbreviation(&self) -> Option<Read> {
        let token = self.token(0)?;
        let short = token.core.to_lowercase();
        let stop = token.tail.starts_with('.');
        let found = self.language.abbreviations.iter().find(|a| a.short == short)?;
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
        let spoken = found.spoken.to_owned();
        Some(Read { taken: 1, spoken, own_stop: stop, glued })
    }

    /// Numbers, ordinals, ranges, percentages, amounts with a unit, codes.
    fn quantity(&self) -> Option<Read> {
        let core = self.core(0);
        if !core.contains(|c: char| c.is_ascii_digit()) {
            return self.code_in_capitals();
        }
        let language = self.language;
        let spoken = if let Some(number) = core.strip_prefix('#') {
            format!("{} {}", language.number, self.number(number)?)
        } else if let Some(number) = core.strip_prefix(['-', '−']) {
            format!("{} {}", language.minus, self.number(number)?)
        } else if let Some(number) = self.number(core) {
            let unit = self.token(0)?.is_open().then(|| self.unit_name(self.core(1), core));
            if let Some(Some(unit)) = unit {
                return Some(Read::new(2, format!("{number} {unit}")));
            }
            number
        } else if let Some(range) = self.range(core) {
            range
        } else {
            self.with_ending(core)?
        };
        Some(Read::new(1, spoken))
    }

    fn number(&self, text: &str) -> Option<String> {
        let Figures { whole, decimals } = figures(text)?;
        let digit_word = |word: String| self.language.digit_words.contains(&word.as_str());
        let by_digits = whole.is_none()
            || (decimals.is_none() && self.before(1).any(digit_word))
            || (decimals.is_none() && self.language.digit_numbers.contains(&text));
        let words = match whole {
            Some(whole) if !by_digits => (self.language.cardinal)(whole),
            _ => self.language.digits(text.split('.').next().unwrap_or(text)),
        };
        Some(match decimals {
            None => words,
            Some(decimals) => {
                format!("{words} {} {}", self.language.point, self.language.digits(decimals))
            }
        })
    }

    fn unit_name(&self, unit: &str, number: &str) -> Option<&'static str> {
        let unit = unit.to_lowercase();
        let found = self.language.units.iter().find(|(written, ..)| *written == unit)?;
        // One letter behind a number is more often a letter.
        let sure = unit.len() > 1 || !unit.starts_with(|c: char| c.is_ascii_lowercase());
        sure.then_some(if number == "1" { found.1 } else { found.2 })
    }

    /// "9-12", "10–12", "9:00-17:00".
    fn range(&self, core: &str) -> Option<String> {
        let (from, to) = core.split_once(['-', '–'])?;
        let end = |text: &str| match clock(text) {
            Some((hour, minute)) => {
                let whole_day = hour == 0 || hour > 12 || text.starts_with('0');
                let part = whole_day.then(|| DayPart::of_hour(hour));
                Some((self.language.time)(hour, minute, part))
            }
            None => self.number(text),
        };
        Some(format!("{} {} {}", end(from)?, self.language.to, end(to)?))
    }

    /// "21st", "10%", "20mg", "K7M4QP", "COVID-19", "24/7".
    fn with_ending(&self, core: &str) -> Option<String> {
        let language = self.language;
        let split = core.find(|c: char| !c.is_ascii_digit() && !",.".contains(c));
        if let Some((number, ending)) = split.map(|at| core.split_at(at))
            && let Some(Figures { whole: Some(whole), decimals }) = figures(number)
        {
            if decimals.is_none() && language.ordinal_endings.contains(&ending) {
                return Some((language.ordinal)(whole));
            }
            if let Some(unit) =
                language.units.iter().find(|(written, ..)| *written == ending.to_lowercase())
            {
                let unit = if number == "1" { unit.1 } else { unit.2 };
                return Some(format!("{} {unit}", self.number(number)?));
            }
        }
        if is_code(core) {
            return Some(language.spelled(core));
        }
        Some(self.runs(core))
    }

    /// Figures and letters each by themselves: "COVID-19", "24/7".
    fn runs(&self, core: &str) -> String {
        let mut parts = Vec::new();
        let mut rest = core;
        while let Some(first) = rest.chars().next() {
            let figures = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != figures).unwrap_or(rest.len());
            let (run, more) = rest.split_at(end);
            let word = || self.word(run.trim_matches(|c: char| !c.is_alphanumeric()));
            parts.push(if figures { self.number(run).unwrap_or_default() } else { word() });
            rest = more;
        }
        parts.join(" ")
    }

    /// A code without a digit: "your reference is KMPRT".
    fn code_in_capitals(&self) -> Option<Read> {
        let core = self.core(0);
        let capitals = core.chars().all(|c| c.is_ascii_uppercase() || c == '-');
        let long = core.chars().filter(char::is_ascii_uppercase).count() >= 4;
        let code_word = |word: String| self.language.code_words.contains(&word.as_str());
        (capitals && long && self.before(3).any(code_word))
            .then(|| Read::new(1, self.language.spelled(core)))
    }

    /// "desk@clinic.example", "www.clinic.example".
    fn address(&self) -> Option<Read> {
        let core = self.core(0);
        let inner_dot = core.contains('.') && !core.contains("..");
        let web = core.starts_with("www.") || core.starts_with("http");
        if !inner_dot || !(core.contains('@') || web) {
            return None;
        }
        let (at, dot) = self.language.at_dot;
        let bare = core.trim_start_matches("https://").trim_start_matches("http://");
        let spoken = bare.replace('@', &format!(" {at} ")).replace('.', &format!(" {dot} "));
        Some(Read::new(1, spoken))
    }

    /// Any other word: capitals, names that need a respelling.
    fn word(&self, core: &str) -> String {
        let letters = core.chars().filter(|c| c.is_alphabetic()).count();
        let capitals = letters > 1 && core.chars().all(|c| c.is_ascii_uppercase());
        if capitals {
            let vowel = core.contains(['A', 'E', 'I', 'O', 'U', 'Y']);
            if self.language.acronyms.contains(&core) || (!vowel && core.len() <= 5) {
                return self.language.characters(core).join(" ");
            }
            return core.to_lowercase();
        }
        let (stem, ending) = match core.find(['\'', '’']) {
            Some(at) => core.split_at(at),
            None => (core, ""),
        };
        let stem_lower = stem.to_lowercase();
        match self.language.respellings.iter().find(|(name, _)| *name == stem_lower) {
            Some((_, respelled)) => format!("{respelled}{ending}"),
            None => core.to_owned(),
        }
    }
}

/// Whether "am" or "pm": false or true.
fn half_of_day(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "am" | "a.m" | "a.m." => Some(false),
        "pm" | "p.m" | "p.m." => Some(true),
        _ => None,
    }
}

/// A code mixes capitals and digits, or joins short runs of them.
fn is_code(core: &str) -> bool {
    let plain = core.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
    let long_word = core.split(|c: char| !c.is_ascii_uppercase()).any(|letters| letters.len() > 4);
    let letters = core.chars().any(|c| c.is_ascii_uppercase());
    plain && letters && !long_word && core.len() <= 16
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
fn scrub(text: &str, language: &Language) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            words.push(' ');
            words.push_str(language.digits[digit as usize]);
            words.push(' ');
        } else if let Some((_, sign)) = language.signs.iter().find(|(sign, _)| *sign == c) {
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
