//! The servers that a runtime uses: its own children, or somebody else's.
//!
//! Started in order, stopped in reverse; if the second does not start the first is stopped again.
//! A child that ends by itself is started again, on the same data, ports and keys, so that calls
//! find it where it was.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use frontdesk_embedded::{
    EmbeddedError, LiveKit, LiveKitOptions, Ports, Postgres, PostgresOptions,
};
use frontdesk_rtc::token::ApiKey;
use serde::Deserialize;
use tokio::time::Instant;

use crate::config::{Config, DatabaseConfig, LiveKitConfig, Secret};

/// An embedded server could not be started; one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ServerError(#[from] EmbeddedError);

impl ServerError {
    /// Whether another runtime uses the data folder: then its server runs.
    #[must_use]
    pub const fn is_in_use(&self) -> bool {
        matches!(self.0, EmbeddedError::InUse { .. })
    }
}

/// Where the database is and as whom to use it.
#[derive(Debug, Clone)]
pub enum DatabaseAccess {
    /// The embedded one: the superuser's URL, with which roles and schema are made.
    Embedded {
        /// URL of the superuser.
        superuser: Secret,
        /// URL of the application's role.
        app: Secret,
        /// URL of the worker's role.
        worker: Secret,
    },
    /// Somebody else's.
    External {
        /// URL of the application's role.
        app: Secret,
        /// URL of the owner's role, if this runtime is to migrate.
        owner: Option<Secret>,
        /// URL of the worker's role, if this runtime is to run the jobs that need it.
        worker: Option<Secret>,
    },
}

impl DatabaseAccess {
    /// URL of the application's role.
    #[must_use]
    pub const fn app(&self) -> &Secret {
        match self {
            Self::Embedded { app, .. } | Self::External { app, .. } => app,
        }
    }

    /// URL of the worker's role, if it is known.
    #[must_use]
    pub const fn worker(&self) -> Option<&Secret> {
        match self {
            Self::Embedded { worker, .. } => Some(worker),
            Self::External { worker, .. } => worker.as_ref(),
        }
    }
}

/// Where LiveKit is and with which key.
#[derive(Debug, Clone)]
pub struct LiveKitAccess {
    /// `ws://` or `wss://`.
    pub url: String,
    /// API key and secret.
    pub key: ApiKey,
}

impl LiveKitAccess {
    fn new(url: &str, key: &str, secret: &str) -> Self {
        Self { url: url.to_owned(), key: ApiKey::new(key, secret) }
    }
}

/// The servers while they run.
#[derive(Debug)]
pub struct Servers {
    /// The database.
    pub database: DatabaseAccess,
    /// LiveKit.
    pub livekit: LiveKitAccess,
    postgres_child: Option<Postgres>,
    livekit_child: Option<LiveKit>,
}

/// Deaths of one child within [`DEATHS_WITHIN`] after which it is not started again.
const MAX_DEATHS: usize = 4;
/// See [`MAX_DEATHS`].
const DEATHS_WITHIN: Duration = Duration::from_secs(10 * 60);
/// Between two attempts to start a child: what the dead one left behind (a port, its children) is
/// gone soon.
const START_PAUSE: Duration = Duration::from_secs(1);

/// When a child died.
#[derive(Debug, Default)]
struct Deaths(VecDeque<Instant>);

impl Deaths {
    /// Counts one more; false if there were too many.
    fn one_more(&mut self, now: Instant) -> bool {
        self.0.push_back(now);
        while self.0.front().is_some_and(|first| now.duration_since(*first) > DEATHS_WITHIN) {
            self.0.pop_front();
        }
        self.0.len() < MAX_DEATHS
    }
}

/// The application's role of the embedded database.
const APP_ROLE: &str = "frontdesk_app";
/// The worker's role there.
const WORKER_ROLE: &str = "frontdesk_worker";
/// The embedded database.
const DATABASE: &str = "frontdesk";

impl Servers {
    /// Starts those that are embedded.
    ///
    /// # Errors
    /// [`ServerError`]; then none of them runs.
    pub async fn start(config: &Config) -> Result<Self, ServerError> {
        let (database, postgres_child) = start_postgres(config).await?;
        match start_livekit(config).await {
            Ok((livekit, livekit_child)) => {
                Ok(Self { database, livekit, postgres_child, livekit_child })
            }
            Err(error) => {
                stop_postgres(postgres_child).await;
                Err(error)
            }
        }
    }

    /// Folder of the embedded database's files.
    #[must_use]
    pub fn database_dir(&self) -> Option<&Path> {
        self.postgres_child.as_ref().map(Postgres::database_dir)
    }

    /// Starts a child that has ended by itself again. Comes back, with what to tell the operator,
    /// when that is of no use: it ends again and again, or does not start.
    pub async fn keep_alive(&mut self, config: &Config) -> String {
        let Self { postgres_child, livekit_child, .. } = self;
        tokio::select! {
            line = keep_postgres(postgres_child, config) => line,
            line = keep_livekit(livekit_child, config) => line,
        }
    }

    /// Stops the children, the database last. What does not end is logged: there is nothing else
    /// to do about it on the way out.
    pub async fn stop(self) {
        stop_livekit(self.livekit_child).await;
        stop_postgres(self.postgres_child).await;
    }
}

async fn keep_postgres(child: &mut Option<Postgres>, config: &Config) -> String {
    let mut deaths = Deaths::default();
    loop {
        let Some(dead) = child.as_ref() else { return std::future::pending().await };
        dead.server().exited().await;
        let log = dead.server().log().to_owned();
        // It holds the folder's lock.
        *child = None;
        match again("PostgreSQL", &log, &mut deaths, async || start_postgres(config).await).await {
            Ok((_, started)) => *child = started,
            Err(line) => return line,
        }
    }
}

async fn keep_livekit(child: &mut Option<LiveKit>, config: &Config) -> String {
    let mut deaths = Deaths::default();
    loop {
        let Some(dead) = child.as_ref() else { return std::future::pending().await };
        dead.server().exited().await;
        let (log, ports) = (dead.server().log().to_owned(), dead.ports());
        *child = None;
        let program = match &config.livekit {
            LiveKitConfig::Embedded { bin } => bin.as_deref(),
            LiveKitConfig::External { .. } => None,
        };
        let start = async || livekit_child(config, program, ports).await;
        match again("livekit-server", &log, &mut deaths, start).await {
            Ok(started) => *child = Some(started),
            Err(line) => return line,
        }
    }
}

/// Starts a child that has died again, unless it has died too often.
async fn again<T, E: std::fmt::Display>(
    name: &str,
    log: &Path,
    deaths: &mut Deaths,
    mut start: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, String> {
    let ended = format!("the embedded {name} ended by itself");
    let log = log.display();
    loop {
        if !deaths.one_more(Instant::now()) {
            return Err(format!("{ended}, {MAX_DEATHS} times in a row: its log is {log}"));
        }
        tracing::error!(server = name, %log, "a server ended by itself, starting it again");
        match start().await {
            Ok(started) => return Ok(started),
            Err(error) => tracing::error!(server = name, %error, "the server does not start again"),
        }
        tokio::time::sleep(START_PAUSE).await;
    }
}

/// Stops the embedded livekit-server, if there is one.
pub async fn stop_livekit(child: Option<LiveKit>) {
    if let Some(child) = child
        && let Err(error) = child.stop().await
    {
        tracing::error!(%error, "embedded livekit-server did not stop");
    }
}

/// Stops the embedded PostgreSQL, if there is one.
pub async fn stop_postgres(child: Option<Postgres>) {
    if let Some(child) = child
        && let Err(error) = child.stop().await
    {
        tracing::error!(%error, "embedded postgresql did not stop");
    }
}

/// Finds or starts the database.
pub async fn start_postgres(
    config: &Config,
) -> Result<(DatabaseAccess, Option<Postgres>), ServerError> {
    match &config.database {
        DatabaseConfig::External { url, migrate_url, worker_url } => {
            let access = DatabaseAccess::External {
                app: url.clone(),
                owner: migrate_url.clone(),
                worker: worker_url.clone(),
            };
            Ok((access, None))
        }
        DatabaseConfig::Embedded { bin } => {
            let options =
                PostgresOptions { bin_dir: bin.clone(), ..PostgresOptions::new(&config.data_dir) };
            let child = Postgres::start(options).await?;
            let access = DatabaseAccess::Embedded {
                superuser: Secret::new(child.superuser_url()),
                app: Secret::new(child.url(APP_ROLE, DATABASE)),
                worker: Secret::new(child.url(WORKER_ROLE, DATABASE)),
            };
            Ok((access, Some(child)))
        }
    }
}

/// Finds or starts the LiveKit server.
pub async fn start_livekit(
    config: &Config,
) -> Result<(LiveKitAccess, Option<LiveKit>), ServerError> {
    match &config.livekit {
        LiveKitConfig::External { url, key, secret } => {
            Ok((LiveKitAccess::new(url, key.reveal(), secret.reveal()), None))
        }
        LiveKitConfig::Embedded { bin } => {
            let child = livekit_child(config, bin.as_deref(), Ports::Auto).await?;
            let access = LiveKitAccess::new(&child.ws_url(), child.api_key(), child.api_secret());
            Ok((access, Some(child)))
        }
    }
}

async fn livekit_child(
    config: &Config,
    program: Option<&Path>,
    ports: Ports,
) -> Result<LiveKit, ServerError> {
    let options = LiveKitOptions {
        program: program.map(Path::to_owned),
        tool_dirs: tool_dirs(),
        ports,
        ..LiveKitOptions::new(&config.data_dir)
    };
    Ok(LiveKit::start(options).await?)
}

/// Where the set-up puts programs: the ignored tools folder of this folder and of the clone that
/// this program was built in, and the user's.
fn tool_dirs() -> Vec<PathBuf> {
    let clone = std::env::current_exe().ok().and_then(|program| clone_of(&program));
    let project = clone.into_iter().chain([PathBuf::new()]).map(|clone| clone.join(".tools/bin"));
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let user = home.iter().flat_map(|home| [home.join(".local/bin"), home.join("go/bin")]);
    project.chain(user).collect()
}

/// The folder in which cargo has built a program: beside its target folder, which cargo tags.
fn clone_of(program: &Path) -> Option<PathBuf> {
    let target = program.ancestors().skip(1).find(|dir| dir.join("CACHEDIR.TAG").is_file())?;
    target.parent().map(Path::to_owned)
}

/// Why `token` does not know where LiveKit is.
#[derive(Debug, thiserror::Error)]
pub enum NoLiveKit {
    /// No runtime has made keys in this folder yet.
    #[error(
        "there is no embedded LiveKit server in {} yet: start `frontdesk serve` first, or set \
         LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
        .0.display()
    )]
    NeverStarted(PathBuf),
}

/// There is no database to use without starting one.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no embedded database in {} yet: start `frontdesk serve` first, or set DATABASE_URL",
    .0.display()
)]
pub struct NoDatabase(PathBuf);

/// The database, as the application's role, without starting anything: as configured, else the
/// embedded one of the data folder.
///
/// # Errors
/// [`NoDatabase`] if there was none.
pub fn last_database(config: &Config) -> Result<Secret, NoDatabase> {
    match &config.database {
        DatabaseConfig::External { url, .. } => Ok(url.clone()),
        DatabaseConfig::Embedded { .. } => {
            let url = Postgres::url_of(&config.data_dir, APP_ROLE, DATABASE);
            url.map(Secret::new).ok_or_else(|| NoDatabase(config.data_dir.clone()))
        }
    }
}

/// The embedded database of the data folder as its superuser and as the worker, without starting
/// anything; `None` if there was none, or the database is somebody else's.
#[must_use]
pub fn last_embedded(config: &Config) -> Option<(Secret, Secret)> {
    let DatabaseConfig::Embedded { .. } = &config.database else { return None };
    let superuser = Postgres::superuser_url_of(&config.data_dir)?;
    let worker = Postgres::url_of(&config.data_dir, WORKER_ROLE, DATABASE)?;
    Some((Secret::new(superuser), Secret::new(worker)))
}

/// As [`last_database`], with what jobs need, migrating nothing.
///
/// # Errors
/// [`NoDatabase`] if there was none.
pub fn last_access(config: &Config) -> Result<DatabaseAccess, NoDatabase> {
    let worker = match &config.database {
        DatabaseConfig::External { worker_url, .. } => worker_url.clone(),
        DatabaseConfig::Embedded { .. } => {
            Postgres::url_of(&config.data_dir, WORKER_ROLE, DATABASE).map(Secret::new)
        }
    };
    Ok(DatabaseAccess::External { app: last_database(config)?, owner: None, worker })
}

/// Where LiveKit is, without starting anything: as configured, else as the embedded server of the
/// data folder was last started.
///
/// # Errors
/// [`NoLiveKit`] if there was none.
pub fn last_livekit(config: &Config) -> Result<LiveKitAccess, NoLiveKit> {
    #[derive(Deserialize)]
    struct Keys {
        api_key: String,
        api_secret: String,
    }
    #[derive(Deserialize)]
    struct Ports {
        http: u16,
    }
    fn read<T: serde::de::DeserializeOwned>(dir: &Path, name: &str) -> Option<T> {
        serde_json::from_str(&std::fs::read_to_string(dir.join(name)).ok()?).ok()
    }
    if let LiveKitConfig::External { url, key, secret } = &config.livekit {
        return Ok(LiveKitAccess::new(url, key.reveal(), secret.reveal()));
    }
    let dir = &config.data_dir;
    let keys: Option<Keys> = read(dir, "livekit-keys.json");
    let ports: Option<Ports> = read(dir, "livekit-ports.json");
    let (Some(keys), Some(ports)) = (keys, ports) else {
        return Err(NoLiveKit::NeverStarted(dir.clone()));
    };
    let url = format!("ws://127.0.0.1:{}", ports.http);
    Ok(LiveKitAccess::new(&url, &keys.api_key, &keys.api_secret))
}
