//! Signing in: from an address and a password to a sign-in that lasts, and from that to the clinics
//! that its user may enter: [`person`] is the way from a verified sign-in to a [`Tenant`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontdesk_types::{ClinicId, IdSource, Phi, SignInId, UserId};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use crate::passwords::{PasswordError, Passwords};
use crate::scope::UserTx;
use crate::staff::{Role, audit};
use crate::{By, Database, Error, Result, Tenant, TenantTx};

/// How long a sign-in lasts, however often it is renewed.
pub const LASTING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long a token that renews counts after its first use: two tabs may use it at once.
const GRACE: SignedDuration = SignedDuration::from_secs(10);

/// Who signed in, and when that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignedIn {
    /// Whose login.
    pub user: UserId,
    /// Which sign-in; what is signed for it counts while it lasts.
    pub sign_in: SignInId,
}

/// A sign-in, and the token that renews it once.
#[derive(Debug, Clone)]
pub struct Granted {
    /// Who.
    pub who: SignedIn,
    /// The token; only its hash is kept here.
    pub refresh: Phi<String>,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// The password could not be compared.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database.
    #[error(transparent)]
    Database(#[from] Error),
}

/// Signs in, if that is an active login's password. Whether the address is known makes no
/// difference in the answer, nor in its time.
///
/// # Errors
/// [`SignInError`] if that could not be found out.
pub async fn sign_in(
    db: &Database,
    passwords: &Passwords,
    email: &Phi<String>,
    password: Phi<String>,
    now: Timestamp,
    ids: &dyn IdSource,
) -> std::result::Result<Option<Granted>, SignInError> {
    let email = email.expose().trim().to_lowercase();
    let login: Option<(uuid::Uuid, String)> =
        sqlx::query_as("SELECT user_id, password_hash FROM login_of($1)")
            .bind(email)
            .fetch_optional(db.pool())
            .await
            .map_err(Error::from)?;
    let (user, hash) = login.unzip();
    if !passwords.is_right(password, hash).await? {
        return Ok(None);
    }
    let Some(user) = user.map(UserId::from_uuid) else { return Ok(None) };
    let who = SignedIn { user, sign_in: SignInId::new(ids) };
    let refresh = random_token();
    sqlx::query("SELECT begin_sign_in($1, $2, $3, $4, $5)")
        .bind(now.to_sqlx())
        .bind((now + LASTING).to_sqlx())
        .bind(who.sign_in.uuid())
        .bind(user.uuid())
        .bind(hash_of(refresh.expose()))
        .execute(db.pool())
        .await
        .map_err(Error::from)?;
    Ok(Some(Granted { who, refresh }))
}

/// Renews a sign-in that lasts, with another token for the next time; `None` if the token is not
/// good. A token that was used before ends the sign-in: one of the two who have it stole it.
///
/// # Errors
/// If the database fails.
pub async fn renew(
    db: &Database,
    refresh: &Phi<String>,
    now: Timestamp,
) -> Result<Option<Granted>> {
    let next = random_token();
    let renewed: Option<(uuid::Uuid, uuid::Uuid)> =
        sqlx::query_as("SELECT user_id, sign_in_id FROM renew_sign_in($1, $2, $3, $4)")
            .bind(now.to_sqlx())
            .bind(std::time::Duration::from_secs(GRACE.as_secs().unsigned_abs()))
            .bind(hash_of(refresh.expose()))
            .bind(hash_of(next.expose()))
            .fetch_optional(db.pool())
            .await?;
    Ok(renewed.map(|(user, sign_in)| Granted {
        who: SignedIn { user: UserId::from_uuid(user), sign_in: SignInId::from_uuid(sign_in) },
        refresh: next,
    }))
}

/// Ends the sign-in of a token, if there is one: nothing that was signed for it counts any more.
///
/// # Errors
/// If the database fails.
pub async fn end(db: &Database, refresh: &Phi<String>, now: Timestamp) -> Result<()> {
    sqlx::query("SELECT end_sign_in($1, $2)")
        .bind(now.to_sqlx())
        .bind(hash_of(refresh.expose()))
        .execute(db.pool())
        .await?;
    Ok(())
}

/// Gives a member of the clinic their first password; false if they have one, or belong to another
/// clinic as well. `hash` comes from [`Passwords::hash`].
///
/// # Errors
/// If the database fails.
pub async fn give_password(
    tx: &mut TenantTx,
    user: UserId,
    hash: &str,
    by: &By,
    now: Timestamp,
) -> Result<bool> {
    let given: bool = sqlx::query_scalar("SELECT set_password($1, $2, $3)")
        .bind(now.to_sqlx())
        .bind(user.uuid())
        .bind(hash)
        .fetch_one(tx.conn())
        .await?;
    if given {
        audit(tx, "user.password_given", user, &["password"], by, now).await?;
    }
    Ok(given)
}

/// Changes one's own password, which ends all one's sign-ins. `user` must come from a verified
/// token.
///
/// # Errors
/// If the database fails.
pub async fn change_password(
    db: &Database,
    user: UserId,
    hash: &str,
    now: Timestamp,
) -> Result<bool> {
    let mut tx = UserTx::begin(db, user).await?;
    let changed = sqlx::query_scalar("SELECT set_password($1, $2, $3)")
        .bind(now.to_sqlx())
        .bind(user.uuid())
        .bind(hash)
        .fetch_one(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(changed)
}

/// Changes one's own password, for whoever knows the one there is: false if that is another. All their
/// sign-ins end. `user` must come from a verified token.
///
/// # Errors
/// [`SignInError`] if the new one cannot be had, or that could not be found out.
pub async fn change_known_password(
    db: &Database,
    passwords: &Passwords,
    user: UserId,
    current: Phi<String>,
    new: Phi<String>,
    now: Timestamp,
) -> std::result::Result<bool, SignInError> {
    let mut tx = UserTx::begin(db, user).await?;
    let email: Option<String> =
        sqlx::query_scalar("SELECT email FROM users WHERE id = $1 AND active")
            .bind(user.uuid())
            .fetch_optional(tx.conn())
            .await
            .map_err(Error::from)?;
    drop(tx);
    let hash: Option<String> = sqlx::query_scalar("SELECT password_hash FROM login_of($1)")
        .bind(email)
        .fetch_optional(db.pool())
        .await
        .map_err(Error::from)?;
    if !passwords.is_right(current, hash).await? {
        return Ok(false);
    }
    let hash = passwords.hash(new).await?;
    Ok(change_password(db, user, &hash, now).await?)
}

/// A clinic that somebody may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The clinic.
    pub tenant: Tenant,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What they are there.
    pub roles: Vec<Role>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: Phi<String>,
    /// Whether they operate the installation.
    pub super_admin: bool,
    /// The active clinics that they are members of, by slug.
    pub clinics: Vec<Entry>,
}

/// Somebody and one of their roles; without a clinic if they have none.
#[derive(sqlx::FromRow)]
struct PersonRow {
    person: String,
    super_admin: bool,
    clinic: Option<uuid::Uuid>,
    slug: Option<String>,
    name: Option<String>,
    role: Option<String>,
}

/// Who is signed in and what they may enter, as of now; `None` if the sign-in has ended. `who` must
/// come from a verified token.
///
/// # Errors
/// If the database fails.
pub async fn person(db: &Database, who: SignedIn, now: Timestamp) -> Result<Option<Person>> {
    let mut tx = UserTx::begin(db, who.user).await?;
    let rows: Vec<PersonRow> = sqlx::query_as(
        "SELECT u.name AS person, u.super_admin, c.id AS clinic, c.slug, c.name, m.role
           FROM users u
           JOIN sign_ins s ON s.id = $2 AND s.user_id = u.id
            AND s.ended_at IS NULL AND s.expires_at > $3
           LEFT JOIN (memberships m JOIN clinics c ON c.id = m.clinic_id AND c.active)
             ON m.user_id = u.id AND m.active
          WHERE u.id = $1 AND u.active ORDER BY c.slug, m.role",
    )
    .bind(who.user.uuid())
    .bind(who.sign_in.uuid())
    .bind(now.to_sqlx())
    .fetch_all(tx.conn())
    .await?;
    let mut person: Option<Person> = None;
    for row in rows {
        let person = person.get_or_insert_with(|| Person {
            name: row.person.into(),
            super_admin: row.super_admin,
            clinics: Vec::new(),
        });
        let (Some(clinic), Some(slug), Some(name), Some(role)) =
            (row.clinic, row.slug, row.name, row.role)
        else {
            continue;
        };
        let role: Role = role.parse()?;
        match person.clinics.last_mut().filter(|entry| entry.slug == slug) {
            Some(entry) => entry.roles.push(role),
            None => person.clinics.push(Entry {
                tenant: Tenant::verified(ClinicId::from_uuid(clinic)),
                slug,
                name,
                roles: vec![role],
            }),
        }
    }
    Ok(person)
}

/// 256 random bits, as text of 43 letters, digits, hyphens and underscores.
#[must_use]
pub fn random_token() -> Phi<String> {
    let mut bytes = [0; 32];
    rand::rng().fill(&mut bytes);
    Phi::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a token: it is random, so one round of a plain hash is enough.
pub(crate) fn hash_of(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
