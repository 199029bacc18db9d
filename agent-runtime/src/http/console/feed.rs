//! The feed: what happens to a clinic's live calls, over a WebSocket.
//!
//! First the live calls as they stand (`snapshot`), or that the reader misses nothing since the event
//! it names (`resumed`); then each event, in order. Who reads too slowly is cut off and comes back.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use frontdesk_actors::watch::{Event, EventNumber, Events, LiveCall, NoEvent, Start, What};
use frontdesk_types::{CallId, ConsoleId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::consoles::{Open, console_of};
use super::tickets::{LASTING, Ticket};
use super::{Console, Visit, unauthorized};
use crate::http::{Problem, request};
use crate::supervision;

/// The sign-in, or the membership, is over.
const SIGNED_OUT: u16 = 4401;
/// The reader is too slow.
const BEHIND: u16 = 4408;

/// How long one message may take to be handed to the network.
const SEND_PATIENCE: Duration = Duration::from_secs(5);
/// How often the reader is asked whether it is there, and the database whether it may read on.
const CHECK: Duration = Duration::from_secs(20);
/// Longest message of a reader: none has anything to say.
const MAX_MESSAGE: usize = 1024;

#[derive(Serialize)]
struct Issued {
    ticket: String,
    expires_in: u64,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    ticket: String,
    /// The last event that was seen.
    after: Option<EventNumber>,
}

/// The first message.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum First<'a> {
    Snapshot { last: EventNumber, calls: &'a [LiveCall] },
    Resumed,
}

/// An event, with what happened apart: some of it has numbers of its own.
#[derive(Serialize)]
struct Told<'a> {
    number: EventNumber,
    at: Timestamp,
    call: CallId,
    what: &'a What,
}

impl<'a> From<&'a Event> for Told<'a> {
    fn from(event: &'a Event) -> Self {
        Self { number: event.number, at: event.at, call: event.call, what: &event.what }
    }
}

#[derive(Serialize)]
struct List {
    calls: Vec<LiveCall>,
}

/// `GET …/calls/live`: the live calls, as they stand.
pub(super) async fn list(
    State(console): State<Arc<Console>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = console.visit(&headers, &slug).await?;
    console.audit_watching(&visit).await?;
    let calls = console.options.supervision.watch().list(visit.tenant.clinic());
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(List { calls })).into_response())
}

/// `POST …/calls/feed-tickets`
pub(super) async fn ticket(
    State(console): State<Arc<Console>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    request::from_here(&headers)?;
    let visit = console.visit(&headers, &slug).await?;
    let at = console_of(visit.who, &visit.slug, &headers);
    let ticket = Ticket { who: visit.who, clinic: slug, console: at };
    let ticket = console.tickets.issue(ticket, console.shared().clock.mono());
    let ticket = ticket.ok_or_else(|| {
        let detail = "too many tickets are out; ask again in a moment";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(5)
    })?;
    let issued = Issued { ticket, expires_in: LASTING.as_secs() };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(issued)).into_response())
}

/// `GET …/calls/feed?ticket=…&after=…`
pub(super) async fn feed(
    State(console): State<Arc<Console>>,
    Path(slug): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let Query(Asked { ticket, after }) = asked.map_err(|_| {
        let detail = "the feed is opened with `ticket`, and `after` with the number of an event";
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })?;
    let ticket = console.tickets.redeem(&ticket, &slug, console.shared().clock.mono());
    let ticket = ticket.ok_or_else(unauthorized)?;
    let visit = console.admit(ticket.who, &slug).await?;
    let place = Arc::clone(&console.readers).try_acquire_owned().map_err(|_| {
        let detail = "too many consoles are open";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(10)
    })?;
    console.audit_watching(&visit).await?;
    let (start, events) =
        console.options.supervision.watch().subscribe(visit.tenant.clinic(), after);
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let _place = place;
        let _open = open(&console, &visit, ticket.console);
        let close = match begin(&mut socket, start).await {
            Ok(()) => read(&mut socket, &console, &visit, events).await,
            Err(close) => close,
        };
        if let Some((code, reason)) = close {
            if code == SIGNED_OUT {
                console.options.supervision.close(ticket.console);
            }
            let frame = CloseFrame { code, reason: reason.into() };
            let _ = timeout(SEND_PATIENCE, socket.send(Message::Close(Some(frame)))).await;
        }
    }))
}

/// The console is there, and what it has taken over stays taken over, as long as it reads the feed.
fn open(console: &Console, visit: &Visit, id: ConsoleId) -> Open {
    let supervision = &console.options.supervision;
    let sitting = supervision::Console {
        id,
        clinic: visit.tenant.clinic(),
        user: visit.who.user,
        name: visit.name.expose().clone(),
    };
    let calls = supervision.clone();
    console.consoles.open(id, || supervision.open(sitting), move |id| calls.lost(id))
}

/// Why the server closes: code and reason; `None` if the reader is gone.
type Close = Option<(u16, &'static str)>;

async fn begin(socket: &mut WebSocket, start: Start) -> Result<(), Close> {
    match start {
        Start::Snapshot { last, calls } => {
            send(socket, &First::Snapshot { last, calls: &calls }).await
        }
        Start::Missed(events) => {
            send(socket, &First::Resumed).await?;
            for event in events {
                send(socket, &Told::from(event.as_ref())).await?;
            }
            Ok(())
        }
    }
}

/// Tells each event until one side has had enough.
async fn read(
    socket: &mut WebSocket,
    console: &Console,
    visit: &Visit,
    mut events: Events,
) -> Close {
    let mut check = interval(CHECK);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = true;
    check.tick().await;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Ok(event) => if let Err(close) = send(socket, &Told::from(event.as_ref())).await {
                    return close;
                },
                Err(NoEvent::Behind) => return Some((BEHIND, "too slow: come back")),
                Err(NoEvent::Over) => return Some((1001, "the server stops")),
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => heard = true,
            },
            _ = check.tick() => {
                if !std::mem::take(&mut heard) {
                    return None;
                }
                // The database may be away for a moment; whoever is out is known then.
                match console.admit(visit.who, &visit.slug).await {
                    Err(problem) if problem.is_refusal() => {
                        return Some((SIGNED_OUT, "no longer signed in"));
                    }
                    _ => {}
                }
                let ping = socket.send(Message::Ping(axum::body::Bytes::new()));
                if !matches!(timeout(SEND_PATIENCE, ping).await, Ok(Ok(()))) {
                    return None;
                }
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: &impl Serialize) -> Result<(), Close> {
    // Nothing in it fails to be written as JSON.
    let text = serde_json::to_string(message).map_err(|_| Some((1011, "not told")))?;
    match timeout(SEND_PATIENCE, socket.send(Message::text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some((BEHIND, "too slow: come back"))),
    }
}
