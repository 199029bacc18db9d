//! `frontdesk token`: what a front end needs to join one call.

use frontdesk_types::SystemIds;

use frontdesk::config::Config;
use frontdesk::join_token::{TokenRequest, TokenSigner};
use frontdesk::servers::last_livekit;

use super::{Exit, Failure, Out, TokenArgs};

pub(super) fn token(config: &Config, args: TokenArgs, out: &mut Out) -> Result<Exit, Failure> {
    let livekit = last_livekit(config).map_err(|error| Failure::new(Exit::Unavailable, error))?;
    let signer = TokenSigner {
        url: config.livekit_public_url.clone().unwrap_or(livekit.url),
        key: livekit.key,
        agent_name: config.agent_name.clone(),
    };
    let request = TokenRequest {
        clinic: Some(args.clinic),
        identity: args.identity,
        room: args.room,
        language: args.language,
        ttl_seconds: Some(args.ttl),
        now: args.now,
        ..TokenRequest::default()
    };
    let join = signer.join(&request, &SystemIds).map_err(|e| Failure::new(Exit::Usage, e))?;
    if args.json {
        let json = serde_json::to_string(&join).map_err(|e| Failure::new(Exit::Failed, e))?;
        out.line(json);
    } else {
        out.line(format_args!("url:      {}", join.url));
        out.line(format_args!("token:    {}", join.token));
        out.line(format_args!("room:     {}", join.room));
        out.line(format_args!("identity: {}", join.identity));
    }
    Ok(Exit::Done)
}
