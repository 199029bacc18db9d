//! Telephone calls to calls of the switchboard. Thin: the intake decides, the switchboard carries out.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use frontdesk_actors::NoPlace;
use frontdesk_line::{CallerFacts, LineFuture};
use frontdesk_telephony::{Reception, Rejection, StartError, Take, Telephone, TelephoneOptions};

use crate::clinics::CallRefused;
use crate::config::{SipConfig, SipListen};
use crate::intake::{Assignment, Intake, JobRefused};

/// The usual port of SIP, and how many after it are tried.
const SIP_PORT: u16 = 5060;
const NEXT_PORTS: u16 = 40;

/// What telephone calls have in the place of a room's name.
const ROOM: &str = "telephone";

/// Decides on telephone calls by the number that was dialled.
struct Desk(Arc<Intake>);

/// Listens where `config` says.
///
/// # Errors
/// [`StartError`] if the address cannot be used.
pub(crate) async fn start(
    config: &SipConfig,
    intake: Arc<Intake>,
    media: tokio::runtime::Handle,
) -> Result<Telephone, StartError> {
    let desk: Arc<dyn Reception> = Arc::new(Desk(intake));
    let options = |listen| TelephoneOptions {
        listen,
        rtp_ports: config.rtp_ports.clone(),
        media: media.clone(),
        user_agent: concat!("frontdesk/", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let SipListen::At(listen) = config.listen else {
        let on = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        for port in SIP_PORT..SIP_PORT + NEXT_PORTS {
            if let Ok(phone) = Telephone::start(options(on(port)), Arc::clone(&desk)).await {
                return Ok(phone);
            }
        }
        return Telephone::start(options(on(SIP_PORT + NEXT_PORTS)), desk).await;
    };
    Telephone::start(options(listen), desk).await
}

impl Reception for Desk {
    fn decide<'a>(&'a self, caller: &'a CallerFacts) -> LineFuture<'a, Result<Take, Rejection>> {
        Box::pin(async move {
            let number = caller.dialled.as_deref().ok_or(Rejection::UnknownNumber)?;
            let accepted = self.0.accept_dialled(number).await.map_err(|refused| {
                let refusal = refusal(&refused);
                if refusal == Rejection::Unavailable {
                    tracing::warn!(reason = %refused, "telephone call cannot be taken");
                }
                refusal
            })?;
            let intake = Arc::clone(&self.0);
            Ok(Box::new(move |line| {
                let (call, _) = intake.begin(accepted, Assignment { room: ROOM.to_owned(), line });
                tracing::info!(call_id = %call, "telephone call taken");
            }) as Take)
        })
    }
}

const fn refusal(refused: &JobRefused) -> Rejection {
    match refused {
        JobRefused::NoPlace(NoPlace::Full { .. }) => Rejection::Full,
        JobRefused::Clinic(CallRefused::UnknownNumber(_)) => Rejection::UnknownNumber,
        JobRefused::Clinic(CallRefused::Inactive(_)) => Rejection::Closed,
        _ => Rejection::Unavailable,
    }
}
