//! The data key that seals what is said in one call.

use frontdesk_types::CallId;

use crate::crypt::{KeyRing, Rewrapped, SecretKey, Wrapped};
use crate::ring_check::Stored;
use crate::{Result, TenantTx};

/// The data key of a call, for its worker to hold while it runs.
#[derive(Debug)]
pub struct CallKey {
    pub(super) call: CallId,
    pub(super) key: SecretKey,
}

pub(super) fn key_place(call: CallId) -> String {
    format!("calls:{call}")
}

pub(super) async fn open_key(
    tx: &mut TenantTx,
    ring: &KeyRing,
    call: CallId,
) -> Result<Option<SecretKey>> {
    let row: Option<(Option<String>, Option<Vec<u8>>)> =
        sqlx::query_as("SELECT ring_key, wrapped_key FROM calls WHERE clinic_id = $1 AND id = $2")
            .bind(tx.tenant().clinic().uuid())
            .bind(call.uuid())
            .fetch_optional(tx.conn())
            .await?;
    let Some((Some(ring_key), Some(sealed))) = row else { return Ok(None) };
    Ok(Some(ring.unwrap(&key_place(call), &Wrapped { ring_key, sealed })?))
}

/// Up to `limit` data keys of the clinic's calls for each key of the ring that wraps some.
pub(crate) async fn some_keys(tx: &mut TenantTx, limit: i64) -> Result<Vec<Stored>> {
    let rows: Vec<(uuid::Uuid, String, Vec<u8>)> = sqlx::query_as(
        "SELECT id, ring_key, wrapped_key
           FROM (SELECT id, ring_key, wrapped_key, row_number() OVER (PARTITION BY ring_key) AS n
                   FROM calls WHERE clinic_id = $1 AND ring_key IS NOT NULL) k
          WHERE n <= $2",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    let stored = rows.into_iter().map(|(call, ring_key, sealed)| Stored {
        place: key_place(CallId::from_uuid(call)),
        wrapped: Wrapped { ring_key, sealed },
    });
    Ok(stored.collect())
}

/// Re-wraps up to `limit` data keys of the clinic's calls by the newest key of the ring; see
/// [`crate::patient::rewrap_keys`]. Calls under way are among them: their workers hold the data key
/// itself, which does not change.
///
/// # Errors
/// If the database fails. A key that cannot be opened, or is wrapped by one that is not in the ring, is
/// left as it is.
pub async fn rewrap_keys(tx: &mut TenantTx, ring: &KeyRing, limit: i64) -> Result<Rewrapped> {
    let rows: Vec<(uuid::Uuid, String, Vec<u8>)> = sqlx::query_as(
        "SELECT id, ring_key, wrapped_key FROM calls
          WHERE clinic_id = $1 AND ring_key <> $2 AND ring_key = ANY ($4)
          ORDER BY id LIMIT $3 FOR UPDATE",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(ring.newest())
    .bind(limit)
    .bind(ring.ids())
    .fetch_all(tx.conn())
    .await?;
    let mut done = 0;
    for (call, ring_key, sealed) in rows {
        let place = key_place(CallId::from_uuid(call));
        let new = match ring.rewrap(&place, &Wrapped { ring_key, sealed }) {
            Ok(Some(new)) => new,
            Ok(None) => continue,
            Err(error) => {
                tracing::error!(%call, %error, "data key not wrapped anew");
                continue;
            }
        };
        sqlx::query(
            "UPDATE calls SET ring_key = $3, wrapped_key = $4 WHERE clinic_id = $1 AND id = $2",
        )
        .bind(tx.tenant().clinic().uuid())
        .bind(call)
        .bind(new.ring_key)
        .bind(new.sealed)
        .execute(tx.conn())
        .await?;
        done += 1;
    }
    let left =
        sqlx::query_scalar("SELECT count(*) FROM calls WHERE clinic_id = $1 AND ring_key <> $2")
            .bind(tx.tenant().clinic().uuid())
            .bind(ring.newest())
            .fetch_one(tx.conn())
            .await?;
    Ok(Rewrapped { done, left })
}
