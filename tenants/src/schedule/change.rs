//! Sudden changes: what would be lost, and doing it, with the appointments that it orphans
//! rebooked: cancelled, and alternatives named, in one transaction [SLOT-5].

use frontdesk_types::{
    AbsenceId, AppointmentId, ClinicId, DoctorId, HoldId, IdSource, SlotId, TemplateId,
    WaitlistEntryId,
};
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff_sqlx::ToSqlx as _;
use serde::Deserialize;
use sqlx::types::Json;

use super::generate::{Generated, generate};
use super::grid::{Shift, grid};
use crate::booking::Appointment;
use crate::directory::clinic_by_id;
use crate::{Database, Error, Principal, Refusal, Result, Tenant, TenantTx};

/// A doctor is away, or with `doctor` `None` the clinic is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Who.
    pub doctor: Option<DoctorId>,
    /// From.
    pub from: Timestamp,
    /// Until; slots that touch the range are lost.
    pub until: Timestamp,
}

/// Who orders a change, why, and what becomes of appointments in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<'a> {
    /// Who; audited.
    pub principal: Principal,
    /// Why, for the staff; audited.
    pub reason: &'a str,
    /// Appointments in the way are cancelled and alternatives named; else the change is refused
    /// with [`Refusal::AppointmentsInTheWay`].
    pub rebook: bool,
}

/// One new template of a doctor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTemplate {
    /// Weekday.
    pub weekday: Weekday,
    /// Name of the clinic's shift.
    pub time_slot: String,
    /// Length of a visit in minutes.
    pub slot_minutes: i32,
    /// Pause after a visit in minutes.
    pub buffer_minutes: i32,
    /// `in_person` or `teleconsultation`.
    pub visit_type: String,
}

/// A change to preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// See [`add_absence`].
    Absence(Absence),
    /// See [`replace_templates`].
    Templates(DoctorId, Vec<NewTemplate>),
    /// See [`remove_slot`].
    Slot(SlotId),
}

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Impact {
    /// Slots without an appointment that would be lost.
    pub lost: usize,
    /// Appointments that would lose their slot, by start.
    pub orphaned: Vec<Appointment>,
}

/// An appointment that was cancelled by a change, and where the patient could go instead.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Rebooked {
    /// The cancelled appointment.
    pub appointment: Appointment,
    /// The nearest free slots of the doctor's specialties, nearest in time first.
    pub alternatives: Vec<Alternative>,
}

/// A free slot to go to instead.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Alternative {
    /// The slot.
    pub slot: SlotId,
    /// Its doctor.
    pub doctor: DoctorId,
    /// Its start.
    pub starts_at: Timestamp,
}

/// What a change did.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Withdrawn {
    /// Slots without an appointment that were lost.
    pub lost: usize,
    /// Appointments that were cancelled.
    pub rebooked: Vec<Rebooked>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer<T> {
    Refused { refused: Refusal },
    Done(T),
}

impl<T> Answer<T> {
    fn done(self) -> Result<T> {
        match self {
            Self::Refused { refused } => Err(refused.into()),
            Self::Done(done) => Ok(done),
        }
    }
}

/// The range, slots and instants of a change, as the SQL functions take them.
struct Reach {
    doctor: Option<DoctorId>,
    from: Timestamp,
    until: Timestamp,
    slots: Option<Vec<uuid::Uuid>>,
    keep: Vec<(Timestamp, Timestamp)>,
}

impl Reach {
    fn slot(slot: SlotId, now: Timestamp) -> Self {
        let slots = Some(vec![slot.uuid()]);
        Self { doctor: None, from: now, until: Timestamp::MAX, slots, keep: Vec::new() }
    }

    fn absence(absence: &Absence) -> Result<Self> {
        if absence.from >= absence.until {
            return Err(Error::Invalid("an absence must end after it begins".to_owned()));
        }
        let Absence { doctor, from, until, .. } = *absence;
        Ok(Self { doctor, from, until, slots: None, keep: Vec::new() })
    }

    fn keep_starts(&self) -> Vec<jiff_sqlx::Timestamp> {
        self.keep.iter().map(|(start, _)| start.to_sqlx()).collect()
    }

    fn keep_ends(&self) -> Vec<jiff_sqlx::Timestamp> {
        self.keep.iter().map(|(_, end)| end.to_sqlx()).collect()
    }

    fn until(&self) -> Option<jiff_sqlx::Timestamp> {
        (self.until < Timestamp::MAX).then(|| self.until.to_sqlx())
    }
}

/// What a change would do, without doing it.
///
/// # Errors
/// If the change does not hold together or the database fails.
pub async fn preview(
    db: &Database,
    tenant: &Tenant,
    change: &Change,
    now: Timestamp,
) -> Result<Impact> {
    let reach = match change {
        Change::Absence(absence) => Reach::absence(absence)?,
        Change::Slot(slot) => Reach::slot(*slot, now),
        Change::Templates(doctor, templates) => {
            let nobody = vec![TemplateId::from_uuid(uuid::Uuid::nil()); templates.len()];
            templates_reach(db, tenant, *doctor, templates, &nobody, now).await?.0
        }
    };
    let Json(impact) = sqlx::query_scalar(
        "SELECT preview_withdrawal($1, $2, $3, $4, coalesce($5, 'infinity'), $6, $7, $8)",
    )
    .bind(tenant.clinic().uuid())
    .bind(now.to_sqlx())
    .bind(reach.doctor.map(DoctorId::uuid))
    .bind(reach.from.to_sqlx())
    .bind(reach.until())
    .bind(&reach.slots)
    .bind(reach.keep_starts())
    .bind(reach.keep_ends())
    .fetch_one(db.pool())
    .await?;
    Ok(impact)
}

/// Takes a doctor's (or the clinic's) slots in a range away. Returns the absence's id too.
///
/// # Errors
/// [`Refusal::AppointmentsInTheWay`] if there are appointments that are not to be rebooked.
pub async fn add_absence(
    db: &Database,
    tenant: &Tenant,
    absence: &Absence,
    order: Order<'_>,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<(AbsenceId, Withdrawn)> {
    Reach::absence(absence)?;
    let id = AbsenceId::new(ids);
    let Json(answer): Json<Answer<Withdrawn>> =
        sqlx::query_scalar("SELECT add_absence($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .bind(tenant.clinic().uuid())
            .bind(now.to_sqlx())
            .bind(order.principal.to_string())
            .bind(id.uuid())
            .bind(absence.doctor.map(DoctorId::uuid))
            .bind(absence.from.to_sqlx())
            .bind(absence.until.to_sqlx())
            .bind(order.reason)
            .bind(order.rebook)
            .fetch_one(db.pool())
            .await?;
    Ok((id, answer.done()?))
}

/// Takes an absence back and brings its slots again; what staff removed stays removed.
///
/// # Errors
/// If the database fails.
pub async fn revoke_absence(
    db: &Database,
    tenant: &Tenant,
    absence: AbsenceId,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Generated> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    sqlx::query(
        "UPDATE availability_exceptions SET revoked_at = $3
          WHERE clinic_id = $1 AND id = $2 AND revoked_at IS NULL",
    )
    .bind(tenant.clinic().uuid())
    .bind(absence.uuid())
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    generate(db, tenant, now, ids).await
}

/// Gives a doctor new templates: slots that none asks for go, new ones come.
///
/// # Errors
/// [`Refusal::AppointmentsInTheWay`] if there are appointments that are not to be rebooked; an
/// unknown shift.
pub async fn replace_templates(
    db: &Database,
    tenant: &Tenant,
    doctor: DoctorId,
    templates: &[NewTemplate],
    order: Order<'_>,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Withdrawn> {
    let template_ids: Vec<_> = templates.iter().map(|_| TemplateId::new(ids)).collect();
    let (reach, time_slots) =
        templates_reach(db, tenant, doctor, templates, &template_ids, now).await?;
    let weekdays = templates.iter().map(|t| i16::from(t.weekday.to_monday_one_offset()));
    let Json(answer): Json<Answer<Withdrawn>> = sqlx::query_scalar(
        "SELECT replace_templates($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                                  coalesce($11, 'infinity'), $12, $13, $14, $15)",
    )
    .bind(tenant.clinic().uuid())
    .bind(now.to_sqlx())
    .bind(order.principal.to_string())
    .bind(doctor.uuid())
    .bind(template_ids.iter().map(|id| id.uuid()).collect::<Vec<_>>())
    .bind(weekdays.collect::<Vec<_>>())
    .bind(time_slots)
    .bind(templates.iter().map(|t| t.slot_minutes).collect::<Vec<_>>())
    .bind(templates.iter().map(|t| t.buffer_minutes).collect::<Vec<_>>())
    .bind(templates.iter().map(|t| t.visit_type.as_str()).collect::<Vec<_>>())
    .bind(reach.until())
    .bind(reach.keep_starts())
    .bind(reach.keep_ends())
    .bind(order.rebook)
    .bind(order.reason)
    .fetch_one(db.pool())
    .await?;
    let withdrawn = answer.done()?;
    generate(db, tenant, now, ids).await?;
    Ok(withdrawn)
}

/// The slots that new templates keep, up to the end of all slots; and the ids of their shifts.
async fn templates_reach(
    db: &Database,
    tenant: &Tenant,
    doctor: DoctorId,
    templates: &[NewTemplate],
    ids: &[TemplateId],
    now: Timestamp,
) -> Result<(Reach, Vec<uuid::Uuid>)> {
    type Row = (uuid::Uuid, String, jiff_sqlx::Time, jiff_sqlx::Time);
    let clinic = clinic_by_id(db, tenant.clinic()).await?.ok_or(Refusal::ClinicInactive)?;
    let mut tx = TenantTx::begin(db, tenant).await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, name, starts_local, ends_local FROM time_slots WHERE clinic_id = $1",
    )
    .bind(tenant.clinic().uuid())
    .fetch_all(tx.conn())
    .await?;
    let last: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar(
        "SELECT max(starts_at) FROM booking_slots WHERE clinic_id = $1 AND doctor_id = $2",
    )
    .bind(tenant.clinic().uuid())
    .bind(doctor.uuid())
    .fetch_one(tx.conn())
    .await?;
    tx.commit().await?;
    let mut shifts = Vec::new();
    let mut time_slots = Vec::new();
    for (template, id) in templates.iter().zip(ids) {
        let (slot, _, from, until) = rows
            .iter()
            .find(|(_, name, ..)| *name == template.time_slot)
            .ok_or_else(|| Error::Invalid(format!("unknown shift {}", template.time_slot)))?;
        time_slots.push(*slot);
        shifts.push(Shift {
            template: *id,
            doctor,
            weekday: template.weekday,
            from: from.to_jiff(),
            until: until.to_jiff(),
            slot_minutes: template.slot_minutes,
            buffer_minutes: template.buffer_minutes,
            visit_type: template.visit_type.clone(),
        });
    }
    let zone = clinic.zone()?;
    let today = now.to_zoned(zone.clone()).date();
    let last = last.map_or(today, |last| last.to_jiff().to_zoned(zone.clone()).date());
    let keep = grid(&zone, &shifts, today, last.max(today))?
        .slots
        .iter()
        .map(|slot| (slot.starts_at, slot.ends_at))
        .collect();
    let reach = Reach { doctor: Some(doctor), from: now, until: Timestamp::MAX, slots: None, keep };
    Ok((reach, time_slots))
}

/// Removes one slot for good: generation never brings it back [SLOT-4].
///
/// # Errors
/// [`Refusal::AppointmentsInTheWay`] if it is booked and that is not to be rebooked.
pub async fn remove_slot(
    db: &Database,
    tenant: &Tenant,
    slot: SlotId,
    order: Order<'_>,
    now: Timestamp,
) -> Result<Withdrawn> {
    withdraw_one(db, tenant, slot, "removed", order, now).await
}

/// Blocks one slot until [`unblock_slot`]; only a staff override books it.
///
/// # Errors
/// [`Refusal::AppointmentsInTheWay`] if it is booked and that is not to be rebooked.
pub async fn block_slot(
    db: &Database,
    tenant: &Tenant,
    slot: SlotId,
    order: Order<'_>,
    now: Timestamp,
) -> Result<Withdrawn> {
    withdraw_one(db, tenant, slot, "blocked", order, now).await
}

async fn withdraw_one(
    db: &Database,
    tenant: &Tenant,
    slot: SlotId,
    to: &'static str,
    order: Order<'_>,
    now: Timestamp,
) -> Result<Withdrawn> {
    let Json(answer): Json<Answer<Withdrawn>> = sqlx::query_scalar(
        "SELECT withdraw_slots($1, $2, $3, NULL, $2, 'infinity', $4, NULL, NULL, $5, $6, 'staff',
                               $7)",
    )
    .bind(tenant.clinic().uuid())
    .bind(now.to_sqlx())
    .bind(order.principal.to_string())
    .bind(vec![slot.uuid()])
    .bind(order.rebook)
    .bind(to)
    .bind(order.reason)
    .fetch_one(db.pool())
    .await?;
    answer.done()
}

/// Opens a blocked slot; false if it was not blocked.
///
/// # Errors
/// If the database fails.
pub async fn unblock_slot(
    db: &Database,
    tenant: &Tenant,
    slot: SlotId,
    principal: Principal,
    now: Timestamp,
) -> Result<bool> {
    Ok(sqlx::query_scalar("SELECT unblock_slot($1, $2, $3, $4)")
        .bind(tenant.clinic().uuid())
        .bind(now.to_sqlx())
        .bind(principal.to_string())
        .bind(slot.uuid())
        .fetch_one(db.pool())
        .await?)
}

/// What still hangs on something that should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Hanging {
    /// An appointment to come.
    Appointment(AppointmentId),
    /// Somebody who waits.
    Waitlist(WaitlistEntryId),
    /// A hold in force.
    Hold(HoldId),
    /// An active doctor.
    Doctor(DoctorId),
    /// A membership in that clinic.
    Membership(ClinicId),
}

#[derive(Deserialize)]
pub(crate) struct Deactivated {
    hanging: Option<Vec<Hanging>>,
    refused: Option<Refusal>,
}

impl Deactivated {
    pub(crate) fn hanging(self) -> Result<Vec<Hanging>> {
        match (self.hanging, self.refused) {
            // With something hanging the function refuses and says what it is.
            (Some(hanging), _) => Ok(hanging),
            (None, Some(refusal)) => Err(refusal.into()),
            (None, None) => Err(Error::Answer("neither list nor refusal".to_owned())),
        }
    }
}

/// Deactivates a doctor: their free slots and templates go, history stays. While appointments to
/// come, waitlist entries or holds hang on them nothing happens and the list of these is returned;
/// an empty list means done [TEN-5].
///
/// # Errors
/// [`Refusal::DoctorInactive`] if there is no such active doctor.
pub async fn deactivate_doctor(
    db: &Database,
    tenant: &Tenant,
    doctor: DoctorId,
    principal: Principal,
    now: Timestamp,
) -> Result<Vec<Hanging>> {
    let Json(answer): Json<Deactivated> =
        sqlx::query_scalar("SELECT deactivate_doctor($1, $2, $3, $4)")
            .bind(tenant.clinic().uuid())
            .bind(now.to_sqlx())
            .bind(principal.to_string())
            .bind(doctor.uuid())
            .fetch_one(db.pool())
            .await?;
    answer.hanging()
}

/// Deactivates the clinic; its active doctors and who still waits there stand in the way and are
/// returned [TEN-5].
///
/// # Errors
/// [`Refusal::ClinicInactive`] if it is inactive already.
pub async fn deactivate_clinic(
    db: &Database,
    tenant: &Tenant,
    principal: Principal,
    now: Timestamp,
) -> Result<Vec<Hanging>> {
    let Json(answer): Json<Deactivated> =
        sqlx::query_scalar("SELECT deactivate_clinic($1, $2, $3)")
            .bind(tenant.clinic().uuid())
            .bind(now.to_sqlx())
            .bind(principal.to_string())
            .fetch_one(db.pool())
            .await?;
    answer.hanging()
}
