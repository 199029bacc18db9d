//! A server's log: appended by the child, kept small by us.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{EmbeddedError, IoContext};

/// At this size a log is moved to `<name>.1` and begun anew, in bytes.
const LIMIT: u64 = 8 * 1024 * 1024;
const CHECK_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub(crate) struct LogFile {
    path: PathBuf,
}

impl LogFile {
    /// The log `name` of a data folder; its folder is made.
    pub(crate) fn new(data_dir: &Path, name: &str) -> Result<Self, EmbeddedError> {
        let dir = data_dir.join("log");
        std::fs::create_dir_all(&dir).at("make the folder", &dir)?;
        Ok(Self { path: dir.join(name) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it for a child. Every write goes to the end, also after a truncation.
    pub(crate) fn open(&self) -> Result<File, EmbeddedError> {
        self.shorten(LIMIT);
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)
            .at("open", &self.path)
    }

    pub(crate) fn len(&self) -> u64 {
        self.path.metadata().map_or(0, |meta| meta.len())
    }

    /// What was written since it had `offset` bytes, at most the last 16 kB of it.
    pub(crate) fn since(&self, offset: u64) -> String {
        let read = || {
            let mut file = File::open(&self.path)?;
            let from = offset.max(file.metadata()?.len().saturating_sub(16 * 1024));
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            std::io::Result::Ok(bytes)
        };
        String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
    }

    /// Looks after its size until the task is aborted.
    pub(crate) async fn keep_small(self) {
        loop {
            tokio::time::sleep(CHECK_EVERY).await;
            self.shorten(LIMIT);
        }
    }

    // The child keeps its descriptor, so the content is copied and the file truncated. Lines
    // written in between are lost; at a megabyte a second those would be a handful.
    fn shorten(&self, limit: u64) {
        if self.len() < limit {
            return;
        }
        let mut old = self.path.clone().into_os_string();
        old.push(".1");
        let shortened = std::fs::copy(&self.path, &old)
            .and_then(|_| OpenOptions::new().write(true).open(&self.path)?.set_len(0));
        if let Err(error) = shortened {
            tracing::warn!(path = %self.path.display(), %error, "cannot shorten a log");
        }
    }
}

/// The one line of a log that tells best why a server ended.
pub(crate) fn reason(log: &str) -> String {
    const TELLING: [&str; 6] = ["PANIC:", "FATAL:", "error:", "ERROR:", "could not", "cannot"];
    let lines = || log.lines().map(str::trim).filter(|line| !line.is_empty());
    TELLING
        .iter()
        .find_map(|mark| lines().find_map(|line| line.find(mark).map(|at| line[at..].to_owned())))
        .or_else(|| lines().next_back().map(str::to_owned))
        .unwrap_or_else(|| "it said nothing".to_owned())
}

/// Whether a log tells that the disk is full.
pub(crate) fn tells_disk_full(log: &str) -> bool {
    log.contains("No space left on device") || log.contains("Disk quota exceeded")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_log_that_grew_is_moved_away_and_its_writer_goes_on() {
        let dir = tempfile::tempdir().expect("a folder");
        let log = LogFile::new(dir.path(), "x.log").expect("made");
        let mut writer = log.open().expect("open");
        writeln!(writer, "before").expect("written");
        log.shorten(3);
        writeln!(writer, "after").expect("written");
        assert_eq!(log.since(0), "after\n");
        let old = std::fs::read_to_string(dir.path().join("log/x.log.1")).expect("moved");
        assert_eq!(old, "before\n");
    }

    #[test]
    fn the_telling_line_is_found() {
        let log = "2026-11-21 LOG:  starting\n2026-11-21 FATAL:  lock file exists\nHINT: x\n";
        assert_eq!(reason(log), "FATAL:  lock file exists");
        assert_eq!(reason("one\ntwo\n\n"), "two");
        assert_eq!(reason(""), "it said nothing");
    }
}
