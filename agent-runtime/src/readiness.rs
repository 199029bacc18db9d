//! Whether what a call writes would be kept: asked by probes, so answered from what was found a
//! moment ago.

use std::path::{Path, PathBuf};
use std::time::Duration;

use frontdesk_actors::Switchboard;
use frontdesk_types::{Clock, Mono};
use tokio::sync::Mutex;

use crate::clinics::Clinics;

/// For how long what was found is told again.
const FRESH: Duration = Duration::from_secs(1);

/// Space that a database needs to go on: a segment of its log, and what calls write until somebody
/// has made room. In bytes.
const NEEDED: u64 = 64 * 1024 * 1024;

/// What was found, and when.
type Found = (Mono, Result<(), String>);

/// Looks whether something can be written, at most once a second.
#[derive(Debug)]
pub(crate) struct Readiness {
    /// Folder of the embedded database.
    folder: Option<PathBuf>,
    last: Mutex<Option<Found>>,
}

impl Readiness {
    /// `folder` is that of the embedded database, if there is one.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, last: Mutex::default() }
    }

    /// Whether a call's writes would be kept; the error is one line for operators. Whoever asks at
    /// the same time waits for the same answer.
    pub(crate) async fn writes(
        &self,
        clinics: &Clinics,
        switchboard: &Switchboard,
        clock: &dyn Clock,
    ) -> Result<(), String> {
        let mut last = self.last.lock().await;
        let now = clock.mono();
        if let Some((at, found)) = &*last
            && now.since(*at) < FRESH
        {
            return found.clone();
        }
        let tried = match clinics.try_write(clock.wall()).await {
            Ok(()) => Ok(()),
            // A connection that broke says little of the database: the next one is a new one.
            Err(_) => clinics.try_write(clock.wall()).await,
        };
        let found = match tried {
            Ok(()) if switchboard.writes_are_failing() => Err("what calls write fails".to_owned()),
            tried => tried,
        };
        *last = Some((clock.mono(), found.clone()));
        found
    }

    /// Whether there is space for what the embedded database writes.
    pub(crate) fn disk(&self) -> Result<(), String> {
        self.folder.as_deref().map_or(Ok(()), |folder| space(folder).map(|_| ()))
    }
}

/// MiB that may still be written to the disk of a folder in which a database is.
///
/// # Errors
/// If these are too few; one line for operators.
pub fn space(folder: &Path) -> Result<u64, String> {
    let disk = rustix::fs::statvfs(folder).map_err(|error| format!("not looked at: {error}"))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let mib = |bytes: u64| bytes / (1024 * 1024);
    if free >= NEEDED {
        return Ok(mib(free));
    }
    Err(format!("{} MiB are free, {} are needed: make room", mib(free), mib(NEEDED)))
}
