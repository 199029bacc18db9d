//! Jobs of all runtimes of a database: who runs one now, when it is due, how the last runs ended.
//!
//! What a job does lies with its subject; when it is run, with the actors. A lease runs out by the
//! clock of whoever asks, so a job must do no harm if two run it for a moment.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::FromRow;

use crate::{Database, Result};

/// A job as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    /// Name.
    pub name: String,
    /// The runtime that runs it now, and until when its lease is.
    pub running: Option<(String, Timestamp)>,
    /// When the next run may begin.
    pub due_at: Timestamp,
    /// When the last run that ended well ended.
    pub succeeded_at: Option<Timestamp>,
    /// When the last run ended.
    pub finished_at: Option<Timestamp>,
    /// Runs that ended.
    pub runs: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Runs that failed since the last one that ended well.
    pub failed_in_row: u32,
    /// What the last run that ended well did, in the job's own unit.
    pub done: Option<u64>,
    /// Why the last run failed, if it did. No personal data.
    pub error: Option<String>,
}

#[derive(FromRow)]
struct Row {
    name: String,
    runner: Option<String>,
    lease_until: Option<jiff_sqlx::Timestamp>,
    due_at: jiff_sqlx::Timestamp,
    succeeded_at: Option<jiff_sqlx::Timestamp>,
    finished_at: Option<jiff_sqlx::Timestamp>,
    runs: i64,
    failures: i64,
    failed_in_row: i32,
    done: Option<i64>,
    error: Option<String>,
}

impl From<Row> for JobState {
    fn from(row: Row) -> Self {
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        Self {
            name: row.name,
            running: row.runner.zip(row.lease_until.map(jiff_sqlx::Timestamp::to_jiff)),
            due_at: row.due_at.to_jiff(),
            succeeded_at: row.succeeded_at.map(jiff_sqlx::Timestamp::to_jiff),
            finished_at: row.finished_at.map(jiff_sqlx::Timestamp::to_jiff),
            runs: count(row.runs),
            failures: count(row.failures),
            failed_in_row: u32::try_from(row.failed_in_row).unwrap_or(0),
            done: row.done.map(count),
            error: row.error,
        }
    }
}

/// All jobs that were ever due in this database, by name.
///
/// # Errors
/// If the database fails.
pub async fn list(db: &Database) -> Result<Vec<JobState>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT name, runner, lease_until, due_at, succeeded_at, finished_at, runs, failures,
                failed_in_row, done, error FROM jobs ORDER BY name",
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(JobState::from).collect())
}

/// Makes a row for each of these that has none; due now.
///
/// # Errors
/// If the database fails.
pub async fn enrol(db: &Database, names: &[&str], now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO jobs (name, due_at) SELECT n, $2 FROM unnest($1::text[]) n
         ON CONFLICT DO NOTHING",
    )
    .bind(names)
    .bind(now.to_sqlx())
    .execute(db.pool())
    .await?;
    Ok(())
}

/// When a lease is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// If the job is due.
    Due,
    /// Now: somebody asked for it.
    Now,
}

/// Takes the lease on a job until `until`; false if it is not due or somebody else has it.
///
/// # Errors
/// If the database fails.
pub async fn lease(
    db: &Database,
    name: &str,
    runner: &str,
    when: When,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE jobs SET runner = $2, lease_until = $3, started_at = $4
          WHERE name = $1 AND (due_at <= $4 OR $5)
            AND (runner IS NULL OR runner = $2 OR lease_until <= $4)",
    )
    .bind(name)
    .bind(runner)
    .bind(until.to_sqlx())
    .bind(now.to_sqlx())
    .bind(when == When::Now)
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Renews it; false if it ran out and somebody else has it, or the run was taken to be over.
///
/// # Errors
/// If the database fails.
pub async fn renew(db: &Database, name: &str, runner: &str, until: Timestamp) -> Result<bool> {
    let done = sqlx::query("UPDATE jobs SET lease_until = $3 WHERE name = $1 AND runner = $2")
        .bind(name)
        .bind(runner)
        .bind(until.to_sqlx())
        .execute(db.pool())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes down how a run ended, gives the lease back and says when the job is due again. False if
/// somebody else has the lease by now; then theirs counts.
///
/// # Errors
/// If the database fails.
pub async fn finish(
    db: &Database,
    name: &str,
    runner: &str,
    ended: &std::result::Result<u64, String>,
    due: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let count = ended.as_ref().ok().map(|n| i64::try_from(*n).unwrap_or(i64::MAX));
    let written = sqlx::query(
        "UPDATE jobs
            SET runner = NULL, lease_until = NULL, finished_at = $3, due_at = $4, error = $6,
                runs = runs + 1,
                failures = failures + CASE WHEN $6 IS NULL THEN 0 ELSE 1 END,
                failed_in_row = CASE WHEN $6 IS NULL THEN 0 ELSE failed_in_row + 1 END,
                succeeded_at = CASE WHEN $6 IS NULL THEN $3 ELSE succeeded_at END,
                done = coalesce($5, done)
          WHERE name = $1 AND runner = $2",
    )
    .bind(name)
    .bind(runner)
    .bind(now.to_sqlx())
    .bind(due.to_sqlx())
    .bind(count)
    .bind(ended.as_ref().err())
    .execute(db.pool())
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Gives all leases of a runtime back, which ends.
///
/// # Errors
/// If the database fails.
pub async fn release(db: &Database, runner: &str) -> Result<()> {
    sqlx::query("UPDATE jobs SET runner = NULL, lease_until = NULL WHERE runner = $1")
        .bind(runner)
        .execute(db.pool())
        .await?;
    Ok(())
}
