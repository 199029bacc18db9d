//! Whether what the calls left behind is whole: asked of the database, of LiveKit, of the callers and of
//! the log.

use std::fs;
use std::path::Path;
use std::time::Duration;

use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_tenants::inspection::{Inspector, Violation};
use frontdesk_tenants::{Database, audit};
use tokio::time::Instant;

use super::breaker::Shared;
use super::day::Town;
use super::report::Report;
use crate::deployment::Deployment;

/// How long calls that their callers have left may go on.
const LINGER: Duration = Duration::from_secs(90);
/// How long what a killed runtime left behind may wait: the lease of its calls (45 s), the grace (20 s)
/// and the leases of its jobs (30 s), and a busy machine.
const SETTLING: Duration = Duration::from_secs(150);
const POLL: Duration = Duration::from_secs(1);
/// Rooms of this runner.
const ROOMS: &str = "call-";

pub(super) fn violation(rule: &'static str, row: impl std::fmt::Display) -> Violation {
    Violation { rule, row: row.to_string() }
}

/// Waits until all has settled, and judges it. `last_call` is when the last call ended.
pub(super) async fn judge(
    deployment: &impl Deployment,
    town: &Town,
    shared: &Shared,
    last_call: Instant,
    report: &mut Report,
) {
    if let Some(row) = still_live(shared).await {
        report.violations.push(violation("LIVE", row));
    }
    match inspect(deployment, last_call, report).await {
        Ok(found) => report.violations.extend(found),
        Err(reason) => report.violations.push(violation("NOT-JUDGED", reason)),
    }
    match town.visits().await {
        Ok(visits) => {
            let found = town.people(|people| people.compare_all(&visits));
            report.violations.extend(found);
            report.people = town.people(|people| people.known());
        }
        Err(reason) => report.violations.push(violation("NOT-JUDGED", reason)),
    }
    match ServerApi::new(&town.exchange.url, &town.exchange.key).rooms().await {
        Ok(rooms) => {
            let left = rooms.iter().filter(|room| room.name.starts_with(ROOMS)).count();
            if left > 0 {
                report.violations.push(violation("ROOMS", format!("{left} rooms are left")));
            }
        }
        Err(error) => report.violations.push(violation("NOT-JUDGED", error)),
    }
}

/// What is wrong with how many calls go on.
async fn still_live(shared: &Shared) -> Option<String> {
    let end = Instant::now() + LINGER;
    let mut live = None;
    while Instant::now() < end {
        let runtime = shared.runtime.borrow().clone();
        live = match runtime {
            Some((runtime, _)) => runtime.metric("frontdesk_live_calls").await,
            None => None,
        };
        if live == Some(0.0) {
            return None;
        }
        tokio::time::sleep(POLL).await;
    }
    Some(match live {
        Some(live) => format!("{live} calls go on {} s after their callers left", LINGER.as_secs()),
        None => "the runtime does not say how many calls go on".to_owned(),
    })
}

/// What the database says.
async fn inspect(
    deployment: &impl Deployment,
    last_call: Instant,
    report: &mut Report,
) -> Result<Vec<Violation>, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let urls = deployment.embedded_urls().ok_or("the database is gone")?;
    let inspector = Inspector::connect(&urls.superuser).await.map_err(|error| said(&error))?;
    let end = Instant::now() + SETTLING;
    let mut found = loop {
        let found = inspector.unsettled().await.map_err(|error| said(&error))?;
        if found.is_empty() {
            report.settled = Some(last_call.elapsed().as_secs_f64());
            break found;
        }
        if Instant::now() > end {
            break found;
        }
        tokio::time::sleep(POLL).await;
    };
    found.extend(inspector.broken().await.map_err(|error| said(&error))?);
    inspector.close().await;
    let worker = Database::connect_with(&urls.worker, 1).await.map_err(|error| said(&error))?;
    let chains = audit::verify(&worker, &kept(deployment.data_dir())).await;
    for chain in chains.map_err(|error| said(&error))? {
        report.audited += chain.links;
        let faults = chain.faults.iter();
        found.extend(faults.map(|fault| violation("AUD-2", format!("{}: {fault}", chain.clinic))));
    }
    worker.close().await;
    Ok(found)
}

/// The heads that the runtime keeps outside of the database.
fn kept(data: &Path) -> audit::Heads {
    let text = fs::read(data.join("audit-heads.json")).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Counts the errors of the runtime's log, and finds panics that nobody asked for.
pub(super) fn read_log(log: &Path, report: &mut Report) {
    let text = fs::read(log).unwrap_or_default();
    for line in String::from_utf8_lossy(&text).lines() {
        if line.contains("panicked at") && !line.contains("faults.rs") {
            report.violations.push(violation("PANIC", line));
        }
        if let Some((_, said)) = line.split_once(" ERROR ") {
            *report.errors.entry(without_values(said)).or_default() += 1;
        }
    }
}

/// The message alone: fields are `name=value`.
fn without_values(said: &str) -> String {
    let words = said.split_whitespace().filter(|word| !word.contains(['=', '{', '}']));
    words.take(12).collect::<Vec<_>>().join(" ").replace('|', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_count_together_whatever_their_values() {
        let one =
            without_values("call{id=1 clinic_id=2}: frontdesk: not written attempt=1 error=x");
        let other =
            without_values("call{id=3 clinic_id=4}: frontdesk: not written attempt=2 error=y");
        assert_eq!(one, other);
        assert_eq!(one, "frontdesk: not written");
    }
}
