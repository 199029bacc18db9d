//! Memory and processor time of a process and its children, as the kernel counts them.

use std::collections::BTreeSet;
use std::fs;

/// Servers that the embedded default runs beside the agent: not the agent's own.
const SERVERS: [&str; 2] = ["postgres", "livekit-server"];

/// Ticks per second of the times in `/proc/PID/stat`; fixed on Linux (`USER_HZ`, proc(5)).
const TICKS: f64 = 100.0;

/// A process and its descendants without the embedded servers.
#[derive(Debug, Clone)]
pub(crate) struct Processes(u32);

impl Processes {
    pub(crate) const fn tree_of(pid: u32) -> Self {
        Self(pid)
    }

    fn all(&self) -> BTreeSet<u32> {
        let mut found = BTreeSet::from([self.0]);
        let mut new = vec![self.0];
        while let Some(pid) = new.pop() {
            let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
            for task in tasks.flatten() {
                let children = fs::read_to_string(task.path().join("children"));
                for child in children.unwrap_or_default().split_whitespace() {
                    let Ok(child) = child.parse::<u32>() else { continue };
                    let name = fs::read_to_string(format!("/proc/{child}/comm"));
                    let name = name.unwrap_or_default();
                    if !SERVERS.contains(&name.trim()) && found.insert(child) {
                        new.push(child);
                    }
                }
            }
        }
        found
    }

    /// Proportional set size: private memory and the share of what is shared.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let of = |pid: u32| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        self.all().into_iter().filter_map(of).sum::<u64>() * 1024
    }

    /// Open file descriptors.
    pub(crate) fn open_files(&self) -> usize {
        self.entries("fd")
    }

    /// Threads.
    pub(crate) fn threads(&self) -> usize {
        self.entries("task")
    }

    /// Entries of this folder of each process in `/proc`.
    fn entries(&self, folder: &str) -> usize {
        let of = |pid: u32| Some(fs::read_dir(format!("/proc/{pid}/{folder}")).ok()?.count());
        self.all().into_iter().filter_map(of).sum()
    }

    /// User and system time so far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let of = |pid: u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // The name, in parentheses, may contain spaces.
            let (_, fields) = stat.rsplit_once(") ")?;
            let mut fields = fields.split(' ').skip(11);
            let user = fields.next()?.parse::<f64>().ok()?;
            let system = fields.next()?.parse::<f64>().ok()?;
            Some((user + system) / TICKS)
        };
        self.all().into_iter().filter_map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_time() {
        let own = Processes::tree_of(std::process::id());
        assert!(own.memory_bytes() > 100_000);
        let before = own.cpu_seconds();
        // Ends: time that is used is counted.
        while own.cpu_seconds() <= before {}
    }
}
