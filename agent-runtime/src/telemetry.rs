//! Log lines: on standard error or in a file, ids only, spans carry `call_id` and `clinic_id`.

use std::io::IsTerminal;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::config::{LogConfig, LogFormat};

/// How the targets of all our crates begin.
const OURS: &str = "frontdesk";

/// A log file of this size is moved to `<name>.1` at the next start, in bytes.
const LIMIT: u64 = 8 * 1024 * 1024;

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is malformed, or logging was already set up.
    #[error("logging could not be set up: {0}")]
    Setup(String),
    /// The file.
    #[error(
        "the log {} cannot be written: {reason}; set FRONTDESK_DATA_DIR to a folder that can",
        path.display()
    )]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
}

/// Sends the log lines of this process to the end of `file`, whose folder is made, or else to
/// standard error. Once per process.
///
/// # Errors
/// [`TelemetryError`] if the filter is malformed, the file cannot be written or a subscriber is
/// already installed.
pub fn init(config: &LogConfig, file: Option<&Path>) -> Result<(), TelemetryError> {
    let setup = |error: &dyn std::fmt::Display| TelemetryError::Setup(error.to_string());
    // The client of language models quotes what it cannot read: words of a call. Its errors are told
    // by our own lines.
    let quiet = "async_openai=off".parse().map_err(|error| setup(&error))?;
    let filter = EnvFilter::try_new(capped(&config.filter)).map_err(|error| setup(&error))?;
    // The SIP stack logs whole messages, with names and numbers.
    let sip = "rsipstack=error".parse().map_err(|error| setup(&error))?;
    let filter = filter.add_directive(quiet).add_directive(sip);
    let (writer, ansi) = match file {
        Some(path) => {
            let opened = open(path);
            let file =
                opened.map_err(|reason| TelemetryError::File { path: path.to_owned(), reason })?;
            (BoxMakeWriter::new(file), false)
        }
        None => (BoxMakeWriter::new(std::io::stderr), std::io::stderr().is_terminal()),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_span_events(FmtSpan::NONE)
        // It would be told with `eprintln!`, which panics: a reader of the log that went away must
        // not end calls.
        .log_internal_errors(false)
        .with_ansi(ansi);
    let installed = match config.format {
        LogFormat::Text => builder.try_init(),
        // The spans' fields (call_id, clinic_id) are part of each object.
        LogFormat::Json => builder.json().with_current_span(false).with_span_list(true).try_init(),
    };
    installed.map_err(|error| setup(&error))
}

/// The filter with what it asks of everybody asked of us alone, where it is more than `info`: at
/// `trace` the client of WebSockets writes the tokens of calls. Who names a target gets it.
fn capped(filter: &str) -> String {
    let capped = directives(filter).into_iter().map(|directive| {
        let detailed =
            matches!(directive.to_ascii_lowercase().as_str(), "debug" | "trace" | "4" | "5");
        match directive {
            level if detailed => format!("info,{OURS}={level}"),
            // Of spans, whoever is inside.
            span if span.starts_with('[') => format!("{OURS}{span}"),
            named => named.to_owned(),
        }
    });
    capped.collect::<Vec<_>>().join(",")
}

/// The parts of a filter; fields of a span are separated by commas as well.
fn directives(filter: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    let parts = filter.split(|c: char| {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn open(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if path.metadata().is_ok_and(|meta| meta.len() > LIMIT) {
        let mut old = path.as_os_str().to_owned();
        old.push(".1");
        std::fs::rename(path, old)?;
    }
    // Every line goes to the end, whoever else writes there.
    std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_is_asked_of_everybody_beyond_info_is_asked_of_us_alone() {
        for (asked, given) in [
            ("info", "info"),
            ("trace", "info,frontdesk=trace"),
            ("DEBUG,frontdesk_rtc=info", "info,frontdesk=DEBUG,frontdesk_rtc=info"),
            ("warn,tungstenite=trace", "warn,tungstenite=trace"),
            ("5, frontdesk_rtc = debug", "info,frontdesk=5,frontdesk_rtc = debug"),
            ("[call{a=1,b=2}]=trace,off", "frontdesk[call{a=1,b=2}]=trace,off"),
            ("", ""),
        ] {
            assert_eq!(capped(asked), given, "{asked}");
        }
    }

    /// Counts what is enabled, as the program sets its filter.
    fn enabled(filter: &str) -> Vec<&'static str> {
        use tracing_subscriber::layer::SubscriberExt as _;
        let filter = EnvFilter::try_new(capped(filter)).expect("a filter");
        let subscriber = tracing_subscriber::registry().with(filter);
        tracing::subscriber::with_default(subscriber, || {
            let mut enabled = Vec::new();
            let mut note = |on: bool, name| {
                if on {
                    enabled.push(name);
                }
            };
            note(tracing::enabled!(target: "tungstenite::client", tracing::Level::TRACE), "theirs");
            note(tracing::enabled!(target: "tungstenite::client", tracing::Level::INFO), "info");
            note(tracing::enabled!(target: "frontdesk_rtc::room", tracing::Level::TRACE), "ours");
            enabled
        })
    }

    #[test]
    fn others_write_no_more_than_info_unless_they_are_named() {
        assert_eq!(enabled("trace"), ["info", "ours"]);
        assert_eq!(enabled("info,tungstenite=trace"), ["theirs", "info"]);
        assert_eq!(enabled("debug,frontdesk=info"), ["info"]);
    }

    #[test]
    fn a_log_goes_on_where_it_was_until_it_is_too_long() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log/frontdesk.log");
        for line in ["one\n", "two\n"] {
            open(&path).expect("open").write_all(line.as_bytes()).expect("written");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "one\ntwo\n");
        let long = std::fs::File::options().write(true).open(&path).expect("open");
        long.set_len(LIMIT + 1).expect("made longer");
        open(&path).expect("open").write_all(b"three\n").expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "three\n");
        assert!(dir.path().join("log/frontdesk.log.1").exists());
    }
}
