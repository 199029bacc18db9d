//! Carries a room's events into RoomLink's mail, reading text streams on the way.
//!
//! It belongs to one RoomLink and ends with it; events not yet read stay in the room for the next.

use std::sync::Arc;

use frontdesk_rtc::{Room, RoomEvent, RoomEvents, TextStreamReader};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::task::AbortOnDropHandle;

use super::link::LinkInput;
use crate::mail::Mail;

/// Topic of typed messages of a front end.
const CHAT_TOPIC: &str = "lk.chat";

/// Chat messages read at once; more wait in the room's bounded queue.
const MAX_READERS: usize = 8;

/// Starts a pump; dropping it ends the task.
pub(crate) fn pump(room: &Room, mail: Arc<Mail<LinkInput>>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(run(room.events(), mail)))
}

async fn run(mut events: RoomEvents, mail: Arc<Mail<LinkInput>>) {
    let mut chats = FuturesUnordered::new();
    loop {
        tokio::select! {
            event = events.recv(), if chats.len() < MAX_READERS => match event {
                Some(RoomEvent::TextStream(reader)) if reader.info().topic == CHAT_TOPIC => {
                    chats.push(read_chat(reader));
                }
                Some(event) => translate(event).into_iter().for_each(|input| mail.post(input)),
                None => return,
            },
            Some(chat) = chats.next() => {
                if let Some(chat) = chat {
                    mail.post(chat);
                }
            }
        }
    }
}

async fn read_chat(reader: TextStreamReader) -> Option<LinkInput> {
    let identity = reader.info().from.clone();
    match reader.read_all().await {
        Ok(text) => Some(LinkInput::Chat { identity, text }),
        Err(error) => {
            tracing::debug!(%error, "chat message dropped");
            None
        }
    }
}

fn translate(event: RoomEvent) -> Option<LinkInput> {
    match event {
        RoomEvent::ParticipantJoined(participant)
        | RoomEvent::ParticipantUpdated { participant, .. } => Some(LinkInput::Here(participant)),
        RoomEvent::ParticipantLeft { participant, reason } => {
            Some(LinkInput::Gone { identity: participant.identity.into(), reason })
        }
        RoomEvent::TrackPublished { identity, track, .. } => {
            Some(LinkInput::Track { identity, track })
        }
        RoomEvent::TrackSubscribed(audio) => Some(LinkInput::Audio(audio)),
        RoomEvent::SubscriptionFailed { sid, reason } => {
            tracing::warn!(track = sid, reason, "track not subscribed");
            None
        }
        RoomEvent::Rejoined => Some(LinkInput::Rejoined),
        RoomEvent::Disconnected { reason } => Some(LinkInput::Disconnected(reason)),
        RoomEvent::Reconnecting => {
            tracing::info!("connection to the room lost, reconnecting");
            None
        }
        RoomEvent::Resumed => {
            tracing::info!("connection to the room resumed");
            None
        }
        RoomEvent::Lagged { dropped } => {
            tracing::warn!(dropped, "room events dropped");
            Some(LinkInput::Rejoined)
        }
        // Nothing to do: media state, who is loud, video, streams of other topics.
        _ => None,
    }
}
