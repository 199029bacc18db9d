//! The embedded PostgreSQL.

mod bin;
mod cluster;
mod wire;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use crate::error::EmbeddedError;
use crate::folder::{self, Lock};
use crate::logfile::LogFile;
use crate::process::{self, ProcessId};
use crate::server::{Kind, Server, from_pid_file, still_serves, stop_process};
use bin::Programs;
use cluster::Cluster;
use wire::{Session, WireError};

/// The database superuser, owner of everything until roles are made.
const SUPERUSER: &str = "postgres";
/// The database that exists after a start.
const DATABASE: &str = "frontdesk";

const KIND: Kind = Kind {
    name: "PostgreSQL",
    on_drop: Signal::INT,
    // Fast shutdown; then immediate, after which the next start recovers; then nothing is left.
    stop: &[
        (Signal::INT, Duration::from_secs(30)),
        (Signal::QUIT, Duration::from_secs(10)),
        (Signal::KILL, Duration::from_secs(5)),
    ],
};

/// How to run the embedded PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The data folder; made if absent. Data, socket, lock and log are in it.
    ///
    /// Started as root, PostgreSQL runs as the owner of existing data, else as the system's user
    /// `postgres`, else as `nobody`. If that user cannot pass through the folder's parents
    /// (`/root`, say), the data go to `/var/lib/frontdesk/<hash of the folder>` and the file
    /// `postgres.location` in the data folder says so.
    pub data_dir: PathBuf,
    /// Folder of `initdb` and `postgres`; if `None` they are looked for in `PATH`, by `pg_config`
    /// and where distributions put them: the version of existing data, else the newest.
    pub bin_dir: Option<PathBuf>,
    /// Connections at once.
    pub max_connections: u32,
    /// How long it may take to answer while it runs, recovery after a crash included. One that
    /// ends is not waited for.
    pub start_timeout: Duration,
    /// Whether a commit survives a power cut. Off only for data that nobody needs (tests).
    pub durable: bool,
}

impl PostgresOptions {
    /// The defaults for a data folder.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bin_dir: None,
            max_connections: 100,
            start_timeout: Duration::from_secs(600),
            durable: true,
        }
    }
}

/// A running PostgreSQL. [`Postgres::stop`] ends it in order; dropping the value asks it to end
/// and does not wait.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    cluster: Cluster,
    _lock: Option<Lock>,
}

impl Postgres {
    /// Starts PostgreSQL on the data of the folder, or adopts the one that a killed runtime left
    /// behind. Comes back when it answers and the database `frontdesk` exists, without a schema.
    ///
    /// # Errors
    /// [`EmbeddedError`], one line each: not installed or too old, folder in use, data of another
    /// version, no permission, disk full, ended or silent.
    pub async fn start(options: PostgresOptions) -> Result<Self, EmbeddedError> {
        let data_dir = folder::make(&options.data_dir)?;
        let lock = Lock::take(&data_dir, "postgres.lock")?;
        Self::run(&options, &data_dir, Some(lock)).await
    }

    async fn run(
        options: &PostgresOptions,
        data_dir: &Path,
        lock: Option<Lock>,
    ) -> Result<Self, EmbeddedError> {
        let cluster = Cluster::locate(data_dir)?;
        let data_version = cluster.version()?.and_then(|text| text.parse().ok());
        let programs = bin::find(options.bin_dir.as_deref(), data_version)?;
        cluster.check_version(&programs)?;
        let arguments = arguments(&programs, &cluster, options);
        let log = LogFile::new(data_dir, "postgres.log")?;
        let pid_file = data_dir.join("postgres.pid");

        for left in left_behind(&cluster, &pid_file) {
            if left.arguments() == arguments && still_serves(left, || answers(&cluster)).await {
                tracing::info!(pid = left.pid, "adopted the database left by an earlier run");
                let server = Server::adopt(KIND, left, data_dir, log, pid_file)?;
                let running = Self { server, cluster, _lock: lock };
                return running.with_database().await;
            }
            tracing::info!(pid = left.pid, "stopping the database left by an earlier run");
            stop_process(KIND, left).await?;
        }

        if cluster.version()?.is_none() {
            tracing::info!(dir = %cluster.dir.display(), version = programs.major, "new database");
            cluster.init(&programs, options.durable).await?;
        }
        cluster.make_socket_dir()?;
        let mut command = cluster.command(&programs.postgres());
        command.args(&arguments[1..]);
        let server = Server::spawn(KIND, command, data_dir, log, pid_file)?;
        let running = Self { server, cluster, _lock: lock };
        running.server.ready(options.start_timeout, || answers(&running.cluster)).await?;
        tracing::info!(
            pid = running.server.process.pid,
            version = programs.major,
            "database started"
        );
        running.with_database().await
    }

    async fn with_database(self) -> Result<Self, EmbeddedError> {
        let refused = |error: WireError| EmbeddedError::Refused {
            action: "make the database frontdesk",
            reason: error.to_string(),
        };
        match Session::open(&self.cluster.socket(), SUPERUSER, DATABASE).await {
            Ok(_) => Ok(self),
            // "database does not exist"
            Err(WireError::Server { code, .. }) if code == "3D000" => {
                let socket = self.cluster.socket();
                let mut session =
                    Session::open(&socket, SUPERUSER, "postgres").await.map_err(refused)?;
                session.run(&format!("CREATE DATABASE {DATABASE}")).await.map_err(refused)?;
                Ok(self)
            }
            Err(error) => Err(refused(error)),
        }
    }

    /// URL of the database `frontdesk` for the superuser, to make roles and migrate. Whoever can
    /// enter the socket's folder (mode 0700) is trusted, so it holds no password.
    #[must_use]
    pub fn superuser_url(&self) -> String {
        self.url(SUPERUSER, DATABASE)
    }

    /// URL for a role and a database, in the form that sqlx and libpq understand.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        url(&self.cluster.socket_dir, role, database)
    }

    /// The same URL of the server that has a data folder, whether it runs or not; `None` if there
    /// is no database in the folder.
    #[must_use]
    pub fn url_of(data_dir: &Path, role: &str, database: &str) -> Option<String> {
        Some(url(&cluster::existing_socket_dir(data_dir)?, role, database))
    }

    /// [`Postgres::superuser_url`] of the server that has a data folder, as [`Postgres::url_of`].
    #[must_use]
    pub fn superuser_url_of(data_dir: &Path) -> Option<String> {
        Self::url_of(data_dir, SUPERUSER, DATABASE)
    }

    /// Folder of the database's files.
    #[must_use]
    pub fn database_dir(&self) -> &Path {
        &self.cluster.dir
    }

    /// Its process.
    #[must_use]
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Whether it takes connections right now.
    pub async fn answers(&self) -> bool {
        answers(&self.cluster).await
    }

    /// Stops the server: open transactions are rolled back, data are written.
    ///
    /// # Errors
    /// [`EmbeddedError::NotStopped`] if nothing ends it.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        self.server.stop().await?;
        // Nothing is left in it; the next start makes it again.
        let _ = std::fs::remove_dir(&self.cluster.socket_dir);
        Ok(())
    }

    /// Leaves the server running for whoever adopts it next.
    #[cfg(feature = "testing")]
    pub(crate) fn leave(self) {
        self.server.leave();
    }
}

async fn answers(cluster: &Cluster) -> bool {
    let socket = cluster.socket();
    let session = Session::open(&socket, SUPERUSER, "postgres");
    tokio::time::timeout(Duration::from_secs(30), session).await.is_ok_and(|opened| opened.is_ok())
}

/// The server's command line. A process with exactly these arguments may be adopted.
fn arguments(programs: &Programs, cluster: &Cluster, options: &PostgresOptions) -> Vec<String> {
    let mut arguments = vec![
        programs.postgres().to_string_lossy().into_owned(),
        "-D".to_owned(),
        cluster.dir.to_string_lossy().into_owned(),
        "-k".to_owned(),
        cluster.socket_dir.to_string_lossy().into_owned(),
    ];
    let max_connections = format!("max_connections={}", options.max_connections);
    let mut settings = vec![
        "listen_addresses=",
        "port=5432",
        "unix_socket_permissions=0700",
        &max_connections,
        "timezone=UTC",
        "log_timezone=UTC",
        "log_line_prefix=%m [%p] ",
        "log_checkpoints=off",
        // A failing statement, its values and even the message can name a patient. Clients get
        // them; the log gets what concerns the server itself.
        "log_min_messages=log",
        "log_min_error_statement=panic",
        "log_error_verbosity=terse",
    ];
    if !options.durable {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    }
    for setting in settings {
        arguments.push("-c".to_owned());
        arguments.push(setting.to_owned());
    }
    arguments
}

/// Processes of an earlier run on these data: by the pid file, and by their arguments in case the
/// runtime was killed before it wrote the file. An interrupted `initdb` counts.
fn left_behind(cluster: &Cluster, pid_file: &Path) -> Vec<ProcessId> {
    let (dir, new) = (cluster.dir.to_string_lossy(), cluster.dir.with_extension("new"));
    let new = new.to_string_lossy();
    let mut left = process::find(|arguments| {
        let program = arguments.first().and_then(|program| program.rsplit('/').next());
        matches!(program, Some("postgres" | "initdb"))
            && arguments.iter().skip(1).any(|argument| *argument == dir || *argument == new)
    });
    // The pid file is younger than any other evidence: its process goes first.
    if let Some(known) = from_pid_file(pid_file) {
        left.retain(|process| *process != known);
        left.insert(0, known);
    }
    left
}

fn url(socket_dir: &Path, role: &str, database: &str) -> String {
    format!(
        "postgres://{}@localhost:5432/{}?host={}&sslmode=disable",
        percent(role),
        percent(database),
        percent(&socket_dir.to_string_lossy()),
    )
}

/// Percent-encodes all but unreserved characters.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_urls_are_encoded() {
        assert_eq!(percent("/var/lib/front desk"), "%2Fvar%2Flib%2Ffront%20desk");
        assert_eq!(percent("frontdesk_app-1.x~"), "frontdesk_app-1.x~");
    }
}
