//! A clinic's short documents: what callers may be told, found by full text.

use frontdesk_types::IdSource;
use sqlx::FromRow;

use crate::{Database, Result, Tenant, TenantTx};

/// A document that was found.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Found {
    /// Its number within the clinic.
    pub number: i32,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Its text.
    pub body: String,
    /// Keywords that it has.
    pub matched: i32,
    /// Keywords that were asked for and mean something.
    pub asked: i32,
}

/// The documents that have words of the question, best first; at most `limit`. Each keyword is a
/// word together with those that mean the same, separated by spaces. One round trip.
///
/// # Errors
/// If the database fails.
pub async fn search(
    db: &Database,
    tenant: &Tenant,
    keywords: &[String],
    limit: i32,
) -> Result<Vec<Found>> {
    Ok(sqlx::query_as(
        "SELECT number, title, body, matched, asked FROM search_documents($1, $2, $3)",
    )
    .bind(tenant.clinic().uuid())
    .bind(keywords)
    .bind(limit)
    .fetch_all(db.pool())
    .await?)
}

/// The words of the clinic's documents, each once: what its callers may ask about.
///
/// # Errors
/// If the database fails.
pub async fn vocabulary(tx: &mut TenantTx) -> Result<Vec<String>> {
    let clinic = tx.tenant().clinic();
    Ok(sqlx::query_scalar(
        "SELECT DISTINCT word
           FROM documents d,
                regexp_split_to_table(lower(coalesce(d.title, '') || ' ' || d.body), '[^a-z]+') word
          WHERE d.clinic_id = $1 AND d.active AND length(word) BETWEEN 3 AND 20
          ORDER BY word LIMIT 2000",
    )
    .bind(clinic.uuid())
    .fetch_all(tx.conn())
    .await?)
}

/// Adds a document; one of that number that is there already stays as it is.
///
/// # Errors
/// If its text is empty or longer than 4000 characters, or the database fails.
pub async fn add(
    tx: &mut TenantTx,
    number: i32,
    title: Option<&str>,
    body: &str,
    ids: &dyn IdSource,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO documents (clinic_id, id, number, title, body) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (clinic_id, number) DO NOTHING",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(ids.uuid())
    .bind(number)
    .bind(title)
    .bind(body)
    .execute(tx.conn())
    .await?;
    Ok(())
}
