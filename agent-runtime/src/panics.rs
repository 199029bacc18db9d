//! What is left of a panic: where it was and on which thread. Its text is told to nobody, because it
//! may quote what a caller said; neither is memory written to disk.

use std::io::Write as _;
use std::panic::PanicHookInfo;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Takes the place of the standard hook, which prints the text, and switches core dumps off for this
/// process and its children. First of all in the program.
pub fn keep_data_in() {
    std::panic::set_hook(Box::new(told));
    without_core_dumps();
}

fn told(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    if tracing::event_enabled!(tracing::Level::ERROR) {
        tracing::error!(place, thread, "a thread panicked");
    } else {
        // Before the log is there, or where it is switched off. Nobody may be reading.
        let _ = writeln!(std::io::stderr(), "frontdesk: a thread panicked at {place} ({thread})");
    }
}

/// The limit is one byte: no file can be as short, and the kernel hands nothing to a program either,
/// which it does in spite of a limit of zero.
fn without_core_dumps() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Core);
    let limit = Some(maximum.map_or(1, |maximum| maximum.min(1)));
    // It may always be lowered.
    let _ = setrlimit(Resource::Core, Rlimit { current: limit, maximum: limit });
}
