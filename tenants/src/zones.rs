//! The time zone rules that the database goes by: made those of this program.
//!
//! PostgreSQL has rules of its own, as old as its installation. Where they differ in the time in which
//! slots are booked, the program's offsets are put beside them, and `local_time` takes those.

use frontdesk_types::time_zone;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;

use crate::{Database, Error, Result};

/// From when on and up to when they are compared: what has just been, and two years ahead.
const BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);
const AHEAD: SignedDuration = SignedDuration::from_hours(760 * 24);
/// Clocks are changed for weeks at least.
const STEP: SignedDuration = SignedDuration::from_hours(6);

/// A zone of which program and database server think differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The zone.
    pub zone: String,
    /// The first moment that was looked at for which they do.
    pub from: Timestamp,
}

/// The clinics' zones for which the server has other rules than this program.
///
/// # Errors
/// If the database fails, or this program does not know a clinic's zone.
pub async fn disagreements(db: &Database, now: Timestamp) -> Result<Vec<Disagreement>> {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT time_zone FROM clinics ORDER BY time_zone")
            .fetch_all(db.pool())
            .await?;
    let mut found = Vec::new();
    for name in names {
        let from = first_difference(db, &name, &known(&name)?, now).await?;
        found.extend(from.map(|from| Disagreement { zone: name, from }));
    }
    Ok(found)
}

/// Has the database go by this program's rules of a zone.
///
/// # Errors
/// If the database fails, or this program does not know the zone.
pub async fn align(db: &Database, name: &str, now: Timestamp) -> Result<()> {
    let zone = known(name)?;
    let mut offsets = Vec::new();
    if let Some(from) = first_difference(db, name, &zone, now).await? {
        tracing::info!(zone = name, %from, "the database has other rules of the zone, ours are used");
        let (begin, end) = span(now);
        offsets.push((begin, zone.to_offset(begin)));
        let later = zone.following(begin).take_while(|change| change.timestamp() < end);
        offsets.extend(later.map(|change| (change.timestamp(), change.offset())));
    }
    // One statement, so that nobody sees the zone without its offsets.
    sqlx::query(
        "WITH own AS (SELECT * FROM unnest($2::timestamptz[], $3::integer[]) AS o (since, seconds)),
              gone AS (DELETE FROM zone_offsets z WHERE z.zone = $1
                          AND NOT EXISTS (SELECT FROM own WHERE own.since = z.since))
         INSERT INTO zone_offsets (zone, since, seconds) SELECT $1, since, seconds FROM own
         ON CONFLICT (zone, since) DO UPDATE SET seconds = EXCLUDED.seconds",
    )
    .bind(name)
    .bind(offsets.iter().map(|(since, _)| since.to_sqlx()).collect::<Vec<_>>())
    .bind(offsets.iter().map(|(_, offset)| offset.seconds()).collect::<Vec<_>>())
    .execute(db.pool())
    .await?;
    Ok(())
}

fn known(name: &str) -> Result<TimeZone> {
    time_zone(name).ok_or_else(|| Error::TimeZone(name.to_owned()))
}

fn span(now: Timestamp) -> (Timestamp, Timestamp) {
    let (begin, end) = (now.saturating_sub(BEFORE), now.saturating_add(AHEAD));
    (begin.unwrap_or(now), end.unwrap_or(now))
}

async fn first_difference(
    db: &Database,
    name: &str,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let (begin, end) = span(now);
    let next = |at: &Timestamp| at.checked_add(STEP).ok().filter(|at| *at < end);
    let moments: Vec<Timestamp> = std::iter::successors(Some(begin), next).collect();
    let theirs = sqlx::query_scalar::<_, i32>(
        "SELECT extract(epoch FROM (moment AT TIME ZONE $2) - (moment AT TIME ZONE 'UTC'))::integer
           FROM unnest($1::timestamptz[]) WITH ORDINALITY AS m (moment, number) ORDER BY number",
    )
    .bind(moments.iter().map(|at| at.to_sqlx()).collect::<Vec<_>>())
    .bind(name)
    .fetch_all(db.pool())
    .await;
    let theirs = match theirs {
        Ok(theirs) => theirs,
        // It does not know the zone.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22023") => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let theirs = theirs.into_iter().map(Some).chain(std::iter::repeat(None));
    let mut pairs = moments.into_iter().zip(theirs);
    Ok(pairs.find(|(at, theirs)| *theirs != Some(zone.to_offset(*at).seconds())).map(|(at, _)| at))
}
