//! What the jobs of this configuration are run with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use frontdesk_actors::jobs::{
    Anchor, Consumer, DoctorDirectory, JOBS, JobServices, Needs, Notifier, Sender,
};
use frontdesk_tenants::Database;
use frontdesk_tenants::audit::Heads;
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_types::{Clock, IdSource};

use crate::clinics::ClinicsError;
use crate::servers::DatabaseAccess;

/// Connections of the worker's role: the relay, the sealer and what tidies, one each, and one over.
const WORKER_CONNECTIONS: u32 = 4;

/// What runs beside a database for this process.
pub struct Around {
    /// Keys of sealed columns, if there are any.
    pub keys: Option<Arc<KeyRing>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Name of this process in leases.
    pub runner: String,
    /// What carries letters, if there is something.
    pub sender: Option<Arc<dyn Sender>>,
    /// Data folder, if this process has one: heads of the audit log are kept there.
    pub folder: Option<PathBuf>,
}

/// Connects as the worker's role, if that is configured, and says once which jobs do not run here.
///
/// # Errors
/// [`ClinicsError`] if the worker's login cannot be used.
pub async fn job_services(
    access: &DatabaseAccess,
    database: &Database,
    around: Around,
) -> Result<JobServices, ClinicsError> {
    let worker = match access.worker() {
        Some(url) => {
            let connected = Database::connect_with(url.reveal(), WORKER_CONNECTIONS).await;
            let which = "FRONTDESK_WORKER_URL";
            Some(connected.map_err(|error| ClinicsError::Setup { which, error })?)
        }
        None => None,
    };
    let Around { keys, clock, ids, runner, sender, folder } = around;
    let notifier = Notifier { database: database.clone(), ids: Arc::clone(&ids) };
    let mut consumers: Vec<Arc<dyn Consumer>> = vec![Arc::new(notifier)];
    if let Some(worker) = &worker {
        consumers.push(Arc::new(DoctorDirectory(worker.clone())));
    }
    let services = JobServices {
        database: database.clone(),
        worker,
        keys,
        clock,
        ids,
        runner,
        consumers,
        sender,
        rooms: None,
        anchor: folder.map(|folder| -> Anchor { Arc::new(move |heads| anchor(&folder, heads)) }),
    };
    for (needs, setting) in [
        (Needs::Worker, "FRONTDESK_WORKER_URL"),
        (Needs::Keys, "FRONTDESK_DATA_KEYS"),
        (Needs::Sender, "FRONTDESK_SMTP_URL"),
    ] {
        let without = JOBS.iter().filter(|job| services.missing(job) == Some(needs));
        let without: Vec<_> = without.map(|job| job.name).collect();
        if !without.is_empty() {
            tracing::warn!(
                jobs = without.join(" "),
                setting,
                "jobs do not run: the setting is not set"
            );
        }
    }
    Ok(services)
}

/// The file of the heads of the audit log's chains in the data folder.
#[must_use]
pub fn heads_file(folder: &Path) -> PathBuf {
    folder.join("audit-heads.json")
}

/// Keeps the heads there, written whole or not at all.
fn anchor(folder: &Path, heads: &Heads) {
    let (path, new) = (heads_file(folder), folder.join("audit-heads.json.new"));
    let written = serde_json::to_vec_pretty(heads)
        .map_err(std::io::Error::other)
        .and_then(|text| std::fs::write(&new, text))
        .and_then(|()| std::fs::rename(&new, &path));
    if let Err(error) = written {
        tracing::error!(%error, "heads of the audit log not kept");
    }
}
