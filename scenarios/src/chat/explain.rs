//! What was read into a line that was typed, for people.

use std::fmt::Write as _;

use frontdesk_pipelines::dialogue::reading::{Act, ActKind, Patient, Reading, Roles, Wish};
use frontdesk_pipelines::wish::{Clock, Days, Order, When, Window};

/// Columns of what comes before the words.
const WIDTH: usize = 16;

/// The lines that tell a reading: acts with their words, the wish, who is meant, what is left over.
pub(super) fn lines(reading: &Reading) -> Vec<String> {
    let mut rows: Vec<(String, String)> = acts(reading);
    rows.extend(wish(&reading.wish).into_iter().map(|text| ("→ wish".to_owned(), text)));
    rows.extend(roles(&reading.roles).into_iter().map(|text| ("→ who".to_owned(), text)));
    let left = runs(&reading.left);
    let left = left.into_iter().map(|run| quoted(reading, run)).collect::<Vec<_>>().join(", ");
    if !left.is_empty() {
        rows.push(("left over".to_owned(), left));
    }
    let line = |(name, text): (String, String)| format!("  | {name:<WIDTH$} {text}");
    rows.into_iter().map(line).collect()
}

/// The acts that are in no longer one; those of the same words in one row.
fn acts(reading: &Reading) -> Vec<(String, String)> {
    let told = |act: &&Act| act.act != ActKind::Link;
    let inside = |act: &Act, other: &Act| {
        let (own, others) = (act.to - act.from, other.to - other.from);
        other.from <= act.from && act.to <= other.to && others > own
    };
    let outermost = |act: &&Act| !reading.acts.iter().filter(told).any(|other| inside(act, other));
    let mut rows: Vec<(Act, Vec<String>)> = Vec::new();
    for act in reading.acts.iter().filter(told).filter(outermost) {
        match rows.iter_mut().find(|(row, _)| (row.from, row.to) == (act.from, act.to)) {
            Some((_, names)) => names.push(name(act.act)),
            None => rows.push((*act, vec![name(act.act)])),
        }
    }
    rows.into_iter()
        .map(|(act, mut names)| {
            names.dedup();
            (names.join(", "), quoted(reading, act.from..act.to))
        })
        .collect()
}

/// "soft yes", as it is called in JSON, with blanks.
fn name(act: ActKind) -> String {
    let name = serde_json::to_value(act).unwrap_or_default();
    name.as_str().unwrap_or_default().replace('_', " ")
}

fn quoted(reading: &Reading, range: std::ops::Range<usize>) -> String {
    format!("“{}”", reading.text(range))
}

/// Numbers that follow one another, together.
fn runs(at: &[usize]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for at in at.iter().copied() {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

fn wish(wish: &Wish) -> Vec<String> {
    let mut all = when(&wish.when);
    let mut add = |text: &str| all.push(text.to_owned());
    if wish.any_day {
        add("on any day");
    }
    if wish.unclear {
        add("a day that has passed or is not clear");
    }
    let doctors: Vec<String> = wish
        .doctors
        .iter()
        .map(|doctor| match doctor.id {
            Some(_) => doctor.name.clone(),
            None => format!("{} (nobody here)", doctor.name),
        })
        .collect();
    if !doctors.is_empty() {
        add(&format!("with {}", doctors.join(" or ")));
    }
    if !wish.not_doctors.is_empty() {
        add(&format!("not with {} of the doctors", wish.not_doctors.len()));
    }
    if let Some(specialty) = &wish.specialty {
        add(&format!("in {specialty}"));
    }
    if !wish.traits.genders.is_empty() {
        let genders: Vec<&str> = wish.traits.genders.iter().map(|gender| gender.as_str()).collect();
        add(&format!("a doctor who is {}", genders.join(" or ")));
    }
    if !wish.traits.languages.is_empty() {
        add(&format!("a doctor who speaks {}", wish.traits.languages.join(" or ")));
    }
    if wish.visit.double {
        add("two slots in a row");
    }
    if let Some(minutes) = wish.visit.minutes {
        add(&format!("for {minutes} minutes"));
    }
    if wish.visit.remote {
        add("by video or telephone");
    }
    if let Some(choice) = wish.choice {
        add(&format!("number {choice} of what was offered"));
    }
    all
}

fn when(when: &When) -> Vec<String> {
    let mut all: Vec<String> = when.any.iter().map(window).collect();
    all.extend(when.none.iter().map(|none| format!("not {}", window(none))));
    all.extend(when.fallback.iter().map(|other| format!("or else {}", window(other))));
    all.extend(when.avoid.iter().map(|avoid| format!("rather not {}", window(avoid))));
    let order = match when.order {
        Order::Any => return all,
        Order::Soonest => "as soon as possible",
        Order::Latest => "as late as possible",
        Order::FirstOfDay => "the first of the day",
        Order::LastOfDay => "the last of the day",
    };
    all.push(order.to_owned());
    all
}

fn window(window: &Window) -> String {
    let parts = [days(&window.days), clock(&window.clock)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn days(days: &Days) -> String {
    let mut text = match (days.from, days.to) {
        (Some(from), Some(to)) if from == to => format!("on {}", from.strftime("%A, %Y-%m-%d")),
        (Some(from), Some(to)) => format!("from {from} to {to}"),
        (Some(from), None) => format!("from {from} on"),
        (None, Some(to)) => format!("up to {to}"),
        (None, None) => String::new(),
    };
    let weekdays: Vec<String> = days.weekdays.into();
    if !weekdays.is_empty() {
        let space = if text.is_empty() { "" } else { " " };
        // A text is always written to.
        let _ = write!(text, "{space}on {}", weekdays.join(", "));
    }
    text
}

fn clock(clock: &Clock) -> String {
    let time = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
    match (clock.at, clock.from, clock.until) {
        (Some(at), ..) if clock.is_exact() => format!("at {}", time(at)),
        (Some(at), ..) => format!("around {}", time(at)),
        (None, Some(from), Some(until)) => format!("{} to {}", time(from), time(until)),
        (None, Some(from), None) => format!("from {}", time(from)),
        (None, None, Some(until)) => format!("before {}", time(until)),
        (None, None, None) => String::new(),
    }
}

fn roles(roles: &Roles) -> Vec<String> {
    let mut all = Vec::new();
    match roles.patient {
        Patient::Unsaid => {}
        Patient::Caller => all.push("for the caller".to_owned()),
        Patient::Other => all.push("for somebody else".to_owned()),
    }
    all.extend(roles.name.as_ref().map(|name| format!("name: {name}")));
    all.extend(roles.relative.as_ref().map(|name| format!("relative: {name}")));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_wish_roles_and_what_is_left_over_are_told_in_lines() {
        let json = r#"{
            "words": ["yes", "please", "Sunday", "at", "nine", "but", "purple", "elephants"],
            "acts": [
                {"act": "yes", "from": 0, "to": 1},
                {"act": "please", "from": 1, "to": 2},
                {"act": "filler", "from": 1, "to": 2},
                {"act": "time", "from": 2, "to": 5},
                {"act": "link", "from": 3, "to": 4},
                {"act": "correction", "from": 5, "to": 6}
            ],
            "wish": {"when": {"any": [{
                "days": {"from": "2026-06-14", "to": "2026-06-14"},
                "clock": {"from": "09:00:00", "until": "09:01:00", "at": "09:00:00"}
            }]}, "specialty": "cardiology"},
            "roles": {"patient": "other"}
        }"#;
        let reading: Reading = serde_json::from_str(json).expect("a reading");
        let lines: Vec<String> = lines(&reading)
            .iter()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            lines,
            [
                "| yes “yes”",
                "| please, filler “please”",
                "| time “Sunday at nine”",
                "| correction “but”",
                "| → wish on Sunday, 2026-06-14, at 09:00",
                "| → wish in cardiology",
                "| → who for somebody else",
                "| left over “purple elephants”",
            ]
        );
    }
}
