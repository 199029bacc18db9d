//! The directory of clinics: public facts, no patient data. The only maker of [`Tenant`]s.

use std::collections::BTreeMap;

use frontdesk_types::{ClinicId, DoctorId, Gender, named_enum, time_zone};
use jiff::tz::TimeZone;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::{Database, Error, Result, Tenant, TenantTx};

named_enum! {
    /// What a tenant is. A pharmacy may have neither doctors nor slots.
    pub enum ClinicKind: "kind of clinic" {
        /// A clinic or practice.
        Clinic = "clinic",
        /// A pharmacy.
        Pharmacy = "pharmacy",
    }
}

/// How early and how late may be booked, moved and cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingPolicy {
    /// Shortest time between booking and visit, in minutes.
    pub min_lead_minutes: i32,
    /// How far ahead may be booked, in days; slots are generated that far.
    pub window_days: i32,
    /// Patients may cancel or move up to this many minutes before the visit; later only the staff.
    pub cancel_notice_minutes: i32,
    /// Whether an appointment waits for payment before it is confirmed.
    pub prepayment: bool,
}

/// A clinic as the directory knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Clinic {
    /// Id.
    pub id: ClinicId,
    /// Short name in URLs and dispatch metadata.
    pub slug: String,
    /// Clinic or pharmacy.
    pub kind: ClinicKind,
    /// Whether it is up; calls for others are refused.
    pub active: bool,
    /// A demo clinic: real senders refuse its recipients.
    pub demo: bool,
    /// Name as spoken.
    pub name: String,
    /// ISO 3166 country, two letters.
    pub country: String,
    /// IANA time zone.
    pub time_zone: String,
    /// BCP 47 languages it serves, first the main one.
    pub languages: Vec<String>,
    /// Emergency number of its country.
    pub emergency_number: String,
    /// Telephone, E.164.
    pub phone: String,
    /// Postal address.
    pub address: String,
    /// Opening hours by days, such as `sun-thu` → `09:00-17:00`; days that are not named are closed.
    pub opening_hours: BTreeMap<String, String>,
    /// Booking policy.
    pub policy: BookingPolicy,
    /// Grows with every change of what a call is told: of this row, of the clinic's doctors, of its
    /// documents. What was read at one version holds as long as the version stays.
    pub facts_version: i64,
    /// What the clinic sets for its calls: an object, whose form the runtime documents.
    pub call_settings: serde_json::Value,
}

impl Clinic {
    /// The tenant, if the clinic is active. Call it only with a clinic that was looked up by
    /// something trustworthy: a verified token, server-side dispatch metadata, the dialled number.
    #[must_use]
    pub fn tenant(&self) -> Option<Tenant> {
        self.active.then(|| Tenant::verified(self.id))
    }

    /// The time zone.
    ///
    /// # Errors
    /// If this build does not know it.
    pub fn zone(&self) -> Result<TimeZone> {
        time_zone(&self.time_zone).ok_or_else(|| Error::TimeZone(self.time_zone.clone()))
    }
}

#[derive(FromRow)]
struct ClinicRow {
    id: uuid::Uuid,
    slug: String,
    kind: String,
    active: bool,
    demo: bool,
    name: String,
    country: String,
    time_zone: String,
    languages: Vec<String>,
    emergency_number: String,
    phone: String,
    address: String,
    opening_hours: Json<BTreeMap<String, String>>,
    min_lead_minutes: i32,
    booking_window_days: i32,
    cancel_notice_minutes: i32,
    prepayment: bool,
    facts_version: i64,
    call_settings: Json<serde_json::Value>,
}

const COLUMNS: &str = "id, slug, kind, active, demo, name, country, time_zone, languages,
    emergency_number, phone, address, opening_hours, min_lead_minutes, booking_window_days,
    cancel_notice_minutes, prepayment, facts_version, call_settings";

impl TryFrom<ClinicRow> for Clinic {
    type Error = Error;

    fn try_from(row: ClinicRow) -> Result<Self> {
        Ok(Self {
            id: ClinicId::from_uuid(row.id),
            slug: row.slug,
            kind: row.kind.parse()?,
            active: row.active,
            demo: row.demo,
            name: row.name,
            country: row.country,
            time_zone: row.time_zone,
            languages: row.languages,
            emergency_number: row.emergency_number,
            phone: row.phone,
            address: row.address,
            opening_hours: row.opening_hours.0,
            policy: BookingPolicy {
                min_lead_minutes: row.min_lead_minutes,
                window_days: row.booking_window_days,
                cancel_notice_minutes: row.cancel_notice_minutes,
                prepayment: row.prepayment,
            },
            facts_version: row.facts_version,
            call_settings: row.call_settings.0,
        })
    }
}

async fn one(db: &Database, clause: &'static str, value: &str) -> Result<Option<Clinic>> {
    // Constant parts only; the value is bound.
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM clinics WHERE {clause}"));
    let row: Option<ClinicRow> = sqlx::query_as(sql).bind(value).fetch_optional(db.pool()).await?;
    row.map(Clinic::try_from).transpose()
}

/// Whether `text` can be a clinic's slug: 1 to 63 lowercase letters, digits and inner hyphens.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The clinic of that slug, active or not.
///
/// # Errors
/// If the database fails.
pub async fn clinic_by_slug(db: &Database, slug: &str) -> Result<Option<Clinic>> {
    one(db, "slug = $1", slug).await
}

/// The clinic whose number was dialled (E.164).
///
/// # Errors
/// If the database fails.
pub async fn clinic_by_phone(db: &Database, phone: &str) -> Result<Option<Clinic>> {
    one(db, "id = (SELECT clinic_id FROM clinic_phone_numbers WHERE phone = $1)", phone).await
}

/// The clinic of that id, as a verified token names it.
///
/// # Errors
/// If the database fails.
pub async fn clinic_by_id(db: &Database, id: ClinicId) -> Result<Option<Clinic>> {
    one(db, "id = $1::uuid", &id.to_string()).await
}

/// All active clinics, by slug.
///
/// # Errors
/// If the database fails.
pub async fn active_clinics(db: &Database) -> Result<Vec<Clinic>> {
    let sql =
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM clinics WHERE active ORDER BY slug"));
    let rows: Vec<ClinicRow> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    rows.into_iter().map(Clinic::try_from).collect()
}

/// All clinics, for jobs: also those that are not active any more, whose data is still there.
///
/// # Errors
/// If the database fails.
pub async fn tenants(db: &Database) -> Result<Vec<Tenant>> {
    let ids: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM clinics ORDER BY id").fetch_all(db.pool()).await?;
    Ok(ids.into_iter().map(|id| Tenant::verified(ClinicId::from_uuid(id))).collect())
}

/// A doctor as callers may know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doctor {
    /// Id.
    pub id: DoctorId,
    /// Name as spoken, without a title.
    pub name: String,
    /// Specialties, the first one first.
    pub specialties: Vec<String>,
    /// Languages spoken.
    pub languages: Vec<String>,
    /// Gender, if it is on record.
    pub gender: Option<Gender>,
    /// Fee in the clinic's currency, as written.
    pub fee: Option<String>,
}

#[derive(FromRow)]
struct DoctorRow {
    id: uuid::Uuid,
    name: String,
    specialties: Vec<String>,
    languages: Vec<String>,
    gender: Option<String>,
    fee: Option<String>,
}

/// The clinic's active doctors, by name.
///
/// # Errors
/// If the database fails.
pub async fn doctors(tx: &mut TenantTx) -> Result<Vec<Doctor>> {
    let rows: Vec<DoctorRow> = sqlx::query_as(
        "SELECT d.id, d.name, d.languages, d.gender, d.fee::text AS fee,
                ARRAY(SELECT s.specialty FROM doctor_specialties s
                       WHERE s.clinic_id = d.clinic_id AND s.doctor_id = d.id
                       ORDER BY s.rank, s.specialty) AS specialties
           FROM doctors d WHERE d.clinic_id = $1 AND d.active ORDER BY d.name, d.id",
    )
    .bind(tx.tenant().clinic().uuid())
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Doctor {
                id: DoctorId::from_uuid(row.id),
                name: row.name,
                specialties: row.specialties,
                languages: row.languages,
                gender: row.gender.map(|gender| gender.parse()).transpose()?,
                fee: row.fee,
            })
        })
        .collect()
}

/// What patients say, and the specialties that they mean by it: "heart doctor" → cardiology.
/// Phrases are lower case; one may mean several.
///
/// # Errors
/// If the database fails.
pub async fn specialty_words(db: &Database, language: &str) -> Result<Vec<(String, String)>> {
    Ok(sqlx::query_as(
        "SELECT phrase, specialty FROM specialty_words WHERE language = $1
          ORDER BY length(phrase) DESC, phrase, specialty",
    )
    .bind(language)
    .fetch_all(db.pool())
    .await?)
}
