//! Calls on a line in memory and a clock that is moved by hand: everything else is real.
//!
//! Time passes in steps of 20 ms, and a step is made once no call has anything left to do; where one
//! hangs or the machine is slow, no faster than real time. So a call of a minute takes a second, and
//! nothing in it is earlier or later than it would be with people.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::booking::SlotRegistry;
use frontdesk_actors::simulation::Steps;
use frontdesk_actors::{
    CallEnd, CallRequest, DialogueFactory, Pacer, Refused, Services, Switchboard, Tools,
};
use frontdesk_line::scripted::{self, Caller, ScriptedCall};
use frontdesk_line::{Abilities, CallerFacts, RefusalReason, Shown};
use frontdesk_models::fake::FixedStt;
use frontdesk_models::llm::scripted::ScriptedModel;
use frontdesk_pipelines::dialogue::{
    CallFacts, ClinicContext, Dialogue, ModelDialogue, ModelSettings,
};
use frontdesk_tenants::Tenant;
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_types::{CallId, Channel, ClinicId, Clock, ManualClock, Mono, SAMPLES_PER_FRAME};
use tokio::sync::oneshot;

use crate::rig::{clinic_with, services, services_with};

/// Longest that anything may take, in the call's time.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a caller's microphone picks up, 20 ms at a time.
pub(crate) type Microphone = Box<dyn FnMut() -> [i16; SAMPLES_PER_FRAME]>;

pub(crate) struct Sim {
    pub(crate) db: TestDb,
    pub(crate) switchboard: Switchboard,
    pub(crate) slots: SlotRegistry,
    clock: Arc<ManualClock>,
    steps: Steps,
    tenant: Tenant,
    facts: Arc<ClinicContext>,
    microphones: Vec<(Caller, Microphone)>,
}

/// A call and the one who calls.
pub(crate) struct SimCall {
    pub(crate) id: CallId,
    pub(crate) caller: Caller,
    end: oneshot::Receiver<CallEnd>,
    seen: usize,
}

/// Calls are held by this model.
fn with_model(services: Arc<Services>, model: ScriptedModel) -> Arc<Services> {
    let mut services = Arc::into_inner(services).expect("nobody else has them yet");
    services.model = Some(Arc::new(model));
    services.dialogue = Arc::new(|facts, snapshot| {
        let settings = ModelSettings::default();
        let dialogue: Box<dyn Dialogue> = match snapshot {
            Some(snapshot) => Box::new(ModelDialogue::restore(facts, settings, snapshot)?),
            None => Box::new(ModelDialogue::new(facts, settings)),
        };
        Ok(dialogue)
    });
    Arc::new(services)
}

impl Sim {
    /// On a runtime of one thread; the recognizer hears "what" in everything.
    pub(crate) async fn start(max_calls: usize) -> Self {
        Self::with(max_calls, None, None).await
    }

    /// The same, and calls are held by a language model.
    pub(crate) async fn thinking(max_calls: usize, model: ScriptedModel) -> Self {
        Self::with(max_calls, Some(model), None).await
    }

    /// The same with other tools, and another dialogue that knows them.
    pub(crate) async fn start_with(
        max_calls: usize,
        with: Option<(Tools, DialogueFactory)>,
    ) -> Self {
        Self::with(max_calls, None, with).await
    }

    async fn with(
        max_calls: usize,
        model: Option<ScriptedModel>,
        with: Option<(Tools, DialogueFactory)>,
    ) -> Self {
        let db = TestDb::seeded().await;
        let clock = Arc::new(ManualClock::new(now()));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let pacer = Pacer::by_hand(Arc::clone(&shared));
        let stt = Arc::new(FixedStt::new("what"));
        let tools = with.as_ref().map_or_else(Tools::built_in, |(tools, _)| tools.clone());
        let (services, slots) = match with {
            Some(with) => services_with(&db, &shared, pacer.clone(), stt, with).await,
            None => services(&db, &shared, pacer.clone(), stt).await,
        };
        let services = match model {
            Some(model) => with_model(services, model),
            None => services,
        };
        let switchboard = Switchboard::start(services, max_calls).await.expect("starts");
        let tenant = db.tenant("nile-heart").await;
        let facts = clinic_with(&db, &tools).await;
        tokio::time::pause();
        let steps = Steps::new(switchboard.clone(), Arc::clone(&clock), pacer);
        Self { db, switchboard, slots, clock, steps, tenant, facts, microphones: Vec::new() }
    }

    /// A new call whose caller is there.
    pub(crate) fn call(&self, channel: Channel) -> SimCall {
        self.start_call(channel, scripted::call())
    }

    /// The same on a line that can do as much.
    pub(crate) fn call_on(&self, channel: Channel, abilities: Abilities) -> SimCall {
        self.start_call(channel, scripted::call_with(abilities))
    }

    /// A new call whose caller does not come.
    pub(crate) fn call_without_caller(&self, channel: Channel) -> SimCall {
        let (request, call) = self.request(channel, scripted::call());
        let reservation = self.switchboard.reserve().expect("a place");
        self.switchboard.take(reservation, request);
        call
    }

    /// A call for which there is no place yet, whose caller is there.
    pub(crate) fn waiting_call(&self, channel: Channel) -> SimCall {
        let (request, call) = self.request(channel, scripted::call());
        let waiting = self.switchboard.may_wait().expect("they may wait");
        self.switchboard.wait(waiting, request);
        call.caller.arrives(CallerFacts::default());
        call
    }

    /// A caller who is there and is not served.
    pub(crate) fn refused_call(&self, voice: bool, reason: RefusalReason) -> SimCall {
        let (line, caller) = scripted::call();
        let (done, end) = oneshot::channel();
        let id = CallId::new(&IDS);
        let language = self.facts.language().clone();
        let line = Box::new(line);
        self.switchboard.refuse(Refused { id, line, language, voice, reason, done });
        caller.arrives(CallerFacts::default());
        SimCall { id, caller, end, seen: 0 }
    }

    fn start_call(&self, channel: Channel, line: (ScriptedCall, Caller)) -> SimCall {
        let (request, call) = self.request(channel, line);
        let reservation = self.switchboard.reserve().expect("a place");
        self.switchboard.take(reservation, request);
        call.caller.arrives(CallerFacts::default());
        call
    }

    fn request(
        &self,
        channel: Channel,
        (line, caller): (ScriptedCall, Caller),
    ) -> (CallRequest, SimCall) {
        let id = CallId::new(&IDS);
        let (done, end) = oneshot::channel();
        let room = format!("line-{id}");
        let request = CallRequest {
            id,
            tenant: self.tenant,
            line: Box::new(line),
            room,
            facts: CallFacts::of(Arc::clone(&self.facts), channel),
            clock: Arc::<ManualClock>::clone(&self.clock),
            simulated: true,
            caller: None,
            moved: None,
            done,
        };
        (request, SimCall { id, caller, end, seen: 0 })
    }

    /// The clinic that is called.
    pub(crate) const fn clinic(&self) -> ClinicId {
        self.tenant.clinic()
    }

    /// From now on the caller's microphone picks this up.
    pub(crate) fn hears(&mut self, call: &SimCall, microphone: Microphone) {
        self.microphones.push((call.caller.clone(), microphone));
    }

    pub(crate) fn mono(&self) -> Mono {
        self.clock.mono()
    }

    /// Lets 20 ms pass.
    pub(crate) async fn step(&mut self) {
        self.microphones.retain(|(caller, _)| !caller.is_over());
        for (caller, microphone) in &mut self.microphones {
            caller.sounds(microphone());
        }
        self.steps.step().await;
    }

    /// Lets time pass until something is so.
    pub(crate) async fn until<T>(
        &mut self,
        what: impl Fn() -> String,
        mut found: impl FnMut() -> Option<T>,
    ) -> T {
        let begun = self.mono();
        loop {
            if let Some(found) = found() {
                return found;
            }
            assert!(self.mono().since(begun) < PATIENCE, "did not happen: {}", what());
            self.step().await;
        }
    }
}

impl SimCall {
    /// Waits until the agent's next utterance that contains one of `words` is over; gives its text.
    pub(crate) async fn hears_any(&mut self, sim: &mut Sim, words: &[&str]) -> String {
        let (caller, seen) = (self.caller.clone(), &mut self.seen);
        let heard = RefCell::new(Vec::new());
        let found = || {
            for shown in caller.shown(*seen) {
                *seen += 1;
                let Shown::AgentDone { heard: text, .. } = shown else { continue };
                if words.iter().any(|words| text.contains(words)) {
                    return Some(text);
                }
                heard.borrow_mut().push(text);
            }
            None
        };
        let what = || format!("the agent says one of {words:?}, but {:?}", heard.borrow());
        sim.until(what, found).await
    }

    pub(crate) async fn hears(&mut self, sim: &mut Sim, words: &str) -> String {
        self.hears_any(sim, &[words]).await
    }

    /// Waits until the agent speaks, on a line that shows nothing.
    pub(crate) async fn hears_voice(&mut self, sim: &mut Sim) {
        let caller = self.caller.clone();
        sim.until(|| "it speaks".to_owned(), || (caller.frames() > 20).then_some(())).await;
    }

    /// Waits for the end of the call.
    pub(crate) async fn ends(mut self, sim: &mut Sim) -> CallEnd {
        let end = &mut self.end;
        sim.until(|| "the call ends".to_owned(), || end.try_recv().ok()).await
    }
}
