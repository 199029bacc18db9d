//! Whose data a statement may touch, and who asks.

use std::fmt;
use std::str::FromStr;

use frontdesk_types::{CallId, ClinicId, PatientId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, SqlSafeStr as _, Transaction};
use uuid::Uuid;

use crate::{Database, Result};

/// A tenant that was verified to be the caller's: found active in the directory from a token, from
/// server-side dispatch metadata or from the dialled number. Made by [`crate::directory`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tenant {
    clinic: ClinicId,
}

impl Tenant {
    pub(crate) const fn verified(clinic: ClinicId) -> Self {
        Self { clinic }
    }

    /// The tenant of a simulation, which has no clinic in any database: it sees no row.
    #[must_use]
    pub const fn nobody() -> Self {
        Self::verified(ClinicId::from_uuid(uuid::Uuid::nil()))
    }

    /// The clinic.
    #[must_use]
    pub const fn clinic(&self) -> ClinicId {
        self.clinic
    }
}

/// A transaction that sees one clinic's rows. Without a commit it is rolled back.
#[derive(Debug)]
pub struct TenantTx {
    tx: Transaction<'static, Postgres>,
    tenant: Tenant,
}

impl TenantTx {
    /// Begins; the clinic is set inside the transaction, so that a pooled connection carries nothing
    /// over to the next one. May be dropped at any point, as all of this type may.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub async fn begin(db: &Database, tenant: &Tenant) -> Result<Self> {
        let tx = begin(db, "app.clinic_id", tenant.clinic.uuid()).await?;
        Ok(Self { tx, tenant: *tenant })
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> Tenant {
        self.tenant
    }

    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Commits.
    ///
    /// # Errors
    /// If the database says no; then nothing was written.
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }
}

/// A transaction that sees one login and its memberships, and no clinic's rows. Without a commit it
/// is rolled back.
#[derive(Debug)]
pub(crate) struct UserTx(Transaction<'static, Postgres>);

impl UserTx {
    /// Begins, as [`TenantTx::begin`]. `user` was verified.
    pub(crate) async fn begin(db: &Database, user: UserId) -> Result<Self> {
        begin(db, "app.user_id", user.uuid()).await.map(Self)
    }

    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    pub(crate) async fn commit(self) -> Result<()> {
        Ok(self.0.commit().await?)
    }
}

/// A transaction in which that setting, by which row-level security goes, has that value.
#[expect(clippy::disallowed_methods, reason = "this is the one place that begins; see inside")]
async fn begin(
    db: &Database,
    setting: &str,
    id: uuid::Uuid,
) -> Result<Transaction<'static, Postgres>> {
    // One round trip. The id is a UUID of ours, so it may stand in the statement.
    let begin = format!("BEGIN; SELECT set_config('{setting}', '{id}', true)");
    let conn = db.pool().acquire().await?;
    // A task that ends whatever becomes of whoever asked. sqlx forgets a BEGIN whose answer it
    // did not live to see: the connection would go back to the pool inside the transaction, and
    // what the next one books on it would never be committed. A transaction that has begun and
    // that nobody takes rolls itself back.
    let begun = tokio::spawn(Transaction::begin(conn, Some(AssertSqlSafe(begin).into_sql_str())));
    match begun.await {
        Ok(tx) => Ok(tx?),
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        // The runtime shuts down.
        Err(_) => Err(sqlx::Error::PoolClosed.into()),
    }
}

/// A key of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiKeyId(Uuid);

impl ApiKeyId {
    /// The id whose UUID is known.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The bare UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ApiKeyId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> std::result::Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// Who asks for a write. Idempotency keys and holds are theirs, and the audit names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The agent in a call.
    Call(CallId),
    /// A member of the staff.
    User(UserId),
    /// A patient through the API.
    Patient(PatientId),
    /// Another system of the clinic, by its key.
    System(ApiKeyId),
    /// A job of the runtime, by name.
    Job(&'static str),
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(id) => write!(f, "call:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Patient(id) => write!(f, "patient:{id}"),
            Self::System(id) => write!(f, "system:{id}"),
            Self::Job(name) => write!(f, "job:{name}"),
        }
    }
}

/// Who asks, in which call, under which idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who asks.
    pub principal: Principal,
    /// Idempotency key: the header, or call id and number of the write. `None` writes again each
    /// time.
    pub key: Option<String>,
    /// The call's clock is pinned: jobs leave such rows alone.
    pub simulated: bool,
}

impl By {
    /// The agent of a call; `key` is the number of the write within the call, given at read-back.
    #[must_use]
    pub fn call(call: CallId, write: u32) -> Self {
        Self {
            principal: Principal::Call(call),
            key: Some(format!("{call}/{write}")),
            simulated: false,
        }
    }

    /// Someone without an idempotency key.
    #[must_use]
    pub const fn principal(principal: Principal) -> Self {
        Self { principal, key: None, simulated: false }
    }

    /// With an idempotency key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With the mark that the call's clock is pinned.
    #[must_use]
    pub const fn simulated(mut self, simulated: bool) -> Self {
        self.simulated = simulated;
        self
    }

    pub(crate) const fn call_id(&self) -> Option<CallId> {
        match self.principal {
            Principal::Call(id) => Some(id),
            _ => None,
        }
    }
}

/// A member of the staff goes past lead time, window, notice, blocked slots and others' holds; never
/// past an appointment. The reason is audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffOverride {
    pub(crate) reason: String,
}

impl StaffOverride {
    /// With a reason, which must not be blank.
    ///
    /// # Errors
    /// If it is.
    pub fn because(reason: &str) -> Result<Self> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(crate::Error::Invalid("an override needs a reason".to_owned()));
        }
        Ok(Self { reason: reason.to_owned() })
    }
}
