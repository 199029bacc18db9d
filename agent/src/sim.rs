//! Calls of an agent without any server: a typed line in memory, a clinic in memory, and time that
//! passes as fast as the call needs it.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::booking::{SlotRegistry, SlotSettings};
use frontdesk_actors::simulation::Steps;
use frontdesk_actors::{
    CallEnd, CallRequest, CallSettings, Pacer, RecognitionPool, RecognitionSettings, Services,
    SpeechPool, Switchboard, Writes,
};
use frontdesk_line::scripted::{self, Caller};
use frontdesk_line::{CallerFacts, Shown};
use frontdesk_models::fake::{EnergyVad, FixedStt, ToneTts};
use frontdesk_models::llm::ChatModel;
use frontdesk_pipelines::dialogue::{CallFacts, ClinicContext, ClinicSettings};
use frontdesk_pipelines::language::Languages;
use frontdesk_tenants::{Database, Tenant};
use frontdesk_types::{CallId, CallOutcome, Channel, Clock, IdSource, ManualClock, SeededIds};
use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::agent::{self, Agent, Model};
use crate::clinic::{MemoryClinic, Shared};

/// Steps without a word after which an agent that has said something is done speaking.
const PAUSE: usize = 30;

/// Longest that an agent is waited for, in the call's time.
const PATIENCE: Duration = Duration::from_secs(30);

/// When a simulation begins: a Monday, nine in the morning in New York.
const BEGIN: &str = "2026-06-08T13:00:00Z";

/// Why there is no simulation.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// A tool of the agent cannot be used.
    #[error("a tool of the agent cannot be used: {0}")]
    Tool(#[from] frontdesk_pipelines::dialogue::toolbox::ToolboxError),
    /// The machine refuses threads, or something else that every program needs.
    #[error("the simulation cannot be started: {0}")]
    Machine(Box<dyn std::error::Error + Send + Sync>),
}

fn machine(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SimError {
    SimError::Machine(error.into())
}

/// One call of an agent. See the module's documentation.
pub struct Sim {
    /// Dropped before the runtime, which waits for what keeps its clock standing.
    state: State,
    runtime: Runtime,
}

struct State {
    switchboard: Switchboard,
    clinic: Shared,
    steps: Steps,
    caller: Caller,
    seen: usize,
    end: oneshot::Receiver<CallEnd>,
    ended: Option<CallEnd>,
}

impl Sim {
    /// A call of the agent at a clinic in memory, which nobody has been greeted in yet; with the
    /// agent's [stand-in](Agent::stand_in) for a language model.
    ///
    /// # Errors
    /// [`SimError`] if a tool of the agent cannot be used, or the machine refuses a thread.
    pub fn new<A: Agent>() -> Result<Self, SimError> {
        let model = A::stand_in().map(|model| Arc::new(model) as Arc<dyn ChatModel>);
        Self::at::<A>(Arc::default(), model)
    }

    /// The same at a clinic of one's own, with a language model for an agent that wants one.
    ///
    /// # Errors
    /// As [`Sim::new`].
    pub fn at<A: Agent>(
        clinic: Arc<MemoryClinic>,
        model: Option<Arc<dyn ChatModel>>,
    ) -> Result<Self, SimError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .map_err(machine)?;
        let state = runtime.block_on(State::start::<A>(clinic, model))?;
        Ok(Self { state, runtime })
    }

    /// Calls, and gives the greeting.
    pub fn call(&mut self) -> String {
        self.state.caller.arrives(CallerFacts::default());
        self.listen()
    }

    /// Says something, and gives the answer: all that the agent says until it is silent. Empty if it
    /// says nothing within half a minute.
    pub fn says(&mut self, words: &str) -> String {
        self.state.caller.types(words);
        self.listen()
    }

    /// Says nothing for a while, and gives what the agent says meanwhile.
    pub fn waits(&mut self, time: Duration) -> String {
        let steps = time.as_millis() / Steps::STEP.as_millis();
        let state = &mut self.state;
        self.runtime.block_on(async {
            for _ in 0..steps {
                state.step().await;
            }
        });
        state.heard().join(" ")
    }

    /// Hangs up.
    pub fn hangs_up(&mut self) {
        self.state.caller.leaves();
        self.waits(Duration::from_secs(10));
    }

    /// How the call ended, once it has.
    #[must_use]
    pub fn outcome(&self) -> Option<CallOutcome> {
        self.state.ended.as_ref().map(|end| end.outcome)
    }

    /// The clinic.
    #[must_use]
    pub fn clinic(&self) -> &MemoryClinic {
        &self.state.clinic
    }

    fn listen(&mut self) -> String {
        let state = &mut self.state;
        self.runtime.block_on(async {
            let (mut said, mut silent, mut waited) = (Vec::new(), 0, Duration::ZERO);
            while waited < PATIENCE && state.ended.is_none() {
                state.step().await;
                waited += Steps::STEP;
                let more = state.heard();
                silent = if more.is_empty() { silent + 1 } else { 0 };
                said.extend(more);
                if !said.is_empty() && silent > PAUSE {
                    break;
                }
            }
            said.extend(state.heard());
            said.join(" ")
        })
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let switchboard = self.state.switchboard.clone();
        self.runtime.block_on(async { switchboard.stop().await });
    }
}

impl State {
    async fn start<A: Agent>(clinic: Shared, model: Model) -> Result<Self, SimError> {
        let begin: Timestamp = BEGIN.parse().map_err(machine)?;
        let clock = Arc::new(ManualClock::new(begin));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let ids = Arc::new(SeededIds::new(0));
        let tools = agent::tools::<A>()?.in_memory(Arc::<MemoryClinic>::clone(&clinic));
        let english = Languages::built_in().get("en").ok_or_else(|| machine("no English"))?;
        let facts = clinic.facts().clone();
        let facts = ClinicContext::new(facts, english, ClinicSettings::default(), 1);
        let facts = facts.map_err(machine)?.with_tools(Arc::clone(tools.toolbox()));
        let pacer = Pacer::by_hand(Arc::clone(&shared));
        let own: Arc<dyn IdSource> = Arc::<SeededIds>::clone(&ids);
        let (database, now) = (Database::nowhere(), Arc::clone(&shared));
        let slots = SlotRegistry::start(database, now, own, SlotSettings::default()).await;
        let recognition = RecognitionSettings { threads: 1, recognizers: 1 };
        let (tts, stt) = (ToneTts::of(Duration::from_secs(1)), FixedStt::new("hello"));
        let recognition = RecognitionPool::start(recognition, Arc::clone(&shared), Arc::new(stt));
        let has_model = model.is_some();
        let services = Services {
            clock: Arc::clone(&shared),
            ids: Arc::<SeededIds>::clone(&ids),
            database: Database::nowhere(),
            slots: slots.map_err(machine)?,
            records: None,
            writes: Writes::default(),
            pacer: pacer.clone(),
            speech: SpeechPool::start(1, Arc::clone(&shared), Arc::new(tts)).map_err(machine)?,
            recognition: recognition.map_err(machine)?,
            second: None,
            vad: Arc::new(EnergyVad::default()),
            model,
            tools,
            dialogue: Arc::new(move |facts, kept| agent::dialogue::<A>(facts, has_model, kept)),
            settings: CallSettings::default(),
        };
        let switchboard = Switchboard::start(Arc::new(services), 1).await.map_err(machine)?;
        let steps = Steps::new(switchboard.clone(), clock, pacer);
        let (line, caller) = scripted::call();
        let (done, end) = oneshot::channel();
        let id = CallId::new(ids.as_ref());
        let request = CallRequest {
            id,
            tenant: Tenant::nobody(),
            line: Box::new(line),
            room: "simulation".to_owned(),
            caller: None,
            moved: None,
            facts: CallFacts::of(Arc::new(facts), Channel::Text),
            clock: shared,
            simulated: true,
            done,
        };
        let place = switchboard.reserve().map_err(machine)?;
        switchboard.take(place, request);
        Ok(Self { switchboard, clinic, steps, caller, seen: 0, end, ended: None })
    }

    /// Lets a step of time pass, once nobody has anything left to do.
    async fn step(&mut self) {
        self.steps.step().await;
        if let Ok(end) = self.end.try_recv() {
            self.ended = Some(end);
        }
    }

    /// What the agent has said since it was last asked.
    fn heard(&mut self) -> Vec<String> {
        let shown = self.caller.shown(self.seen);
        self.seen += shown.len();
        let said = shown.into_iter().filter_map(|shown| match shown {
            Shown::AgentDone { heard, .. } if !heard.is_empty() => Some(heard),
            _ => None,
        });
        said.collect()
    }
}
