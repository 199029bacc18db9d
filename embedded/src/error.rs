//! What can go wrong, each in one line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// A server of the embedded default could not be started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The program is not installed.
    #[error("{program} was not found in {looked}: {remedy}")]
    NotFound {
        /// What was looked for.
        program: &'static str,
        /// Where.
        looked: String,
        /// How to get it.
        remedy: &'static str,
    },
    /// The program is too old.
    #[error("{} has PostgreSQL {found}, {needed} or newer is needed: install it, or set \
             FRONTDESK_POSTGRES_BIN to the folder of a newer one", dir.display())]
    TooOld {
        /// Folder of the program.
        dir: PathBuf,
        /// Its major version.
        found: u32,
        /// The oldest one that is supported.
        needed: u32,
    },
    /// The program does not run on this machine.
    #[error("{} does not run: {reason}", program.display())]
    Broken {
        /// The program.
        program: PathBuf,
        /// What was seen.
        reason: String,
    },
    /// Another runtime uses the data folder.
    #[error("the data folder {} is in use by another frontdesk{}: stop it, or set \
             FRONTDESK_DATA_DIR to another folder", dir.display(), holder(*.pid))]
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// Process id of the other runtime, if known.
        pid: Option<i32>,
    },
    /// The database was written by another major version of PostgreSQL.
    #[error("the database in {} was written by PostgreSQL {found}, installed is {installed}: \
             install PostgreSQL {found}, or move the folder away after a dump", dir.display())]
    DataVersion {
        /// The database's folder.
        dir: PathBuf,
        /// Version of the data, as PostgreSQL wrote it.
        found: String,
        /// Installed versions.
        installed: String,
    },
    /// A folder belongs to somebody else.
    #[error("{} belongs to user id {owner}, this is user id {me}: run frontdesk as that user, or \
             set FRONTDESK_DATA_DIR to another folder", path.display())]
    Owner {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user who runs this.
        me: u32,
    },
    /// No permission.
    #[error("no permission to {action} {}: run as a user who may, or set FRONTDESK_DATA_DIR to \
             another folder", path.display())]
    Permission {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("no space left on the disk of {}: free some, or set FRONTDESK_DATA_DIR to a folder \
             on another disk", path.display())]
    DiskFull {
        /// The folder.
        path: PathBuf,
    },
    /// A port is taken by another program.
    #[error(
        "port {port} ({purpose}) of {address} is taken by another program: stop it, or choose \
             another port"
    )]
    PortTaken {
        /// The address.
        address: std::net::IpAddr,
        /// The port.
        port: u16,
        /// What it is for.
        purpose: &'static str,
    },
    /// The server ended instead of serving.
    #[error("{server} ended while starting: {reason} (its log: {})", log.display())]
    Exited {
        /// Which server.
        server: &'static str,
        /// The line of its log that tells why.
        reason: String,
        /// The log.
        log: PathBuf,
    },
    /// The server runs and does not answer.
    #[error("{server} did not answer within {seconds} s: see its log {}", log.display())]
    NotReady {
        /// Which server.
        server: &'static str,
        /// How long was waited, in seconds.
        seconds: u64,
        /// The log.
        log: PathBuf,
    },
    /// The server does not end.
    #[error("{server} (process {pid}) does not end: stop it by hand")]
    NotStopped {
        /// Which server.
        server: &'static str,
        /// Its process.
        pid: i32,
    },
    /// The server refused a statement.
    #[error("PostgreSQL refused to {action}: {reason}")]
    Refused {
        /// What was asked.
        action: &'static str,
        /// What it said.
        reason: String,
    },
    /// Anything else of the operating system.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn holder(pid: Option<i32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

impl EmbeddedError {
    /// The error of an operation on a file, sorted by what can be done about it.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Permission { action, path }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { action, path, source },
        }
    }
}

/// Adds the path to the error of a file operation.
pub(crate) trait IoContext<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, EmbeddedError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, EmbeddedError> {
        self.map_err(|source| EmbeddedError::io(action, path, source))
    }
}

impl<T> IoContext<T> for Result<T, rustix::io::Errno> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, EmbeddedError> {
        self.map_err(|errno| EmbeddedError::io(action, path, errno.into()))
    }
}
