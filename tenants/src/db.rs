//! Connecting, setting up roles, migrating.

use std::net::IpAddr;
use std::str::FromStr as _;
use std::time::Duration;

use frontdesk_types::Phi;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use crate::{Result, SetupError};

static MIGRATOR: Migrator = sqlx::migrate!();

/// Limits that every connection has: a statement that runs longer is a fault, not a wait.
const SESSION: [(&str, &str); 4] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "30s"),
    // Our statements are the same each time; planning them anew costs more than it saves.
    ("plan_cache_mode", "auto"),
];

/// How long the first connection may take: a server that is there answers in milliseconds, also one
/// that is busy.
const FIRST_CONNECTION: Duration = Duration::from_secs(5);

/// A connection that was idle for so long is looked at before it is used: whoever is answered right
/// after the server came back must not meet one that broke.
const LOOKED_AT_AFTER: Duration = Duration::from_millis(250);

/// The embedded migrations, oldest first.
#[must_use]
pub fn migrator() -> &'static Migrator {
    &MIGRATOR
}

/// The version of the schema that this program needs.
#[must_use]
pub fn schema_version() -> i64 {
    MIGRATOR.iter().map(|m| m.version).max().unwrap_or(0)
}

fn options(url: &str) -> Result<PgConnectOptions, SetupError> {
    let options = PgConnectOptions::from_str(url).map_err(SetupError::Url)?;
    Ok(options
        .application_name("frontdesk")
        // A slow statement would be logged with its text; ours are named by spans.
        .disable_statement_logging())
}

/// Whether what goes to the database of that URL stays on this machine or is encrypted.
///
/// # Errors
/// If it is not such a URL.
pub fn is_private(url: &str) -> Result<bool, SetupError> {
    let options = PgConnectOptions::from_str(url).map_err(SetupError::Url)?;
    let host = options.get_host().trim_start_matches('[').trim_end_matches(']');
    let here = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    // `prefer` speaks without encryption if the server does not offer it, or somebody between says
    // that it does not.
    let encrypted = matches!(
        options.get_ssl_mode(),
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull
    );
    Ok(here || encrypted)
}

/// A pool of connections of the application's role to a database of the right schema. Cheap to
/// clone.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
}

impl Database {
    /// Connects with at most 16 connections.
    ///
    /// # Errors
    /// If the URL is wrong, the server unreachable or too old, the login one that bypasses
    /// row-level security, or the schema older or newer than this program.
    pub async fn connect(url: &str) -> Result<Self, SetupError> {
        Self::connect_with(url, 16).await
    }

    /// Connects with at most `connections` connections; errors as [`Database::connect`].
    ///
    /// # Errors
    /// See [`Database::connect`].
    pub async fn connect_with(url: &str, connections: u32) -> Result<Self, SetupError> {
        // The pool would try again for as long as it may wait, and then say only that it has waited.
        reach(url).await?;
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(10))
            // A ping each time would double the round trips. One that was idle for a while may have
            // broken since, with its server; where it has, another one is made.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    Ok(meta.idle_for < LOOKED_AT_AFTER || connection.ping().await.is_ok())
                })
            })
            .connect_with(options(url)?.options(SESSION))
            .await
            .map_err(SetupError::Connect)?;
        check_server(&pool).await?;
        check_schema(&pool).await?;
        Ok(Self { pool })
    }

    /// One that is not there: whatever is asked of it fails at once. For simulations, which have
    /// their clinic in memory.
    #[must_use]
    pub fn nowhere() -> Self {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(1);
        let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(1));
        Self { pool: pool.connect_lazy_with(options.disable_statement_logging()) }
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Writes a row that means nothing, to find out whether something can be written.
    ///
    /// # Errors
    /// If it cannot.
    pub async fn try_write(&self, now: Timestamp) -> Result<()> {
        sqlx::query(
            "INSERT INTO write_probe (at) VALUES ($1) ON CONFLICT (one) DO UPDATE SET at = $1",
        )
        .bind(now.to_sqlx())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How what goes to the server is encrypted, if it is: the version of TLS.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn encryption(&self) -> Result<Option<String>> {
        let version = sqlx::query_scalar(
            "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl",
        );
        Ok(version.fetch_optional(&self.pool).await?)
    }

    /// Connections open now, and how many of them are idle.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }

    /// Closes the pool; waits until its connections are closed.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Connects once, to find out whether the database of that URL can be used.
///
/// # Errors
/// Why it cannot, within seconds.
pub async fn reach(url: &str) -> Result<(), SetupError> {
    match tokio::time::timeout(FIRST_CONNECTION, options(url)?.connect()).await {
        Ok(Ok(connection)) => connection.close().await.map_err(SetupError::Connect),
        Ok(Err(error)) => Err(SetupError::Connect(error)),
        Err(_) => Err(SetupError::Silent { seconds: FIRST_CONNECTION.as_secs() }),
    }
}

async fn check_server(pool: &PgPool) -> Result<(), SetupError> {
    let (role, bypasses, version, number): (String, bool, String, i32) = sqlx::query_as(
        "SELECT current_user::text, rolsuper OR rolbypassrls, current_setting('server_version'),
                current_setting('server_version_num')::int
           FROM pg_roles WHERE rolname = current_user",
    )
    .fetch_one(pool)
    .await
    .map_err(SetupError::Statement)?;
    if number < 150_000 {
        return Err(SetupError::ServerVersion { found: version });
    }
    if bypasses {
        return Err(SetupError::Bypass { role });
    }
    Ok(())
}

async fn check_schema(pool: &PgPool) -> Result<(), SetupError> {
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(pool)
        .await
        .map_err(SetupError::Statement)?;
    if !exists {
        return Err(SetupError::Empty);
    }
    let found: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(pool)
            .await
            .map_err(SetupError::Statement)?;
    match found {
        None => Err(SetupError::Empty),
        Some(found) if found < schema_version() => {
            Err(SetupError::Old { found, needed: schema_version() })
        }
        Some(found) if found > schema_version() => {
            Err(SetupError::Newer { found, known: schema_version() })
        }
        Some(_) => Ok(()),
    }
}

/// What [`provision`] creates.
#[derive(Debug, Clone)]
pub struct Provision {
    /// Name of the database.
    pub database: String,
    /// Password of `frontdesk_app`; `None` leaves it without (a local socket that trusts).
    pub app_password: Option<Phi<String>>,
    /// Password of `frontdesk_worker`.
    pub worker_password: Option<Phi<String>>,
}

impl Default for Provision {
    fn default() -> Self {
        Self { database: "frontdesk".to_owned(), app_password: None, worker_password: None }
    }
}

/// Creates roles and database as a superuser; idempotent. This is all a superuser ever does:
/// `frontdesk_owner` (no login) owns the objects, `frontdesk_app` and `frontdesk_worker` log in.
///
/// # Errors
/// If the server cannot be reached or the login may not create.
pub async fn provision(superuser_url: &str, plan: &Provision) -> Result<(), SetupError> {
    let mut conn = options(superuser_url)?.connect().await.map_err(SetupError::Connect)?;
    for (role, login) in
        [("frontdesk_owner", "NOLOGIN"), ("frontdesk_app", "LOGIN"), ("frontdesk_worker", "LOGIN")]
    {
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
                .bind(role)
                .fetch_one(&mut conn)
                .await
                .map_err(SetupError::Statement)?;
        let verb = if exists { "ALTER" } else { "CREATE" };
        let sql = format!("{verb} ROLE {role} {login} NOSUPERUSER NOBYPASSRLS NOCREATEROLE");
        run(&mut conn, sql).await?;
    }
    for (role, password) in
        [("frontdesk_app", &plan.app_password), ("frontdesk_worker", &plan.worker_password)]
    {
        if let Some(password) = password {
            let sql: String =
                sqlx::query_scalar("SELECT format('ALTER ROLE %I PASSWORD %L', $1, $2)")
                    .bind(role)
                    .bind(password.expose())
                    .fetch_one(&mut conn)
                    .await
                    .map_err(SetupError::Statement)?;
            run(&mut conn, sql).await?;
        }
    }
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&plan.database)
            .fetch_one(&mut conn)
            .await
            .map_err(SetupError::Statement)?;
    let sql: String = sqlx::query_scalar(if exists {
        "SELECT format('ALTER DATABASE %I OWNER TO frontdesk_owner', $1)"
    } else {
        "SELECT format('CREATE DATABASE %I OWNER frontdesk_owner ENCODING ''UTF8'' \
                        TEMPLATE template0', $1)"
    })
    .bind(&plan.database)
    .fetch_one(&mut conn)
    .await
    .map_err(SetupError::Statement)?;
    run(&mut conn, sql).await?;
    conn.close().await.map_err(SetupError::Statement)
}

async fn run(conn: &mut PgConnection, sql: String) -> Result<(), SetupError> {
    sqlx::query(AssertSqlSafe(sql)).execute(conn).await.map_err(SetupError::Statement)?;
    Ok(())
}

/// Brings the database to this program's schema, as `frontdesk_owner`: the login of `url` is the
/// superuser or a member of that role. Idempotent; two at once wait for each other.
///
/// # Errors
/// If a newer program has been here, or a migration fails (each is a transaction of its own).
pub async fn migrate(url: &str) -> Result<(), SetupError> {
    let mut conn = options(url)?
        .options([("role", "frontdesk_owner")])
        .connect()
        .await
        .map_err(SetupError::Connect)?;
    let found = applied(&mut conn).await?;
    if found > schema_version() {
        return Err(SetupError::Newer { found, known: schema_version() });
    }
    MIGRATOR.run_direct(None, &mut conn, false).await?;
    tracing::info!(from = found, to = schema_version(), "schema is current");
    conn.close().await.map_err(SetupError::Statement)
}

async fn applied(conn: &mut PgConnection) -> Result<i64, SetupError> {
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *conn)
        .await
        .map_err(SetupError::Statement)?;
    if !exists {
        return Ok(0);
    }
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(conn)
        .await
        .map_err(SetupError::Statement)
}
