//! Faults on purpose, for tests: a panic or a hang inside a named stage of a named call.
//!
//! Without the Cargo feature `fault-injection` the functions here are empty, and a release build
//! with the feature does not compile.

use frontdesk_types::CallId;

#[cfg(all(feature = "fault-injection", not(debug_assertions)))]
compile_error!("the feature `fault-injection` is for tests only: release builds must lack it");

/// The call whose stages a fault may hit.
pub(crate) type Scope = CallId;

/// Passed by every stage at the start of each input.
#[cfg(not(feature = "fault-injection"))]
#[inline]
#[expect(clippy::unused_async, reason = "the test build awaits here")]
pub(crate) async fn point(_scope: Scope, _stage: &'static str) {}

/// Passed by every turn of a thread that speaks.
#[cfg(not(feature = "fault-injection"))]
#[inline]
pub(crate) const fn voice() {}

#[cfg(feature = "fault-injection")]
pub use armed::*;

#[cfg(feature = "fault-injection")]
mod armed {
    use std::collections::HashMap;
    use std::fs::File;
    use std::io::Write;
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use parking_lot::Mutex;

    use super::{CallId, Scope};

    /// What happens at the point.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Fault {
        /// The stage panics.
        Panic,
        /// The stage never returns.
        Hang,
    }

    #[derive(Debug, Clone, Copy)]
    struct Armed {
        fault: Fault,
        /// Inputs to let pass first.
        skip: u32,
        /// Inputs to hit.
        times: u32,
    }

    static TAP_FOLDER: OnceLock<PathBuf> = OnceLock::new();

    /// Writes what AudioIngest of every call to come decodes into `folder`, one file per call named
    /// by its id: 16 kHz mono, 16-bit little-endian, no header. Only the first call counts.
    pub fn tap_ingest(folder: PathBuf) {
        let _ = TAP_FOLDER.set(folder);
    }

    /// A file that AudioIngest writes what it decoded to.
    pub(crate) struct Tap(File);

    impl Tap {
        pub(crate) fn open(call: CallId) -> Option<Self> {
            let path = TAP_FOLDER.get()?.join(format!("{call}.s16"));
            File::options().create(true).append(true).open(path).ok().map(Self)
        }

        pub(crate) fn write(&mut self, samples: &[i16]) {
            let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
            if let Err(error) = self.0.write_all(&bytes) {
                tracing::warn!(%error, "ingest not recorded");
            }
        }
    }

    static ARMED: Mutex<Option<HashMap<(CallId, String), Armed>>> = Mutex::new(None);

    /// Lets `skip` inputs of `stage` in `call` pass and makes the next `times` fail.
    pub fn arm(call: CallId, stage: &str, fault: Fault, skip: u32, times: u32) {
        let armed = Armed { fault, skip, times };
        ARMED.lock().get_or_insert_default().insert((call, stage.to_owned()), armed);
    }

    /// Stages of which each call loses one, and after how many of their inputs.
    static EVERY_CALL: OnceLock<HashMap<String, u32>> = OnceLock::new();

    /// Has each of these stages panic once in every call to come, after it has let so many inputs
    /// pass. Only the first call counts.
    pub fn arm_every_call(stages: HashMap<String, u32>) {
        let _ = EVERY_CALL.set(stages);
    }

    /// Turns of threads that speak which are still to hang.
    static HANGING_VOICES: AtomicU32 = AtomicU32::new(0);

    /// Has the next so many turns of threads that speak sleep for ever.
    pub fn hang_voices(times: u32) {
        HANGING_VOICES.store(times, Ordering::SeqCst);
    }

    pub(crate) fn voice() {
        let one = |left: u32| left.checked_sub(1);
        if HANGING_VOICES.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one).is_ok() {
            loop {
                std::thread::park();
            }
        }
    }

    pub(crate) async fn point(scope: Scope, stage: &'static str) {
        let fault = {
            let mut armed = ARMED.lock();
            if let Some(&skip) = EVERY_CALL.get().and_then(|stages| stages.get(stage)) {
                let once = Armed { fault: Fault::Panic, skip, times: 1 };
                let key = (scope, stage.to_owned());
                armed.get_or_insert_default().entry(key).or_insert(once);
            }
            let Some(entry) =
                armed.as_mut().and_then(|map| map.get_mut(&(scope, stage.to_owned())))
            else {
                return;
            };
            if entry.skip > 0 {
                entry.skip -= 1;
                return;
            }
            if entry.times == 0 {
                return;
            }
            entry.times -= 1;
            entry.fault
        };
        match fault {
            Fault::Panic => panic!("injected fault in {stage}"),
            Fault::Hang => std::future::pending::<()>().await,
        }
    }
}
