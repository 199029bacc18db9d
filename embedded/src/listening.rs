//! Whether a process listens on a port: another's server that answers there is not ours.

use std::fs;

/// Whether `pid` has a socket that listens on this TCP port of 127.0.0.1 (proc(5), `/proc/net/tcp`).
/// True as well where the kernel does not tell.
pub(crate) fn listens(pid: i32, port: u16) -> bool {
    let Ok(table) = fs::read_to_string(format!("/proc/{pid}/net/tcp")) else { return true };
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return true };
    let wanted = format!(":{port:04X}");
    let inodes: Vec<String> = table
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // State 0A is LISTEN.
            let listening = fields.get(1)?.ends_with(&wanted) && *fields.get(3)? == "0A";
            listening.then(|| fields.get(9).map(|inode| format!("socket:[{inode}]")))?
        })
        .collect();
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|link| inodes.iter().any(|inode| link.as_os_str() == inode.as_str()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_belongs_to_the_process_that_listens_there() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let pid = i32::try_from(std::process::id()).expect("a pid");
        assert!(listens(pid, port));
        drop(listener);
        assert!(!listens(pid, port));
    }
}
