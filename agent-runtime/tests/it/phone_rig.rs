//! A runtime with a telephone, and baresip as the telephone that calls it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use frontdesk::config::{Config, Environment};
use frontdesk::join_token::Join;
use frontdesk::runtime::Runtime;
use frontdesk::signals::Signals;
use frontdesk::supervision::Supervision;
use frontdesk_embedded::testing::{TestLiveKit, test_livekit};
use frontdesk_telephony::Counts;
use frontdesk_tenants::calls::{self, Speaker};
use frontdesk_tenants::demo::seed_demo;
use frontdesk_tenants::overview::{CallSummary, Visit, call_in_room, visits};
use frontdesk_tenants::testing::{RING, TestDb, ring};
use frontdesk_types::{CallId, Clock as _, SystemClock, SystemIds};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::desk::get;

/// Longest that anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

const POLL: Duration = Duration::from_millis(100);

/// The clinic that is called, and its number.
pub(crate) const CLINIC: &str = "nile-heart";
pub(crate) const NUMBER: &str = "+20225550100";

/// A runtime in this process, with a database of its own.
pub(crate) struct Office {
    pub(crate) db: TestDb,
    pub(crate) sip: SocketAddr,
    runtime: Option<Runtime>,
    media: Option<tokio::runtime::Runtime>,
    pub(crate) livekit: TestLiveKit,
    _folder: TempDir,
}

impl Drop for Office {
    fn drop(&mut self) {
        // A runtime may not be dropped where it could block.
        if let Some(media) = self.media.take() {
            media.shutdown_background();
        }
    }
}

impl Office {
    pub(crate) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// With these settings besides.
    pub(crate) async fn open_with(settings: &[(&str, &str)]) -> Self {
        frontdesk::tls::install_provider();
        let db = TestDb::fresh().await;
        let now = SystemClock::new().wall();
        seed_demo(db.db(), &ring(), now, &SystemIds).await.expect("seeded");
        let livekit = test_livekit().await.expect("a livekit-server");
        let folder = tempfile::tempdir().expect("a folder");
        let vars = [
            ("DATABASE_URL", db.url()),
            ("FRONTDESK_DATA_KEYS", RING.to_owned()),
            ("FRONTDESK_DATA_DIR", folder.path().display().to_string()),
            ("FRONTDESK_LISTEN", "127.0.0.1:0".to_owned()),
            ("FRONTDESK_SIP_LISTEN", "127.0.0.1:0".to_owned()),
            ("FRONTDESK_MAX_CALLS", "20".to_owned()),
            ("LIVEKIT_URL", livekit.ws_url().to_owned()),
            ("LIVEKIT_API_KEY", livekit.api_key().to_owned()),
            ("LIVEKIT_API_SECRET", livekit.api_secret().to_owned()),
        ];
        let own = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let vars = vars.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(own);
        let working_dir = folder.path().to_owned();
        let environment = Environment { vars: BTreeMap::from_iter(vars), working_dir, root: false };
        let config = Config::load(&environment).expect("a configuration");
        let media = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("threads");
        let runtime = Runtime::start(&config, media.handle().clone()).await.expect("it starts");
        let sip = runtime.telephone().expect("a telephone").address();
        let runtime = Some(runtime);
        Self { db, sip, runtime, media: Some(media), livekit, _folder: folder }
    }

    /// What supervisors do.
    pub(crate) fn supervision(&self) -> &Supervision {
        self.runtime.as_ref().expect("it runs").supervision()
    }

    /// What a patient's page is given to call by voice.
    pub(crate) async fn starts_a_call(&self) -> Join {
        let address = self.runtime.as_ref().expect("it runs").address();
        let url = format!("http://{address}/api/v1/clinics/{CLINIC}/calls");
        let answer = reqwest::Client::new().post(url).send().await.expect("an answer");
        let body = answer.text().await.expect("a body");
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let text = |key: &str| body[key].as_str().expect("text").to_owned();
        Join {
            url: text("server_url"),
            token: text("participant_token"),
            room: text("room_name"),
            identity: text("participant_identity"),
            agent: None,
        }
    }

    /// What the telephone has at the moment.
    pub(crate) fn counts(&self) -> Counts {
        let runtime = self.runtime.as_ref().expect("it runs");
        runtime.telephone().expect("a telephone").counts()
    }

    /// The runtime's numbers, as it tells them over HTTP.
    pub(crate) async fn metrics(&self) -> String {
        let address = self.runtime.as_ref().expect("it runs").address();
        get(&format!("http://{address}/metrics")).await.1
    }

    pub(crate) async fn close(mut self) {
        let runtime = self.runtime.take().expect("it runs");
        runtime.stop(Signals::silent(), Duration::ZERO).await;
        self.db.check_invariants().await;
    }

    /// The call that was last begun by telephone.
    pub(crate) async fn call(&self) -> Option<CallSummary> {
        let mut tx = self.db.begin(CLINIC).await;
        call_in_room(&mut tx, "telephone").await.expect("the database answers")
    }

    /// What was said, by whom, as it stands in the call's record.
    pub(crate) async fn said(&self, call: CallId) -> Vec<(Speaker, String)> {
        let mut tx = self.db.begin(CLINIC).await;
        let turns = calls::transcript(&mut tx, &ring(), call).await.expect("a transcript");
        turns.into_iter().map(|turn| (turn.speaker, turn.text.expose().clone())).collect()
    }

    /// What the agent has said in the call so far.
    pub(crate) async fn agent(&self, call: CallId) -> Vec<String> {
        let said = self.said(call).await;
        said.into_iter().filter(|(who, _)| *who == Speaker::Agent).map(|(_, text)| text).collect()
    }

    pub(crate) async fn visits(&self) -> Vec<Visit> {
        let mut tx = self.db.begin(CLINIC).await;
        visits(&mut tx, 100).await.expect("the database answers")
    }

    /// Waits until `check` gives something.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        mut check: impl AsyncFnMut() -> Option<T>,
    ) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = check().await {
                return value;
            }
            if Instant::now() > end {
                let said = match self.call().await {
                    Some(call) => self.said(call.id).await,
                    None => Vec::new(),
                };
                panic!("{what} did not happen: {said:#?}");
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// What a caller does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Say(&'static str),
    Press(&'static str),
}

/// A caller with a telephone.
pub(crate) struct Caller {
    child: Child,
    control: OwnedWriteHalf,
    _events: JoinSet<()>,
    folder: TempDir,
    voice: &'static str,
    sentences: u32,
}

impl Caller {
    /// Calls the office's clinic and waits until the call stands.
    pub(crate) async fn dial(office: &Office, laws: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display().to_string();
        let control = free_port();
        let config = format!(
            "poll_method epoll\nsip_listen 127.0.0.1:0\naudio_player sndfile,{path}\n\
             audio_source aufile,{path}/silence.wav\naudio_alert aufile,{path}/none.wav\n\
             snd_path {path}\nmodule_path {}\nmodule g711.so\nmodule aufile.so\n\
             module sndfile.so\nmodule_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\n\
             module_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\n",
            modules().display(),
        );
        let account = format!("<sip:+201001234567@127.0.0.1>;regint=0;audio_codecs={laws}\n");
        for (name, text) in [("config", config), ("accounts", account), ("contacts", String::new())]
        {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        sox(&["-n", "-r", "8000", "-b", "16", &format!("{path}/silence.wav"), "trim", "0", "200"])
            .await;
        let log = std::fs::File::create(folder.path().join("log")).expect("a file");
        let child = Command::new("baresip")
            .args(["-f", &path])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("baresip is missing: run scripts/setup.sh test");
        let end = Instant::now() + PATIENCE;
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", control)).await {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < end, "baresip does not start: {error}"),
            }
            tokio::time::sleep(POLL).await;
        };
        let (mut events, control) = stream.into_split();
        // What baresip tells is read and dropped, so that it is never kept waiting.
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            let mut bytes = [0; 4096];
            while events.read(&mut bytes).await.is_ok_and(|length| length > 0) {}
        });
        let voice = "kal16";
        let mut caller = Self { child, control, _events: reading, folder, voice, sentences: 0 };
        caller.command("dial", &format!("sip:{NUMBER}@{}", office.sip)).await;
        office
            .until("the call stands", async || {
                caller.log().contains("Call established").then_some(())
            })
            .await;
        caller
    }

    /// What baresip wrote.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        // Without the numbers that it writes over one another ten times a second.
        let parts = text.split(['\r', '\n']).filter_map(|line| line.rsplit("(bit/s)").next());
        let parts = parts.map(str::trim).filter(|line| !line.is_empty());
        parts.map(|line| format!("{line}\n")).collect()
    }

    async fn command(&mut self, name: &str, parameter: &str) {
        let json = serde_json::json!({ "command": name, "params": parameter }).to_string();
        let framed = format!("{}:{json},", json.len());
        self.control.write_all(framed.as_bytes()).await.expect("baresip listens");
    }

    pub(crate) async fn act(&mut self, act: Act) {
        match act {
            Act::Say(text) => self.say(text).await,
            Act::Press(keys) => self.press(keys).await,
        }
    }

    /// Says it in flite's voice, and is silent then.
    async fn say(&mut self, text: &str) {
        self.sentences += 1;
        let path = |name: &str| {
            let name = format!("{}-{name}.wav", self.sentences);
            self.folder.path().join(name).display().to_string()
        };
        let (spoken, telephone) = (path("spoken"), path("telephone"));
        let flite = Command::new("flite")
            .args(["-voice", self.voice, "-t", text, "-o", &spoken])
            .status()
            .await;
        assert!(flite.expect("flite runs").success());
        // Longer than any call: baresip hangs up when it is at the end.
        sox(&[&spoken, "-r", "8000", "-b", "16", &telephone, "pad", "0.1", "200"]).await;
        self.command("ausrc", &format!("aufile,{telephone}")).await;
    }

    async fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.command("sndcode", &key.to_string()).await;
            // As fast as a person types: baresip lets a key go when the next one is pressed.
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Holds the call, or takes it up again.
    pub(crate) async fn hold(&mut self, on: bool) {
        self.command(if on { "hold" } else { "resume" }, "").await;
    }

    pub(crate) async fn hang_up(mut self) {
        self.command("hangup", "").await;
        self.command("quit", "").await;
        let ended = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await;
        assert!(ended.is_ok(), "{}", self.log());
    }

    /// What the telephone has played so far.
    pub(crate) fn hears(&self) -> Vec<i16> {
        let recording = std::fs::read_dir(self.folder.path()).expect("the folder").flatten();
        let recording = recording.map(|entry| entry.path()).find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("-dec.wav"))
        });
        let Some(recording) = recording else { return Vec::new() };
        let bytes = std::fs::read(recording).unwrap_or_default();
        let samples = bytes.get(44..).unwrap_or_default();
        samples.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect()
    }

    /// Holds a conversation by `rules` (what the agent asks, words of it parted by `|`, and what to do
    /// then) until `over`. Whoever waits for too long says the last thing again.
    pub(crate) async fn converse(
        &mut self,
        office: &Office,
        call: CallId,
        rules: &[(&str, Act)],
        mut over: impl AsyncFnMut() -> bool,
    ) {
        const SILENT: Duration = Duration::from_secs(25);
        let end = Instant::now() + PATIENCE;
        let (mut heard, mut last, mut since) = (0, None, Instant::now());
        while !over().await {
            assert!(
                Instant::now() < end,
                "the call comes to nothing: {:#?}\n{}",
                office.said(call).await,
                self.log()
            );
            let agent = office.agent(call).await;
            let news = agent.get(heard..).unwrap_or_default().join(" ");
            if !news.is_empty() {
                heard = agent.len();
                let rule = rules.iter().find(|(when, _)| {
                    when.split('|').any(|words| news.to_lowercase().contains(words))
                });
                if let Some((_, act)) = rule {
                    last = Some(*act);
                    since = Instant::now();
                    self.act(*act).await;
                }
            } else if since.elapsed() > SILENT
                && let Some(act) = last
            {
                since = Instant::now();
                self.act(act).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn sox(args: &[&str]) {
    let status = Command::new("sox").args(args).status().await;
    assert!(status.expect("sox runs").success(), "{args:?}");
}

fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    socket.local_addr().expect("an address").port()
}

/// Where the distribution keeps baresip's modules.
fn modules() -> PathBuf {
    let known = ["/usr/lib/baresip/modules", "/usr/lib64/baresip/modules"].map(Path::new);
    let multiarch = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let multiarch = multiarch.map(|entry| entry.path().join("baresip/modules"));
    known
        .into_iter()
        .map(Path::to_owned)
        .chain(multiarch)
        .find(|path| path.is_dir())
        .expect("baresip is missing: run scripts/setup.sh test")
}
