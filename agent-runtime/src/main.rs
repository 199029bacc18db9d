//! The `frontdesk` program.

mod cli;
#[cfg(test)]
mod docs;

use std::process::ExitCode;

/// For C libraries too: the recognizer's language models and decoders come and go, and the C
/// library's allocator gives little of them back (decision 0055).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    frontdesk::panics::keep_data_in();
    frontdesk::tls::install_provider();
    #[cfg(feature = "fault-injection")]
    if let Some(folder) = std::env::var_os("TAP_INGEST") {
        frontdesk_actors::faults::tap_ingest(folder.into());
    }
    // `dialogue.handled:2,speaker:3`: after so many inputs these stages of each call die once.
    #[cfg(feature = "fault-injection")]
    if let Ok(stages) = std::env::var("KILL_STAGES") {
        let stage = |text: &str| {
            let (name, skip) = text.split_once(':')?;
            Some((name.to_owned(), skip.parse().ok()?))
        };
        frontdesk_actors::faults::arm_every_call(stages.split(',').filter_map(stage).collect());
    }
    // So many turns of threads that speak sleep for ever.
    #[cfg(feature = "fault-injection")]
    if let Some(times) = std::env::var("HANG_VOICES").ok().and_then(|times| times.parse().ok()) {
        frontdesk_actors::faults::hang_voices(times);
    }
    cli::main(std::env::args_os())
}
