//! Dialogue: feeds the state machine of the conversation and sends out what it wants done.
//!
//! Supervised by the CallSupervisor. What a successor needs after an input ([`Kept`]: a snapshot of
//! each turn and the inputs since), what goes into the call's record and the outputs that came of
//! it are kept in the same breath as the input leaves the mail; the outputs are sent from there. So
//! a Dialogue that dies in an input is given it again on the state before, and one that dies in
//! sending sends the rest.

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_pipelines::dialogue as logic;
use frontdesk_pipelines::dialogue::kept::Kept;
use frontdesk_pipelines::dialogue::keypad::{Keypad, Pauses, Pressed};
use frontdesk_pipelines::dialogue::tools::ToolCall;
use frontdesk_pipelines::dialogue::{Input, ModelEvent, ModelFailure, Output};
use frontdesk_tenants::{Error, TenantTx, patient};
use frontdesk_types::{Mono, Phi};
use jiff::civil::Date;
use ractor::ActorProcessingErr;

use super::Call;
use super::ingest::IngestInput;
use super::record::{Journal, RecordInput};
use super::retriever::Question;
use super::speaker::SpeakerInput;
use super::tools::ToolInput;
use crate::stage::Stage;

/// What the Dialogue leaves for its successor.
#[derive(Default)]
pub(crate) struct Memory {
    kept: Kept,
    outbox: VecDeque<Output>,
    /// Keys that the caller has pressed and that are no answer yet.
    pressed: Pressed,
    pub(super) journal: Journal,
}

impl Memory {
    /// The state after the last input.
    pub(super) const fn kept(&self) -> &Kept {
        &self.kept
    }
}

pub(crate) struct Dialogue {
    call: Arc<Call>,
    logic: Box<dyn logic::Dialogue>,
    keypad: Keypad,
    /// The input under way, and when it was handled.
    input: Option<(logic::Now, Input)>,
}

impl Dialogue {
    pub(crate) fn build(call: Arc<Call>) -> Result<Self, ActorProcessingErr> {
        let (kept, pressed) = {
            let memory = call.thinking.lock();
            (memory.kept.clone(), memory.pressed.clone())
        };
        let logic =
            kept.restore(|snapshot| (call.services.dialogue)(call.facts.clone(), snapshot))?;
        let clinic = &call.facts.clinic;
        let keypad = Keypad::new(&clinic.country, clinic.language(), Pauses::default(), pressed);
        Ok(Self { call, logic, keypad, input: None })
    }

    fn take(&mut self, input: Input) {
        let now = self.call.now();
        self.logic.handle_input(now, input.clone());
        self.input = Some((now, input));
    }

    fn send(&self, output: Output) {
        let mails = &self.call.mails;
        match output {
            Output::Say { utterance, text, more } => {
                mails.speaker.post(SpeakerInput::Say { utterance, text, more });
            }
            Output::Tool { call, tool: ToolCall::AskClinic { question }, .. } => {
                mails.retriever.post(Question { call, words: question });
            }
            Output::Tool { call, tool, checked } => {
                mails.tools.post(ToolInput { call, tool, checked: *checked });
            }
            Output::Ask { request, .. } => {
                // No call has a model yet.
                let event = ModelEvent::Failed(ModelFailure::None);
                mails.dialogue.post(Input::Model { request, event });
            }
            Output::Cancel { .. } => {}
            Output::Expect(expectation) => mails.ingest.post(IngestInput::Expect(expectation)),
            Output::Born(date) => self.look_up(date),
            Output::Alert { flag } => tracing::warn!(flag, "red flag"),
            Output::End { outcome } => mails.speaker.post(SpeakerInput::End(outcome)),
        }
    }

    /// Has the recognizer listen for the patients who were born on that day. A call goes on without
    /// them if they cannot be read: names that are common are known anyway.
    fn look_up(&self, born: Phi<Date>) {
        let call = Arc::clone(&self.call);
        self.call.tasks.spawn(async move {
            match names_born_on(&call, born).await {
                Ok(names) => {
                    call.hearing.lock().patients = names;
                    call.prepare_hearing();
                }
                Err(error) => tracing::warn!(%error, "names not read"),
            }
        });
    }
}

async fn names_born_on(call: &Call, born: Phi<Date>) -> Result<Vec<Phi<String>>, Error> {
    let mut tx = TenantTx::begin(&call.services.database, &call.tenant).await?;
    let names = patient::names_born_on(&mut tx, &born).await?;
    tx.commit().await?;
    Ok(names)
}

impl Stage for Dialogue {
    type Input = Input;

    async fn handle(&mut self, input: Input, _attempt: u32) -> Result<(), ActorProcessingErr> {
        let input = match input {
            // A key is an input once it completes an answer.
            Input::Dtmf(key) => self.keypad.press(self.call.clock.mono(), key),
            other => Some(other),
        };
        if let Some(input) = input {
            if matches!(&input, Input::Heard { text, .. } if !text.trim().is_empty()) {
                self.keypad.clear();
            }
            self.take(input);
        }
        crate::faults::point(self.call.id, "dialogue.handled").await;
        Ok(())
    }

    fn commit(&mut self) {
        let outputs: Vec<Output> = std::iter::from_fn(|| self.logic.poll_output()).collect();
        for output in &outputs {
            if let Output::Expect(question) = output {
                self.keypad.expect(*question);
            }
        }
        let mut memory = self.call.thinking.lock();
        memory.pressed = self.keypad.pressed().clone();
        if let Some((now, input)) = self.input.take() {
            let outcome = self.logic.outcome();
            memory.journal.note(&input, &outputs, outcome, (now.mono, now.wall));
            memory.kept.note(&*self.logic, now, input);
        }
        memory.outbox.extend(outputs);
    }

    fn settle(&mut self) {
        loop {
            let output = self.call.thinking.lock().outbox.pop_front();
            let Some(output) = output else { break };
            self.send(output);
        }
        if self.call.thinking.lock().journal.has_news() {
            self.call.mails.record.post(RecordInput::Write);
        }
    }

    fn deadline(&self) -> Option<Mono> {
        // Who presses keys is not silent: their pause comes first.
        self.keypad.poll_timeout().or_else(|| self.logic.poll_timeout())
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        let input = match self.keypad.poll_timeout() {
            Some(_) => self.keypad.on_timeout(self.call.clock.mono()),
            None => Some(Input::Timeout),
        };
        if let Some(input) = input {
            self.take(input);
        }
        self.commit();
        Ok(())
    }
}
