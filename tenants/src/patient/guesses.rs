//! Who somebody is can be guessed at in call after call. So failures count across calls: by clinic,
//! for each name and for each date of birth that was said [PAT-4]. After ten within an hour nothing
//! said with that name or date is compared any more, right or wrong, whether or not there is such a
//! patient: a limit that let the right ones through would tell which they are.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;

use super::{Claim, name_key};
use crate::crypt::KeyRing;
use crate::{Result, Tenant, TenantTx};

/// Failures with one name, or with one date of birth, that are taken.
const MAX_FAILURES: i64 = 10;

/// For how long a failure counts.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What the hashes are made for.
const PURPOSE: &str = "frontdesk: failed identifications";

/// The hashes by which a claim is known again: of its name and of its date of birth.
pub(super) struct Guess([[u8; 32]; 2]);

impl Guess {
    pub(super) fn of(keys: &KeyRing, tenant: Tenant, claim: &Claim) -> Self {
        let clinic = tenant.clinic();
        let hash =
            |what: &str, said: &str| keys.keyed_hash(PURPOSE, &format!("{clinic}/{what}/{said}"));
        let born = claim.date_of_birth.expose().to_string();
        Self([hash("name", &name_key(claim.name.expose())), hash("born", &born)])
    }

    fn keys(&self) -> Vec<&[u8]> {
        self.0.iter().map(<[u8; 32]>::as_slice).collect()
    }

    /// Whether too many have failed. Who guesses the same at the same time waits until this
    /// transaction is over, so that none is missed.
    pub(super) async fn is_one_too_many(&self, tx: &mut TenantTx, now: Timestamp) -> Result<bool> {
        let lock = |key: &[u8; 32]| {
            let (head, _) = key.as_chunks::<8>();
            i64::from_be_bytes(head[0])
        };
        // In one order, so that no two wait for each other.
        let mut locks = self.0.each_ref().map(lock);
        locks.sort_unstable();
        for key in locks {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key).execute(tx.conn()).await?;
        }
        let clinic = tx.tenant().clinic();
        let since = now.saturating_sub(WINDOW).unwrap_or(now);
        let too_many = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM failed_identifications
                             WHERE clinic_id = $1 AND key = ANY ($2)
                               AND failed_at > $3 AND failed_at <= $4
                             GROUP BY key HAVING count(*) >= $5)",
        )
        .bind(clinic.uuid())
        .bind(self.keys())
        .bind(since.to_sqlx())
        .bind(now.to_sqlx())
        .bind(MAX_FAILURES)
        .fetch_one(tx.conn())
        .await?;
        Ok(too_many)
    }

    /// Notes that it was wrong.
    pub(super) async fn has_failed(&self, tx: &mut TenantTx, now: Timestamp) -> Result<()> {
        let clinic = tx.tenant().clinic();
        sqlx::query(
            "INSERT INTO failed_identifications (clinic_id, key, failed_at)
             SELECT $1, key, $3 FROM unnest($2::bytea[]) key",
        )
        .bind(clinic.uuid())
        .bind(self.keys())
        .bind(now.to_sqlx())
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}
