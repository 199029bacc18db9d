//! Whether a key ring is the one that seals what lies in the database.
//!
//! Each key that seals something has its own id sealed by itself in `ring_keys`. A key of which that
//! does not open, or that is not in the ring, is looked for in all clinics: the rotation may have left
//! nothing behind, and then it may go.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypt::{KeyRing, Wrapped};
use crate::{Database, Result, TenantTx, calls, directory, patient};

/// Data keys of one clinic and one kind that are tried, by id: one may be damaged.
const TRIED: i64 = 3;

/// What is wrong with a ring; ids alone, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RingFaults {
    /// Keys that seal something here and are not in the ring.
    pub missing: Vec<String>,
    /// Keys of the ring that have the id of one that seals something here, and are another.
    pub wrong: Vec<String>,
}

impl RingFaults {
    /// Whether nothing is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.wrong.is_empty()
    }
}

/// A data key as it lies in the database, and where.
pub(crate) struct Stored {
    pub(crate) place: String,
    pub(crate) wrapped: Wrapped,
}

fn own_place(id: &str) -> String {
    format!("ring_keys.sealed:{id}")
}

/// What a comparison found.
#[derive(Default)]
struct Compared {
    faults: RingFaults,
    /// Keys of the ring that open something here.
    proven: BTreeSet<String>,
    /// Keys that were noted, do not open what was noted, and that nothing hangs on.
    over: BTreeSet<String>,
}

/// Compares the ring (`None`: there is none) with what it is to open; changes nothing.
///
/// # Errors
/// If the database fails.
pub async fn check(db: &Database, ring: Option<&KeyRing>) -> Result<RingFaults> {
    Ok(compare(db, ring).await?.faults)
}

/// The same; if nothing is wrong, the ring's newest key is noted, since it will seal what comes.
///
/// # Errors
/// If the database fails.
pub async fn accept(db: &Database, ring: Option<&KeyRing>) -> Result<RingFaults> {
    let Compared { mut faults, mut proven, over } = compare(db, ring).await?;
    if !faults.is_empty() {
        return Ok(faults);
    }
    for id in &over {
        sqlx::query("DELETE FROM ring_keys WHERE id = $1").bind(id).execute(db.pool()).await?;
    }
    if let Some(ring) = ring {
        proven.insert(ring.newest().to_owned());
        faults.wrong = note(db, ring, &proven).await?;
    }
    Ok(faults)
}

async fn compare(db: &Database, ring: Option<&KeyRing>) -> Result<Compared> {
    let known: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT id, sealed FROM ring_keys").fetch_all(db.pool()).await?;
    let is_proven = |id: &str, sealed: &[u8]| ring.is_some_and(|ring| proves(ring, id, sealed));
    let is_empty = known.is_empty();
    let doubtful = known.into_iter().filter(|(id, sealed)| !is_proven(id, sealed));
    let over: BTreeSet<String> = doubtful.map(|(id, _)| id).collect();
    let mut compared = Compared { over, ..Compared::default() };
    // Nothing is known of a database from before keys were noted, or of a new one.
    if !is_empty && compared.over.is_empty() {
        return Ok(compared);
    }
    for (id, stored) in in_use(db).await? {
        let opens =
            |ring: &KeyRing| stored.iter().any(|key| ring.unwrap(&key.place, &key.wrapped).is_ok());
        if ring.is_some_and(opens) {
            compared.proven.insert(id);
        } else if ring.is_some_and(|ring| ring.ids().contains(&id.as_str())) {
            compared.faults.wrong.push(id);
        } else {
            compared.faults.missing.push(id);
        }
    }
    Ok(compared)
}

/// Notes keys of the ring. Gives those that somebody else noted meanwhile and that are not ours.
async fn note(db: &Database, ring: &KeyRing, ids: &BTreeSet<String>) -> Result<Vec<String>> {
    let mut others = Vec::new();
    for id in ids {
        let Some(sealed) = ring.seal_with(id, &own_place(id), id.as_bytes())? else { continue };
        sqlx::query(
            "INSERT INTO ring_keys (id, sealed) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
        )
        .bind(id)
        .bind(sealed)
        .execute(db.pool())
        .await?;
        let there: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT sealed FROM ring_keys WHERE id = $1")
                .bind(id)
                .fetch_optional(db.pool())
                .await?;
        if there.is_some_and(|sealed| !proves(ring, id, &sealed)) {
            others.push(id.clone());
        }
    }
    Ok(others)
}

fn proves(ring: &KeyRing, id: &str, sealed: &[u8]) -> bool {
    ring.has_sealed(id, &own_place(id), id.as_bytes(), sealed)
}

/// Some data keys of each key of the ring that wraps any, of all clinics.
async fn in_use(db: &Database) -> Result<BTreeMap<String, Vec<Stored>>> {
    let mut all: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
    for tenant in directory::tenants(db).await? {
        let mut tx = TenantTx::begin(db, &tenant).await?;
        let mut stored = patient::some_keys(&mut tx, TRIED).await?;
        stored.extend(calls::some_keys(&mut tx, TRIED).await?);
        for key in stored {
            all.entry(key.wrapped.ring_key.clone()).or_default().push(key);
        }
    }
    Ok(all)
}
