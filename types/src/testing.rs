//! For tests: fails a test when personal data reaches a log line.
//!
//! ```
//! use frontdesk_types::testing::{Person, Redaction};
//! let mary = Person::named("Mary Johnson").phone("+201001234567").born("1984-03-12");
//! let redaction = Redaction::watch([mary]);
//! tracing::info!(patient_id = 7, "patient found");
//! redaction.check(); // also when dropped
//! ```

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Digits of a phone number that identify it, counted from its end: without the country's code.
const PHONE_DIGITS: usize = 9;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A person whose data must not be logged.
#[derive(Clone, Default)]
pub struct Person {
    words: BTreeSet<String>,
    phrases: BTreeSet<String>,
    digits: BTreeSet<String>,
}

impl Person {
    /// A person of that name. Each part of it with at least four letters counts by itself.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let name = name.to_lowercase();
        let words = name.split_whitespace().filter(|word| word.chars().count() >= 4);
        let words = words.map(str::to_owned).collect();
        Self { words, phrases: BTreeSet::from([name]), digits: BTreeSet::new() }
    }

    /// With a phone number, in whatever way it is written.
    #[must_use]
    pub fn phone(mut self, phone: &str) -> Self {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        self.digits.insert(digits[digits.len().saturating_sub(PHONE_DIGITS)..].to_owned());
        self
    }

    /// With an e-mail address.
    #[must_use]
    pub fn email(mut self, email: &str) -> Self {
        self.phrases.insert(email.to_lowercase());
        self
    }

    /// With a date of birth, `YYYY-MM-DD`; the usual ways to write it all count.
    ///
    /// # Panics
    /// If it is not a date of that form.
    #[must_use]
    pub fn born(mut self, date: &str) -> Self {
        let date: jiff::civil::Date = date.parse().expect("a date YYYY-MM-DD");
        let (y, m, d) = (date.year(), date.month(), date.day());
        let month = MONTHS[usize::from(m.unsigned_abs()) - 1];
        self.phrases.insert(format!("{y:04}{m:02}{d:02}"));
        for separator in ["-", "/", "."] {
            for (a, b) in [(d, m), (m, d)] {
                self.phrases.insert(format!("{a:02}{separator}{b:02}{separator}{y:04}"));
            }
            self.phrases.insert(format!("{y:04}{separator}{m:02}{separator}{d:02}"));
        }
        for text in
            [format!("{d} {month} {y}"), format!("{month} {d} {y}"), format!("{month} {d}, {y}")]
        {
            self.phrases.insert(text);
        }
        self
    }

    /// Whether `line` tells something of this person.
    #[must_use]
    pub fn is_in(&self, line: &str) -> bool {
        let line = line.to_lowercase();
        let words: BTreeSet<&str> = line.split(|c: char| !c.is_alphanumeric()).collect();
        let digits = digit_runs(&line);
        self.words.iter().any(|word| words.contains(word.as_str()))
            || self.phrases.iter().any(|phrase| line.contains(phrase))
            || self.digits.iter().any(|phone| digits.contains(phone))
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person([phi])")
    }
}

/// The digits of `line`; what people put between the digits of a phone number is left out,
/// anything else separates.
fn digit_runs(line: &str) -> String {
    line.chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/'))
        .map(|c| if c.is_ascii_digit() { c } else { ' ' })
        .collect()
}

/// Watches all log lines of this process while it lives, those of other tests' threads included.
/// Lines of `frontdesk` crates count at every level, those of others from `INFO` up.
#[derive(Debug)]
pub struct Redaction {
    watch: Arc<Watch>,
}

#[derive(Debug)]
struct Watch {
    people: Vec<Person>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    lines: usize,
    leaks: Vec<String>,
}

static WATCHES: Mutex<Vec<Weak<Watch>>> = Mutex::new(Vec::new());
static INSTALLED: OnceLock<()> = OnceLock::new();

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Redaction {
    /// Begins to watch.
    ///
    /// # Panics
    /// If another tracing subscriber is installed for the whole process: it would get the lines.
    #[must_use]
    pub fn watch(people: impl IntoIterator<Item = Person>) -> Self {
        INSTALLED.get_or_init(|| {
            tracing_subscriber::registry()
                .with(RedactionLayer)
                .try_init()
                .expect("no other global tracing subscriber in this test binary");
        });
        let people = people.into_iter().collect();
        let watch = Arc::new(Watch { people, seen: Mutex::default() });
        lock(&WATCHES).push(Arc::downgrade(&watch));
        Self { watch }
    }

    /// Log lines and spans that were looked at: a test that expects to log something checks it.
    #[must_use]
    pub fn lines(&self) -> usize {
        lock(&self.watch.seen).lines
    }

    /// Looks at a text that did not come by tracing, such as a child process's output.
    pub fn look_at(&self, text: &str) {
        for line in text.lines() {
            self.watch.look_at(line);
        }
    }

    /// Fails the test if personal data was logged.
    ///
    /// # Panics
    /// With the lines in question.
    pub fn check(&self) {
        let leaks = std::mem::take(&mut lock(&self.watch.seen).leaks);
        assert!(leaks.is_empty(), "personal data reached the log:\n{}", leaks.join("\n"));
    }
}

impl Drop for Redaction {
    fn drop(&mut self) {
        lock(&WATCHES).retain(|watch| {
            watch.strong_count() > 0 && !watch.ptr_eq(&Arc::downgrade(&self.watch))
        });
        if !std::thread::panicking() {
            self.check();
        }
    }
}

impl Watch {
    fn look_at(&self, line: &str) {
        let leak = self.people.iter().any(|person| person.is_in(line));
        let mut seen = lock(&self.seen);
        seen.lines += 1;
        if leak {
            seen.leaks.push(line.to_owned());
        }
    }
}

struct RedactionLayer;

impl RedactionLayer {
    fn look_at(metadata: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
        let watches: Vec<_> = lock(&WATCHES).iter().filter_map(Weak::upgrade).collect();
        if watches.is_empty() {
            return;
        }
        let mut line = Line(format!("{} {}", metadata.level(), metadata.target()));
        record(&mut line);
        for watch in watches {
            watch.look_at(&line.0);
        }
    }
}

impl<S> Layer<S> for RedactionLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target().starts_with("frontdesk") || *metadata.level() <= Level::INFO
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        Self::look_at(event.metadata(), |line| event.record(line));
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        Self::look_at(attributes.metadata(), |line| attributes.record(line));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(metadata) = context.metadata(id) {
            Self::look_at(metadata, |line| values.record(line));
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Debug of a string escapes quotes and controls only, so names stay readable.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phi;

    fn mary() -> Person {
        Person::named("Mary Johnson")
            .phone("+201001234567")
            .email("mary@example.org")
            .born("1984-03-12")
    }

    #[test]
    fn every_usual_spelling_of_a_persons_data_is_found() {
        for line in [
            "patient MARY JOHNSON",
            "name=\"Johnson, Mary\"",
            "from +201001234567",
            "from 0100 123-4567",
            "dob=1984-03-12",
            "dob 12/03/1984",
            "born March 12, 1984",
            "mail to Mary@Example.org",
        ] {
            assert!(mary().is_in(line), "{line}");
        }
        for line in
            ["call 019aa8c1-0000-7000-8000-000000000001", "2026-03-12 clinic opened", "mary123"]
        {
            assert!(!mary().is_in(line), "{line}");
        }
    }

    #[test]
    fn a_leak_from_another_thread_is_found_and_an_id_or_a_wrapped_value_is_none() {
        let redaction = Redaction::watch([Person::named("Zebedee Quillfeather")]);
        tracing::info!(call_id = 7, name = %Phi::new("Zebedee Quillfeather"), "call started");
        redaction.check();
        assert!(redaction.lines() >= 1);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                tracing::debug_span!("call", name = "Zebedee Quillfeather").in_scope(|| ());
            });
        });
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| redaction.check()));
        assert!(found.is_err(), "the span's field was missed");
    }
}
