//! A switchboard with everything real but the recognizer, and callers to talk to it.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frontdesk_actors::booking::{SlotRegistry, SlotSettings};
use frontdesk_actors::{
    CallEnd, CallRequest, CallSettings, DialogueFactory, Lease, Pacer, RecognitionPool,
    RecognitionSettings, Records, SecondPool, Services, SpeechPool, Switchboard, Tools, Writes,
};
use frontdesk_embedded::testing::{TestLiveKit, test_livekit};
use frontdesk_models::fake::FixedStt;
use frontdesk_models::stt::SpeechToText;
use frontdesk_models::tts::TextToSpeech as _;
use frontdesk_models::tts::flite::Flite;
use frontdesk_models::vad::earshot::Earshot;
use frontdesk_pipelines::dialogue::{
    CallFacts, ClinicContext, ClinicFacts, ClinicSettings, Dialogue, DoctorFacts, Forms,
};
use frontdesk_pipelines::language::Languages;
use frontdesk_rtc::codec::{EncoderOptions, OpusEncoder};
use frontdesk_rtc::line::LiveKitCall;
use frontdesk_rtc::{
    AudioPublish, LocalAudio, Participant, ParticipantKind, Room, RoomEvent, RoomOptions,
    TextStreamOptions, TextStreamReader, TrackKind,
};
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::{Tenant, calls, directory, overview};
use frontdesk_types::{
    CallId, CallOutcome, Channel, ClinicId, Clock, ManualClock, Mono, SAMPLES_PER_FRAME,
    SystemClock,
};
use jiff::Timestamp;
use livekit_api::access_token::{AccessToken, VideoGrants};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc, oneshot};
use tokio::task::JoinSet;

/// Database sessions of the test database, at most.
const SESSIONS: usize = 16;

/// Longest that anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Real monotonic time; the wall clock stands where the slots of the test database begin.
struct TestClock(SystemClock, ManualClock);

impl Clock for TestClock {
    fn wall(&self) -> Timestamp {
        self.1.wall()
    }

    fn mono(&self) -> Mono {
        self.0.mono()
    }
}

/// Where what the process holds is counted, no other rig may run.
static ALONE: RwLock<()> = RwLock::const_new(());

/// The right of a rig to run.
enum Permit {
    Alone { _guard: RwLockWriteGuard<'static, ()> },
    BesideOthers { _guard: RwLockReadGuard<'static, ()> },
}

pub(crate) struct Rig {
    _permit: Permit,
    pub(crate) livekit: TestLiveKit,
    pub(crate) db: TestDb,
    pub(crate) switchboard: Switchboard,
    clock: Arc<dyn Clock>,
    tenant: Tenant,
    facts: Arc<ClinicContext>,
    media: Option<tokio::runtime::Runtime>,
    rooms: AtomicU64,
}

impl Drop for Rig {
    fn drop(&mut self) {
        // A runtime may not be dropped where it could block.
        if let Some(media) = self.media.take() {
            media.shutdown_background();
        }
    }
}

impl Rig {
    /// The agent's recognizer hears "what" in everything.
    pub(crate) async fn start(max_calls: usize) -> Self {
        Self::hearing(max_calls, Arc::new(FixedStt::new("what"))).await
    }

    /// With a recognizer.
    pub(crate) async fn hearing(max_calls: usize, stt: Arc<dyn SpeechToText>) -> Self {
        let permit = Permit::BesideOthers { _guard: ALONE.read().await };
        Self::permitted(permit, max_calls, stt, None).await
    }

    /// With a recognizer, and perhaps a second one for free speech.
    pub(crate) async fn hearing_twice(
        stt: Arc<dyn SpeechToText>,
        second: Option<Arc<dyn SpeechToText>>,
    ) -> Self {
        let permit = Permit::BesideOthers { _guard: ALONE.read().await };
        Self::permitted(permit, 1, stt, second).await
    }

    /// Alone, for who counts what the process holds.
    pub(crate) async fn alone(max_calls: usize) -> Self {
        let permit = Permit::Alone { _guard: ALONE.write().await };
        Self::permitted(permit, max_calls, Arc::new(FixedStt::new("what")), None).await
    }

    async fn permitted(
        permit: Permit,
        max_calls: usize,
        stt: Arc<dyn SpeechToText>,
        second: Option<Arc<dyn SpeechToText>>,
    ) -> Self {
        // `RUST_LOG=frontdesk_actors=debug` shows what happened; not set, nothing is written.
        if let Ok(filter) = tracing_subscriber::EnvFilter::try_from_default_env() {
            // Only the first rig's attempt counts.
            let _ = tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_writer(std::io::stderr)
                .try_init();
        }
        let livekit = test_livekit().await.expect("a livekit-server");
        let db = TestDb::seeded().await;
        let clock: Arc<dyn Clock> =
            Arc::new(TestClock(SystemClock::new(), ManualClock::new(now())));
        let media = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let pacer = Pacer::start(Arc::clone(&clock)).expect("a thread");
        let (mut services, _) = services(&db, &clock, pacer, stt).await;
        if let Some(second) = second {
            let pool = SecondPool::start(1, Arc::clone(&clock), second).expect("threads");
            Arc::get_mut(&mut services).expect("nobody else has them yet").second = Some(pool);
        }
        let switchboard = Switchboard::start(services, max_calls).await.expect("starts");
        let tenant = db.tenant("nile-heart").await;
        let facts = clinic(&db).await;
        Self {
            _permit: permit,
            livekit,
            db,
            switchboard,
            clock,
            tenant,
            facts,
            media: Some(media),
            rooms: AtomicU64::new(0),
        }
    }

    fn token(&self, room: &str, identity: &str, kind: &str) -> String {
        let grants = VideoGrants {
            room_join: true,
            room: room.to_owned(),
            agent: kind == "agent",
            can_update_own_metadata: Some(true),
            ..VideoGrants::default()
        };
        AccessToken::with_api_key(self.livekit.api_key(), self.livekit.api_secret())
            .with_identity(identity)
            .with_kind(kind)
            .with_grants(grants)
            .to_jwt()
            .expect("a token")
    }

    /// The agent's side of a new spoken call, in a room of its own.
    pub(crate) fn call(&self) -> (CallId, String, oneshot::Receiver<CallEnd>) {
        self.call_through(self.livekit.ws_url())
    }

    /// The same, with the server found at `url`.
    pub(crate) fn call_through(&self, url: &str) -> (CallId, String, oneshot::Receiver<CallEnd>) {
        self.call_by(Channel::Web, url)
    }

    /// The agent's side of a new typed call, in a room of its own.
    pub(crate) fn text_call(&self) -> (CallId, String, oneshot::Receiver<CallEnd>) {
        self.call_by(Channel::Text, self.livekit.ws_url())
    }

    fn line(&self, url: &str, token: String) -> LiveKitCall {
        let mut room = RoomOptions::new(url, token);
        room.runtime = self.media.as_ref().map(|media| media.handle().clone());
        room.clock = Arc::clone(&self.clock);
        let encoder = EncoderOptions::default();
        LiveKitCall { room, encoder, caller: None, server: None, proof: None }
    }

    fn call_by(&self, channel: Channel, url: &str) -> (CallId, String, oneshot::Receiver<CallEnd>) {
        let room = format!("room-{}", self.rooms.fetch_add(1, Ordering::Relaxed));
        let id = CallId::new(&IDS);
        let (done, end) = oneshot::channel();
        let request = CallRequest {
            id,
            tenant: self.tenant,
            line: Box::new(self.line(url, self.token(&room, &format!("agent-{id}"), "agent"))),
            room: room.clone(),
            facts: CallFacts::of(Arc::clone(&self.facts), channel),
            clock: Arc::clone(&self.clock),
            simulated: true,
            caller: None,
            moved: None,
            done,
        };
        let reservation = self.switchboard.reserve().expect("a place");
        self.switchboard.take(reservation, request);
        (id, room, end)
    }

    /// The clinic that is called.
    pub(crate) const fn clinic(&self) -> ClinicId {
        self.tenant.clinic()
    }

    /// Somebody of this identity.
    pub(crate) async fn person(&self, room: &str, identity: &str) -> Caller {
        Caller::join(self.livekit.ws_url(), self.token(room, identity, "standard")).await
    }

    pub(crate) async fn caller(&self, room: &str) -> Caller {
        let token = self.token(room, &format!("caller-{room}"), "standard");
        Caller::join(self.livekit.ws_url(), token).await
    }

    /// Database sessions in use; the pool itself is filled, so that it no longer grows.
    pub(crate) fn sessions_in_use(&self) -> usize {
        let (open, idle) = self.db.db().connections();
        (open as usize).saturating_sub(idle)
    }

    /// Opens every session that the pool may have.
    pub(crate) async fn fill_pool(&self) {
        let all = (0..SESSIONS).map(|_| self.db.begin("nile-heart"));
        drop(futures_util::future::join_all(all).await);
    }

    /// Appointments in the database.
    pub(crate) async fn appointments(&self) -> i64 {
        self.db.count("appointments").await
    }
}

/// The outcome of a call in its record, its turns that were said, and its tool calls.
pub(crate) async fn record(
    db: &TestDb,
    id: CallId,
    room: &str,
) -> (Option<CallOutcome>, usize, usize) {
    let mut tx = db.begin("nile-heart").await;
    let call = overview::call_in_room(&mut tx, room).await.expect("answers").expect("a record");
    assert_eq!(call.id, id);
    let turns = calls::transcript(&mut tx, &ring(), id).await.expect("opens");
    let tools = turns.iter().filter(|turn| turn.speaker == calls::Speaker::Tool).count();
    (call.outcome, turns.len() - tools, tools)
}

/// Everything real but the recognizer, and the built-in dialogue with the built-in tools.
pub(crate) async fn services(
    db: &TestDb,
    clock: &Arc<dyn Clock>,
    pacer: Pacer,
    stt: Arc<dyn SpeechToText>,
) -> (Arc<Services>, SlotRegistry) {
    let forms: DialogueFactory = Arc::new(|facts, snapshot| {
        let dialogue: Box<dyn Dialogue> = match snapshot {
            Some(snapshot) => Box::new(Forms::restore(facts, snapshot)?),
            None => Box::new(Forms::new(facts)),
        };
        Ok(dialogue)
    });
    services_with(db, clock, pacer, stt, (Tools::built_in(), forms)).await
}

/// Everything real but the recognizer.
pub(crate) async fn services_with(
    db: &TestDb,
    clock: &Arc<dyn Clock>,
    pacer: Pacer,
    stt: Arc<dyn SpeechToText>,
    (tools, dialogue): (Tools, DialogueFactory),
) -> (Arc<Services>, SlotRegistry) {
    let recognition = RecognitionSettings { threads: 1, recognizers: 2 };
    // Idle slot actors go soon, so that what a process holds can be counted.
    let idle = SlotSettings { idle: Duration::from_secs(1), ..SlotSettings::default() };
    let (database, own) = (db.db().clone(), Arc::clone(clock));
    let slots = SlotRegistry::start(database, own, Arc::new(IDS), idle).await.expect("starts");
    let services = Services {
        clock: Arc::clone(clock),
        ids: Arc::new(IDS),
        database: db.db().clone(),
        slots: slots.clone(),
        records: Some(Records {
            keys: Arc::new(ring()),
            worker: "test".to_owned(),
            lease: Lease::unlimited(),
        }),
        writes: Writes::default(),
        pacer,
        speech: SpeechPool::start(2, Arc::clone(clock), Arc::new(Flite::new())).expect("threads"),
        recognition: RecognitionPool::start(recognition, Arc::clone(clock), stt).expect("threads"),
        second: None,
        vad: Arc::new(Earshot),
        model: None,
        tools,
        dialogue,
        settings: CallSettings { voice: "kal16".into(), ..CallSettings::default() },
    };
    (Arc::new(services), slots)
}

/// What the dialogue knows of the demo clinic.
pub(crate) async fn clinic(db: &TestDb) -> Arc<ClinicContext> {
    clinic_with(db, &Tools::built_in()).await
}

/// The same with other tools.
pub(crate) async fn clinic_with(db: &TestDb, tools: &Tools) -> Arc<ClinicContext> {
    let clinic = directory::clinic_by_slug(db.db(), "nile-heart").await.expect("answers");
    let clinic = clinic.expect("the demo clinic");
    let mut tx = db.begin("nile-heart").await;
    let doctors = directory::doctors(&mut tx).await.expect("answers");
    let doctors = doctors.into_iter().map(|doctor| DoctorFacts {
        id: doctor.id,
        name: doctor.name,
        specialties: doctor.specialties,
        fee: None,
        languages: doctor.languages,
        gender: doctor.gender,
    });
    let facts = ClinicFacts {
        name: clinic.name,
        address: clinic.address,
        time_zone: clinic.time_zone,
        country: clinic.country,
        emergency_number: clinic.emergency_number,
        languages: clinic.languages,
        doctors: doctors.collect(),
        specialty_words: Vec::new(),
        vocabulary: Vec::new(),
        ..ClinicFacts::default()
    };
    let english = Languages::built_in().get("en").expect("it comes with Frontdesk");
    let context = ClinicContext::new(facts, english, ClinicSettings::default(), 1);
    Arc::new(context.expect("it changes no phrase").with_tools(Arc::clone(tools.toolbox())))
}

/// Bytes of the largest packet that is not voice: the server sends silence on a track that nobody
/// speaks on yet.
const SILENCE: usize = 10;

/// A participant who types, hums and listens.
pub(crate) struct Caller {
    pub(crate) room: Room,
    segments: mpsc::Receiver<(String, bool)>,
    transcript: Vec<String>,
    packets: Arc<AtomicU64>,
    tasks: JoinSet<()>,
}

impl Caller {
    async fn join(url: &str, token: String) -> Self {
        let mut options = RoomOptions::new(url, token);
        options.subscribe_audio = true;
        let (room, mut events) = Room::connect(options).await.expect("joins");
        let (tell, segments) = mpsc::channel(1024);
        let packets = Arc::new(AtomicU64::new(0));
        let heard = Arc::clone(&packets);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut readers = JoinSet::new();
            while let Some(event) = events.recv().await {
                match event {
                    RoomEvent::TextStream(reader) => {
                        readers.spawn(read(reader, tell.clone()));
                    }
                    RoomEvent::TrackSubscribed(audio) => {
                        let heard = Arc::clone(&heard);
                        readers.spawn(async move {
                            let mut reader = audio.packets.reader(0);
                            let mut packets = Vec::new();
                            loop {
                                reader.ready().await;
                                reader.drain(64, &mut packets);
                                let voice = packets.iter().filter(|p| p.payload.len() > SILENCE);
                                heard.fetch_add(voice.count() as u64, Ordering::Relaxed);
                                packets.clear();
                            }
                        });
                    }
                    _ => {}
                }
            }
        });
        Self { room, segments, transcript: Vec::new(), packets, tasks }
    }

    /// Publishes a microphone that hums until the caller leaves.
    pub(crate) async fn hum(&mut self) -> LocalAudio {
        self.sound(|| [0; SAMPLES_PER_FRAME]).await
    }

    /// Publishes a microphone that sends those frames until the caller leaves.
    pub(crate) async fn sound(
        &mut self,
        mut source: impl FnMut() -> [i16; SAMPLES_PER_FRAME] + Send + 'static,
    ) -> LocalAudio {
        let audio = self.room.publish_audio(AudioPublish::default()).await.expect("published");
        let track = audio.clone();
        self.tasks.spawn(async move {
            let mut encoder = OpusEncoder::new(EncoderOptions::default()).expect("an encoder");
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            for frame in 0_u64.. {
                tick.tick().await;
                track.write(encoder.encode(&source()).expect("encodes"), frame * 960, false);
            }
        });
        audio
    }

    pub(crate) fn packets(&self) -> u64 {
        self.packets.load(Ordering::Relaxed)
    }

    /// Waits until the agent's next final segment that contains `words`; gives its text.
    pub(crate) async fn hears(&mut self, words: &str) -> String {
        self.hears_any(&[words]).await
    }

    pub(crate) async fn hears_any(&mut self, words: &[&str]) -> String {
        let mut heard = Vec::new();
        let wait = async {
            while let Some((text, is_final)) = self.segments.recv().await {
                self.transcript.push(text.clone());
                if is_final && words.iter().any(|words| text.contains(words)) {
                    return text;
                }
                heard.push(text);
            }
            panic!("the room closed before {words:?} was said");
        };
        let said = tokio::time::timeout(PATIENCE, wait).await;
        said.unwrap_or_else(|_| panic!("not said: {words:?}, but {heard:?}"))
    }

    /// Whether a segment that was waited for, or passed over on the way, is `words`.
    pub(crate) fn has_heard(&self, words: &str) -> bool {
        self.transcript.iter().any(|text| text == words)
    }

    pub(crate) async fn types(&self, text: &str) {
        let options =
            TextStreamOptions { topic: "lk.chat".to_owned(), ..TextStreamOptions::default() };
        self.room.send_text(text, options).await.expect("sent");
    }

    pub(crate) async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        until(what, || condition(self)).await;
    }

    pub(crate) fn agent(&self) -> Option<Participant> {
        self.room.participants().into_iter().find(|p| p.kind == ParticipantKind::Agent)
    }

    pub(crate) fn agent_voice(&self) -> bool {
        self.agent().is_some_and(|a| a.tracks.iter().any(|t| t.kind == TrackKind::Audio))
    }

    pub(crate) async fn leave(mut self) {
        self.room.close().await;
        self.tasks.shutdown().await;
    }
}

/// What a microphone picks up of somebody who speaks with the voice kal16, and is silent between.
#[derive(Default)]
pub(crate) struct Speech {
    samples: VecDeque<i16>,
}

impl Speech {
    /// Of somebody who says `text` at once.
    pub(crate) fn of(text: &str) -> Self {
        let mut speech = Self::default();
        speech.say(text);
        speech
    }

    /// Says `text` after what is being said.
    pub(crate) fn say(&mut self, text: &str) {
        let spoken = Flite::new().synthesize(text, "kal16", &mut |more| {
            self.samples.extend(more);
            ControlFlow::Continue(())
        });
        spoken.expect("a voice");
    }

    /// The next 20 ms.
    pub(crate) fn frame(&mut self) -> [i16; SAMPLES_PER_FRAME] {
        std::array::from_fn(|_| self.samples.pop_front().unwrap_or_default())
    }
}

async fn read(mut reader: TextStreamReader, tell: mpsc::Sender<(String, bool)>) {
    if reader.info().topic != "lk.transcription" {
        return;
    }
    let mut is_final =
        reader.info().attributes.get("lk.transcription_final").is_some_and(|f| f == "true");
    let mut text = String::new();
    while let Some(Ok(piece)) = reader.next().await {
        text.push_str(&piece);
    }
    if let Some(last) = reader.trailer_attributes().get("lk.transcription_final") {
        is_final = last == "true";
    }
    // The test may be over.
    let _ = tell.send((text, is_final)).await;
}

pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("did not happen: {what}"));
}
