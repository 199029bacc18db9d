//! Qdrant behind the same trait, asked over its own protocol: the scope is a filter of every query,
//! and trouble is told.

use frontdesk_retrieval::Scope;
use frontdesk_retrieval::index::qdrant::{QdrantIndex, QdrantSettings};
use frontdesk_retrieval::index::{Delete, VectorIndex, Vectored};
use frontdesk_types::{ClinicId, PatientId, Phi};
use uuid::Uuid;

use crate::server::{Manner, Server};

fn index(url: &str) -> QdrantIndex {
    let settings = QdrantSettings {
        url: url.to_owned(),
        key: Some(Phi::new("sesame".to_owned())),
        collection: "frontdesk-small".to_owned(),
    };
    QdrantIndex::new(&settings).expect("an index")
}

fn passage(id: u128, vector: [f32; 2]) -> Vectored {
    Vectored { id: Uuid::from_u128(id), vector: vector.to_vec() }
}

#[tokio::test]
async fn each_scope_finds_its_own_passages_by_a_filter_in_the_query() {
    let (server, url, _serving) = Server::start().await;
    let index = index(&url);
    let clinic = |n| ClinicId::from_uuid(Uuid::from_u128(n));
    let patient = PatientId::from_uuid(Uuid::from_u128(9));
    let scopes = [
        Scope::documents(clinic(1)),
        Scope::documents(clinic(2)),
        Scope::record(clinic(1), patient),
        Scope::record(clinic(2), patient),
    ];
    let question = vec![1.0, 0.0];
    let find = async |scope: Scope, limit| {
        let found = index.search(scope, question.clone(), limit).await.expect("answers");
        found.iter().map(|near| near.id.as_u128()).collect::<Vec<_>>()
    };
    assert!(find(scopes[0], 9).await.is_empty(), "there is no collection yet");
    index.delete(scopes[0], Delete::All).await.expect("nothing to delete is no error");
    for (n, scope) in (0..).zip(scopes) {
        // The same id in every scope, and one of its own.
        let passages = vec![passage(1, [0.0, 1.0]), passage(10 + n, [1.0, 0.1])];
        index.upsert(scope, passages).await.expect("stored");
    }
    for (n, scope) in (0..).zip(scopes) {
        assert_eq!(find(scope, 9).await, [10 + n, 1]);
        assert_eq!(find(scope, 1).await, [10 + n]);
    }
    index.upsert(scopes[0], vec![passage(1, [1.0, 0.0])]).await.expect("replaced");
    assert_eq!(find(scopes[0], 9).await, [1, 10]);
    index.delete(scopes[0], Delete::Only(vec![Uuid::from_u128(1)])).await.expect("deleted");
    assert_eq!(find(scopes[0], 9).await, [10]);
    let kept = Delete::AllBut(vec![Uuid::from_u128(1)]);
    index.delete(scopes[1], kept).await.expect("deleted");
    assert_eq!(find(scopes[1], 9).await, [1]);
    index.delete(scopes[2], Delete::AllBut(Vec::new())).await.expect("deleted");
    index.delete(scopes[3], Delete::All).await.expect("deleted");
    assert!(find(scopes[2], 9).await.is_empty() && find(scopes[3], 9).await.is_empty());
    assert_eq!(find(scopes[0], 9).await, [10], "no other scope was touched");

    let state = server.0.lock();
    assert!(state.filters.len() > 15);
    for filter in &state.filters {
        let text = format!("{:?}", filter.must);
        assert!(text.contains("clinic") && text.contains("patient"), "{text}");
    }
    assert!(state.keys.iter().all(|key| key == "sesame") && !state.keys.is_empty());
}

#[tokio::test]
async fn a_server_that_refuses_or_is_gone_is_told_without_the_key() {
    let (server, url, mut serving) = Server::start().await;
    let scope = Scope::documents(ClinicId::from_uuid(Uuid::from_u128(1)));
    let known = index(&url);
    server.0.lock().manner = Manner::Refuses;
    let refused = known.search(scope, vec![1.0], 1).await.expect_err("refused").to_string();
    assert!(refused.contains("too much to do"), "{refused}");
    assert!(known.upsert(scope, vec![passage(1, [1.0, 0.0])]).await.is_err());
    server.0.lock().manner = Manner::Works;
    known.upsert(scope, vec![passage(1, [1.0, 0.0])]).await.expect("tried again");
    serving.shutdown().await;
    let another = index(&url);
    let gone = another.search(scope, vec![1.0], 1).await.expect_err("gone").to_string();
    assert!(!gone.contains("sesame"), "{gone}");
}
