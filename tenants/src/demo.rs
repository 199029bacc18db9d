//! The demo clinics: invented people and places, seeded once.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use frontdesk_types::{ClinicId, Gender, IdSource, Phi};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff_sqlx::ToSqlx as _;
use serde::Deserialize;
use sqlx::types::Json;

use crate::crypt::KeyRing;
use crate::directory::{self, Clinic, ClinicKind};
use crate::doctors::{self, DoctorDetails};
use crate::patient::{self, Draft};
use crate::{
    By, Database, Error, Principal, Result, SetupError, Tenant, TenantTx, documents, holidays,
    schedule,
};

const DEMO: &str = include_str!("../demo/demo-clinics.yaml");

/// The file of demo clinics.
#[derive(Debug, Deserialize)]
pub struct DemoFile {
    /// The clinics.
    pub clinics: Vec<DemoClinic>,
}

/// One demo clinic.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoClinic {
    /// Slug.
    pub slug: String,
    /// Clinic or pharmacy.
    pub kind: ClinicKind,
    /// Must be true.
    pub demo: bool,
    /// Name.
    pub name: String,
    /// Country.
    pub country: String,
    /// IANA zone.
    pub timezone: String,
    /// Languages.
    pub languages: Vec<String>,
    /// Emergency number.
    pub emergency_number: String,
    /// Telephone.
    pub phone: String,
    /// Address.
    pub address: String,
    /// Opening hours by days.
    pub opening_hours: BTreeMap<String, String>,
    /// Length of a visit in minutes.
    pub slot_minutes: i32,
    /// Pause after a visit in minutes.
    pub buffer_minutes: i32,
    /// Shifts.
    pub time_slots: Vec<DemoTimeSlot>,
    /// Doctors.
    pub doctors: Vec<DemoDoctor>,
    /// Patients.
    pub patients: Vec<DemoPatient>,
    /// Documents, numbered from 1 as they stand here.
    #[serde(default)]
    pub documents: Vec<String>,
}

/// A shift.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoTimeSlot {
    /// Name.
    pub name: String,
    /// Local start, `HH:MM`.
    pub from: String,
    /// Local end, `HH:MM`.
    pub to: String,
}

/// A doctor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoDoctor {
    /// Name.
    pub name: String,
    /// Licence number.
    pub licence: String,
    /// Specialty.
    pub specialty: String,
    /// Fee.
    pub fee: i64,
    /// Languages.
    pub languages: Vec<String>,
    /// Gender, if it is on record.
    #[serde(default)]
    pub gender: Option<Gender>,
    /// Shifts by weekday (`mon` … `sun`).
    pub shifts: BTreeMap<String, Vec<String>>,
}

/// A patient.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPatient {
    /// Name.
    pub name: Phi<String>,
    /// Date of birth.
    pub date_of_birth: Phi<Date>,
    /// Telephone.
    pub phone: Phi<String>,
    /// Allergies.
    #[serde(default)]
    pub allergies: Vec<Phi<String>>,
}

/// The demo clinics that the program carries, also for their documents.
///
/// # Errors
/// If the file does not parse.
pub fn demo_file() -> Result<DemoFile, SetupError> {
    serde_saphyr::from_str(DEMO).map_err(|error| SetupError::Demo(error.to_string()))
}

/// Seeds the demo clinics and generates their slots from `now`; a clinic that is there already is
/// left as it is, only its slots are brought up to date. Returns the clinics.
///
/// # Errors
/// If the database fails.
pub async fn seed_demo(
    db: &Database,
    ring: &KeyRing,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Vec<Clinic>> {
    let file = demo_file().map_err(|error| Error::Invalid(error.to_string()))?;
    let mut clinics = Vec::new();
    for demo in &file.clinics {
        if directory::clinic_by_slug(db, &demo.slug).await?.is_none() {
            seed_clinic(db, ring, demo, now, ids).await?;
        }
        let clinic = directory::clinic_by_slug(db, &demo.slug)
            .await?
            .ok_or_else(|| Error::Answer(format!("demo clinic {} vanished", demo.slug)))?;
        if let Some(tenant) = clinic.tenant() {
            // Also for a clinic that was seeded before it had documents.
            let mut tx = TenantTx::begin(db, &tenant).await?;
            seed_documents(&mut tx, demo, ids).await?;
            holidays::seed(&mut tx, &demo.country, &By::principal(Principal::Job("seed")), now)
                .await?;
            tx.commit().await?;
            schedule::generate(db, &tenant, now, ids).await?;
        }
        clinics.push(clinic);
    }
    Ok(clinics)
}

/// Seeds one clinic from a description, in one transaction; also the way of tests and scenarios to
/// get a clinic of their own. It must not exist.
///
/// # Errors
/// If the description does not hold together or the database fails.
pub async fn seed_clinic(
    db: &Database,
    ring: &KeyRing,
    demo: &DemoClinic,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Tenant> {
    let tenant = Tenant::verified(ClinicId::new(ids));
    let clinic = tenant.clinic().uuid();
    let mut tx = TenantTx::begin(db, &tenant).await?;
    let inserted = sqlx::query(
        "INSERT INTO clinics (id, slug, kind, demo, name, country, time_zone, languages,
                              emergency_number, phone, address, opening_hours)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (slug) DO NOTHING",
    )
    .bind(clinic)
    .bind(&demo.slug)
    .bind(demo.kind.as_str())
    .bind(demo.demo)
    .bind(&demo.name)
    .bind(&demo.country)
    .bind(&demo.timezone)
    .bind(&demo.languages)
    .bind(&demo.emergency_number)
    .bind(&demo.phone)
    .bind(&demo.address)
    .bind(Json(&demo.opening_hours))
    .execute(tx.conn())
    .await?;
    if inserted.rows_affected() == 0 {
        // Another process seeds the same clinic just now.
        let other = directory::clinic_by_slug(db, &demo.slug).await?;
        return other
            .and_then(|clinic| clinic.tenant())
            .ok_or_else(|| Error::Invalid(format!("clinic {} exists and is inactive", demo.slug)));
    }
    sqlx::query("SELECT claim_demo_number()").execute(tx.conn()).await?;
    let mut time_slots = BTreeMap::new();
    for slot in &demo.time_slots {
        let id = ids.uuid();
        time_slots.insert(slot.name.as_str(), id);
        sqlx::query(
            "INSERT INTO time_slots (clinic_id, id, name, starts_local, ends_local)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(clinic)
        .bind(id)
        .bind(&slot.name)
        .bind(local_time(&slot.from)?.to_sqlx())
        .bind(local_time(&slot.to)?.to_sqlx())
        .execute(tx.conn())
        .await?;
    }
    let by = By::principal(Principal::Job("seed"));
    for doctor in &demo.doctors {
        seed_doctor(&mut tx, demo, doctor, &time_slots, &by, now, ids).await?;
    }
    seed_documents(&mut tx, demo, ids).await?;
    holidays::seed(&mut tx, &demo.country, &by, now).await?;
    for person in &demo.patients {
        let draft = Draft {
            name: person.name.clone(),
            date_of_birth: person.date_of_birth,
            phone: Some(person.phone.clone()),
        };
        let verified = patient::register(&mut tx, &draft, &by, now, ids).await?;
        if !person.allergies.is_empty() {
            let allergies: Vec<&str> =
                person.allergies.iter().map(|a| a.expose().as_str()).collect();
            let record = patient::RecordUpdate {
                allergies: Some(Phi::new(allergies.join("\n"))),
                ..Default::default()
            };
            patient::update_record(&mut tx, ring, &verified, record, &by, now).await?;
        }
    }
    tx.commit().await?;
    tracing::info!(clinic_id = %tenant.clinic(), slug = %demo.slug, "demo clinic seeded");
    Ok(tenant)
}

async fn seed_documents(tx: &mut TenantTx, demo: &DemoClinic, ids: &dyn IdSource) -> Result<()> {
    for (number, body) in (1..).zip(&demo.documents) {
        documents::add(tx, number, None, body, ids).await?;
    }
    Ok(())
}

async fn seed_doctor(
    tx: &mut TenantTx,
    demo: &DemoClinic,
    doctor: &DemoDoctor,
    time_slots: &BTreeMap<&str, uuid::Uuid>,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<()> {
    let clinic = tx.tenant().clinic().uuid();
    let details = DoctorDetails {
        name: doctor.name.clone(),
        license_number: doctor.licence.clone(),
        specialties: vec![doctor.specialty.clone()],
        languages: doctor.languages.clone(),
        gender: doctor.gender,
        fee: Some(doctor.fee.to_string()),
        years_experience: None,
        bio: None,
        location: None,
    };
    let id = doctors::add(tx, &details, by, now, ids).await?.uuid();
    for (day, shifts) in &doctor.shifts {
        for shift in shifts {
            let time_slot = time_slots.get(shift.as_str()).ok_or_else(|| {
                Error::Invalid(format!("doctor {}: unknown shift {shift}", doctor.licence))
            })?;
            sqlx::query(
                "INSERT INTO doctor_slot_templates (clinic_id, id, doctor_id, weekday,
                     time_slot_id, slot_minutes, buffer_minutes)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(clinic)
            .bind(ids.uuid())
            .bind(id)
            .bind(weekday(day)?)
            .bind(time_slot)
            .bind(demo.slot_minutes)
            .bind(demo.buffer_minutes)
            .execute(tx.conn())
            .await?;
        }
    }
    Ok(())
}

fn local_time(text: &str) -> Result<Time> {
    Time::from_str(text).map_err(|_| Error::Invalid(format!("not a time of day: {text}")))
}

fn weekday(day: &str) -> Result<i16> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    (1..)
        .zip(DAYS)
        .find_map(|(number, name)| (name == day).then_some(number))
        .ok_or_else(|| Error::Invalid(format!("not a weekday: {day}")))
}
