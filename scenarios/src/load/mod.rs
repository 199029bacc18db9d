//! `frontdesk load`: many callers at once, and what they and the agent's process went through.
//!
//! Callers send Opus that was encoded beforehand and look at packets instead of decoding them, so
//! that the caller costs a fraction of the agent on a machine that both share. What counts as the
//! agent's voice is a packet longer than any encoder makes of silence.

mod caller;
pub(crate) mod process;
mod report;
mod speech;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use frontdesk_models::tts::flite::Flite;
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_types::SystemIds;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::deployment::Deployment;
use crate::host::Host;
use crate::outcome::{Exit, Failure, Output};
use caller::{Caller, Course, Plan};
use process::Processes;
use report::Report;

/// How long a process may settle after calls, before its memory is taken.
const SETTLE: Duration = Duration::from_secs(3);

/// How long calls may last that their callers have left: the agent waits for them to come back.
const LINGER: Duration = Duration::from_secs(60);

/// How long before the calls may end their memory is taken.
const BEFORE_THE_END: Duration = Duration::from_millis(500);

/// What the runtime is made of that is started for a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Profile {
    /// The real engines.
    #[default]
    Production,
    /// Instant models, a fixed wait, interruption on voice alone, no greeting: for measuring what
    /// is left, beside the same measurement of other runtimes.
    Bench,
}

/// Options of `load`.
#[derive(Debug, Clone, Args)]
pub struct LoadArgs {
    /// Calls at once.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=2000))]
    pub calls: u16,
    /// Turns that each caller takes; with 0 it only listens.
    #[arg(long, value_name = "T", default_value_t = 1)]
    pub turns: u32,
    /// Share of the callers who may be in a turn at a time, above 0 up to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = share)]
    pub speaking: f64,
    /// Interrupt the agent's answer to each turn.
    #[arg(long)]
    pub barge: bool,
    /// The agent says nothing before it is spoken to, as in the bench profile.
    #[arg(long)]
    pub no_greeting: bool,
    /// What the runtime is made of, if none runs on the data folder and one is started.
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,
    /// Seconds for which the calls are held at least, once all have begun.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub seconds: u64,
    /// Milliseconds between the beginnings of two calls.
    #[arg(long, value_name = "MS", default_value_t = 100)]
    pub ramp: u64,
    /// Times that all of it is done, one after the other.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// What each caller says.
    #[arg(long, default_value = "I would like to book an appointment")]
    pub say: String,
    /// Clinic that is called.
    #[arg(long, value_name = "SLUG", default_value = "nile-heart")]
    pub clinic: String,
    /// Process of an agent that is not Frontdesk's, to be measured with its children. Then no
    /// runtime is looked for: LIVEKIT_URL and LIVEKIT_AGENT_NAME say whom to call.
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
    /// Write the report to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("expected a number above 0, at most 1".to_owned()),
    }
}

/// Places the calls and prints the report, unless it is `interrupted`.
///
/// # Errors
/// [`Failure`] if there is nobody to call, or the report cannot be written.
pub async fn load(
    deployment: &impl Deployment,
    args: &LoadArgs,
    interrupted: CancellationToken,
    out: &mut impl Output,
) -> Result<Exit, Failure> {
    let host = match args.pid {
        Some(_) => None,
        None => Some(Host::find_or_start(deployment, false, &interrupted).await?),
    };
    let result = tokio::select! {
        result = run(deployment, args, host.as_ref(), out) => result,
        () = interrupted.cancelled() => Err(Failure::new(Exit::Failed, "interrupted")),
    };
    if let Some(host) = host {
        host.stop().await;
    }
    result
}

/// What our own runtime counts, so far.
#[derive(Debug, Clone, Copy)]
struct Counted {
    decoded: f64,
    finals: f64,
    finals_late: f64,
    finals_wait_ms: f64,
}

impl Counted {
    /// `None` where the agent is not ours.
    async fn now(host: Option<&Host>) -> Option<Self> {
        let host = host?;
        Some(Self {
            decoded: host.metric("frontdesk_packets_in_total").await?,
            finals: host.metric("frontdesk_finals_total").await?,
            finals_late: host.metric("frontdesk_finals_late_total").await?,
            finals_wait_ms: host.metric("frontdesk_finals_wait_ms_total").await?,
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            decoded: self.decoded - before.decoded,
            finals: self.finals - before.finals,
            finals_late: self.finals_late - before.finals_late,
            finals_wait_ms: self.finals_wait_ms - before.finals_wait_ms,
        }
    }
}

/// What the agent's processes hold besides memory.
#[derive(Debug, Clone, Copy, serde::Serialize)]
struct Held {
    files: usize,
    threads: usize,
    /// Tasks of our own runtime; every actor is one.
    tasks: Option<f64>,
}

impl Held {
    async fn now(agent: &Processes, host: Option<&Host>) -> Self {
        let tasks = match host {
            Some(host) => host.metric("frontdesk_tasks").await,
            None => None,
        };
        Self { files: agent.open_files(), threads: agent.threads(), tasks }
    }
}

async fn run(
    deployment: &impl Deployment,
    args: &LoadArgs,
    host: Option<&Host>,
    out: &mut impl Output,
) -> Result<Exit, Failure> {
    let unavailable = |error: &dyn std::fmt::Display| Failure::new(Exit::Unavailable, error);
    let exchange = match host {
        Some(host) => host.exchange(deployment)?,
        None => deployment.exchange()?,
    };
    let (say, voice) = (args.say.clone(), deployment.voice().to_owned());
    let speech =
        tokio::task::spawn_blocking(move || speech::Speech::render(&Flite::new(), &voice, &say));
    let speech =
        speech.await.map_err(|error| unavailable(&error))?.map_err(|error| unavailable(&error))?;
    let server = Arc::new(ServerApi::new(&exchange.url, &exchange.key));
    let plan = Arc::new(Plan {
        exchange,
        server,
        clinic: args.clinic.clone(),
        speech,
        turns: args.turns,
        greeted: !args.no_greeting && args.profile == Profile::Production,
        barge: args.barge,
        may_speak: Semaphore::new(places(args)),
    });
    // The first call pays for what is made once.
    let alone = Arc::new(Plan { turns: 0, ..plan.again() });
    let (mut warm_up, leave) = begin(1, Duration::ZERO, &alone).await;
    leave.send_replace(Some(Instant::now()));
    if let Some(Ok(Course { fault: Some(fault), .. })) = warm_up.join_next().await {
        return Err(Failure::new(Exit::Failed, format!("the first call failed: {fault}")));
    }
    settle(host).await;
    let pid = host.map(Host::pid).or(args.pid).unwrap_or_default();
    let agent = Processes::tree_of(pid);
    let before = agent.memory_bytes();
    let counted_before = Counted::now(host).await;
    let held_before = Held::now(&agent, host).await;
    let mut courses = Vec::new();
    let mut used = report::Used::default();
    for _ in 0..args.rounds {
        let (callers, of_round) = round(args, &plan, &agent).await;
        courses.extend(callers);
        used = used.and(of_round);
    }
    let counted =
        Counted::now(host).await.zip(counted_before).map(|(after, before)| after.since(before));
    settle(host).await;
    let measured = report::Measured {
        before,
        after: agent.memory_bytes(),
        held: (held_before, Held::now(&agent, host).await),
        used,
        counted,
    };
    let report = Report::of(args, &courses, &measured);
    out.line(&report);
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| unavailable(&error))?;
        std::fs::write(path, text + "\n").map_err(|error| {
            let path = path.display();
            Failure::new(Exit::Failed, format!("the report {path} cannot be written: {error}"))
        })?;
    }
    Ok(if report.failures.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Waits until the calls are over, where the agent tells, and a little longer.
async fn settle(host: Option<&Host>) {
    if let Some(host) = host {
        let patience = Instant::now() + LINGER;
        while host.metric("frontdesk_live_calls").await.is_some_and(|calls| calls > 0.0)
            && Instant::now() < patience
        {
            tokio::time::sleep(SETTLE / 10).await;
        }
    }
    tokio::time::sleep(SETTLE).await;
}

/// All calls once; what they went through and what the processes used meanwhile.
async fn round(
    args: &LoadArgs,
    plan: &Arc<Plan>,
    agent: &Processes,
) -> (Vec<Course>, report::Used) {
    let ramp = Duration::from_millis(args.ramp);
    let (callers, leave) = begin(usize::from(args.calls), ramp, plan).await;
    let all_begun = Instant::now();
    let until = all_begun + Duration::from_secs(args.seconds);
    leave.send_replace(Some(until));
    let own = Processes::tree_of(std::process::id());
    let (agent_cpu, own_cpu) = (agent.cpu_seconds(), own.cpu_seconds());
    // Memory is taken while all are there: shortly before the first may leave.
    tokio::time::sleep_until(until - BEFORE_THE_END).await;
    let memory = agent.memory_bytes();
    let seconds = all_begun.elapsed().as_secs_f64();
    let used = report::Used {
        memory,
        seconds,
        agent_cpu: agent.cpu_seconds() - agent_cpu,
        caller_cpu: own.cpu_seconds() - own_cpu,
    };
    (callers.join_all().await, used)
}

/// How many callers may be in a turn at a time.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 2000")]
fn places(args: &LoadArgs) -> usize {
    ((f64::from(args.calls) * args.speaking).ceil() as usize).max(1)
}

/// Lets callers join, one each `ramp`. Returns when all have been greeted or have failed; they stay
/// until the moment that they are told.
async fn begin(
    calls: usize,
    ramp: Duration,
    plan: &Arc<Plan>,
) -> (JoinSet<Course>, watch::Sender<Option<Instant>>) {
    let (tell, until) = watch::channel(None);
    let (greeted, mut begun) = mpsc::channel(calls);
    let mut callers = JoinSet::new();
    for _ in 0..calls {
        let (plan, until, greeted) = (Arc::clone(plan), until.clone(), greeted.clone());
        callers.spawn(async move {
            match Caller::join(&plan, &SystemIds).await {
                Ok(caller) => caller.hold(&plan, greeted, until).await,
                Err(error) => Course { fault: Some(error.to_string()), ..Course::default() },
            }
        });
        tokio::time::sleep(ramp).await;
    }
    drop(greeted);
    // Each caller drops its end once it has been greeted.
    while begun.recv().await.is_some() {}
    (callers, tell)
}
