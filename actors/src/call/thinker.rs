//! Thinker: asks the language model what the dialogue wants asked, and passes on what it answers.
//!
//! Supervised by the CallSupervisor. Each request runs in a task of its own, which ends with the
//! Thinker; what comes of it lies in the Thinker's mail until it is in the dialogue's, so nothing
//! is passed on twice. It keeps the time: to the first piece, from one to the next, and of all of
//! it. A request of which nothing has been passed on is begun again if its Thinker dies, and once
//! if the model could not be reached; one that has begun to speak never is: it fails.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use frontdesk_models::llm::{ModelEvent, ModelFailure, ModelRequest};
use frontdesk_pipelines::dialogue::{Input, RequestId};
use frontdesk_types::Mono;
use futures_util::StreamExt;
use ractor::ActorProcessingErr;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::Call;
use crate::stage::{Keep, Stage};

/// Times that a request is begun at most, by deaths and by a model that cannot be reached.
const MAX_RUNS: u32 = 3;

/// What the Thinker is told.
#[derive(Debug, Clone)]
pub(crate) enum ThinkerInput {
    /// Ask this; a number that is known already is not asked again.
    Ask { request: RequestId, body: Box<ModelRequest> },
    /// Nobody wants the answer any more.
    Cancel { request: RequestId },
    /// What came of a run; none when its stream has ended.
    Came { run: u64, event: Option<ModelEvent> },
}

/// A request under way.
struct UnderWay {
    body: Box<ModelRequest>,
    /// Number of its run; what comes of another one is too late.
    run: u64,
    runs: u32,
    /// Whether anything of the answer is with the dialogue.
    passed_on: bool,
    asked: Mono,
    /// When the last event came.
    last: Mono,
}

impl UnderWay {
    /// When it has taken too long.
    fn deadline(&self) -> Mono {
        let budget = &self.body.budget;
        let next = if self.passed_on { self.last + budget.gap } else { self.asked + budget.first };
        next.min(self.asked + budget.total)
    }
}

/// What the Thinker keeps over its death.
#[derive(Default)]
pub(crate) struct Kept {
    /// By their numbers.
    under_way: BTreeMap<u64, UnderWay>,
    /// The highest number that was asked.
    known: Option<RequestId>,
    next_run: u64,
}

/// A run that ends with whoever holds this.
type Run = AbortOnDropHandle<()>;

pub(crate) struct Thinker {
    call: Arc<Call>,
    kept: Keep<Kept>,
    /// By the numbers of their requests.
    runs: HashMap<u64, Run>,
    input: Option<ThinkerInput>,
}

impl Thinker {
    pub(crate) fn build(call: Arc<Call>, kept: Keep<Kept>) -> Self {
        let mut thinker = Self { call, kept, runs: HashMap::new(), input: None };
        // A predecessor died: its runs have ended with it.
        let left: Vec<u64> = thinker.kept.lock().under_way.keys().copied().collect();
        for request in left {
            thinker.begin_again(request, ModelFailure::Lost);
        }
        thinker
    }

    fn tell(&self, request: u64, event: ModelEvent) {
        let request = RequestId(request);
        self.call.mails.dialogue.post(Input::Model { request, event });
    }

    /// It comes to nothing.
    fn fail(&mut self, request: u64, failure: ModelFailure) {
        tracing::warn!(request, ?failure, "model failed");
        self.runs.remove(&request);
        self.kept.lock().under_way.remove(&request);
        self.tell(request, ModelEvent::Failed(failure));
    }

    fn ask(&mut self, request: RequestId, body: Box<ModelRequest>) {
        let now = self.call.clock.mono();
        {
            let mut kept = self.kept.lock();
            if kept.known.is_some_and(|known| request <= known) {
                return;
            }
            kept.known = Some(request);
            if !body.begun {
                let (asked, last) = (now, now);
                let under_way = UnderWay { body, run: 0, runs: 0, passed_on: false, asked, last };
                kept.under_way.insert(request.0, under_way);
            }
        }
        // Of one that is not under way here and has begun to speak, the rest is lost.
        self.begin_again(request.0, ModelFailure::Lost);
    }

    /// Begins a run of a request of which nothing has been passed on; else it fails as `failure`.
    fn begin_again(&mut self, request: u64, failure: ModelFailure) {
        let begun = {
            let mut kept = self.kept.lock();
            let run = kept.next_run;
            kept.next_run += 1;
            let may = |known: &&mut UnderWay| !known.passed_on && known.runs < MAX_RUNS;
            kept.under_way.get_mut(&request).filter(may).map(|known| {
                known.run = run;
                known.runs += 1;
                (run, known.body.clone())
            })
        };
        let Some((run, body)) = begun else { return self.fail(request, failure) };
        let Some(model) = self.call.services.model.clone() else {
            return self.fail(request, ModelFailure::None);
        };
        let mail = Arc::clone(&self.call.mails.thinker);
        let asking = async move {
            let mut answer = model.stream(*body);
            while let Some(event) = answer.next().await {
                let last = event.is_last();
                mail.post(ThinkerInput::Came { run, event: Some(event) });
                if last {
                    return;
                }
            }
            mail.post(ThinkerInput::Came { run, event: None });
        };
        let task = tokio::spawn(asking.instrument(self.call.span.clone()));
        self.runs.insert(request, AbortOnDropHandle::new(task));
    }

    fn came(&mut self, run: u64, event: Option<ModelEvent>) {
        let request = {
            let mut kept = self.kept.lock();
            let found = kept.under_way.iter_mut().find(|(_, known)| known.run == run);
            let Some((request, known)) = found else { return };
            known.last = self.call.clock.mono();
            known.passed_on |= matches!(event, Some(ModelEvent::Text(_) | ModelEvent::Call(_)));
            *request
        };
        match event {
            Some(ModelEvent::Failed(failure)) => match failure {
                ModelFailure::Unreachable | ModelFailure::Overloaded => {
                    self.begin_again(request, failure);
                }
                failure => self.fail(request, failure),
            },
            None => self.fail(request, ModelFailure::Broken),
            Some(event) => {
                if event.is_last() {
                    self.runs.remove(&request);
                    self.kept.lock().under_way.remove(&request);
                }
                self.tell(request, event);
            }
        }
    }
}

impl Stage for Thinker {
    type Input = ThinkerInput;

    async fn handle(&mut self, input: ThinkerInput, _: u32) -> Result<(), ActorProcessingErr> {
        self.input = Some(input);
        Ok(())
    }

    /// What is passed on and what is kept of it stand or fall with the input.
    fn commit(&mut self) {
        match self.input.take() {
            Some(ThinkerInput::Ask { request, body }) => self.ask(request, body),
            Some(ThinkerInput::Cancel { request }) => {
                self.runs.remove(&request.0);
                self.kept.lock().under_way.remove(&request.0);
            }
            Some(ThinkerInput::Came { run, event }) => self.came(run, event),
            None => {}
        }
    }

    fn deadline(&self) -> Option<Mono> {
        self.kept.lock().under_way.values().map(UnderWay::deadline).min()
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        let now = self.call.clock.mono();
        let late: Vec<u64> = {
            let kept = self.kept.lock();
            let late = kept.under_way.iter().filter(|(_, known)| known.deadline() <= now);
            late.map(|(request, _)| *request).collect()
        };
        for request in late {
            self.fail(request, ModelFailure::TooSlow);
        }
        Ok(())
    }
}
