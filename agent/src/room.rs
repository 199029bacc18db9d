//! An agent with Frontdesk's runtime: it answers the calls of LiveKit rooms and of telephones.

use std::io::Write;
use std::sync::Arc;

use frontdesk::config::{Config, Environment};
use frontdesk::own_agent::OwnAgent;
use frontdesk::runtime::{Ended, Runtime};
use frontdesk::signals::Signals;
use frontdesk::{panics, telemetry, tls};

use crate::agent::{self, Agent};

/// Threads that do nothing but move packets.
const MEDIA_THREADS: usize = 2;

/// Serves until the process is told to stop. Configured as `frontdesk serve` is, by environment and
/// `frontdesk.toml`, but dispatched by the agent's own name.
pub(crate) fn serve<A: Agent>() -> Result<(), String> {
    panics::keep_data_in();
    tls::install_provider();
    let mut config = Config::load(&Environment::of_process()).map_err(|e| e.to_string())?;
    A::NAME.clone_into(&mut config.agent_name);
    telemetry::init(&config.log, None).map_err(|e| e.to_string())?;
    let agent = OwnAgent {
        tools: agent::tools::<A>().map_err(|e| e.to_string())?,
        dialogue: Arc::new(agent::dialogue::<A>),
    };
    let threads = |count: Option<usize>, name: &str| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        if let Some(count) = count {
            builder.worker_threads(count);
        }
        builder.enable_all().thread_name(name).build().map_err(|e| format!("no threads: {e}"))
    };
    let media = threads(Some(MEDIA_THREADS), "media")?;
    let main = threads(None, "main")?;
    let served = main.block_on(async {
        let signals = Signals::of_process().map_err(|e| format!("no signals: {e}"))?;
        let runtime = Runtime::start_with(&config, Some(agent), media.handle().clone());
        let runtime = runtime.await.map_err(|e| e.to_string())?;
        let address = runtime.address();
        let page = config.default_clinic.as_ref().map(|clinic| format!("call/{clinic}"));
        // Nobody may read it.
        let _ = writeln!(
            std::io::stdout(),
            "{} is listening. Open http://{address}/{} to call it.",
            A::NAME,
            page.unwrap_or_default()
        );
        match runtime.serve(signals).await {
            Ok(Ended::WornOut) => Err("too many of its native threads hang".to_owned()),
            Ok(_) => Ok(()),
            Err(died) => Err(died.to_string()),
        }
    });
    // A native thread that hangs does not keep the process alive.
    main.shutdown_background();
    media.shutdown_background();
    served
}
