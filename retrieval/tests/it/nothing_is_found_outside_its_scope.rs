//! Whatever is stored where: a search, and a deletion, sees its own scope alone.

use frontdesk_retrieval::Scope;
use frontdesk_retrieval::index::{Delete, ExactIndex, VectorIndex, Vectored};
use frontdesk_types::{ClinicId, PatientId};
use futures_util::FutureExt;
use proptest::prelude::*;
use uuid::Uuid;

fn scopes() -> Vec<Scope> {
    let clinic = |n| ClinicId::from_uuid(Uuid::from_u128(n));
    let patient = |n| PatientId::from_uuid(Uuid::from_u128(n));
    let mut all = Vec::new();
    for n in 1..=2 {
        all.push(Scope::documents(clinic(n)));
        // The same patients in both clinics, one of them with the number of a clinic.
        all.extend([1, 7].map(|p| Scope::record(clinic(n), patient(p))));
    }
    all
}

/// What an index gives at once.
fn now<T>(work: frontdesk_retrieval::index::IndexFuture<'_, T>) -> T {
    work.now_or_never().expect("it waits for nothing").expect("it does not fail")
}

proptest! {
    #[test]
    fn a_search_sees_what_was_stored_in_its_scope_and_nothing_else(
        stored in prop::collection::vec((0..6_usize, 0..5_u128, [-1.0..1.0_f32, -1.0..1.0_f32]), 0..40),
        deleted in 0..6_usize,
        question in [-1.0..1.0_f32, -1.0..1.0_f32],
    ) {
        let (index, scopes) = (ExactIndex::new(), scopes());
        for (scope, id, vector) in &stored {
            let passage = Vectored { id: Uuid::from_u128(*id), vector: vector.to_vec() };
            now(index.upsert(scopes[*scope], vec![passage]));
        }
        now(index.delete(scopes[deleted], Delete::All));
        for (place, scope) in scopes.iter().enumerate() {
            let found = now(index.search(*scope, question.to_vec(), 100));
            for near in &found {
                let own = stored.iter().any(|(scope, id, _)| {
                    *scope == place && place != deleted && Uuid::from_u128(*id) == near.id
                });
                prop_assert!(own, "{near:?} in {scope:?}");
            }
            prop_assert!(found.is_sorted_by(|a, b| a.similarity >= b.similarity));
        }
    }
}

#[test]
fn the_nearest_come_first_and_vectors_of_another_length_not_at_all() {
    let (index, scope) = (ExactIndex::new(), scopes()[0]);
    let passage = |id, vector| Vectored { id: Uuid::from_u128(id), vector };
    let passages = vec![
        passage(1, vec![0.0, 3.0]),
        passage(2, vec![5.0, 5.0]),
        passage(3, vec![1.0]),
        passage(4, vec![0.0, 0.0]),
    ];
    now(index.upsert(scope, passages));
    let found = now(index.search(scope, vec![0.0, 9.0], 5));
    let ids: Vec<u128> = found.iter().map(|near| near.id.as_u128()).collect();
    assert_eq!(ids, [1, 2]);
    assert!((found[0].similarity - 1.0).abs() < 1e-6);
    assert!((found[1].similarity - std::f32::consts::FRAC_1_SQRT_2).abs() < 1e-6);
    assert_eq!(now(index.search(scope, vec![0.0, 9.0], 1)).len(), 1);
    now(index.delete(scope, Delete::AllBut(vec![Uuid::from_u128(2)])));
    assert_eq!(now(index.search(scope, vec![0.0, 9.0], 5)).len(), 1);
}
