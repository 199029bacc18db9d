//! `frontdesk replay`: the decisions of turn taking in a call, explained, and made again without
//! audio, with the call's settings or with others.

mod compare;
mod set;

use std::fmt::{self, Display};

use clap::Args;
use frontdesk_pipelines::turn::{Decision, Record, TurnSettings, Verdict};
use frontdesk_tenants::{Database, Error, TenantTx, decisions, directory, overview};
use frontdesk_types::CallId;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::deployment::Deployment;
use crate::host::Host;
use crate::outcome::{Exit, Failure, Output};
use crate::place::connect;
pub use compare::{Difference, compare, cuts};
pub use set::with;

/// Options of `replay`.
#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// Id of the call, or name of its room.
    pub call: String,
    /// Slug of the clinic that was called; all clinics are searched without it.
    #[arg(long, value_name = "SLUG")]
    pub clinic: Option<String>,
    /// A setting of turn taking to try, such as min_delay=400ms; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Replays the decisions of a call, unless it is `interrupted` before a runtime serves.
///
/// # Errors
/// [`Failure`] if there is no such call, it has no log, or a setting cannot be set.
pub async fn replay(
    deployment: &impl Deployment,
    args: &ReplayArgs,
    interrupted: CancellationToken,
    out: &mut impl Output,
) -> Result<Exit, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    // A mistake in a setting starts nothing.
    let defaults = TurnSettings::default();
    for set in &args.set {
        with(&defaults, set).map_err(usage)?;
    }
    let host = Host::find_or_start(deployment, false, &interrupted).await?;
    let log = match connect(deployment).await {
        Ok(database) => {
            let log = find(&database, args).await;
            database.close().await;
            log.map_err(|error| Failure::new(Exit::Unavailable, error))
        }
        Err(failure) => Err(failure),
    };
    host.stop().await;
    let (call, log) = log?.ok_or_else(|| {
        usage(format!(
            "no call {:?} has a decision log: expected the id or the room of a spoken call",
            args.call
        ))
    })?;
    let records = Record::read(&log).map_err(|error| Failure::new(Exit::Failed, error))?;
    let changed = |record: &Record| {
        args.set.iter().try_fold(record.head.settings, |settings, set| with(&settings, set))
    };
    let settings: Vec<TurnSettings> =
        records.iter().map(changed).collect::<Result<_, _>>().map_err(usage)?;
    let replay = Replay::of(call, &records, &settings)
        .ok_or_else(|| Failure::new(Exit::Failed, "the decision log is empty"))?;
    if args.json {
        let json = serde_json::to_string_pretty(&replay);
        out.line(json.map_err(|error| Failure::new(Exit::Failed, error))?);
    } else {
        out.line(&replay);
    }
    // The same settings must decide the same: else the log or the logic is at fault.
    let faithful = !args.set.is_empty() || replay.changes == 0;
    Ok(if faithful { Exit::Done } else { Exit::Failed })
}

/// The log of the call that is asked for.
async fn find(database: &Database, args: &ReplayArgs) -> Result<Option<(CallId, Vec<u8>)>, Error> {
    let clinics = match &args.clinic {
        Some(slug) => directory::clinic_by_slug(database, slug).await?.into_iter().collect(),
        None => directory::active_clinics(database).await?,
    };
    let id: Option<CallId> = args.call.parse().ok();
    for tenant in clinics.iter().filter_map(directory::Clinic::tenant) {
        let mut tx = TenantTx::begin(database, &tenant).await?;
        let call = match id {
            Some(id) => Some(id),
            None => overview::call_in_room(&mut tx, &args.call).await?.map(|call| call.id),
        };
        let log = match call {
            Some(call) => decisions::of_call(&mut tx, call).await?,
            None => Vec::new(),
        };
        tx.commit().await?;
        if let Some(call) = call.filter(|_| !log.is_empty()) {
            return Ok(Some((call, log)));
        }
    }
    Ok(None)
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Replay {
    call: CallId,
    /// Settings of the call.
    settings: TurnSettings,
    /// Settings of the replay.
    replayed_with: TurnSettings,
    /// Turns that were cut as recorded, and turns.
    cuts: (usize, usize),
    /// The same as replayed.
    replayed_cuts: (usize, usize),
    /// How many decisions changed.
    changes: usize,
    decisions: Vec<Difference>,
}

impl Replay {
    /// Of the logs of the processes that had the call, each with settings of its own.
    fn of(call: CallId, records: &[Record], settings: &[TurnSettings]) -> Option<Self> {
        let (first, replayed_with) = (records.first()?.head, *settings.first()?);
        let (mut recorded, mut replayed) = (Vec::new(), Vec::new());
        for (record, settings) in records.iter().zip(settings) {
            // All times count from the beginning of the first log.
            let later_ms = record.head.begun_wall.saturating_sub(first.begun_wall) / 1000;
            let later = |mut decision: Decision| {
                decision.at_ms += later_ms;
                decision
            };
            recorded.extend(record.decisions().into_iter().map(later));
            replayed.extend(record.replay(settings).into_iter().map(later));
        }
        let decisions = compare(&recorded, &replayed);
        Some(Self {
            call,
            settings: first.settings,
            replayed_with,
            cuts: cuts(&recorded),
            replayed_cuts: cuts(&replayed),
            changes: decisions.iter().filter(|decision| decision.is_change()).count(),
            decisions,
        })
    }
}

impl Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "call {}", self.call)?;
        for difference in &self.decisions {
            match difference {
                Difference::Same { decision } => writeln!(f, "  {}", Line(decision))?,
                Difference::Moved { recorded, replayed, by_ms } => {
                    writeln!(f, "  {}", Line(recorded))?;
                    writeln!(f, "    now {by_ms:+} ms: {}", Line(replayed))?;
                }
                Difference::Gone { recorded } => {
                    writeln!(f, "  {}", Line(recorded))?;
                    writeln!(f, "    now not decided")?;
                }
                Difference::New { replayed } => writeln!(f, "  + {}", Line(replayed))?,
            }
        }
        let (cut, turns) = self.cuts;
        write!(f, "{cut} of {turns} turns were cut: the caller went on within a second")?;
        if self.settings != self.replayed_with {
            let (cut, turns) = self.replayed_cuts;
            write!(
                f,
                "\nreplayed: {} decisions changed, {cut} of {turns} turns cut; callers and agent \
                 are taken to do what they did",
                self.changes
            )?;
        }
        Ok(())
    }
}

/// A decision in one line: when, what, why.
struct Line<'a>(&'a Decision);

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decision { at_ms, verdict, voiced_ms, mean_score, words, playing, .. } = self.0;
        let seconds = *at_ms as f64 / 1000.0;
        let over = if *playing { " while the agent plays" } else { "" };
        let named = match verdict {
            Verdict::Started => "speech",
            Verdict::Ended => "turn over",
            Verdict::Discarded => "discarded",
            Verdict::Paused => "pause",
            Verdict::Resumed => "resume",
            Verdict::Interrupted => "interrupt",
        };
        write!(
            f,
            "{seconds:8.2} s  {named:<10} {voiced_ms} ms voiced (mean score {mean_score:.2}), \
             {words} words{over}"
        )?;
        let decision = self.0;
        if decision.backchannel {
            write!(f, ", all acknowledgements")?;
        }
        if let (Some(reason), Some(wait), Some(silent)) =
            (decision.reason, decision.wait_ms, decision.silent_ms)
        {
            let reason = format!("{reason:?}").to_lowercase();
            write!(f, ", {reason}: {silent} ms of silence, wait {wait} ms")?;
        }
        if let Some(recognized) = decision.recognized_ms {
            write!(f, "; final words {recognized} ms later")?;
        }
        if decision.went_on == Some(true) {
            write!(f, "; CUT, the caller went on")?;
        }
        Ok(())
    }
}
