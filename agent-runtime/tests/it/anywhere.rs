//! The program is started in any folder, with its data in another.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::desk::Desk;

/// The livekit-server of the set-up, which the tests run with.
fn livekit_server() -> PathBuf {
    let named = std::env::var_os("LIVEKIT_SERVER_BIN").map(PathBuf::from);
    let named = named.unwrap_or_else(|| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin/livekit-server")
    });
    named.canonicalize().expect("livekit-server: run the set-up")
}

/// A folder with the set-up's livekit-server in its tools.
fn with_tools(folder: &Path) {
    let tools = folder.join(".tools/bin");
    std::fs::create_dir_all(&tools).expect("a folder");
    symlink(livekit_server(), tools.join("livekit-server")).expect("a link");
}

/// What `doctor` says of LiveKit, where nothing but the folders tells where its server is.
async fn livekit_line(desk: &Desk, program: &Path, working_dir: &Path) -> String {
    let mut doctor = desk.command_of(program, &["doctor"]);
    doctor.current_dir(working_dir).env_remove("LIVEKIT_SERVER_BIN");
    doctor.env("HOME", desk.folder.path()).env("PATH", "/usr/bin:/bin");
    let output = doctor.kill_on_drop(true).output().await.expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains(" livekit ")).unwrap_or_default();
    assert!(!line.is_empty(), "{text}");
    line.to_owned()
}

#[tokio::test]
async fn a_tools_folder_beside_the_user_is_used_though_the_data_are_elsewhere() {
    let desk = Desk::new();
    with_tools(desk.folder.path());
    assert!(desk.data_dir().is_absolute());
    let program = Path::new(env!("CARGO_BIN_EXE_frontdesk"));
    let line = livekit_line(&desk, program, desk.folder.path()).await;
    assert!(line.starts_with("ok"), "{line}");
}

#[tokio::test]
async fn the_tools_of_the_clone_are_found_from_any_folder() {
    let desk = Desk::new();
    // A clone as cargo leaves it: the program in a tagged target folder.
    let clone = desk.folder.path().join("clone");
    with_tools(&clone);
    let built = clone.join("target/debug");
    std::fs::create_dir_all(&built).expect("a folder");
    std::fs::write(clone.join("target/CACHEDIR.TAG"), "").expect("written");
    let program = built.join("frontdesk");
    let original = env!("CARGO_BIN_EXE_frontdesk");
    if std::fs::hard_link(original, &program).is_err() {
        // Another file system.
        std::fs::copy(original, &program).expect("copied");
    }
    let line = livekit_line(&desk, &program, Path::new("/")).await;
    assert!(line.starts_with("ok"), "{line}");
}
