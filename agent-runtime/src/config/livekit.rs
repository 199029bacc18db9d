//! Which LiveKit server.

use super::{ConfigError, LiveKitConfig, Values};

impl Values<'_> {
    pub(super) fn livekit(&self) -> Result<LiveKitConfig, ConfigError> {
        let url = self.get("LIVEKIT_URL").parse(
            "a URL such as ws://127.0.0.1:7880 or wss://project.livekit.cloud",
            livekit_url,
        )?;
        let key = self.secret("LIVEKIT_API_KEY", "an API key", |_| true)?;
        let secret = self.secret("LIVEKIT_API_SECRET", "an API secret", |_| true)?;
        match (url, key, secret) {
            (Some(url), Some(key), Some(secret)) => {
                Ok(LiveKitConfig::External { url, key, secret })
            }
            (None, None, None) => {
                Ok(LiveKitConfig::Embedded { bin: self.path("LIVEKIT_SERVER_BIN")? })
            }
            (Some(_), None, _) => Err(missing_livekit("LIVEKIT_API_KEY", "LIVEKIT_URL")),
            (Some(_), _, None) => Err(missing_livekit("LIVEKIT_API_SECRET", "LIVEKIT_URL")),
            (None, Some(_), _) => Err(missing_livekit("LIVEKIT_URL", "LIVEKIT_API_KEY")),
            (None, None, Some(_)) => Err(missing_livekit("LIVEKIT_URL", "LIVEKIT_API_SECRET")),
        }
    }
}

fn missing_livekit(missing: &str, present: &str) -> ConfigError {
    ConfigError::Conflict(format!(
        "{present} is set but {missing} is not: set LIVEKIT_URL, LIVEKIT_API_KEY and \
         LIVEKIT_API_SECRET together, or none of them for the embedded server"
    ))
}

/// The URL with a WebSocket scheme and no trailing slash.
pub(super) fn livekit_url(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    url.host_str()?;
    let rest = text.split_once("://")?.1.trim_end_matches('/');
    match url.scheme() {
        "ws" | "http" => Some(format!("ws://{rest}")),
        "wss" | "https" => Some(format!("wss://{rest}")),
        _ => None,
    }
}
