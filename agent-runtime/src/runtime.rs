//! The runtime: its parts in the order in which they start, and their end in reverse.
//!
//! listener → servers → clinics → engines → switchboard → HTTP → telephone → worker. Whatever fails, what had
//! been started is stopped again, and the operator reads one line.

mod http_server;
mod services;
mod shared;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use frontdesk_actors::booking::{SlotRegistry, SlotSettings};
use frontdesk_actors::jobs::{JOBS, Jobs};
use frontdesk_actors::{LeaseKeeper, Records, Switchboard, Tools};
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_telephony::Telephone;
use frontdesk_types::{Clock, IdSource, SystemClock, SystemIds};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::http_server::HttpServer;
use self::services::services;
use self::shared::Shared;
use crate::announce::{AnnounceError, Announced, Announcement};
use crate::clinics::{self, Clinics};
use crate::config::Config;
use crate::data_keys::{access_keys, data_keys};
use crate::demo_supervisor::{DemoSupervisor, demo_supervisor};
use crate::documents::{self, Documents};
use crate::engines::{self, Engines};
use crate::free_speech::calls_with;
use crate::http;
use crate::intake::Intake;
use crate::jobs::{Around, job_services};
use crate::join_token::TokenSigner;
use crate::livekit_worker::{Rooms, Worker};
use crate::mail;
use crate::own_agent::OwnAgent;
use crate::phone;
use crate::readiness::Readiness;
use crate::recovery::Recovery;
use crate::rejoin_proof::RejoinProofs;
use crate::servers::{DatabaseAccess, LiveKitAccess, Servers};
use crate::signals::{Asked, Signals};
use crate::supervision::Supervision;
use crate::unanswered::Unanswered;
use crate::weights;

pub use crate::start_error::StartError;

/// A server that the runtime needs is gone: one line that names its log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ServerDied(String);

/// How a runtime that served was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its calls had ended.
    Drained,
    /// Some of them had had the time that they may take: their callers were told.
    CutShort,
    /// A second signal cut its calls.
    Forced,
    /// Too many of its native threads hung: its callers were told that their call ends.
    WornOut,
}

/// How long calls may go on in a process that is worn out: those under way may still be served well.
const WORN_OUT_PATIENCE: Duration = Duration::from_secs(20);

/// A runtime that serves.
pub struct Runtime {
    parts: Parts,
    servers: Servers,
    address: SocketAddr,
    config: Config,
    /// Tells the tools where this runtime is, if that is asked for; gone with it.
    _announced: Option<Announced>,
}

/// Why a runtime stops serving.
enum Why {
    Asked,
    /// A server did, with what to tell of it.
    Died(String),
    WornOut,
}

/// What runs inside this process.
struct Parts {
    shared: Arc<Shared>,
    worker: Worker,
    telephone: Option<Telephone>,
    http: HttpServer,
    /// Whom the console can be tried as.
    demo: Option<DemoSupervisor>,
    documents: Documents,
    jobs: Jobs,
    /// Looks through the rooms for supervisors who should not be there.
    reconciling: JoinHandle<()>,
    /// Goes on with the calls of runtimes that are gone.
    recovering: JoinHandle<()>,
    /// Keeps the lease on the calls, where records of them are kept.
    lease: Option<LeaseKeeper>,
}

impl Runtime {
    /// Starts everything in order. `media` is the Tokio runtime of the rooms' sockets.
    ///
    /// # Errors
    /// [`StartError`]; then nothing of it runs any more.
    pub async fn start(config: &Config, media: tokio::runtime::Handle) -> Result<Self, StartError> {
        Self::start_with(config, None, media).await
    }

    /// The same with an agent of one's own in place of the built-in front desk.
    ///
    /// # Errors
    /// As [`Runtime::start`].
    pub async fn start_with(
        config: &Config,
        agent: Option<OwnAgent>,
        media: tokio::runtime::Handle,
    ) -> Result<Self, StartError> {
        // First, because they cost nothing: a missing folder or a taken port starts no server.
        documents::check(config.documents.folder.as_deref())?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|reason| StartError::Listen { address: config.listen, reason })?;
        let address = listener.local_addr().unwrap_or(config.listen);
        // No server of ours is started for a database that is not there.
        clinics::reach(&config.database).await?;
        let servers = Servers::start(config).await?;
        match Parts::start(config, agent, &servers, listener, media).await {
            Ok(parts) => match announce(config, address) {
                Ok(announced) => Ok(Self {
                    parts,
                    servers,
                    address,
                    config: config.clone(),
                    _announced: announced,
                }),
                Err(error) => {
                    parts.stop().await;
                    servers.stop().await;
                    Err(error.into())
                }
            },
            Err(error) => {
                servers.stop().await;
                Err(error)
            }
        }
    }

    /// The address that HTTP is served on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What supervisors at their consoles do with its calls.
    #[must_use]
    pub fn supervision(&self) -> &Supervision {
        &self.parts.shared.supervision
    }

    /// The telephone, if there is one.
    #[must_use]
    pub const fn telephone(&self) -> Option<&Telephone> {
        self.parts.telephone.as_ref()
    }

    /// Who the demo clinic's console can be entered as, if there is one.
    #[must_use]
    pub const fn demo_supervisor(&self) -> Option<&DemoSupervisor> {
        self.parts.demo.as_ref()
    }

    /// The number of the clinic that is called where nothing else is said, if it can be dialled.
    pub async fn number(&self) -> Option<String> {
        self.parts.shared.clinics.number_of(self.config.default_clinic.as_deref()).await
    }

    /// Serves until the operator asks to stop, a server that it needs cannot be kept alive, or it is
    /// worn out; then drains and stops everything.
    ///
    /// # Errors
    /// [`ServerDied`] if that is why it ended.
    pub async fn serve(mut self, mut signals: Signals) -> Result<Ended, ServerDied> {
        let switchboard = self.parts.shared.switchboard.clone();
        let drain = self.config.drain_timeout;
        let why = tokio::select! {
            () = signals.wait_for(Asked::Drain) => Why::Asked,
            line = self.servers.keep_alive(&self.config) => Why::Died(line),
            () = switchboard.worn_out() => Why::WornOut,
        };
        let patience = match why {
            Why::Asked => drain,
            // Without its servers no call can end well: they are only told.
            Why::Died(_) => Duration::ZERO,
            Why::WornOut => drain.min(WORN_OUT_PATIENCE),
        };
        let ended = self.stop(signals, patience).await;
        match why {
            Why::Asked => Ok(ended),
            Why::Died(line) => Err(ServerDied(line)),
            Why::WornOut => Ok(Ended::WornOut),
        }
    }

    /// Drains for at most `patience`, or until a second signal, and stops everything.
    pub async fn stop(self, mut signals: Signals, patience: Duration) -> Ended {
        let switchboard = &self.parts.shared.switchboard;
        let calls = switchboard.live_calls();
        if calls > 0 {
            tracing::info!(calls, patience_s = patience.as_secs(), "draining");
        }
        self.parts.worker.drain().await;
        if let Some(telephone) = &self.parts.telephone {
            telephone.drain();
        }
        let ended = tokio::select! {
            cut = switchboard.drain(patience) => match cut {
                0 => Ended::Drained,
                _ => Ended::CutShort,
            },
            () = signals.wait_for(Asked::Stop) => Ended::Forced,
        };
        if ended == Ended::Forced {
            tracing::warn!(calls = switchboard.live_calls(), "cutting calls");
            switchboard.cut().await;
        }
        self.parts.stop().await;
        self.servers.stop().await;
        tracing::info!("stopped");
        ended
    }
}

impl Parts {
    async fn start(
        config: &Config,
        agent: Option<OwnAgent>,
        servers: &Servers,
        listener: TcpListener,
        media: tokio::runtime::Handle,
    ) -> Result<Self, StartError> {
        let clinics = Clinics::open(&servers.database).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
        let keys = data_keys(config, clinics.database()).await?;
        if let (DatabaseAccess::Embedded { .. }, Some(keys)) = (&servers.database, &keys) {
            let clinics = clinics.seed_demo(keys, clock.wall(), ids.as_ref()).await?;
            tracing::info!(clinics, "demo clinics are there");
        }
        let access = access_keys(config)?;
        if access.is_none() {
            tracing::warn!("nobody can sign in to the console: FRONTDESK_JWT_KEYS is not set");
        }
        let demo = match servers.database {
            DatabaseAccess::Embedded { .. } => {
                demo_supervisor(&config.data_dir, &clinics, clock.wall(), ids.as_ref()).await
            }
            DatabaseAccess::External { .. } => None,
        };
        let (voice, calls) = (config.voice.clone(), config.max_calls);
        let weights = weights::folder(&config.data_dir);
        let instant = config.profile.engines();
        let load = move || instant.map_or_else(|| Engines::load(&voice, &weights, calls), Ok);
        let engines = match tokio::task::spawn_blocking(load).await {
            Ok(engines) => engines?,
            Err(error) => return Err(StartError::parts(error)),
        };
        if keys.is_none() {
            tracing::warn!("no records of calls are kept: FRONTDESK_DATA_KEYS is not set");
        }
        let keys = keys.map(Arc::new);
        let process = format!("worker-{}", ids.uuid());
        let around = Around {
            keys: keys.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            runner: process.clone(),
            sender: mail::sender(config)?,
            folder: matches!(servers.database, DatabaseAccess::Embedded { .. })
                .then(|| config.data_dir.clone()),
        };
        let mut job_services = job_services(&servers.database, clinics.database(), around).await?;
        let lease = keys.as_ref().map(|_| {
            LeaseKeeper::start(clinics.database().clone(), process.clone(), Arc::clone(&clock))
        });
        let ring = keys.clone();
        let records = keys.zip(lease.as_ref()).map(|(keys, keeper)| Records {
            keys,
            worker: process,
            lease: keeper.lease(),
        });
        let slots = SlotRegistry::start(
            clinics.database().clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
            SlotSettings::default(),
        )
        .await
        .map_err(StartError::parts)?;
        let api_options = http::api::Options { slots: slots.clone(), records: ring };
        let model = engines::model(config.model.as_ref())?;
        let (tools, dialogue) = match agent {
            Some(agent) => (agent.tools.clone(), agent.factory(model.is_some())),
            None => {
                let usual = config.profile.dialogue(config.dialogue, model.is_some());
                (Tools::built_in(), usual)
            }
        };
        let (documents, meaning) = Documents::start(&config.documents, clinics.database(), &ids)?;
        let tools = tools.with_meaning(meaning);
        let clinics = clinics.with_tools(Arc::clone(tools.toolbox()));
        let max_calls = match &engines.free {
            Some(free) if !config.max_calls_set => calls_with(free.cost),
            _ => config.max_calls,
        };
        let parts = (engines, model, records, slots, (tools, dialogue));
        let services =
            services(config, &clinics, parts, &clock, &ids).map_err(StartError::parts)?;
        let switchboard =
            Switchboard::start(services, max_calls).await.map_err(StartError::parts)?;
        let server = Arc::new(ServerApi::new(&servers.livekit.url, &servers.livekit.key));
        let rooms = Rooms {
            media: media.clone(),
            clock: Arc::clone(&clock),
            server: Arc::clone(&server),
            proofs: RejoinProofs::new(&servers.livekit.key),
        };
        let intake = Arc::new(Intake::new(
            config,
            switchboard.clone(),
            clinics.clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
        ));
        let recovery = Recovery {
            switchboard: switchboard.clone(),
            clinics: clinics.clone(),
            worker: job_services.worker.clone(),
            rooms: rooms.clone(),
            livekit: servers.livekit.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        };
        job_services.rooms = Some(Arc::new(Unanswered {
            switchboard: switchboard.clone(),
            clinics: clinics.clone(),
            server: Arc::clone(&server),
            agent_name: config.agent_name.clone(),
            default_clinic: config.default_clinic.clone(),
            clock: Arc::clone(&clock),
            answered: Mutex::default(),
        }));
        let tokens = signer(&servers.livekit, config);
        let supervision = Supervision::new(
            switchboard.clone(),
            Arc::clone(&server),
            tokens.clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
        );
        let shared = Arc::new(Shared {
            switchboard,
            clinics,
            worker: OnceLock::new(),
            agent_name: config.agent_name.clone(),
            tokens,
            rooms: server,
            supervision,
            ids,
            jobs: OnceLock::new(),
            readiness: Readiness::new(servers.database_dir().map(Path::to_owned)),
            clock: Arc::clone(&clock),
        });
        let desk = http::Desk {
            auth: http::auth::Options {
                database: shared.clinics.database().clone(),
                keys: access,
                clock: Arc::clone(&clock),
                ids: Arc::clone(&shared.ids),
                trusted_proxies: config.trusted_proxies.clone(),
            },
            supervision: shared.supervision.clone(),
            api: api_options,
        };
        let options = http::Options {
            clock,
            calls_per_minute: config.calls_per_minute,
            trusted_proxies: config.trusted_proxies.clone(),
            key: servers.livekit.key.clone(),
            livekit_url: shared.tokens.url.clone(),
            default_clinic: config.default_clinic.clone(),
        };
        let http = HttpServer::start(listener, Arc::clone(&shared), options, desk);
        let begun = async {
            let telephone = match &config.sip {
                Some(sip) => Some(phone::start(sip, Arc::clone(&intake), media).await?),
                None => None,
            };
            match Worker::start(config, &servers.livekit, intake, rooms).await {
                Ok(worker) => Ok((telephone, worker)),
                Err(error) => {
                    if let Some(telephone) = telephone {
                        telephone.close().await;
                    }
                    Err(StartError::Worker { url: servers.livekit.url.clone(), error })
                }
            }
        };
        match begun.await {
            Ok((telephone, worker)) => {
                let _ = shared.worker.set(worker.handle().clone());
                let reconciling = shared.supervision.start();
                let jobs = Jobs::start(job_services, JOBS);
                let _ = shared.jobs.set(jobs.watch());
                let recovering = recovery.start();
                Ok(Self {
                    shared,
                    worker,
                    telephone,
                    http,
                    demo,
                    documents,
                    jobs,
                    reconciling,
                    recovering,
                    lease,
                })
            }
            Err(error) => {
                http.stop().await;
                shared.switchboard.stop().await;
                shared.clinics.close().await;
                Err(error)
            }
        }
    }

    async fn stop(self) {
        self.recovering.abort();
        self.worker.close().await;
        self.reconciling.abort();
        self.shared.switchboard.stop().await;
        // After the calls, whose lines it carries.
        if let Some(telephone) = self.telephone {
            telephone.close().await;
        }
        self.http.stop().await;
        self.documents.stop().await;
        self.jobs.stop().await;
        if let Some(lease) = self.lease {
            lease.stop().await;
        }
        self.shared.clinics.close().await;
    }
}

/// Leaves word in the data folder of where this runtime is, if that is asked for.
fn announce(config: &Config, address: SocketAddr) -> Result<Option<Announced>, AnnounceError> {
    if !config.announce {
        return Ok(None);
    }
    let announcement = Announcement {
        pid: std::process::id(),
        http: address,
        allow_call_clock: config.allow_call_clock,
        agent_name: config.agent_name.clone(),
    };
    announcement.write(&config.data_dir).map(Some)
}

fn signer(livekit: &LiveKitAccess, config: &Config) -> TokenSigner {
    TokenSigner {
        url: config.livekit_public_url.clone().unwrap_or_else(|| livekit.url.clone()),
        key: livekit.key.clone(),
        agent_name: config.agent_name.clone(),
    }
}
