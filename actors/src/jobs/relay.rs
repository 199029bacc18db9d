//! From the outbox to those who consume events, in this process: at least once, and in order for each
//! thing that events tell of. A consumer that does not take an event holds up what follows of that
//! thing, and nothing else.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_tenants::outbox::{self, Event};
use frontdesk_tenants::{Database, Error, doctors};
use jiff::{SignedDuration, Timestamp};

use super::{JobError, Run};

/// Events of one look.
const BATCH: i64 = 1000;
/// From a look that found few events to the next.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before an event is tried again.
const LONGEST_RETRY: SignedDuration = SignedDuration::from_hours(1);

/// A future of a consumer.
pub type Taken<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Who consumes events. An event may come again, also after it was taken: what was done once must not
/// be done twice (the table `inbox`, or a write that is the same again).
pub trait Consumer: Send + Sync {
    /// Name, for the log.
    fn name(&self) -> &'static str;
    /// Whether it wants an event of this kind.
    fn wants(&self, event: &Event) -> bool;
    /// Takes it; one that fails comes again later.
    fn take<'a>(&'a self, event: &'a Event, now: Timestamp) -> Taken<'a>;
}

/// Keeps the directory of all clinics' doctors.
#[derive(Debug)]
pub struct DoctorDirectory(pub Database);

impl Consumer for DoctorDirectory {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn wants(&self, event: &Event) -> bool {
        // Not for each new slot.
        event.aggregate == "doctor" && event.event != "doctor.availability_updated"
    }

    fn take<'a>(&'a self, event: &'a Event, now: Timestamp) -> Taken<'a> {
        Box::pin(async move {
            let doctor = doctors::DoctorEvent {
                event: event.id,
                clinic: event.clinic,
                doctor: frontdesk_types::DoctorId::from_uuid(event.aggregate_id),
            };
            doctors::project(&self.0, &doctor, now).await.map(drop)
        })
    }
}

/// Hands events on for a while; gives how many.
pub(super) async fn relay(run: Run, stretch: Duration) -> Result<u64, JobError> {
    let begun = run.services().clock.mono();
    let mut handed = 0;
    loop {
        let (read, taken) = pass(run.worker()?, &run.services().consumers, run.now()).await?;
        handed += taken;
        if run.services().clock.mono().since(begun) >= stretch {
            return Ok(handed);
        } else if read < BATCH.unsigned_abs() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// One look; gives how many events were read, and how many all consumers have had.
pub(super) async fn pass(
    worker: &Database,
    consumers: &[Arc<dyn Consumer>],
    now: Timestamp,
) -> Result<(u64, u64), JobError> {
    let events = outbox::waiting(worker, BATCH, now).await?;
    let mut taken = Vec::with_capacity(events.len());
    let mut held_up = HashSet::new();
    for event in &events {
        if held_up.contains(&event.aggregate_id) {
            continue;
        }
        match hand(consumers, event, now).await {
            Ok(()) => taken.push(event.position),
            Err((consumer, error)) => {
                let event_id = event.id;
                tracing::error!(consumer, %event_id, event = event.event, %error, "event not taken");
                held_up.insert(event.aggregate_id);
                let pause = SignedDuration::from_secs(1 << event.attempts.min(12));
                let retry = now.saturating_add(pause.min(LONGEST_RETRY)).unwrap_or(now);
                outbox::not_taken(worker, event.position, retry).await?;
            }
        }
    }
    outbox::published(worker, &taken, now).await?;
    Ok((events.len() as u64, taken.len() as u64))
}

async fn hand(
    consumers: &[Arc<dyn Consumer>],
    event: &Event,
    now: Timestamp,
) -> Result<(), (&'static str, Error)> {
    for consumer in consumers.iter().filter(|consumer| consumer.wants(event)) {
        consumer.take(event, now).await.map_err(|error| (consumer.name(), error))?;
    }
    Ok(())
}
