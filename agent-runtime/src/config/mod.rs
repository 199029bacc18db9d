//! Configuration: the environment over the TOML file over defaults, checked before anything starts.
//!
//! [`SETTINGS`] is the one table; `docs/configuration.md` repeats it and a test compares the two.

mod documents;
mod environment;
mod error;
mod livekit;
mod mail;
mod model;
mod networks;
mod settings;
mod sip;
mod value;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use documents::{DocumentsConfig, EmbeddingsConfig, QdrantConfig};
pub use environment::Environment;
pub use error::ConfigError;
pub use mail::SmtpConfig;
pub use model::ModelConfig;
pub use networks::Networks;
pub use settings::{CONFIG_FILE, Fallback, SETTINGS, Setting, markdown};
pub use sip::{SipConfig, SipListen};
pub use value::{Origin, Secret};

use crate::access_token::AccessKeys;
use crate::profile::Profile;
use environment::{candidate_files, unknown_variables};
use frontdesk_pipelines::dialogue::DialogueKind;
use value::{Given, Raw};

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// In the syntax of `EnvFilter`.
    pub filter: String,
    /// Text or JSON.
    pub format: LogFormat,
}

/// Which database.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// A child process in the data folder.
    Embedded {
        /// Folder of the programs, if not to be looked for.
        bin: Option<PathBuf>,
    },
    /// A server of somebody else.
    External {
        /// For the application's role.
        url: Secret,
        /// For the owner's role.
        migrate_url: Option<Secret>,
        /// For the worker's role.
        worker_url: Option<Secret>,
    },
}

/// Which LiveKit server.
#[derive(Debug, Clone)]
pub enum LiveKitConfig {
    /// A child process with keys of its own.
    Embedded {
        /// The program, if not to be looked for.
        bin: Option<PathBuf>,
    },
    /// A server of somebody else.
    External {
        /// `ws://` or `wss://`.
        url: String,
        /// API key.
        key: Secret,
        /// API secret.
        secret: Secret,
    },
}

/// Calls that one core carries with speech recognized in this process; docs/performance.md says how
/// it was found ("Recognition under load").
const CALLS_PER_CORE: usize = 20;

fn calls_of_this_machine() -> usize {
    CALLS_PER_CORE * std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// HTTP listener.
    pub listen: SocketAddr,
    /// The telephone, if there is to be one.
    pub sip: Option<SipConfig>,
    /// Data, keys, locks.
    pub data_dir: PathBuf,
    /// Clinic of a job that names none.
    pub default_clinic: Option<String>,
    /// Calls at once.
    pub max_calls: usize,
    /// Whether somebody has set that; else fewer may be taken, where free speech is heard.
    pub max_calls_set: bool,
    /// The agent's voice.
    pub voice: String,
    /// Whether `now` in metadata counts.
    pub allow_call_clock: bool,
    /// Whether the data folder tells where the runtime is.
    pub announce: bool,
    /// How long running calls may last once draining.
    pub drain_timeout: Duration,
    /// Calls that one address may start at one clinic within a minute.
    pub calls_per_minute: u32,
    /// Proxies whose word on where a request comes from counts.
    pub trusted_proxies: Networks,
    /// Log lines.
    pub log: LogConfig,
    /// Database.
    pub database: DatabaseConfig,
    /// Keys that seal patients' data, as `KeyRing::parse` reads them.
    pub data_keys: Option<Secret>,
    /// Keys that sign supervisors' tokens, as `AccessKeys::parse` reads them.
    pub jwt_keys: Option<Secret>,
    /// LiveKit server.
    pub livekit: LiveKitConfig,
    /// LiveKit server as callers' browsers reach it, if that differs.
    pub livekit_public_url: Option<String>,
    /// Name that the worker registers under.
    pub agent_name: String,
    /// Language model, if there is one.
    pub model: Option<ModelConfig>,
    /// The mail server, if there is one.
    pub smtp: Option<SmtpConfig>,
    /// Dialogue of clinics that set none.
    pub dialogue: DialogueKind,
    /// The clinics' documents, and how questions to them are answered.
    pub documents: DocumentsConfig,
    /// What the runtime is made of; of the command line alone.
    pub profile: Profile,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// Unknown `FRONTDESK_…` variables that resemble no setting (Kubernetes makes some), for a
    /// warning.
    pub ignored_env: Vec<String>,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong.
    pub fn load(env: &Environment) -> Result<Self, ConfigError> {
        let ignored_env = unknown_variables(env)?;
        let mut raw = BTreeMap::new();
        let mut file = None;
        for path in candidate_files(env) {
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    read_file(&path, &text, &mut raw)?;
                    file = Some(path);
                    break;
                }
                Err(error)
                    if error.kind() == std::io::ErrorKind::NotFound
                        && env.var(CONFIG_FILE).is_none() => {}
                Err(error) => {
                    let path = path.display().to_string();
                    return Err(ConfigError::File { path, reason: error.to_string() });
                }
            }
        }
        for setting in SETTINGS {
            if let Some(text) = env.var(setting.env) {
                let origin = Origin::Env(setting.env);
                raw.insert(setting.env, Raw { text: text.to_owned(), origin });
            }
        }
        Values { raw, env }.config(file, ignored_env)
    }
}

fn read_file(
    path: &Path,
    text: &str,
    raw: &mut BTreeMap<&'static str, Raw>,
) -> Result<(), ConfigError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| ConfigError::File {
        path: path.display().to_string(),
        reason: toml_reason(text, &error),
    })?;
    read_table(path, "", &table, raw)
}

/// The parser's message in one line, without the excerpt: the line could hold a secret.
fn toml_reason(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().replace('\n', ", ");
    match error.span() {
        Some(span) => {
            let before = text.get(..span.start).unwrap_or(text);
            format!("{message} (line {})", before.matches('\n').count() + 1)
        }
        None => message,
    }
}

fn read_table(
    path: &Path,
    prefix: &str,
    table: &toml::Table,
    raw: &mut BTreeMap<&'static str, Raw>,
) -> Result<(), ConfigError> {
    let keys = || SETTINGS.iter().filter_map(|setting| setting.key);
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let section = keys().any(|known| known.starts_with(&format!("{key}.")));
        let text = match (value, settings::by_key(&key)) {
            (toml::Value::Table(inner), _) if section => {
                read_table(path, &key, inner, raw)?;
                continue;
            }
            (toml::Value::String(text), Some(setting)) => (setting, text.clone()),
            (toml::Value::Integer(number), Some(setting)) => (setting, number.to_string()),
            (toml::Value::Boolean(on), Some(setting)) => (setting, on.to_string()),
            (_, Some(_)) => {
                return Err(ConfigError::Invalid {
                    name: format!("{key} in {}", path.display()),
                    shown: format!("a TOML {}", value.type_str()),
                    expected: "a string, a number or a boolean".to_owned(),
                });
            }
            (_, None) => {
                let nearest = settings::nearest(&key, keys())
                    .filter(|&(_, distance)| distance <= key.len().div_ceil(2))
                    .map(|(near, _)| format!(", did you mean {near}?"));
                return Err(ConfigError::Unknown {
                    name: format!("{key} in {}", path.display()),
                    nearest: nearest.unwrap_or_default(),
                });
            }
        };
        let (setting, text) = text;
        raw.insert(setting.env, Raw { text, origin: Origin::File(path.to_owned()) });
    }
    Ok(())
}

/// All values that were given, by environment variable.
struct Values<'a> {
    raw: BTreeMap<&'static str, Raw>,
    env: &'a Environment,
}

impl Values<'_> {
    fn get(&self, env: &'static str) -> Given<'_> {
        let setting = settings::by_env(env).expect("a setting of the table");
        Given { setting, raw: self.raw.get(env) }
    }

    /// The given value, else the table's default; both through the same parser.
    fn value<T>(
        &self,
        env: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let given = self.get(env);
        if let Some(value) = given.parse(expected, &parse)? {
            return Ok(value);
        }
        let default = match given.setting.default {
            Fallback::Value(text) => Raw { text: text.to_owned(), origin: Origin::Default },
            Fallback::Unset(_) => Raw { text: String::new(), origin: Origin::Default },
        };
        let given = Given { setting: given.setting, raw: Some(&default) };
        given
            .parse(expected, &parse)?
            .ok_or_else(|| ConfigError::Conflict(format!("{env} is unset")))
    }

    fn secret(&self, env: &'static str, expected: &str, ok: impl Fn(&str) -> bool) -> SecretResult {
        self.get(env).parse(expected, |text| ok(text).then(|| Secret::new(text.to_owned())))
    }

    fn path(&self, env: &'static str) -> Result<Option<PathBuf>, ConfigError> {
        let home = self.env.var("HOME").map(Path::new);
        self.get(env).parse("a path", |text| value::path(text, home))
    }

    fn config(
        &self,
        file: Option<PathBuf>,
        ignored_env: Vec<String>,
    ) -> Result<Config, ConfigError> {
        let database = self.database()?;
        let livekit = self.livekit()?;
        let embedded_database = matches!(database, DatabaseConfig::Embedded { .. });
        let (model, dialogue) = self.model()?;
        let max_calls =
            self.get("FRONTDESK_MAX_CALLS").parse("a number from 1 to 10000", |text| {
                text.parse().ok().filter(|calls| (1..=10_000).contains(calls))
            })?;
        let clinic = "a clinic's slug such as nile-heart";
        let default_clinic = self.get("FRONTDESK_DEFAULT_CLINIC").parse(clinic, value::slug)?;
        Ok(Config {
            listen: self.value(
                "FRONTDESK_LISTEN",
                "an address and port such as 127.0.0.1:8080",
                |text| text.replace("localhost", "127.0.0.1").parse().ok(),
            )?,
            sip: self.sip()?,
            data_dir: self
                .path("FRONTDESK_DATA_DIR")?
                .unwrap_or_else(|| self.env.default_data_dir()),
            default_clinic: default_clinic
                .or_else(|| embedded_database.then(|| "nile-heart".to_owned())),
            max_calls: max_calls.unwrap_or_else(calls_of_this_machine),
            max_calls_set: max_calls.is_some(),
            voice: self.value(
                "FRONTDESK_VOICE",
                "auto or the name of a voice such as slt",
                |text| {
                    let known = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
                    (!text.is_empty() && text.chars().all(known)).then(|| text.to_owned())
                },
            )?,
            allow_call_clock: self.value(
                "FRONTDESK_ALLOW_CALL_CLOCK",
                "on or off",
                value::switch,
            )?,
            announce: self.value("FRONTDESK_ANNOUNCE", "on or off", value::switch)?,
            drain_timeout: self.value(
                "FRONTDESK_DRAIN_SECONDS",
                "a number of seconds from 0 to 86400",
                |text| {
                    let seconds = text.parse().ok().filter(|seconds| *seconds <= 86_400);
                    seconds.map(Duration::from_secs)
                },
            )?,
            calls_per_minute: self.value(
                "FRONTDESK_CALLS_PER_MINUTE",
                "a number from 1 to 6000",
                |text| text.parse().ok().filter(|calls| (1..=6000).contains(calls)),
            )?,
            trusted_proxies: self
                .get("FRONTDESK_TRUSTED_PROXIES")
                .parse("addresses or networks such as 10.0.0.0/8, ::1", Networks::parse)?
                .unwrap_or_default(),
            log: self.log()?,
            database,
            data_keys: self.secret(
                "FRONTDESK_DATA_KEYS",
                "id:base64-of-32-bytes, comma-separated, newest first",
                |text| frontdesk_tenants::crypt::KeyRing::parse(text).is_ok(),
            )?,
            jwt_keys: self.secret(
                "FRONTDESK_JWT_KEYS",
                "id:base64-of-32-bytes, comma-separated, newest first",
                |text| AccessKeys::parse(text).is_ok(),
            )?,
            livekit,
            livekit_public_url: self
                .get("LIVEKIT_PUBLIC_URL")
                .parse("a URL such as wss://livekit.example.org", livekit::livekit_url)?,
            agent_name: self.value(
                "LIVEKIT_AGENT_NAME",
                "a name of 1 to 64 letters, digits, hyphens, dots or underscores",
                |text| {
                    let known = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
                    let ok = (1..=64).contains(&text.len()) && text.chars().all(known);
                    ok.then(|| text.to_owned())
                },
            )?,
            model,
            smtp: self.smtp()?,
            dialogue,
            documents: self.documents()?,
            profile: Profile::default(),
            file,
            ignored_env,
        })
    }

    fn log(&self) -> Result<LogConfig, ConfigError> {
        let filter = |text: &str| {
            tracing_subscriber::EnvFilter::try_new(text).is_ok().then(|| text.to_owned())
        };
        let expected = "a log filter such as info,frontdesk_rtc=debug";
        let own = self.get("FRONTDESK_LOG").parse(expected, filter)?;
        let usual = self.get("RUST_LOG").parse(expected, filter)?;
        let format = self.value("FRONTDESK_LOG_FORMAT", "text or json", |text| match text {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        })?;
        Ok(LogConfig { filter: own.or(usual).unwrap_or_else(|| "info".to_owned()), format })
    }

    fn database(&self) -> Result<DatabaseConfig, ConfigError> {
        let postgres = |text: &str| {
            url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql"))
        };
        let expected = "a URL such as postgres://user:password@host/database";
        let url = self.secret("DATABASE_URL", expected, postgres)?;
        let migrate_url = self.secret("FRONTDESK_MIGRATE_URL", expected, postgres)?;
        let worker_url = self.secret("FRONTDESK_WORKER_URL", expected, postgres)?;
        let alone = match (&url, &migrate_url, &worker_url) {
            (None, Some(_), _) => Some("FRONTDESK_MIGRATE_URL"),
            (None, None, Some(_)) => Some("FRONTDESK_WORKER_URL"),
            _ => None,
        };
        if let Some(alone) = alone {
            return Err(ConfigError::Conflict(format!(
                "{alone} is set without DATABASE_URL: set both, or neither for the embedded database"
            )));
        }
        let urls = [
            ("DATABASE_URL", &url),
            ("FRONTDESK_MIGRATE_URL", &migrate_url),
            ("FRONTDESK_WORKER_URL", &worker_url),
        ];
        if !self.value("FRONTDESK_ALLOW_PLAIN_DATABASE", "on or off", value::switch)? {
            for (name, url) in
                urls.into_iter().filter_map(|(name, url)| Some((name, url.as_ref()?)))
            {
                only_private(name, url)?;
            }
        }
        match url {
            Some(url) => Ok(DatabaseConfig::External { url, migrate_url, worker_url }),
            None => Ok(DatabaseConfig::Embedded { bin: self.path("FRONTDESK_POSTGRES_BIN")? }),
        }
    }
}

/// Refuses a database over a network without encryption: patients' names would be read on the way.
fn only_private(name: &str, url: &Secret) -> Result<(), ConfigError> {
    match frontdesk_tenants::is_private(url.reveal()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ConfigError::Conflict(format!(
            "{name} leads to another machine without TLS: add ?sslmode=verify-full to it (with \
             &sslrootcert=FILE for an authority of your own), or set \
             FRONTDESK_ALLOW_PLAIN_DATABASE=on if nobody else is on that network"
        ))),
        // Its text may quote the URL.
        Err(_) => Err(ConfigError::Conflict(format!("{name} is not a URL of PostgreSQL"))),
    }
}

type SecretResult = Result<Option<Secret>, ConfigError>;

#[cfg(test)]
mod tests;
