//! Doctors as the staff keeps them, those who have left among them.

use frontdesk_types::{DoctorId, Gender, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use super::DoctorDetails;
use crate::page::{Ask, Page};
use crate::{Error, Result, TenantTx};

/// A doctor of the clinic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doctor {
    /// Id.
    pub id: DoctorId,
    /// What the clinic says of them.
    pub details: DoctorDetails,
    /// Their login, by which they see and change their own schedule.
    pub user: Option<UserId>,
    /// Mean of what patients say of them, from 0 to 5.
    pub rating: Option<String>,
    /// Whether they work here.
    pub active: bool,
    /// Row version, for conditional changes.
    pub version: i64,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    license_number: String,
    specialties: Vec<String>,
    languages: Vec<String>,
    gender: Option<String>,
    fee: Option<String>,
    years_experience: Option<i32>,
    bio: Option<String>,
    location: Option<String>,
    user_id: Option<Uuid>,
    rating: Option<String>,
    active: bool,
    row_version: i64,
}

const ROWS: &str =
    "SELECT d.id, d.name, d.license_number, d.languages, d.gender, d.fee::text AS fee,
        d.years_experience, d.bio, d.location, d.user_id, d.rating::text AS rating, d.active,
        d.row_version,
        ARRAY(SELECT s.specialty FROM doctor_specialties s
               WHERE s.clinic_id = d.clinic_id AND s.doctor_id = d.id
               ORDER BY s.rank, s.specialty) AS specialties
   FROM doctors d WHERE d.clinic_id = $1";

impl TryFrom<Row> for Doctor {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: DoctorId::from_uuid(row.id),
            details: DoctorDetails {
                name: row.name,
                license_number: row.license_number,
                specialties: row.specialties,
                languages: row.languages,
                gender: row.gender.map(|gender| gender.parse::<Gender>()).transpose()?,
                fee: row.fee,
                years_experience: row.years_experience,
                bio: row.bio,
                location: row.location,
            },
            user: row.user_id.map(UserId::from_uuid),
            rating: row.rating,
            active: row.active,
            version: row.row_version,
        })
    }
}

/// One doctor of the clinic.
///
/// # Errors
/// If the database fails.
pub async fn doctor(tx: &mut TenantTx, id: DoctorId) -> Result<Option<Doctor>> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{ROWS} AND d.id = $2")))
        .bind(tx.tenant().clinic().uuid())
        .bind(id.uuid())
        .fetch_optional(tx.conn())
        .await?;
    row.map(Doctor::try_from).transpose()
}

/// The clinic's doctors by name: those of a specialty, if one is given, and those who are active, unless
/// all are asked for.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut TenantTx,
    specialty: Option<&str>,
    all: bool,
    ask: &Ask,
) -> Result<Page<Doctor>> {
    let sql = format!(
        "{ROWS} AND (d.active OR $2)
            AND ($3::text IS NULL OR EXISTS (SELECT FROM doctor_specialties x
                 WHERE x.clinic_id = d.clinic_id AND x.doctor_id = d.id AND x.specialty = $3))
            AND ($5::uuid IS NULL OR (d.name, d.id) > ($4::text, $5))
          ORDER BY d.name, d.id LIMIT $6"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant().clinic().uuid())
        .bind(all)
        .bind(specialty)
        .bind(ask.sort())
        .bind(ask.id())
        .bind(ask.rows())
        .fetch_all(tx.conn())
        .await?;
    let rows = rows.into_iter().map(Doctor::try_from).collect::<Result<Vec<_>>>()?;
    Ok(ask.page(rows, |row: &Doctor| (row.details.name.clone(), row.id.uuid())))
}

/// The active doctor whose login that is.
///
/// # Errors
/// If the database fails.
pub async fn of_user(tx: &mut TenantTx, user: UserId) -> Result<Option<DoctorId>> {
    let id: Option<Uuid> = sqlx::query_scalar(
        "SELECT id FROM doctors WHERE clinic_id = $1 AND user_id = $2 AND active",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(user.uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(id.map(DoctorId::from_uuid))
}

/// Says which login is the doctor's, or that none is.
///
/// # Errors
/// If it is another doctor's, that of no member of the clinic, or the database fails.
pub async fn set_user(tx: &mut TenantTx, doctor: DoctorId, user: Option<UserId>) -> Result<()> {
    let done = sqlx::query(
        "UPDATE doctors SET user_id = $3 WHERE clinic_id = $1 AND id = $2
            AND ($3::uuid IS NULL OR EXISTS (SELECT FROM memberships m
                 WHERE m.clinic_id = $1 AND m.user_id = $3 AND m.active))",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(doctor.uuid())
    .bind(user.map(UserId::uuid))
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Error::Invalid("the login is that of no member of the clinic".to_owned()))
    }
}
