//! The files of the database: where they are, whose they are, and how they come to be.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::geteuid;

use super::SUPERUSER;
use super::bin::{self, Programs};
use crate::error::{EmbeddedError, IoContext};
use crate::folder;
use crate::logfile::{reason, tells_disk_full};
use crate::program;
use crate::user::{self, User};

/// Where a database goes whose user cannot reach the data folder.
const FALLBACK: &str = "/var/lib/frontdesk";
/// Names that folder in the data folder, so that the choice is made once.
const POINTER: &str = "postgres.location";
/// A socket's address has at most 107 bytes.
const MAX_SOCKET_PATH: usize = 107;
const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// A database's files and the user who owns them.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) dir: PathBuf,
    pub(crate) socket_dir: PathBuf,
    /// `None`: the user who runs this.
    pub(crate) user: Option<User>,
}

impl Cluster {
    /// Finds or chooses the place of the database of a data folder.
    pub(crate) fn locate(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let in_place = data_dir.join("postgres");
        let pointer = data_dir.join(POINTER);
        let pointed = folder::read_if_present(&pointer)?.map(|text| PathBuf::from(text.trim()));
        let mut dir = pointed.clone().unwrap_or(in_place);
        let owner = dir.metadata().ok().map(|m| User { uid: m.uid(), gid: m.gid() });
        let user = user::unprivileged(owner);
        if let Some(user) = user {
            if pointed.is_none() && owner.is_none() && !user::can_pass(user, data_dir) {
                let parent = Path::new(FALLBACK).join(folder::short_name(data_dir));
                folder::make(Path::new(FALLBACK))?;
                folder::make(&parent)?;
                dir = parent.join("postgres");
                folder::write_private(&pointer, &dir.to_string_lossy())?;
            }
            if dir.starts_with(FALLBACK) && !data_dir.starts_with(FALLBACK) {
                tracing::info!(
                    data_dir = %data_dir.display(), database = %dir.display(), uid = user.uid,
                    "the database is outside of the data folder, which its user cannot reach"
                );
            }
        } else if let Some(owner) = owner.filter(|owner| owner.uid != geteuid().as_raw()) {
            let me = geteuid().as_raw();
            return Err(EmbeddedError::Owner { path: dir, owner: owner.uid, me });
        }
        let socket_dir = socket_dir(&dir, user)?;
        Ok(Self { dir, socket_dir, user })
    }

    /// The major version that wrote the data; `None` if there are none yet.
    pub(crate) fn version(&self) -> Result<Option<String>, EmbeddedError> {
        let text = folder::read_if_present(&self.dir.join("PG_VERSION"))?;
        Ok(text.map(|text| text.trim().to_owned()))
    }

    /// Fails unless `programs` can serve these data.
    pub(crate) fn check_version(&self, programs: &Programs) -> Result<(), EmbeddedError> {
        match self.version()? {
            Some(found) if found != programs.major.to_string() => {
                let mut versions: Vec<u32> = bin::installed().iter().map(|p| p.major).collect();
                versions.push(programs.major);
                versions.sort_unstable();
                versions.dedup();
                let installed: Vec<String> = versions.iter().map(u32::to_string).collect();
                let installed = installed.join(", ");
                Err(EmbeddedError::DataVersion { dir: self.dir.clone(), found, installed })
            }
            _ => Ok(()),
        }
    }

    /// Makes the database's files. They are made beside their place and moved there when whole, so
    /// that an interrupted start leaves nothing half-made.
    pub(crate) async fn init(&self, programs: &Programs, sync: bool) -> Result<(), EmbeddedError> {
        let new = self.dir.with_extension("new");
        if new.exists() {
            std::fs::remove_dir_all(&new).at("remove", &new)?;
        }
        private_folder(&new, self.user)?;
        let mut failure = String::new();
        // Debian has C.UTF-8; both locales sort by code point, so the data do not depend on which.
        for locale in ["C.UTF-8", "C"] {
            let mut initdb = self.command(&programs.initdb());
            initdb
                .arg("--pgdata")
                .arg(&new)
                .args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", locale])
                .args(["--auth-local", "trust", "--auth-host", "reject", "--no-instructions"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            if !sync {
                initdb.arg("--no-sync");
            }
            let output = initdb.output().await.at("run", &programs.initdb())?;
            if output.status.success() {
                return std::fs::rename(&new, &self.dir).at("make the folder", &self.dir);
            }
            failure = String::from_utf8_lossy(&output.stderr).into_owned()
                + &String::from_utf8_lossy(&output.stdout);
            if !failure.contains("invalid locale") {
                break;
            }
        }
        let _ = std::fs::remove_dir_all(&new);
        // It does not always say so, and has removed what it had made.
        let full = tells_disk_full(&failure) || is_too_small(&self.dir);
        if full {
            return Err(EmbeddedError::DiskFull { path: self.dir.clone() });
        }
        let reason = reason(&failure);
        Err(EmbeddedError::Broken { program: programs.initdb(), reason })
    }

    /// A command that runs as the owner of the files.
    pub(crate) fn command(&self, program: &Path) -> tokio::process::Command {
        let mut command = program::command(program);
        command.current_dir("/");
        if let Some(user) = self.user {
            // The standard library drops the supplementary groups along with root.
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.socket_dir.join(SOCKET_NAME)
    }

    /// Makes the socket's folder, which only the owner of the database can enter.
    pub(crate) fn make_socket_dir(&self) -> Result<(), EmbeddedError> {
        private_folder(&self.socket_dir, self.user)
    }
}

/// What a new database takes, in bytes: its catalogue and the first segment of its log.
const NEW_DATABASE: u64 = 48 * 1024 * 1024;

/// Whether the disk on which a folder is to be has no room for a new database.
fn is_too_small(dir: &Path) -> bool {
    let disk = rustix::fs::statvfs(dir.parent().unwrap_or(dir));
    disk.is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < NEW_DATABASE)
}

/// A folder that only `user` can enter. One that exists must already be theirs: somebody else may
/// have put it into a shared place.
fn private_folder(dir: &Path, user: Option<User>) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {
            if let Some(user) = user {
                chown(dir, Some(user.uid), Some(user.gid)).at("hand over", dir)?;
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(EmbeddedError::io("make the folder", dir, error)),
    }
    let meta = dir.symlink_metadata().at("open the folder", dir)?;
    let me = user.map_or_else(|| geteuid().as_raw(), |user| user.uid);
    if !meta.is_dir() || meta.uid() != me {
        return Err(EmbeddedError::Owner { path: dir.to_owned(), owner: meta.uid(), me });
    }
    std::fs::set_permissions(dir, Permissions::from_mode(0o700)).at("change the mode of", dir)
}

/// Where the server of the database in a data folder has its socket; `None` if the folder has no
/// database. Changes nothing.
pub(crate) fn existing_socket_dir(data_dir: &Path) -> Option<PathBuf> {
    let data_dir = data_dir.canonicalize().ok()?;
    let pointed = folder::read_if_present(&data_dir.join(POINTER)).ok()?;
    let dir = pointed.map_or_else(|| data_dir.join("postgres"), |text| text.trim().into());
    let owner = dir.metadata().ok()?;
    let user = user::unprivileged(Some(User { uid: owner.uid(), gid: owner.gid() }));
    socket_dir(&dir, user).ok()
}

/// The folder of the socket: beside the data if its path is short enough.
fn socket_dir(cluster: &Path, user: Option<User>) -> Result<PathBuf, EmbeddedError> {
    let beside = cluster.with_file_name("run");
    if beside.as_os_str().len() + 1 + SOCKET_NAME.len() <= MAX_SOCKET_PATH {
        return Ok(beside);
    }
    let base = if user.is_some() { "/run" } else { "/tmp" };
    let name = format!("frontdesk-{}", folder::short_name(cluster));
    let dir = Path::new(base).join(name);
    tracing::debug!(socket_dir = %dir.display(), "the path of the data is too long for a socket");
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_beside_the_data_unless_its_path_would_be_too_long() {
        let short = Path::new("/var/lib/frontdesk/postgres");
        assert_eq!(socket_dir(short, None).expect("a folder"), Path::new("/var/lib/frontdesk/run"));
        let long = PathBuf::from(format!("/{}/postgres", "x".repeat(120)));
        let dir = socket_dir(&long, None).expect("a folder");
        assert!(dir.starts_with("/tmp") && dir.as_os_str().len() < 60, "{}", dir.display());
    }
}
