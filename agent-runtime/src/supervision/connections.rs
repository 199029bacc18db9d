//! The connections of consoles that may be in rooms, and the rooms that tokens were given for.

use std::collections::HashMap;
use std::time::Duration;

use frontdesk_types::{CallId, ClinicId, ConsoleId, Mono};

use super::TOKEN_TTL;

/// How long a room is looked after once its last token was given: livekit-server takes a token for
/// its lifetime and a minute more.
pub(super) const LOOKED_AFTER: Duration = Duration::from_secs(TOKEN_TTL.as_secs() + 60 + 15);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Listener,
    Speaker,
    /// Of a supervisor who types: it joins nothing.
    Writer,
}

struct Connection {
    console: ConsoleId,
    clinic: ClinicId,
    call: CallId,
    kind: Kind,
}

/// A room for which tokens were given.
#[derive(Clone)]
pub(super) struct Watched {
    pub(super) call: CallId,
    pub(super) last_token: Mono,
}

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Connections {
    by_identity: HashMap<String, Connection>,
    rooms: HashMap<String, Watched>,
}

impl Connections {
    pub(super) fn add(
        &mut self,
        now: Mono,
        (console, clinic, call): (ConsoleId, ClinicId, CallId),
        room: &str,
        identity: &str,
        kind: Kind,
    ) {
        if kind != Kind::Writer {
            self.rooms.insert(room.to_owned(), Watched { call, last_token: now });
        }
        // One of each kind per console and call: a new one takes the place of the former.
        self.by_identity.retain(|_, known| {
            known.console != console || known.call != call || known.kind != kind
        });
        let connection = Connection { console, clinic, call, kind };
        self.by_identity.insert(identity.to_owned(), connection);
    }

    /// Drops all connections of a console; gives the calls that it may have taken over.
    pub(super) fn drop_console(&mut self, console: ConsoleId) -> Vec<(ClinicId, CallId)> {
        let mut taken = Vec::new();
        self.by_identity.retain(|_, known| {
            let theirs = known.console == console;
            if theirs && known.kind != Kind::Listener {
                taken.push((known.clinic, known.call));
            }
            !theirs
        });
        taken
    }

    pub(super) fn drop_listeners(&mut self, console: ConsoleId, call: CallId) {
        self.drop_if(console, call, |kind| kind == Kind::Listener);
    }

    pub(super) fn drop_speakers(&mut self, console: ConsoleId, call: CallId) {
        self.drop_if(console, call, |kind| kind != Kind::Listener);
    }

    fn drop_if(&mut self, console: ConsoleId, call: CallId, is: impl Fn(Kind) -> bool) {
        self.by_identity
            .retain(|_, known| known.console != console || known.call != call || !is(known.kind));
    }

    /// A call is over: nobody is in it any more.
    pub(super) fn drop_call(&mut self, call: CallId) {
        self.by_identity.retain(|_, known| known.call != call);
    }

    /// Whether somebody of this identity may be in the room of `call`, in which `speaker` has the
    /// floor.
    pub(super) fn may_be_there(&self, identity: &str, call: CallId, speaker: Option<&str>) -> bool {
        let known = self.by_identity.get(identity).filter(|known| known.call == call);
        known.is_some_and(|known| match known.kind {
            Kind::Listener => true,
            Kind::Speaker => speaker == Some(identity),
            Kind::Writer => false,
        })
    }

    /// The rooms to be looked through.
    pub(super) fn rooms(&self) -> Vec<(String, Watched)> {
        self.rooms.iter().map(|(room, watched)| (room.clone(), watched.clone())).collect()
    }

    pub(super) fn forget(&mut self, room: &str) {
        self.rooms.remove(room);
    }
}
