//! What several tests need.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use frontdesk_embedded::{LiveKitOptions, Ports, PostgresOptions};

/// A folder that PostgreSQL's unprivileged user can reach.
pub(crate) fn folder() -> tempfile::TempDir {
    folder_of_mode(0o711)
}

pub(crate) fn folder_of_mode(mode: u32) -> tempfile::TempDir {
    let mode = std::fs::Permissions::from_mode(mode);
    let mut folder = tempfile::Builder::new();
    folder.prefix("fd-").permissions(mode).tempdir_in("/tmp").expect("a folder")
}

pub(crate) fn postgres(dir: &Path) -> PostgresOptions {
    let mut options = PostgresOptions::new(dir);
    options.durable = false;
    options
}

/// On any free ports, so that tests that run at a time do not take each other's.
pub(crate) fn livekit(dir: &Path) -> LiveKitOptions {
    let mut options = LiveKitOptions::new(dir);
    options.ports = Ports::Free;
    options.program = std::env::var_os("LIVEKIT_SERVER_BIN").map(PathBuf::from);
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        options.tool_dirs = vec![home.join(".local/bin"), home.join("go/bin")];
    }
    options.tool_dirs.insert(0, Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin"));
    options
}

/// On the ports of the folder, else the usual ones: see [`USUAL_PORTS`].
pub(crate) fn livekit_on_usual_ports(dir: &Path) -> LiveKitOptions {
    let mut options = livekit(dir);
    options.ports = Ports::Auto;
    options
}

/// Held by each test whose server wants the usual ports, for as long as it must keep them over a
/// restart: another test's server would take them in between.
pub(crate) static USUAL_PORTS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Whether a process with that text in its arguments runs on this machine.
pub(crate) fn runs(text: &str) -> Vec<String> {
    let me = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").expect("Linux").flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy() != me)
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .filter(|line| line.contains(text))
        .collect()
}

/// Waits until the condition holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("did not come to pass within 30 s: {what}");
}

/// Another process of this binary that runs the ignored test `name` on the folder: a runtime that
/// can be killed.
pub(crate) fn runtime(name: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", name, "--ignored"])
        .env("FRONTDESK_TEST_FOLDER", dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("spawns")
}

/// The folder given to [`runtime`].
pub(crate) fn given_folder() -> PathBuf {
    std::env::var_os("FRONTDESK_TEST_FOLDER").map(PathBuf::from).expect("run by another test")
}
