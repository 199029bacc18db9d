//! Tools that are not built in, behind the guard of a call on a line in memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_actors::{DialogueFactory, Tool, ToolCx, ToolFuture, Tools};
use frontdesk_pipelines::dialogue::guard::{Guarded, Policy};
use frontdesk_pipelines::dialogue::ledger::Ledger;
use frontdesk_pipelines::dialogue::toolbox::{Contract, ReadBack, ToolSpec};
use frontdesk_pipelines::dialogue::tools::ToolCallId;
use frontdesk_pipelines::dialogue::{CallFacts, Dialogue, Input, Now, Output, UtteranceId};
use frontdesk_pipelines::language::Language;
use frontdesk_types::{Channel, Mono};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::sim::{Sim, SimCall};

/// Calls the tool that the caller types, as a language model would, and says what came of it.
struct Typist {
    facts: CallFacts,
    /// Numbers of the next call and the next utterance.
    next: (u64, u64),
    outputs: VecDeque<Output>,
}

impl Typist {
    fn say(&mut self, text: String) {
        let utterance = UtteranceId(self.next.1);
        self.next.1 += 1;
        self.outputs.push_back(Output::Say { utterance, text, more: false });
    }
}

impl Policy for Typist {
    fn forget(&mut self, _: Now) {}

    fn handle_input(&mut self, _: Now, _: &Arc<Ledger>, input: Input) {
        match input {
            Input::Begin => self.say("Which tool?".to_owned()),
            Input::Heard { text, .. } => {
                let (name, args) = text.split_once(' ').unwrap_or((&text, "null"));
                let args: Value = serde_json::from_str(args).unwrap_or_default();
                match self.facts.tools().parse(name, &args, &self.facts.clinic) {
                    Ok(tool) => {
                        let call = ToolCallId(self.next.0);
                        self.next.0 += 1;
                        self.outputs.push_back(Output::Tool {
                            call,
                            tool,
                            checked: Box::default(),
                        });
                    }
                    Err(error) => self.say(error.to_string()),
                }
            }
            Input::ToolDone { result, .. } => self.say(result.told().to_string()),
            _ => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        None
    }

    fn snapshot(&self) -> Value {
        json!(self.next)
    }
}

fn typist() -> DialogueFactory {
    Arc::new(|facts, snapshot| {
        let (language, settings) = (facts.clinic.language().clone(), facts.settings());
        let own = facts.clone();
        let policy = |next| Typist { facts: own, next, outputs: VecDeque::new() };
        let dialogue: Box<dyn Dialogue> = match snapshot {
            None => Box::new(Guarded::new(facts, language, settings, policy((0, 0)))),
            Some(snapshot) => {
                let policy = |next| Ok(policy(serde_json::from_value(next)?));
                Box::new(Guarded::restore(facts, language, settings, snapshot, policy)?)
            }
        };
        Ok(dialogue)
    })
}

/// The drug and the idempotency key of each run that has begun.
type Runs = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// A tool that notes each run, and ends once its gate is open.
struct Pharmacy {
    spec: ToolSpec,
    open: watch::Receiver<bool>,
    begun: Runs,
    ended: Arc<Mutex<Vec<String>>>,
}

impl Contract for Pharmacy {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn read_back(&self, args: &Value, ledger: &Ledger, _: &Language) -> Option<ReadBack> {
        let drug = args["drug"].as_str().filter(|drug| *drug != "unspeakable")?;
        let name = ledger.patient()?.name.expose();
        Some(ReadBack {
            text: format!("{drug} for {name}. Is that correct, shall I order it?"),
            facts: vec![drug.to_owned(), name.clone()],
            question: "Shall I order it?".to_owned(),
        })
    }
}

impl Tool for Pharmacy {
    fn run(&self, cx: ToolCx, args: Value) -> ToolFuture<'_> {
        Box::pin(async move {
            let drug = args["drug"].as_str().unwrap_or_default().to_owned();
            let for_patient = self.spec.needs.patient;
            assert_eq!(
                cx.patient().is_some(),
                for_patient,
                "only who needs the patient knows them"
            );
            self.begun.lock().push((drug.clone(), cx.idempotency_key()));
            let mut open = self.open.clone();
            open.wait_for(|open| *open).await.expect("the test is there");
            self.ended.lock().push(drug.clone());
            Ok(json!({ "did": format!("{} of {drug}", self.spec.name) }))
        })
    }
}

/// A pharmacy that is asked and ordered from.
struct Pharmacies {
    sim: Sim,
    /// Opens the gate of each.
    reads: watch::Sender<bool>,
    writes: watch::Sender<bool>,
    read: Runs,
    written: Runs,
    ended: Arc<Mutex<Vec<String>>>,
}

impl Pharmacies {
    async fn start(open: bool) -> Self {
        Self::waiting(Duration::from_secs(100), open).await
    }

    /// With tools that are waited for so long.
    async fn waiting(patience: Duration, open: bool) -> Self {
        let ((reads, read_gate), (writes, write_gate)) =
            (watch::channel(open), watch::channel(open));
        let (read, written) = (Arc::default(), Arc::default());
        let ended: Arc<Mutex<Vec<String>>> = Arc::default();
        let schema = || {
            json!({
                "type": "object",
                "properties": { "drug": { "type": "string" } },
                "required": ["drug"],
            })
        };
        let read_spec = ToolSpec::read("find_drug", "Looks for a drug.", schema());
        let write_spec = ToolSpec::write("order_drug", "Orders a drug.", schema()).for_patient();
        let tool = |spec: ToolSpec, open: watch::Receiver<bool>, begun: &Arc<_>| Pharmacy {
            spec: ToolSpec { patience, ..spec },
            open,
            begun: Arc::clone(begun),
            ended: Arc::clone(&ended),
        };
        let tools = Tools::built_in()
            .with(Arc::new(tool(read_spec, read_gate, &read)))
            .and_then(|tools| tools.with(Arc::new(tool(write_spec, write_gate, &written))))
            .expect("good tools");
        let sim = Sim::start_with(1, Some((tools, typist()))).await;
        Self { sim, reads, writes, read, written, ended }
    }

    async fn call(&mut self) -> SimCall {
        let mut call = self.sim.call(Channel::Text);
        call.hears(&mut self.sim, "Which tool?").await;
        call
    }

    /// Types something, and gives the next answer that contains `words`.
    async fn says(&mut self, call: &mut SimCall, text: &str, words: &str) -> String {
        call.caller.types(text);
        call.hears(&mut self.sim, words).await
    }

    /// The caller is registered, and so identified.
    async fn registers(&mut self, call: &mut SimCall) {
        let who = r#"{"full_name":"Jane Moss","date_of_birth":"1980-05-17","phone":"01001234567"}"#;
        self.says(call, &format!("register_patient {who}"), "s that correct").await;
        call.caller.types("yes");
        // Identified where an earlier call has registered them.
        let done = [r#"{"result":"registered"}"#, r#"{"result":"identified"}"#];
        call.hears_any(&mut self.sim, &done).await;
    }

    /// The drugs whose orders have begun.
    fn orders(&self) -> Vec<String> {
        self.written.lock().iter().map(|(drug, _)| drug.clone()).collect()
    }

    /// Waits until something has begun.
    async fn until(&mut self, what: &str, begun: impl Fn(&Self) -> bool) {
        let begun_at = self.sim.mono();
        while !begun(self) {
            let waited = self.sim.mono().since(begun_at);
            assert!(waited < Duration::from_secs(60), "did not happen: {what}");
            self.sim.step().await;
        }
    }
}

fn drug(tool: &str, name: &str) -> String {
    format!(r#"{tool} {{"drug":"{name}"}}"#)
}

#[tokio::test]
async fn a_tool_of_somebody_elses_is_run_and_its_answer_told() {
    let mut all = Pharmacies::start(true).await;
    let mut call = all.call().await;
    let said = all.says(&mut call, &drug("find_drug", "aspirin"), "did").await;
    assert_eq!(said, r#"{"did":"find_drug of aspirin"}"#);
    assert_eq!(*all.read.lock(), [("aspirin".to_owned(), None)], "what only looks has no key");
    // The built-in ones are beside it.
    all.says(&mut call, r#"ask_clinic {"question":"where are you?"}"#, "Garden Street").await;
    all.sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_call_of_an_unknown_tool_or_with_bad_arguments_says_what_to_do() {
    let mut all = Pharmacies::start(true).await;
    let mut call = all.call().await;
    all.says(&mut call, "send_fax {}", "there is no tool of this name; the tools are").await;
    all.says(&mut call, "find_drug {}", "find_drug: drug: is missing").await;
    let bad = r#"find_drug {"drug":7}"#;
    all.says(&mut call, bad, "find_drug: drug: expected string, not number").await;
    assert_eq!(*all.read.lock(), []);
    all.sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_write_of_somebody_elses_waits_for_the_patient_the_read_back_and_a_plain_yes() {
    let mut all = Pharmacies::start(true).await;
    let mut call = all.call().await;
    all.says(&mut call, &drug("order_drug", "aspirin"), r#""why":"not_identified""#).await;
    all.registers(&mut call).await;
    let refused = r#""why":"no_read_back""#;
    all.says(&mut call, &drug("order_drug", "unspeakable"), refused).await;
    let read_back = "aspirin for Jane Moss. Is that correct, shall I order it?";
    all.says(&mut call, &drug("order_drug", "aspirin"), read_back).await;
    all.says(&mut call, "please hold", "?").await;
    all.says(&mut call, "okay", "Shall I order it?").await;
    assert_eq!(all.orders(), [""; 0], "neither was a plain yes");
    all.says(&mut call, "yes", r#"{"did":"order_drug of aspirin"}"#).await;
    assert_eq!(all.orders(), ["aspirin"]);
    // The same once more is another order, with another yes and another key.
    all.says(&mut call, &drug("order_drug", "aspirin"), read_back).await;
    all.says(&mut call, "yes", r#"{"did":"order_drug of aspirin"}"#).await;
    let written = all.written.lock().clone();
    assert!(written[0].1.is_some() && written[0].1 != written[1].1, "{written:?}");
    all.sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_write_runs_once_although_its_stage_is_killed_before_and_after() {
    let mut all = Pharmacies::start(true).await;
    for fault in [Fault::Panic, Fault::Hang] {
        for place in ["tool_stage", "tool_stage.answered"] {
            let mut call = all.call().await;
            all.registers(&mut call).await;
            let before = all.orders().len();
            all.says(&mut call, &drug("order_drug", place), "shall I order it?").await;
            arm(call.id, place, fault, 0, 1);
            all.says(&mut call, "yes", "order_drug of").await;
            assert_eq!(all.orders().len(), before + 1, "{place} {fault:?}");
            call.caller.leaves();
            call.ends(&mut all.sim).await;
        }
    }
    let restarts = all.sim.switchboard.counters().stage_restarts;
    assert_eq!(restarts, 4, "each fault hit");
    all.sim.switchboard.stop().await;
}

#[tokio::test]
async fn reads_run_at_once_while_a_write_waits_and_writes_run_in_order() {
    let mut all = Pharmacies::start(false).await;
    let mut call = all.call().await;
    all.registers(&mut call).await;
    for name in ["one", "two"] {
        all.says(&mut call, &drug("order_drug", name), "shall I order it?").await;
        call.caller.types("yes");
        all.until("it is asked for", |all| !all.written.lock().is_empty()).await;
    }
    // Four reads at once, beside a write that runs and one that waits.
    for name in ["a", "b", "c", "d", "e"] {
        call.caller.types(&drug("find_drug", name));
    }
    all.until("four reads", |all| all.read.lock().len() == 4).await;
    for _ in 0..50 {
        all.sim.step().await;
    }
    assert_eq!(all.read.lock().len(), 4, "a fifth waits");
    assert_eq!(all.orders(), ["one"], "the second write waits for the first");
    assert_eq!(*all.ended.lock(), [""; 0]);
    all.reads.send_replace(true);
    all.until("the reads end", |all| all.ended.lock().len() == 5).await;
    assert_eq!(all.orders(), ["one"]);
    all.writes.send_replace(true);
    call.hears(&mut all.sim, "order_drug of two").await;
    assert_eq!(all.orders(), ["one", "two"]);
    all.sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_tool_that_is_slow_is_given_up_if_it_looks_and_told_late_if_it_writes() {
    let mut all = Pharmacies::waiting(Duration::from_millis(500), false).await;
    let mut call = all.call().await;
    all.registers(&mut call).await;
    all.says(&mut call, &drug("find_drug", "aspirin"), r#""result":"unavailable""#).await;
    for name in ["one", "two"] {
        all.says(&mut call, &drug("order_drug", name), "shall I order it?").await;
        // The guard tells that it takes too long, and the second does not wait for the first.
        all.says(&mut call, "yes", r#""result":"unavailable""#).await;
    }
    assert_eq!(all.orders(), ["one", "two"]);
    assert_eq!(*all.ended.lock(), [""; 0]);
    // Asked once more, the write under way is waited for: no other yes, no other run.
    call.caller.types(&drug("order_drug", "two"));
    all.writes.send_replace(true);
    call.hears(&mut all.sim, "order_drug of two").await;
    assert_eq!(all.orders(), ["one", "two"]);
    call.caller.leaves();
    call.ends(&mut all.sim).await;
    // They run side by side since nobody waits for them any more: either may end first.
    let mut ended = all.ended.lock().clone();
    ended.sort_unstable();
    assert_eq!(ended, ["one", "two"], "both were done, and the read was not");
    all.sim.switchboard.stop().await;
}
