//! What breaks the runtime and its servers, one part after the other, and starts the runtime again where
//! it has ended, as a service manager would.

use std::cell::RefCell;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use frontdesk_tenants::inspection::Violation;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::samples::Life;
use crate::deployment::Deployment;
use crate::host::{Host, HostError, RuntimeFile};

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The embedded PostgreSQL is killed.
    Postgres,
    /// All processes of the database stand still for a while.
    Pause,
    /// Every connection to the database is cut, in the middle of jobs and of calls.
    Connections,
    /// The embedded livekit-server is killed.
    Livekit,
    /// The disk of the data folder is full for a while.
    Disk,
    /// The runtime is killed and started again.
    Runtime,
}

/// Stages of each call that die once, after so many of their inputs; one line for each process of the
/// runtime, in turn. `tool_stage.answered` is between a write and its answer.
const STAGES: [&str; 4] = [
    "dialogue:3,speaker:4,call_recorder:2",
    "tool_stage:1,line_link:4,transcriber:2",
    "audio_ingest:200,dialogue.handled:3,tool_stage.answered:0",
    "",
];

/// How long the database stands still.
const PAUSE: Duration = Duration::from_secs(12);
/// How long the disk is full.
const FULL: Duration = Duration::from_secs(15);
/// How long nobody is there between two processes of the runtime.
const DOWN: Duration = Duration::from_secs(1);
/// How long the runtime may take until it takes calls again.
const PATIENCE: Duration = Duration::from_secs(120);
/// It does when it has said so for so long.
const STEADY: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(200);
/// A disk that is larger is not filled, whatever it is.
const LARGEST_DISK: u64 = 8 << 30;

/// What was broken, and what came of it. Seconds count from the beginning.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Broken {
    pub fault: Fault,
    pub at: f64,
    /// When nothing was broken any more from outside.
    pub mended: f64,
    /// When the runtime took calls again for good; `None` if it did not in time.
    pub ready: Option<f64>,
    pub note: String,
    /// Calls that went on at that time, and those of them that came to their end. Counted later.
    pub calls: usize,
    pub finished: usize,
}

/// What all parts of a soak see.
pub(super) struct Shared {
    pub began: Instant,
    /// The runtime that takes calls, and since when; `None` while none does.
    pub runtime: RefCell<Option<(RuntimeFile, Instant)>>,
    pub lives: RefCell<Vec<Life>>,
    pub broken: RefCell<Vec<Broken>>,
    /// What was found while it went on.
    pub found: RefCell<Vec<Violation>>,
}

impl Shared {
    pub(super) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

/// See the module's documentation.
pub(super) struct Breaker<'a, D> {
    pub deployment: &'a D,
    pub shared: &'a Shared,
    /// Where telephone calls come in.
    pub sip: std::net::SocketAddr,
    pub log: PathBuf,
    pub interrupted: CancellationToken,
    host: Option<Host>,
}

impl<'a, D: Deployment> Breaker<'a, D> {
    /// Starts the runtime.
    pub(super) async fn start(
        deployment: &'a D,
        shared: &'a Shared,
        sip: std::net::SocketAddr,
        log: PathBuf,
        interrupted: CancellationToken,
    ) -> Result<Self, HostError> {
        let mut breaker = Self { deployment, shared, sip, log, interrupted, host: None };
        breaker.begin().await?;
        Ok(breaker)
    }

    async fn begin(&mut self) -> Result<(), HostError> {
        let not_started = |error: std::io::Error| HostError::NotStarted {
            reason: error.to_string(),
            log: self.log.clone(),
        };
        let mut command = self.deployment.serve().map_err(not_started)?;
        let lives = self.shared.lives.borrow().len();
        let stages = if self.deployment.kills_stages() { STAGES[lives % STAGES.len()] } else { "" };
        command
            .env("FRONTDESK_SIP_LISTEN", self.sip.to_string())
            .env("FRONTDESK_LOG", "info")
            .env("KILL_STAGES", stages);
        let data = self.deployment.data_dir();
        let host = Host::start(command, data, &self.log, &self.interrupted).await?;
        self.shared.lives.borrow_mut().push(Life { stages: stages.to_owned(), ..Life::default() });
        self.shared.runtime.replace(Some((host.file().clone(), Instant::now())));
        self.host = Some(host);
        Ok(())
    }

    /// Breaks one of `faults` after the other, `pause` apart, as long as it can be mended before `until`.
    pub(super) async fn run(
        &mut self,
        faults: &[Fault],
        pause: Duration,
        until: Instant,
    ) -> Result<(), HostError> {
        for fault in faults.iter().copied().cycle() {
            let next = Instant::now() + pause;
            if faults.is_empty() || next + pause > until {
                break;
            }
            self.keep(next).await?;
            if self.interrupted.is_cancelled() {
                return Ok(());
            }
            self.break_and_mend(fault).await?;
        }
        self.keep(until).await
    }

    /// Waits, and starts the runtime again if it ends.
    async fn keep(&mut self, until: Instant) -> Result<(), HostError> {
        while Instant::now() < until && !self.interrupted.is_cancelled() {
            self.look_after().await?;
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn look_after(&mut self) -> Result<bool, HostError> {
        let Some(status) = self.host.as_mut().and_then(Host::ended) else { return Ok(false) };
        let row = format!("at {:.0} s: {status}", self.shared.seconds());
        tracing::warn!(%status, "the runtime ended by itself");
        self.shared.found.borrow_mut().push(Violation { rule: "ENDED", row });
        self.shared.runtime.replace(None);
        self.host = None;
        // What ended it may still be there: a full disk.
        let end = Instant::now() + PATIENCE;
        while let Err(error) = self.begin().await {
            if Instant::now() > end || self.interrupted.is_cancelled() {
                return Err(error);
            }
            tokio::time::sleep(DOWN).await;
        }
        Ok(true)
    }

    async fn break_and_mend(&mut self, fault: Fault) -> Result<(), HostError> {
        let at = self.shared.seconds();
        tracing::warn!(?fault, at, "breaking");
        let data = self.deployment.data_dir().to_owned();
        let done = match fault {
            Fault::Postgres => signal_server(&data, "postgres", Signal::KILL),
            Fault::Livekit => signal_server(&data, "livekit", Signal::KILL),
            Fault::Connections => cut_connections(&data),
            Fault::Pause => pause(&data).await,
            Fault::Disk => fill_for_a_while(&data).await,
            Fault::Runtime => {
                if let Some(host) = self.host.take() {
                    host.kill().await;
                }
                self.shared.runtime.replace(None);
                tokio::time::sleep(DOWN).await;
                self.begin().await?;
                Ok(String::new())
            }
        };
        let note = done.unwrap_or_else(|reason| {
            let row = format!("{fault:?} at {at:.0} s: {reason}");
            self.shared.found.borrow_mut().push(Violation { rule: "NOT-BROKEN", row });
            reason
        });
        let mended = self.shared.seconds();
        let ready = self.await_ready().await?;
        if ready.is_none() {
            let row = format!("{fault:?} at {at:.0} s");
            self.shared.found.borrow_mut().push(Violation { rule: "NOT-READY", row });
        }
        let broken = Broken { fault, at, mended, ready, note, calls: 0, finished: 0 };
        self.shared.broken.borrow_mut().push(broken);
        Ok(())
    }

    /// When the runtime takes calls for good.
    async fn await_ready(&mut self) -> Result<Option<f64>, HostError> {
        let end = Instant::now() + PATIENCE;
        let mut since = None;
        while Instant::now() < end && !self.interrupted.is_cancelled() {
            if self.look_after().await? {
                since = None;
            }
            let runtime = self.shared.runtime.borrow().clone();
            let ready = match runtime {
                Some((runtime, _)) => runtime.is_ready().await,
                None => false,
            };
            since =
                if ready { since.or(Some((Instant::now(), self.shared.seconds()))) } else { None };
            if let Some((since, seconds)) = since
                && since.elapsed() >= STEADY
            {
                return Ok(Some(seconds));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(None)
    }

    /// Stops the runtime in order; what of it is left running.
    pub(super) async fn stop(mut self) -> Vec<Violation> {
        self.shared.runtime.replace(None);
        if let Some(host) = self.host.take() {
            host.stop().await;
        }
        let data = self.deployment.data_dir().to_string_lossy().into_owned();
        let left = processes_naming(&data).into_iter();
        left.map(|row| Violation { rule: "LEFT-RUNNING", row }).collect()
    }
}

/// Whether a disk of its own, which may be filled, holds the data folder; else why not.
pub(super) fn may_be_filled(data: &Path) -> Result<(), String> {
    let own = || -> std::io::Result<bool> {
        let above = data.parent().unwrap_or(data);
        Ok(fs::metadata(data)?.dev() != fs::metadata(above)?.dev())
    };
    let shown = data.display();
    match own() {
        Ok(true) => {}
        Ok(false) => return Err(format!("{shown} is no file system of its own")),
        Err(error) => return Err(format!("{shown}: {error}")),
    }
    let of = rustix::fs::statvfs(data).map_err(|error| format!("{shown}: {error}"))?;
    if of.f_frsize * of.f_blocks > LARGEST_DISK {
        return Err(format!("{shown} is larger than {} GiB", LARGEST_DISK >> 30));
    }
    Ok(())
}

async fn fill_for_a_while(data: &Path) -> Result<String, String> {
    let filler = data.join("filler");
    let path = filler.clone();
    let filled = tokio::task::spawn_blocking(move || fill(&path)).await;
    let filled = filled.map_err(|error| error.to_string()).and_then(|filled| filled);
    if filled.is_ok() {
        tokio::time::sleep(FULL).await;
    }
    match fs::remove_file(&filler) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{} cannot be removed: {error}", filler.display()))
        }
        _ => filled,
    }
}

fn fill(path: &Path) -> Result<String, String> {
    may_be_filled(path.parent().unwrap_or(path))?;
    let mut file = fs::File::create(path).map_err(|error| error.to_string())?;
    let (mut written, mut size) = (0_usize, 1 << 20);
    let zeros = vec![0; size];
    while size > 0 {
        match file.write(&zeros[..size]) {
            Ok(more) => written += more,
            // The last blocks in smaller pieces.
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => size /= 4,
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(format!("{} MiB until it was full", written >> 20))
}

/// The process of an embedded server.
fn server(data: &Path, name: &str) -> Result<Pid, String> {
    let read = || {
        let file = fs::read_to_string(data.join(format!("{name}.pid"))).ok()?;
        let file: serde_json::Value = serde_json::from_str(&file).ok()?;
        Pid::from_raw(i32::try_from(file["pid"].as_i64()?).ok()?)
    };
    read().ok_or_else(|| format!("{name} does not say which process it is"))
}

fn signal_server(data: &Path, name: &str, signal: Signal) -> Result<String, String> {
    let signalled = kill_process(server(data, name)?, signal);
    signalled.map(|()| String::new()).map_err(|error| format!("{name}: {error}"))
}

/// The processes that the database's first one has started, with their command lines.
fn backends(first: Pid) -> Vec<(Pid, String)> {
    let first = first.as_raw_nonzero();
    let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children"));
    let children = children.unwrap_or_default();
    let child = |text: &str| {
        let line = fs::read(format!("/proc/{text}/cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        Some((Pid::from_raw(text.parse().ok()?)?, line))
    };
    children.split_whitespace().filter_map(child).collect()
}

/// What `pg_terminate_backend` does.
fn cut_connections(data: &Path) -> Result<String, String> {
    let ours = |line: &str| line.contains("frontdesk_app ") || line.contains("frontdesk_worker ");
    let cut = backends(server(data, "postgres")?)
        .into_iter()
        .filter(|(pid, line)| ours(line) && kill_process(*pid, Signal::TERM).is_ok())
        .count();
    if cut == 0 { Err("no connections".to_owned()) } else { Ok(format!("{cut} connections")) }
}

async fn pause(data: &Path) -> Result<String, String> {
    let first = server(data, "postgres")?;
    kill_process(first, Signal::STOP).map_err(|error| error.to_string())?;
    // None is added any more.
    let all: Vec<Pid> = backends(first).into_iter().map(|(pid, _)| pid).collect();
    for pid in &all {
        let _ = kill_process(*pid, Signal::STOP);
    }
    tokio::time::sleep(PAUSE).await;
    for pid in all.iter().chain([&first]) {
        let _ = kill_process(*pid, Signal::CONT);
    }
    Ok(format!("{} processes for {} s", all.len() + 1, PAUSE.as_secs()))
}

/// Command lines, but for our own, that name the folder.
fn processes_naming(folder: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = processes.filter(|entry| entry.file_name().to_str() != Some(own.as_str()));
    let lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder) && !line.contains(" soak ")).collect()
}
