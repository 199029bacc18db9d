//! A process whose engines hang takes no more calls, tells its callers and ends with a code of its
//! own, so that it is started again.

use frontdesk_embedded::testing::test_livekit;
use frontdesk_tenants::testing::TestDb;

use crate::desk::{Desk, get};
use crate::typist::Typist;

#[tokio::test(flavor = "multi_thread")]
async fn three_threads_that_hang_end_the_process_after_its_callers_were_told() {
    let database = TestDb::seeded().await;
    let livekit = test_livekit().await.expect("a livekit-server");
    let desk = Desk::new()
        .with_servers(&database, &livekit)
        .with("FRONTDESK_DRAIN_SECONDS", "1")
        .with("HANG_VOICES", "3");
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    // One types, and is not concerned until the end.
    let typist = Typist::call(&livekit, "typed", "nile-heart").await;
    let mut spoken = Vec::new();
    for room in ["first", "second", "third"] {
        spoken.push(Typist::dispatch_on("web", &livekit, room, "nile-heart").await);
    }
    serve
        .until("it takes no more calls", async |serve| {
            serve.log().contains("too many native threads hang").then_some(())
        })
        .await;
    let told = typist.until_sent_away().await;
    assert!(told.contains("I have to end our call here"), "{told}");
    assert_eq!(serve.exit_code().await, Some(6), "{}", serve.log());
    assert_eq!(get(&format!("{url}/healthz")).await.0, 0, "it is gone");
    drop(spoken);
}
