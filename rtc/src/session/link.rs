//! Signalling in a task of its own: media must not wait for it.
//!
//! `livekit-signaling` connects, pings and queues; when to try again is decided here.

use std::collections::VecDeque;
use std::time::Duration;

use livekit_protocol as proto;
use livekit_signaling::{SignalClient, SignalError, SignalEvent, SignalEvents, SignalOptions};
use proto::signal_request::Message as Request;
use proto::signal_response::Message as Response;
use tokio::sync::mpsc;

use crate::{DisconnectReason, RoomOptions, RtcError};

/// What we speak: the last version before data channels with fixed ids (18 implies those).
const PROTOCOL_VERSION: u32 = 15;

/// How long leaving may take.
const LEAVE: Duration = Duration::from_secs(2);

/// Messages of the server that wait for the session.
pub(super) const EVENT_QUEUE: usize = 128;

pub(super) enum LinkCommand {
    /// Send; what negotiates a connection (`epoch`) makes no sense on a later one.
    Send { epoch: u64, message: Box<Request> },
    /// The media path is confirmed after a resume: send what was held back.
    Confirm,
    /// Get a new signalling connection for the same session.
    Resume(proto::ReconnectReason),
    /// Get a new session.
    Rejoin,
    /// Leave and end.
    Close,
}

pub(super) enum LinkEvent {
    /// The server said something.
    Message(Box<Response>),
    /// The connection is gone; attempts to resume have begun.
    Lost,
    /// The same session goes on.
    Resumed { epoch: u64 },
    /// The session cannot be resumed: ask for another.
    NotResumable,
    /// A new session.
    Joined { epoch: u64, join: Box<proto::JoinResponse> },
    /// Nothing helps.
    GaveUp(DisconnectReason),
}

pub(super) struct Connected {
    client: SignalClient,
    events: SignalEvents,
}

/// Joins the room.
pub(super) async fn connect(
    options: &RoomOptions,
    token: &str,
) -> Result<(Connected, proto::JoinResponse), RtcError> {
    let mut signal = SignalOptions::default();
    signal.auto_subscribe = false;
    signal.adaptive_stream = false;
    signal.single_peer_connection = false;
    signal.protocol_version = PROTOCOL_VERSION;
    signal.client_capabilities = Vec::new();
    signal.client_protocol = 0;
    // Of all names that the server knows this one alone says that we cannot do ICE over TCP. With
    // any other it may decide, after a short connection has failed, to offer us only TCP.
    signal.sdk_options.sdk = "go".into();
    crate::signal_socket::install();
    let (client, join, events) =
        SignalClient::connect(&options.url, token, signal, None).await.map_err(error)?;
    Ok((Connected { client, events }, join))
}

fn error(error: SignalError) -> RtcError {
    match error {
        SignalError::UrlParse(reason) => RtcError::Url { reason },
        SignalError::TokenFormat => RtcError::Unauthorized { status: "malformed".into() },
        // The body may repeat what was sent.
        SignalError::Client(status, _) if matches!(status.as_u16(), 401 | 403) => {
            RtcError::Unauthorized { status: status.to_string() }
        }
        SignalError::Handshake { status } if matches!(status.as_u16(), 401 | 403) => {
            RtcError::Unauthorized { status: status.to_string() }
        }
        SignalError::Client(status, _) | SignalError::Server(status, _) => {
            RtcError::Unreachable { reason: format!("it answered {status}") }
        }
        other => RtcError::Unreachable { reason: other.to_string() },
    }
}

pub(super) struct Link {
    options: RoomOptions,
    connected: Option<Connected>,
    /// The last token known, refreshed by the server.
    token: String,
    epoch: u64,
    commands: mpsc::UnboundedReceiver<LinkCommand>,
    events: mpsc::Sender<LinkEvent>,
    /// Commands that came during an attempt.
    held: VecDeque<LinkCommand>,
}

/// What interrupts an attempt to reconnect.
enum Urgent {
    Close,
    Rejoin,
}

impl Link {
    pub(super) fn new(
        options: RoomOptions,
        connected: Connected,
        commands: mpsc::UnboundedReceiver<LinkCommand>,
        events: mpsc::Sender<LinkEvent>,
    ) -> Self {
        let token = options.token.clone();
        let held = VecDeque::new();
        Self { options, connected: Some(connected), token, epoch: 0, commands, events, held }
    }

    /// Serves until it is told to close, or the session is gone.
    pub(super) async fn run(mut self) {
        loop {
            let command = match self.held.pop_front() {
                Some(command) => Some(command),
                None => tokio::select! {
                    command = self.commands.recv() => {
                        Some(command.unwrap_or(LinkCommand::Close))
                    }
                    event = next(&mut self.connected) => {
                        if !self.on_event(event).await {
                            return self.leave().await;
                        }
                        None
                    }
                },
            };
            let go_on = match command {
                None => true,
                Some(LinkCommand::Send { epoch, message }) => {
                    self.send(epoch, *message).await;
                    true
                }
                Some(LinkCommand::Confirm) => {
                    if let Some(connected) = &self.connected {
                        connected.client.set_reconnected().await;
                    }
                    true
                }
                Some(LinkCommand::Resume(reason)) => self.resume(reason).await,
                Some(LinkCommand::Rejoin) => self.rejoin().await,
                Some(LinkCommand::Close) => false,
            };
            if !go_on {
                return self.leave().await;
            }
        }
    }

    /// False when the session is gone.
    async fn on_event(&mut self, event: Option<SignalEvent>) -> bool {
        match event {
            Some(SignalEvent::Message(message)) => self.tell(LinkEvent::Message(message)).await,
            Some(SignalEvent::Close(_)) | None => {
                self.tell(LinkEvent::Lost).await
                    && self.resume(proto::ReconnectReason::RrSignalDisconnected).await
            }
        }
    }

    async fn tell(&self, event: LinkEvent) -> bool {
        self.events.send(event).await.is_ok()
    }

    async fn send(&self, epoch: u64, message: Request) {
        let negotiates =
            matches!(message, Request::Offer(_) | Request::Answer(_) | Request::Trickle(_));
        if negotiates && epoch != self.epoch {
            return;
        }
        if let Some(connected) = &self.connected {
            connected.client.send(message).await;
        }
    }

    /// Attempts by the retry policy; false when told to close.
    async fn resume(&mut self, reason: proto::ReconnectReason) -> bool {
        let Some(Connected { client, mut events }) = self.connected.take() else { return true };
        // Ends the old transport before the attempts, so that its end is not taken for theirs.
        client.close().await;
        while let Ok(event) = events.try_recv() {
            if let SignalEvent::Message(message) = event
                && !self.tell(LinkEvent::Message(message)).await
            {
                return false;
            }
        }
        let policy = self.options.retry;
        for attempt in 0..policy.attempts {
            let outcome = {
                let restart = async {
                    tokio::time::sleep(policy.jittered(attempt)).await;
                    client.restart(reason).await
                };
                tokio::select! {
                    outcome = restart => outcome,
                    urgent = urgent(&mut self.commands, &mut self.held) => {
                        self.token = client.token();
                        client.close().await;
                        return match urgent {
                            Urgent::Close => false,
                            Urgent::Rejoin => Box::pin(self.rejoin()).await,
                        };
                    }
                }
            };
            match outcome {
                Ok(_) => {
                    self.epoch += 1;
                    self.connected = Some(Connected { client, events });
                    return self.tell(LinkEvent::Resumed { epoch: self.epoch }).await;
                }
                Err(SignalError::LeaveRequest { reason, action }) => {
                    self.token = client.token();
                    client.close().await;
                    return match action {
                        proto::leave_request::Action::Disconnect => {
                            self.gave_up(DisconnectReason::from_proto(reason)).await
                        }
                        _ => self.tell(LinkEvent::NotResumable).await,
                    };
                }
                // The server answers, but not to this session.
                Err(SignalError::Handshake { .. } | SignalError::Client(..)) => {
                    self.token = client.token();
                    client.close().await;
                    return self.tell(LinkEvent::NotResumable).await;
                }
                Err(error) => {
                    tracing::debug!(attempt, %error, "signalling not resumed yet");
                }
            }
        }
        client.close().await;
        self.gave_up(DisconnectReason::RetriesExhausted).await
    }

    /// A new session, by the retry policy; false when told to close.
    async fn rejoin(&mut self) -> bool {
        if let Some(old) = self.connected.take() {
            self.token = old.client.token();
            old.client.close().await;
        }
        let policy = self.options.retry;
        for attempt in 0..policy.attempts {
            let outcome = {
                let join = async {
                    tokio::time::sleep(policy.jittered(attempt)).await;
                    connect(&self.options, &self.token).await
                };
                tokio::select! {
                    outcome = join => outcome,
                    urgent = urgent(&mut self.commands, &mut self.held) => match urgent {
                        Urgent::Close => return false,
                        // This is one.
                        Urgent::Rejoin => continue,
                    },
                }
            };
            match outcome {
                Ok((connected, join)) => {
                    self.epoch += 1;
                    self.connected = Some(connected);
                    let join = Box::new(join);
                    return self.tell(LinkEvent::Joined { epoch: self.epoch, join }).await;
                }
                Err(error @ (RtcError::Unauthorized { .. } | RtcError::Url { .. })) => {
                    tracing::warn!(%error, "cannot rejoin");
                    return self.gave_up(DisconnectReason::JoinFailure).await;
                }
                Err(error) => tracing::debug!(attempt, %error, "not rejoined yet"),
            }
        }
        self.gave_up(DisconnectReason::RetriesExhausted).await
    }

    async fn gave_up(&self, reason: DisconnectReason) -> bool {
        self.tell(LinkEvent::GaveUp(reason)).await
    }

    async fn leave(mut self) {
        let Some(Connected { client, mut events }) = self.connected.take() else { return };
        let leave = Request::Leave(proto::LeaveRequest {
            reason: proto::DisconnectReason::ClientInitiated as i32,
            action: proto::leave_request::Action::Disconnect as i32,
            ..Default::default()
        });
        let heard = async {
            client.send(leave).await;
            // The server forgets a request that is followed at once by the connection's end, and
            // keeps a ghost of us until ICE times out. It answers by closing the connection.
            while let Some(SignalEvent::Message(message)) = events.recv().await {
                if matches!(*message, Response::Leave(_)) {
                    break;
                }
            }
        };
        if tokio::time::timeout(LEAVE, heard).await.is_err() {
            tracing::debug!("the server did not take the leave request in time");
        }
        // Bounded inside; without it the connection's tasks would live on.
        client.close().await;
    }
}

async fn next(connected: &mut Option<Connected>) -> Option<SignalEvent> {
    match connected {
        Some(connected) => connected.events.recv().await,
        None => std::future::pending().await,
    }
}

/// Waits for a command that cannot wait, and holds the others.
async fn urgent(
    commands: &mut mpsc::UnboundedReceiver<LinkCommand>,
    held: &mut VecDeque<LinkCommand>,
) -> Urgent {
    loop {
        match commands.recv().await {
            None | Some(LinkCommand::Close) => return Urgent::Close,
            Some(LinkCommand::Rejoin) => return Urgent::Rejoin,
            Some(other) => held.push_back(other),
        }
    }
}
