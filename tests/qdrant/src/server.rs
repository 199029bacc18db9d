//! A server of our own that speaks Qdrant's gRPC, as far as it is asked here: points in memory,
//! filters as it documents them, and its errors.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use qdrant_client::qdrant::collections_server::{Collections, CollectionsServer};
use qdrant_client::qdrant::condition::ConditionOneOf;
use qdrant_client::qdrant::r#match::MatchValue;
use qdrant_client::qdrant::points_selector::PointsSelectorOneOf;
use qdrant_client::qdrant::points_server::{Points, PointsServer};
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::{self as q, Filter, PointStruct, ScoredPoint};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};

/// What the server does with what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Manner {
    #[default]
    Works,
    Refuses,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) manner: Manner,
    /// Points by collection and id.
    pub(crate) collections: HashMap<String, BTreeMap<String, PointStruct>>,
    /// Filters of all searches and deletions.
    pub(crate) filters: Vec<Filter>,
    pub(crate) keys: Vec<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Server(pub(crate) Arc<Mutex<State>>);

impl Server {
    pub(crate) async fn start() -> (Self, String, JoinSet<()>) {
        let server = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let (points, collections) =
            (PointsServer::new(server.clone()), CollectionsServer::new(server.clone()));
        let router =
            tonic::transport::Server::builder().add_service(points).add_service(collections);
        let mut serving = JoinSet::new();
        serving.spawn(async move { router.serve_with_incoming(incoming).await.expect("serves") });
        (server, url, serving)
    }

    /// Whether it works at all.
    fn admit<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let mut state = self.0.lock();
        if let Some(key) = request.metadata().get("api-key") {
            state.keys.push(key.to_str().expect("text").to_owned());
        }
        match state.manner {
            Manner::Works => Ok(()),
            Manner::Refuses => Err(Status::unavailable("too much to do")),
        }
    }
}

fn fits(filter: &Filter, point: &PointStruct) -> bool {
    let holds = |condition: &q::Condition| match &condition.condition_one_of {
        Some(ConditionOneOf::Field(field)) => {
            let value = point.payload.get(&field.key).and_then(|value| value.kind.as_ref());
            let Some(Kind::StringValue(value)) = value else { return false };
            match field.r#match.as_ref().and_then(|m| m.match_value.as_ref()) {
                Some(MatchValue::Keyword(keyword)) => keyword == value,
                Some(MatchValue::Keywords(keywords)) => keywords.strings.contains(value),
                other => panic!("not asked here: {other:?}"),
            }
        }
        other => panic!("not asked here: {other:?}"),
    };
    filter.must.iter().all(holds) && !filter.must_not.iter().any(holds)
}

fn vector(vectors: Option<&q::Vectors>) -> Vec<f32> {
    use q::vectors::VectorsOptions;
    match vectors.and_then(|vectors| vectors.vectors_options.clone()) {
        Some(VectorsOptions::Vector(vector)) => match vector.vector {
            Some(q::vector::Vector::Dense(dense)) => dense.data,
            other => panic!("not asked here: {other:?}"),
        },
        other => panic!("not asked here: {other:?}"),
    }
}

/// The vector that is asked for.
fn nearest(query: Option<q::Query>) -> Vec<f32> {
    use q::query::Variant;
    use q::vector_input::Variant as Input;
    let Some(Variant::Nearest(q::VectorInput { variant: Some(Input::Dense(dense)) })) =
        query.and_then(|query| query.variant)
    else {
        panic!("not asked here");
    };
    dense.data
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn done() -> Result<Response<q::PointsOperationResponse>, Status> {
    Ok(Response::new(q::PointsOperationResponse::default()))
}

fn missing(name: &str) -> Status {
    Status::not_found(format!("Collection `{name}` doesn't exist!"))
}

/// A service of which only some calls are asked here.
macro_rules! service {
    ($service:ident { $($own:item)* } unasked { $($name:ident($asked:ident) -> $answer:ident,)* }) => {
        #[tonic::async_trait]
        impl $service for Server {
            $($own)*
            $(async fn $name(
                &self,
                _: Request<q::$asked>,
            ) -> Result<Response<q::$answer>, Status> {
                Err(Status::unimplemented(stringify!($name)))
            })*
        }
    };
}

service! {
    Points {
        async fn upsert(
            &self,
            request: Request<q::UpsertPoints>,
        ) -> Result<Response<q::PointsOperationResponse>, Status> {
            self.admit(&request)?;
            let q::UpsertPoints { collection_name, points, .. } = request.into_inner();
            let mut state = self.0.lock();
            let Some(all) = state.collections.get_mut(&collection_name) else {
                return Err(missing(&collection_name));
            };
            all.extend(points.into_iter().map(|point| (format!("{:?}", point.id), point)));
            done()
        }

        async fn delete(
            &self,
            request: Request<q::DeletePoints>,
        ) -> Result<Response<q::PointsOperationResponse>, Status> {
            self.admit(&request)?;
            let q::DeletePoints { collection_name, points, .. } = request.into_inner();
            let selected = points.and_then(|points| points.points_selector_one_of);
            let Some(PointsSelectorOneOf::Filter(filter)) = selected else {
                return Err(Status::invalid_argument("a filter is expected"));
            };
            let mut state = self.0.lock();
            state.filters.push(filter.clone());
            let Some(all) = state.collections.get_mut(&collection_name) else {
                return Err(missing(&collection_name));
            };
            all.retain(|_, point| !fits(&filter, point));
            done()
        }

        async fn create_field_index(
            &self,
            request: Request<q::CreateFieldIndexCollection>,
        ) -> Result<Response<q::PointsOperationResponse>, Status> {
            self.admit(&request)?;
            done()
        }

        async fn query(
            &self,
            request: Request<q::QueryPoints>,
        ) -> Result<Response<q::QueryResponse>, Status> {
            self.admit(&request)?;
            let asked = request.into_inner();
            let filter = asked.filter.ok_or_else(|| Status::invalid_argument("no filter"))?;
            let question = nearest(asked.query);
            let mut state = self.0.lock();
            state.filters.push(filter.clone());
            let Some(all) = state.collections.get(&asked.collection_name) else {
                return Err(missing(&asked.collection_name));
            };
            let mut result: Vec<ScoredPoint> = all
                .values()
                .filter(|point| fits(&filter, point))
                .map(|point| ScoredPoint {
                    id: point.id.clone(),
                    payload: point.payload.clone(),
                    score: cosine(&vector(point.vectors.as_ref()), &question),
                    ..ScoredPoint::default()
                })
                .collect();
            result.sort_by(|a, b| b.score.total_cmp(&a.score));
            result.truncate(usize::try_from(asked.limit.unwrap_or(10)).expect("fits"));
            Ok(Response::new(q::QueryResponse { result, ..q::QueryResponse::default() }))
        }
    }
    unasked {
        get(GetPoints) -> GetResponse,
        update_vectors(UpdatePointVectors) -> PointsOperationResponse,
        delete_vectors(DeletePointVectors) -> PointsOperationResponse,
        set_payload(SetPayloadPoints) -> PointsOperationResponse,
        overwrite_payload(SetPayloadPoints) -> PointsOperationResponse,
        delete_payload(DeletePayloadPoints) -> PointsOperationResponse,
        clear_payload(ClearPayloadPoints) -> PointsOperationResponse,
        delete_field_index(DeleteFieldIndexCollection) -> PointsOperationResponse,
        create_vector_name(CreateVectorNameRequest) -> PointsOperationResponse,
        delete_vector_name(DeleteVectorNameRequest) -> PointsOperationResponse,
        search(SearchPoints) -> SearchResponse,
        search_batch(SearchBatchPoints) -> SearchBatchResponse,
        search_groups(SearchPointGroups) -> SearchGroupsResponse,
        scroll(ScrollPoints) -> ScrollResponse,
        recommend(RecommendPoints) -> RecommendResponse,
        recommend_batch(RecommendBatchPoints) -> RecommendBatchResponse,
        recommend_groups(RecommendPointGroups) -> RecommendGroupsResponse,
        discover(DiscoverPoints) -> DiscoverResponse,
        discover_batch(DiscoverBatchPoints) -> DiscoverBatchResponse,
        count(CountPoints) -> CountResponse,
        update_batch(UpdateBatchPoints) -> UpdateBatchResponse,
        query_batch(QueryBatchPoints) -> QueryBatchResponse,
        query_groups(QueryPointGroups) -> QueryGroupsResponse,
        facet(FacetCounts) -> FacetResponse,
        search_matrix_pairs(SearchMatrixPoints) -> SearchMatrixPairsResponse,
        search_matrix_offsets(SearchMatrixPoints) -> SearchMatrixOffsetsResponse,
    }
}

service! {
    Collections {
        async fn create(
            &self,
            request: Request<q::CreateCollection>,
        ) -> Result<Response<q::CollectionOperationResponse>, Status> {
            self.admit(&request)?;
            let name = request.into_inner().collection_name;
            self.0.lock().collections.entry(name).or_default();
            Ok(Response::new(q::CollectionOperationResponse::default()))
        }

        async fn collection_exists(
            &self,
            request: Request<q::CollectionExistsRequest>,
        ) -> Result<Response<q::CollectionExistsResponse>, Status> {
            self.admit(&request)?;
            let name = request.into_inner().collection_name;
            let exists = self.0.lock().collections.contains_key(&name);
            let result = Some(q::CollectionExists { exists });
            let answer = q::CollectionExistsResponse { result, ..Default::default() };
            Ok(Response::new(answer))
        }
    }
    unasked {
        get(GetCollectionInfoRequest) -> GetCollectionInfoResponse,
        list(ListCollectionsRequest) -> ListCollectionsResponse,
        update(UpdateCollection) -> CollectionOperationResponse,
        delete(DeleteCollection) -> CollectionOperationResponse,
        update_aliases(ChangeAliases) -> CollectionOperationResponse,
        list_collection_aliases(ListCollectionAliasesRequest) -> ListAliasesResponse,
        list_aliases(ListAliasesRequest) -> ListAliasesResponse,
        collection_cluster_info(CollectionClusterInfoRequest) -> CollectionClusterInfoResponse,
        update_collection_cluster_setup(UpdateCollectionClusterSetupRequest) -> UpdateCollectionClusterSetupResponse,
        create_shard_key(CreateShardKeyRequest) -> CreateShardKeyResponse,
        delete_shard_key(DeleteShardKeyRequest) -> DeleteShardKeyResponse,
        list_shard_keys(ListShardKeysRequest) -> ListShardKeysResponse,
    }
}
