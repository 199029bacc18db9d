//! A job that nobody could take is not the end: whoever waits is found and the agent called again.

use frontdesk_embedded::testing::test_livekit;
use frontdesk_tenants::demo::seed_demo;
use frontdesk_tenants::testing::{TestDb, ring};
use frontdesk_types::{Clock as _, SystemClock, SystemIds};

use crate::desk::{Desk, get};
use crate::typist::Typist;

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_came_while_no_runtime_was_there_is_answered_by_the_next_one() {
    frontdesk::tls::install_provider();
    let database = TestDb::fresh().await;
    let now = SystemClock::new().wall();
    seed_demo(database.db(), &ring(), now, &SystemIds).await.expect("seeded");
    let livekit = test_livekit().await.expect("a livekit-server");
    // LiveKit offers its job once: to nobody.
    let mut early = Typist::dispatch(&livekit, "early", "nile-heart").await;
    let desk = Desk::new().with_servers(&database, &livekit);
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    early.hears("automatic assistant").await;
    early.asks("where are you", &["Garden Street"]).await;
    let metrics = get(&format!("{url}/metrics")).await.1;
    assert!(metrics.contains("frontdesk_calls_started_total 1"), "one agent, called once");

    // Of a second agent in the room of a call nobody hears: the job is refused.
    let mut also = Typist::dispatch(&livekit, "early", "nile-heart").await;
    let refused = "frontdesk_jobs_refused_total 1";
    serve
        .until("the second job is refused", async |_| {
            get(&format!("{url}/metrics")).await.1.contains(refused).then_some(())
        })
        .await;
    also.asks("where are you", &["Garden Street"]).await;
    let metrics = get(&format!("{url}/metrics")).await.1;
    assert!(metrics.contains("frontdesk_calls_started_total 1"), "{metrics}");
    also.leaves().await;
    early.leaves().await;
}
