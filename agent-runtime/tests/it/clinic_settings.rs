//! What a clinic sets for its calls is heard in the next call, without a restart.

use frontdesk_embedded::testing::{TestLiveKit, test_livekit};
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::token::{AgentRequest, ApiKey};
use frontdesk_rtc::{Room, RoomEvent, RoomOptions};
use frontdesk_tenants::testing::TestDb;
use livekit_api::access_token::{AccessToken, VideoGrants};
use rustix::process::Signal;

use crate::desk::Desk;

/// The first utterance of a typed call.
async fn greeting(livekit: &TestLiveKit, room: &str) -> String {
    let key = ApiKey::new(livekit.api_key(), livekit.api_secret());
    let agent = AgentRequest {
        agent_name: "frontdesk".to_owned(),
        metadata: r#"{"clinic":"nile-heart","channel":"text"}"#.to_owned(),
        ..AgentRequest::default()
    };
    ServerApi::new(livekit.ws_url(), &key).dispatch(room, agent).await.expect("dispatched");
    let grants = VideoGrants { room_join: true, room: room.to_owned(), ..VideoGrants::default() };
    let token = AccessToken::with_api_key(livekit.api_key(), livekit.api_secret())
        .with_identity("caller")
        .with_grants(grants)
        .to_jwt()
        .expect("a token");
    let options = RoomOptions::new(livekit.ws_url(), token);
    let (caller, mut events) = Room::connect(options).await.expect("joins");
    loop {
        let event = events.recv().await.expect("the room is open");
        let RoomEvent::TextStream(stream) = event else { continue };
        if stream.info().topic == "lk.transcription" {
            let text = stream.read_all().await.expect("read");
            caller.close().await;
            return text;
        }
    }
}

#[tokio::test]
async fn a_changed_phrase_is_heard_in_the_next_call_and_a_wrong_one_is_not_used() {
    let database = TestDb::seeded().await;
    let livekit = test_livekit().await.expect("a livekit-server");
    let desk = Desk::new().with_servers(&database, &livekit);
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let usual = greeting(&livekit, "usual").await;
    assert!(usual.contains("Nile Heart Clinic"), "{usual}");

    let own = |greeting: &str| {
        format!(
            r#"UPDATE clinics SET call_settings =
               '{{"phrases": {{"en": {{"greeting": "{greeting}"}}}}}}' WHERE slug = 'nile-heart'"#
        )
    };
    database.execute(&own("Ahlan! {clinic} here. How can I help you?")).await;
    let changed = greeting(&livekit, "changed").await;
    assert_eq!(changed, "Ahlan! Nile Heart Clinic here. How can I help you?");

    database.execute(&own("Hello {doctor}")).await;
    assert_eq!(greeting(&livekit, "wrong").await, usual);
    assert!(serve.log().contains("the clinic's settings are not used"), "{}", serve.log());
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
}
