//! The clinics' database, prepared for this program, and what a call needs of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::toolbox::Toolbox;
use frontdesk_pipelines::dialogue::{
    CallFacts, ClinicFacts, ClinicSettings, DoctorFacts, HolidayFacts, OpenHours,
};
use frontdesk_pipelines::language::{Language, Languages, PhraseError};
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_tenants::{
    Database, Error, Provision, SetupError, Tenant, TenantTx, calls, demo, directory, documents,
    holidays,
};
use frontdesk_types::{Channel, IdSource, Mono};
use jiff::Timestamp;
use jiff::civil::Time;

use crate::clinic_settings;
use crate::config::DatabaseConfig;
use crate::contexts::Contexts;
use crate::job_metadata::JobMetadata;
use crate::servers::DatabaseAccess;

/// How long a look-up before a call may take: the job must be answered within 10 s, always.
const LOOKUP_PATIENCE: Duration = Duration::from_secs(4);

/// How long connections may take to be given back at the end.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// Why the database cannot be used; one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ClinicsError {
    /// It cannot be reached, is too old, or has another schema.
    #[error("{which}: {error}")]
    Setup {
        /// The variable to change, or the embedded database.
        which: &'static str,
        /// What is wrong.
        error: SetupError,
    },
    /// The demo clinics could not be made.
    #[error("the demo clinics could not be made: {0}")]
    Seed(Error),
}

/// Finds out whether somebody else's database can be reached; the embedded one is started.
///
/// # Errors
/// [`ClinicsError::Setup`] if it cannot.
pub async fn reach(database: &DatabaseConfig) -> Result<(), ClinicsError> {
    let DatabaseConfig::External { url, .. } = database else { return Ok(()) };
    let reached = frontdesk_tenants::reach(url.reveal()).await;
    reached.map_err(|error| ClinicsError::Setup { which: "DATABASE_URL", error })
}

/// Why a call is refused.
#[derive(Debug, thiserror::Error)]
pub enum CallRefused {
    /// The metadata names no clinic and there is no default.
    #[error("the job names no clinic and FRONTDESK_DEFAULT_CLINIC is not set")]
    NoClinic,
    /// No such clinic.
    #[error("there is no clinic {0:?}")]
    Unknown(String),
    /// No clinic has that number.
    #[error("no clinic has the number {0}")]
    UnknownNumber(String),
    /// It was deactivated.
    #[error("the clinic {0:?} is not active")]
    Inactive(String),
    /// The database cannot tell.
    #[error("the clinic cannot be looked up: {0}")]
    Database(#[from] Error),
    /// The clinic's own wording of a phrase.
    #[error("the clinic's phrases cannot be used: {0}")]
    Phrases(#[from] PhraseError),
    /// The database does not answer.
    #[error("the clinic cannot be looked up: no answer within {} s", LOOKUP_PATIENCE.as_secs())]
    Late,
}

/// The clinics' database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Clinics {
    database: Database,
    contexts: Arc<Contexts>,
}

impl Clinics {
    /// Prepares the database and connects as the application's role. The embedded one gets roles,
    /// schema and demo clinics; another one is migrated only if the owner's URL is known.
    ///
    /// # Errors
    /// [`ClinicsError`] if it cannot be used.
    pub async fn open(access: &DatabaseAccess) -> Result<Self, ClinicsError> {
        let named = |which| move |error| ClinicsError::Setup { which, error };
        let (which, app) = match access {
            DatabaseAccess::Embedded { superuser, app, .. } => {
                let which = "the embedded database";
                let url = superuser.reveal();
                let plan = Provision::default();
                frontdesk_tenants::provision(url, &plan).await.map_err(named(which))?;
                frontdesk_tenants::migrate(url).await.map_err(named(which))?;
                (which, app)
            }
            DatabaseAccess::External { app, owner, .. } => {
                if let Some(owner) = owner {
                    let migrated = frontdesk_tenants::migrate(owner.reveal()).await;
                    migrated.map_err(named("FRONTDESK_MIGRATE_URL"))?;
                }
                ("DATABASE_URL", app)
            }
        };
        let database = Database::connect(app.reveal()).await.map_err(named(which))?;
        Ok(Self { database, contexts: Arc::default() })
    }

    /// The same, whose calls may have these tools.
    #[must_use]
    pub fn with_tools(mut self, tools: Arc<Toolbox>) -> Self {
        self.contexts = Arc::new(Contexts::with(tools));
        self
    }

    /// Makes the demo clinics if they are not there, and their slots from today on.
    ///
    /// # Errors
    /// [`ClinicsError::Seed`] if the database fails.
    pub async fn seed_demo(
        &self,
        keys: &KeyRing,
        now: Timestamp,
        ids: &dyn IdSource,
    ) -> Result<usize, ClinicsError> {
        let seeded = demo::seed_demo(&self.database, keys, now, ids).await;
        seeded.map(|clinics| clinics.len()).map_err(ClinicsError::Seed)
    }

    /// The pool, for the actors.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Whether something can be written to the database.
    ///
    /// # Errors
    /// One line for operators.
    pub async fn try_write(&self, now: Timestamp) -> Result<(), String> {
        self.database.try_write(now).await.map_err(|error| error.to_string())
    }

    /// The number of the clinic of that slug, if calls to it come to the clinic.
    pub async fn number_of(&self, slug: Option<&str>) -> Option<String> {
        let clinic = directory::clinic_by_slug(&self.database, slug?).await.ok()??;
        let owner = directory::clinic_by_phone(&self.database, &clinic.phone).await.ok()??;
        (owner.id == clinic.id).then_some(clinic.phone)
    }

    /// The clinic of a job and what its dialogue starts with. What was read for an earlier call is
    /// used again while the clinic's version of it stands.
    ///
    /// # Errors
    /// [`CallRefused`] if there is no such clinic, or it cannot be looked up in time.
    pub async fn call(
        &self,
        dispatch: &JobMetadata,
        default_clinic: Option<&str>,
        now: Mono,
    ) -> Result<(Tenant, CallFacts), CallRefused> {
        let slug = dispatch.clinic.as_deref().or(default_clinic).ok_or(CallRefused::NoClinic)?;
        tokio::time::timeout(LOOKUP_PATIENCE, self.look_up(slug, dispatch, now))
            .await
            .unwrap_or(Err(CallRefused::Late))
    }

    /// The clinic whose number was dialled (E.164), and what its dialogue starts with.
    ///
    /// # Errors
    /// [`CallRefused`] if there is no such clinic, or it cannot be looked up in time.
    pub async fn dialled(
        &self,
        number: &str,
        now: Mono,
    ) -> Result<(Tenant, CallFacts), CallRefused> {
        let look_up = async {
            let clinic = directory::clinic_by_phone(&self.database, number).await?;
            let clinic = clinic.ok_or_else(|| CallRefused::UnknownNumber(number.to_owned()))?;
            // A telephone does not say which language is expected.
            self.answers_for(clinic, "", Channel::Phone, now).await
        };
        tokio::time::timeout(LOOKUP_PATIENCE, look_up).await.unwrap_or(Err(CallRefused::Late))
    }

    /// The clinic of a call that is under way, and what its dialogue is told.
    ///
    /// # Errors
    /// [`CallRefused`] if it takes no calls any more, or cannot be looked up in time.
    pub async fn of_call(
        &self,
        tenant: &Tenant,
        language: &str,
        channel: Channel,
        now: Mono,
    ) -> Result<CallFacts, CallRefused> {
        let look_up = async {
            let clinic = directory::clinic_by_id(&self.database, tenant.clinic()).await?;
            let clinic = clinic.ok_or(CallRefused::NoClinic)?;
            Ok(self.answers_for(clinic, language, channel, now).await?.1)
        };
        tokio::time::timeout(LOOKUP_PATIENCE, look_up).await.unwrap_or(Err(CallRefused::Late))
    }

    async fn look_up(
        &self,
        slug: &str,
        dispatch: &JobMetadata,
        now: Mono,
    ) -> Result<(Tenant, CallFacts), CallRefused> {
        let clinic = directory::clinic_by_slug(&self.database, slug).await?;
        let clinic = clinic.ok_or_else(|| CallRefused::Unknown(slug.to_owned()))?;
        let answers = self.answers_for(clinic, &dispatch.language, dispatch.channel, now);
        let (tenant, mut facts) = answers.await?;
        facts.explain = dispatch.explain;
        Ok((tenant, facts))
    }

    async fn answers_for(
        &self,
        clinic: directory::Clinic,
        language: &str,
        channel: Channel,
        now: Mono,
    ) -> Result<(Tenant, CallFacts), CallRefused> {
        let tenant = clinic.tenant().ok_or_else(|| CallRefused::Inactive(clinic.slug.clone()))?;
        let asked = language.split('-').next().unwrap_or_default().to_lowercase();
        let language = Languages::built_in().for_call(&asked, &clinic.languages);
        let key = (clinic.id, language.code().to_owned());
        let context = match self.contexts.fresh(&key, clinic.facts_version, now) {
            Some(context) => context,
            None => {
                let version = clinic.facts_version;
                let settings = settings(&clinic, language);
                let facts = self.facts(clinic, &tenant, language.code()).await?;
                self.contexts.keep(key, facts, language, settings, version, now)?
            }
        };
        let mut facts = CallFacts::of(context, channel);
        if !asked.is_empty() {
            facts.language = asked;
        }
        Ok((tenant, facts))
    }

    /// Whether a call of the clinic goes on in that room, here or elsewhere.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn has_call_in(&self, tenant: &Tenant, room: &str) -> Result<bool, Error> {
        let mut tx = TenantTx::begin(&self.database, tenant).await?;
        calls::is_open_in(&mut tx, room).await
    }

    /// The clinic of that slug, if there is one that takes calls.
    ///
    /// # Errors
    /// [`CallRefused::Database`] or [`CallRefused::Late`].
    pub async fn public(&self, slug: &str) -> Result<Option<directory::Clinic>, CallRefused> {
        let look_up = directory::clinic_by_slug(&self.database, slug);
        let found = tokio::time::timeout(LOOKUP_PATIENCE, look_up).await;
        let clinic = found.map_err(|_| CallRefused::Late)??;
        Ok(clinic.filter(|clinic| clinic.active))
    }

    /// What calls are told of a clinic, in one of its languages.
    async fn facts(
        &self,
        clinic: directory::Clinic,
        tenant: &Tenant,
        language: &str,
    ) -> Result<ClinicFacts, Error> {
        let mut tx = TenantTx::begin(&self.database, tenant).await?;
        let doctors = directory::doctors(&mut tx).await?;
        let vocabulary = documents::vocabulary(&mut tx).await?;
        let holidays = holidays::list(&mut tx).await?;
        drop(tx);
        let specialty_words = directory::specialty_words(&self.database, language).await?;
        Ok(ClinicFacts {
            name: clinic.name,
            time_zone: clinic.time_zone,
            country: clinic.country,
            emergency_number: clinic.emergency_number,
            languages: clinic.languages,
            address: clinic.address,
            phone: clinic.phone,
            hours: open_hours(&clinic.opening_hours),
            doctors: doctors.into_iter().map(doctor_facts).collect(),
            holidays: holidays.into_iter().map(holiday_facts).collect(),
            specialty_words,
            vocabulary,
        })
    }

    /// Closes the pool; a connection that is still in use is not waited for long.
    pub async fn close(&self) {
        if tokio::time::timeout(CLOSE_PATIENCE, self.database.close()).await.is_err() {
            tracing::warn!("database connections were still in use");
        }
    }
}

/// What the clinic sets for its calls in a language. Settings that cannot be used are left out as a
/// whole, and the operator is told: a clinic that is reached beats one with its own voice.
fn settings(clinic: &directory::Clinic, language: &Language) -> ClinicSettings {
    let read = clinic_settings::read(&clinic.call_settings, language.code());
    let checked = read.map_err(|error| error.to_string()).and_then(|settings| {
        let phrases = language.with_phrases(&settings.phrases);
        phrases.map(|_| settings).map_err(|error| error.to_string())
    });
    checked.unwrap_or_else(|error| {
        tracing::error!(clinic = clinic.slug, error, "the clinic's settings are not used");
        ClinicSettings::default()
    })
}

/// Whether all of these opening hours can be read.
#[must_use]
pub fn hours_are_readable(written: &BTreeMap<String, String>) -> bool {
    written.iter().all(|(days, hours)| read_hours(days, hours).is_some())
}

/// The first and the last weekday, from Monday as 0, and the hours of each.
fn read_hours(days: &str, hours: &str) -> Option<(usize, usize, Time, Time)> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name.trim());
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let (from, to) = hours.split_once('-')?;
    Some((day(first)?, day(last)?, from.trim().parse().ok()?, to.trim().parse().ok()?))
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The directory's opening hours (`sun-thu` → `09:00-17:00`) by weekday. What cannot be read is
/// left out: the clinic then says nothing of that day rather than something wrong.
fn open_hours(written: &BTreeMap<String, String>) -> Vec<OpenHours> {
    let mut all = Vec::new();
    for (days, hours) in written {
        let Some((first, last, from, to)) = read_hours(days, hours) else {
            tracing::warn!(days, hours, "opening hours cannot be read");
            continue;
        };
        let count = (last + DAYS.len() - first) % DAYS.len();
        let weekdays = (0..=count).filter_map(|n| i8::try_from((first + n) % DAYS.len() + 1).ok());
        all.extend(weekdays.map(|weekday| OpenHours { weekday, from, to }));
    }
    all.sort_by_key(|hours| (hours.weekday, hours.from));
    all
}

fn doctor_facts(doctor: directory::Doctor) -> DoctorFacts {
    DoctorFacts {
        id: doctor.id,
        name: doctor.name,
        specialties: doctor.specialties,
        // Whole units are spoken; the decimals of a fee are not.
        fee: doctor.fee.and_then(|fee| fee.split('.').next()?.parse().ok()),
        languages: doctor.languages,
        gender: doctor.gender,
    }
}

fn holiday_facts(holiday: holidays::Holiday) -> HolidayFacts {
    let holidays::Holiday { day, holiday, name, closed } = holiday;
    HolidayFacts { day, holiday, name, closed }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn opening_hours_are_read_by_weekday_over_the_turn_of_the_week() {
        let written = [("sun-thu", "09:00-17:00"), ("sat", "10:00-14:00"), ("frx", "1-2")];
        let written = written.map(|(days, hours)| (days.to_owned(), hours.to_owned()));
        let hours = open_hours(&BTreeMap::from(written));
        let open = |weekday, from, to| OpenHours {
            weekday,
            from: time(from, 0, 0, 0),
            to: time(to, 0, 0, 0),
        };
        let all = [
            open(1, 9, 17),
            open(2, 9, 17),
            open(3, 9, 17),
            open(4, 9, 17),
            open(6, 10, 14),
            open(7, 9, 17),
        ];
        assert_eq!(hours, all);
    }
}
