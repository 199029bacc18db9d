//! A PostgreSQL of one test, which may be killed: with roles, schema and the demo clinics.

use std::path::Path;
use std::time::Duration;

use frontdesk_embedded::{Postgres, PostgresOptions};
use frontdesk_tenants::demo::seed_demo;
use frontdesk_tenants::testing::{ring, texts_of};
use frontdesk_tenants::{Database, Provision, migrate, provision};
use frontdesk_types::{Clock as _, SystemClock, SystemIds};
use rustix::process::{Pid, Signal, kill_process};

const DATABASE: &str = "frontdesk";

/// See the module's documentation.
pub(crate) struct OwnPostgres {
    options: PostgresOptions,
    running: Option<Postgres>,
    urls: [String; 3],
}

impl OwnPostgres {
    /// In that folder.
    pub(crate) async fn new(folder: &Path) -> Self {
        let mut options = PostgresOptions::new(folder);
        options.durable = false;
        let running = Postgres::start(options.clone()).await.expect("a PostgreSQL");
        let superuser = running.superuser_url();
        provision(&superuser, &Provision::default()).await.expect("roles");
        migrate(&superuser).await.expect("the schema");
        let [app, worker] = ["frontdesk_app", "frontdesk_worker"].map(|r| running.url(r, DATABASE));
        let database = Database::connect(&app).await.expect("connected");
        let now = SystemClock::new().wall();
        seed_demo(&database, &ring(), now, &SystemIds).await.expect("seeded");
        database.close().await;
        Self { options, running: Some(running), urls: [app, worker, superuser] }
    }

    /// URL as `frontdesk_app`.
    pub(crate) fn url(&self) -> &str {
        &self.urls[0]
    }

    /// URL as `frontdesk_worker`.
    pub(crate) fn worker_url(&self) -> &str {
        &self.urls[1]
    }

    /// The server while it runs.
    pub(crate) fn server(&self) -> &Postgres {
        self.running.as_ref().expect("it runs")
    }

    /// Stops it in order.
    pub(crate) async fn stop(&mut self) {
        self.running.take().expect("it runs").stop().await.expect("stopped");
    }

    /// Kills it with all its sessions, as the end of its machine would.
    pub(crate) fn kill(&mut self) {
        let server = self.server().server().pid();
        for pid in std::iter::once(server).chain(children_of(server)) {
            // One that has ended by itself is as good.
            let _ = kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL);
        }
        self.running = None;
    }

    /// Starts a killed one again, on the same data.
    pub(crate) async fn start_again(&mut self) {
        // What the dead one left behind ends soon.
        for _ in 0..100 {
            match Postgres::start(self.options.clone()).await {
                Ok(running) => return self.running = Some(running),
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
        panic!("it does not start again");
    }

    /// The texts that a query gives.
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        texts_of(&self.urls[2], sql).await
    }
}

fn children_of(parent: i32) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let child = |entry: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // Behind the name, which may hold anything: state, then parent.
        let (_, rest) = stat.rsplit_once(')')?;
        let of: i32 = rest.split_whitespace().nth(1)?.parse().ok()?;
        let pid = entry.file_name().to_str()?.parse().ok()?;
        (of == parent).then_some(pid)
    };
    processes.filter_map(child).collect()
}
