//! The runtime that is called: the one that runs on the data folder, else a child of our own.
//!
//! A runtime that is asked to (`FRONTDESK_ANNOUNCE`) leaves the file `runtime.json` in its data
//! folder, which says where it is. It is removed at the end; one that a killed runtime left behind
//! is recognized because nobody answers there.

use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::deployment::Deployment;
use super::line::Exchange;
use super::outcome::{Exit, Failure};

const FILE: &str = "runtime.json";
/// What a runtime says whose data folder another one uses.
const IN_USE: &str = "is in use by another frontdesk";
/// What a runtime started by us writes, beside its own output.
const LOG: &str = "scenario-serve.log";
/// How long a started runtime may take until it takes calls, while it runs: the first start makes a
/// database, and its servers may take minutes on a busy machine. One that ends is not waited for.
const START_PATIENCE: Duration = Duration::from_secs(900);
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
    /// One serves on the data folder and did not say where.
    #[error(
        "{reason}; or start that one with FRONTDESK_ANNOUNCE=1, so that it is found and called"
    )]
    NotAnnounced {
        /// What our own runtime said of it.
        reason: String,
    },
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        let exit = match error {
            HostError::NoCallClock { .. } => Exit::Usage,
            HostError::Interrupted => Exit::Failed,
            HostError::NotStarted { .. } | HostError::NotAnnounced { .. } => Exit::Unavailable,
        };
        Self::new(exit, error)
    }
}

/// What a runtime tells of itself in its data folder.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RuntimeFile {
    /// Its process.
    pub pid: u32,
    /// Its HTTP listener.
    pub http: SocketAddr,
    /// Whether calls' clocks may be pinned.
    pub allow_call_clock: bool,
    /// Name that front ends dispatch its worker by.
    pub agent_name: String,
}

impl RuntimeFile {
    /// The file of the data folder, if its runtime takes calls.
    pub(crate) async fn running(data_dir: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(data_dir.join(FILE)).ok()?;
        let file: Self = serde_json::from_str(&text).ok()?;
        file.is_ready().await.then_some(file)
    }

    /// Whether it takes calls.
    pub(crate) async fn is_ready(&self) -> bool {
        ask(self.http, "readyz").await.is_some()
    }

    /// The value of one of its metrics; `None` if it does not answer or has no such metric.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        let text = ask(self.http, "metrics").await?;
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

/// What a runtime answers to GET; `None` if it does not, or with an error.
async fn ask(listener: SocketAddr, path: &str) -> Option<String> {
    let client = reqwest::Client::builder().timeout(ANSWER).no_proxy().build().ok()?;
    let answer = client.get(format!("http://{}/{path}", reachable(listener))).send().await.ok()?;
    answer.error_for_status().ok()?.text().await.ok()
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
pub(crate) struct Host {
    file: RuntimeFile,
    child: Option<Child>,
}

impl Host {
    /// The runtime of the data folder, else a child that is started on it. `pinned` says whether
    /// calls need clocks of their own.
    ///
    /// # Errors
    /// [`HostError`]; then no child of ours runs.
    pub(crate) async fn find_or_start(
        deployment: &impl Deployment,
        pinned: bool,
        interrupted: &CancellationToken,
    ) -> Result<Self, HostError> {
        let data_dir = deployment.data_dir();
        if let Some(file) = RuntimeFile::running(data_dir).await {
            if pinned && !file.allow_call_clock {
                let dir = data_dir.to_owned();
                return Err(HostError::NoCallClock { dir, pid: file.pid });
            }
            return Ok(Self { file, child: None });
        }
        let log = data_dir.join(LOG);
        let started = deployment.serve().and_then(|command| {
            std::fs::create_dir_all(data_dir)?;
            spawn(command, OpenOptions::new().truncate(true), &log)
        });
        Self::await_ready(started, data_dir, &log, interrupted).await
    }

    /// Starts a child with this command, whose output is added to `log`.
    ///
    /// # Errors
    /// [`HostError`]; then no child of ours runs.
    pub(crate) async fn start(
        command: Command,
        data_dir: &Path,
        log: &Path,
        interrupted: &CancellationToken,
    ) -> Result<Self, HostError> {
        let started = spawn(command, OpenOptions::new().append(true), log);
        Self::await_ready(started, data_dir, log, interrupted).await
    }

    async fn await_ready(
        started: std::io::Result<Child>,
        data_dir: &Path,
        log: &Path,
        interrupted: &CancellationToken,
    ) -> Result<Self, HostError> {
        let fault = |reason: String| {
            if reason.contains(IN_USE) {
                HostError::NotAnnounced { reason }
            } else {
                HostError::NotStarted { reason, log: log.to_owned() }
            }
        };
        let mut child = started.map_err(|error| fault(error.to_string()))?;
        let pid = child.id().unwrap_or_default();
        let ready = async {
            loop {
                if let Some(file) = RuntimeFile::running(data_dir).await
                    && file.pid == pid
                {
                    return Ok(file);
                }
                if let Ok(Some(status)) = child.try_wait() {
                    let said = last_line(log);
                    return Err(fault(said.unwrap_or_else(|| format!("it ended with {status}"))));
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let ready = tokio::select! {
            ready = tokio::time::timeout(START_PATIENCE, ready) => ready.unwrap_or_else(|_| {
                Err(fault(format!("it takes no calls after {} s", START_PATIENCE.as_secs())))
            }),
            () = interrupted.cancelled() => Err(HostError::Interrupted),
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

    /// Where to call it.
    ///
    /// # Errors
    /// [`Failure`] if the deployment does not know its LiveKit server.
    pub(crate) fn exchange(&self, deployment: &impl Deployment) -> Result<Exchange, Failure> {
        let agent_name = self.file.agent_name.clone();
        Ok(Exchange { agent_name, ..deployment.exchange()? })
    }

    /// Its process.
    #[must_use]
    pub(crate) const fn pid(&self) -> u32 {
        self.file.pid
    }

    /// The value of one of its metrics; `None` if it does not answer or has no such metric.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        self.file.metric(name).await
    }

    /// What it tells of itself.
    #[must_use]
    pub(crate) const fn file(&self) -> &RuntimeFile {
        &self.file
    }

    /// How it ended, if it is ours and has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().ok()?
    }

    /// Kills it if it is ours: it gets no chance to do anything about it.
    pub(crate) async fn kill(mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill().await;
        }
    }

    /// Stops the runtime if it is ours, and waits until it is gone.
    pub(crate) async fn stop(self) {
        if let Some(child) = self.child {
            stop(child).await;
        }
    }
}

/// Starts a runtime in a process group of its own: Ctrl-C in the terminal reaches us, and we stop
/// it in order.
fn spawn(mut command: Command, log_file: &mut OpenOptions, log: &Path) -> std::io::Result<Child> {
    let log = log_file.write(true).create(true).mode(0o600).open(log)?;
    command
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
    use super::*;

    #[tokio::test]
    async fn a_file_whose_runtime_does_not_answer_counts_for_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(RuntimeFile::running(dir.path()).await.is_none());
        // As the program does.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A port that was free a moment ago and that nobody listens on.
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let http = free.local_addr().expect("an address");
        drop(free);
        let file = serde_json::json!({
            "pid": 1, "http": http, "allow_call_clock": true, "agent_name": "frontdesk",
        });
        std::fs::write(dir.path().join(FILE), file.to_string()).expect("written");
        assert!(RuntimeFile::running(dir.path()).await.is_none());
    }

    #[test]
    fn a_listener_on_all_addresses_is_reached_on_this_machine() {
        assert_eq!(reachable(([0, 0, 0, 0], 80).into()), ([127, 0, 0, 1], 80).into());
        assert_eq!(reachable(([10, 1, 2, 3], 80).into()), ([10, 1, 2, 3], 80).into());
    }
}
