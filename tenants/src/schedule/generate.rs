//! Turning templates into rows.

use frontdesk_types::{DoctorId, IdSource, SlotId, TemplateId};
use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan as _};
use jiff_sqlx::ToSqlx as _;
use sqlx::FromRow;

use super::grid::{Shift, grid};
use crate::directory::clinic_by_id;
use crate::{Database, Error, Principal, Refusal, Result, Tenant, TenantTx};

/// What a run of the generator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Generated {
    /// Slots that came to be free: made, or raised after the schedule itself had withdrawn them.
    pub made: usize,
    /// Slots that the templates ask for in the range.
    pub wanted: usize,
    /// Local starts that the clocks skip.
    pub missing: usize,
    /// Local starts that come twice, taken the first time.
    pub doubled: usize,
}

#[derive(FromRow)]
struct ShiftRow {
    template: uuid::Uuid,
    doctor: uuid::Uuid,
    weekday: i16,
    starts_local: jiff_sqlx::Time,
    ends_local: jiff_sqlx::Time,
    slot_minutes: i32,
    buffer_minutes: i32,
    visit_type: String,
}

/// The active templates, as shifts; of one doctor, or of all.
pub(super) async fn shifts(tx: &mut TenantTx, doctor: Option<DoctorId>) -> Result<Vec<Shift>> {
    let rows: Vec<ShiftRow> = sqlx::query_as(
        "SELECT t.id AS template, t.doctor_id AS doctor, t.weekday, s.starts_local, s.ends_local,
                t.slot_minutes, t.buffer_minutes, t.visit_type
           FROM doctor_slot_templates t
           JOIN doctors d ON d.clinic_id = t.clinic_id AND d.id = t.doctor_id AND d.active
           JOIN time_slots s ON s.clinic_id = t.clinic_id AND s.id = t.time_slot_id
          WHERE t.clinic_id = $1 AND t.active AND ($2::uuid IS NULL OR t.doctor_id = $2)
          ORDER BY t.doctor_id, t.weekday, s.starts_local, t.id",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(doctor.map(DoctorId::uuid))
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            let weekday = i8::try_from(row.weekday)
                .ok()
                .and_then(|day| Weekday::from_monday_one_offset(day).ok())
                .ok_or_else(|| Error::Answer(format!("weekday {}", row.weekday)))?;
            Ok(Shift {
                template: TemplateId::from_uuid(row.template),
                doctor: DoctorId::from_uuid(row.doctor),
                weekday,
                from: row.starts_local.to_jiff(),
                until: row.ends_local.to_jiff(),
                slot_minutes: row.slot_minutes,
                buffer_minutes: row.buffer_minutes,
                visit_type: row.visit_type,
            })
        })
        .collect()
}

/// Keeps the rolling horizon: slots from today to the end of the clinic's booking window.
/// Idempotent; two at once wait for each other.
///
/// # Errors
/// If the clinic is gone or the database fails.
pub async fn generate(
    db: &Database,
    tenant: &Tenant,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Generated> {
    let clinic = clinic_by_id(db, tenant.clinic()).await?.ok_or(Refusal::ClinicInactive)?;
    let today = now.to_zoned(clinic.zone()?).date();
    let last = today
        .checked_add(i64::from(clinic.policy.window_days).days())
        .map_err(|error| Error::Invalid(format!("the booking window is out of range: {error}")))?;
    generate_range(db, tenant, Principal::Job("generation"), today, last, now, ids).await
}

/// Slots of the local days `from..=until`, on demand; those before `now` are left out.
///
/// # Errors
/// If the range is backwards or longer than two years, the clinic is gone or the database fails.
pub async fn generate_range(
    db: &Database,
    tenant: &Tenant,
    principal: Principal,
    from: Date,
    until: Date,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Generated> {
    let days = (until - from).get_days();
    if !(0..=731).contains(&days) {
        return Err(Error::Invalid(format!(
            "cannot generate slots from {from} to {until}: give a range of at most two years"
        )));
    }
    let clinic = clinic_by_id(db, tenant.clinic()).await?.ok_or(Refusal::ClinicInactive)?;
    let mut tx = TenantTx::begin(db, tenant).await?;
    let shifts = shifts(&mut tx, None).await?;
    tx.commit().await?;
    let grid = grid(&clinic.zone()?, &shifts, from, until)?;
    let slots = &grid.slots;
    let made: i32 =
        sqlx::query_scalar("SELECT generate_slots($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
            .bind(tenant.clinic().uuid())
            .bind(now.to_sqlx())
            .bind(principal.to_string())
            .bind(slots.iter().map(|_| SlotId::new(ids).uuid()).collect::<Vec<_>>())
            .bind(slots.iter().map(|s| s.doctor.uuid()).collect::<Vec<_>>())
            .bind(slots.iter().map(|s| s.starts_at.to_sqlx()).collect::<Vec<_>>())
            .bind(slots.iter().map(|s| s.ends_at.to_sqlx()).collect::<Vec<_>>())
            .bind(slots.iter().map(|s| s.blocked_until.to_sqlx()).collect::<Vec<_>>())
            .bind(slots.iter().map(|s| s.visit_type.as_str()).collect::<Vec<_>>())
            .bind(slots.iter().map(|s| s.template.uuid()).collect::<Vec<_>>())
            .fetch_one(db.pool())
            .await?;
    let made = usize::try_from(made).unwrap_or(0);
    tracing::info!(clinic_id = %tenant.clinic(), made, wanted = slots.len(), "slots generated");
    Ok(Generated { made, wanted: slots.len(), missing: grid.missing, doubled: grid.doubled })
}
