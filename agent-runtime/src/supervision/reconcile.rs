//! Looks through the rooms for supervisors who should not be there.
//!
//! RemoveParticipant takes back no token, and a room that is gone is made again by whoever joins it.
//! So those of our identities who have no console any more are removed each time that they are seen,
//! and the room of a call that is over is deleted as often as somebody opens it, until no token for
//! it is good any more.

use std::time::Duration;

use frontdesk_rtc::token::{LISTENER_PREFIX, SUPERVISOR_PREFIX};

use super::connections::{LOOKED_AFTER, Watched};
use super::{RETURN, Supervision};

/// How often the rooms are looked through.
const EVERY: Duration = Duration::from_secs(3);

/// How long the server may take to say who is in a room.
const LIMIT: Duration = Duration::from_secs(2);

pub(super) async fn run(supervision: Supervision) {
    loop {
        // Either is a reason to look; nobody waits for this.
        let _ = tokio::time::timeout(EVERY, supervision.0.stopped.notified()).await;
        supervision.close_the_lost();
        let rooms = supervision.0.connections.lock().rooms();
        for (room, watched) in rooms {
            let looked = supervision.look_through(&room, &watched);
            if tokio::time::timeout(LIMIT, looked).await.is_err() {
                tracing::warn!("room not looked through: no answer in time");
            }
        }
    }
}

impl Supervision {
    /// Closes the consoles that did not come back.
    fn close_the_lost(&self) {
        let now = self.0.clock.mono();
        let lost: Vec<_> = {
            let consoles = self.0.consoles.lock();
            let gone = consoles
                .iter()
                .filter(|(_, open)| open.lost.is_some_and(|lost| now.since(lost) >= RETURN));
            gone.map(|(id, _)| *id).collect()
        };
        lost.into_iter().for_each(|id| self.close(id));
    }

    async fn look_through(&self, room: &str, watched: &Watched) {
        let inner = &*self.0;
        if !inner.switchboard.is_live(watched.call) {
            inner.connections.lock().drop_call(watched.call);
            if inner.clock.mono().since(watched.last_token) > LOOKED_AFTER {
                inner.connections.lock().forget(room);
                return;
            }
        }
        let present = match inner.rooms.present(room).await {
            Ok(present) => present,
            Err(error) => return tracing::warn!(%error, "room not looked through"),
        };
        let ours = present.iter().filter(|who| {
            let identity = &who.identity;
            identity.starts_with(LISTENER_PREFIX) || identity.starts_with(SUPERVISOR_PREFIX)
        });
        let speaker = inner.switchboard.voice_of(watched.call);
        let strangers: Vec<_> = {
            let connections = inner.connections.lock();
            let may = |identity: &str| {
                connections.may_be_there(identity, watched.call, speaker.as_deref())
            };
            ours.filter(|who| !may(&who.identity)).collect()
        };
        for who in &strangers {
            match inner.rooms.remove(room, &who.identity).await {
                Ok(()) => tracing::info!(hidden = who.hidden, "supervisor without a call removed"),
                Err(error) => tracing::warn!(%error, "supervisor not removed"),
            }
        }
        let over = !inner.switchboard.is_live(watched.call);
        if over && !strangers.is_empty() && strangers.len() == present.len() {
            // Opened again by a token that is still good: nobody else is in it.
            if let Err(error) = inner.rooms.delete_room(room).await {
                tracing::debug!(%error, "room not deleted");
            }
        }
    }
}
