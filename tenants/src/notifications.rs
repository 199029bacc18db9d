//! The queue of notifications: who is to be told what, once, and how that went. What it says is made
//! when it is sent, by others; here are ids, the address of the moment, and retries.

use frontdesk_types::{IdSource, PatientId, Phi, UserId, named_enum};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::staff::Role;
use crate::{Database, Result, Tenant, TenantTx};

/// After so many tries it has failed for good.
pub const ATTEMPTS: i32 = 8;

/// The pause before the second try; each further one is three times as long: 1, 3, 9 … minutes, in
/// all eighteen hours.
const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(1);

named_enum! {
    /// What somebody is told of.
    pub enum Kind: "kind of notification" {
        /// A clinic wants them as a member of its staff.
        Invitation = "invitation",
        /// Their password was set.
        Password = "password",
        /// A slot that they wait for is free, until a deadline.
        WaitlistOffer = "waitlist_offer",
        /// A caller left a message.
        MessageTaken = "message_taken",
    }
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// A patient of the clinic.
    Patient(PatientId),
    /// A member of the staff.
    User(UserId),
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct New {
    /// What kind.
    pub kind: Kind,
    /// What it is about: one notification of a kind, for each of these and recipient.
    pub subject: Uuid,
    /// Ids and times for its text; nothing personal.
    pub facts: Value,
    /// After this it is not worth telling.
    pub void_at: Option<Timestamp>,
    /// Of a call whose clock is pinned: nobody is told.
    pub simulated: bool,
}

/// Queues it for one; false if they are or were told already [NOTE-1].
///
/// # Errors
/// If the clinic does not know the recipient, or the database fails.
pub async fn tell(
    tx: &mut TenantTx,
    new: &New,
    to: Recipient,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<bool> {
    let (patient, user) = match to {
        Recipient::Patient(id) => (Some(id.uuid()), None),
        Recipient::User(id) => (None, Some(id.uuid())),
    };
    let done = sqlx::query(
        "INSERT INTO notifications (clinic_id, id, kind, subject_id, patient_id, user_id, facts,
                                    next_at, void_at, simulated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(ids.uuid())
    .bind(new.kind.as_str())
    .bind(new.subject)
    .bind(patient)
    .bind(user)
    .bind(&new.facts)
    .bind(now.to_sqlx())
    .bind(new.void_at.map(jiff_sqlx::ToSqlx::to_sqlx))
    .bind(new.simulated)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Queues it for the clinic's staff of these roles; gives for how many.
///
/// # Errors
/// If the database fails.
pub async fn tell_staff(
    tx: &mut TenantTx,
    new: &New,
    roles: &[Role],
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<u64> {
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let users: Vec<Uuid> = sqlx::query_scalar(
        "SELECT DISTINCT user_id FROM memberships
          WHERE clinic_id = $1 AND active AND role = ANY ($2) ORDER BY user_id",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(roles)
    .fetch_all(tx.conn())
    .await?;
    let mut told = 0;
    for user in users {
        let to = Recipient::User(UserId::from_uuid(user));
        told += u64::from(tell(tx, new, to, now, ids).await?);
    }
    Ok(told)
}

/// One that is to be sent now.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// Id.
    pub id: Uuid,
    /// What kind.
    pub kind: Kind,
    /// For its text.
    pub facts: Value,
    /// Name of whom it goes to, if it is known.
    pub name: Option<Phi<String>>,
    /// Their address, if they have one.
    pub email: Option<Phi<String>>,
    /// The language they asked for, if they did.
    pub language: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    facts: Value,
    name: Option<String>,
    email: Option<String>,
    language: Option<String>,
}

/// The clinic's notifications that are to be sent now, oldest first. Those whose time is over are
/// given up.
///
/// # Errors
/// If the database fails.
pub async fn due(db: &Database, tenant: &Tenant, limit: i64, now: Timestamp) -> Result<Vec<Due>> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    sqlx::query(
        "UPDATE notifications SET status = 'failed', error = 'its time was over'
          WHERE clinic_id = $1 AND status = 'queued' AND void_at <= $2",
    )
    .bind(tenant.clinic().uuid())
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT n.id, n.kind, n.facts, coalesce(p.name, u.name) AS name,
                coalesce(p.email, u.email) AS email, p.language
           FROM notifications n
           LEFT JOIN patients p ON p.id = n.patient_id
           LEFT JOIN users u ON u.id = n.user_id AND u.active
          WHERE n.clinic_id = $1 AND n.status = 'queued' AND n.next_at <= $2 AND NOT n.simulated
          ORDER BY n.next_at, n.id LIMIT $3",
    )
    .bind(tenant.clinic().uuid())
    .bind(now.to_sqlx())
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            Ok(Due {
                id: row.id,
                kind: row.kind.parse()?,
                facts: row.facts,
                name: row.name.map(Phi::new),
                email: row.email.map(Phi::new),
                language: row.language,
            })
        })
        .collect()
}

/// Writes down that it was sent.
///
/// # Errors
/// If the database fails; then it is sent again.
pub async fn sent(db: &Database, tenant: &Tenant, id: Uuid, now: Timestamp) -> Result<()> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    sqlx::query(
        "UPDATE notifications SET status = 'sent', sent_at = $3, attempts = attempts + 1, error = NULL
          WHERE clinic_id = $1 AND id = $2 AND status = 'queued'",
    )
    .bind(tenant.clinic().uuid())
    .bind(id)
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    tx.commit().await
}

/// Writes down why it was not sent. It is tried again later, but not where that is `hopeless`, nor
/// after [`ATTEMPTS`] tries: then it has failed, and stays for people to look at.
///
/// # Errors
/// If the database fails; then it is tried again at once.
pub async fn not_sent(
    db: &Database,
    tenant: &Tenant,
    id: Uuid,
    error: &str,
    hopeless: bool,
    now: Timestamp,
) -> Result<()> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    sqlx::query(
        "UPDATE notifications
            SET attempts = attempts + 1, error = $4,
                status = CASE WHEN $5 OR attempts + 1 >= $6 THEN 'failed' ELSE 'queued' END,
                next_at = $3::timestamptz + make_interval(secs => $7 * 3 ^ attempts)
          WHERE clinic_id = $1 AND id = $2 AND status = 'queued'",
    )
    .bind(tenant.clinic().uuid())
    .bind(id)
    .bind(now.to_sqlx())
    .bind(error)
    .bind(hopeless)
    .bind(ATTEMPTS)
    .bind(FIRST_RETRY.as_secs_f64())
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
