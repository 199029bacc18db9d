//! The chain over the audit log [AUD-2]: one a clinic, each link a hash of a row and of the link
//! before. Who changes, removes, adds or reorders rows, or cuts the end off, is found by
//! [`verify`], given a head that was kept elsewhere. `worker` is a pool of `frontdesk_worker`.

use std::collections::BTreeMap;

use frontdesk_types::ClinicId;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

use crate::{Database, Result};

/// Rows that are sealed in one statement.
const BATCH: i64 = 1000;
/// Links that are verified at a time.
const PAGE: i64 = 5000;
/// How long a transaction may have drawn its place in the log before it becomes visible. Statements
/// and idle transactions end long before.
const SETTLED: SignedDuration = SignedDuration::from_mins(10);

/// The last link of a clinic's chain, to be kept outside of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the link, from 1.
    pub sequence: i64,
    /// Its hash, hexadecimal.
    pub hash: String,
}

/// The heads of all clinics' chains.
pub type Heads = BTreeMap<ClinicId, Head>;

#[derive(FromRow)]
struct Row {
    position: i64,
    clinic_id: uuid::Uuid,
    occurred_at: jiff_sqlx::Timestamp,
    principal: String,
    action: String,
    entity: String,
    entity_id: Option<uuid::Uuid>,
    fields: Vec<String>,
    reason: Option<String>,
    call_id: Option<uuid::Uuid>,
}

const COLUMNS: &str = "a.position, a.clinic_id, a.occurred_at, a.principal, a.action, a.entity,
    a.entity_id, a.fields, a.reason, a.call_id";

impl Row {
    /// The link after `previous`. The form is part of the schema: it never changes for rows that are
    /// sealed.
    fn hash(&self, previous: &[u8]) -> [u8; 32] {
        let row = json!([
            1,
            self.position,
            self.clinic_id,
            self.occurred_at.to_jiff().as_microsecond(),
            self.principal,
            self.action,
            self.entity,
            self.entity_id,
            self.fields,
            self.reason,
            self.call_id,
        ]);
        Sha256::new().chain_update(previous).chain_update(row.to_string()).finalize().into()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds the rows to the chains that are in none yet, in their order, up to a thousand; gives how many.
///
/// # Errors
/// If the database fails, or somebody else seals at the same time; then nothing was sealed.
pub async fn seal(worker: &Database, now: Timestamp) -> Result<u64> {
    let upto: i64 = sqlx::query_scalar(
        "INSERT INTO audit_sealer AS s (next_at) VALUES ($1)
         ON CONFLICT (one) DO UPDATE SET one = true RETURNING sealed_upto",
    )
    .bind(now.to_sqlx())
    .fetch_one(worker.pool())
    .await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_log a
          WHERE a.position > $1 AND NOT EXISTS (SELECT FROM audit_seals s
                WHERE s.clinic_id = a.clinic_id AND s.audit_position = a.position)
          ORDER BY a.position LIMIT $2"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(upto)
        .bind(BATCH)
        .fetch_all(worker.pool())
        .await?;
    let mut heads = links(worker, &rows).await?;
    let count = rows.len();
    let (mut clinics, mut sequences, mut positions, mut before, mut hashes) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let (sequence, hash) = heads.entry(row.clinic_id).or_insert_with(|| (0, vec![0; 32]));
        let next = row.hash(hash).to_vec();
        *sequence += 1;
        clinics.push(row.clinic_id);
        sequences.push(*sequence);
        positions.push(row.position);
        before.push(std::mem::replace(hash, next.clone()));
        hashes.push(next);
    }
    if count > 0 {
        sqlx::query(
            "INSERT INTO audit_seals (clinic_id, sequence, audit_position, previous_hash, hash,
                                      sealed_at)
             SELECT c, s, p, b, h, $6 FROM unnest($1::uuid[], $2::bigint[], $3::bigint[],
                    $4::bytea[], $5::bytea[]) AS n (c, s, p, b, h)",
        )
        .bind(clinics)
        .bind(sequences)
        .bind(positions)
        .bind(before)
        .bind(hashes)
        .bind(now.to_sqlx())
        .execute(worker.pool())
        .await?;
    }
    if i64::try_from(count).unwrap_or(BATCH) < BATCH {
        advance(worker, now).await?;
    }
    Ok(count as u64)
}

/// The last link of each clinic that has rows to seal.
async fn links(worker: &Database, rows: &[Row]) -> Result<BTreeMap<uuid::Uuid, (i64, Vec<u8>)>> {
    let mut clinics: Vec<_> = rows.iter().map(|row| row.clinic_id).collect();
    clinics.sort_unstable();
    clinics.dedup();
    let heads: Vec<(uuid::Uuid, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT c.id, s.sequence, s.hash FROM unnest($1::uuid[]) AS c (id)
         CROSS JOIN LATERAL (SELECT sequence, hash FROM audit_seals
              WHERE clinic_id = c.id ORDER BY sequence DESC LIMIT 1) s",
    )
    .bind(clinics)
    .fetch_all(worker.pool())
    .await?;
    Ok(heads.into_iter().map(|(clinic, sequence, hash)| (clinic, (sequence, hash))).collect())
}

/// Everything up to the newest row of ten minutes ago is sealed: later looks begin there.
async fn advance(worker: &Database, now: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE audit_sealer SET sealed_upto = next_upto, next_at = $2,
                next_upto = greatest(next_upto, coalesce((SELECT max(position) FROM audit_log), 0))
          WHERE next_at <= $1",
    )
    .bind(now.to_sqlx())
    .bind(now.saturating_add(SETTLED).unwrap_or(now).to_sqlx())
    .execute(worker.pool())
    .await?;
    Ok(())
}

/// The heads of all chains, to be kept outside of the database.
///
/// # Errors
/// If the database fails.
pub async fn heads(worker: &Database) -> Result<Heads> {
    let rows: Vec<(uuid::Uuid, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT c.id, s.sequence, s.hash FROM clinics c
         CROSS JOIN LATERAL (SELECT sequence, hash FROM audit_seals
              WHERE clinic_id = c.id ORDER BY sequence DESC LIMIT 1) s",
    )
    .fetch_all(worker.pool())
    .await?;
    let head = |(id, sequence, hash): (_, _, Vec<u8>)| {
        (ClinicId::from_uuid(id), Head { sequence, hash: hex(&hash) })
    };
    Ok(rows.into_iter().map(head).collect())
}

/// What is wrong with a clinic's chain. Numbers are those of links, positions those of the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A row that was sealed is gone.
    #[error("link {sequence}: the row at {position} is gone")]
    Removed {
        /// Link.
        sequence: i64,
        /// Where the row was.
        position: i64,
    },
    /// A row, or the link itself, is not what was sealed.
    #[error("link {sequence}: the row at {position} was changed after it was sealed")]
    Changed {
        /// Link.
        sequence: i64,
        /// Where the row is.
        position: i64,
    },
    /// Links are missing, or follow others than those they were made after.
    #[error("link {sequence} does not follow the one before it")]
    Order {
        /// Link.
        sequence: i64,
    },
    /// The chain ends before the head that was kept, or is another one there.
    #[error("the chain does not contain the head that was kept: link {sequence}")]
    Head {
        /// Link of the head.
        sequence: i64,
    },
    /// Rows that should have been sealed long ago are in no chain: they were written later than they
    /// say, or their links were cut off.
    #[error("{count} rows are in no chain, the first at {position}")]
    Unsealed {
        /// How many.
        count: i64,
        /// The first of them.
        position: i64,
    },
}

/// A clinic's chain, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The clinic.
    pub clinic: ClinicId,
    /// Links that were read.
    pub links: u64,
    /// Rows that are not sealed yet, and need not be.
    pub waiting: i64,
    /// What is wrong, by link; the first hundred.
    pub faults: Vec<Fault>,
}

/// Verifies the chains of all clinics. `kept` are heads from outside of the database.
///
/// # Errors
/// If the database fails.
pub async fn verify(worker: &Database, kept: &Heads) -> Result<Vec<Verified>> {
    let mut clinics: Vec<ClinicId> = sqlx::query_scalar("SELECT id FROM clinics ORDER BY id")
        .fetch_all(worker.pool())
        .await?
        .into_iter()
        .map(ClinicId::from_uuid)
        .collect();
    clinics.extend(kept.keys().filter(|id| !clinics.contains(id)).copied().collect::<Vec<_>>());
    let mut verified = Vec::new();
    for clinic in clinics {
        verified.push(chain(worker, clinic, kept.get(&clinic)).await?);
    }
    Ok(verified)
}

#[derive(FromRow)]
struct Link {
    sequence: i64,
    audit_position: i64,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
}

async fn chain(worker: &Database, clinic: ClinicId, kept: Option<&Head>) -> Result<Verified> {
    let mut verified = Verified { clinic, links: 0, waiting: 0, faults: Vec::new() };
    let (mut sequence, mut hash) = (0, vec![0; 32]);
    let mut head = kept.is_none();
    loop {
        let links: Vec<Link> = sqlx::query_as(
            "SELECT sequence, audit_position, previous_hash, hash FROM audit_seals
              WHERE clinic_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
        )
        .bind(clinic.uuid())
        .bind(sequence)
        .bind(PAGE)
        .fetch_all(worker.pool())
        .await?;
        let Some(last) = links.last().map(|link| link.sequence) else { break };
        let sql = format!(
            "SELECT {COLUMNS} FROM audit_log a WHERE a.clinic_id = $1 AND a.position = ANY ($2)"
        );
        let positions: Vec<i64> = links.iter().map(|link| link.audit_position).collect();
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(clinic.uuid())
            .bind(positions)
            .fetch_all(worker.pool())
            .await?;
        let rows: BTreeMap<i64, Row> = rows.into_iter().map(|row| (row.position, row)).collect();
        for link in links {
            verified.links += 1;
            let mut fault = |fault| {
                if verified.faults.len() < 100 {
                    verified.faults.push(fault);
                }
            };
            if link.sequence != sequence + 1 || link.previous_hash != hash {
                fault(Fault::Order { sequence: link.sequence });
            }
            let position = link.audit_position;
            match rows.get(&position) {
                None => fault(Fault::Removed { sequence: link.sequence, position }),
                Some(row) if row.hash(&link.previous_hash).as_slice() != link.hash => {
                    fault(Fault::Changed { sequence: link.sequence, position });
                }
                Some(_) => {}
            }
            if let Some(kept) = kept.filter(|kept| kept.sequence == link.sequence) {
                head = kept.hash == hex(&link.hash);
            }
            (sequence, hash) = (link.sequence, link.hash);
        }
        debug_assert_eq!(sequence, last, "AUD-2");
    }
    if let Some(kept) = kept.filter(|_| !head) {
        verified.faults.push(Fault::Head { sequence: kept.sequence });
    }
    let (late, first, waiting): (i64, Option<i64>, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE a.position <= u.upto),
                min(a.position) FILTER (WHERE a.position <= u.upto),
                count(*) FILTER (WHERE a.position > u.upto)
           FROM audit_log a, (SELECT coalesce(max(sealed_upto), 0) AS upto FROM audit_sealer) u
          WHERE a.clinic_id = $1 AND NOT EXISTS (SELECT FROM audit_seals s
                WHERE s.clinic_id = a.clinic_id AND s.audit_position = a.position)",
    )
    .bind(clinic.uuid())
    .fetch_one(worker.pool())
    .await?;
    if let (Some(position), true) = (first, late > 0) {
        verified.faults.push(Fault::Unsealed { count: late, position });
    }
    verified.waiting = waiting;
    Ok(verified)
}
