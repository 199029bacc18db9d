//! A running server: its process, its pid file, its end.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::error::{EmbeddedError, IoContext};
use crate::folder;
use crate::logfile::{LogFile, reason, tells_disk_full};
use crate::process::{POLL, ProcessId};

/// How long a server may take to answer before an operator is told, each time.
const TELL_EVERY: Duration = Duration::from_secs(30);
/// How long one that was left behind may take to answer before it is stopped: others may use it.
const STILL_SERVES: Duration = Duration::from_secs(120);

/// What makes the servers differ in how they end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Signals to send one after the other, each with the time that it gets to work.
    pub(crate) stop: &'static [(Signal, Duration)],
    /// What is sent to a server whose handle is dropped; nobody waits for its end then.
    pub(crate) on_drop: Signal,
}

/// The process of a running server, started here or adopted.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    pub(crate) process: ProcessId,
    log: LogFile,
    pid_file: PathBuf,
    data_dir: PathBuf,
    // Where the log stood when the process was started.
    log_offset: u64,
    // Kept so that the runtime reaps it; `None` if adopted, then the system's init does.
    child: Mutex<Option<Child>>,
    log_keeper: JoinHandle<()>,
    // Whether dropping this ends the process.
    ends_on_drop: AtomicBool,
}

impl Server {
    /// Starts `command` in a process group of its own, so that Ctrl-C in the terminal reaches only
    /// the runtime, which then stops its servers in order.
    pub(crate) fn spawn(
        kind: Kind,
        mut command: Command,
        data_dir: &Path,
        log: LogFile,
        pid_file: PathBuf,
    ) -> Result<Self, EmbeddedError> {
        let program = PathBuf::from(command.as_std().get_program());
        let (out, log_offset) = (log.open()?, log.len());
        let err = out.try_clone().at("open", log.path())?;
        command.stdout(out).stderr(err).process_group(0);
        let child = command.spawn().at("run", &program)?;
        let process = child.id().and_then(|pid| ProcessId::running(i32::try_from(pid).ok()?));
        let Some(process) = process else {
            return Err(EmbeddedError::Exited {
                server: kind.name,
                reason: reason(&log.since(log_offset)),
                log: log.path().to_owned(),
            });
        };
        let server = Self::new(kind, process, data_dir, log, log_offset, pid_file, Some(child));
        server.write_pid_file()?;
        Ok(server)
    }

    /// Takes over a process that an earlier runtime left behind.
    pub(crate) fn adopt(
        kind: Kind,
        process: ProcessId,
        data_dir: &Path,
        log: LogFile,
        pid_file: PathBuf,
    ) -> Result<Self, EmbeddedError> {
        let log_offset = log.len();
        let server = Self::new(kind, process, data_dir, log, log_offset, pid_file, None);
        server.write_pid_file()?;
        Ok(server)
    }

    fn new(
        kind: Kind,
        process: ProcessId,
        data_dir: &Path,
        log: LogFile,
        log_offset: u64,
        pid_file: PathBuf,
        child: Option<Child>,
    ) -> Self {
        let log_keeper = tokio::spawn(log.clone().keep_small());
        let data_dir = data_dir.to_owned();
        let child = Mutex::new(child);
        let ends_on_drop = AtomicBool::new(true);
        Self { kind, process, log, pid_file, data_dir, log_offset, child, log_keeper, ends_on_drop }
    }

    fn write_pid_file(&self) -> Result<(), EmbeddedError> {
        let text = serde_json::to_string(&self.process).unwrap_or_default();
        folder::write_private(&self.pid_file, &text)
    }

    /// Asks `answers` until it says yes. Ends with the process, and after `limit`, which is there for
    /// one that hangs: a busy machine may take minutes.
    pub(crate) async fn ready<F>(
        &self,
        limit: Duration,
        answers: impl Fn() -> F,
    ) -> Result<(), EmbeddedError>
    where
        F: Future<Output = bool>,
    {
        let wait = async {
            loop {
                if !self.process.is_alive() {
                    return Err(self.why_it_ended());
                }
                if answers().await {
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let tell = async {
            loop {
                tokio::time::sleep(TELL_EVERY).await;
                let log = self.log.path().display();
                tracing::warn!(server = self.kind.name, %log, "still waiting for a server to answer");
            }
        };
        let wait = async {
            tokio::select! {
                ended = wait => ended,
                never = tell => never,
            }
        };
        tokio::time::timeout(limit, wait).await.unwrap_or_else(|_| {
            Err(EmbeddedError::NotReady {
                server: self.kind.name,
                seconds: limit.as_secs(),
                log: self.log.path().to_owned(),
            })
        })
    }

    /// What this run of the server has logged.
    pub(crate) fn logged(&self) -> String {
        self.log.since(self.log_offset)
    }

    fn why_it_ended(&self) -> EmbeddedError {
        let log = self.logged();
        if tells_disk_full(&log) {
            return EmbeddedError::DiskFull { path: self.data_dir.clone() };
        }
        EmbeddedError::Exited {
            server: self.kind.name,
            reason: reason(&log),
            log: self.log.path().to_owned(),
        }
    }

    /// The server's log.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.log.path()
    }

    /// Id of the process.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.process.pid
    }

    /// Comes back when the server has ended by itself: it crashed or somebody stopped it.
    pub async fn exited(&self) {
        while self.process.is_alive() {
            tokio::time::sleep(POLL * 10).await;
        }
    }

    /// Ends the process and waits until it is gone.
    pub(crate) async fn stop(&self) -> Result<(), EmbeddedError> {
        self.leave();
        stop_process(self.kind, self.process).await?;
        let child = self.child.lock().ok().and_then(|mut child| child.take());
        if let Some(mut child) = child {
            let _ = child.wait().await;
        }
        let _ = std::fs::remove_file(&self.pid_file);
        Ok(())
    }

    /// Kills the process at once; it is gone soon after.
    pub(crate) fn kill(&self) {
        if let Err(error) = self.process.signal(Signal::KILL) {
            tracing::warn!(pid = self.process.pid, %error, "cannot kill a server");
        }
    }

    /// Lets the process outlive this handle.
    pub(crate) fn leave(&self) {
        self.ends_on_drop.store(false, Ordering::Relaxed);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.log_keeper.abort();
        if *self.ends_on_drop.get_mut()
            && let Err(error) = self.process.signal(self.kind.on_drop)
        {
            tracing::warn!(pid = self.process.pid, %error, "cannot stop a server");
        }
    }
}

/// Whether a process that was left behind serves. A busy machine may need a moment.
pub(crate) async fn still_serves<F>(process: ProcessId, answers: impl Fn() -> F) -> bool
where
    F: Future<Output = bool>,
{
    let asked = async {
        while process.is_alive() {
            if answers().await {
                return true;
            }
            tokio::time::sleep(POLL).await;
        }
        false
    };
    tokio::time::timeout(STILL_SERVES, asked).await.unwrap_or(false)
}

/// The process of a pid file, if it is still the same one.
pub(crate) fn from_pid_file(path: &Path) -> Option<ProcessId> {
    let process: ProcessId = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    process.is_alive().then_some(process)
}

/// Ends a process by the signals of its kind.
pub(crate) async fn stop_process(kind: Kind, process: ProcessId) -> Result<(), EmbeddedError> {
    for (signal, patience) in kind.stop {
        if let Err(error) = process.signal(*signal) {
            tracing::warn!(pid = process.pid, %error, "cannot signal a server");
        }
        if process.gone_within(*patience).await {
            return Ok(());
        }
    }
    Err(EmbeddedError::NotStopped { server: kind.name, pid: process.pid })
}
