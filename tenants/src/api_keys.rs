//! Keys by which other systems of a clinic use the API: each has a role in that clinic, a name, and an
//! end. A key is shown once, and only its hash is kept.

use frontdesk_types::{ClinicId, IdSource, Phi};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::FromRow;
use uuid::Uuid;

use crate::sign_in::{hash_of, random_token};
use crate::staff::Role;
use crate::{ApiKeyId, By, Database, Error, Refusal, Result, Tenant, TenantTx};

/// What a key begins with, so that one that lies about is known for what it is.
pub const PREFIX: &str = "fdk_";

/// A key, without what it is shown as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// What it may do is what this role may.
    pub role: Role,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Option<Timestamp>,
    /// Since when it does not count any more.
    pub revoked_at: Option<Timestamp>,
    /// Row version, for conditional changes.
    pub version: i64,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    role: String,
    made_by: String,
    made_at: jiff_sqlx::Timestamp,
    expires_at: Option<jiff_sqlx::Timestamp>,
    revoked_at: Option<jiff_sqlx::Timestamp>,
    row_version: i64,
}

impl TryFrom<Row> for ApiKey {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: ApiKeyId::from_uuid(row.id),
            name: row.name,
            role: row.role.parse()?,
            made_by: row.made_by,
            made_at: row.made_at.to_jiff(),
            expires_at: row.expires_at.map(jiff_sqlx::Timestamp::to_jiff),
            revoked_at: row.revoked_at.map(jiff_sqlx::Timestamp::to_jiff),
            version: row.row_version,
        })
    }
}

/// Makes a key for a system of the clinic; gives it to be shown once.
///
/// # Errors
/// If the role is one that no system has, or the database fails.
pub async fn make(
    tx: &mut TenantTx,
    name: &str,
    role: Role,
    expires_at: Option<Timestamp>,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<(ApiKeyId, Phi<String>)> {
    if matches!(role, Role::Doctor | Role::Patient) {
        return Err(Error::Invalid("a system is neither a doctor nor a patient".to_owned()));
    }
    let id = ApiKeyId::from_uuid(ids.uuid());
    let key = format!("{PREFIX}{}", random_token().into_exposed());
    sqlx::query(
        "INSERT INTO api_keys (clinic_id, id, name, role, hash, made_by, made_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id.uuid())
    .bind(name)
    .bind(role.as_str())
    .bind(hash_of(&key))
    .bind(by.principal.to_string())
    .bind(now.to_sqlx())
    .bind(expires_at.map(ToSqlx::to_sqlx))
    .execute(tx.conn())
    .await?;
    audit(tx, "api_key.made", id, by, now).await?;
    Ok((id, Phi::new(key)))
}

/// The clinic's keys, the latest first; at most 200.
///
/// # Errors
/// If the database fails.
pub async fn all(tx: &mut TenantTx) -> Result<Vec<ApiKey>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, name, role, made_by, made_at, expires_at, revoked_at, row_version FROM api_keys
          WHERE clinic_id = $1 ORDER BY made_at DESC, id LIMIT 200",
    )
    .bind(tx.tenant().clinic().uuid())
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// Ends a key at once; `version` is that of the row that was read.
///
/// # Errors
/// [`Refusal::VersionMismatch`] if it was changed since, or has ended already; failures of the database.
pub async fn revoke(
    tx: &mut TenantTx,
    id: ApiKeyId,
    version: Option<i64>,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    let done = sqlx::query(
        "UPDATE api_keys SET revoked_at = $4, row_version = row_version + 1
          WHERE clinic_id = $1 AND id = $2 AND ($3::bigint IS NULL OR row_version = $3)
            AND revoked_at IS NULL",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id.uuid())
    .bind(version)
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Err(Refusal::VersionMismatch.into());
    }
    audit(tx, "api_key.revoked", id, by, now).await
}

/// A system that shows a key which counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// The key.
    pub key: ApiKeyId,
    /// Its clinic.
    pub tenant: Tenant,
    /// The clinic's slug.
    pub slug: String,
    /// What it may do is what this role may.
    pub role: Role,
}

/// Whose key that is, as of now; the way from a key to a [`Tenant`].
///
/// # Errors
/// If the database fails.
pub async fn system(db: &Database, key: &str, now: Timestamp) -> Result<Option<System>> {
    let row: Option<(Uuid, String, Uuid, String)> =
        sqlx::query_as("SELECT clinic_id, slug, id, role FROM api_key_of($1, $2)")
            .bind(now.to_sqlx())
            .bind(hash_of(key))
            .fetch_optional(db.pool())
            .await?;
    let Some((clinic, slug, id, role)) = row else { return Ok(None) };
    let tenant = Tenant::verified(ClinicId::from_uuid(clinic));
    Ok(Some(System { key: ApiKeyId::from_uuid(id), tenant, slug, role: role.parse()? }))
}

async fn audit(
    tx: &mut TenantTx,
    action: &str,
    id: ApiKeyId,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id)
         VALUES ($1, $2, $3, $4, 'api_key', $5)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(by.principal.to_string())
    .bind(action)
    .bind(id.uuid())
    .execute(tx.conn())
    .await?;
    Ok(())
}
