//! The session's task: one per room, it owns both peer connections and all that is known of the
//! room. It waits for the two sockets, one timer, the holders' commands and the signalling task.

mod link;
mod net;
mod packets;
mod peer;
mod recover;
mod sdp;
pub(crate) mod shared;
mod signal;
mod tracks;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use livekit_protocol as proto;
use parking_lot::Mutex;
use str0m::media::Mid;
use str0m::rtp::Ssrc;
use str0m::{Event, IceConnectionState};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Sleep;

use self::link::{Link, LinkCommand, LinkEvent};
use self::packets::Channels;
use self::peer::{Peer, now};
use self::recover::Phase;
use self::shared::{Command, Reply, Shared, Snapshot};
use self::tracks::{Published, Subscription};
use crate::data::{DATA_QUEUE, OutData};
use crate::event::EventQueue;
use crate::stats::Counters;
use crate::stream::Incoming;
use crate::{DisconnectReason, RoomEvent, RoomOptions, RtcError, Simulate};

/// How long the server may take to answer a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Commands of holders that may wait; each of them waits for its answer.
const COMMAND_QUEUE: usize = 32;

/// How often deadlines that need no precision are looked at, while there are any.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// How long a closed connection waits for the reason.
const CLOSE_GRACE: Duration = Duration::from_millis(500);

pub(crate) struct Started {
    pub(crate) shared: Arc<Shared>,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) data: mpsc::Sender<OutData>,
}

/// Which of the two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Publisher,
    Subscriber,
}

/// A change of our own metadata that the server has not confirmed.
struct PendingUpdate {
    request: u32,
    attributes: HashMap<String, String>,
    deadline: Instant,
    reply: Reply<()>,
}

impl PendingUpdate {
    fn answer(self, outcome: Result<(), RtcError>) {
        if let Err(Err(error)) = self.reply.send(outcome) {
            // Nobody waits for it any more.
            tracing::debug!(%error, "our own metadata not changed");
        }
    }
}

struct Session {
    options: RoomOptions,
    shared: Arc<Shared>,
    local_ip: IpAddr,
    commands: mpsc::Receiver<Command>,
    data: mpsc::Receiver<OutData>,
    link: mpsc::UnboundedSender<LinkCommand>,
    link_events: mpsc::Receiver<LinkEvent>,
    epoch: u64,
    phase: Phase,
    /// The server closed a connection; by then it has said why, or it will not.
    closed_until: Option<Instant>,
    /// Sessions in a row whose media path did not come up.
    failures: u32,
    was_connected: bool,
    subscriber: Option<Peer>,
    publisher: Option<Peer>,
    channels: Channels,
    next_offer: u32,
    next_request: u32,
    /// The last offer and answer of the subscriber connection, for a resume.
    described: Option<(String, String)>,
    /// Which track each sending line of that offer carries, by its sid.
    lines: Vec<(Mid, String)>,
    /// The line of each received stream.
    ssrcs: HashMap<Ssrc, Mid>,
    published: Vec<Published>,
    /// Identities that may subscribe to our tracks; everybody if `None`.
    permitted: Option<Vec<String>>,
    /// Lines of our tracks that are no more, to be made inactive with the next offer.
    retired: Vec<Mid>,
    /// What writers of audio ring.
    audio: Arc<Notify>,
    /// By track sid.
    subscriptions: BTreeMap<String, Subscription>,
    incoming: Incoming,
    outbox: VecDeque<(Vec<u8>, bool)>,
    outbox_bytes: usize,
    /// Something is to be sent and there is no publisher connection yet.
    wants_publisher: bool,
    sequence: u32,
    /// The last sequence number received, by sender's sid.
    received: HashMap<String, u32>,
    updates: Vec<PendingUpdate>,
    next_housekeeping: Option<Instant>,
    events: Vec<Event>,
    /// Who waits for the end.
    closers: Vec<oneshot::Sender<()>>,
    end: Option<DisconnectReason>,
}

/// What the task woke up for.
#[expect(clippy::large_enum_variant, reason = "one lives at a time, on the stack")]
enum Wake {
    Socket(Side),
    Timer,
    Audio,
    Command(Option<Command>),
    Data(OutData),
    Link(Option<LinkEvent>),
}

/// Joins and starts the session's task on the current runtime.
pub(crate) async fn start(options: RoomOptions) -> Result<Started, RtcError> {
    let local_ip = net::local_address(&options.url).await?;
    let (connected, join) = link::connect(&options, &options.token).await?;
    let shared = Arc::new(Shared {
        state: Mutex::new(Snapshot::default()),
        events: Arc::new(EventQueue::new(options.limits.events)),
        counters: Counters::default(),
        streams: AtomicUsize::new(0),
        stream_bytes: Arc::default(),
        clock: options.clock.clone(),
    });
    let (command_tx, commands) = mpsc::channel(COMMAND_QUEUE);
    let (data_tx, data) = mpsc::channel(DATA_QUEUE);
    #[expect(
        clippy::disallowed_methods,
        reason = "the session must not wait for signalling, and what it sends is its own doing"
    )]
    let (link, link_commands) = mpsc::unbounded_channel();
    let (link_tx, link_events) = mpsc::channel(link::EVENT_QUEUE);
    let link_task = Link::new(options.clone(), connected, link_commands, link_tx).run();
    let mut session = Session {
        shared: shared.clone(),
        local_ip,
        commands,
        data,
        link,
        link_events,
        epoch: 0,
        phase: Phase::Connecting { until: now() + options.media_timeout },
        closed_until: None,
        failures: 0,
        was_connected: false,
        subscriber: None,
        publisher: None,
        channels: Channels::default(),
        next_offer: 1,
        next_request: 1,
        described: None,
        lines: Vec::new(),
        ssrcs: HashMap::new(),
        published: Vec::new(),
        permitted: None,
        retired: Vec::new(),
        audio: Arc::new(Notify::new()),
        subscriptions: BTreeMap::new(),
        incoming: Incoming::new(options.limits, shared.stream_bytes.clone()),
        outbox: VecDeque::new(),
        outbox_bytes: 0,
        wants_publisher: false,
        sequence: 0,
        received: HashMap::new(),
        updates: Vec::new(),
        next_housekeeping: None,
        events: Vec::new(),
        closers: Vec::new(),
        end: None,
        options,
    };
    session.subscriber = Some(Peer::new(local_ip, proto::SignalTarget::Subscriber).await?);
    session.joined(join);
    let link_task = tokio::spawn(link_task);
    tokio::spawn(async move {
        let shared = session.shared.clone();
        // str0m panics on its own bugs; one room's must not take the process or its holders down.
        let ended = AssertUnwindSafe(session.run()).catch_unwind().await;
        let reason = ended.unwrap_or(DisconnectReason::Internal);
        let closers = session.shut();
        drop(session);
        if link_task.await.is_err() {
            tracing::error!("the signalling task failed");
        }
        shared.finish(reason);
        drop(closers);
    });
    Ok(Started { shared, commands: command_tx, data: data_tx })
}

impl Shared {
    fn finish(&self, reason: DisconnectReason) {
        {
            let mut state = self.state.lock();
            state.closed = Some(reason);
            state.connected = false;
            state.audio.clear();
        }
        tracing::info!(?reason, "room session ended");
        self.events.push(RoomEvent::Disconnected { reason });
    }
}

impl Session {
    async fn run(&mut self) -> DisconnectReason {
        let timer = tokio::time::sleep(Duration::ZERO);
        let mut timer = Box::pin(timer);
        loop {
            if let Some(reason) = self.end {
                return reason;
            }
            self.arm(timer.as_mut());
            let wake = self.wait(timer.as_mut()).await;
            self.shared.counters.wakeups.add(1);
            match wake {
                Wake::Socket(side) => self.receive(side),
                Wake::Timer => {}
                Wake::Audio => self.send_audio(),
                Wake::Command(command) => self.command(command).await,
                Wake::Data(out) => self.send_data(out.packet, out.reliable),
                Wake::Link(event) => self.link_event(event).await,
            }
            self.tick().await;
        }
    }

    async fn wait(&mut self, mut timer: Pin<&mut Sleep>) -> Wake {
        let room_to_send = self.outbox_bytes < self.options.limits.send_buffer;
        tokio::select! {
            () = readable(self.subscriber.as_ref()) => Wake::Socket(Side::Subscriber),
            () = self.audio.notified() => Wake::Audio,
            () = timer.as_mut() => Wake::Timer,
            () = readable(self.publisher.as_ref()) => Wake::Socket(Side::Publisher),
            Some(out) = self.data.recv(), if room_to_send => Wake::Data(out),
            event = self.link_events.recv() => Wake::Link(event),
            command = self.commands.recv() => Wake::Command(command),
        }
    }

    /// Sets the timer to the earliest deadline, if that moved.
    fn arm(&self, timer: Pin<&mut Sleep>) {
        let peers = [&self.subscriber, &self.publisher];
        let peers = peers.into_iter().flatten().filter(|p| !p.dead).map(|p| p.deadline);
        let next = peers
            .chain(self.next_housekeeping)
            .chain(self.phase.until())
            .chain(self.reorder_deadline())
            .chain(self.closed_until)
            .min();
        // With nothing to wait for the task sleeps until somebody wakes it.
        let next = next.unwrap_or_else(|| now() + Duration::from_secs(3600));
        let next = tokio::time::Instant::from_std(next);
        if timer.deadline() != next || timer.is_elapsed() {
            timer.reset(next);
        }
    }

    /// What is due now, after whatever happened.
    async fn tick(&mut self) {
        let now = now();
        for side in [Side::Subscriber, Side::Publisher] {
            let shared = self.shared.clone();
            let mut events = std::mem::take(&mut self.events);
            if let Some(peer) = self.peer(side) {
                peer.tick(now, &mut events, &shared.counters);
            }
            self.peer_events(side, events);
        }
        if self.reorder_deadline().is_some_and(|at| at <= now) {
            self.release_reordered(now);
        }
        if self.next_housekeeping.is_some_and(|at| at <= now) {
            self.housekeep(now);
        }
        self.supervise(now).await;
        self.send_outbox();
        let has_work = !self.incoming.is_empty()
            || !self.updates.is_empty()
            || self.published.iter().any(Published::is_waiting);
        if has_work && self.next_housekeeping.is_none() {
            self.next_housekeeping = Some(now + HOUSEKEEPING);
        } else if !has_work {
            self.next_housekeeping = None;
        }
    }

    fn housekeep(&mut self, now: Instant) {
        self.next_housekeeping = None;
        self.incoming.expire(now, &self.shared.counters);
        self.shared.streams.store(self.incoming.len(), Ordering::Relaxed);
        let expired: Vec<_> = self.updates.extract_if(.., |u| u.deadline <= now).collect();
        for update in expired {
            update.answer(Err(RtcError::Timeout {
                what: "the change of our own metadata",
                seconds: REQUEST_TIMEOUT.as_secs(),
            }));
        }
        self.expire_publishing(now);
    }

    const fn peer(&mut self, side: Side) -> Option<&mut Peer> {
        match side {
            Side::Subscriber => self.subscriber.as_mut(),
            Side::Publisher => self.publisher.as_mut(),
        }
    }

    fn receive(&mut self, side: Side) {
        let shared = self.shared.clone();
        let mut events = std::mem::take(&mut self.events);
        if let Some(peer) = self.peer(side) {
            peer.receive(&mut events, &shared.counters);
        }
        self.peer_events(side, events);
    }

    /// Drives a connection after a change and handles what comes of it.
    fn drive(&mut self, side: Side) {
        let shared = self.shared.clone();
        let mut events = std::mem::take(&mut self.events);
        if let Some(peer) = self.peer(side) {
            peer.drive(now(), &mut events, &shared.counters);
        }
        self.peer_events(side, events);
    }

    fn peer_events(&mut self, side: Side, mut events: Vec<Event>) {
        for event in events.drain(..) {
            self.peer_event(side, event);
        }
        // Keeps the allocation.
        self.events = events;
    }

    fn peer_event(&mut self, side: Side, event: Event) {
        match event {
            Event::RtpPacket(packet) if side == Side::Subscriber => self.on_media(packet),
            Event::ChannelOpen(id, label) => self.channel_open(side, id, &label),
            Event::ChannelData(data) => self.on_data(side, &data),
            Event::ChannelBufferedAmountLow(_) => self.send_outbox(),
            Event::Connected => self.update_live(),
            Event::IceConnectionStateChange(state) => {
                tracing::debug!(?side, ?state, "ice state changed");
                if state == IceConnectionState::Disconnected {
                    self.media_lost(side);
                }
                self.update_live();
            }
            Event::Closed => {
                // The server closed it on purpose, and says why over signalling: wait for that.
                self.closed_until.get_or_insert_with(|| now() + CLOSE_GRACE);
            }
            _ => {}
        }
    }

    fn send(&self, message: proto::signal_request::Message) {
        // The signalling task ends only after the session's.
        let _ = self.link.send(LinkCommand::Send { epoch: self.epoch, message: message.into() });
    }

    fn emit(&self, event: RoomEvent) {
        self.shared.events.push(event);
    }

    async fn command(&mut self, command: Option<Command>) {
        match command {
            None => self.end = Some(DisconnectReason::ClientInitiated),
            Some(Command::Close(done)) => {
                self.closers.push(done);
                self.end = Some(DisconnectReason::ClientInitiated);
            }
            Some(Command::Publish(options, reply)) => self.publish(options, reply).await,
            Some(Command::Unpublish(sid, reply)) => {
                let _ = reply.send(self.unpublish(&sid));
            }
            Some(Command::Subscribe(sid, on, reply)) => {
                let _ = reply.send(self.subscribe(&sid, on));
            }
            Some(Command::Permit(identities)) => {
                self.permitted = Some(identities);
                self.send_permission();
            }
            Some(Command::Update { name, attributes, reply }) => {
                self.update_metadata(name, attributes, reply);
            }
            Some(Command::Simulate(what)) => self.simulate(what),
        }
    }

    fn update_metadata(
        &mut self,
        name: Option<String>,
        attributes: HashMap<String, String>,
        reply: Reply<()>,
    ) {
        let request = self.next_request;
        self.next_request += 1;
        let (own_name, own_metadata) = {
            let state = self.shared.state.lock();
            let local = state.local.as_ref();
            (local.map(|l| l.name.clone()), local.map(|l| l.metadata.clone()))
        };
        self.send(proto::signal_request::Message::UpdateMetadata(
            proto::UpdateParticipantMetadata {
                // What is not changed is repeated: the server takes all three.
                name: name.or(own_name).unwrap_or_default(),
                metadata: own_metadata.unwrap_or_default(),
                attributes: attributes.clone(),
                request_id: request,
            },
        ));
        let deadline = now() + REQUEST_TIMEOUT;
        self.updates.push(PendingUpdate { request, attributes, deadline, reply });
    }

    fn simulate(&self, what: Simulate) {
        use proto::simulate_scenario::Scenario;
        let scenario = match what {
            Simulate::FullReconnect => {
                // The open-source server has no such scenario, but this is how it answers an
                // offer without ICE credentials.
                return self.send(proto::signal_request::Message::Offer(
                    proto::SessionDescription {
                        r#type: "offer".into(),
                        sdp: "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n".into(),
                        ..Default::default()
                    },
                ));
            }
            Simulate::ServerLeave => Scenario::ServerLeave(true),
            Simulate::NodeFailure => Scenario::NodeFailure(true),
        };
        self.send(proto::signal_request::Message::Simulate(proto::SimulateScenario {
            scenario: Some(scenario),
        }));
    }

    /// Ends everything that waits; who waits for the end itself is returned.
    fn shut(&mut self) -> Vec<oneshot::Sender<()>> {
        self.incoming.close();
        for published in &self.published {
            published.track.set_live(false);
        }
        let _ = self.link.send(LinkCommand::Close);
        // Commands that came too late are dropped with their replies, which tells their senders.
        self.commands.close();
        let mut closers = std::mem::take(&mut self.closers);
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Close(done) = command {
                closers.push(done);
            }
        }
        closers
    }
}

async fn readable(peer: Option<&Peer>) {
    match peer {
        Some(peer) if !peer.dead => peer.readable().await,
        _ => std::future::pending().await,
    }
}
