//! A room of LiveKit as a [`Line`]: one caller among its participants, Opus both ways, captions as
//! text streams.

mod captions;
mod finder;
mod proof;
mod supervisor;
mod voice_in;
mod voice_out;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use frontdesk_line::{
    Abilities, AudioIn, Connect, ConnectError, Line, LineContext, LineError, LineEvent, LineFuture,
    Listener, Shown, Transfer,
};
use frontdesk_types::{Phi, SAMPLES_PER_FRAME};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use self::captions::Captions;
use self::finder::{Expected, Finder};
pub use self::proof::{PROOF_ATTRIBUTE, ProofCheck};
use self::supervisor::Supervisor;
use self::voice_in::VoiceIn;
use self::voice_out::VoiceOut;
use crate::codec::EncoderOptions;
use crate::dispatch::{ApiError, ServerApi};
use crate::{AudioPublish, Room, RoomOptions};

/// How long leaving the room may take; after that it is left by dropping it.
const LEAVE_LIMIT: Duration = Duration::from_secs(2);

/// How long closing the room for everybody may take; after that the server closes it when they
/// have left.
const DELETE_LIMIT: Duration = Duration::from_millis(800);

/// Connections of the clinic's staff that may hear the agent: more are never there at once, and each
/// has a new identity. The oldest makes room.
const MAX_STAFF: usize = 64;

/// How long it may ring where a call is transferred to: six rings.
const RINGING_LIMIT: Duration = Duration::from_secs(30);

/// A room to be joined for a call.
#[derive(Debug)]
pub struct LiveKitCall {
    /// How to join it.
    pub room: RoomOptions,
    /// How the agent's voice is encoded.
    pub encoder: EncoderOptions,
    /// Identity of the caller; `None` means the first participant who can be one: not a supervisor
    /// ([`crate::token::SUPERVISOR_PREFIX`]).
    pub caller: Option<String>,
    /// The server's API, which transfers telephone callers and closes the room with the call;
    /// without it neither is done.
    pub server: Option<Arc<ServerApi>>,
    /// Tells which connections under the caller's identity are shown to be theirs; without it only
    /// the first is.
    pub proof: Option<ProofCheck>,
}

/// The line of a call in a room of LiveKit.
pub(crate) struct LiveKitLine {
    room: Room,
    voice_in: Arc<VoiceIn>,
    voice_out: Arc<VoiceOut>,
    captions: Arc<Captions>,
    /// Who is attended to, and what is heard of them.
    attended: watch::Sender<Option<Phi<String>>>,
    supervisor_in: Arc<VoiceIn>,
    /// Those of the clinic who may hear the agent.
    staff: watch::Sender<Vec<String>>,
    server: Option<Arc<ServerApi>>,
    /// Identity of a caller who came by telephone.
    phone: Arc<OnceLock<Phi<String>>>,
    /// Whether the agent was removed from the room, which is somebody else's then.
    removed: Arc<AtomicBool>,
    /// Finds the caller and follows them.
    _finder: AbortOnDropHandle<()>,
    /// Publishes the agent's voice.
    _publishing: Option<AbortOnDropHandle<()>>,
}

impl LiveKitCall {
    async fn line(self, context: LineContext) -> Result<LiveKitLine, ConnectError> {
        let voice_out = VoiceOut::new(self.encoder);
        let voice_out = Arc::new(voice_out.map_err(|e| ConnectError(Box::new(e)))?);
        let voice_in = Arc::new(VoiceIn::new().map_err(|e| ConnectError(Box::new(e)))?);
        let (room, _events) =
            Room::connect(self.room).await.map_err(|e| ConnectError(Box::new(Joining(e))))?;
        let captions = Arc::new(Captions::new(room.clone(), &context, Arc::clone(&voice_out)));
        let supervisor_in = Arc::new(VoiceIn::new().map_err(|e| ConnectError(Box::new(e)))?);
        let (attended, attend) = watch::channel(None);
        let supervisor = Supervisor::new(
            room.clone(),
            Arc::clone(&context.listener),
            Arc::clone(&supervisor_in),
            attend,
        );
        let (staff, named) = watch::channel(Vec::new());
        let mut finder = Finder::new(
            room.clone(),
            Arc::clone(&context.listener),
            Arc::clone(&voice_in),
            Arc::clone(&captions),
            Expected { caller: self.caller, proof: self.proof },
            supervisor,
            named,
        );
        // Before there is a voice.
        finder.permit().await;
        let (phone, removed) = (finder.phone(), finder.removed());
        let finder = tokio::spawn(finder.run().in_current_span());
        let publishing = context.voice.then(|| {
            let publish = publish(room.clone(), Arc::clone(&voice_out), context.listener);
            AbortOnDropHandle::new(tokio::spawn(publish.in_current_span()))
        });
        Ok(LiveKitLine {
            room,
            voice_in,
            voice_out,
            captions,
            attended,
            supervisor_in,
            staff,
            server: self.server,
            phone,
            removed,
            _finder: AbortOnDropHandle::new(finder),
            _publishing: publishing,
        })
    }
}

/// What the bridge dials: a SIP address as it is, a number as a telephone's.
fn address(to: &Phi<String>) -> String {
    let to = to.expose();
    if to.contains(':') { to.clone() } else { format!("tel:{to}") }
}

/// Publishes the agent's voice: round trips, or a time-out where no media gets through.
async fn publish(room: Room, voice: Arc<VoiceOut>, listener: Listener) {
    match room.publish_audio(AudioPublish::default()).await {
        Ok(track) => {
            voice.set_track(track);
            listener(LineEvent::Audible);
        }
        Err(error) => listener(LineEvent::Over(format!("the caller gets no voice: {error}"))),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("room not joined: {0}")]
struct Joining(#[source] crate::RtcError);

impl Connect for LiveKitCall {
    fn connect(
        self: Box<Self>,
        context: LineContext,
    ) -> LineFuture<'static, Result<Arc<dyn Line>, ConnectError>> {
        Box::pin(async move { Ok(Arc::new(self.line(context).await?) as Arc<dyn Line>) })
    }
}

impl Line for LiveKitLine {
    fn abilities(&self) -> Abilities {
        // Only a telephone bridge can pass a caller on.
        let phone = self.phone.get().is_some();
        let transfer = self.server.is_some() && phone;
        Abilities {
            text: !phone,
            captions: !phone,
            dtmf: true,
            transfer,
            supervisor: true,
            movable: true,
        }
    }

    fn audio_in(&self) -> Arc<dyn AudioIn> {
        Arc::<VoiceIn>::clone(&self.voice_in)
    }

    fn play(&self, number: u64, frame: &[i16; SAMPLES_PER_FRAME]) -> bool {
        self.voice_out.play(number, frame)
    }

    fn flush(&self) {
        self.voice_out.flush();
    }

    fn show(&self, what: Shown) -> LineFuture<'_, Result<(), LineError>> {
        Box::pin(async move {
            self.captions.show(what).await.map_err(|error| LineError::Failed(Box::new(error)))
        })
    }

    fn admit(&self, listener: &str) {
        self.staff.send_modify(|staff| {
            if staff.len() >= MAX_STAFF {
                staff.remove(0);
            }
            staff.push(listener.to_owned());
        });
    }

    fn attend(&self, supervisor: Option<&str>) {
        if let Some(identity) = supervisor {
            self.admit(identity);
        }
        self.attended.send_replace(supervisor.map(|identity| Phi::new(identity.to_owned())));
    }

    fn supervisor_in(&self) -> Option<Arc<dyn AudioIn>> {
        Some(Arc::<VoiceIn>::clone(&self.supervisor_in))
    }

    fn agent(&self) -> Option<String> {
        self.room.local().map(|local| local.identity)
    }

    fn leave(&self) -> LineFuture<'_, ()> {
        Box::pin(async move {
            if tokio::time::timeout(LEAVE_LIMIT, self.room.close()).await.is_err() {
                tracing::warn!("room not left in time");
            }
        })
    }

    fn hang_up(&self) -> LineFuture<'_, ()> {
        Box::pin(async move {
            self.leave().await;
            if self.removed.load(Ordering::SeqCst) {
                return;
            }
            // Whoever is still there leaves with the call, and no token opens its room again unseen.
            if let Some(server) = &self.server {
                let name = self.room.name();
                let deleted = server.delete_room(&name);
                match tokio::time::timeout(DELETE_LIMIT, deleted).await {
                    Ok(Ok(()) | Err(ApiError::NotFound { .. })) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "room not deleted"),
                    Err(_) => tracing::warn!("room not deleted in time"),
                }
            }
        })
    }

    fn transfer(&self, to: Transfer) -> LineFuture<'_, Result<(), LineError>> {
        Box::pin(async move {
            let (Some(server), Some(caller)) = (&self.server, self.phone.get()) else {
                return Err(LineError::Unable("transfer a call"));
            };
            let (room, address) = (self.room.name(), address(&to.to));
            let moved = server.transfer(&room, caller.expose(), &address, RINGING_LIMIT).await;
            moved.map_err(|error| LineError::Failed(Box::new(error)))
        })
    }
}
