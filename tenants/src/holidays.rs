//! Public holidays as a clinic keeps them. Slots of a day that is closed are not offered [SLOT-6].

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use serde::Deserialize;
use sqlx::FromRow;

use crate::{By, Error, Result, TenantTx};

const BY_COUNTRY: &str = include_str!("../demo/holidays.yaml");

/// A holiday on one day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The day, in the clinic's zone.
    pub day: Date,
    /// By which the languages know it, such as `christmas`; none for one of the clinic's own.
    pub holiday: Option<String>,
    /// Name as spoken where no language knows it.
    pub name: String,
    /// Whether the clinic is closed.
    pub closed: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ByCountry {
    source: String,
    countries: BTreeMap<String, Vec<Holiday>>,
}

#[derive(FromRow)]
struct Row {
    day: jiff_sqlx::Date,
    holiday: Option<String>,
    name: String,
    closed: bool,
}

/// The clinic's holidays by day, past ones too.
///
/// # Errors
/// If the database fails.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Holiday>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT day, holiday, name, closed FROM clinic_holidays WHERE clinic_id = $1
          ORDER BY day, name",
    )
    .bind(tx.tenant().clinic().uuid())
    .fetch_all(tx.conn())
    .await?;
    let holiday = |row: Row| Holiday {
        day: row.day.to_jiff(),
        holiday: row.holiday,
        name: row.name,
        closed: row.closed,
    };
    Ok(rows.into_iter().map(holiday).collect())
}

/// Adds a holiday, or changes the one of that day and name; `source` says where the date is from.
/// Appointments that are there stay: an absence of the clinic withdraws them.
///
/// # Errors
/// If the database fails.
pub async fn set(
    tx: &mut TenantTx,
    holiday: &Holiday,
    source: &str,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    put(tx, holiday, source).await?;
    record(tx, by, now).await
}

async fn put(tx: &mut TenantTx, holiday: &Holiday, source: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO clinic_holidays AS h (clinic_id, day, name, holiday, closed, source)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (clinic_id, day, name) DO UPDATE
            SET holiday = excluded.holiday, closed = excluded.closed, source = excluded.source,
                row_version = h.row_version + 1",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(holiday.day.to_sqlx())
    .bind(&holiday.name)
    .bind(&holiday.holiday)
    .bind(holiday.closed)
    .bind(source)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives a clinic that has no holiday at all those of its country, as far as they are known.
///
/// # Errors
/// If the table of countries does not parse, or the database fails.
pub async fn seed(tx: &mut TenantTx, country: &str, by: &By, now: Timestamp) -> Result<()> {
    let known: ByCountry =
        serde_saphyr::from_str(BY_COUNTRY).map_err(|error| Error::Invalid(error.to_string()))?;
    if !list(tx).await?.is_empty() {
        return Ok(());
    }
    let Some(holidays) = known.countries.get(country) else { return Ok(()) };
    for holiday in holidays {
        put(tx, holiday, &known.source).await?;
    }
    record(tx, by, now).await
}

async fn record(tx: &mut TenantTx, by: &By, now: Timestamp) -> Result<()> {
    sqlx::query(
        "SELECT record_change($1, $2, $3, NULL, false, 'clinic.updated', 'clinic', $1,
                              ARRAY['holidays'], '{}')",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(by.principal.to_string())
    .execute(tx.conn())
    .await?;
    Ok(())
}
