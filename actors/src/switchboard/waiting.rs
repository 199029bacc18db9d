//! Callers for whom there is no place, or no clinic: nobody is left in silence.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_line::{Connect, RefusalReason};
use frontdesk_pipelines::dialogue::{CallFacts, ClinicContext};
use frontdesk_pipelines::language::{Language, Notice};
use frontdesk_tenants::calls::{self, CallbackReason};
use frontdesk_tenants::{By, Principal, Tenant, TenantTx};
use frontdesk_types::{CallId, CallOutcome, Channel, Clock, Phi};
use tokio::sync::oneshot;

use super::Switchboard;
use super::admission::{Reservation, Waiting};
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

/// What is known of a caller who waits.
struct Waits {
    id: CallId,
    clinic: Arc<ClinicContext>,
    tenant: Tenant,
    simulated: bool,
    clock: Arc<dyn Clock>,
}

impl Waits {
    fn of(request: &CallRequest) -> Self {
        Self {
            id: request.id,
            clinic: Arc::clone(&request.facts.clinic),
            tenant: request.tenant,
            simulated: request.simulated,
            clock: Arc::clone(&request.clock),
        }
    }
}

/// What becomes of a caller who waits.
enum Next {
    Taken(Reservation),
    Left,
    SentAway(RefusalReason),
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
        let facts = Waits::of(&request);
        let told = match self.connect_waiting(&facts, &request.facts, request.line).await {
            Ok(told) => told,
            Err(why) => {
                let _ = request.done.send(over(why));
                return;
            }
        };
        let (told, next) = self.place_for(told, &facts.clinic).await;
        drop(waiting);
        match next {
            Next::Taken(place) => {
                request.line = Box::new(told.hand_over());
                self.take(place, request);
            }
            Next::Left => {
                told.hang_up().await;
                let _ = request.done.send(over("the caller left while waiting".to_owned()));
            }
            Next::SentAway(reason) => {
                self.send_away(told, reason, &facts).await;
                let _ = request.done.send(over(format!("no place: {}", reason.as_str())));
            }
        }
    }

    /// Connects somebody who waits, and sees that they are there; else why they do not wait.
    async fn connect_waiting(
        &self,
        caller: &Waits,
        facts: &CallFacts,
        line: Box<dyn Connect>,
    ) -> Result<Told, String> {
        let language = caller.clinic.language().clone();
        let voice = Arc::clone(self.services.voice_of(&caller.clinic));
        let voice = (facts.channel != Channel::Text).then_some(voice);
        let services = Arc::clone(&self.services);
        let told = Told::connect(services, caller.id, line, language, voice).await;
        let mut told = told.map_err(|error| {
            tracing::error!(%error, "waiting caller not connected");
            error.to_string()
        })?;
        if told.is_here_within(COMES_WITHIN).await {
            return Ok(told);
        }
        told.hang_up().await;
        Err("nobody joined".to_owned())
    }

    /// Tells a caller that they wait, and waits for a place with them.
    async fn place_for(&self, mut told: Told, clinic: &ClinicContext) -> (Told, Next) {
        let language = clinic.language();
        let emergency = language.in_an_emergency(&clinic.emergency_number);
        let wait = format!("{} {emergency}", language.notice(Notice::BusyWait));
        let told_and_waits = async {
            told.say(&wait).await;
            told.gone().await;
        };
        let next = tokio::select! {
            biased;
            place = tokio::time::timeout(WAITS, self.admission.place()) => match place {
                Ok(Ok(place)) => Next::Taken(place),
                Ok(Err(_)) => Next::SentAway(RefusalReason::Stopping),
                Err(_) => Next::SentAway(RefusalReason::Full),
            },
            () = told_and_waits => Next::Left,
        };
        (told, next)
    }

    /// Tells a caller that there is no place for them, and that they are called back if they are.
    async fn send_away(&self, told: Told, reason: RefusalReason, caller: &Waits) {
        let language = caller.clinic.language();
        let number = told.number().and_then(|number| caller.clinic.e164(&number));
        let noted = match number {
            Some(number) => self.call_back(caller, number).await,
            None => None,
        };
        let words = noted.map_or_else(
            || language.notice(notice(reason)).to_owned(),
            |number| language.called_back_at(number.expose()),
        );
        told.refuse(reason, &words).await;
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
