//! The embedded livekit-server.

mod config;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::{EmbeddedError, IoContext};
use crate::folder::{self, Lock};
use crate::listening::listens;
use crate::logfile::LogFile;
use crate::process::{self, ProcessId};
use crate::program;
use crate::server::{Kind, Server, from_pid_file, still_serves, stop_process};
pub use config::Ports;
use config::{Bound, Keys, yaml};

const KIND: Kind = Kind {
    name: "livekit-server",
    on_drop: Signal::KILL,
    // The first signal waits for the participants to leave, the second does not. The server
    // forgets one that comes in the first 100 ms after it began to answer.
    stop: &[
        (Signal::TERM, Duration::from_millis(150)),
        (Signal::TERM, Duration::from_secs(7)),
        (Signal::KILL, Duration::from_secs(5)),
    ],
};

/// How often another pair of free ports is tried when somebody was faster.
const PORT_ATTEMPTS: u32 = 5;

const REMEDY: &str = "run `make run` once, or `go install \
                      github.com/livekit/livekit-server/cmd/server@v1.11.0` and set \
                      LIVEKIT_SERVER_BIN to the program";

/// How to run the embedded livekit-server.
#[derive(Debug, Clone)]
pub struct LiveKitOptions {
    /// The data folder; made if absent. Keys, ports, generated configuration, lock and log are in
    /// it.
    pub data_dir: PathBuf,
    /// The program; if `None` it is looked for under the name `livekit-server` in
    /// [`LiveKitOptions::tool_dirs`], then in `PATH`.
    pub program: Option<PathBuf>,
    /// Folders to look in before `PATH`: the project's tools, `~/.local/bin`, `~/go/bin`.
    pub tool_dirs: Vec<PathBuf>,
    /// Which ports to use.
    pub ports: Ports,
    /// How long it may take to answer while it runs. One that ends is not waited for.
    pub start_timeout: Duration,
}

impl LiveKitOptions {
    /// The defaults for a data folder.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            program: None,
            tool_dirs: Vec::new(),
            ports: Ports::Auto,
            start_timeout: Duration::from_secs(300),
        }
    }

    fn find_program(&self) -> Result<PathBuf, EmbeddedError> {
        let absent =
            |looked| EmbeddedError::NotFound { program: "livekit-server", looked, remedy: REMEDY };
        if let Some(program) = &self.program {
            return if program::is_executable(program) {
                absolute(program)
            } else {
                Err(absent(format!("{} (LIVEKIT_SERVER_BIN)", program.display())))
            };
        }
        let candidates = self.tool_dirs.iter().cloned().chain(program::path_folders());
        let found = candidates
            .map(|dir| dir.join("livekit-server"))
            .find(|program| program::is_executable(program))
            .ok_or_else(|| {
                let dirs: Vec<_> =
                    self.tool_dirs.iter().map(|dir| dir.display().to_string()).collect();
                absent([dirs.join(", "), "PATH".to_owned()].join(" and "))
            })?;
        absolute(&found)
    }
}

/// The server is started in its data folder: a path relative to ours would mean another file there.
fn absolute(program: &Path) -> Result<PathBuf, EmbeddedError> {
    std::path::absolute(program).at("find the whole path of", program)
}

/// A running livekit-server. [`LiveKit::stop`] ends it in order; dropping the value kills it, which
/// loses nothing but the connections.
#[derive(Debug)]
pub struct LiveKit {
    server: Server,
    ports: Bound,
    keys: Keys,
    _lock: Lock,
}

impl LiveKit {
    /// Starts livekit-server with the keys of the data folder, or adopts the one that a killed
    /// runtime left behind. Comes back when it answers.
    ///
    /// # Errors
    /// [`EmbeddedError`], one line each: not installed, folder in use, port taken, no permission,
    /// disk full, ended or silent.
    pub async fn start(options: LiveKitOptions) -> Result<Self, EmbeddedError> {
        let data_dir = folder::make(&options.data_dir)?;
        let lock = Lock::take(&data_dir, "livekit.lock")?;
        let program = options.find_program()?;
        let keys = Keys::of(&data_dir)?;
        let files = Files::of(&data_dir)?;
        let last = files.last_ports()?;

        for left in files.left_behind() {
            let fits = match (options.ports, last) {
                (Ports::Auto, Some(_)) => true,
                (Ports::Fixed { http, udp }, Some(last)) => last == Bound { http, udp },
                _ => false,
            };
            // Same program, same configuration: else it is not the server that we would start.
            let as_ours = fits
                && left.arguments() == files.arguments(&program)
                && last.is_some_and(|last| files.config_is(&yaml(&keys, last)));
            if let Some(ports) = last
                && as_ours
                && still_serves(left, || answers(ports.http)).await
            {
                tracing::info!(
                    pid = left.pid,
                    port = ports.http,
                    "adopted the livekit-server \
                     left by an earlier run"
                );
                let server =
                    Server::adopt(KIND, left, &data_dir, files.log.clone(), files.pid_file())?;
                return Ok(Self { server, ports, keys, _lock: lock });
            }
            tracing::info!(pid = left.pid, "stopping the livekit-server left by an earlier run");
            stop_process(KIND, left).await?;
        }

        let mut attempt = 0;
        loop {
            attempt += 1;
            let ports = Bound::choose(options.ports, last)?;
            folder::write_private(&files.config, &yaml(&keys, ports))?;
            files.remember_ports(ports)?;
            let mut command = program::command(&program);
            command.args(&files.arguments(&program)[1..]).current_dir(&data_dir);
            let server =
                Server::spawn(KIND, command, &data_dir, files.log.clone(), files.pid_file())?;
            let pid = server.process.pid;
            // Another's server may have taken the port a moment earlier, and answers there.
            let ours = || async move { answers(ports.http).await && listens(pid, ports.http) };
            match server.ready(options.start_timeout, ours).await {
                Ok(()) => {
                    tracing::info!(
                        pid = server.process.pid,
                        port = ports.http,
                        udp_port = ports.udp,
                        "livekit-server started"
                    );
                    return Ok(Self { server, ports, keys, _lock: lock });
                }
                // Somebody took the port between the choice and the server's bind.
                Err(EmbeddedError::Exited { .. })
                    if server.logged().contains("address already in use") =>
                {
                    let _ = server.stop().await;
                    if attempt == PORT_ATTEMPTS || matches!(options.ports, Ports::Fixed { .. }) {
                        return Err(EmbeddedError::PortTaken {
                            address: std::net::Ipv4Addr::LOCALHOST.into(),
                            port: ports.http,
                            purpose: "LiveKit",
                        });
                    }
                }
                Err(error) => {
                    let _ = server.stop().await;
                    return Err(error);
                }
            }
        }
    }

    /// Where clients and workers connect, `ws://127.0.0.1:port`.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.ports.http)
    }

    /// The API key.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.keys.api_key
    }

    /// The API secret. It signs tokens: never log it.
    #[must_use]
    pub fn api_secret(&self) -> &str {
        &self.keys.api_secret
    }

    /// The ports in use, as something to ask for again.
    #[must_use]
    pub fn ports(&self) -> Ports {
        Ports::Fixed { http: self.ports.http, udp: self.ports.udp }
    }

    /// Its process.
    #[must_use]
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Whether it answers right now.
    pub async fn answers(&self) -> bool {
        answers(self.ports.http).await
    }

    /// Stops the server; participants are disconnected.
    ///
    /// # Errors
    /// [`EmbeddedError::NotStopped`] if nothing ends it.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        self.server.stop().await
    }

    /// Kills the server at once, as a crash would, and waits until it is gone.
    ///
    /// # Errors
    /// [`EmbeddedError::NotStopped`] if it does not go.
    pub async fn kill(self) -> Result<(), EmbeddedError> {
        self.server.kill();
        self.server.stop().await
    }
}

/// The files of a livekit-server in the data folder.
#[derive(Debug)]
struct Files {
    dir: PathBuf,
    config: PathBuf,
    log: LogFile,
}

impl Files {
    fn of(data_dir: &Path) -> Result<Self, EmbeddedError> {
        Ok(Self {
            dir: data_dir.to_owned(),
            config: data_dir.join("livekit.yaml"),
            log: LogFile::new(data_dir, "livekit.log")?,
        })
    }

    fn pid_file(&self) -> PathBuf {
        self.dir.join("livekit.pid")
    }

    fn arguments(&self, program: &Path) -> [String; 3] {
        [
            program.to_string_lossy().into_owned(),
            "--config".to_owned(),
            self.config.to_string_lossy().into_owned(),
        ]
    }

    fn config_is(&self, yaml: &str) -> bool {
        std::fs::read_to_string(&self.config).is_ok_and(|text| text == yaml)
    }

    fn last_ports(&self) -> Result<Option<Bound>, EmbeddedError> {
        let text = folder::read_if_present(&self.dir.join("livekit-ports.json"))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    fn remember_ports(&self, ports: Bound) -> Result<(), EmbeddedError> {
        let text = serde_json::to_string(&ports).unwrap_or_default();
        folder::write_private(&self.dir.join("livekit-ports.json"), &text)
    }

    /// Processes of an earlier run: by the pid file, and by their arguments in case the runtime was
    /// killed before it wrote the file.
    fn left_behind(&self) -> Vec<ProcessId> {
        let config = self.config.to_string_lossy();
        let mut left = process::find(|arguments| {
            arguments.get(1).is_some_and(|argument| argument == "--config")
                && arguments.get(2).is_some_and(|argument| *argument == config)
        });
        if let Some(known) = from_pid_file(&self.pid_file()) {
            left.retain(|process| *process != known);
            left.insert(0, known);
        }
        left
    }
}

/// `GET /` is answered 200 as soon as the server's node is up.
async fn answers(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer.ends_with(b" 200"))
    };
    tokio::time::timeout(Duration::from_secs(30), ask)
        .await
        .is_ok_and(|answer| answer.is_ok_and(|ok| ok))
}
