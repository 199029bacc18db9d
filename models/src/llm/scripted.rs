//! A scripted language model, for tests and simulations: it answers as it is told to, and waits
//! where it is told to until somebody lets it go on.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use frontdesk_types::Phi;
use futures_util::StreamExt;
use futures_util::stream;
use parking_lot::Mutex;

use super::{CallMade, ChatModel, ModelEvent, ModelFailure, ModelRequest, ModelStream, Usage};

/// What a scripted answer does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Says a piece of text.
    Text(String),
    /// Calls a tool with arguments in JSON.
    Call {
        /// Its name.
        name: String,
        /// Its arguments.
        args: String,
    },
    /// Waits until it is [let go on](ScriptedModel::go_on).
    Wait,
    /// Never says anything again.
    Hang,
    /// Fails.
    Fail(ModelFailure),
    /// Breaks off: the stream ends without a last event.
    BreakOff,
}

impl Step {
    /// A piece of text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A call of a tool.
    #[must_use]
    pub fn call(name: &str, args: &serde_json::Value) -> Self {
        Self::Call { name: name.to_owned(), args: args.to_string() }
    }
}

type Script = Box<dyn Fn(&ModelRequest, usize) -> Vec<Step> + Send + Sync>;

#[derive(Default)]
struct State {
    asked: Vec<ModelRequest>,
    /// Waits that may be passed.
    permits: usize,
    waiting: Vec<Waker>,
    /// Answers that were dropped before their end.
    given_up: usize,
    calls: usize,
}

/// See the module's documentation. Clones are the same model.
#[derive(Clone)]
pub struct ScriptedModel {
    script: Arc<Script>,
    state: Arc<Mutex<State>>,
}

impl ScriptedModel {
    /// Answers each request with what `script` makes of it and of the number of requests before. An
    /// answer that comes to its end is done.
    #[must_use]
    pub fn new(script: impl Fn(&ModelRequest, usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(Box::new(script)), state: Arc::default() }
    }

    /// The requests so far.
    #[must_use]
    pub fn asked(&self) -> Vec<ModelRequest> {
        self.state.lock().asked.clone()
    }

    /// How many answers were given up before their end.
    #[must_use]
    pub fn given_up(&self) -> usize {
        self.state.lock().given_up
    }

    /// Whether an answer waits to be let go on.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.state.lock().waiting.is_empty()
    }

    /// Lets one [`Step::Wait`] pass.
    pub fn go_on(&self) {
        let waiting = {
            let mut state = self.state.lock();
            state.permits += 1;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// An answer that is being given.
struct Answer {
    steps: std::vec::IntoIter<Step>,
    next: Option<Step>,
    state: Arc<Mutex<State>>,
    over: bool,
}

impl Answer {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<ModelEvent>> {
        if self.over {
            return Poll::Ready(None);
        }
        loop {
            let Some(step) = self.next.take().or_else(|| self.steps.next()) else {
                self.over = true;
                return Poll::Ready(Some(ModelEvent::Done(Usage::default())));
            };
            return match step {
                Step::Text(text) => Poll::Ready(Some(ModelEvent::Text(Phi::new(text)))),
                Step::Call { name, args } => {
                    let number = {
                        let mut state = self.state.lock();
                        state.calls += 1;
                        state.calls
                    };
                    let id = format!("call-{number}");
                    Poll::Ready(Some(ModelEvent::Call(CallMade { id, name, args: args.into() })))
                }
                Step::Wait => {
                    let mut state = self.state.lock();
                    if state.permits > 0 {
                        state.permits -= 1;
                        continue;
                    }
                    state.waiting.push(cx.waker().clone());
                    self.next = Some(Step::Wait);
                    Poll::Pending
                }
                Step::Hang => {
                    self.next = Some(Step::Hang);
                    Poll::Pending
                }
                Step::Fail(failure) => {
                    self.over = true;
                    Poll::Ready(Some(ModelEvent::Failed(failure)))
                }
                Step::BreakOff => {
                    self.over = true;
                    Poll::Ready(None)
                }
            };
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.over {
            self.state.lock().given_up += 1;
        }
    }
}

impl ChatModel for ScriptedModel {
    fn stream(&self, request: ModelRequest) -> ModelStream {
        let before = self.state.lock().asked.len();
        let steps = (self.script)(&request, before);
        self.state.lock().asked.push(request);
        let state = Arc::clone(&self.state);
        let mut answer = Answer { steps: steps.into_iter(), next: None, state, over: false };
        stream::poll_fn(move |cx| answer.poll(cx)).boxed()
    }
}
