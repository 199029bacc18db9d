//! One call's dialog: what the caller's end does with it, and what both sides agreed on.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use frontdesk_line::{CallerFacts, Gone, LineEvent, Listener};
use parking_lot::Mutex;
use rand::Rng as _;
use rsipstack::dialog::dialog::{
    DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle,
};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::headers::untyped;
use rsipstack::sip::{HeadersExt as _, Method, Request, StatusCode, StatusCodeKind};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::headers;
use super::refer::{self, Progress};
use super::sdp::{Describer, Offer};
use super::shared::{Attempted, Invited, Shared};
use crate::media::{Media, Talk};

/// How long the caller's end may take to acknowledge that the call is over.
const BYE_LIMIT: Duration = Duration::from_secs(3);
/// How long the caller's end may take to answer to a wish to transfer the call.
const REFER_LIMIT: Duration = Duration::from_secs(5);
/// How long the other place may ring.
const TRANSFER_LIMIT: Duration = Duration::from_secs(30);

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
    #[error("the caller gave up")]
    GaveUp,
    #[error(transparent)]
    NoPort(#[from] crate::media::NoPort),
    #[error("the socket for sound cannot be used: {0}")]
    Socket(#[from] std::io::Error),
    #[error("the answer was not sent: {0}")]
    Sip(#[from] Box<rsipstack::Error>),
}

/// Why a call was not transferred.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    #[error("this is no number with its country code and no sip address")]
    Target,
    #[error("the caller's end does not transfer: status {0}")]
    Refused(u16),
    #[error("the other place did not take the call: status {0}")]
    NotTaken(u16),
    #[error("nobody took the call in time")]
    Late,
    #[error("the transfer could not be asked for: {0}")]
    Sip(#[from] Box<rsipstack::Error>),
}

/// What changes while a call goes on.
#[derive(Default)]
struct State {
    listener: Option<Listener>,
    media: Option<Arc<Media>>,
    describer: Option<Describer>,
    /// What the INVITE offers, until it is answered.
    offer: Option<Offer>,
    /// The INVITE whose acknowledgement answers our own offer.
    asked: Option<u32>,
    referring: Option<mpsc::Sender<Progress>>,
    /// Whether the caller has put us on hold.
    held: bool,
    over: bool,
}

/// See the module's documentation.
pub(crate) struct Call {
    shared: Arc<Shared>,
    dialog: InviteDialog,
    peer: SocketAddr,
    local: IpAddr,
    pub(crate) facts: CallerFacts,
    /// Whether the caller's end has keys; not known before it says what it has, and then hoped for.
    pub(crate) keys: bool,
    state: Mutex<State>,
    /// The dialog's state has changed.
    changed: Notify,
    /// Nothing more is expected of the caller's end.
    done: CancellationToken,
    /// The socket of sound is closed.
    quiet: CancellationToken,
    _attempted: Attempted,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.shared.calls.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Call {
    pub(crate) fn new(
        shared: Arc<Shared>,
        dialog: InviteDialog,
        invited: Invited,
        local: IpAddr,
        facts: CallerFacts,
    ) -> Arc<Self> {
        shared.calls.fetch_add(1, Ordering::SeqCst);
        let Invited { attempted, peer, offer } = invited;
        let keys = offer.as_ref().is_none_or(|offer| offer.talk.key_type.is_some());
        Arc::new(Self {
            shared,
            dialog,
            peer,
            local,
            facts,
            keys,
            state: Mutex::new(State { offer, ..State::default() }),
            changed: Notify::new(),
            done: CancellationToken::new(),
            quiet: CancellationToken::new(),
            _attempted: attempted,
        })
    }

    fn tell(&self, event: LineEvent) {
        let listener = self.state.lock().listener.clone();
        if let Some(listener) = listener {
            listener(event);
        }
    }

    /// Rings, answers and begins to send.
    pub(crate) fn answer(self: &Arc<Self>, listener: Listener) -> Result<Arc<Media>, AnswerError> {
        let socket = self.shared.ports.bind()?;
        let local = SocketAddr::new(self.local, socket.local_addr()?.port());
        let media = Media::new(socket.try_clone()?, self.peer.ip());
        let receiving = {
            let _runtime = self.shared.media.enter();
            tokio::net::UdpSocket::from_std(socket)?
        };
        let body = {
            let mut state = self.state.lock();
            if state.over {
                return Err(AnswerError::GaveUp);
            }
            state.listener = Some(listener);
            state.media = Some(Arc::clone(&media));
            // Half of the range: some parsers take it for a signed number.
            let mut describer = Describer::new(local, rand::rng().random::<u64>() >> 2);
            let body = match state.offer.take() {
                Some(offer) => {
                    media.agree(&offer.talk);
                    describer.answer(&offer)
                }
                None => {
                    let request = self.dialog.initial_request();
                    state.asked = request.cseq_header().and_then(untyped::CSeq::seq).ok();
                    describer.offer()
                }
            };
            state.describer = Some(describer);
            body
        };
        self.dialog.ringing(None, None).map_err(Box::new)?;
        self.dialog.accept(Some(headers::with_sdp()), Some(body)).map_err(Box::new)?;
        let (call, carried) = (Arc::clone(self), Arc::clone(&media));
        self.shared.sockets.fetch_add(1, Ordering::SeqCst);
        let carry = async move {
            let quiet = call.quiet.clone();
            let _quiet = quiet.drop_guard();
            carried.run(receiving, |event| call.tell(event)).await;
            call.shared.sockets.fetch_sub(1, Ordering::SeqCst);
        };
        self.shared.tasks.spawn_on(carry.in_current_span(), &self.shared.media);
        Ok(media)
    }

    /// Refuses a call that was decided for and not answered.
    pub(crate) fn refuse(&self) {
        self.stop_sound();
        if let Err(error) = self.dialog.reject(Some(StatusCode::ServiceUnavailable), None) {
            tracing::debug!(%error, "telephone call not refused");
        }
    }

    /// Follows the dialog to its end.
    pub(crate) async fn follow(self: Arc<Self>, mut states: DialogStateReceiver) {
        loop {
            let state = tokio::select! {
                () = self.done.cancelled() => break,
                state = states.recv() => state,
            };
            let Some(state) = state else { break };
            self.changed.notify_waiters();
            match state {
                DialogState::Confirmed(..) => self.on_confirmed(),
                DialogState::Updated(_, request, handle) => self.on_update(&request, &handle).await,
                DialogState::Notify(_, request, handle) => self.on_notify(&request, &handle).await,
                DialogState::Options(_, _, handle) => {
                    reply(&handle, StatusCode::OK, headers::about_us(), None).await;
                }
                DialogState::Info(_, _, handle) => {
                    // Nothing that it may carry is for us; keys come with the sound.
                    let status = StatusCode::UnsupportedMediaType;
                    reply(&handle, status, headers::about_us(), None).await;
                }
                DialogState::Refer(_, _, handle)
                | DialogState::Message(_, _, handle)
                | DialogState::Publish(_, _, handle) => {
                    let status = StatusCode::MethodNotAllowed;
                    reply(&handle, status, headers::about_us(), None).await;
                }
                DialogState::Terminated(_, reason) => {
                    self.on_terminated(&reason);
                    break;
                }
                _ => {}
            }
        }
        self.shared.dialogs.remove_dialog(&self.dialog.id());
    }

    fn on_terminated(&self, reason: &TerminatedReason) {
        self.stop_sound();
        self.done.cancel();
        match reason {
            TerminatedReason::Timeout => {
                self.tell(LineEvent::Over("the caller's end did not take the answer".to_owned()));
            }
            _ => self.tell(LineEvent::CallerGone(Gone::Left)),
        }
    }

    /// An acknowledgement may answer an offer of ours.
    fn on_confirmed(&self) {
        if let Some(media) = &self.state.lock().media {
            media.confirm();
        }
        let Some(asked) = self.state.lock().asked else { return };
        let answered = self.dialog.last_remote_ack().filter(|ack| {
            ack.cseq_header().and_then(untyped::CSeq::seq).is_ok_and(|seq| seq == asked)
        });
        let Some(ack) = answered else { return };
        let media = {
            let mut state = self.state.lock();
            state.asked = None;
            state.media.clone()
        };
        match (Offer::parse(&ack.body, self.peer.ip()), media) {
            (Ok(answer), Some(media)) => {
                media.agree(&answer.talk);
                self.on_hold(&answer.talk);
            }
            (Err(error), _) => {
                self.tell(LineEvent::Over(format!("the caller's end did not agree: {error}")));
            }
            (Ok(_), None) => {}
        }
    }

    /// A re-INVITE or an UPDATE: on hold and back, another address, another law.
    async fn on_update(&self, request: &Request, handle: &TransactionHandle) {
        if !headers::is_sdp_or_empty(request) {
            let status = StatusCode::UnsupportedMediaType;
            return reply(handle, status, headers::about_us(), None).await;
        }
        let parsed = match &request.body {
            body if body.is_empty() => None,
            body => match Offer::parse(body, self.peer.ip()) {
                Ok(offer) => Some(offer),
                Err(error) => {
                    tracing::warn!(%error, "change of a telephone call refused");
                    let status = StatusCode::NotAcceptableHere;
                    return reply(handle, status, headers::about_us(), None).await;
                }
            },
        };
        let talk = parsed.as_ref().map(|offer| offer.talk);
        let body = {
            let mut state = self.state.lock();
            let State { media, describer, asked, .. } = &mut *state;
            match (parsed, media, describer) {
                (Some(offer), Some(media), Some(describer)) => {
                    let (hears, speaks) = (offer.talk.hears, offer.talk.speaks);
                    tracing::info!(hears, speaks, "telephone call changed");
                    media.agree(&offer.talk);
                    Some(describer.answer(&offer))
                }
                (None, _, Some(describer)) if request.method == Method::Invite => {
                    *asked = request.cseq_header().and_then(untyped::CSeq::seq).ok();
                    Some(describer.offer())
                }
                _ => None,
            }
        };
        let headers = if body.is_some() { headers::with_sdp() } else { headers::about_us() };
        reply(handle, StatusCode::OK, headers, body).await;
        if let Some(talk) = talk {
            self.on_hold(&talk);
        }
    }

    /// Tells whether the caller's end does not receive any more, or receives again.
    fn on_hold(&self, talk: &Talk) {
        let held = !talk.speaks || talk.remote.is_none();
        if std::mem::replace(&mut self.state.lock().held, held) != held {
            self.tell(if held { LineEvent::Held } else { LineEvent::Resumed });
        }
    }

    async fn on_notify(&self, request: &Request, handle: &TransactionHandle) {
        let referring = self.state.lock().referring.clone();
        let (Some(referring), Some(progress)) = (referring, refer::progress(request)) else {
            let status = StatusCode::CallTransactionDoesNotExist;
            return reply(handle, status, vec![], None).await;
        };
        reply(handle, StatusCode::OK, vec![], None).await;
        // Full: the last words are waited for, and there are few.
        let _ = referring.try_send(progress);
    }

    /// Comes back when the caller's end has acknowledged what was last agreed on.
    async fn confirmed(&self) {
        loop {
            let changed = self.changed.notified();
            if self.dialog.state().is_confirmed() {
                return;
            }
            changed.await;
        }
    }

    /// Hands the call to somebody else, who is called by the caller's end.
    pub(crate) async fn transfer(&self, to: &str) -> Result<(), TransferError> {
        let request = self.dialog.initial_request();
        let contact = request.typed_contact_headers().ok();
        let contact = contact.and_then(|all| Some(all.first()?.uri.clone()));
        let host = contact.map_or_else(|| self.peer.to_string(), |uri| headers::host(&uri));
        let target = refer::target(to, &host).ok_or(TransferError::Target)?;
        let (progress, mut told) = mpsc::channel(8);
        self.state.lock().referring = Some(progress);
        let transferred = async {
            let refer = async {
                self.confirmed().await;
                self.dialog.refer(target.as_str(), None, None).await
            };
            let answer = tokio::time::timeout(REFER_LIMIT, refer).await;
            let answer = answer.map_err(|_| TransferError::Late)?.map_err(Box::new)?;
            let status = answer.map_or(StatusCode::RequestTimeout, |answer| answer.status_code);
            if status.kind() != StatusCodeKind::Successful {
                return Err(TransferError::Refused(status.code()));
            }
            loop {
                let progress = tokio::select! {
                    progress = told.recv() => progress,
                    // They have gone where they were sent to.
                    () = self.done.cancelled() => return Ok(()),
                };
                match progress.map(|progress| progress.status) {
                    Some(200..300) => return Ok(()),
                    Some(100..200) => {}
                    Some(status) => return Err(TransferError::NotTaken(status)),
                    None => return Err(TransferError::Late),
                }
            }
        };
        let outcome = tokio::time::timeout(TRANSFER_LIMIT, transferred).await;
        self.state.lock().referring = None;
        outcome.unwrap_or(Err(TransferError::Late))?;
        self.tell(LineEvent::CallerGone(Gone::Left));
        Ok(())
    }

    fn stop_sound(&self) {
        let media = {
            let mut state = self.state.lock();
            state.over = true;
            state.media.clone()
        };
        if let Some(media) = media {
            media.stop();
        } else {
            self.quiet.cancel();
        }
    }

    /// Ends the call: the sound at once, the dialog when the caller's end says so, or does not.
    pub(crate) async fn hang_up(&self) {
        self.state.lock().listener = None;
        self.stop_sound();
        let bye = async {
            loop {
                let changed = self.changed.notified();
                if self.done.is_cancelled() || self.dialog.state().is_terminated() {
                    return;
                }
                match self.dialog.bye().await {
                    Ok(()) => return,
                    // In the middle of something else: a moment later.
                    Err(error) => tracing::debug!(%error, "telephone call not ended yet"),
                }
                changed.await;
            }
        };
        if tokio::time::timeout(BYE_LIMIT, bye).await.is_err() {
            tracing::warn!("caller's end did not acknowledge the end of the call");
        }
        self.done.cancel();
        let _ = tokio::time::timeout(Duration::from_secs(1), self.quiet.cancelled()).await;
    }

    /// Comes back when a call that was answered is over.
    pub(crate) async fn spent(&self) {
        self.done.cancelled().await;
        if self.state.lock().describer.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends the call of a line that nobody hung up.
    pub(crate) fn abandon(self: &Arc<Self>) {
        if !self.done.is_cancelled() {
            self.stop_sound();
            let call = Arc::clone(self);
            self.shared.spawn(async move { call.hang_up().await });
        }
    }
}

async fn reply(
    handle: &TransactionHandle,
    status: StatusCode,
    headers: Vec<rsipstack::sip::Header>,
    body: Option<Vec<u8>>,
) {
    // A transaction that is gone needs no answer.
    let _ = handle.respond(status, Some(headers), body).await;
}
