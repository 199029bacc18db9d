//! Dialogue: feeds the state machine of the conversation and sends out what it wants done.
//!
//! Supervised by the CallSupervisor. The snapshot after an input and the outputs that came of it
//! are recorded in the same breath as the input leaves the mail; the outputs are sent from that
//! record. So a Dialogue that dies in an input is given it again on the state before, and one that
//! dies in sending sends the rest.

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_pipelines::dialogue as logic;
use frontdesk_pipelines::dialogue::{Input, Output};
use frontdesk_types::Mono;
use ractor::ActorProcessingErr;

use super::Call;
use super::booking_tool::ToolInput;
use super::ingest::IngestInput;
use super::speaker::SpeakerInput;
use crate::stage::Stage;

/// What the Dialogue leaves for its successor.
#[derive(Default)]
pub(crate) struct Memory {
    snapshot: Option<serde_json::Value>,
    outbox: VecDeque<Output>,
}

pub(crate) struct Dialogue {
    call: Arc<Call>,
    logic: Box<dyn logic::Dialogue>,
}

impl Dialogue {
    pub(crate) fn build(call: Arc<Call>) -> Result<Self, ActorProcessingErr> {
        let snapshot = call.thinking.lock().snapshot.clone();
        let logic = (call.services.dialogue)(call.facts.clone(), snapshot)?;
        Ok(Self { call, logic })
    }

    fn send(&self, output: Output) {
        let mails = &self.call.mails;
        match output {
            Output::Say { utterance, text } => {
                mails.speaker.post(SpeakerInput::Say { utterance, text });
            }
            Output::Tool { call, tool } => mails.tools.post(ToolInput { call, tool }),
            Output::Expect(expectation) => mails.ingest.post(IngestInput::Expect(expectation)),
            Output::Alert { flag } => tracing::warn!(flag, "red flag"),
            Output::End { outcome } => mails.speaker.post(SpeakerInput::End(outcome)),
        }
    }
}

impl Stage for Dialogue {
    type Input = Input;

    async fn handle(&mut self, input: Input, _attempt: u32) -> Result<(), ActorProcessingErr> {
        self.logic.handle_input(self.call.now(), input);
        Ok(())
    }

    fn commit(&mut self) {
        let mut memory = self.call.thinking.lock();
        memory.outbox.extend(std::iter::from_fn(|| self.logic.poll_output()));
        memory.snapshot = Some(self.logic.snapshot());
    }

    fn settle(&mut self) {
        loop {
            let Some(output) = self.call.thinking.lock().outbox.pop_front() else { return };
            self.send(output);
        }
    }

    fn deadline(&self) -> Option<Mono> {
        self.logic.poll_timeout()
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        self.logic.handle_input(self.call.now(), Input::Timeout);
        self.commit();
        Ok(())
    }
}
