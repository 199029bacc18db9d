//! A clinic's documents: what callers may be told, found by full text. A document of its own is one
//! row; of a file, each passage is one.
//!
//! Rows of files never change: a file of other content is other rows, with other ids. So whoever
//! keeps something for a row's id (a vector) keeps it for its text.

use frontdesk_types::IdSource;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Database, Result, Tenant, TenantTx};

/// A document, or a passage of one, that was found.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Found {
    /// Its id.
    pub id: Uuid,
    /// Its number within the clinic; none if it is of a file.
    pub number: Option<i32>,
    /// Its title, if it has one; of a file, always.
    pub title: Option<String>,
    /// Its text.
    pub body: String,
    /// Places of the keywords that it has, from 1.
    pub matched: Vec<i32>,
    /// Keywords that were asked for and mean something.
    pub asked: i32,
}

/// The clinic's passages that have words of the question, best first, at most `limit`; after them
/// those of `near`, whatever words they have. Each keyword is a word together with those that mean
/// the same, separated by spaces. One round trip; the clinic is part of the query.
///
/// # Errors
/// If the database fails.
pub async fn search(
    db: &Database,
    tenant: &Tenant,
    keywords: &[String],
    near: &[Uuid],
    limit: i32,
) -> Result<Vec<Found>> {
    Ok(sqlx::query_as(
        "SELECT id, number, title, body, matched, asked FROM search_documents($1, $2, $3, $4)",
    )
    .bind(tenant.clinic().uuid())
    .bind(keywords)
    .bind(near)
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
                regexp_split_to_table(lower(coalesce(d.title, '') || ' '
                    || coalesce(d.heading, '') || ' ' || d.body), '[^a-z]+') word
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

/// A file as it is to be answered from.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its name in the clinic's folder.
    pub source: &'a str,
    /// Its name as it is cited.
    pub title: &'a str,
    /// Tells it from one of other content.
    pub digest: &'a [u8],
    /// Heading and text of each passage, in their order.
    pub passages: &'a [(Option<&'a str>, &'a str)],
}

/// Puts a file in the place of what was there under its name; gives whether that changes anything.
///
/// # Errors
/// If a text is empty or longer than 4000 characters, or the database fails.
pub async fn put(tx: &mut TenantTx, file: &File<'_>, ids: &dyn IdSource) -> Result<bool> {
    let clinic = tx.tenant().clinic().uuid();
    // Two processes that read the same folder put one after the other.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1::text || '/' || $2, 20))")
        .bind(clinic)
        .bind(file.source)
        .execute(tx.conn())
        .await?;
    let same: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM documents
                         WHERE clinic_id = $1 AND source = $2 AND digest = $3)",
    )
    .bind(clinic)
    .bind(file.source)
    .bind(file.digest)
    .fetch_one(tx.conn())
    .await?;
    if same {
        return Ok(false);
    }
    remove(tx, file.source).await?;
    let new: Vec<Uuid> = file.passages.iter().map(|_| ids.uuid()).collect();
    let (headings, bodies): (Vec<Option<&str>>, Vec<&str>) = file.passages.iter().copied().unzip();
    sqlx::query(
        "INSERT INTO documents (clinic_id, id, source, digest, title, part, heading, body)
         SELECT $1, p.id, $2, $3, $4, p.part - 1, p.heading, p.body
           FROM unnest($5::uuid[], $6::text[], $7::text[])
                WITH ORDINALITY p (id, heading, body, part)",
    )
    .bind(clinic)
    .bind(file.source)
    .bind(file.digest)
    .bind(file.title)
    .bind(new)
    .bind(headings)
    .bind(bodies)
    .execute(tx.conn())
    .await?;
    Ok(true)
}

/// Removes what is there of a file; gives whether there was anything.
///
/// # Errors
/// If the database fails.
pub async fn remove(tx: &mut TenantTx, source: &str) -> Result<bool> {
    let removed = sqlx::query("DELETE FROM documents WHERE clinic_id = $1 AND source = $2")
        .bind(tx.tenant().clinic().uuid())
        .bind(source)
        .execute(tx.conn())
        .await?;
    Ok(removed.rows_affected() > 0)
}

/// The files that the clinic's documents are from.
///
/// # Errors
/// If the database fails.
pub async fn sources(tx: &mut TenantTx) -> Result<Vec<String>> {
    let clinic = tx.tenant().clinic();
    Ok(sqlx::query_scalar(
        "SELECT DISTINCT source FROM documents
          WHERE clinic_id = $1 AND source IS NOT NULL ORDER BY source",
    )
    .bind(clinic.uuid())
    .fetch_all(tx.conn())
    .await?)
}

/// All passages of the clinic's documents with what they are about: title, heading and text.
///
/// # Errors
/// If the database fails.
pub async fn passages(tx: &mut TenantTx) -> Result<Vec<(Uuid, String)>> {
    let clinic = tx.tenant().clinic();
    Ok(sqlx::query_as(
        "SELECT id, concat_ws('. ', title, heading, body) FROM documents
          WHERE clinic_id = $1 AND active ORDER BY number, source, part",
    )
    .bind(clinic.uuid())
    .fetch_all(tx.conn())
    .await?)
}
