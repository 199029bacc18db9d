//! Runtimes that hold calls: one lease each for all their calls, by the database's clock.

use std::time::Duration;

use crate::{Database, Result};

/// From the mark that a runtime is lost to the first moment at which another one may go on with its
/// calls: longer than a runtime takes to renew its lease once the database is back.
pub const TAKEN_AFTER: Duration = Duration::from_secs(4);

/// Renews the lease of a runtime, or begins it.
///
/// # Errors
/// If the database fails.
pub async fn beat(db: &Database, name: &str, lasting: Duration) -> Result<()> {
    sqlx::query(
        "INSERT INTO workers (name, lease_until)
         VALUES ($1, clock_timestamp() + make_interval(secs => $2))
         ON CONFLICT (name) DO UPDATE SET lease_until = excluded.lease_until, lost_at = NULL",
    )
    .bind(name)
    .bind(lasting.as_secs_f64())
    .execute(db.pool())
    .await?;
    Ok(())
}

/// Marks the runtimes whose lease has run out. Gives how many have been lost for no more than a minute:
/// later all their calls are closed.
///
/// # Errors
/// If the database fails.
pub async fn mark_lost(db: &Database) -> Result<u64> {
    let (lost, late): (i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE lost_at IS NULL
                                    OR lost_at > clock_timestamp() - interval '1 minute'),
                count(*) FILTER (WHERE lost_at IS NULL
                                    OR lost_at < clock_timestamp() - interval '1 day')
           FROM workers WHERE lease_until <= clock_timestamp()",
    )
    .fetch_one(db.pool())
    .await?;
    if late > 0 {
        sqlx::query(
            "UPDATE workers SET lost_at = clock_timestamp()
              WHERE lease_until <= clock_timestamp() AND lost_at IS NULL",
        )
        .execute(db.pool())
        .await?;
        // Calls that are still open then go by their own lease, which is over as well.
        sqlx::query("DELETE FROM workers WHERE lost_at < clock_timestamp() - interval '1 day'")
            .execute(db.pool())
            .await?;
    }
    Ok(u64::try_from(lost).unwrap_or(0))
}

/// A runtime has ended its calls and holds none any more.
///
/// # Errors
/// If the database fails.
pub async fn leave(db: &Database, name: &str) -> Result<()> {
    sqlx::query("DELETE FROM workers WHERE name = $1").bind(name).execute(db.pool()).await?;
    Ok(())
}
