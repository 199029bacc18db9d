//! English numbers, as Americans say them.

use crate::language::speech::{Currency, DayHalf, Numbers, SpeechRules};

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

const SCALES: [(u64, &str); 4] = [
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1000, "thousand"),
];

fn cardinal(number: u64) -> String {
    if number < 20 {
        return ONES[number as usize].to_owned();
    }
    if number < 100 {
        let tens = TENS[number as usize / 10];
        return match number % 10 {
            0 => tens.to_owned(),
            one => format!("{tens}-{}", ONES[one as usize]),
        };
    }
    let (value, name) =
        SCALES.into_iter().find(|&(value, _)| number >= value).unwrap_or((100, "hundred"));
    let head = format!("{} {name}", cardinal(number / value));
    match number % value {
        0 => head,
        rest => format!("{head} {}", cardinal(rest)),
    }
}

fn ordinal(number: u64) -> String {
    let words = cardinal(number);
    let at = words.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, last) = words.split_at(at);
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        _ => match last.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{last}th"),
        },
    };
    format!("{head}{last}")
}

/// Numbers, dates, times and amounts in English.
#[derive(Debug)]
pub(super) struct English;

impl Numbers for English {
    fn cardinal(&self, number: u64) -> String {
        cardinal(number)
    }

    fn ordinal(&self, number: u64) -> String {
        ordinal(number)
    }

    fn year(&self, year: u16) -> String {
        let year = u64::from(year);
        let (century, rest) = (year / 100, year % 100);
        match (century % 10, rest) {
            // 2000 to 2009: "two thousand five".
            (0, 0..10) => cardinal(year),
            (_, 0) => format!("{} hundred", cardinal(century)),
            (_, 1..10) => format!("{} oh {}", cardinal(century), cardinal(rest)),
            _ => format!("{} {}", cardinal(century), cardinal(rest)),
        }
    }

    fn form(&self, number: u64) -> usize {
        usize::from(number != 1)
    }

    /// "Nine thirty in the morning": the part of the day instead of "a.m." and "p.m.".
    fn time(&self, rules: &SpeechRules, hour: u8, minute: u8, half: DayHalf) -> String {
        match (half, hour, minute) {
            (DayHalf::Part(_), 0, 0) => return "midnight".to_owned(),
            (DayHalf::Part(_), 12, 0) => return "noon".to_owned(),
            _ => {}
        }
        let twelve = cardinal(match hour % 12 {
            0 => 12,
            hour => u64::from(hour),
        });
        let clock = match minute {
            0 if half == DayHalf::Untold => format!("{twelve} o'clock"),
            0 => twelve,
            1..10 => format!("{twelve} oh {}", cardinal(u64::from(minute))),
            _ => format!("{twelve} {}", cardinal(u64::from(minute))),
        };
        match half {
            DayHalf::Part(part) => format!("{clock} {}", rules.parts.of(part)),
            DayHalf::Behind | DayHalf::Untold => clock,
        }
    }

    fn date(&self, rules: &SpeechRules, month: u8, day: u8, year: Option<u16>) -> String {
        let (month, day) = (rules.month_name(month), ordinal(u64::from(day)));
        match year {
            Some(year) => format!("{month} {day}, {}", self.year(year)),
            None => format!("{month} {day}"),
        }
    }

    fn money(&self, rules: &SpeechRules, currency: &Currency, whole: u64, cents: u8) -> String {
        let amount = |number: u64, forms: &[String]| {
            format!("{} {}", cardinal(number), rules.form(number, forms))
        };
        let cents = u64::from(cents);
        match (whole, cents) {
            (_, 0) => amount(whole, &currency.whole),
            (0, _) => amount(cents, &currency.cent),
            _ => {
                format!("{} and {}", amount(whole, &currency.whole), amount(cents, &currency.cent))
            }
        }
    }
}
