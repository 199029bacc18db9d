//! The beginning of a call: its room is joined, and its voice published in a task of its own.

use std::sync::{Arc, OnceLock};

use frontdesk_pipelines::dialogue::language::Language;
use frontdesk_pipelines::dialogue::spoken::Spoken;
use frontdesk_rtc::codec::{EncoderOptions, OpusEncoder};
use frontdesk_rtc::{AudioPublish, Room, RoomOptions, RtcError};
use frontdesk_types::{CallOutcome, Channel};
use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::speaker::SpeakerInput;
use super::{Call, CallRequest, Mails, Pulses, Services};
use crate::media::Outlet;

/// Why a call could not be begun.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The room was not joined.
    #[error("room not joined: {0}")]
    Room(#[from] RtcError),
    /// There is no encoder.
    #[error("no encoder for the agent's voice: {0}")]
    Codec(#[from] frontdesk_rtc::CodecError),
}

impl Call {
    /// Joins the room, prepares what the stages share and begins to publish the agent's voice.
    pub(crate) async fn connect(
        request: &CallRequest,
        services: Arc<Services>,
        span: tracing::Span,
    ) -> Result<Arc<Self>, ConnectError> {
        let mut options = RoomOptions::new(request.url.clone(), request.token.clone());
        options.runtime = Some(services.media.clone());
        options.clock = Arc::clone(&services.clock);
        let (room, _events) = Room::connect(options).await?;
        let encoder = OpusEncoder::new(EncoderOptions {
            bitrate: services.settings.opus_bitrate,
            complexity: services.settings.opus_complexity,
            ..EncoderOptions::default()
        })?;
        let mails = Mails::new();
        let speaker = Arc::clone(&mails.speaker);
        let outlet = Outlet::new(services.pacer.clone(), Some(encoder), move |event| {
            speaker.post(SpeakerInput::Playout(event));
        });
        let call = Arc::new(Self {
            id: request.id,
            span,
            tenant: request.tenant,
            spoken: Spoken::new(&Language::english(), &request.facts.clinic),
            facts: request.facts.clone(),
            clock: Arc::clone(&request.clock),
            simulated: request.simulated,
            services,
            room,
            outlet,
            mails,
            pulses: Pulses::default(),
            hearing: Mutex::default(),
            thinking: Mutex::default(),
            speaking: Mutex::default(),
            linked: Mutex::default(),
            offers: Mutex::default(),
            record: super::record::Memory::default(),
            tasks: super::tasks::Tasks::default(),
            room_name: request.room.clone(),
            began_at: request.clock.wall(),
            supervisor: Mutex::new(None),
            started: request.clock.mono(),
            publishing: OnceLock::new(),
            ending: OnceLock::new(),
            last_moment: OnceLock::new(),
        });
        call.publish();
        Ok(call)
    }

    /// Has the agent's track published, unless the call is typed. It takes round trips, or a
    /// time-out where no media gets through: stages answer the caller meanwhile, and the outlet
    /// holds what is said until the track is there. A call that gets no voice ends.
    fn publish(self: &Arc<Self>) {
        if self.facts.channel == Channel::Text {
            return;
        }
        let (room, call) = (self.room.clone(), Arc::downgrade(self));
        let publish = async move {
            let published = room.publish_audio(AudioPublish::default()).await;
            // Weak: what is under way ends with the call and does not keep it.
            let Some(call) = call.upgrade() else { return };
            match published {
                Ok(track) => call.outlet.set_track(track),
                Err(error) => {
                    let why = format!("the caller gets no voice: {error}");
                    call.finish(CallOutcome::Abandoned, Some(&why));
                }
            }
        };
        let task = tokio::spawn(publish.instrument(self.span.clone()));
        // Set once: here.
        let _ = self.publishing.set(AbortOnDropHandle::new(task));
    }
}
