//! `frontdesk soak`: a day of calls while everything that they need is broken in turn, and what holds
//! afterwards.
//!
//! The runtime is a child with servers of its own, in a data folder that is made for it. Calls come at a
//! steady rate, typed, spoken and by telephone (`day`, `caller`, `phone`), while `breaker` kills and stops
//! parts; `samples` looks at what the runtime holds. When the last call is over, `judge` waits until what
//! they left behind has settled, and asks the database and the callers whether anything was doubled or
//! lost; `report` is what is printed. `docs/soak.md` is for operators.

mod breaker;
mod caller;
mod day;
mod judge;
mod people;
mod phone;
mod report;
mod samples;

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::{Args, ValueEnum as _};
use frontdesk_tenants::demo::{demo_file, seed_clinic};
use frontdesk_tenants::schedule;
use frontdesk_types::{Clock as _, IdSource, SystemClock, SystemIds};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use breaker::Fault;
use breaker::{Breaker, Shared};
use day::Town;
use people::People;
use samples::Sample;

use crate::deployment::Deployment;
use crate::load::process::Processes;
use crate::outcome::{Exit, Failure, Output};
use crate::place::connect;

/// The clinic of which the called one is a copy.
const CLINIC: &str = "nile-heart";
/// What telephone callers ask.
const QUESTION: &str = "What are your opening hours";
/// Between two looks at what the runtime holds.
const LOOK: Duration = Duration::from_secs(3);
/// How long the last call may take to end.
const LAST_CALL: Duration = Duration::from_secs(150);

/// Options of `soak`.
#[derive(Debug, Clone, Args)]
pub struct SoakArgs {
    /// Minutes for which calls come in.
    #[arg(long, value_name = "M", default_value_t = 5.0, value_parser = positive)]
    pub minutes: f64,
    /// Calls that are begun in a minute.
    #[arg(long, value_name = "N", default_value_t = 15.0, value_parser = positive)]
    pub rate: f64,
    /// Seconds from one thing being mended to the next being broken.
    #[arg(long, value_name = "S", default_value_t = 15)]
    pub pause: u64,
    /// What is broken, in turn (default: everything).
    #[arg(long = "break", value_enum, value_name = "WHAT", value_delimiter = ',')]
    pub faults: Vec<Fault>,
    /// Folder for the report and the runtime's log (default: the data folder).
    #[arg(long, value_name = "FOLDER")]
    pub report: Option<PathBuf>,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= 100_000.0 => Ok(number),
        _ => Err("expected a number above 0".to_owned()),
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, error)
}

/// Soaks a runtime and prints the report. The first interruption ends the calls and the breaking; what
/// was left behind is judged nevertheless.
///
/// # Errors
/// [`Failure`] if the runtime does not start, or the report cannot be written.
pub async fn soak(
    deployment: &impl Deployment,
    args: &SoakArgs,
    interrupted: CancellationToken,
    out: &mut impl Output,
) -> Result<Exit, Failure> {
    let data = deployment.data_dir();
    if !deployment.is_embedded() {
        let message = "a soak kills its servers and fills its disk: take DATABASE_URL and LIVEKIT_URL \
                       out of the configuration";
        return Err(Failure::new(Exit::Usage, message));
    }
    if deployment.embedded_urls().is_some() {
        let message = format!(
            "{} holds a database already, which a soak could destroy: set FRONTDESK_DATA_DIR to an \
             empty folder",
            data.display()
        );
        return Err(Failure::new(Exit::Usage, message));
    }
    std::fs::create_dir_all(data).map_err(failed)?;
    let folder = args.report.clone().unwrap_or_else(|| data.to_owned());
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let asks = tokio::task::spawn_blocking(|| phone::sentence(QUESTION)).await;
    let asks = asks.map_err(failed)?.map_err(failed)?;
    let (faults, left_out) = faults(deployment, args);
    let log = folder.join("soak-serve.log");
    let shared = Shared {
        began: Instant::now(),
        runtime: RefCell::default(),
        lives: RefCell::default(),
        broken: RefCell::default(),
        found: RefCell::default(),
    };
    out.line(format_args!("Starting. The runtime's log is {}", log.display()));
    let sip = free_port().map_err(failed)?;
    let interruption = interrupted.clone();
    let mut breaker = Breaker::start(deployment, &shared, sip, log.clone(), interruption).await?;
    let town = town(deployment, &shared, sip, asks).await;
    let town = match town {
        Ok(town) => town,
        Err(failure) => {
            breaker.stop().await;
            return Err(failure);
        }
    };
    let until = Instant::now() + Duration::from_secs_f64(args.minutes * 60.0);
    let minutes = args.minutes;
    out.line(format_args!("Calls come in for {minutes} minutes, {} a minute", args.rate));
    let pause = Duration::from_secs(args.pause);
    let calls = async {
        let calls =
            day::calls(&town, args.rate, shared.began, until, LAST_CALL, &interrupted).await;
        (calls, Instant::now())
    };
    let (broken, (calls, last_call), ()) =
        tokio::join!(breaker.run(&faults, pause, until), calls, look(&shared, until, &interrupted));
    let mut report = report::Report {
        passed: false,
        seconds: shared.seconds(),
        violations: shared.found.take(),
        ways: Default::default(),
        broken: shared.broken.take(),
        left_out,
        settled: None,
        people: Default::default(),
        audited: 0,
        growth: Vec::new(),
        lives: Vec::new(),
        errors: Default::default(),
        faults: Vec::new(),
    };
    if let Err(error) = broken {
        report.violations.push(judge::violation("NOT-STARTED", error));
    }
    report.count(&calls);
    out.line("The last call is over; waiting until all has settled");
    judge::judge(deployment, &town, &shared, last_call, &mut report).await;
    town.database.close().await;
    report.violations.extend(breaker.stop().await);
    report.weigh(shared.lives.take());
    judge::read_log(&log, &mut report);
    report.passed = report.violations.is_empty();
    write(&folder, &report)?;
    out.line(&report);
    Ok(if report.passed { Exit::Done } else { Exit::Failed })
}

/// What is broken, and what is not and why.
fn faults(deployment: &impl Deployment, args: &SoakArgs) -> (Vec<Fault>, Vec<String>) {
    let mut left_out = Vec::new();
    if !deployment.kills_stages() {
        left_out
            .push("stages of calls: the program was built without `fault-injection`".to_owned());
    }
    let mut faults =
        if args.faults.is_empty() { Fault::value_variants().to_vec() } else { args.faults.clone() };
    if faults.contains(&Fault::Disk)
        && let Err(reason) = breaker::may_be_filled(deployment.data_dir())
    {
        faults.retain(|fault| *fault != Fault::Disk);
        left_out.push(format!("the disk: {reason}"));
    }
    (faults, left_out)
}

/// Makes the clinic that is called.
async fn town(
    deployment: &impl Deployment,
    shared: &Shared,
    sip: SocketAddr,
    asks: phone::Sentence,
) -> Result<Town, Failure> {
    let runtime = shared.runtime.borrow().clone();
    let Some((runtime, _)) = runtime else { return Err(failed("the runtime is gone")) };
    let mut exchange = deployment.exchange()?;
    exchange.agent_name = runtime.agent_name;
    let database = connect(deployment).await?;
    let (clock, ids): (Arc<SystemClock>, Arc<dyn IdSource>) =
        (Arc::new(SystemClock::new()), Arc::new(SystemIds));
    let people = People::new(Instant::now());
    let demo = demo_file().map_err(failed)?.clinics.into_iter();
    let demo = demo.into_iter().find(|clinic| clinic.slug == CLINIC);
    let demo = demo.ok_or_else(|| failed(format!("there is no demo clinic {CLINIC}")))?;
    let clinic = people.clinic(demo, ids.as_ref());
    let keys = deployment.keys()?;
    let now = clock.wall();
    let tenant = seed_clinic(&database, &keys, &clinic, now, ids.as_ref()).await;
    let tenant = tenant.map_err(failed)?;
    schedule::generate(&database, &tenant, now, ids.as_ref()).await.map_err(failed)?;
    Ok(Town {
        exchange,
        database,
        tenant,
        slug: clinic.slug,
        number: clinic.phone,
        sip,
        asks,
        people: Arc::new(Mutex::new(people)),
        clock,
        ids,
    })
}

/// Looks at what the runtime holds until `until`, and once more.
async fn look(shared: &Shared, until: Instant, interrupted: &CancellationToken) {
    while Instant::now() < until && !interrupted.is_cancelled() {
        tokio::time::sleep(LOOK).await;
        let runtime = shared.runtime.borrow().clone();
        let Some((runtime, since)) = runtime else { continue };
        let calls = runtime.metric("frontdesk_live_calls").await;
        let processes = Processes::tree_of(runtime.pid);
        let sample = Sample {
            seconds: since.elapsed().as_secs_f64(),
            mib: processes.memory_bytes() as f64 / f64::from(1 << 20),
            files: processes.open_files(),
            threads: processes.threads(),
            calls: calls.unwrap_or_default(),
        };
        let same = shared.runtime.borrow().as_ref().is_some_and(|(now, _)| now.pid == runtime.pid);
        if let Some(life) = shared.lives.borrow_mut().last_mut()
            && same
            && calls.is_some()
        {
            life.samples.push(sample);
        }
    }
}

fn free_port() -> std::io::Result<SocketAddr> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn write(folder: &Path, report: &report::Report) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(report).map_err(failed)?;
    for (name, text) in [("soak.json", json), ("soak.md", report.to_string())] {
        let path = folder.join(name);
        std::fs::write(&path, text + "\n").map_err(|error| {
            failed(format!("the report {} cannot be written: {error}", path.display()))
        })?;
    }
    Ok(())
}
