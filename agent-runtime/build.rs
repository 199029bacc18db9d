//! Puts LiveKit's browser client into the program, if npm has installed it. Its source is not part
//! of the repository, and nothing is downloaded when the program is built or runs.

use std::path::Path;

fn main() {
    let bundle = Path::new("dev-page/node_modules/livekit-client/dist/livekit-client.umd.js");
    println!("cargo::rerun-if-changed=build.rs");
    // A path that does not exist would make cargo run this each time: then watch the folder, whose
    // time changes when npm adds node_modules.
    if bundle.exists() {
        println!("cargo::rerun-if-changed={}", bundle.display());
    } else {
        println!("cargo::rerun-if-changed=dev-page");
    }
    let code = match std::path::absolute(bundle) {
        Ok(path) if path.exists() => format!("Some(include_bytes!({path:?}) as &[u8])"),
        _ => "None".to_owned(),
    };
    let out = std::env::var_os("OUT_DIR").map(std::path::PathBuf::from).unwrap_or_default();
    if let Err(error) = std::fs::write(out.join("livekit_client.rs"), code) {
        println!("cargo::error=livekit_client.rs cannot be written: {error}");
    }
}
