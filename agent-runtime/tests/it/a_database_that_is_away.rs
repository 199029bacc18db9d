//! A database of somebody else dies in the middle of calls and comes back later: calls go on.

use std::time::Duration;

use frontdesk_embedded::testing::test_livekit;
use frontdesk_tenants::testing::RING;

use crate::a_call_survives_its_worker::until;
use crate::desk::{Desk, Process, get};
use crate::own_postgres::OwnPostgres;
use crate::typist::Typist;

/// Longer than a tool is waited for.
const AWAY: Duration = Duration::from_secs(9);

/// A write is asked for in one call while the database is away, and the caller of another leaves.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_over_a_database_that_is_away_for_longer_than_a_tool_waits() {
    frontdesk::tls::install_provider();
    let desk = Desk::new();
    let folder = desk.folder.path().join("database");
    let mut database = OwnPostgres::new(&folder).await;
    let livekit = test_livekit().await.expect("a livekit-server");
    let desk = desk
        .with("DATABASE_URL", database.url())
        .with("FRONTDESK_WORKER_URL", database.worker_url())
        .with("FRONTDESK_DATA_KEYS", RING)
        .with("LIVEKIT_URL", livekit.ws_url())
        .with("LIVEKIT_API_KEY", livekit.api_key())
        .with("LIVEKIT_API_SECRET", livekit.api_secret());
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let mut books = Typist::call(&livekit, "books", "nile-heart").await;
    let mut leaves = Typist::call(&livekit, "leaves", "nile-heart").await;
    until(&mut books, String::new(), "Shall I book").await;
    leaves.asks("where are you", &["Garden Street"]).await;

    database.kill();
    books.types("yes").await;
    leaves.leaves().await;
    let back = async {
        tokio::time::sleep(AWAY).await;
        database.start_again().await;
    };
    let hears = async { books.hears_any(&["reference"]).await };
    let ((), heard) = tokio::join!(back, hears);
    assert!(heard.contains("One moment"), "a moment is asked for: {heard}");
    assert_eq!(heard.matches("reference").count(), 1, "{heard}");
    books.asks("no, thank you", &["oodbye"]).await;
    let closed = async |_: &Process| {
        let open = database.texts("SELECT id::text FROM calls WHERE ended_at IS NULL").await;
        open.is_empty().then_some(())
    };
    serve.until("both calls are closed", closed).await;
    let outcomes = database.texts("SELECT outcome FROM calls ORDER BY outcome").await;
    assert_eq!(outcomes, ["answered", "booked"]);
    assert_eq!(database.texts("SELECT id::text FROM appointments").await.len(), 1);
    assert_eq!(get(&format!("{url}/readyz")).await.0, 200);
}
