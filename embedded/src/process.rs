//! Processes by id and start time, so that a reused id is never mistaken for an old process.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal, test_kill_process,
};
use serde::{Deserialize, Serialize};

/// How often a condition outside of this process is looked at again.
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// A process of this machine: its id, and its start in clock ticks since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    pub(crate) pid: i32,
    pub(crate) started: u64,
}

impl ProcessId {
    /// The running process of that id; `None` if there is none, or only its zombie.
    pub(crate) fn running(pid: i32) -> Option<Self> {
        Self::look(pid).ok().flatten()
    }

    /// The same, told apart from not being able to look.
    fn look(pid: i32) -> io::Result<Option<Self>> {
        match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => Ok(Self::parse(pid, &stat)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // It ended between the opening and the reading.
            Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn parse(pid: i32, stat: &str) -> Option<Self> {
        // The name is in parentheses and may contain anything, spaces and parentheses included.
        let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
        let state = fields.next()?;
        // `starttime` is field 22 of the line; after the name and the state 18 more precede it.
        let started = fields.nth(18)?.parse().ok()?;
        (!matches!(state, "Z" | "X")).then_some(Self { pid, started })
    }

    pub(crate) fn is_alive(self) -> bool {
        Self::look(self.pid).map_or_else(
            // A process out of descriptors cannot read files, and must not take its servers for
            // dead. Asking by a signal that does nothing needs none.
            |_| Pid::from_raw(self.pid).is_some_and(|pid| test_kill_process(pid).is_ok()),
            |found| found == Some(self),
        )
    }

    /// Sends a signal; nothing happens if the process is gone.
    pub(crate) fn signal(self, signal: Signal) -> io::Result<()> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(()) };
        // The descriptor pins the process; only then is it certain that it is still the same one.
        let sent = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(fd) if self.is_alive() => pidfd_send_signal(fd, signal),
            Ok(_) => Ok(()),
            Err(Errno::NOSYS) if self.is_alive() => kill_process(pid, signal),
            Err(Errno::NOSYS) => Ok(()),
            Err(error) => Err(error),
        };
        match sent {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Its arguments, the program's name first.
    pub(crate) fn arguments(self) -> Vec<String> {
        let raw = std::fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let mut arguments: Vec<String> =
            raw.split(|&byte| byte == 0).map(|a| String::from_utf8_lossy(a).into_owned()).collect();
        // The last argument ends with a zero byte as well.
        arguments.pop();
        arguments
    }

    /// Waits until it is gone; `false` if it still runs after `limit`.
    pub(crate) async fn gone_within(self, limit: Duration) -> bool {
        let gone = async {
            while self.is_alive() {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(limit, gone).await.is_ok()
    }
}

/// The running processes whose arguments satisfy `wanted`.
pub(crate) fn find(wanted: impl Fn(&[String]) -> bool) -> Vec<ProcessId> {
    let Ok(entries) = std::fs::read_dir(PathBuf::from("/proc")) else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| ProcessId::running(entry.file_name().to_str()?.parse().ok()?))
        .filter(|process| wanted(&process.arguments()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_one_with_another_start_is_not() {
        let me = ProcessId::running(i32::try_from(std::process::id()).expect("fits")).expect("me");
        assert!(me.is_alive());
        let other = ProcessId { started: me.started + 1, ..me };
        assert!(!other.is_alive());
        // Would end this test if the start time were not looked at.
        other.signal(Signal::KILL).expect("nothing to do");
    }

    #[test]
    fn a_process_that_ended_and_was_not_waited_for_counts_as_gone() {
        let mut child = std::process::Command::new("true").spawn().expect("spawns");
        let pid = i32::try_from(child.id()).expect("fits");
        while ProcessId::running(pid).is_some() {
            std::thread::yield_now();
        }
        assert!(std::path::Path::new(&format!("/proc/{pid}")).exists(), "a zombie");
        child.wait().expect("reaped");
    }
}
