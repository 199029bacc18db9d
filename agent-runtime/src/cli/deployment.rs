//! What the tools are told of the runtime: the program's own configuration.

use std::path::Path;

use frontdesk::config::{Config, DatabaseConfig, LiveKitConfig};
use frontdesk::data_keys::known_data_keys;
use frontdesk::servers::{last_database, last_embedded, last_livekit};
use frontdesk_scenarios::deployment::EmbeddedUrls;
use frontdesk_scenarios::line::Exchange;
use frontdesk_scenarios::{Deployment, Exit, Failure};
use frontdesk_tenants::crypt::KeyRing;
use tokio::process::Command;

/// The runtime as this program's configuration describes it.
pub(super) struct Configured<'a>(pub(super) &'a Config);

type Answer<T> = Result<T, Failure>;

impl Deployment for Configured<'_> {
    fn data_dir(&self) -> &Path {
        &self.0.data_dir
    }

    fn serve(&self) -> std::io::Result<Command> {
        let Self(config) = self;
        let mut command = Command::new(std::env::current_exe()?);
        if let Some(file) = &config.file {
            command.arg("--config").arg(file);
        }
        command
            .arg("serve")
            .arg(config.profile.argument())
            .env("FRONTDESK_DATA_DIR", &config.data_dir)
            .env("FRONTDESK_ANNOUNCE", "1")
            .env("FRONTDESK_ALLOW_CALL_CLOCK", "1")
            // Its listener is only ours; the usual port may be somebody's.
            .env("FRONTDESK_LISTEN", "127.0.0.1:0")
            .env("FRONTDESK_DRAIN_SECONDS", "5")
            // On somebody's LiveKit server another worker may have the configured name: then calls
            // of ours could go there, and its callers come to us.
            .env("LIVEKIT_AGENT_NAME", format!("{}-{}", config.agent_name, std::process::id()));
        Ok(command)
    }

    fn exchange(&self) -> Answer<Exchange> {
        let livekit = last_livekit(self.0).map_err(unavailable)?;
        let agent_name = self.0.agent_name.clone();
        Ok(Exchange { url: livekit.url, key: livekit.key, agent_name })
    }

    fn database_url(&self) -> Answer<String> {
        Ok(last_database(self.0).map_err(unavailable)?.reveal().to_owned())
    }

    fn keys(&self) -> Answer<KeyRing> {
        known_data_keys(self.0).map_err(unavailable)?.ok_or_else(|| {
            let message = "FRONTDESK_DATA_KEYS is not set: with DATABASE_URL the runner needs the \
                           same keys as the runtime to make a clinic's copy";
            Failure::new(Exit::Usage, message)
        })
    }

    fn is_embedded(&self) -> bool {
        let Self(config) = self;
        matches!(config.livekit, LiveKitConfig::Embedded { .. })
            && matches!(config.database, DatabaseConfig::Embedded { .. })
    }

    fn embedded_urls(&self) -> Option<EmbeddedUrls> {
        let (superuser, worker) = last_embedded(self.0)?;
        Some(EmbeddedUrls {
            superuser: superuser.reveal().to_owned(),
            worker: worker.reveal().to_owned(),
        })
    }

    fn kills_stages(&self) -> bool {
        cfg!(feature = "fault-injection")
    }

    fn voice(&self) -> &str {
        frontdesk::engines::voice_of_callers(&self.0.voice)
    }
}

fn unavailable(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Unavailable, error)
}
