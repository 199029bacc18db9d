//! Jobs of LiveKit that cannot be taken: their callers are told, and the room is closed.

use frontdesk_embedded::testing::test_livekit;
use frontdesk_tenants::testing::TestDb;

use crate::desk::{Desk, get};
use crate::typist::Typist;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_calls_no_clinic_or_a_full_house_is_told_so_and_a_free_place_is_given_to_who_waits()
{
    let database = TestDb::seeded().await;
    let livekit = test_livekit().await.expect("a livekit-server");
    let desk = Desk::new().with_servers(&database, &livekit).with("FRONTDESK_MAX_CALLS", "1");
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;

    let nowhere = Typist::dispatch(&livekit, "nowhere", "no-such-clinic").await;
    let told = nowhere.until_sent_away().await;
    assert!(told.contains("can't connect your call"), "{told}");

    let mut first = Typist::call(&livekit, "first", "nile-heart").await;
    let mut second = Typist::dispatch(&livekit, "second", "nile-heart").await;
    second.hears("lines are busy").await;
    first.asks("where are you", &["Garden Street"]).await;
    let (_, metrics) = get(&format!("{url}/metrics")).await;
    assert!(metrics.contains("frontdesk_waiting_calls 1.0\n"), "{metrics}");
    first.leaves().await;
    second.hears("automatic assistant").await;
    second.asks("where are you", &["Garden Street"]).await;
    second.leaves().await;
}
