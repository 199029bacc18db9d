//! A caller who types, in a room of the runtime under test.

use std::time::Duration;

use frontdesk_embedded::testing::TestLiveKit;
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::token::{AgentRequest, ApiKey};
use frontdesk_rtc::{Room, RoomEvent, RoomOptions, TextStreamOptions};
use livekit_api::access_token::{AccessToken, VideoGrants};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How long the agent may take to say something on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// See the module's documentation.
pub(crate) struct Typist {
    room: Room,
    said: mpsc::Receiver<String>,
    /// How many texts of the agent were heard.
    pub(crate) texts: i64,
    _reader: JoinSet<()>,
}

impl Typist {
    /// Calls a clinic and waits for the greeting.
    pub(crate) async fn call(livekit: &TestLiveKit, room: &str, clinic: &str) -> Self {
        let mut typist = Self::dispatch(livekit, room, clinic).await;
        typist.hears("automatic assistant").await;
        typist
    }

    /// Calls a clinic, which may not answer.
    pub(crate) async fn dispatch(livekit: &TestLiveKit, room: &str, clinic: &str) -> Self {
        Self::dispatch_on("text", livekit, room, clinic).await
    }

    /// The same over another channel.
    pub(crate) async fn dispatch_on(
        channel: &str,
        livekit: &TestLiveKit,
        room: &str,
        clinic: &str,
    ) -> Self {
        let key = ApiKey::new(livekit.api_key(), livekit.api_secret());
        let agent = AgentRequest {
            agent_name: "frontdesk".to_owned(),
            metadata: format!(r#"{{"clinic":"{clinic}","channel":"{channel}"}}"#),
            ..AgentRequest::default()
        };
        ServerApi::new(livekit.ws_url(), &key).dispatch(room, agent).await.expect("dispatched");
        let grants =
            VideoGrants { room_join: true, room: room.to_owned(), ..VideoGrants::default() };
        let token = AccessToken::with_api_key(livekit.api_key(), livekit.api_secret())
            .with_identity("caller")
            .with_grants(grants)
            .to_jwt()
            .expect("a token");
        Self::enter(RoomOptions::new(livekit.ws_url(), token)).await
    }

    /// Enters a room.
    pub(crate) async fn enter(options: RoomOptions) -> Self {
        let (room, mut events) = Room::connect(options).await.expect("joins");
        let (tell, said) = mpsc::channel(256);
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            while let Some(event) = events.recv().await {
                let RoomEvent::TextStream(stream) = event else { continue };
                let agents = stream.info().topic == "lk.transcription";
                if let Ok(text) = stream.read_all().await
                    && agents
                    && tell.send(text).await.is_err()
                {
                    return;
                }
            }
        });
        Self { room, said, texts: 0, _reader: reader }
    }

    /// Types, and waits until the agent says something with one of these parts; gives all that it
    /// said until then.
    pub(crate) async fn asks(&mut self, words: &str, parts: &[&str]) -> String {
        self.types(words).await;
        self.hears_any(parts).await
    }

    pub(crate) async fn types(&self, words: &str) {
        let topic = "lk.chat".to_owned();
        let options = TextStreamOptions { topic, ..TextStreamOptions::default() };
        self.room.send_text(words, options).await.expect("sent");
    }

    pub(crate) async fn hears(&mut self, part: &str) -> String {
        self.hears_any(&[part]).await
    }

    /// Waits until the room is closed, and gives what was said until then.
    pub(crate) async fn until_sent_away(mut self) -> String {
        let mut heard = String::new();
        let wait = async {
            while let Some(text) = self.said.recv().await {
                heard.push_str(&text);
            }
        };
        assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "still there: {heard:?}");
        heard
    }

    pub(crate) async fn hears_any(&mut self, parts: &[&str]) -> String {
        let mut heard = String::new();
        let wait = async {
            while let Some(text) = self.said.recv().await {
                self.texts += 1;
                heard.push_str(&text);
                heard.push('\n');
                if parts.iter().any(|part| heard.contains(part)) {
                    return;
                }
            }
            panic!("the room closed before {parts:?} was said");
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "not said: {parts:?}, but {heard:?}");
        heard
    }

    pub(crate) async fn leaves(self) {
        self.room.close().await;
    }
}
