//! Callers for whom there is no place, or no clinic: nobody is left in silence.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_line::{Connect, RefusalReason};
use frontdesk_pipelines::dialogue::phone::e164;
use frontdesk_pipelines::language::{Language, Notice};
use frontdesk_tenants::calls::{self, CallbackReason};
use frontdesk_tenants::{By, Principal, Tenant, TenantTx};
use frontdesk_types::{CallId, CallOutcome, Channel, Clock, Phi};
use tokio::sync::oneshot;

use super::Switchboard;
use super::admission::Waiting;
use crate::call::{CallEnd, CallRequest, Told};

/// How long somebody may take to come whom only a notice awaits. livekit-server (1.11) tells of a
/// participant who publishes nothing only every 3 s.
const COMES_WITHIN: Duration = Duration::from_secs(6);

/// A place that becomes free this soon is worth no word.
const AT_ONCE: Duration = Duration::from_millis(700);

/// How long noting a callback may take while the caller waits for the words.
const NOTED_WITHIN: Duration = Duration::from_secs(3);

/// How long a caller waits for a place.
const WAITS: Duration = Duration::from_secs(60);

/// Somebody who calls and cannot be served.
pub struct Refused {
    /// Id for what is shown.
    pub id: CallId,
    /// Their line.
    pub line: Box<dyn Connect>,
    /// The language that they are told in.
    pub language: Language,
    /// Whether they are spoken to; else they are written to.
    pub voice: bool,
    /// Why.
    pub reason: RefusalReason,
    /// Told when it is over.
    pub done: oneshot::Sender<CallEnd>,
}

/// What is noted of a caller who waits.
struct Waits {
    id: CallId,
    tenant: Tenant,
    simulated: bool,
    clock: Arc<dyn Clock>,
}

fn notice(reason: RefusalReason) -> Notice {
    match reason {
        RefusalReason::Full => Notice::BusyEnd,
        RefusalReason::Stopping => Notice::Stopping,
        RefusalReason::NoClinic => Notice::NotServed,
        RefusalReason::Unavailable => Notice::Failed,
    }
}

const fn over(error: String) -> CallEnd {
    CallEnd { outcome: CallOutcome::Abandoned, error: Some(error) }
}

impl Switchboard {
    /// Tells a caller that all places are taken, and takes the call as soon as one is free; whoever
    /// has waited longest is first. After a minute they are told to call again.
    pub fn wait(&self, waiting: Waiting, request: CallRequest) {
        let switchboard = self.clone();
        tokio::spawn(async move { switchboard.waits(waiting, request).await });
    }

    async fn waits(self, waiting: Waiting, mut request: CallRequest) {
        if let Ok(Ok(place)) = tokio::time::timeout(AT_ONCE, self.admission.place()).await {
            return self.take(place, request);
        }
        let clinic = Arc::clone(&request.facts.clinic);
        let language = clinic.language().clone();
        let voice = Arc::clone(self.services.voice_of(&clinic));
        let voice = (request.facts.channel != Channel::Text).then_some(voice);
        let services = Arc::clone(&self.services);
        let facts = Waits {
            id: request.id,
            tenant: request.tenant,
            simulated: request.simulated,
            clock: Arc::clone(&request.clock),
        };
        let told = Told::connect(services, request.id, request.line, language.clone(), voice);
        let mut told = match told.await {
            Ok(told) => told,
            Err(error) => {
                tracing::error!(%error, "waiting caller not connected");
                let _ = request.done.send(over(error.to_string()));
                return;
            }
        };
        if !told.is_here_within(COMES_WITHIN).await {
            told.hang_up().await;
            let _ = request.done.send(over("nobody joined".to_owned()));
            return;
        }
        let emergency = language.in_an_emergency(&clinic.emergency_number);
        let wait = format!("{} {emergency}", language.notice(Notice::BusyWait));
        let told_and_waits = async {
            told.say(&wait).await;
            told.gone().await;
        };
        let place = tokio::select! {
            biased;
            place = tokio::time::timeout(WAITS, self.admission.place()) => Some(place),
            () = told_and_waits => None,
        };
        drop(waiting);
        match place {
            Some(Ok(Ok(place))) => {
                request.line = Box::new(told.hand_over());
                self.take(place, request);
            }
            // They have left.
            None => {
                told.hang_up().await;
                let _ = request.done.send(over("the caller left while waiting".to_owned()));
            }
            Some(late) => {
                let reason = match late {
                    Ok(_) => RefusalReason::Stopping,
                    Err(_) => RefusalReason::Full,
                };
                let number = told.number();
                let number =
                    number.and_then(|number| e164(number.expose(), &clinic.country).map(Phi::new));
                let noted = match number {
                    Some(number) => self.call_back(&facts, number).await,
                    None => None,
                };
                let words = noted.map_or_else(
                    || language.notice(notice(reason)).to_owned(),
                    |number| language.called_back_at(number.expose()),
                );
                told.refuse(reason, &words).await;
                let _ = request.done.send(over(format!("no place: {}", reason.as_str())));
            }
        }
    }

    /// Notes that a caller who found no place is to be called back; gives the number, if it is noted.
    async fn call_back(&self, request: &Waits, number: Phi<String>) -> Option<Phi<String>> {
        let noted = async {
            let mut tx = TenantTx::begin(&self.services.database, &request.tenant).await?;
            let by = By::principal(Principal::Call(request.id)).simulated(request.simulated);
            let (reason, now) = (CallbackReason::Busy, request.clock.wall());
            let ids = self.services.ids.as_ref();
            calls::add_callback(&mut tx, None, Some(&number), reason, &by, now, ids).await?;
            tx.commit().await
        };
        match tokio::time::timeout(NOTED_WITHIN, noted).await {
            Ok(Ok(())) => Some(number),
            Ok(Err(error)) => {
                tracing::error!(%error, "callback of a busy caller not noted");
                None
            }
            Err(_) => {
                tracing::error!("callback of a busy caller not noted in time");
                None
            }
        }
    }

    /// Tells a caller who cannot be served why, and ends their line.
    pub fn refuse(&self, refused: Refused) {
        let services = Arc::clone(&self.services);
        tokio::spawn(async move {
            let Refused { id, line, language, voice, reason, done } = refused;
            let voice = voice.then(|| Arc::clone(&services.settings.voice));
            let told = Told::connect(services, id, line, language.clone(), voice).await;
            match told {
                Ok(mut told) => {
                    if told.is_here_within(COMES_WITHIN).await {
                        told.refuse(reason, language.notice(notice(reason))).await;
                    } else {
                        told.hang_up().await;
                    }
                }
                Err(error) => tracing::warn!(%error, "refused caller not connected"),
            }
            let _ = done.send(over(format!("refused: {}", reason.as_str())));
        });
    }
}
