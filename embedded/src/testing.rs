//! Servers for tests. Real ones: there is no fake of PostgreSQL or LiveKit in this project.
//!
//! - [`test_postgres`]: one PostgreSQL for all test processes of a target folder. It outlives each
//!   of them and ends by itself when nobody has used it for a while ([`stop_test_servers`] ends it
//!   at once). `FRONTDESK_TEST_DATABASE_URL` names another server to use instead.
//! - [`test_livekit`]: a livekit-server of its own per call, gone when the value is dropped or the
//!   test process dies. `LIVEKIT_SERVER_BIN` names the program.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::error::{EmbeddedError, IoContext};
use crate::folder;
use crate::{LiveKit, LiveKitOptions, Ports, Postgres, PostgresOptions};

/// Names a PostgreSQL server to use for tests, as a superuser.
pub const TEST_DATABASE_URL: &str = "FRONTDESK_TEST_DATABASE_URL";

/// How long the shared PostgreSQL waits for the next test process, in seconds: longer than cargo
/// takes from one test binary to the next.
const IDLE_SECONDS: u32 = 60;

/// A PostgreSQL for tests; shared, so a test makes a database of its own in it.
#[derive(Debug)]
pub struct TestPostgres {
    url: String,
    // Held (shared) by whoever uses the server; the watchdog waits until nobody does.
    _user: Option<File>,
}

impl TestPostgres {
    /// URL of a superuser and a database that exists.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// The shared PostgreSQL, started if it is not running. Commits in it do not survive a power cut.
///
/// # Errors
/// [`EmbeddedError`] if it cannot be started.
pub async fn test_postgres() -> Result<TestPostgres, EmbeddedError> {
    if let Ok(url) = std::env::var(TEST_DATABASE_URL) {
        return Ok(TestPostgres { url, _user: None });
    }
    let dir = folder::make(&shared_dir())?;
    let user = lock_file(&dir.join("users.lock"), FlockOperation::LockShared).await?;
    // Test processes start at the same time; one of them starts the server, the others adopt it.
    let starting = lock_file(&dir.join("start.lock"), FlockOperation::LockExclusive).await?;
    let mut options = PostgresOptions::new(&dir);
    options.durable = false;
    options.max_connections = 300;
    let known = crate::server::from_pid_file(&dir.join("postgres.pid"));
    if known.is_none() {
        // Nobody needs the data of earlier tests, and after a power cut they are damaged.
        remove_data(&dir)?;
    }
    let postgres = Postgres::start(options).await?;
    if known.is_none_or(|known| known.pid != postgres.server().pid()) {
        watch_idle(&dir, postgres.server().pid())?;
    }
    let url = postgres.superuser_url();
    postgres.leave();
    drop(starting);
    Ok(TestPostgres { url, _user: Some(user) })
}

/// Stops the shared PostgreSQL of this target folder, if it runs.
///
/// # Errors
/// [`EmbeddedError`] if it does not end.
pub async fn stop_test_servers() -> Result<(), EmbeddedError> {
    let dir = shared_dir();
    if crate::server::from_pid_file(&dir.join("postgres.pid")).is_some() {
        let _starting = lock_file(&dir.join("start.lock"), FlockOperation::LockExclusive).await?;
        let mut options = PostgresOptions::new(&dir);
        options.durable = false;
        options.max_connections = 300;
        Postgres::start(options).await?.stop().await?;
    }
    Ok(())
}

fn remove_data(dir: &Path) -> Result<(), EmbeddedError> {
    let pointed = folder::read_if_present(&dir.join("postgres.location"))?;
    let data = pointed.map_or_else(|| dir.join("postgres"), |text| PathBuf::from(text.trim()));
    match std::fs::remove_dir_all(&data) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(EmbeddedError::io("remove", &data, error))
        }
        _ => Ok(()),
    }
}

/// `test-servers` in the folder where this test binary was built.
fn shared_dir() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let target = exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").exists());
    target.map_or_else(std::env::temp_dir, Path::to_owned).join("test-servers")
}

async fn lock_file(path: &Path, operation: FlockOperation) -> Result<File, EmbeddedError> {
    let path = path.to_owned();
    let lock = move || {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.at("open", &path)?;
        flock(&file, operation).at("lock", &path)?;
        Ok(file)
    };
    tokio::task::spawn_blocking(lock).await.unwrap_or_else(|error| {
        Err(EmbeddedError::io("lock", Path::new("start.lock"), std::io::Error::other(error)))
    })
}

/// Ends the shared server when the lock of its users stays free. `flock` is util-linux's, which
/// Debian always has.
fn watch_idle(dir: &Path, pid: i32) -> Result<(), EmbeddedError> {
    // Process id and start time, as everywhere in this crate. While it holds the lock no new user
    // can come, so it keeps it until the server is gone.
    let script = r#"
        started() {
            set -- $(cat "/proc/$PID/stat" 2>/dev/null)
            # A zombie is gone; some systems leave it in the table for minutes.
            [ "$3" = Z ] || echo "${22}"
        }
        START=$(started)
        while [ -n "$START" ] && [ "$(started)" = "$START" ]; do
            flock users.lock true
            sleep "$IDLE"
            exec 9>users.lock
            if flock -n 9 && [ "$(started)" = "$START" ]; then
                kill -INT "$PID"
                while [ "$(started)" = "$START" ]; do sleep 0.1; done
            fi
            exec 9>&-
        done"#;
    watchdog(script, dir, &[("PID", pid.to_string()), ("IDLE", IDLE_SECONDS.to_string())])
}

fn watchdog(script: &str, dir: &Path, env: &[(&str, String)]) -> Result<(), EmbeddedError> {
    let sh = Path::new("/bin/sh");
    let child = Command::new(sh)
        .args(["-c", script, "frontdesk-watchdog"])
        // Only to be seen in a list of processes.
        .arg(dir)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .at("run", sh)?;
    // It outlives this process on purpose, so nobody waits for it here.
    drop(child);
    Ok(())
}

/// A livekit-server for one test.
#[derive(Debug)]
pub struct TestLiveKit {
    server: Option<LiveKit>,
    ports: Ports,
    ws_url: String,
    api_key: String,
    api_secret: String,
    dir: TempDir,
    // The watchdog waits for this lock, which the kernel drops with this process.
    _owner: File,
}

/// A fresh livekit-server with keys of its own on free ports.
///
/// # Errors
/// [`EmbeddedError`] if it cannot be started.
pub async fn test_livekit() -> Result<TestLiveKit, EmbeddedError> {
    let dir = tempfile::Builder::new()
        .prefix("frontdesk-livekit-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir()
        .at("make a folder in", Path::new("/tmp"))?;
    let owner = lock_file(&dir.path().join("owner.lock"), FlockOperation::LockExclusive).await?;
    let server = LiveKit::start(livekit_options(dir.path(), Ports::Free)).await?;
    // Reads the pid file when it acts, since the server may have been restarted by then.
    let script = r#"
        flock owner.lock true
        [ -e livekit.pid ] || exit 0
        set -- $(tr -c '0-9\n' ' ' <livekit.pid)
        [ "$(cut -d' ' -f22 "/proc/$1/stat" 2>/dev/null)" = "$2" ] && kill -KILL "$1"
        rm -rf "$DIR""#;
    watchdog(script, dir.path(), &[("DIR", dir.path().to_string_lossy().into_owned())])?;
    Ok(TestLiveKit {
        ports: server.ports(),
        ws_url: server.ws_url(),
        api_key: server.api_key().to_owned(),
        api_secret: server.api_secret().to_owned(),
        server: Some(server),
        dir,
        _owner: owner,
    })
}

fn livekit_options(dir: &Path, ports: Ports) -> LiveKitOptions {
    let mut options = LiveKitOptions::new(dir);
    options.ports = ports;
    options.program = std::env::var_os("LIVEKIT_SERVER_BIN").map(PathBuf::from);
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        options.tool_dirs = vec![home.join(".local/bin"), home.join("go/bin")];
    }
    if let Some(target) = shared_dir().parent().and_then(Path::parent) {
        options.tool_dirs.insert(0, target.join(".tools/bin"));
    }
    options
}

impl TestLiveKit {
    /// `ws://127.0.0.1:port`, the same over restarts.
    #[must_use]
    pub fn ws_url(&self) -> &str {
        &self.ws_url
    }

    /// The same over restarts.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The same over restarts.
    #[must_use]
    pub fn api_secret(&self) -> &str {
        &self.api_secret
    }

    /// Its data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// What the server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log/livekit.log")).unwrap_or_default()
    }

    /// Kills the server as a crash would; connections break.
    ///
    /// # Errors
    /// [`EmbeddedError::NotStopped`] if it does not go.
    pub async fn kill(&mut self) -> Result<(), EmbeddedError> {
        match self.server.take() {
            Some(server) => server.kill().await,
            None => Ok(()),
        }
    }

    /// Starts a killed server again, on the same ports with the same keys.
    ///
    /// # Errors
    /// [`EmbeddedError`] if it cannot be started.
    pub async fn start_again(&mut self) -> Result<(), EmbeddedError> {
        self.kill().await?;
        let mut ends = Vec::new();
        for _ in 0..50 {
            // Sockets of the killed process may linger for a moment.
            match LiveKit::start(livekit_options(self.dir.path(), self.ports)).await {
                Ok(server) => {
                    self.server = Some(server);
                    return Ok(());
                }
                Err(error @ EmbeddedError::PortTaken { .. }) => ends.push(error),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(ends.pop().unwrap_or(EmbeddedError::NotFound {
            program: "livekit-server",
            looked: String::new(),
            remedy: "",
        }))
    }
}

impl Drop for TestLiveKit {
    fn drop(&mut self) {
        drop(self.server.take());
        // The watchdog finds no pid file and leaves; the folder goes with `dir`.
        let _ = std::fs::remove_file(self.dir.path().join("livekit.pid"));
    }
}
