//! Staff logins and their memberships in clinics. How a login is proven, and the way from it to a
//! [`Tenant`], is [`crate::sign_in`].

use frontdesk_types::{ClinicId, IdSource, Phi, UserId, named_enum};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Deserialize;
use sqlx::types::Json;

use crate::schedule::{Deactivated, Hanging};
use crate::scope::UserTx;
use crate::{By, Database, Error, Principal, Refusal, Result, Tenant, TenantTx};

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

/// What came of [`add_member`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// They are a member.
    Member(UserId),
    /// They belong or belonged to another clinic: [`accept_invitation`] is theirs.
    Invited(UserId),
}

impl Joined {
    /// Whose login it is.
    #[must_use]
    pub const fn user(self) -> UserId {
        match self {
            Self::Member(user) | Self::Invited(user) => user,
        }
    }
}

#[derive(Deserialize)]
struct Added {
    user: Option<UserId>,
    state: Option<String>,
    refused: Option<Refusal>,
}

/// Makes somebody a member of the clinic, with a new login or the one that the address has; who
/// belongs to another clinic is invited. Again changes nothing.
///
/// # Errors
/// [`Refusal::UserUnknown`] if the login is deactivated; an address that cannot be one; failures of
/// the database.
pub async fn add_member(
    tx: &mut TenantTx,
    member: &NewMember,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Joined> {
    let email = member.email.expose().trim().to_lowercase();
    let name = member.name.expose().trim();
    if !email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')) {
        return Err(Error::Invalid("an e-mail address has the form name@host".to_owned()));
    }
    if name.is_empty() {
        return Err(Error::Invalid("a member needs a name".to_owned()));
    }
    let Json(added): Json<Added> = sqlx::query_scalar("SELECT add_member($1, $2, $3, $4, $5)")
        .bind(now.to_sqlx())
        .bind(UserId::new(ids).uuid())
        .bind(&email)
        .bind(name)
        .bind(member.role.as_str())
        .fetch_one(tx.conn())
        .await?;
    if let Some(refusal) = added.refused {
        return Err(refusal.into());
    }
    let user = added.user.ok_or_else(|| Error::Answer("no user".to_owned()))?;
    let (joined, action) = match added.state.as_deref() {
        Some("begun") => (Joined::Member(user), Some("membership.begun")),
        Some("invited") => (Joined::Invited(user), Some("membership.invited")),
        Some("waiting") => (Joined::Invited(user), None),
        _ => (Joined::Member(user), None),
    };
    if let Some(action) = action {
        audit(tx, action, user, &["role"], by, now).await?;
    }
    Ok(joined)
}

/// Makes a login the member that a clinic has invited it to be; false without an invitation. `user`
/// must come from a verified token.
///
/// # Errors
/// [`Refusal::UserUnknown`] if the login is deactivated; failures of the database.
pub async fn accept_invitation(
    db: &Database,
    user: UserId,
    clinic: ClinicId,
    role: Role,
    now: Timestamp,
) -> Result<bool> {
    let mut tx = TenantTx::begin(db, &Tenant::verified(clinic)).await?;
    sqlx::query("SELECT set_config('app.user_id', $1, true)")
        .bind(user.uuid().to_string())
        .execute(tx.conn())
        .await?;
    let accepted: bool = sqlx::query_scalar("SELECT accept_invitation($1)")
        .bind(role.as_str())
        .fetch_one(tx.conn())
        .await?;
    if accepted {
        let by = By::principal(Principal::User(user));
        audit(&mut tx, "membership.begun", user, &["role"], &by, now).await?;
        tx.commit().await?;
    }
    Ok(accepted)
}

/// A clinic that wants a login as a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What they would be there.
    pub role: Role,
    /// Since when.
    pub invited_at: Timestamp,
}

/// The invitations of a login that are open, the oldest first. `user` must come from a verified token.
///
/// # Errors
/// If the database fails.
pub async fn invitations(db: &Database, user: UserId) -> Result<Vec<Invitation>> {
    type Row = (String, String, String, jiff_sqlx::Timestamp);
    let mut tx = UserTx::begin(db, user).await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT c.slug, c.name, i.role, i.invited_at
           FROM invitations i JOIN clinics c ON c.id = i.clinic_id AND c.active
          WHERE i.user_id = $1 ORDER BY i.invited_at, c.slug, i.role",
    )
    .bind(user.uuid())
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(slug, name, role, at)| {
            Ok(Invitation { slug, name, role: role.parse()?, invited_at: at.to_jiff() })
        })
        .collect()
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
        audit(tx, "membership.ended", user, &["role"], by, now).await?;
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
    let mut tx = UserTx::begin(db, user).await?;
    let rows: Vec<(uuid::Uuid, String)> = sqlx::query_as(
        "SELECT clinic_id, role FROM memberships WHERE user_id = $1 AND active ORDER BY 1, 2",
    )
    .bind(user.uuid())
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(clinic, role)| {
            Ok(Membership { clinic: ClinicId::from_uuid(clinic), role: role.parse()? })
        })
        .collect()
}

/// Somebody who works at the clinic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// Their login.
    pub user: UserId,
    /// Their name.
    pub name: Phi<String>,
    /// The address that they sign in with.
    pub email: Phi<String>,
    /// What they are there.
    pub roles: Vec<Role>,
}

/// Who works at the clinic, by name.
///
/// # Errors
/// If the database fails.
pub async fn members(tx: &mut TenantTx) -> Result<Vec<Colleague>> {
    type Row = (uuid::Uuid, String, String, Vec<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT u.id, u.name, u.email, array_agg(m.role ORDER BY m.role)
           FROM memberships m JOIN users u ON u.id = m.user_id
          WHERE m.clinic_id = $1 AND m.active GROUP BY u.id, u.name, u.email
          ORDER BY u.name, u.id",
    )
    .bind(tx.tenant().clinic().uuid())
    .fetch_all(tx.conn())
    .await?;
    let colleague = |(user, name, email, roles): Row| {
        let roles = roles.iter().map(|role| role.parse()).collect::<Result<_, _>>()?;
        let user = UserId::from_uuid(user);
        Ok(Colleague { user, name: Phi::new(name), email: Phi::new(email), roles })
    };
    rows.into_iter().map(colleague).collect()
}

/// Deactivates a login that is or was a member of the clinic. Memberships in force stand in the
/// way: those of this clinic are returned, and an empty list means done [TEN-5].
///
/// # Errors
/// [`Refusal::UserUnknown`] if there is no such active login, [`Refusal::UserElsewhere`] if it
/// belongs or belonged to another clinic.
pub async fn deactivate_user(
    db: &Database,
    tenant: &Tenant,
    user: UserId,
    principal: Principal,
    now: Timestamp,
) -> Result<Vec<Hanging>> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    let Json(answer): Json<Deactivated> = sqlx::query_scalar("SELECT deactivate_user($1)")
        .bind(user.uuid())
        .fetch_one(tx.conn())
        .await?;
    let hanging = answer.hanging()?;
    if hanging.is_empty() {
        let by = By::principal(principal);
        audit(&mut tx, "user.deactivated", user, &["active"], &by, now).await?;
        tx.commit().await?;
    }
    Ok(hanging)
}

pub(crate) async fn audit(
    tx: &mut TenantTx,
    action: &str,
    user: UserId,
    fields: &[&str],
    by: &By,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, fields)
         VALUES ($1, $2, $3, $4, 'user', $5, $6)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(by.principal.to_string())
    .bind(action)
    .bind(user.uuid())
    .bind(fields)
    .execute(tx.conn())
    .await?;
    Ok(())
}
