//! A second language, for tests alone: a small folder of German.

use frontdesk_pipelines::language::speech::{Currency, DayHalf, SpeechRules};
use frontdesk_pipelines::language::{Bundle, Numbers};

/// The files of the folder; a test may change one of them.
pub(crate) const FILES: [(&str, &str); 8] = [
    ("understand.toml", include_str!("understand.toml")),
    ("danger.toml", include_str!("danger.toml")),
    ("phrases.toml", include_str!("phrases.toml")),
    ("speak.toml", include_str!("speak.toml")),
    ("listen.toml", include_str!("listen.toml")),
    ("turn.toml", include_str!("turn.toml")),
    ("names/first.txt", include_str!("names/first.txt")),
    ("names/last.txt", include_str!("names/last.txt")),
];

/// The folder, with these files.
pub(crate) fn bundle<'a>(files: &'a [(&'a str, &'a str)]) -> Bundle<'a> {
    Bundle { code: "de", files, numbers: &German }
}

#[derive(Debug)]
struct German;

const ONES: [&str; 20] = [
    "null",
    "eins",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
    "siebzehn",
    "achtzehn",
    "neunzehn",
];

const TENS: [&str; 10] = [
    "", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig",
];

/// "ein" before another part of a number, "eins" at its end.
fn part(number: u64) -> String {
    if number == 1 { "ein".to_owned() } else { German.cardinal(number) }
}

impl Numbers for German {
    fn cardinal(&self, number: u64) -> String {
        match number {
            0..20 => ONES[number as usize].to_owned(),
            20..100 => match (TENS[number as usize / 10], number % 10) {
                (tens, 0) => tens.to_owned(),
                (tens, one) => format!("{}und{tens}", part(one)),
            },
            100..1000 => self.joined(number, 100, "hundert"),
            _ => self.joined(number, 1000, "tausend"),
        }
    }

    fn ordinal(&self, number: u64) -> String {
        match number {
            1 => "erster".to_owned(),
            3 => "dritter".to_owned(),
            7 => "siebter".to_owned(),
            8 => "achter".to_owned(),
            2..20 => format!("{}ter", self.cardinal(number)),
            _ => format!("{}ster", self.cardinal(number)),
        }
    }

    fn year(&self, year: u16) -> String {
        match u64::from(year) {
            year @ 1100..2000 => self.joined(year, 100, "hundert"),
            year => self.cardinal(year),
        }
    }

    fn form(&self, number: u64) -> usize {
        usize::from(number != 1)
    }

    fn time(&self, _: &SpeechRules, hour: u8, minute: u8, _: DayHalf) -> String {
        let hour = part(u64::from(hour));
        match minute {
            0 => format!("{hour} Uhr"),
            _ => format!("{hour} Uhr {}", self.cardinal(u64::from(minute))),
        }
    }

    fn date(&self, rules: &SpeechRules, month: u8, day: u8, year: Option<u16>) -> String {
        let date = format!("{} {}", self.ordinal(u64::from(day)), rules.month_name(month));
        year.map_or(date.clone(), |year| format!("{date} {}", self.year(year)))
    }

    fn money(&self, rules: &SpeechRules, currency: &Currency, whole: u64, cents: u8) -> String {
        let euros = format!("{} {}", part(whole), rules.form(whole, &currency.whole));
        if cents == 0 { euros } else { format!("{euros} {}", self.cardinal(u64::from(cents))) }
    }
}

impl German {
    fn joined(&self, number: u64, scale: u64, name: &str) -> String {
        let head = format!("{}{name}", part(number / scale));
        if number.is_multiple_of(scale) { head } else { head + &self.cardinal(number % scale) }
    }
}
