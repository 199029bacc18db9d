//! Vectors in a Qdrant server, over its gRPC.
//!
//! All scopes share a collection. Clinic and patient are keywords of every point, and every search
//! and deletion carries both as a filter, which the server applies while it searches.

use std::time::Duration;

use frontdesk_types::Phi;
use futures_util::FutureExt as _;
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::{
    Condition, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder, DeletePointsBuilder,
    Distance, FieldType, Filter, PointStruct, QueryPointsBuilder, ScoredPoint, UpsertPointsBuilder,
    Value, VectorParamsBuilder,
};
use qdrant_client::{Payload, Qdrant, QdrantError};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{Delete, IndexError, IndexFuture, Near, VectorIndex, Vectored};
use crate::Scope;

/// Longest until the server is connected, and until it has answered a request.
const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(10);

/// Keywords of every point.
const CLINIC: &str = "clinic";
const PATIENT: &str = "patient";
const PASSAGE: &str = "passage";

/// Where the server is.
#[derive(Debug, Clone)]
pub struct QdrantSettings {
    /// Its gRPC address, `http://127.0.0.1:6334`.
    pub url: String,
    /// The key, if it wants one.
    pub key: Option<Phi<String>>,
    /// Collection: one for each embedding model. It is made when it is not there.
    pub collection: String,
}

/// Vectors in a Qdrant server.
pub struct QdrantIndex {
    client: Qdrant,
    collection: String,
    /// Whether the collection is there.
    made: OnceCell<()>,
}

impl QdrantIndex {
    /// The index of these settings. Nothing is sent yet.
    ///
    /// # Errors
    /// If the address cannot be one, or TLS cannot be had.
    pub fn new(settings: &QdrantSettings) -> Result<Self, IndexError> {
        let mut config = qdrant_client::config::QdrantConfig::from_url(&settings.url)
            .connect_timeout(CONNECT)
            .timeout(ANSWER);
        // It would ask for the version at the start, on a thread of its own, and print.
        config.check_compatibility = false;
        if let Some(key) = &settings.key {
            config.set_api_key(key.expose());
        }
        let client = Qdrant::new(config).map_err(|error| failed(&error))?;
        Ok(Self { client, collection: settings.collection.clone(), made: OnceCell::new() })
    }

    /// Makes the collection unless it is there, also by somebody who is quicker.
    async fn make(&self, length: usize) -> Result<(), QdrantError> {
        let there = || self.client.collection_exists(&self.collection);
        if there().await? {
            return Ok(());
        }
        let vectors = VectorParamsBuilder::new(length as u64, Distance::Cosine);
        let collection = CreateCollectionBuilder::new(&self.collection).vectors_config(vectors);
        if let Err(error) = self.client.create_collection(collection).await
            && !there().await?
        {
            return Err(error);
        }
        for field in [CLINIC, PATIENT] {
            let (name, kind) = (self.collection.as_str(), FieldType::Keyword);
            let index = CreateFieldIndexCollectionBuilder::new(name, field, kind).wait(true);
            self.client.create_field_index(index).await?;
        }
        Ok(())
    }
}

impl VectorIndex for QdrantIndex {
    fn upsert(&self, scope: Scope, passages: Vec<Vectored>) -> IndexFuture<'_, ()> {
        let work = async move {
            let Some(first) = passages.first() else { return Ok(()) };
            let length = first.vector.len();
            self.made.get_or_try_init(|| self.make(length)).await?;
            let points: Vec<PointStruct> =
                passages.into_iter().map(|passage| point(scope, passage)).collect();
            let points = UpsertPointsBuilder::new(&self.collection, points).wait(true);
            self.client.upsert_points(points).await.map(|_| ())
        };
        work.map(|done| done.map_err(|error: QdrantError| failed(&error))).boxed()
    }

    fn search(&self, scope: Scope, question: Vec<f32>, limit: usize) -> IndexFuture<'_, Vec<Near>> {
        let query = QueryPointsBuilder::new(&self.collection)
            .query(question)
            .filter(filter(scope))
            .with_payload(true)
            .limit(limit as u64);
        let work = async move {
            match self.client.query(query).await {
                Ok(answer) => Ok(answer.result.iter().filter_map(near).collect()),
                Err(error) if is_missing(&error) => Ok(Vec::new()),
                Err(error) => Err(failed(&error)),
            }
        };
        work.boxed()
    }

    fn delete(&self, scope: Scope, what: Delete) -> IndexFuture<'_, ()> {
        let all = filter(scope);
        let among = |ids: Vec<Uuid>| {
            Condition::matches(PASSAGE, ids.iter().map(Uuid::to_string).collect::<Vec<_>>())
        };
        let filter = match what {
            Delete::All => all,
            Delete::Only(ids) => {
                let Filter { mut must, .. } = all;
                must.push(among(ids));
                Filter::must(must)
            }
            Delete::AllBut(ids) if ids.is_empty() => all,
            Delete::AllBut(ids) => Filter { must_not: vec![among(ids)], ..all },
        };
        let points = DeletePointsBuilder::new(&self.collection).points(filter).wait(true);
        let work = async move {
            match self.client.delete_points(points).await {
                Ok(_) => Ok(()),
                Err(error) if is_missing(&error) => Ok(()),
                Err(error) => Err(failed(&error)),
            }
        };
        work.boxed()
    }
}

/// The patient as a keyword; documents are nobody's.
fn patient(scope: Scope) -> String {
    scope.patient().map_or_else(|| "nobody".to_owned(), |patient| patient.to_string())
}

/// The points of the scope and no others.
fn filter(scope: Scope) -> Filter {
    Filter::must([
        Condition::matches(CLINIC, scope.clinic().to_string()),
        Condition::matches(PATIENT, patient(scope)),
    ])
}

fn point(scope: Scope, passage: Vectored) -> PointStruct {
    // Two scopes may have a passage of the same id: each has a point of its own.
    let digest = Sha256::new()
        .chain_update(scope.clinic().uuid())
        .chain_update(patient(scope))
        .chain_update(passage.id)
        .finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    let mut payload = Payload::new();
    payload.insert(CLINIC, scope.clinic().to_string());
    payload.insert(PATIENT, patient(scope));
    payload.insert(PASSAGE, passage.id.to_string());
    PointStruct::new(Uuid::from_bytes(id).to_string(), passage.vector, payload)
}

/// A point as a passage; one that is not ours is none.
fn near(point: &ScoredPoint) -> Option<Near> {
    let Some(Value { kind: Some(Kind::StringValue(id)) }) = point.payload.get(PASSAGE) else {
        return None;
    };
    Some(Near { id: id.parse().ok()?, similarity: point.score })
}

/// Nothing was stored yet.
fn is_missing(error: &QdrantError) -> bool {
    match error {
        QdrantError::ResponseError { status } => status.code() as i32 == NOT_FOUND,
        _ => false,
    }
}

/// gRPC's number of "not found".
const NOT_FOUND: i32 = 5;

/// What the server said, without the metadata of its answer.
fn failed(error: &QdrantError) -> IndexError {
    IndexError(match error {
        QdrantError::ResponseError { status } => {
            format!("Qdrant answers {:?}: {}", status.code(), status.message())
        }
        other => format!("Qdrant: {other}"),
    })
}
