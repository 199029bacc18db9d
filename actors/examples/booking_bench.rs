//! Measures the booking core against pgbench calling the same function on the same server in the
//! same run, with durable commits. Prints a table; needs an embedded PostgreSQL and its pgbench.
//!
//! `cargo run --release -p frontdesk-actors --example booking_bench [seconds per measurement]`
#![expect(clippy::print_stdout, reason = "the table is its output")]

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frontdesk_actors::booking::{SlotRegistry, SlotSettings};
use frontdesk_embedded::{Postgres, PostgresOptions};
use frontdesk_tenants::bench::Fixture;
use frontdesk_tenants::booking::{Book, Search, find_free_slots};
use frontdesk_tenants::{By, Database, Principal, Provision, migrate, provision};
use frontdesk_types::{CallId, Clock, SystemClock, SystemIds};
use futures_util::future::join_all;
use jiff::Timestamp;

const CLIENTS: usize = 16;

/// Everything that is measured, as microseconds.
struct Sample(Vec<u64>);

impl Sample {
    fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort_unstable();
        let at = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        Duration::from_micros(self.0.get(at).copied().unwrap_or(0))
    }
}

struct Bench {
    fixture: Fixture,
    registry: SlotRegistry,
    db: Database,
    clock: Arc<SystemClock>,
    now: Timestamp,
    seconds: u64,
}

impl Bench {
    /// Books random slots from `CLIENTS` tasks, at `rate` per second in all or as fast as it goes.
    /// Returns bookings per second and how long each took.
    async fn book(&self, rate: Option<f64>) -> (f64, Sample) {
        let booked = AtomicU64::new(0);
        let start = self.clock.mono();
        let clients = (0..CLIENTS).map(|client| {
            let booked = &booked;
            async move {
                let mut took = Vec::new();
                let mut pace = rate.map(|rate| {
                    let mut pace =
                        tokio::time::interval(Duration::from_secs_f64(CLIENTS as f64 / rate));
                    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
                    pace
                });
                let mut random = self.fixture.random(client as u64 + self.booked_seed());
                while self.clock.mono().since(start) < Duration::from_secs(self.seconds) {
                    if let Some(pace) = &mut pace {
                        pace.tick().await;
                    }
                    let (tenant, slot, patient) = random.booking();
                    let request = Book { slot, patient, hold: None, staff: None };
                    let by = By::call(CallId::new(&SystemIds), 1);
                    let asked = self.clock.mono();
                    if self.registry.book(&tenant, request, &by, self.now).await.is_ok() {
                        booked.fetch_add(1, Ordering::Relaxed);
                        took.push(micros(self.clock.mono().since(asked)));
                    }
                }
                took
            }
        });
        let took = join_all(clients).await.concat();
        let elapsed = self.clock.mono().since(start).as_secs_f64();
        (booked.load(Ordering::Relaxed) as f64 / elapsed, Sample(took))
    }

    fn booked_seed(&self) -> u64 {
        self.clock.mono().as_micros()
    }

    /// 64 callers for one slot.
    async fn hot_slot(&self) -> (f64, u64) {
        let (tenant, slot, _) = self.fixture.random(99).booking();
        let (won, refused) = (AtomicU64::new(0), AtomicU64::new(0));
        let start = self.clock.mono();
        let callers = (0..64).map(|caller| {
            let (won, refused) = (&won, &refused);
            let patient = self.fixture.patient(&tenant, caller);
            async move {
                while self.clock.mono().since(start) < Duration::from_secs(self.seconds) {
                    let request = Book { slot, patient, hold: None, staff: None };
                    let by = By::call(CallId::new(&SystemIds), 1);
                    match self.registry.book(&tenant, request, &by, self.now).await {
                        Ok(_) => won.fetch_add(1, Ordering::Relaxed),
                        Err(_) => refused.fetch_add(1, Ordering::Relaxed),
                    };
                }
            }
        });
        join_all(callers).await;
        let elapsed = self.clock.mono().since(start).as_secs_f64();
        (refused.load(Ordering::Relaxed) as f64 / elapsed, won.load(Ordering::Relaxed))
    }

    /// Searches one after another: half by doctor, half by specialty.
    async fn search(&self) -> Sample {
        let mut random = self.fixture.random(7);
        let mut took = Vec::new();
        for i in 0..2000 {
            let (tenant, doctor) = random.doctor();
            let by_doctor = i % 2 == 0;
            let search = Search {
                doctor: by_doctor.then_some(doctor),
                specialty: (!by_doctor).then(|| "cardiology".to_owned()),
                holder: Some(Principal::Job("bench")),
                ..Default::default()
            };
            let asked = self.clock.mono();
            let found = find_free_slots(&self.db, &tenant, &search, self.now, 10, &SystemIds).await;
            took.push(micros(self.clock.mono().since(asked)));
            assert_eq!(found.expect("found").len(), 10);
        }
        Sample(took)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn pgbench_program() -> PathBuf {
    let dir = std::process::Command::new("pg_config").arg("--bindir").output().ok();
    dir.and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|dir| PathBuf::from(dir.trim()).join("pgbench"))
        .filter(|program| program.exists())
        .or_else(|| {
            // Where Debian keeps it, the newest version.
            let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
            let mut found: Vec<PathBuf> = versions
                .flatten()
                .map(|version| version.path().join("bin/pgbench"))
                .filter(|program| program.exists())
                .collect();
            found.sort();
            found.pop()
        })
        .unwrap_or_else(|| PathBuf::from("pgbench"))
}

/// Bookings per second of pgbench calling the same function: rows that it left, per second.
async fn pgbench(fixture: &Fixture, url: &str, now: Timestamp, seconds: u64) -> f64 {
    let script = tempfile_path();
    std::fs::write(&script, fixture.pgbench_script(now)).expect("script");
    let before = fixture.appointments().await;
    let status = tokio::process::Command::new(pgbench_program())
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={CLIENTS}"))
        .arg(format!("--time={seconds}"))
        .arg("--file")
        .arg(&script)
        .arg(url)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .await
        .expect("pgbench runs");
    assert!(status.success(), "pgbench failed");
    let _ = std::fs::remove_file(&script);
    (fixture.appointments().await - before) as f64 / seconds as f64
}

fn tempfile_path() -> PathBuf {
    std::env::temp_dir().join(format!("frontdesk-bench-{}.sql", std::process::id()))
}

#[tokio::main]
async fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let folder = std::env::temp_dir().join(format!("frontdesk-bench-{}", std::process::id()));
    let mut options = PostgresOptions::new(&folder);
    options.max_connections = 200;
    let postgres = Postgres::start(options).await.expect("an embedded PostgreSQL");
    let superuser = postgres.superuser_url();
    provision(&superuser, &Provision::default()).await.expect("provisioned");
    migrate(&superuser).await.expect("migrated");
    let url = postgres.url("frontdesk_app", "frontdesk");
    let now: Timestamp = frontdesk_tenants::testing::NOW.parse().expect("a time");

    println!("filling: 100 clinics, 1,000 doctors, 1,000,000 slots, 200,000 patients");
    let fixture = Fixture::fill(&superuser, now).await;
    let db = Database::connect_with(&url, CLIENTS as u32).await.expect("connected");
    let clock = Arc::new(SystemClock::new());
    let registry = SlotRegistry::start(
        db.clone(),
        Arc::clone(&clock) as Arc<dyn Clock>,
        Arc::new(SystemIds),
        SlotSettings { max_actors: 20_000, ..SlotSettings::default() },
    )
    .await
    .expect("registry");
    println!("server: {}", fixture.settings().await);
    println!("{CLIENTS} clients, {seconds} s each");
    let bench = Bench { fixture, registry, db, clock, now, seconds };

    let mut search = bench.search().await;
    // Alternating, so that a machine that grows slower hits both.
    let mut base = pgbench(&bench.fixture, &url, now, seconds).await;
    let (mut rate, mut full) = bench.book(None).await;
    base = f64::midpoint(base, pgbench(&bench.fixture, &url, now, seconds).await);
    let (again, _) = bench.book(None).await;
    rate = f64::midpoint(rate, again);
    let (half_rate, mut half) = bench.book(Some(rate / 2.0)).await;
    let (refusals, winners) = bench.hot_slot().await;

    println!("{:<52} {:>12} {:>12}", "what", "measured", "must");
    let line = |what: &str, measured: String, must: &str| {
        println!("{what:<52} {measured:>12} {must:>12}");
    };
    line("pgbench, bookings/s", format!("{base:.0}"), "");
    line("through slot actors, bookings/s", format!("{rate:.0}"), "");
    line("ratio", format!("{:.0} %", 100.0 * rate / base), "≥ 60 %");
    line("p99 at full load", format!("{:.1?}", full.percentile(99)), "");
    line("half load, bookings/s", format!("{half_rate:.0}"), "");
    line("p99 at half load", format!("{:.1?}", half.percentile(99)), "< 50 ms");
    line("one hot slot, refusals/s", format!("{refusals:.0}"), "≥ 20000");
    line("one hot slot, winners", winners.to_string(), "1");
    line("search p50, uncached", format!("{:.1?}", search.percentile(50)), "");
    line("search p95, uncached", format!("{:.1?}", search.percentile(95)), "< 10 ms");
    bench.registry.stop().await;
    bench.db.close().await;
    let violations = bench.fixture.violations().await;
    postgres.stop().await.expect("stopped");
    let _ = std::fs::remove_dir_all(&folder);
    assert_eq!(violations, Vec::<String>::new(), "an invariant was broken under load");
}
