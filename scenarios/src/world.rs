//! The world of one call: a fresh copy of a demo clinic, and what the database says afterwards.
//!
//! All of it goes through `tenants`, as any other client of the database; nothing is shared with
//! the agent. A copy has the data of its demo clinic under a slug and a telephone number of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use frontdesk_tenants::crypt::KeyRing;
use frontdesk_tenants::demo::{DemoClinic, DemoPatient, demo_file, seed_clinic};
use frontdesk_tenants::overview::CallSummary;
use frontdesk_tenants::patient::{self, Claim, Draft, Verification, VerifiedPatient};
use frontdesk_tenants::{
    By, Database, Error, Principal, SetupError, Tenant, TenantTx, booking, decisions, directory,
    overview, schedule,
};
use frontdesk_types::{AppointmentId, CallId, Clock, IdSource, Offer, Phi, time_zone};
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::format::{GivenAppointment, Scenario};
use super::judge::Visit;
use super::offered::{FreeSlot, first_offered};

/// How long the record of a call may take to be closed after the patient has left.
const RECORD_PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks at the record.
const RECORD_POLL: Duration = Duration::from_millis(40);
/// Appointments of a clinic that are looked at.
const MANY: i64 = 10_000;
/// Free slots that are looked at: those of the whole booking window.
const ALL_SLOTS: u32 = 20_000;
/// How long before the call the given appointments were made.
const EARLIER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Why the world could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// Not one of the demo clinics.
    #[error("there is no demo clinic {slug:?}; there are {known}")]
    UnknownClinic {
        /// As the scenario names it.
        slug: String,
        /// The slugs that there are.
        known: String,
    },
    /// The database, or its rules.
    #[error("the clinic's copy cannot be made or read: {0}")]
    Database(#[from] Error),
    /// The file of demo clinics.
    #[error(transparent)]
    Demo(#[from] SetupError),
    /// The scenario's clock does not exist in the clinic's zone.
    #[error("{0} is not a moment in the clinic's time zone")]
    Moment(DateTime),
    /// An appointment under `given` that cannot stand.
    #[error("given: {0}")]
    Given(String),
    /// Nobody else could take the offered slot.
    #[error("meanwhile: {0}")]
    Meanwhile(String),
}

/// The clinic that is called.
pub(crate) struct World {
    database: Database,
    tenant: Tenant,
    slug: String,
    zone: TimeZone,
    /// The call's clock at its start.
    start: Timestamp,
    pinned: bool,
}

/// What was taken by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The appointment.
    pub appointment: AppointmentId,
    /// For people.
    pub description: String,
}

impl World {
    /// Makes a fresh copy of the scenario's clinic, with its slots from the call's clock on and
    /// what is given.
    ///
    /// # Errors
    /// [`WorldError`] if the scenario cannot stand in that clinic, or the database fails.
    pub(crate) async fn prepare(
        database: &Database,
        ring: &KeyRing,
        scenario: &Scenario,
        clock: &dyn Clock,
        ids: &dyn IdSource,
    ) -> Result<Self, WorldError> {
        let demo = copy_of(scenario, ids)?;
        let zone =
            time_zone(&demo.timezone).ok_or_else(|| Error::TimeZone(demo.timezone.clone()))?;
        let start = match scenario.now {
            Some(now) => {
                let moment = now.to_zoned(zone.clone());
                moment.map_err(|_| WorldError::Moment(now))?.timestamp()
            }
            None => clock.wall(),
        };
        let earlier = start.saturating_sub(EARLIER).unwrap_or(start);
        let tenant = seed_clinic(database, ring, &demo, earlier, ids).await?;
        schedule::generate(database, &tenant, start, ids).await?;
        let slug = demo.slug.clone();
        let pinned = scenario.now.is_some();
        let world = Self { database: database.clone(), tenant, slug, zone, start, pinned };
        for given in &scenario.given.appointments {
            world.give(given, &demo, earlier, ids).await?;
        }
        Ok(world)
    }

    /// Slug of the copy.
    #[must_use]
    pub(crate) fn slug(&self) -> &str {
        &self.slug
    }

    /// The moment to pin the call's clock at, if the scenario says one.
    #[must_use]
    pub(crate) fn pinned_now(&self) -> Option<Timestamp> {
        self.pinned.then_some(self.start)
    }

    /// Clinic-local clock at the start of the call.
    #[must_use]
    pub(crate) fn local_start(&self) -> DateTime {
        self.start.to_zoned(self.zone.clone()).datetime()
    }

    /// The day of the call in the clinic's zone.
    #[must_use]
    pub(crate) fn today(&self) -> Date {
        self.local_start().date()
    }

    /// Somebody else books the first slot that `offer`, words of the agent, offers. `since` is the
    /// time since the call began.
    ///
    /// # Errors
    /// [`WorldError::Meanwhile`] if the words offer no free slot.
    pub(crate) async fn take_offered(
        &self,
        offer: &str,
        since: Duration,
        ids: &dyn IdSource,
    ) -> Result<Taken, WorldError> {
        let now = self.start.checked_add(since).unwrap_or(self.start);
        let free = self.free(&booking::Search::default(), now, ids).await?;
        let slots: Vec<FreeSlot> = free
            .iter()
            .map(|free| FreeSlot {
                doctor: free.doctor_name.clone(),
                start: free.local_start().datetime(),
            })
            .collect();
        let fault = |what: String| WorldError::Meanwhile(what);
        let index = first_offered(offer, &slots, self.today())
            .ok_or_else(|| fault(format!("no free slot is offered by {offer:?}")))?;
        let by = By::principal(Principal::Job("scenario")).simulated(self.pinned);
        let mut tx = TenantTx::begin(&self.database, &self.tenant).await?;
        let draft = Draft {
            name: Phi::new("Somebody Else".to_owned()),
            date_of_birth: Phi::new(date(1960, 1, 1)),
            phone: None,
        };
        let patient = patient::register(&mut tx, &draft, &by, now, ids).await?;
        tx.commit().await?;
        let appointment = self.book(&free[index], patient, &by, now, ids).await;
        let appointment = appointment.map_err(|error| fault(error.to_string()))?;
        let slot = &slots[index];
        let start = slot.start.strftime("%a %Y-%m-%d %H:%M");
        let description = format!("somebody else books {start} with Dr. {}", slot.doctor);
        Ok(Taken { appointment, description })
    }

    /// All appointments of the clinic.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn visits(&self) -> Result<Vec<Visit>, WorldError> {
        let mut tx = TenantTx::begin(&self.database, &self.tenant).await?;
        let visits = overview::visits(&mut tx, MANY).await?;
        tx.commit().await?;
        let local = |at: Timestamp| at.to_zoned(self.zone.clone()).datetime();
        let plain = visits.into_iter().map(|visit| Visit {
            id: visit.id,
            patient: visit
                .patient_name
                .map_or_else(|| "nobody named".to_owned(), Phi::into_exposed),
            doctor: visit.doctor_name,
            specialties: visit.specialties,
            start: local(visit.starts_at),
            live: visit.status.is_live(),
            reference: visit.reference.as_str().to_owned(),
        });
        Ok(plain.collect())
    }

    /// The decision log of a call.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn decisions(&self, call: CallId) -> Result<Vec<u8>, WorldError> {
        let mut tx = TenantTx::begin(&self.database, &self.tenant).await?;
        let log = decisions::of_call(&mut tx, call).await?;
        tx.commit().await?;
        Ok(log)
    }

    /// The record of the call in `room`, once it is closed; `None` if it is not closed in time.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn ended(&self, room: &str) -> Result<Option<CallSummary>, WorldError> {
        let deadline = tokio::time::Instant::now() + RECORD_PATIENCE;
        // Not under a timeout: a transaction must not be given up half begun.
        loop {
            let mut tx = TenantTx::begin(&self.database, &self.tenant).await?;
            let call = overview::call_in_room(&mut tx, room).await?;
            tx.commit().await?;
            let ended = call.filter(|call| call.outcome.is_some());
            if ended.is_some() || tokio::time::Instant::now() >= deadline {
                return Ok(ended);
            }
            tokio::time::sleep(RECORD_POLL).await;
        }
    }

    async fn give(
        &self,
        given: &GivenAppointment,
        demo: &DemoClinic,
        earlier: Timestamp,
        ids: &dyn IdSource,
    ) -> Result<(), WorldError> {
        let fault = |what: String| WorldError::Given(what);
        let person =
            demo.patients.iter().find(|person| same_name(person.name.expose(), &given.patient));
        let person = person.ok_or_else(|| {
            fault(format!("the clinic has no patient {:?}; name one of its own", given.patient))
        })?;
        let start = given.date.resolve(self.today()).to_datetime(given.time);
        let at = start.to_zoned(self.zone.clone()).map_err(|_| WorldError::Moment(start))?;
        let at = at.timestamp();
        let mut tx = TenantTx::begin(&self.database, &self.tenant).await?;
        let doctors = directory::doctors(&mut tx).await?;
        let doctor = doctors.iter().find(|doctor| same_name(&doctor.name, &given.doctor));
        let doctor = doctor.ok_or_else(|| {
            let names: Vec<&str> = doctors.iter().map(|doctor| doctor.name.as_str()).collect();
            fault(format!("no doctor {:?}; there are {}", given.doctor, names.join(", ")))
        })?;
        let by = By::principal(Principal::Job("scenario")).simulated(self.pinned);
        let claim = Claim {
            name: person.name.clone(),
            date_of_birth: person.date_of_birth,
            phone: Some(person.phone.clone()),
        };
        let who = patient::verify(&mut tx, &claim, &by, earlier).await?;
        tx.commit().await?;
        let Verification::Verified(who) = who else {
            return Err(fault(format!("{:?} is not one patient alone", given.patient)));
        };
        let search = booking::Search {
            doctor: Some(doctor.id),
            from: Some(at),
            until: Some(at),
            ..booking::Search::default()
        };
        let free = self.free(&search, earlier, ids).await?;
        let slot = free.iter().find(|free| free.starts_at == at).ok_or_else(|| {
            fault(format!("Dr. {} has no slot at {}", doctor.name, start.strftime("%F %H:%M")))
        })?;
        let booked = self.book(slot, who, &by, earlier, ids).await;
        booked.map(|_| ()).map_err(|error| fault(error.to_string()))
    }

    async fn free(
        &self,
        search: &booking::Search,
        now: Timestamp,
        ids: &dyn IdSource,
    ) -> Result<Vec<Offer>, Error> {
        booking::find_free_slots(&self.database, &self.tenant, search, now, ALL_SLOTS, ids).await
    }

    async fn book(
        &self,
        offer: &Offer,
        patient: VerifiedPatient,
        by: &By,
        now: Timestamp,
        ids: &dyn IdSource,
    ) -> Result<AppointmentId, Error> {
        let request = booking::Book { slot: offer.slot, patient, hold: None, staff: None };
        let booked = booking::book(&self.database, &self.tenant, &request, by, now, ids).await?;
        Ok(booked.appointment.id)
    }
}

/// The description of the scenario's clinic under a slug and a number of its own.
fn copy_of(scenario: &Scenario, ids: &dyn IdSource) -> Result<DemoClinic, WorldError> {
    let clinics = demo_file()?.clinics;
    let known: BTreeSet<String> = clinics.iter().map(|clinic| clinic.slug.clone()).collect();
    let mut demo =
        clinics.into_iter().find(|clinic| clinic.slug == scenario.clinic).ok_or_else(|| {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            WorldError::UnknownClinic { slug: scenario.clinic.clone(), known }
        })?;
    // The tail of an id of version 7 is random; its head is the time.
    let unique = ids.uuid().as_u128();
    demo.slug = format!("{}-{:010x}", demo.slug, unique & 0xff_ffff_ffff);
    // A country code that nobody has.
    demo.phone = format!("+999{:011}", unique % 100_000_000_000);
    demo.patients.extend(scenario.given.patients.iter().map(|given| DemoPatient {
        name: Phi::new(given.name.clone()),
        date_of_birth: Phi::new(given.date_of_birth),
        phone: Phi::new(given.phone.clone().unwrap_or_else(|| demo.phone.clone())),
        allergies: Vec::new(),
    }));
    Ok(demo)
}

fn same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let name = name.to_lowercase();
        let words = name.split_whitespace().filter(|word| !matches!(*word, "dr" | "dr."));
        words.collect::<Vec<_>>().join(" ")
    };
    plain(one) == plain(other)
}
