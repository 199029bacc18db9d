//! English: American numbers, the parts of the day instead of "a.m." and "p.m.".

use super::language::{Abbreviation, Currency, DayPart, Language};

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

const fn title(short: &'static str, spoken: &'static str) -> Abbreviation {
    Abbreviation { short, spoken, needs_stop: false, glued: true }
}

const fn short(short: &'static str, spoken: &'static str) -> Abbreviation {
    Abbreviation { short, spoken, needs_stop: true, glued: false }
}

/// English as it is spoken on the telephone.
pub static ENGLISH: Language = Language {
    digits: ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    letters: [
        "ay",
        "bee",
        "see",
        "dee",
        "ee",
        "eff",
        "gee",
        "aitch",
        "eye",
        "jay",
        "kay",
        "ell",
        "em",
        "en",
        "oh",
        "pee",
        "cue",
        "ar",
        "ess",
        "tee",
        "you",
        "vee",
        "double you",
        "ex",
        "why",
        "zee",
    ],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    weekdays: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
    abbreviations: &[
        title("dr", "Doctor"),
        title("drs", "Doctors"),
        title("mr", "Mister"),
        title("mrs", "Missus"),
        title("ms", "Miz"),
        title("prof", "Professor"),
        short("jr", "junior"),
        short("sr", "senior"),
        short("st", "Street"),
        short("ave", "Avenue"),
        short("rd", "Road"),
        short("blvd", "Boulevard"),
        short("apt", "apartment"),
        short("dept", "department"),
        short("tel", "telephone"),
        short("ext", "extension"),
        Abbreviation { short: "no", spoken: "number", needs_stop: true, glued: true },
        Abbreviation { short: "e.g", spoken: "for example", needs_stop: false, glued: true },
        Abbreviation { short: "i.e", spoken: "that is", needs_stop: false, glued: true },
        Abbreviation { short: "vs", spoken: "versus", needs_stop: false, glued: true },
        Abbreviation { short: "approx", spoken: "approximately", needs_stop: false, glued: true },
        short("etc", "and so on"),
        short("a.m", "in the morning"),
        short("p.m", "in the afternoon"),
        short("incl", "including"),
        short("min", "minutes"),
        short("hrs", "hours"),
        short("hr", "hour"),
        short("appt", "appointment"),
    ],
    currencies: &[
        Currency {
            signs: &["$", "USD", "US$"],
            whole: ("dollar", "dollars"),
            cent: ("cent", "cents"),
        },
        Currency {
            signs: &["EGP", "E£", "LE", "L.E"],
            whole: ("Egyptian pound", "Egyptian pounds"),
            cent: ("piaster", "piasters"),
        },
        Currency { signs: &["€", "EUR"], whole: ("euro", "euros"), cent: ("cent", "cents") },
        Currency { signs: &["£", "GBP"], whole: ("pound", "pounds"), cent: ("penny", "pence") },
        Currency { signs: &["AED"], whole: ("dirham", "dirhams"), cent: ("fils", "fils") },
        Currency { signs: &["SAR"], whole: ("riyal", "riyals"), cent: ("halala", "halalas") },
    ],
    units: &[
        ("%", "percent", "percent"),
        ("min", "minute", "minutes"),
        ("mins", "minute", "minutes"),
        ("h", "hour", "hours"),
        ("hr", "hour", "hours"),
        ("hrs", "hour", "hours"),
        ("sec", "second", "seconds"),
        ("km", "kilometer", "kilometers"),
        ("m", "meter", "meters"),
        ("cm", "centimeter", "centimeters"),
        ("kg", "kilogram", "kilograms"),
        ("mg", "milligram", "milligrams"),
        ("ml", "milliliter", "milliliters"),
        ("°", "degree", "degrees"),
        ("°c", "degree Celsius", "degrees Celsius"),
        ("°f", "degree Fahrenheit", "degrees Fahrenheit"),
    ],
    acronyms: &[
        "AI", "CT", "ECG", "EEG", "EKG", "ENT", "ER", "GP", "ICU", "ID", "IVF", "MRI", "UAE", "UK",
        "US", "USA",
    ],
    digit_words: &["call", "dial", "ring", "extension", "code", "pin"],
    digit_numbers: &["911"],
    code_words: &["reference", "code"],
    respellings: &[("samira", "Sameera"), ("bupa", "Boopa")],
    signs: &[
        ('&', "and"),
        ('@', "at"),
        ('+', "plus"),
        ('=', "equals"),
        ('%', "percent"),
        ('°', "degrees"),
        ('½', "one half"),
        ('¼', "one quarter"),
        ('¾', "three quarters"),
        ('²', "squared"),
        ('³', "cubed"),
    ],
    point: "point",
    minus: "minus",
    to: "to",
    number: "number",
    plus: "plus",
    at_dot: ("at", "dot"),
    cardinal,
    ordinal,
    year,
    time,
    date,
    money,
    tells_day_part: |word| {
        ["in", "at", "o'clock", "o’clock", "tonight", "noon", "midnight"].contains(&word)
    },
    ordinal_endings: &["st", "nd", "rd", "th"],
};

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

fn year(year: u16) -> String {
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

fn time(hour: u8, minute: u8, part: Option<DayPart>) -> String {
    match (part, hour, minute) {
        (Some(_), 0, 0) => return "midnight".to_owned(),
        (Some(_), 12, 0) => return "noon".to_owned(),
        _ => {}
    }
    let twelve = cardinal(match hour % 12 {
        0 => 12,
        hour => u64::from(hour),
    });
    let clock = match minute {
        0 if part.is_none() => format!("{twelve} o'clock"),
        0 => twelve,
        1..10 => format!("{twelve} oh {}", cardinal(u64::from(minute))),
        _ => format!("{twelve} {}", cardinal(u64::from(minute))),
    };
    match part {
        None => clock,
        Some(DayPart::Morning) => format!("{clock} in the morning"),
        Some(DayPart::Afternoon) => format!("{clock} in the afternoon"),
        Some(DayPart::Evening) => format!("{clock} in the evening"),
    }
}

fn date(language: &Language, month: u8, day: u8, in_year: Option<u16>) -> String {
    let month = language.months[usize::from(month.clamp(1, 12)) - 1];
    let day = ordinal(u64::from(day));
    match in_year {
        Some(number) => format!("{month} {day}, {}", year(number)),
        None => format!("{month} {day}"),
    }
}

fn money(_: &Language, currency: &Currency, whole: u64, cents: u8) -> String {
    let amount = |number: u64, (one, many): (&str, &str)| {
        format!("{} {}", cardinal(number), if number == 1 { one } else { many })
    };
    let cents = u64::from(cents);
    match (whole, cents) {
        (_, 0) => amount(whole, currency.whole),
        (0, _) => amount(cents, currency.cent),
        _ => format!("{} and {}", amount(whole, currency.whole), amount(cents, currency.cent)),
    }
}
