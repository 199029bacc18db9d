//! The runtime that is called: the one that runs on the data folder, else a child of our own.
//!
//! A runtime that serves leaves the file `runtime.json` in its data folder: where it is and which
//! database it uses. It is removed at the end; one that a killed runtime left behind is recognized
//! because nobody answers there.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use frontdesk_tenants::{Database, SetupError};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};

use super::line::Exchange;
use crate::clinics::{ClinicsError, data_keys};
use crate::config::Config;
use crate::servers::{NoLiveKit, last_livekit};
use crate::signals::{Asked, Signals};

const FILE: &str = "runtime.json";
/// What a runtime started by us writes, beside its own output.
const LOG: &str = "scenario-serve.log";
/// How long a started runtime may take until it takes calls: the first start makes a database.
const START_PATIENCE: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);
/// How long a runtime may take to answer that it is there.
const ANSWER: Duration = Duration::from_secs(2);
/// How long our runtime may take to end before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no runtime to call.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// It was started without the permission to pin clocks.
    #[error(
        "the runtime in {} (process {pid}) runs without FRONTDESK_ALLOW_CALL_CLOCK=1, so that no \
         call's clock can be set: stop it, or start it again with that variable",
        dir.display()
    )]
    NoCallClock {
        /// Data folder.
        dir: PathBuf,
        /// Its process.
        pid: u32,
    },
    /// Our runtime did not start.
    #[error("the runtime could not be started: {reason}; its log is {}", log.display())]
    NotStarted {
        /// What it said, or why it could not be run.
        reason: String,
        /// Its log.
        log: PathBuf,
    },
    /// Ctrl-C while it started; it was stopped again.
    #[error("interrupted")]
    Interrupted,
    /// No key ring.
    #[error(transparent)]
    Keys(#[from] ClinicsError),
    /// The database has keys that we do not know.
    #[error(
        "FRONTDESK_DATA_KEYS is not set: with DATABASE_URL the runner needs the same keys as the \
         runtime to make a clinic's copy"
    )]
    NoKeys,
    /// LiveKit's keys.
    #[error(transparent)]
    LiveKit(#[from] NoLiveKit),
    /// The database.
    #[error("the runtime's database: {0}")]
    Database(#[from] SetupError),
    /// The file.
    #[error("{} cannot be written or read: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What a runtime tells of itself in its data folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RuntimeFile {
    /// Its process.
    pub pid: u32,
    /// Its HTTP listener.
    pub http: SocketAddr,
    /// URL of its database, as the application's role. Secret, as all of the file.
    pub database_url: String,
    /// Whether calls' clocks may be pinned.
    pub allow_call_clock: bool,
}

/// The written file; removed when dropped.
#[derive(Debug)]
pub struct Announced(PathBuf);

impl Drop for Announced {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl RuntimeFile {
    /// Writes the file into the data folder, readable by its owner alone.
    ///
    /// # Errors
    /// [`HostError::File`] if the folder cannot be written.
    pub fn announce(&self, data_dir: &Path) -> Result<Announced, HostError> {
        let path = data_dir.join(FILE);
        let temporary = data_dir.join(format!("{FILE}.new"));
        let write = || {
            std::fs::create_dir_all(data_dir)?;
            let _ = std::fs::remove_file(&temporary);
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            options.open(&temporary)?.write_all(&serde_json::to_vec(self)?)?;
            std::fs::rename(&temporary, &path)
        };
        write()
            .map_err(|error| HostError::File { path: path.clone(), reason: error.to_string() })?;
        Ok(Announced(path))
    }

    /// The file of the data folder, if its runtime takes calls.
    pub async fn running(data_dir: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(data_dir.join(FILE)).ok()?;
        let file: Self = serde_json::from_str(&text).ok()?;
        let client = reqwest::Client::builder().timeout(ANSWER).no_proxy().build().ok()?;
        let url = format!("http://{}/readyz", reachable(file.http));
        let answer = client.get(url).send().await.ok()?;
        answer.status().is_success().then_some(file)
    }
}

/// Where a listener on all addresses is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}

/// A runtime that takes calls.
pub struct Host {
    file: RuntimeFile,
    child: Option<Child>,
}

impl Host {
    /// The runtime of the data folder, else a child that is started on it. `pinned` says whether
    /// calls need clocks of their own.
    ///
    /// # Errors
    /// [`HostError`]; then no child of ours runs.
    pub async fn find_or_start(
        config: &Config,
        pinned: bool,
        mut signals: Signals,
    ) -> Result<Self, HostError> {
        if let Some(file) = RuntimeFile::running(&config.data_dir).await {
            if pinned && !file.allow_call_clock {
                let dir = config.data_dir.clone();
                return Err(HostError::NoCallClock { dir, pid: file.pid });
            }
            return Ok(Self { file, child: None });
        }
        let log = config.data_dir.join(LOG);
        let fault = |reason: String| HostError::NotStarted { reason, log: log.clone() };
        let mut child = spawn(config, &log).map_err(|error| fault(error.to_string()))?;
        let pid = child.id().unwrap_or_default();
        let ready = async {
            loop {
                if let Some(file) = RuntimeFile::running(&config.data_dir).await
                    && file.pid == pid
                {
                    return Ok(file);
                }
                if let Ok(Some(status)) = child.try_wait() {
                    let said = last_line(&log);
                    return Err(fault(said.unwrap_or_else(|| format!("it ended with {status}"))));
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let ready = tokio::select! {
            ready = tokio::time::timeout(START_PATIENCE, ready) => ready.unwrap_or_else(|_| {
                Err(fault(format!("it takes no calls after {} s", START_PATIENCE.as_secs())))
            }),
            () = signals.wait_for(Asked::Drain) => Err(HostError::Interrupted),
        };
        match ready {
            Ok(file) => Ok(Self { file, child: Some(child) }),
            Err(error) => {
                // Asked to end and waited for, so that it stops the servers that it has started.
                stop(child).await;
                Err(error)
            }
        }
    }

    /// Whether the runtime is a child of ours.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        self.child.is_some()
    }

    /// Its process.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.file.pid
    }

    /// The value of one of its metrics; `None` if it does not answer or has no such metric.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let client = reqwest::Client::builder().timeout(ANSWER).no_proxy().build().ok()?;
        let url = format!("http://{}/metrics", reachable(self.file.http));
        let text = client.get(url).send().await.ok()?.text().await.ok()?;
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    /// Where to call.
    ///
    /// # Errors
    /// [`HostError::LiveKit`] if its keys are not there.
    pub fn exchange(&self, config: &Config) -> Result<Exchange, HostError> {
        let livekit = last_livekit(config)?;
        Ok(Exchange { url: livekit.url, key: livekit.key, agent_name: config.agent_name.clone() })
    }

    /// The runtime's database, as the application's role.
    ///
    /// # Errors
    /// [`HostError::Database`] if it cannot be reached.
    pub async fn database(&self) -> Result<Database, HostError> {
        Ok(Database::connect(&self.file.database_url).await?)
    }

    /// The keys of the sealed columns.
    ///
    /// # Errors
    /// [`HostError::Keys`] or [`HostError::NoKeys`].
    pub fn keys(config: &Config) -> Result<frontdesk_tenants::crypt::KeyRing, HostError> {
        data_keys(config)?.ok_or(HostError::NoKeys)
    }

    /// Stops the runtime if it is ours, and waits until it is gone.
    pub async fn stop(self) {
        if let Some(child) = self.child {
            stop(child).await;
        }
    }
}

/// Starts `serve` of this program on the same configuration, in a process group of its own: Ctrl-C
/// in the terminal reaches us, and we stop it in order.
fn spawn(config: &Config, log: &Path) -> std::io::Result<Child> {
    std::fs::create_dir_all(&config.data_dir)?;
    let mut options = std::fs::OpenOptions::new();
    let log = options.write(true).create(true).truncate(true).mode(0o600).open(log)?;
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(file) = &config.file {
        command.arg("--config").arg(file);
    }
    command
        .arg("serve")
        .arg(config.profile.argument())
        .env("FRONTDESK_DATA_DIR", &config.data_dir)
        .env("FRONTDESK_ALLOW_CALL_CLOCK", "1")
        // Its listener is only ours; the usual port may be somebody's.
        .env("FRONTDESK_LISTEN", "127.0.0.1:0")
        .env("FRONTDESK_DRAIN_SECONDS", "5")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true);
    command.spawn()
}

async fn stop(mut child: Child) {
    let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, Signal::TERM)
    {
        tracing::warn!(%error, "the started runtime cannot be asked to end");
    }
    if tokio::time::timeout(STOP_PATIENCE, child.wait()).await.is_err() {
        tracing::warn!("the started runtime does not end and is killed");
        let _ = child.kill().await;
    }
}

/// What the program said last: its own error if there is one.
fn last_line(log: &Path) -> Option<String> {
    let text = std::fs::read_to_string(log).ok()?;
    let own = text.lines().rev().find_map(|line| line.strip_prefix("frontdesk: "));
    own.or_else(|| text.lines().last()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(http: SocketAddr) -> RuntimeFile {
        RuntimeFile {
            pid: 1,
            http,
            database_url: "postgres://frontdesk_app@127.0.0.1/frontdesk".to_owned(),
            allow_call_clock: true,
        }
    }

    #[test]
    fn the_file_is_private_and_goes_with_the_runtime() {
        let dir = tempfile::tempdir().expect("a folder");
        let announced = file(([127, 0, 0, 1], 8080).into()).announce(dir.path()).expect("written");
        let path = dir.path().join(FILE);
        let mode = path.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(announced);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_whose_runtime_does_not_answer_counts_for_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(RuntimeFile::running(dir.path()).await.is_none());
        // A port that was free a moment ago and that nobody listens on.
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let _announced = file(address).announce(dir.path()).expect("written");
        assert!(RuntimeFile::running(dir.path()).await.is_none());
    }

    #[test]
    fn a_listener_on_all_addresses_is_reached_on_this_machine() {
        assert_eq!(reachable(([0, 0, 0, 0], 80).into()), ([127, 0, 0, 1], 80).into());
        assert_eq!(reachable(([10, 1, 2, 3], 80).into()), ([10, 1, 2, 3], 80).into());
    }
}
