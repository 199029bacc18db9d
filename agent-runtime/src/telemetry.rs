//! Log lines: on standard error, ids only, spans carry `call_id` and `clinic_id`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{LogConfig, LogFormat};

/// The filter could not be used, or logging was already set up.
#[derive(Debug, thiserror::Error)]
#[error("logging could not be set up: {0}")]
pub struct TelemetryError(String);

/// Sends the log lines of this process to standard error. Once per process.
///
/// # Errors
/// [`TelemetryError`] if the filter is malformed or a subscriber is already installed.
pub fn init(config: &LogConfig) -> Result<(), TelemetryError> {
    let filter =
        EnvFilter::try_new(&config.filter).map_err(|error| TelemetryError(error.to_string()))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE)
        // It would be told with `eprintln!`, which panics: a reader of the log that went away must
        // not end calls.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    let installed = match config.format {
        LogFormat::Text => builder.try_init(),
        // The spans' fields (call_id, clinic_id) are part of each object.
        LogFormat::Json => builder.json().with_current_span(false).with_span_list(true).try_init(),
    };
    installed.map_err(|error| TelemetryError(error.to_string()))
}
