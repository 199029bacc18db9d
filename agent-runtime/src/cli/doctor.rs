//! `frontdesk doctor`: what is needed, whether it is there, and how to mend what is not.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_tenants::{Database, zones};
use frontdesk_types::{Clock as _, SystemClock, ZoneRules};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use frontdesk::clinics::Clinics;
use frontdesk::config::{Config, DatabaseConfig, LiveKitConfig};
use frontdesk::data_keys;
use frontdesk::engines::{Engines, load_voice};
use frontdesk::readiness;
use frontdesk::servers::{self, DatabaseAccess, LiveKitAccess};
use frontdesk::weights;

use super::{Exit, Failure, Out};

struct Report<'a> {
    out: &'a mut Out,
    faults: usize,
}

impl Report<'_> {
    fn ok(&mut self, what: &str, detail: impl Display) {
        self.out.line(format_args!("ok     {what:<14} {detail}"));
    }

    /// `detail` says what is wrong and how to mend it.
    fn fault(&mut self, what: &str, detail: impl Display) {
        self.faults += 1;
        let detail = Failure::new(Exit::Failed, detail).message;
        self.out.line(format_args!("FAULT  {what:<14} {detail}"));
    }

    fn check<T>(&mut self, what: &str, detail: &str, result: Result<T, impl Display>) -> Option<T> {
        match result {
            Ok(value) => {
                self.ok(what, detail);
                Some(value)
            }
            Err(error) => {
                self.fault(what, error);
                None
            }
        }
    }
}

pub(super) fn doctor(config: &Config, out: &mut Out) -> Result<Exit, Failure> {
    super::serve::on_runtimes(async |_| {
        let mut report = Report { out, faults: 0 };
        let file = config.file.as_deref().map(|file| file.display().to_string());
        report.ok("configuration", file.as_deref().unwrap_or("no file, environment and defaults"));
        let folder = config.data_dir.display().to_string();
        if needs_data_dir(config) {
            report.check("data folder", &folder, writable(&config.data_dir));
            match readiness::space(&config.data_dir) {
                Ok(free) => report.ok("disk", format_args!("{free} MiB are free")),
                Err(error) => report.fault("disk", error),
            }
        } else {
            report.ok("data folder", "not needed: the servers are elsewhere");
        }
        zone_rules(ZoneRules::here(), SystemClock::new().wall(), &mut report);
        database(config, &mut report).await;
        livekit(config, &mut report).await;
        let weights = weights::folder(&config.data_dir);
        let voice = tokio::task::block_in_place(|| load_voice(&config.voice, &weights));
        match voice {
            Ok((_, name)) => report.ok("voice", name),
            Err(error) => report.fault("voice", error),
        }
        let engines = tokio::task::block_in_place(|| Engines::load(&config.voice, &weights, 1));
        let with = engines.as_ref().is_ok_and(|engines| engines.free.is_some());
        let name = if with { "pocketsphinx and whisper" } else { "pocketsphinx alone" };
        report.check("recognizer", name, engines.map(drop));
        listener(config, &mut report).await;
        Ok(if report.faults == 0 { Exit::Done } else { Exit::Failed })
    })
}

/// Whether a runtime of this configuration writes there.
const fn needs_data_dir(config: &Config) -> bool {
    config.announce
        || matches!(config.database, DatabaseConfig::Embedded { .. })
        || matches!(config.livekit, LiveKitConfig::Embedded { .. })
}

fn writable(dir: &Path) -> Result<(), String> {
    let try_it = || {
        std::fs::create_dir_all(dir)?;
        let path = dir.join(".doctor");
        std::fs::File::create(&path)?.write_all(b"ok")?;
        std::fs::remove_file(path)
    };
    try_it().map_err(|error: std::io::Error| {
        format!(
            "{} cannot be written: {error}; set FRONTDESK_DATA_DIR to a folder that can",
            dir.display()
        )
    })
}

async fn database(config: &Config, report: &mut Report<'_>) {
    let embedded = matches!(config.database, DatabaseConfig::Embedded { .. });
    let detail = if embedded { "embedded PostgreSQL" } else { "DATABASE_URL" };
    match servers::start_postgres(config).await {
        Ok((access, child)) => {
            // Looks at another's database, migrates nothing there.
            let access = match access {
                DatabaseAccess::External { app, worker, .. } => {
                    DatabaseAccess::External { app, owner: None, worker }
                }
                embedded @ DatabaseAccess::Embedded { .. } => embedded,
            };
            let clinics = Clinics::open(&access).await;
            if let Some(clinics) = report.check("database", detail, clinics) {
                inside(config, clinics.database(), report).await;
                clinics.close().await;
            }
            servers::stop_postgres(child).await;
        }
        Err(error) if error.is_in_use() => {
            report.ok("database", "embedded PostgreSQL, in use by a running frontdesk");
        }
        Err(error) => report.fault("database", error),
    }
}

/// What is in the database.
async fn inside(config: &Config, database: &Database, report: &mut Report<'_>) {
    let version = frontdesk_tenants::schema_version();
    report.ok("schema", format_args!("version {version}, as this program needs it"));
    match (database.encryption().await, &config.database) {
        (Ok(Some(tls)), _) => report.ok("transport", tls),
        (Ok(None), DatabaseConfig::Embedded { .. }) => report.ok("transport", "a socket"),
        (Ok(None), DatabaseConfig::External { .. }) => {
            report
                .ok("transport", "not encrypted: this machine, or FRONTDESK_ALLOW_PLAIN_DATABASE");
        }
        (Err(error), _) => report.fault("transport", error),
    }
    match data_keys::look(config, database).await {
        Ok(Some(newest)) => {
            report.ok("key ring", format_args!("opens what is sealed; the newest key is {newest}"));
        }
        Ok(None) => report.ok("key ring", "none yet, and nothing is sealed"),
        Err(error) => report.fault("key ring", error),
    }
    let now = SystemClock::new().wall();
    match zones::disagreements(database, now).await {
        Ok(found) if found.is_empty() => report.ok("zones", "the server has the program's rules"),
        // No fault: the program's are used.
        Ok(found) => {
            let names: Vec<_> = found.iter().map(|zone| zone.zone.as_str()).collect();
            let names = names.join(", ");
            report.ok("zones", format_args!("the server's rules are others for {names}; not used"));
        }
        Err(error) => report.fault("zones", error),
    }
}

/// How old the rules of time zones are.
fn zone_rules(rules: &ZoneRules, now: Timestamp, report: &mut Report<'_>) {
    let (version, built_in) = (rules.version(), rules.built_in);
    let system = rules.system.as_deref().unwrap_or("unknown");
    let detail = format!("version {version} (built in: {built_in}, of the system: {system})");
    let this_year = now.to_zoned(TimeZone::UTC).year();
    match rules.year() {
        // Rules change a few times a year somewhere.
        Some(year) if year + 1 >= this_year => report.ok("time zones", detail),
        _ => report.fault(
            "time zones",
            format!("{detail}: over a year old; update tzdata of the system, or this program"),
        ),
    }
}

async fn livekit(config: &Config, report: &mut Report<'_>) {
    let embedded = matches!(config.livekit, LiveKitConfig::Embedded { .. });
    let detail = if embedded { "embedded livekit-server" } else { "LIVEKIT_URL" };
    match servers::start_livekit(config).await {
        Ok((access, child)) => {
            report.check("livekit", detail, credentials(&access).await);
            servers::stop_livekit(child).await;
        }
        Err(error) if error.is_in_use() => {
            report.ok("livekit", "embedded livekit-server, in use by a running frontdesk");
        }
        Err(error) => report.fault("livekit", error),
    }
}

/// Asks the server for something that needs the key and the secret.
async fn credentials(access: &LiveKitAccess) -> Result<(), String> {
    let rooms = ServerApi::new(&access.url, &access.key).rooms().await;
    let hint = "check LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET";
    rooms.map(drop).map_err(|error| format!("{}: {error}; {hint}", access.url))
}

async fn listener(config: &Config, report: &mut Report<'_>) {
    let address = config.listen;
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => report.ok("listener", format_args!("{address} is free")),
        Err(error) => {
            if is_ours(&format!("http://{address}/worker")).await {
                report.ok("listener", format_args!("{address} is served by a running frontdesk"));
            } else {
                report.fault(
                    "listener",
                    format_args!("{address}: {error}; set FRONTDESK_LISTEN to another address"),
                );
            }
        }
    }
}

/// Whether a runtime of ours answers there.
async fn is_ours(url: &str) -> bool {
    let Ok(client) = reqwest::Client::builder().timeout(Duration::from_secs(2)).build() else {
        return false;
    };
    client.get(url).send().await.is_ok_and(|answer| answer.status().is_success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(system: Option<&str>, now: &str) -> usize {
        let rules = ZoneRules { built_in: "2026f", system: system.map(str::to_owned) };
        let mut out = Out::stdout();
        let mut report = Report { out: &mut out, faults: 0 };
        zone_rules(&rules, now.parse().expect("a moment"), &mut report);
        report.faults
    }

    #[test]
    fn rules_of_time_zones_that_are_over_a_year_old_are_a_fault() {
        assert_eq!(of(None, "2027-12-31T00:00:00Z"), 0);
        assert_eq!(of(None, "2028-01-01T00:00:00Z"), 1);
        assert_eq!(of(Some("2028a"), "2028-01-01T00:00:00Z"), 0, "the system's are new");
    }
}
