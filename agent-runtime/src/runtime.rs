//! The runtime: its parts in the order in which they start, and their end in reverse.
//!
//! listener → servers → clinics → engines → switchboard → HTTP → worker. Whatever fails, what had
//! been started is stopped again, and the operator reads one line.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use frontdesk_actors::booking::{SlotRegistry, SlotSettings};
use frontdesk_actors::{
    Pacer, RecognitionPool, RecognitionSettings, Records, Services, SpeechPool, Switchboard,
};
use frontdesk_rtc::worker::{WorkerHandle, WorkerStatus};
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_types::{Clock, IdSource, SystemClock, SystemIds};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cli::{Exit, Failure};
use crate::clinics::{self, Clinics};
use crate::config::Config;
use crate::counters;
use crate::desk::Desk;
use crate::engines::Engines;
use crate::http::{self, Sample, Service};
use crate::scenario::host::{Announced, RuntimeFile};
use crate::scenario::line::Exchange;
use crate::scenario::place::Outside;
use crate::scenario::speech::Listener;
use crate::servers::{DatabaseAccess, LiveKitAccess, Servers};
use crate::signals::{Asked, Signals};
use crate::token::{Join, TokenError, TokenRequest, TokenSigner};
use crate::worker::{Rooms, Worker};

/// How long the HTTP listener may take to answer what it has begun to answer.
const HTTP_PATIENCE: Duration = Duration::from_secs(2);

/// A runtime that serves.
pub struct Runtime {
    parts: Parts,
    servers: Servers,
    address: SocketAddr,
    drain_timeout: Duration,
    /// Tells `call` and `chat` where this runtime is; gone with it.
    _announced: Announced,
}

/// What runs inside this process.
struct Parts {
    shared: Arc<Shared>,
    worker: Worker,
    http: HttpServer,
}

/// What the HTTP handlers and the demo call see.
pub struct Shared {
    switchboard: Switchboard,
    clinics: Clinics,
    worker: OnceLock<WorkerHandle>,
    agent_name: String,
    tokens: TokenSigner,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Shared {
    /// What a scenario's call to this runtime needs: the demo calls.
    #[must_use]
    pub fn outside(&self, ring: KeyRing) -> Outside {
        let TokenSigner { url, key, agent_name } = self.tokens.clone();
        Outside {
            exchange: Exchange { url, key, agent_name },
            database: self.clinics.database().clone(),
            ring: Arc::new(ring),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            listener: Listener::default(),
        }
    }
}

impl Service for Shared {
    fn worker(&self) -> WorkerStatus {
        let mut status = self.worker.get().map(WorkerHandle::status).unwrap_or_default();
        status.agent_name.clone_from(&self.agent_name);
        // The switchboard may refuse calls before the worker does.
        status.draining |= self.switchboard.counters().draining;
        status.load = self.switchboard.load();
        status
    }

    async fn database(&self) -> Result<(), String> {
        self.clinics.answers().await
    }

    fn samples(&self) -> Vec<Sample> {
        counters::samples(&self.switchboard.counters(), &self.worker())
    }

    fn join(&self, request: &TokenRequest) -> Result<Join, TokenError> {
        self.tokens.join(request, self.ids.as_ref())
    }
}

impl Runtime {
    /// Starts everything in order. `media` is the Tokio runtime of the rooms' sockets.
    ///
    /// # Errors
    /// [`Failure`] with one line; then nothing of it runs any more.
    pub async fn start(config: &Config, media: tokio::runtime::Handle) -> Result<Self, Failure> {
        // First, because it costs nothing: a taken port starts no server.
        let listener = TcpListener::bind(config.listen).await.map_err(|error| {
            let address = config.listen;
            Failure::new(
                Exit::Unavailable,
                format!(
                    "cannot listen on {address}: {error}; stop what listens there, or set \
                     FRONTDESK_LISTEN to another address"
                ),
            )
        })?;
        let address = listener.local_addr().unwrap_or(config.listen);
        let servers =
            Servers::start(config).await.map_err(|e| Failure::new(Exit::Unavailable, e))?;
        match Parts::start(config, &servers, listener, media).await {
            Ok(parts) => match announce(config, &servers, address) {
                Ok(announced) => Ok(Self {
                    parts,
                    servers,
                    address,
                    drain_timeout: config.drain_timeout,
                    _announced: announced,
                }),
                Err(failure) => {
                    parts.stop().await;
                    servers.stop().await;
                    Err(failure)
                }
            },
            Err(failure) => {
                servers.stop().await;
                Err(failure)
            }
        }
    }

    /// The address that HTTP is served on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the HTTP handlers see.
    #[must_use]
    pub const fn shared(&self) -> &Arc<Shared> {
        &self.parts.shared
    }

    /// Serves until the operator asks to stop, or a server that it needs is gone; then drains and
    /// stops everything.
    pub async fn serve(self, mut signals: Signals) -> Result<Exit, Failure> {
        let died = tokio::select! {
            () = signals.wait_for(Asked::Drain) => None,
            line = self.servers.died() => Some(line),
        };
        // Without its servers no call can end well: do not wait for them.
        let patience = if died.is_some() { Duration::ZERO } else { self.drain_timeout };
        let forced = self.stop(signals, patience).await;
        match died {
            Some(line) => Err(Failure::new(Exit::Unavailable, line)),
            None if forced => Ok(Exit::Forced),
            None => Ok(Exit::Done),
        }
    }

    /// Drains for at most `patience`, or until a second signal, and stops everything. Returns
    /// whether calls were cut by a signal.
    pub async fn stop(self, mut signals: Signals, patience: Duration) -> bool {
        let switchboard = &self.parts.shared.switchboard;
        let calls = switchboard.live_calls();
        if calls > 0 {
            tracing::info!(calls, patience_s = patience.as_secs(), "draining");
        }
        self.parts.worker.drain().await;
        let forced = tokio::select! {
            () = switchboard.drain(patience) => false,
            () = signals.wait_for(Asked::Stop) => true,
        };
        if forced {
            tracing::warn!(calls = switchboard.live_calls(), "cutting calls");
            switchboard.drain(Duration::ZERO).await;
        }
        self.parts.stop().await;
        self.servers.stop().await;
        tracing::info!("stopped");
        forced
    }
}

impl Parts {
    async fn start(
        config: &Config,
        servers: &Servers,
        listener: TcpListener,
        media: tokio::runtime::Handle,
    ) -> Result<Self, Failure> {
        let unavailable = |e: &dyn std::fmt::Display| Failure::new(Exit::Unavailable, e);
        let clinics = Clinics::open(&servers.database).await.map_err(|e| unavailable(&e))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
        let keys = clinics::data_keys(config).map_err(|e| unavailable(&e))?;
        if let (DatabaseAccess::Embedded { .. }, Some(keys)) = (&servers.database, &keys) {
            let seeded = clinics.seed_demo(keys, clock.wall(), ids.as_ref()).await;
            let clinics = seeded.map_err(|e| unavailable(&e))?;
            tracing::info!(clinics, "demo clinics are there");
        }
        let (voice, calls) = (config.voice.clone(), config.max_calls);
        let instant = config.profile.engines();
        let load = move || instant.map_or_else(|| Engines::load(&voice, calls), Ok);
        let engines = match tokio::task::spawn_blocking(load).await {
            Ok(engines) => engines.map_err(|e| unavailable(&e))?,
            Err(error) => return Err(unavailable(&error)),
        };
        if keys.is_none() {
            tracing::warn!("no records of calls are kept: FRONTDESK_DATA_KEYS is not set");
        }
        let records = keys.map(|keys| Records { keys, worker: format!("worker-{}", ids.uuid()) });
        let slots = SlotRegistry::start(
            clinics.database().clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
            SlotSettings::default(),
        )
        .await
        .map_err(|e| unavailable(&e))?;
        let parts = (engines, records, slots);
        let services =
            services(config, &clinics, parts, &clock, &ids).map_err(|e| unavailable(&e))?;
        let switchboard =
            Switchboard::start(services, config.max_calls).await.map_err(|e| unavailable(&e))?;
        let own = (Arc::clone(&clock), Arc::clone(&ids));
        let desk = Arc::new(Desk::new(config, switchboard.clone(), clinics.clone(), own.0, own.1));
        let rooms = Rooms { media, clock: Arc::clone(&clock) };
        let shared = Arc::new(Shared {
            switchboard,
            clinics,
            worker: OnceLock::new(),
            agent_name: config.agent_name.clone(),
            tokens: signer(&servers.livekit, config),
            clock,
            ids,
        });
        let http = HttpServer::start(listener, Arc::clone(&shared), config.dev);
        match Worker::start(config, &servers.livekit, desk, rooms).await {
            Ok(worker) => {
                let _ = shared.worker.set(worker.handle().clone());
                Ok(Self { shared, worker, http })
            }
            Err(error) => {
                http.stop().await;
                shared.switchboard.stop().await;
                shared.clinics.close().await;
                Err(unavailable(&format_args!("LIVEKIT_URL {}: {error}", servers.livekit.url)))
            }
        }
    }

    async fn stop(self) {
        self.worker.close().await;
        self.shared.switchboard.stop().await;
        self.http.stop().await;
        self.shared.clinics.close().await;
    }
}

/// Leaves word in the data folder of where this runtime is.
fn announce(config: &Config, servers: &Servers, address: SocketAddr) -> Result<Announced, Failure> {
    let (DatabaseAccess::Embedded { app, .. } | DatabaseAccess::External { app, .. }) =
        &servers.database;
    let file = RuntimeFile {
        pid: std::process::id(),
        http: address,
        database_url: app.reveal().to_owned(),
        allow_call_clock: config.allow_call_clock,
    };
    file.announce(&config.data_dir).map_err(|error| Failure::new(Exit::Unavailable, error))
}

fn signer(livekit: &LiveKitAccess, config: &Config) -> TokenSigner {
    TokenSigner {
        url: livekit.url.clone(),
        key: livekit.key.clone(),
        agent_name: config.agent_name.clone(),
    }
}

fn services(
    config: &Config,
    clinics: &Clinics,
    (engines, records, slots): (Engines, Option<Records>, SlotRegistry),
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> std::io::Result<Arc<Services>> {
    // Speaking and recognizing compute; more threads than cores would only take turns.
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let recognition = RecognitionSettings { threads: cores, recognizers: config.max_calls };
    Ok(Arc::new(Services {
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        database: clinics.database().clone(),
        slots,
        records,
        pacer: Pacer::start(Arc::clone(clock))?,
        speech: SpeechPool::start(cores, Arc::clone(clock), engines.tts)?,
        recognition: RecognitionPool::start(recognition, Arc::clone(clock), engines.stt)?,
        vad: engines.vad,
        dialogue: config.profile.dialogue(),
        settings: config.profile.settings(&config.voice),
    }))
}

/// The HTTP listener while it serves.
struct HttpServer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl HttpServer {
    fn start(listener: TcpListener, shared: Arc<Shared>, dev: bool) -> Self {
        let (stop, stopped) = oneshot::channel();
        let router = http::router(shared, dev);
        let task = tokio::spawn(async move {
            let serve = axum::serve(listener, router).with_graceful_shutdown(async {
                // A sender that is gone means the same.
                let _ = stopped.await;
            });
            if let Err(error) = serve.await {
                tracing::error!(%error, "http listener failed");
            }
        });
        Self { stop, task }
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        let abort = self.task.abort_handle();
        if tokio::time::timeout(HTTP_PATIENCE, self.task).await.is_err() {
            // A client that keeps its connection open does not keep the process alive.
            abort.abort();
        }
    }
}
