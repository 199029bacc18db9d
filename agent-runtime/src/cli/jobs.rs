//! `frontdesk jobs`: what each job did, and running one now.

use std::sync::Arc;

use clap::Subcommand;
use frontdesk::clinics::Clinics;
use frontdesk::config::Config;
use frontdesk::data_keys::{data_keys, known_data_keys};
use frontdesk::jobs::{Around, job_services};
use frontdesk::mail;
use frontdesk::servers;
use frontdesk_actors::jobs::{self, JOBS, Job, JobServices, Needs};
use frontdesk_tenants::Database;
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_types::{IdSource as _, SystemClock, SystemIds};
use jiff::{SignedDuration, Timestamp};

use super::{Exit, Failure, Out};

#[derive(Debug, Subcommand)]
pub(super) enum JobsCommand {
    /// Each job: when it last ended well, how often it failed, whether it runs now.
    List,
    /// Run a job now, due or not: 0 if it did what there was to do, else 1.
    Run {
        /// Its name; `frontdesk jobs list` has them.
        name: String,
    },
}

pub(super) fn jobs(config: &Config, command: &JobsCommand, out: &mut Out) -> Result<Exit, Failure> {
    let job = match command {
        JobsCommand::List => None,
        JobsCommand::Run { name } => Some(named(name)?),
    };
    with_services(config, async |services| match job {
        None => list(&services, out).await,
        Some(job) => run(&services, job, out).await,
    })
}

/// Connects to the database that a runtime of this configuration uses, without starting anything.
pub(super) fn with_services(
    config: &Config,
    work: impl AsyncFnOnce(JobServices) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let unavailable = |error| Failure::new(Exit::Unavailable, error);
    let access =
        servers::last_access(config).map_err(|error| Failure::new(Exit::Unavailable, error))?;
    let sender = mail::sender(config).map_err(|error| Failure::new(Exit::Usage, error))?;
    super::serve::on_runtimes(async |_| {
        let clinics = Clinics::open(&access).await.map_err(unavailable)?;
        let keys = keys(config, clinics.database()).await?;
        let around = Around {
            keys: keys.map(Arc::new),
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(SystemIds),
            runner: format!("command-{}", SystemIds.uuid()),
            sender,
            folder: None,
        };
        let services = job_services(&access, clinics.database(), around).await;
        let exit = work(services.map_err(unavailable)?).await;
        clinics.close().await;
        exit
    })
}

/// The keys of this configuration, if it names any: without them only some jobs run.
async fn keys(config: &Config, database: &Database) -> Result<Option<KeyRing>, Failure> {
    let unavailable = |error| Failure::new(Exit::Unavailable, error);
    if known_data_keys(config).map_err(unavailable)?.is_none() {
        return Ok(None);
    }
    data_keys(config, database).await.map_err(unavailable)
}

fn named(name: &str) -> Result<&'static Job, Failure> {
    JOBS.iter().find(|job| job.name == name).ok_or_else(|| {
        let names: Vec<_> = JOBS.iter().map(|job| job.name).collect();
        Failure::new(
            Exit::Usage,
            format!("there is no job {name:?}; there are {}", names.join(", ")),
        )
    })
}

async fn list(services: &JobServices, out: &mut Out) -> Result<Exit, Failure> {
    let failed = |error| Failure::new(Exit::Unavailable, error);
    let seen = jobs::status(services).await.map_err(failed)?.jobs;
    let now = services.clock.wall();
    for job in JOBS {
        let state = seen.iter().find(|state| state.name == job.name);
        let well = state.and_then(|state| state.succeeded_at);
        let well = well.map_or_else(|| "never".to_owned(), |at| ago(at, now));
        let (runs, failures) = state.map_or((0, 0), |state| (state.runs, state.failures));
        out.line(format_args!(
            "{:<16} ended well {well:<12} {runs} runs, {failures} failed",
            job.name
        ));
        out.line(format_args!("{:16} {}", "", job.about));
        if let Some(missing) = services.missing(job) {
            out.line(format_args!("{:16} not run from here: {}", "", setting(missing)));
        }
        if let Some((runner, _)) = state.and_then(|state| state.running.as_ref()) {
            out.line(format_args!("{:16} running now, by {runner}", ""));
        }
        if let Some(error) = state.and_then(|state| state.error.as_deref()) {
            out.line(format_args!("{:16} the last run failed: {error}", ""));
        }
    }
    Ok(Exit::Done)
}

async fn run(services: &JobServices, job: &'static Job, out: &mut Out) -> Result<Exit, Failure> {
    if let Some(missing) = services.missing(job) {
        let message = format!("the job {} cannot run: {}", job.name, setting(missing));
        return Err(Failure::new(Exit::Usage, message));
    }
    let ended = jobs::run_now(services, job).await;
    let failed =
        |error: String| Failure::new(Exit::Failed, format!("the job {}: {error}", job.name));
    let done = ended.map_err(|error| failed(error.to_string()))?;
    let done = done.map_err(|error| failed(error.to_string()))?;
    out.line(format_args!("{}: {done} {}", job.name, job.unit));
    Ok(Exit::Done)
}

const fn setting(missing: Needs) -> &'static str {
    match missing {
        Needs::Database => "there is no database",
        Needs::Worker => "set FRONTDESK_WORKER_URL, the database as frontdesk_worker",
        Needs::Sender => "set FRONTDESK_SMTP_URL and FRONTDESK_MAIL_FROM",
        Needs::Rooms => "a runtime does it, which knows the LiveKit server",
        Needs::Keys => "set FRONTDESK_DATA_KEYS, which seal patients' data",
    }
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    let ago = now.duration_since(at).max(SignedDuration::ZERO);
    match ago.as_secs() {
        0..=119 => format!("{} s ago", ago.as_secs()),
        120..=7199 => format!("{} min ago", ago.as_mins()),
        _ => format!("{} h ago", ago.as_hours()),
    }
}
