//! Jobs on a real PostgreSQL, in one runtime and in two.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frontdesk_tenants::booking::{self, Search};
use frontdesk_tenants::jobs::When;
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::{Tenant, demo};
use frontdesk_types::{Clock as _, ManualClock, SystemClock};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::runner::turn;
use super::{JOBS, Job, JobError, JobServices, Jobs, Needs, run_now, status};

fn services(t: &TestDb, runner: &str, clock: &Arc<ManualClock>) -> JobServices {
    JobServices {
        database: t.db().clone(),
        worker: None,
        keys: Some(Arc::new(ring())),
        clock: Arc::clone(clock) as _,
        ids: Arc::new(IDS),
        runner: runner.to_owned(),
        consumers: Vec::new(),
        sender: None,
        rooms: None,
        anchor: None,
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(now()))
}

fn named(name: &str) -> &'static Job {
    JOBS.iter().find(|job| job.name == name).expect("a job of that name")
}

async fn free_until(t: &TestDb, tenant: &Tenant, at: Timestamp, until: Timestamp) -> usize {
    let search = Search { until: Some(until), ..Search::default() };
    booking::find_free_slots(t.db(), tenant, &search, at, 500, &IDS).await.expect("search").len()
}

static RUNS: AtomicU64 = AtomicU64::new(0);
static COUNTED: &[Job] = &[Job {
    name: "counted",
    about: "counts its runs",
    unit: "runs",
    every: Duration::from_secs(60),
    limit: Duration::from_secs(60),
    needs: Needs::Database,
    run: |_| {
        Box::pin(async {
            RUNS.fetch_add(1, Ordering::Relaxed);
            Ok(1)
        })
    },
}];

#[tokio::test]
async fn of_two_runtimes_one_runs_a_job_and_the_other_goes_on_when_it_is_gone() {
    let t = TestDb::fresh().await;
    let clock = clock();
    let (one, two) = (services(&t, "one", &clock), services(&t, "two", &clock));
    let job = &COUNTED[0];
    run_now(&one, job).await.expect("run").expect("done");
    for period in 1..4 {
        clock.advance(job.every);
        let (a, b) = tokio::join!(turn(&one, job, When::Due), turn(&two, job, When::Due));
        let ran = [a.expect("asked"), b.expect("asked")].into_iter().flatten().count();
        assert_eq!(ran, 1);
        assert!(turn(&two, job, When::Due).await.expect("asked").is_none(), "not due");
        assert_eq!(RUNS.load(Ordering::Relaxed), period + 1);
    }
    // One takes the lease and dies.
    clock.advance(job.every);
    let (began, leased) = (clock.wall(), clock.wall() + SignedDuration::from_secs(30));
    let lease = frontdesk_tenants::jobs::lease;
    assert!(lease(t.db(), job.name, "one", When::Due, leased, began).await.expect("asked"));
    assert!(run_now(&two, job).await.is_err(), "it runs elsewhere");
    clock.advance(Duration::from_secs(31));
    assert!(turn(&two, job, When::Due).await.expect("asked").is_some());
    let state = &status(&two).await.expect("asked").jobs[0];
    assert_eq!((state.runs, state.failures, state.running.as_ref()), (5, 0, None));
    assert_eq!(state.succeeded_at, Some(clock.wall()));
}

static WRONG: &[Job] = &[
    Job { name: "panics", run: |_| Box::pin(async { panic!("a patient's name") }), ..WRONG_JOB },
    Job { name: "hangs", run: |_| Box::pin(std::future::pending()), ..WRONG_JOB },
    Job { name: "works", run: |_| Box::pin(async { Ok(7) }), ..WRONG_JOB },
];
const WRONG_JOB: Job = Job {
    name: "",
    about: "",
    unit: "",
    every: Duration::from_millis(10),
    limit: Duration::from_millis(200),
    needs: Needs::Database,
    run: |_| Box::pin(async { Ok(0) }),
};

#[tokio::test]
async fn a_job_that_panics_or_hangs_is_a_failure_that_is_told_and_stops_no_other() {
    let t = TestDb::fresh().await;
    let mut services = services(&t, "one", &clock());
    services.clock = Arc::new(SystemClock::new());
    let jobs = Jobs::start(services.clone(), WRONG);
    let end = Instant::now() + Duration::from_secs(30);
    let seen = loop {
        let seen = status(&services).await.expect("asked").jobs;
        let runs = |name| seen.iter().find(|job| job.name == name).map_or(0, |job| job.runs);
        if runs("panics") > 0 && runs("hangs") > 0 && runs("works") > 2 {
            break seen;
        }
        assert!(Instant::now() < end, "{seen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    jobs.stop().await;
    let of = |name| seen.iter().find(|job| job.name == name).expect("there");
    assert_eq!(of("panics").error.as_deref(), Some(&*JobError::Panicked.to_string()));
    assert!(of("hangs").error.as_ref().is_some_and(|error| error.contains("longer than")));
    assert_eq!((of("works").done, of("works").failures), (Some(7), 0));
    assert!(of("panics").failed_in_row > 0 && of("panics").succeeded_at.is_none());
    let left = status(&services).await.expect("asked").jobs;
    assert!(left.iter().all(|job| job.running.is_none()), "leases are given back: {left:?}");
}

#[tokio::test]
async fn a_clinic_gets_its_slots_and_goes_on_getting_them_whatever_is_wrong_with_another() {
    let t = TestDb::fresh().await;
    let clock = clock();
    let services = services(&t, "one", &clock);
    let slots = named("slots");
    let file = demo::demo_file().expect("demo clinics");
    assert_eq!(run_now(&services, slots).await.expect("run").expect("done"), 0);
    let mut tenants = Vec::new();
    for clinic in &file.clinics {
        tenants.push(demo::seed_clinic(t.db(), &ring(), clinic, now(), &IDS).await.expect("made"));
    }
    let at = now();
    let day = SignedDuration::from_hours(24);
    assert_eq!(free_until(&t, &tenants[0], at, at + day * 14).await, 0, "a template, no slot");
    // The next look comes within a minute.
    assert!(slots.every < Duration::from_secs(60));
    clock.advance(slots.every);
    let made = turn(&services, slots, When::Due).await.expect("asked").expect("due");
    assert!(made.expect("done") > 1000);
    for tenant in &tenants {
        assert!(free_until(&t, tenant, at, at + day * 14).await > 50);
    }
    clock.advance(slots.every);
    let again = turn(&services, slots, When::Due).await.expect("asked").expect("due");
    assert_eq!(again.expect("done"), 0, "nothing is behind");

    // A day later a day is missing; of a clinic in no zone nothing can be made.
    let broken = tenants[1].clinic();
    t.execute(&format!("UPDATE clinics SET time_zone = 'Nowhere/It' WHERE id = '{broken}'")).await;
    clock.advance(Duration::from_secs(3 * 24 * 3600));
    let failed = turn(&services, slots, When::Due).await.expect("asked").expect("due");
    let said = failed.expect_err("one is in no zone").to_string();
    assert!(said.contains(&broken.to_string()) && said.contains("1 of 2"), "{said}");
    let state = status(&services).await.expect("asked").jobs.remove(0);
    assert_eq!((state.failures, state.error.as_deref()), (1, Some(&*said)));
    let later = clock.wall() + day * 90;
    let all = |until| free_until(&t, &tenants[0], until - day * 4, until);
    assert!(all(later).await > 0, "the other one has the days that were missing");
    // It is left alone for a while, and its schedule mended begins again at once.
    clock.advance(slots.every);
    let rest = turn(&services, slots, When::Due).await.expect("asked").expect("due");
    assert_eq!(rest.expect("it is left alone"), 0);
    t.execute(&format!("UPDATE clinics SET time_zone = 'Africa/Cairo' WHERE id = '{broken}'"))
        .await;
    clock.advance(slots.every);
    let mended = turn(&services, slots, When::Due).await.expect("asked").expect("due");
    assert!(mended.expect("mended") > 0);
    t.check_invariants().await;
}
