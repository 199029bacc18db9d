//! A `frontdesk` process with a data folder and an environment of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use frontdesk_embedded::testing::TestLiveKit;
use frontdesk_tenants::testing::{RING, TestDb};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// How long anything may take on a busy machine: a server to start or to end, a call to be spoken
/// and listened to.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(20);

/// A folder of one test, and the environment of its processes.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    vars: Vec<(String, String)>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        // Short and open to the user of the embedded PostgreSQL, which does not run as root.
        let folder = tempfile::Builder::new().prefix("fd").tempdir_in("/tmp").expect("a folder");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("opened");
        Self { folder, vars: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.vars.push((name.to_owned(), value.into()));
        self
    }

    /// With servers of somebody else, and nothing that a runtime has to write.
    pub(crate) fn with_servers(self, database: &TestDb, livekit: &TestLiveKit) -> Self {
        self.with("DATABASE_URL", database.url())
            .with("FRONTDESK_DATA_KEYS", RING)
            .with("LIVEKIT_URL", livekit.ws_url())
            .with("LIVEKIT_API_KEY", livekit.api_key())
            .with("LIVEKIT_API_SECRET", livekit.api_secret())
    }

    /// The command with nothing of this process's configuration.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_frontdesk")), args)
    }

    /// The same of a program that lies elsewhere.
    pub(crate) fn command_of(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        let configured = |name: &str| {
            let ours = ["FRONTDESK_", "LIVEKIT_"].iter().any(|prefix| name.starts_with(prefix));
            let tool = name == "LIVEKIT_SERVER_BIN" || name == "FRONTDESK_POSTGRES_BIN";
            (ours && !tool) || name == "DATABASE_URL" || name == "RUST_LOG"
        };
        for (name, _) in std::env::vars().filter(|(name, _)| configured(name)) {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("FRONTDESK_DATA_DIR", self.data_dir())
            .env("FRONTDESK_LISTEN", "127.0.0.1:0")
            .envs(self.vars.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn data_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Runs the command to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Output {
        let output = self.command(args).kill_on_drop(true).output();
        let output = tokio::time::timeout(PATIENCE, output).await.expect("frontdesk ends");
        output.expect("frontdesk runs")
    }

    /// Starts the command; its output goes to files in the folder.
    pub(crate) fn start(&self, args: &[&str]) -> Process {
        self.spawn(self.command(args))
    }

    /// The same of a command that was changed.
    pub(crate) fn spawn(&self, mut command: Command) -> Process {
        let out = self.folder.path().join("stdout");
        let log = self.folder.path().join("stderr");
        let file = |path: &Path| std::fs::File::create(path).expect("a file");
        let child = command.stdout(file(&out)).stderr(file(&log)).kill_on_drop(true).spawn();
        Process { child: child.expect("frontdesk runs"), out, log }
    }

    /// Processes whose command line names this folder: children that were left behind.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        self.processes().map(|(_, line)| line).collect()
    }

    fn processes(&self) -> impl Iterator<Item = (i32, String)> {
        let folder = self.folder.path().to_string_lossy().into_owned();
        let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
        processes.filter_map(move |entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(&folder).then_some((pid, line))
        })
    }
}

impl Drop for Desk {
    /// A runtime that is killed with its test leaves its servers behind.
    fn drop(&mut self) {
        for pid in self.processes().filter_map(|(pid, _)| rustix::process::Pid::from_raw(pid)) {
            // One that has ended meanwhile is as good.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// A running `frontdesk`.
pub(crate) struct Process {
    pub(crate) child: Child,
    out: std::path::PathBuf,
    log: std::path::PathBuf,
}

impl Process {
    pub(crate) fn output(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap_or_default()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until `check` gives something.
    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        mut check: impl AsyncFnMut(&Self) -> Option<T>,
    ) -> T {
        let end = later(PATIENCE);
        loop {
            if let Some(value) = check(self).await {
                return value;
            }
            let over = self.child.try_wait().expect("waited");
            assert!(
                over.is_none() && end.elapsed().is_zero(),
                "{what} did not happen; exit {over:?}\n{}\n{}",
                self.output(),
                self.log()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// The address that is printed when everything runs.
    pub(crate) async fn url(&mut self) -> String {
        self.until("the address is printed", async |process| {
            let output = process.output();
            let start = output.find("http://")?;
            // Without the path of the page.
            let (address, _) = output[start..].strip_prefix("http://")?.split_once('/')?;
            Some(format!("http://{address}"))
        })
        .await
    }

    /// Waits until the runtime is ready for calls.
    pub(crate) async fn ready(&mut self, url: &str) {
        let ready = format!("{url}/readyz");
        self.until("it is ready", async |_| (get(&ready).await.0 == 200).then_some(())).await;
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id().expect("it runs")).expect("a pid");
        let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("signalled");
    }

    /// Waits for the end and gives the exit code.
    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.expect("waited").code(),
            Err(_) => panic!("frontdesk does not end\n{}", self.log()),
        }
    }
}

/// GET, whatever the status; 0 if there is no answer.
pub(crate) async fn get(url: &str) -> (u16, String) {
    frontdesk::tls::install_provider();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build();
    match client.expect("a client").get(url).send().await {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(error) => (0, error.to_string()),
    }
}

/// The moment after `patience`.
fn later(patience: Duration) -> Instant {
    Instant::now() + patience
}
