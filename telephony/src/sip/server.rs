//! The SIP listener: what to answer to which request.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use frontdesk_line::CallerFacts;
use parking_lot::Mutex;
use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog::Dialog;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::headers::untyped;
use rsipstack::sip::{Header, HeadersExt as _, Method, SipMessage, StatusCode, Uri};
use rsipstack::transaction::endpoint::EndpointOption;
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transaction::{Endpoint, TransactionReceiver};
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipConnection, TransportLayer};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::dialog::Call;
use super::headers;
use super::sdp::Offer;
use super::shared::{Attempted, Invited, Shared};
use crate::line::PhoneCall;
use crate::media::Ports;
use crate::reception::{Reception, Rejection, Take};

/// Requests in hand at once; what comes beyond is dropped, and sent again by whoever means it.
const MAX_REQUESTS: usize = 2000;
/// How long a refused caller's acknowledgement is waited for: 64 times T1 (RFC 3261, timer H).
const ACK_PATIENCE: Duration = Duration::from_secs(32);
/// What callers are told to try again after, in seconds.
const RETRY_FULL: u32 = 10;
const RETRY_UNAVAILABLE: u32 = 60;
/// How long what is under way may take at the end.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// How to listen.
#[derive(Debug, Clone)]
pub struct TelephoneOptions {
    /// Address and port of SIP; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Ports of RTP, one even one for each call.
    pub rtp_ports: RangeInclusive<u16>,
    /// Where the sockets of sound live: a Tokio runtime where nothing computes.
    pub media: tokio::runtime::Handle,
    /// What is told of this program to the other side.
    pub user_agent: String,
}

/// The telephone cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for SIP on {address}: {reason}")]
pub struct StartError {
    /// The configured address.
    pub address: SocketAddr,
    /// What is wrong.
    pub reason: String,
}

/// What there is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Calls whose line is not gone.
    pub calls: usize,
    /// Sockets of sound.
    pub sockets: usize,
    /// Tasks, the two of the listener among them.
    pub tasks: usize,
}

/// A listening telephone.
pub struct Telephone {
    shared: Arc<Shared>,
    endpoint: Endpoint,
}

impl Telephone {
    /// Listens, and has `reception` decide on calls from then on.
    ///
    /// # Errors
    /// [`StartError`] if the address cannot be used.
    pub async fn start(
        options: TelephoneOptions,
        reception: Arc<dyn Reception>,
    ) -> Result<Self, StartError> {
        let address = options.listen;
        let failed = |reason: String| StartError { address, reason };
        let stop = CancellationToken::new();
        let transport = TransportLayer::new(stop.child_token());
        let listener = UdpConnection::create_connection(address, None, Some(stop.child_token()));
        let listener = listener.await.map_err(|error| failed(error.to_string()))?;
        let listen = listener.get_addr().get_socketaddr();
        let listen = listen.map_err(|error| failed(error.to_string()))?;
        // Where all addresses are listened on, the stack names one of them.
        let listen = SocketAddr::new(address.ip(), listen.port());
        transport.add_transport(SipConnection::Udp(listener));
        let endpoint = EndpointBuilder::new()
            .with_user_agent(&options.user_agent)
            .with_transport_layer(transport)
            .with_cancel_token(stop.child_token())
            .with_option(EndpointOption::default())
            .build();
        let incoming =
            endpoint.incoming_transactions().map_err(|error| failed(error.to_string()))?;
        let shared = Arc::new(Shared {
            dialogs: DialogLayer::new(Arc::clone(&endpoint.inner)),
            ports: Ports::new(address.ip(), options.rtp_ports),
            media: options.media,
            main: tokio::runtime::Handle::current(),
            tasks: TaskTracker::new(),
            calls: AtomicUsize::new(0),
            sockets: AtomicUsize::new(0),
            reception,
            listen,
            attempts: Mutex::default(),
            draining: AtomicBool::new(false),
            stop,
        });
        let inner = Arc::clone(&endpoint.inner);
        let stopped = shared.stop.clone();
        shared.tasks.spawn(async move {
            let ended = inner.serve().await;
            if !stopped.is_cancelled() {
                tracing::error!(?ended, "sip listener ended");
            }
        });
        shared.tasks.spawn(receive(Arc::clone(&shared), incoming));
        Ok(Self { shared, endpoint })
    }

    /// The address that SIP is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.listen
    }

    /// Takes no more calls from now on; those under way go on.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::SeqCst);
    }

    /// What there is at the moment.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            calls: self.shared.calls.load(Ordering::SeqCst),
            sockets: self.shared.sockets.load(Ordering::SeqCst),
            tasks: self.shared.tasks.len(),
        }
    }

    /// Stops listening. The lines of calls are to be hung up before.
    pub async fn close(self) {
        self.drain();
        self.shared.stop.cancel();
        self.endpoint.shutdown();
        self.shared.tasks.close();
        if tokio::time::timeout(CLOSE_PATIENCE, self.shared.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.shared.tasks.len(), "telephone tasks still run");
        }
    }
}

async fn receive(shared: Arc<Shared>, mut incoming: TransactionReceiver) {
    let places = Arc::new(Semaphore::new(MAX_REQUESTS));
    loop {
        let transaction = tokio::select! {
            () = shared.stop.cancelled() => return,
            transaction = incoming.recv() => transaction,
        };
        let Some(transaction) = transaction else { return };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(MAX_REQUESTS, "sip request dropped");
            continue;
        };
        let shared = Arc::clone(&shared);
        shared.clone().spawn(async move {
            shared.on_request(transaction).await;
            drop(place);
        });
    }
}

impl Shared {
    async fn on_request(self: Arc<Self>, mut transaction: Transaction) {
        let tag = transaction.original.to_header().and_then(untyped::To::tag);
        match (tag, &transaction.original.method) {
            (_, Method::Ack) => {}
            (Err(_), _) => refuse(&mut transaction, StatusCode::BadRequest, vec![]).await,
            (Ok(Some(_)), _) => match self.dialogs.match_dialog(&transaction) {
                Some(Dialog::Invite(mut dialog)) => {
                    if let Err(error) = dialog.handle(&mut transaction).await {
                        tracing::debug!(%error, "sip request of a call failed");
                    }
                }
                _ => {
                    let status = StatusCode::CallTransactionDoesNotExist;
                    refuse(&mut transaction, status, vec![]).await;
                }
            },
            (Ok(None), Method::Invite) => self.on_invite(transaction).await,
            (Ok(None), Method::Options) => {
                let status = if self.is_draining() {
                    StatusCode::ServiceUnavailable
                } else {
                    StatusCode::OK
                };
                refuse(&mut transaction, status, headers::about_us()).await;
            }
            (Ok(None), Method::Bye | Method::PRack | Method::Update | Method::Info) => {
                // Of a call, but of none that is.
                let status = StatusCode::CallTransactionDoesNotExist;
                refuse(&mut transaction, status, vec![]).await;
            }
            (Ok(None), _) => {
                let status = StatusCode::MethodNotAllowed;
                refuse(&mut transaction, status, headers::about_us()).await;
            }
        }
    }

    async fn on_invite(self: Arc<Self>, mut transaction: Transaction) {
        let invited = match self.invited(&transaction) {
            Ok(invited) => invited,
            Err((status, headers)) => return refuse(&mut transaction, status, headers).await,
        };
        // The caller's end stops asking again; what is decided takes a look at the database.
        let _ = transaction.send_trying().await;
        let facts = headers::facts(&transaction.original);
        let take = {
            let mut deciding = self.reception.decide(&facts);
            loop {
                tokio::select! {
                    decided = &mut deciding => break decided,
                    message = transaction.receive() => match message {
                        Some(SipMessage::Request(request)) if request.method == Method::Cancel => {
                            tracing::info!("caller gave up before an answer");
                            let status = StatusCode::RequestTerminated;
                            drop(deciding);
                            return refuse(&mut transaction, status, vec![]).await;
                        }
                        Some(_) => {}
                        None => return,
                    },
                }
            }
        };
        match take {
            Ok(take) => self.take(transaction, invited, facts, take).await,
            Err(refusal) => {
                let (status, headers) = answer(refusal);
                tracing::warn!(
                    dialled = facts.dialled,
                    status = status.code(),
                    reason = %refusal,
                    "telephone call refused"
                );
                refuse(&mut transaction, status, headers).await;
            }
        }
    }

    /// What an INVITE is refused for whoever it is for.
    fn invited(
        self: &Arc<Self>,
        transaction: &Transaction,
    ) -> Result<Invited, (StatusCode, Vec<Header>)> {
        let request = &transaction.original;
        let attempt = headers::attempt(request).ok_or((StatusCode::BadRequest, vec![]))?;
        if !self.attempts.lock().insert(attempt.clone()) {
            // The same call by another way (RFC 3261, section 8.2.2.2).
            return Err((StatusCode::LoopDetected, vec![]));
        }
        let attempted = Attempted { shared: Arc::clone(self), attempt };
        if let Some(unsupported) = headers::required(request) {
            return Err((StatusCode::BadExtension, vec![unsupported]));
        }
        if self.is_draining() {
            return Err(answer(Rejection::Unavailable));
        }
        if !headers::is_sdp_or_empty(request) {
            return Err((StatusCode::UnsupportedMediaType, headers::about_us()));
        }
        let peer = transaction.connection.as_ref().and_then(|connection| match connection {
            SipConnection::Udp(udp) => udp.get_remote_addr()?.get_socketaddr().ok(),
            _ => None,
        });
        let peer = peer.ok_or((StatusCode::BadRequest, vec![]))?;
        let offer = (!request.body.is_empty()).then(|| Offer::parse(&request.body, peer.ip()));
        let offer = offer.transpose().map_err(|error| {
            tracing::warn!(%error, "telephone call refused");
            (StatusCode::NotAcceptableHere, headers::about_us())
        })?;
        Ok(Invited { attempted, peer, offer })
    }

    async fn take(
        self: Arc<Self>,
        mut transaction: Transaction,
        invited: Invited,
        facts: CallerFacts,
        take: Take,
    ) {
        let local = self.local_ip(invited.peer);
        let contact = format!("sip:frontdesk@{}", SocketAddr::new(local, self.listen.port()));
        let (sender, states) = self.dialogs.new_dialog_state_channel();
        let contact = Uri::try_from(contact.as_str()).ok();
        let dialog = self.dialogs.get_or_create_server_invite(&transaction, sender, None, contact);
        // The error may hold what the caller's end wrote.
        let Ok(mut dialog) = dialog else {
            tracing::warn!(reason = "no usable contact", "telephone call refused");
            return refuse(&mut transaction, StatusCode::BadRequest, vec![]).await;
        };
        let call = Call::new(Arc::clone(&self), dialog.clone(), invited, local, facts);
        let followed = Arc::clone(&call);
        self.spawn(async move { followed.follow(states).await });
        take(Box::new(PhoneCall::new(Arc::clone(&call))));
        let handled = tokio::select! {
            handled = dialog.handle(&mut transaction) => handled,
            // Over, and the answer never acknowledged: it need not be repeated any more.
            () = call.spent() => Ok(()),
        };
        if let Err(error) = handled {
            tracing::debug!(%error, "sip request of a call failed");
        }
    }
}

fn answer(refusal: Rejection) -> (StatusCode, Vec<Header>) {
    let soon = |seconds| vec![headers::retry_after(seconds)];
    match refusal {
        Rejection::UnknownNumber => (StatusCode::NotFound, vec![]),
        Rejection::Closed => (StatusCode::TemporarilyUnavailable, vec![]),
        Rejection::Full => (StatusCode::BusyHere, soon(RETRY_FULL)),
        Rejection::Unavailable => (StatusCode::ServiceUnavailable, soon(RETRY_UNAVAILABLE)),
    }
}

/// Answers finally, and keeps an INVITE's answer until it is acknowledged.
async fn refuse(transaction: &mut Transaction, status: StatusCode, headers: Vec<Header>) {
    if let Err(error) = transaction.reply_with(status, headers, None).await {
        tracing::debug!(%error, "sip request not answered");
        return;
    }
    if transaction.original.method == Method::Invite {
        let is_ack = |message: &SipMessage| matches!(message, SipMessage::Request(request) if request.method == Method::Ack);
        let acknowledged =
            async { while transaction.receive().await.is_some_and(|message| !is_ack(&message)) {} };
        let _ = tokio::time::timeout(ACK_PATIENCE, acknowledged).await;
    }
}
