//! The `frontdesk` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "fault-injection")]
    if let Some(folder) = std::env::var_os("TAP_INGEST") {
        frontdesk_actors::faults::tap_ingest(folder.into());
    }
    frontdesk::cli::main(std::env::args_os())
}
