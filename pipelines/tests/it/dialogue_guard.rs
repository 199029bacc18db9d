//! A policy that does what it likes, as a language model may, behind the guards.

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_pipelines::dialogue::guard::{Guarded, Policy};
use frontdesk_pipelines::dialogue::ledger::Ledger;
use frontdesk_pipelines::dialogue::settings::Settings;
use frontdesk_pipelines::dialogue::tools::{
    Identity, Refusal, SlotWish, ToolCall, ToolCallId, ToolResult, WriteNumber,
};
use frontdesk_pipelines::dialogue::{CallFacts, Dialogue, Input, Now, Output};
use frontdesk_types::{
    CallOutcome, Channel, DoctorId, Mono, Offer, OfferId, Phi, SeededIds, SlotId,
};
use jiff::civil::date;

use crate::dialogue_sim::{ZONE, english, facts, local};

/// Calls a tool for each word it hears, as scripted, and remembers what it is told.
#[derive(Default)]
struct Rogue {
    plan: VecDeque<ToolCall>,
    told: Vec<Input>,
    outputs: VecDeque<Output>,
    calls: u64,
    insists: bool,
}

impl Rogue {
    fn next(&mut self) {
        if let Some(tool) = self.plan.front().cloned() {
            if !self.insists {
                self.plan.pop_front();
            }
            let call = ToolCallId(self.calls);
            self.outputs.push_back(Output::Tool { call, tool, checked: Box::default() });
            self.calls += 1;
        }
    }
}

impl Policy for Rogue {
    fn forget(&mut self, _: Now) {}

    fn handle_input(&mut self, _: Now, _: &Arc<Ledger>, input: Input) {
        self.told.push(input.clone());
        let refused = matches!(&input, Input::ToolDone { result: ToolResult::Refused { .. }, .. });
        if matches!(input, Input::Heard { .. }) || (refused && self.insists) {
            self.next();
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        None
    }

    fn snapshot(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

pub(crate) struct Rig {
    guarded: Guarded<Rogue>,
    pub(crate) mono: Mono,
}

impl Rig {
    pub(crate) fn new(plan: Vec<ToolCall>) -> Self {
        Self::with(facts(), plan)
    }

    pub(crate) fn with(facts: CallFacts, plan: Vec<ToolCall>) -> Self {
        let policy = Rogue { plan: plan.into(), ..Rogue::default() };
        let settings = Settings::of(Channel::Text);
        let guarded = Guarded::new(facts, english().clone(), settings, policy);
        Self { guarded, mono: Mono::ZERO }
    }

    pub(crate) fn input(&mut self, input: Input) -> Vec<Output> {
        self.mono = self.mono + std::time::Duration::from_millis(10);
        let now = Now { mono: self.mono, wall: local("2026-06-10T09:00") };
        self.guarded.handle_input(now, input);
        std::iter::from_fn(|| self.guarded.poll_output()).collect()
    }

    pub(crate) fn hears(&mut self, text: &str) -> Vec<Output> {
        self.input(Input::Heard { text: text.to_owned(), confidence: None })
    }

    /// Answers the only tool call among `outputs`.
    pub(crate) fn answer(&mut self, outputs: &[Output], result: ToolResult) -> Vec<Output> {
        let (call, _) = tool(outputs).expect("a tool was called");
        self.input(Input::ToolDone { call, result })
    }

    /// What the policy was told of its tools.
    pub(crate) fn told_results(&self) -> Vec<ToolResult> {
        let told = self.guarded.policy().told.iter();
        told.filter_map(|input| match input {
            Input::ToolDone { result, .. } => Some(result.clone()),
            _ => None,
        })
        .collect()
    }

    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        let told = self.guarded.policy().told.iter();
        told.filter_map(|input| match input {
            Input::ToolDone { result: ToolResult::Refused { refusal }, .. } => {
                Some(refusal.clone())
            }
            _ => None,
        })
        .collect()
    }
}

pub(crate) fn tool(outputs: &[Output]) -> Option<(ToolCallId, ToolCall)> {
    outputs.iter().find_map(|output| match output {
        Output::Tool { call, tool, .. } => Some((*call, tool.clone())),
        _ => None,
    })
}

pub(crate) fn identify() -> ToolCall {
    ToolCall::IdentifyPatient(Identity {
        full_name: Phi::new("Jane Miller".to_owned()),
        date_of_birth: Phi::new(date(1980, 5, 17)),
        phone: None,
    })
}

fn offer() -> Offer {
    let ids = SeededIds::new(5);
    Offer {
        id: OfferId::new(&ids),
        second: None,
        slot: SlotId::new(&ids),
        doctor: DoctorId::new(&ids),
        doctor_name: "Nora Haddad".to_owned(),
        specialty: "cardiology".to_owned(),
        starts_at: local("2026-06-14T09:00"),
        ends_at: local("2026-06-14T09:20"),
        time_zone: ZONE.to_owned(),
    }
}

const fn book(offer: OfferId) -> ToolCall {
    ToolCall::Book { offer }
}

/// The number that the guard gave the write among `outputs`.
fn number(outputs: &[Output]) -> Option<WriteNumber> {
    outputs.iter().find_map(|output| match output {
        Output::Tool { checked, .. } => checked.write,
        _ => None,
    })
}

#[test]
fn nothing_of_a_patient_is_touched_before_identification() {
    let mut rig = Rig::new(vec![ToolCall::ListAppointments, book(offer().id)]);
    assert_eq!(tool(&rig.hears("hello")), None);
    assert_eq!(tool(&rig.hears("hello")), None);
    assert_eq!(rig.refusals(), [Refusal::NotIdentified, Refusal::NotIdentified]);
}

/// Identified, and one offer known; the next word makes the policy call `then`.
fn ready(then: Vec<ToolCall>) -> Rig {
    let mut plan = vec![identify(), ToolCall::FindSlots(SlotWish::default())];
    plan.extend(then);
    let mut rig = Rig::new(plan);
    let outputs = rig.hears("one");
    rig.answer(&outputs, ToolResult::Identified);
    let outputs = rig.hears("two");
    rig.answer(&outputs, ToolResult::Slots { offers: vec![offer()], exact: true });
    rig
}

fn read_back(outputs: &[Output]) -> Input {
    let said = outputs.iter().find_map(|output| match output {
        Output::Say { utterance, text, .. } => Some((*utterance, text.clone())),
        _ => None,
    });
    let (utterance, text) = said.expect("a read-back");
    assert!(
        text.contains("Sunday, June 14, at 9:00 AM with Dr. Nora Haddad, for Jane Miller"),
        "{text}"
    );
    assert!(text.contains("Is that correct? Shall I book the appointment?"), "{text}");
    Input::Played { utterance, heard: text, complete: true }
}

#[test]
fn a_write_is_read_back_by_the_guard_and_runs_on_a_yes_alone() {
    let mut rig = ready(vec![book(offer().id), book(offer().id)]);
    let outputs = rig.hears("book it");
    assert_eq!(tool(&outputs), None);
    rig.input(read_back(&outputs));
    let outputs = rig.hears("hmm, rather in the evening");
    assert_eq!(rig.refusals(), [Refusal::NotConfirmed]);
    let told = rig.guarded.policy().told.iter().rev().take(2).collect::<Vec<_>>();
    assert!(matches!(told[0], Input::Heard { .. }) && matches!(told[1], Input::ToolDone { .. }));
    // The policy calls it again, and it is read back again.
    rig.input(read_back(&outputs));
    let outputs = rig.hears("yes please");
    let (_, tool) = tool(&outputs).expect("confirmed");
    assert!(matches!(tool, ToolCall::Book { offer: id, .. } if id == offer().id));
}

#[test]
fn strange_offers_are_refused() {
    let strange = OfferId::new(&SeededIds::new(77));
    let mut rig = ready(vec![book(strange)]);
    assert_eq!(tool(&rig.hears("three")), None);
    assert_eq!(rig.refusals(), [Refusal::UnknownReference]);
}

#[test]
fn the_guard_numbers_a_write_once_and_the_same_again_is_another_one() {
    let mut rig = ready(vec![book(offer().id); 4]);
    let outputs = rig.hears("book it");
    rig.input(read_back(&outputs));
    let confirmed = rig.hears("yes please");
    assert_eq!(number(&confirmed), Some(WriteNumber(0)));
    rig.answer(&confirmed, ToolResult::Unavailable);
    // What became of it is not known: it is tried under its number, without another yes.
    let again = rig.hears("try again");
    assert_eq!(number(&again), Some(WriteNumber(0)));
    let refusal = Refusal::SlotTaken;
    rig.answer(&again, ToolResult::Refused { refusal });
    // That is what became of it. The same once more is another write, and wants another yes.
    let outputs = rig.hears("once more");
    assert_eq!(tool(&outputs), None);
    rig.input(read_back(&outputs));
    assert_eq!(number(&rig.hears("yes please")), Some(WriteNumber(1)));
}

#[test]
fn a_policy_that_insists_loses_the_floor_to_a_person() {
    let mut rig = Rig::new(vec![ToolCall::ListAppointments]);
    rig.guarded = {
        let policy = Rogue {
            plan: VecDeque::from([ToolCall::ListAppointments]),
            insists: true,
            ..Rogue::default()
        };
        Guarded::new(facts(), english().clone(), Settings::of(Channel::Text), policy)
    };
    assert_eq!(tool(&rig.hears("hello")), None, "there is no number to call back");
    rig.hears("0100 123 4567");
    let outputs = rig.hears("yes");
    assert!(matches!(tool(&outputs), Some((_, ToolCall::Transfer { .. }))));
    let outputs = rig.answer(&outputs, ToolResult::CallbackNoted);
    assert!(outputs.contains(&Output::End { outcome: CallOutcome::Transferred }));
}

#[test]
fn a_policy_that_falls_silent_is_replaced_by_a_person() {
    let mut rig = Rig::new(vec![identify()]);
    let outputs = rig.hears("hello");
    rig.answer(&outputs, ToolResult::Identified);
    let mut called = None;
    for _ in 0..5 {
        if called.is_some() {
            break;
        }
        rig.mono = rig.guarded.poll_timeout().expect("the guard waits").max(rig.mono);
        called = tool(&rig.input(Input::Timeout));
    }
    assert!(matches!(called, Some((_, ToolCall::Transfer { .. }))));
}
