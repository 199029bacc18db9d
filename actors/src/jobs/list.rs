//! The jobs.

use std::time::Duration;

use frontdesk_tenants::booking::{expire_unpaid, mark_missed, sweep_holds};
use frontdesk_tenants::due::Look;
use frontdesk_tenants::schedule::horizon;
use frontdesk_tenants::{
    By, Error, Principal, Tenant, TenantTx, audit, calls, patient, tidy, waitlist, workers,
};

use super::relay::relay;
use super::{Job, JobError, Needs, Run, notify};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const MINUTES: Duration = secs(600);
const HOUR: Duration = secs(3600);

/// How long a run of those that always have something to do goes on.
const STRETCH: Duration = secs(20);
/// From one look for audit rows to the next: they are sealed within a second.
const SEAL_PAUSE: Duration = Duration::from_millis(500);
/// Calls, and keys, of one transaction.
const BATCH: i32 = 200;

/// Every job of a runtime.
pub static JOBS: &[Job] = &[
    Job {
        name: "slots",
        about: "makes the slots of every clinic's schedule up to the end of its booking window",
        unit: "slots",
        every: secs(20),
        limit: HOUR,
        needs: Needs::Database,
        run: |run| Box::pin(slots(run)),
    },
    Job {
        name: "holds",
        about: "frees slots whose hold has run out",
        unit: "holds",
        every: secs(300),
        limit: MINUTES,
        needs: Needs::Database,
        run: |run| Box::pin(holds(run)),
    },
    Job {
        name: "waitlist",
        about: "ends offers that nobody took in time, and offers the slot to the next in line",
        unit: "entries",
        every: secs(30),
        limit: MINUTES,
        needs: Needs::Database,
        run: |run| Box::pin(offers(run)),
    },
    Job {
        name: "unpaid",
        about: "cancels appointments that were not paid in time",
        unit: "appointments",
        every: secs(60),
        limit: MINUTES,
        needs: Needs::Database,
        run: |run| Box::pin(unpaid(run)),
    },
    Job {
        name: "no-show",
        about: "marks appointments to which nobody came, at clinics that say when that is so",
        unit: "appointments",
        every: MINUTES,
        limit: MINUTES,
        needs: Needs::Database,
        run: |run| Box::pin(missed(run)),
    },
    Job {
        name: "calls",
        about: "closes the calls of a runtime that is gone; who was identified is to be called back",
        unit: "calls",
        every: secs(5),
        limit: MINUTES,
        needs: Needs::Database,
        run: |run| Box::pin(lost_calls(run)),
    },
    Job {
        name: "callers",
        about: "calls the agent again into rooms in which a caller waits and nobody came",
        unit: "callers",
        every: secs(2),
        limit: secs(60),
        needs: Needs::Rooms,
        run: |run| Box::pin(callers(run)),
    },
    Job {
        name: "retention",
        about: "destroys what was said in calls that are over for longer than the clinic keeps it",
        unit: "calls",
        every: HOUR,
        limit: HOUR,
        needs: Needs::Database,
        run: |run| Box::pin(retention(run)),
    },
    Job {
        name: "erasure",
        about: "erases who asked for it, as soon as no appointment of theirs is to come",
        unit: "patients",
        every: MINUTES,
        limit: HOUR,
        needs: Needs::Database,
        run: |run| Box::pin(erasure(run)),
    },
    Job {
        name: "keys",
        about: "wraps data keys by the newest key, after which older ones may be taken away",
        unit: "keys",
        every: HOUR,
        limit: HOUR,
        needs: Needs::Keys,
        run: |run| Box::pin(keys(run)),
    },
    Job {
        name: "relay",
        about: "hands events on, in order for each thing that they tell of",
        unit: "events",
        every: Duration::ZERO,
        limit: MINUTES,
        needs: Needs::Worker,
        run: |run| Box::pin(relay(run, STRETCH)),
    },
    Job {
        name: "notifications",
        about: "sends what people are to be told",
        unit: "letters",
        every: secs(5),
        limit: MINUTES,
        needs: Needs::Sender,
        run: |run| Box::pin(notify::send(run)),
    },
    Job {
        name: "audit",
        about: "seals the audit log: a chain of hashes for each clinic",
        unit: "rows",
        every: Duration::ZERO,
        limit: MINUTES,
        needs: Needs::Worker,
        run: |run| Box::pin(seal(run)),
    },
    Job {
        name: "tidy",
        about: "removes answers of idempotency keys after a day, delivered events after a week, \
                notifications that were sent or given up after 30 days",
        unit: "rows",
        every: HOUR,
        limit: HOUR,
        needs: Needs::Worker,
        run: |run| Box::pin(tidying(run)),
    },
];

async fn slots(run: Run) -> Result<u64, JobError> {
    let (db, ids) = (run.database(), run.services().ids.as_ref());
    let mut tally = run.tally();
    for tenant in horizon::behind(db, run.now()).await? {
        let made = horizon::keep(db, &tenant, run.now(), ids).await;
        if made.is_err() {
            horizon::rest(db, &tenant, run.now()).await?;
        }
        tally.add(&tenant, made.map(|made| made as u64));
    }
    tally.end()
}

async fn holds(run: Run) -> Result<u64, JobError> {
    // Clinic by clinic: by no index can it be seen whether one has such a slot.
    let mut tally = run.tally();
    for tenant in run.clinics().await? {
        tally.add(&tenant, sweep_holds(run.database(), &tenant, run.now()).await);
    }
    tally.end()
}

async fn offers(run: Run) -> Result<u64, JobError> {
    let by = By::principal(Principal::Job("waitlist"));
    let mut tally = run.tally();
    for tenant in run.clinics_with(Look::Waitlist).await? {
        let ended = waitlist::expire_offers(run.database(), &tenant, &by, run.now()).await;
        tally.add(&tenant, ended.map(|ended| ended as u64));
    }
    tally.end()
}

async fn unpaid(run: Run) -> Result<u64, JobError> {
    let by = By::principal(Principal::Job("unpaid"));
    let mut tally = run.tally();
    for tenant in run.clinics_with(Look::Unpaid).await? {
        let cancelled = expire_unpaid(run.database(), &tenant, &by, run.now()).await;
        tally.add(&tenant, cancelled.map(|cancelled| cancelled as u64));
    }
    tally.end()
}

async fn missed(run: Run) -> Result<u64, JobError> {
    let by = By::principal(Principal::Job("no-show"));
    let mut tally = run.tally();
    for tenant in run.clinics_with(Look::NoShow).await? {
        let marked = mark_missed(run.database(), &tenant, &by, run.now()).await;
        tally.add(&tenant, marked.map(|marked| marked as u64));
    }
    tally.end()
}

async fn lost_calls(run: Run) -> Result<u64, JobError> {
    workers::mark_lost(run.database()).await?;
    // The worker's role sees with one look which clinics have one.
    let clinics = match &run.services().worker {
        Some(worker) => calls::clinics_with_lost(worker, run.now()).await?,
        None => run.clinics_with(Look::Calls).await?,
    };
    let mut tally = run.tally();
    for tenant in clinics {
        let ids = run.services().ids.as_ref();
        tally.add(&tenant, calls::close_lost(run.database(), &tenant, run.now(), ids).await);
    }
    tally.end()
}

async fn callers(run: Run) -> Result<u64, JobError> {
    let rooms = run.services().rooms.clone().ok_or(JobError::Missing(Needs::Rooms))?;
    rooms.call_again().await.map_err(JobError::Rooms)
}

async fn retention(run: Run) -> Result<u64, JobError> {
    let mut tally = run.tally();
    for tenant in run.clinics_with(Look::Retention).await? {
        loop {
            let gone = calls::expire_transcripts(run.database(), &tenant, run.now(), BATCH).await;
            let more = gone.as_ref().is_ok_and(|gone| *gone >= u64::from(BATCH.unsigned_abs()));
            tally.add(&tenant, gone);
            if !more {
                break;
            }
        }
    }
    tally.end()
}

async fn erasure(run: Run) -> Result<u64, JobError> {
    let by = By::principal(Principal::Job("erasure"));
    let mut tally = run.tally();
    for tenant in run.clinics_with(Look::Erasure).await? {
        tally.add(&tenant, patient::erase_asked(run.database(), &tenant, &by, run.now()).await);
    }
    tally.end()
}

async fn keys(run: Run) -> Result<u64, JobError> {
    let mut tally = run.tally();
    for tenant in run.clinics().await? {
        tally.add(&tenant, rewrap(&run, &tenant).await);
    }
    tally.end()
}

/// All data keys of a clinic, of calls and of patients.
async fn rewrap(run: &Run, tenant: &Tenant) -> Result<u64, Error> {
    let Some(ring) = &run.services().keys else { return Ok(0) };
    let mut total = 0;
    loop {
        let mut tx = TenantTx::begin(run.database(), tenant).await?;
        let calls = calls::rewrap_keys(&mut tx, ring, i64::from(BATCH)).await?;
        let patients = patient::rewrap_keys(&mut tx, ring, i64::from(BATCH)).await?;
        tx.commit().await?;
        let (done, left) = (calls.done + patients.done, calls.left + patients.left);
        total += done as u64;
        if left == 0 {
            return Ok(total);
        } else if done == 0 {
            return Err(Error::Invalid(format!(
                "{left} data keys are damaged, or wrapped by a key that is not in \
                 FRONTDESK_DATA_KEYS: put it back at the end of the list"
            )));
        }
    }
}

async fn seal(run: Run) -> Result<u64, JobError> {
    let worker = run.worker()?;
    let begun = run.services().clock.mono();
    let mut sealed = 0;
    loop {
        let rows = audit::seal(worker, run.now()).await?;
        sealed += rows;
        if run.services().clock.mono().since(begun) >= STRETCH {
            break;
        } else if rows == 0 {
            tokio::time::sleep(SEAL_PAUSE).await;
        }
    }
    if let Some(anchor) = &run.services().anchor {
        anchor(&audit::heads(worker).await?);
    }
    Ok(sealed)
}

async fn tidying(run: Run) -> Result<u64, JobError> {
    Ok(tidy::tidy(run.worker()?, run.now()).await?)
}
