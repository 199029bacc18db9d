//! Supervisors at their consoles: who may be in the rooms of live calls, and what they do there.
//!
//! Whoever serves a console opens it here, after having checked who sits at it, and asks for the
//! rest in its name. Listening and speaking are two connections, each with a token and an identity
//! of its own, made when it is asked for and never for a call that is over. A token that was given
//! opens its room until it has run out, whatever became of the right to it; so every few seconds, and
//! whenever somebody stops, the rooms are looked through (`reconcile`) and who has no console is removed.

mod connections;
mod reconcile;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::watch::Watch;
use frontdesk_actors::{SupervisionError, Supervisor, Switchboard};
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::token::{LISTENER_PREFIX, SUPERVISOR_PREFIX};
use frontdesk_types::{CallId, ClinicId, Clock, ConsoleId, IdSource, Mono, UserId};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use self::connections::{Connections, Kind};
use crate::join_token::{Join, TokenError, TokenSigner};

/// How long a token of a supervisor is good for; joining must begin by then.
pub const TOKEN_TTL: Duration = Duration::from_secs(60);

/// How long a console that lost its connection may take to come back.
const RETURN: Duration = frontdesk_actors::SUPERVISOR_PATIENCE;

/// A console, and who sits at it.
#[derive(Debug, Clone)]
pub struct Console {
    /// The same when it comes back after its connection was lost.
    pub id: ConsoleId,
    /// The clinic whose calls it may see.
    pub clinic: ClinicId,
    /// Who sits at it.
    pub user: UserId,
    /// Their name, as callers are shown it.
    pub name: String,
}

/// Why a console cannot have that.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The console is not open (any more).
    #[error("this console is not connected; connect it again")]
    NotOpen,
    /// The call's line is no room that could be joined.
    #[error("this line cannot be listened to yet")]
    CannotListen,
    /// The call.
    #[error(transparent)]
    Call(#[from] SupervisionError),
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
}

struct Open {
    console: Console,
    /// When its connection was lost.
    lost: Option<Mono>,
}

/// See the module's documentation. Cheap to clone.
#[derive(Clone)]
pub struct Supervision(Arc<Inner>);

struct Inner {
    switchboard: Switchboard,
    rooms: Arc<ServerApi>,
    tokens: TokenSigner,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    consoles: Mutex<HashMap<ConsoleId, Open>>,
    connections: Mutex<Connections>,
    /// Somebody has stopped: look through the rooms now.
    stopped: Notify,
}

impl Supervision {
    /// Of the calls of a switchboard, in the rooms of a LiveKit server.
    #[must_use]
    pub fn new(
        switchboard: Switchboard,
        rooms: Arc<ServerApi>,
        tokens: TokenSigner,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        let (consoles, connections) = (Mutex::default(), Mutex::default());
        let stopped = Notify::new();
        let inner =
            Inner { switchboard, rooms, tokens, clock, ids, consoles, connections, stopped };
        Self(Arc::new(inner))
    }

    /// Looks through the rooms from time to time, until the task is aborted.
    #[must_use]
    pub fn start(&self) -> JoinHandle<()> {
        tokio::spawn(reconcile::run(self.clone()))
    }

    /// The feed of live calls.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        self.0.switchboard.watch()
    }

    /// A console is connected, for the first time or again.
    pub fn open(&self, console: Console) {
        let id = console.id;
        self.0.consoles.lock().insert(id, Open { console, lost: None });
        self.0.switchboard.on_console(id, true);
    }

    /// A console's connection was lost: what it has is kept for ten seconds.
    pub fn lost(&self, id: ConsoleId) {
        if let Some(open) = self.0.consoles.lock().get_mut(&id) {
            open.lost = Some(self.0.clock.mono());
        }
        self.0.switchboard.on_console(id, false);
    }

    /// A console is closed, or may no longer see what it saw: it listens to nothing any more, and
    /// the calls that it had taken over go back to the agent.
    pub fn close(&self, id: ConsoleId) {
        self.0.consoles.lock().remove(&id);
        let spoke = self.0.connections.lock().drop_console(id);
        for (clinic, call) in spoke {
            // It may have been handed back, or be over.
            let _ = self.0.switchboard.hand_back(clinic, call, id);
        }
        self.0.switchboard.on_console(id, false);
        self.0.stopped.notify_one();
    }

    /// What is needed to listen to a call unseen.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub fn listen(&self, id: ConsoleId, call: CallId) -> Result<Join, ConsoleError> {
        let console = self.console(id)?;
        let live = self.watch().call(console.clinic, call).ok_or(SupervisionError::NoCall)?;
        if !live.can_speak {
            return Err(ConsoleError::CannotListen);
        }
        let room = self.0.switchboard.room_of(console.clinic, call)?;
        let identity = self.identity(LISTENER_PREFIX);
        self.0.switchboard.admit(console.clinic, call, &identity)?;
        self.connect(&console, call, &room, &identity, Kind::Listener);
        Ok(self.0.tokens.listener(room, identity, TOKEN_TTL)?)
    }

    /// The console listens to a call no more.
    pub fn stop_listening(&self, id: ConsoleId, call: CallId) {
        self.0.connections.lock().drop_listeners(id, call);
        self.0.stopped.notify_one();
    }

    /// Takes a call over. By voice: gives what is needed to speak in it, seen by the caller; else by
    /// typing ([`Supervision::write`]).
    ///
    /// # Errors
    /// [`ConsoleError`]; then the agent has the call as before.
    pub fn take_over(
        &self,
        id: ConsoleId,
        call: CallId,
        voice: bool,
    ) -> Result<Option<Join>, ConsoleError> {
        let console = self.console(id)?;
        let room = self.0.switchboard.room_of(console.clinic, call)?;
        let identity = voice.then(|| self.identity(SUPERVISOR_PREFIX));
        let by = Supervisor {
            console: id,
            user: console.user,
            name: console.name.clone(),
            identity: identity.clone(),
        };
        self.0.switchboard.take_over(console.clinic, call, by)?;
        let kind = if voice { Kind::Speaker } else { Kind::Writer };
        let name = identity.clone().unwrap_or_else(|| self.identity(SUPERVISOR_PREFIX));
        self.connect(&console, call, &room, &name, kind);
        let Some(identity) = identity else { return Ok(None) };
        match self.0.tokens.supervisor(room, identity, &console.name, TOKEN_TTL) {
            Ok(join) => Ok(Some(join)),
            Err(error) => {
                // Without a token nobody would speak.
                let _ = self.0.switchboard.hand_back(console.clinic, call, id);
                Err(error.into())
            }
        }
    }

    /// Gives a call back to the agent.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub fn hand_back(&self, id: ConsoleId, call: CallId) -> Result<(), ConsoleError> {
        let console = self.console(id)?;
        self.0.switchboard.hand_back(console.clinic, call, id)?;
        self.0.connections.lock().drop_speakers(id, call);
        self.0.stopped.notify_one();
        Ok(())
    }

    /// Shows the caller what the supervisor who has taken the call over writes.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub fn write(&self, id: ConsoleId, call: CallId, text: &str) -> Result<(), ConsoleError> {
        let console = self.console(id)?;
        Ok(self.0.switchboard.write_as(console.clinic, call, id, text)?)
    }

    /// Ends a call, on whatever line.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub fn hang_up(&self, id: ConsoleId, call: CallId) -> Result<(), ConsoleError> {
        let console = self.console(id)?;
        Ok(self.0.switchboard.hang_up_for(console.clinic, call)?)
    }

    fn console(&self, id: ConsoleId) -> Result<Console, ConsoleError> {
        let consoles = self.0.consoles.lock();
        consoles.get(&id).map(|open| open.console.clone()).ok_or(ConsoleError::NotOpen)
    }

    fn identity(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.0.ids.uuid().simple())
    }

    fn connect(&self, console: &Console, call: CallId, room: &str, identity: &str, kind: Kind) {
        let now = self.0.clock.mono();
        let by = (console.id, console.clinic, call);
        self.0.connections.lock().add(now, by, room, identity, kind);
    }
}
