//! Fetching and checking, against a hub of our own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;

/// A file of whisper.cpp's format with one token and one tensor.
fn file() -> Vec<u8> {
    let mut bytes = Vec::new();
    let sizes = [0x6767_6d6c, 51_865, 1500, 64, 1, 1, 448, 64, 1, 1, 80, 1, 80, 201_u32];
    bytes.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
    bytes.extend(vec![0; 80 * 201 * 4]);
    bytes.extend([1, 1_u32].iter().flat_map(|size| size.to_le_bytes()));
    bytes.push(b'a');
    bytes.extend([1, 4, 0, 8_u32].iter().flat_map(|size| size.to_le_bytes()));
    bytes.extend(b"name");
    bytes.extend([0; 32]);
    bytes
}

/// What a hub sends, and how it behaves.
#[derive(Clone)]
struct Hub {
    file: Arc<Vec<u8>>,
    /// Bytes that it sends in all, over all requests.
    sent: Arc<AtomicUsize>,
    knows_ranges: bool,
}

async fn send(State(hub): State<Hub>, headers: HeaderMap) -> Response {
    let range = headers.get(header::RANGE).filter(|_| hub.knows_ranges);
    let from = range.and_then(|range| {
        range.to_str().ok()?.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
    });
    let body = hub.file[from.unwrap_or(0)..].to_vec();
    hub.sent.fetch_add(body.len(), Ordering::Relaxed);
    let status = if from.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    (status, body).into_response()
}

/// A hub that runs, weights that point to it, and a folder for them.
struct Rig {
    hub: Hub,
    weights: Weights,
    folder: TempDir,
    _serving: JoinSet<()>,
}

impl Rig {
    async fn new(file: Vec<u8>, knows_ranges: bool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/file", listener.local_addr().expect("an address"));
        let folder = tempfile::tempdir().expect("a folder");
        let whole = folder.path().join("whole");
        std::fs::write(&whole, &file).expect("written");
        let sha256 = sha256(&whole).expect("a hash");
        let hub = Hub { file: Arc::new(file), sent: Arc::default(), knows_ranges };
        let router = Router::new().route("/file", get(send)).with_state(hub.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.expect("serves") });
        let source = Source {
            way: Way::Hub(url.leak()),
            bytes: hub.file.len() as u64,
            sha256: sha256.leak(),
        };
        let weights = Weights {
            name: "small",
            what: "for a test",
            licence: "MIT",
            file: "small.bin",
            format: Format::Ggml,
            sources: vec![source].leak(),
        };
        Self { hub, weights, folder, _serving: serving }
    }

    async fn get(&self) -> Result<PathBuf, FetchError> {
        self.weights.get(self.folder.path(), None, &mut |_| {}).await
    }

    fn part(&self) -> PathBuf {
        self.folder.path().join("small.bin.part")
    }

    fn sent(&self) -> usize {
        self.hub.sent.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn weights_are_fetched_once_and_then_are_there() {
    let rig = Rig::new(file(), true).await;
    let path = rig.get().await.expect("fetched");
    assert_eq!(std::fs::read(&path).expect("the file"), *rig.hub.file);
    assert!(!rig.part().exists());
    assert_eq!(rig.get().await.expect("there"), path);
    assert_eq!(rig.sent(), rig.hub.file.len());
}

#[tokio::test]
async fn what_was_interrupted_goes_on_where_it_was() {
    let rig = Rig::new(file(), true).await;
    std::fs::write(rig.part(), &rig.hub.file[..40_000]).expect("written");
    rig.get().await.expect("fetched");
    assert_eq!(rig.sent(), rig.hub.file.len() - 40_000);
}

#[tokio::test]
async fn a_hub_that_knows_no_ranges_sends_all_of_it_again() {
    let rig = Rig::new(file(), false).await;
    std::fs::write(rig.part(), &rig.hub.file[..40_000]).expect("written");
    rig.get().await.expect("fetched");
    assert_eq!(rig.sent(), rig.hub.file.len());
}

#[tokio::test]
async fn other_bytes_than_those_that_are_known_are_thrown_away() {
    let mut rig = Rig::new(file(), true).await;
    let known = &rig.weights.sources[0];
    let Way::Hub(url) = known.way else { unreachable!("it is a hub") };
    let other = Source { way: Way::Hub(url), bytes: known.bytes, sha256: "0123" };
    rig.weights.sources = vec![other].leak();
    let error = rig.get().await.expect_err("refused").to_string();
    assert!(error.contains("small could not be fetched: what came has the SHA-256"), "{error}");
    assert!(!rig.part().exists() && !rig.weights.is_there(rig.folder.path()));
}

#[tokio::test]
async fn without_a_network_one_line_says_so() {
    let mut rig = Rig::new(file(), true).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", free.local_addr().expect("an address"));
    drop(free);
    let source = Source { way: Way::Hub(url.leak()), bytes: 9, sha256: "" };
    rig.weights.sources = vec![source].leak();
    let error = rig.get().await.expect_err("nothing there").to_string();
    assert!(error.starts_with("small could not be fetched: the hub is not reached: "), "{error}");
    assert!(!error.contains('\n'));
}

#[tokio::test]
async fn what_is_cut_off_or_another_file_is_told_from_what_is_right() {
    let rig = Rig::new(file(), true).await;
    let folder = rig.folder.path();
    assert!(matches!(rig.weights.check(folder), Err(FetchError::Absent { .. })));
    let path = rig.weights.path(folder);
    std::fs::write(&path, &rig.hub.file[..rig.hub.file.len() - 1]).expect("written");
    let error = rig.weights.check(folder).expect_err("cut off").to_string();
    assert!(error.contains("it ends in the middle of tensor name"), "{error}");
    std::fs::write(&path, b"PK\x03\x04 something else").expect("written");
    let error = rig.weights.check(folder).expect_err("another kind").to_string();
    assert!(error.contains("does not begin as whisper.cpp's weights do"), "{error}");
    let mut other = file();
    let last = other.len() - 1;
    other[last] = 1;
    std::fs::write(&path, other).expect("written");
    assert!(matches!(rig.weights.check(folder), Err(FetchError::Foreign { .. })));
    // Fetching puts it right.
    rig.get().await.expect("fetched");
    rig.weights.check(folder).expect("right");
}

#[test]
fn where_there_is_no_room_nothing_is_fetched() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = room(folder.path(), 1 << 60).expect_err("no room").to_string();
    assert!(error.contains("MB free") && error.contains("are needed"), "{error}");
    room(folder.path(), 0).expect("room");
}

#[test]
fn every_file_has_a_name_a_licence_and_a_hash_for_each_way() {
    for weights in ALL {
        assert!(named(weights.name).is_some() && !weights.licence.is_empty());
        for source in weights.sources {
            let is_hash = source.sha256.len() == 64
                && source.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            assert!(is_hash && source.bytes > 0, "{source:?}");
        }
    }
}
