//! One run of a job: what it may use, and clinics one by one.

use frontdesk_tenants::due::{self, Look};
use frontdesk_tenants::{Database, Error, Tenant, directory};
use jiff::Timestamp;

use super::{JobError, JobServices, Needs};

/// One run of a job.
#[derive(Debug, Clone)]
pub struct Run {
    services: JobServices,
    name: &'static str,
}

impl Run {
    pub(super) const fn new(services: JobServices, name: &'static str) -> Self {
        Self { services, name }
    }

    /// What it is run with.
    #[must_use]
    pub const fn services(&self) -> &JobServices {
        &self.services
    }

    /// The clinics' database, as the application's role.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.services.database
    }

    /// The same as the worker's role.
    ///
    /// # Errors
    /// [`JobError::Missing`] if there is no login for it.
    pub fn worker(&self) -> Result<&Database, JobError> {
        self.services.worker.as_ref().ok_or(JobError::Missing(Needs::Worker))
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.services.clock.wall()
    }

    /// All clinics, also those that are not active any more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn clinics(&self) -> Result<Vec<Tenant>, Error> {
        directory::tenants(self.database()).await
    }

    /// The clinics in which there is something of that to do now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn clinics_with(&self, what: Look) -> Result<Vec<Tenant>, Error> {
        due::clinics(self.database(), what, self.now()).await
    }

    /// What is done clinic by clinic: one that fails is logged and counted, and the others have
    /// their turn.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        Tally { job: self.name, done: 0, all: 0, failed: 0, first: None }
    }
}

/// What was done so far; see [`Run::tally`].
#[derive(Debug)]
pub struct Tally {
    job: &'static str,
    done: u64,
    all: usize,
    failed: usize,
    first: Option<String>,
}

impl Tally {
    /// How it went for a clinic.
    pub fn add(&mut self, tenant: &Tenant, went: Result<u64, Error>) {
        self.all += 1;
        match went {
            Ok(done) => self.done += done,
            Err(error) => {
                let (job, clinic_id) = (self.job, tenant.clinic());
                tracing::error!(job, %clinic_id, %error, "job failed for a clinic");
                self.failed += 1;
                self.first.get_or_insert_with(|| format!("clinic {clinic_id}: {error}"));
            }
        }
    }

    /// How much was done in all.
    ///
    /// # Errors
    /// [`JobError::Some`] if a clinic failed.
    pub fn end(self) -> Result<u64, JobError> {
        let Self { done, all, failed, first, .. } = self;
        first.map_or(Ok(done), |first| Err(JobError::Some { failed, all, first }))
    }
}
