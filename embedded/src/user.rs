//! The unprivileged user who runs PostgreSQL when frontdesk is started as root.

use std::path::Path;

use rustix::process::geteuid;

/// Numeric user and group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The user to become; `None` if this is not root. `owner` is the owner of a database that exists
/// already: it stays with the user who made it. A new one belongs to the system's `postgres`,
/// else to `nobody`.
pub(crate) fn unprivileged(owner: Option<User>) -> Option<User> {
    if !geteuid().is_root() {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    Some(
        owner
            .filter(|owner| owner.uid != 0)
            .or_else(|| entry(&passwd, "postgres"))
            .or_else(|| entry(&passwd, "nobody"))
            .unwrap_or(User { uid: 65_534, gid: 65_534 }),
    )
}

fn entry(passwd: &str, name: &str) -> Option<User> {
    let mut fields = passwd
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?
        .split(':')
        .skip(1);
    Some(User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}

/// Whether that user can pass through `dir`: asked of the kernel, which knows about access lists
/// and mount options, by a child that changes into the folder.
pub(crate) fn can_pass(user: User, dir: &Path) -> bool {
    use std::os::unix::process::CommandExt;
    std::process::Command::new("/bin/true")
        .uid(user.uid)
        .gid(user.gid)
        .current_dir(dir)
        .env_clear()
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres2:x:7:7::/:/x\npostgres:x:101:104::";
        assert_eq!(entry(passwd, "postgres"), Some(User { uid: 101, gid: 104 }));
        assert_eq!(entry(passwd, "post"), None);
    }
}
