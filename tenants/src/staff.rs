//! Staff logins and their memberships in clinics. How a login is proven comes elsewhere; here is
//! what it may enter: [`tenant_of`] is the way from a verified login to a [`Tenant`].

use frontdesk_types::{ClinicId, IdSource, Phi, UserId, named_enum};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use crate::schedule::{Deactivated, Hanging};
use crate::{By, Database, Error, Principal, Result, Tenant, TenantTx};

named_enum! {
    /// What somebody is in a clinic. What a role may do is a matter of permissions, not of its name.
    pub enum Role: "role" {
        /// Runs the clinic's account.
        ClinicAdmin = "clinic_admin",
        /// Listens to calls and takes them over.
        Supervisor = "supervisor",
        /// Doctor.
        Doctor = "doctor",
        /// Nurse.
        Nurse = "nurse",
        /// Pharmacist.
        Pharmacist = "pharmacist",
        /// Laboratory.
        LabStaff = "lab_staff",
        /// Reception.
        Receptionist = "receptionist",
        /// A patient with a login of their own.
        Patient = "patient",
    }
}

/// Somebody to be a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// The login; upper and lower case are the same.
    pub email: Phi<String>,
    /// Name, if the login is new.
    pub name: Phi<String>,
    /// Role in the clinic.
    pub role: Role,
}

/// Makes somebody a member of the clinic, with a new login or the one that the address has. Again
/// changes nothing.
///
/// # Errors
/// [`crate::Refusal::UserUnknown`] if the login is deactivated; an address that cannot be one; failures of
/// the database.
pub async fn add_member(
    tx: &mut TenantTx,
    member: &NewMember,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<UserId> {
    let email = member.email.expose().trim().to_lowercase();
    let name = member.name.expose().trim();
    if !email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')) {
        return Err(Error::Invalid("an e-mail address has the form name@host".to_owned()));
    }
    if name.is_empty() {
        return Err(Error::Invalid("a member needs a name".to_owned()));
    }
    sqlx::query(
        "INSERT INTO users (id, email, name) VALUES ($1, $2, $3) ON CONFLICT (email) DO NOTHING",
    )
    .bind(UserId::new(ids).uuid())
    .bind(&email)
    .bind(name)
    .execute(tx.conn())
    .await?;
    let user: uuid::Uuid = sqlx::query_scalar("SELECT id FROM users WHERE email = $1")
        .bind(&email)
        .fetch_one(tx.conn())
        .await?;
    let done = sqlx::query(
        "INSERT INTO memberships AS m (clinic_id, user_id, role) VALUES ($1, $2, $3)
         ON CONFLICT (clinic_id, user_id, role) DO UPDATE
            SET active = true, row_version = m.row_version + 1 WHERE NOT m.active",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(user)
    .bind(member.role.as_str())
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 1 {
        audit(tx, "membership.begun", user, by, now).await?;
    }
    Ok(UserId::from_uuid(user))
}

/// Ends a membership; false if there is none in force. The row stays, as history.
///
/// # Errors
/// If the database fails.
pub async fn end_membership(
    tx: &mut TenantTx,
    user: UserId,
    role: Role,
    by: &By,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE memberships m SET active = false, row_version = m.row_version + 1
          WHERE m.clinic_id = $1 AND m.user_id = $2 AND m.role = $3 AND m.active",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(user.uuid())
    .bind(role.as_str())
    .execute(tx.conn())
    .await?;
    let ended = done.rows_affected() == 1;
    if ended {
        audit(tx, "membership.ended", user.uuid(), by, now).await?;
    }
    Ok(ended)
}

/// Membership in force of an active login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Clinic.
    pub clinic: ClinicId,
    /// Role there.
    pub role: Role,
}

/// The memberships in force of a login, by clinic and role.
///
/// # Errors
/// If the database fails.
pub async fn memberships(db: &Database, user: UserId) -> Result<Vec<Membership>> {
    let rows: Vec<(uuid::Uuid, String)> = sqlx::query_as(
        "SELECT clinic_id, role FROM memberships WHERE user_id = $1 AND active ORDER BY 1, 2",
    )
    .bind(user.uuid())
    .fetch_all(db.pool())
    .await?;
    rows.into_iter()
        .map(|(clinic, role)| {
            Ok(Membership { clinic: ClinicId::from_uuid(clinic), role: role.parse()? })
        })
        .collect()
}

/// The clinic that a path names, if this login is a member there and the clinic is active, and in
/// which roles. `user` must come from a verified token.
///
/// # Errors
/// If the database fails.
pub async fn tenant_of(
    db: &Database,
    user: UserId,
    clinic: ClinicId,
) -> Result<Option<(Tenant, Vec<Role>)>> {
    let roles: Vec<String> = sqlx::query_scalar(
        "SELECT m.role FROM memberships m JOIN clinics c ON c.id = m.clinic_id AND c.active
          WHERE m.user_id = $1 AND m.clinic_id = $2 AND m.active ORDER BY 1",
    )
    .bind(user.uuid())
    .bind(clinic.uuid())
    .fetch_all(db.pool())
    .await?;
    let roles = roles.iter().map(|role| Ok(role.parse()?)).collect::<Result<Vec<Role>>>()?;
    Ok((!roles.is_empty()).then(|| (Tenant::verified(clinic), roles)))
}

/// Deactivates a login that is or was a member of the clinic. Memberships in force stand in the
/// way, whichever clinic's, and are returned by clinic; an empty list means done [TEN-5].
///
/// # Errors
/// [`crate::Refusal::UserUnknown`] if there is no such active login.
pub async fn deactivate_user(
    db: &Database,
    tenant: &Tenant,
    user: UserId,
    principal: Principal,
    now: Timestamp,
) -> Result<Vec<Hanging>> {
    let Json(answer): Json<Deactivated> =
        sqlx::query_scalar("SELECT deactivate_user($1, $2, $3, $4)")
            .bind(tenant.clinic().uuid())
            .bind(now.to_sqlx())
            .bind(principal.to_string())
            .bind(user.uuid())
            .fetch_one(db.pool())
            .await?;
    answer.hanging()
}

async fn audit(
    tx: &mut TenantTx,
    action: &str,
    user: uuid::Uuid,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, fields)
         VALUES ($1, $2, $3, $4, 'user', $5, ARRAY['role'])",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(by.principal.to_string())
    .bind(action)
    .bind(user)
    .execute(tx.conn())
    .await?;
    Ok(())
}
