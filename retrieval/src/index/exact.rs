//! Exact search in this process: every passage of the scope is compared.

use std::collections::{BTreeMap, HashMap};

use futures_util::FutureExt as _;
use futures_util::future::ready;
use parking_lot::RwLock;
use uuid::Uuid;

use super::{Delete, IndexFuture, Near, VectorIndex, Vectored};
use crate::Scope;

/// Passages of one scope: vectors of length one, by id.
type Passages = BTreeMap<Uuid, Vec<f32>>;

/// Vectors in memory, by scope: a search looks at those of its scope and at no other. Right and
/// fast up to some ten thousand passages a clinic.
#[derive(Debug, Default)]
pub struct ExactIndex {
    scopes: RwLock<HashMap<Scope, Passages>>,
}

impl ExactIndex {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Which of these passages of the scope are not there.
    pub(crate) fn missing(&self, scope: Scope, ids: &[Uuid]) -> Vec<Uuid> {
        let scopes = self.scopes.read();
        let known = scopes.get(&scope);
        let is_missing = |id: &&Uuid| known.is_none_or(|known| !known.contains_key(id));
        ids.iter().filter(is_missing).copied().collect()
    }
}

/// The same direction with length one; `None` for a vector without a direction.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = dot(&vector, &vector).sqrt();
    if !length.is_normal() {
        return None;
    }
    for part in &mut vector {
        *part /= length;
    }
    Some(vector)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl VectorIndex for ExactIndex {
    fn upsert(&self, scope: Scope, passages: Vec<Vectored>) -> IndexFuture<'_, ()> {
        let usable = passages.into_iter().filter_map(|p| Some((p.id, unit(p.vector)?)));
        self.scopes.write().entry(scope).or_default().extend(usable);
        ready(Ok(())).boxed()
    }

    fn search(&self, scope: Scope, question: Vec<f32>, limit: usize) -> IndexFuture<'_, Vec<Near>> {
        let mut near: Vec<Near> = Vec::new();
        if let Some(question) = unit(question)
            && let Some(passages) = self.scopes.read().get(&scope)
        {
            let same = passages.iter().filter(|(_, vector)| vector.len() == question.len());
            near.extend(same.map(|(&id, vector)| Near { id, similarity: dot(vector, &question) }));
        }
        near.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        near.truncate(limit);
        ready(Ok(near)).boxed()
    }

    fn delete(&self, scope: Scope, what: Delete) -> IndexFuture<'_, ()> {
        let mut scopes = self.scopes.write();
        if let Some(passages) = scopes.get_mut(&scope) {
            match what {
                Delete::All => passages.clear(),
                Delete::Only(ids) => passages.retain(|id, _| !ids.contains(id)),
                Delete::AllBut(ids) => passages.retain(|id, _| ids.contains(id)),
            }
            if passages.is_empty() {
                scopes.remove(&scope);
            }
        }
        ready(Ok(())).boxed()
    }
}
