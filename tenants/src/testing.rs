//! For tests: a fresh database of the right schema in milliseconds, cloned from a template on the
//! shared test server, and reached as `frontdesk_app`, because a superuser proves nothing.

use std::sync::atomic::{AtomicU32, Ordering};

use frontdesk_embedded::testing::{TestPostgres, test_postgres};
use frontdesk_types::{Offer, SeededIds, SystemIds};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use crate::crypt::KeyRing;
use crate::patient::{VerifiedPatient, register_provisional};
use crate::{
    By, Database, Principal, Provision, Tenant, TenantTx, booking, db, demo, directory, migrate,
    provision,
};

/// The moment at which seeded databases stand: Sunday 22 November 2026, 06:00 UTC (08:00 in Cairo,
/// 01:00 in New York). Both demo clinics have ninety days of free slots from there.
pub const NOW: &str = "2026-11-22T06:00:00Z";

/// The one key ring of tests, as text.
pub const RING: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// [`NOW`], parsed.
///
/// # Panics
/// Never.
#[must_use]
pub fn now() -> Timestamp {
    NOW.parse().expect("a timestamp")
}

/// The key ring with which seeded databases are sealed.
///
/// # Panics
/// Never.
#[must_use]
pub fn ring() -> KeyRing {
    KeyRing::parse(RING).expect("a ring")
}

/// A database of one test.
#[derive(Debug)]
pub struct TestDb {
    name: String,
    server_url: String,
    db: Database,
    // The server lives while somebody uses it.
    _server: TestPostgres,
}

/// Where migrations are locked against each other, in the server's own database.
const LOCK: i64 = 0x66_72_6f_6e_74;
static NUMBER: AtomicU32 = AtomicU32::new(0);

impl TestDb {
    /// An empty database of the current schema.
    pub async fn fresh() -> Self {
        Self::from_template(false, 16).await
    }

    /// A database with both demo clinics and their slots, as of [`NOW`].
    pub async fn seeded() -> Self {
        Self::from_template(true, 16).await
    }

    /// As [`TestDb::seeded`], for races: with at most `connections` connections.
    pub async fn seeded_with(connections: u32) -> Self {
        Self::from_template(true, connections).await
    }

    async fn from_template(seeded: bool, connections: u32) -> Self {
        let server = test_postgres().await.expect("a test PostgreSQL");
        let server_url = server.url().to_owned();
        let mut conn = connect(&server_url).await;
        let template = ensure_template(&mut conn, &server_url, seeded).await;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("frontdesk_test_{}_{number}", std::process::id());
        run(&mut conn, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&mut conn, format!("CREATE DATABASE {name} TEMPLATE {template} OWNER frontdesk_owner"))
            .await;
        conn.close().await.expect("close");
        let url = url_of(&server_url, Some("frontdesk_app"), &name);
        let db = Database::connect_with(&url, connections).await.expect("connect as frontdesk_app");
        Self { name, server_url, db, _server: server }
    }

    /// A database without schema, and without a connection, for tests of migration.
    pub async fn bare(name: &str) -> (String, String, TestPostgres) {
        let server = test_postgres().await.expect("a test PostgreSQL");
        let mut conn = connect(server.url()).await;
        lock(&mut conn).await;
        let name = format!("frontdesk_test_{}_{name}", std::process::id());
        run(&mut conn, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        provision(server.url(), &plan(&name)).await.expect("provision");
        conn.close().await.expect("close");
        (
            url_of(server.url(), None, &name),
            url_of(server.url(), Some("frontdesk_app"), &name),
            server,
        )
    }

    /// The pool, as `frontdesk_app`.
    #[must_use]
    pub const fn db(&self) -> &Database {
        &self.db
    }

    /// A second pool on the same database, as another node would have.
    ///
    /// # Panics
    /// If the server is gone.
    pub async fn another(&self, connections: u32) -> Database {
        Database::connect_with(&self.url(), connections).await.expect("connect as frontdesk_app")
    }

    /// URL as `frontdesk_app`, for `DATABASE_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        url_of(&self.server_url, Some("frontdesk_app"), &self.name)
    }

    /// URL as `frontdesk_worker`.
    #[must_use]
    pub fn worker_url(&self) -> String {
        url_of(&self.server_url, Some("frontdesk_worker"), &self.name)
    }

    /// URL as the superuser, for `FRONTDESK_MIGRATE_URL`.
    #[must_use]
    pub fn superuser_url(&self) -> String {
        url_of(&self.server_url, None, &self.name)
    }

    /// A connection of the superuser, to look around and to break things (mutants, faults).
    pub async fn superuser(&self) -> PgConnection {
        connect(&url_of(&self.server_url, None, &self.name)).await
    }

    /// A bare connection as `frontdesk_app`, for tests that write SQL themselves.
    pub async fn app(&self) -> PgConnection {
        connect(&self.url()).await
    }

    /// The tenant of a seeded clinic.
    ///
    /// # Panics
    /// If there is none of that slug.
    pub async fn tenant(&self, slug: &str) -> Tenant {
        let clinic = directory::clinic_by_slug(&self.db, slug).await.expect("database");
        clinic.and_then(|clinic| clinic.tenant()).expect("an active clinic of that slug")
    }

    /// A transaction of a seeded clinic.
    ///
    /// # Panics
    /// As [`TestDb::tenant`].
    pub async fn begin(&self, slug: &str) -> TenantTx {
        let tenant = self.tenant(slug).await;
        TenantTx::begin(&self.db, &tenant).await.expect("begin")
    }

    /// The violations of [`crate::catalogue::INVARIANTS`], as `ID: row`.
    pub async fn violations(&self) -> Vec<String> {
        let mut conn = self.superuser().await;
        let found = Self::violations_seen_by(&mut conn).await;
        conn.close().await.expect("close");
        found
    }

    /// As [`TestDb::violations`], on a superuser's connection that is there already.
    ///
    /// # Panics
    /// If the connection is gone.
    pub async fn violations_seen_by(conn: &mut PgConnection) -> Vec<String> {
        let mut found = Vec::new();
        for invariant in crate::catalogue::INVARIANTS {
            let rows: Vec<String> = sqlx::query_scalar(invariant.violations)
                .fetch_all(&mut *conn)
                .await
                .unwrap_or_else(|error| panic!("{error} in {}", invariant.id));
            found.extend(rows.into_iter().map(|row| format!("{}: {row}", invariant.id)));
        }
        found
    }

    /// Fails the test if an invariant is broken.
    ///
    /// # Panics
    /// With the violations.
    pub async fn check_invariants(&self) {
        let violations = self.violations().await;
        assert!(violations.is_empty(), "{violations:#?}");
    }

    /// Provisional patients of a clinic, to book for.
    ///
    /// # Panics
    /// If the database fails.
    pub async fn patients(&self, tenant: &Tenant, count: usize) -> Vec<VerifiedPatient> {
        let by = By::principal(Principal::Job("test"));
        let mut tx = TenantTx::begin(&self.db, tenant).await.expect("begin");
        let mut patients = Vec::new();
        for _ in 0..count {
            let patient = register_provisional(&mut tx, None, &by, now(), &IDS).await;
            patients.push(patient.expect("registered"));
        }
        tx.commit().await.expect("commit");
        patients
    }

    /// Free slots of a clinic as of [`NOW`], earliest first.
    ///
    /// # Panics
    /// If the database fails.
    pub async fn free(&self, tenant: &Tenant, limit: u32) -> Vec<Offer> {
        let search = booking::Search::default();
        booking::find_free_slots(&self.db, tenant, &search, now(), limit, &IDS)
            .await
            .expect("search")
    }

    /// The pool's connections on which a transaction is open or a clinic is set. Takes all of them
    /// at once, so nobody else may be using the pool.
    ///
    /// # Panics
    /// If the server is gone.
    pub async fn unclean_connections(&self) -> Vec<String> {
        let pool = self.db.pool();
        let mut taken = Vec::new();
        for _ in 0..pool.options().get_max_connections() {
            taken.push(pool.acquire().await.expect("a connection"));
        }
        let mut unclean = Vec::new();
        let mut server = self.superuser().await;
        for conn in &mut taken {
            // All rows, so that the server is done with the statement.
            let row: Vec<(i32, Option<String>)> = sqlx::query_as(
                "SELECT pg_backend_pid(), nullif(current_setting('app.clinic_id', true), '')",
            )
            .fetch_all(&mut **conn)
            .await
            .expect("asked");
            let (pid, clinic) = row.first().expect("one row");
            let state: String =
                sqlx::query_scalar("SELECT state FROM pg_stat_activity WHERE pid = $1")
                    .bind(pid)
                    .fetch_one(&mut server)
                    .await
                    .expect("asked");
            if state != "idle" || clinic.is_some() {
                unclean.push(format!("{pid}: {state}, clinic {clinic:?}"));
            }
        }
        unclean
    }

    /// What members of the staff did to a call, oldest first.
    ///
    /// # Panics
    /// If the database fails.
    pub async fn audited(&self, call: &str) -> Vec<String> {
        let mut conn = self.superuser().await;
        let rows = sqlx::query_scalar(
            "SELECT action FROM audit_log WHERE call_id::text = $1 AND principal LIKE 'user:%'
              ORDER BY position",
        );
        let rows = rows.bind(call).fetch_all(&mut conn).await.expect("the audit");
        conn.close().await.expect("close");
        rows
    }

    /// Rows of a table, whoever's they are.
    ///
    /// # Panics
    /// If there is no such table.
    pub async fn count(&self, table: &'static str) -> i64 {
        let mut conn = self.superuser().await;
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&mut conn).await.expect("a count")
    }

    /// The texts of a query with one column, read as the superuser.
    pub async fn texts(&self, query: &'static str) -> Vec<String> {
        let mut conn = self.superuser().await;
        sqlx::query_scalar(query).fetch_all(&mut conn).await.expect("texts")
    }

    /// Runs a statement as the superuser.
    pub async fn execute(&self, sql: &str) {
        let mut conn = self.superuser().await;
        run(&mut conn, sql.to_owned()).await;
        conn.close().await.expect("close");
    }
}

/// The texts of a query with one column, on a server of the test's own.
///
/// # Panics
/// If it fails.
pub async fn texts_of(url: &str, query: &'static str) -> Vec<String> {
    let mut conn = connect(url).await;
    sqlx::query_scalar(query).fetch_all(&mut conn).await.expect("texts")
}

fn plan(database: &str) -> Provision {
    // A password, for servers that do not trust their socket. It protects nothing.
    let password = || Some(frontdesk_types::Phi::new("frontdesk-test".to_owned()));
    Provision {
        database: database.to_owned(),
        app_password: password(),
        worker_password: password(),
    }
}

async fn connect(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().expect("a database URL");
    options.disable_statement_logging().connect().await.expect("connect to the test server")
}

async fn run(conn: &mut PgConnection, sql: String) {
    conn.execute(AssertSqlSafe(sql.clone()))
        .await
        .unwrap_or_else(|error| panic!("{error} in: {sql}"));
}

async fn lock(conn: &mut PgConnection) {
    run(conn, format!("SELECT pg_advisory_lock({LOCK})")).await;
}

/// The same server, as another role and in another database.
fn url_of(url: &str, role: Option<&str>, database: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a database URL");
    let (path, query) =
        rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let (authority, _) = path.split_once('/').unwrap_or((path, ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("postgres", authority));
    let user = role.map_or_else(|| user.to_owned(), |role| format!("{role}:frontdesk-test"));
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    format!("{scheme}://{user}@{host}/{database}{query}")
}

/// A template for this schema and these demo clinics; made by the first who needs it.
async fn ensure_template(conn: &mut PgConnection, server_url: &str, seeded: bool) -> String {
    let mut hash = Sha256::new();
    for migration in db::migrator().iter() {
        hash.update(&*migration.checksum);
    }
    hash.update(include_bytes!("../demo/demo-clinics.yaml"));
    hash.update(include_bytes!("demo.rs"));
    hash.update(include_bytes!("testing.rs"));
    let hash: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("frontdesk_template_{}_{hash}", if seeded { "demo" } else { "bare" });
    lock(conn).await;
    let ready: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)",
    )
    .bind(&name)
    .fetch_one(&mut *conn)
    .await
    .expect("database");
    if !ready {
        drop_leftovers(conn).await;
        // A half-made one is of a process that died.
        run(conn, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        provision(server_url, &plan(&name)).await.expect("provision");
        migrate(&url_of(server_url, None, &name)).await.expect("migrate");
        if seeded {
            let url = url_of(server_url, Some("frontdesk_app"), &name);
            let db = Database::connect_with(&url, 1).await.expect("connect");
            demo::seed_demo(&db, &ring(), now(), &SeededIds::new(1)).await.expect("seed");
            db.close().await;
        }
        run(conn, format!("ALTER DATABASE {name} IS_TEMPLATE true")).await;
    }
    run(conn, format!("SELECT pg_advisory_unlock({LOCK})")).await;
    name
}

/// Databases of test processes that are gone.
async fn drop_leftovers(conn: &mut PgConnection) {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT datname::text FROM pg_database WHERE datname LIKE 'frontdesk\\_test\\_%'",
    )
    .fetch_all(&mut *conn)
    .await
    .expect("database");
    for name in names {
        let pid = name.split('_').nth(2).unwrap_or_default();
        if !std::path::Path::new("/proc").join(pid).exists() {
            run(conn, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

/// Ids of the system, for tests that do not repeat themselves.
pub const IDS: SystemIds = SystemIds;
