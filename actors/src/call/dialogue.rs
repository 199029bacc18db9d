//! Dialogue: feeds the state machine of the conversation and sends out what it wants done.
//!
//! Supervised by the CallSupervisor. What a successor needs after an input ([`logic::kept::Kept`]: a
//! snapshot of each turn and the inputs since), what goes into the call's record and the outputs
//! that came of it are kept at the moment at which the input leaves the mail; the outputs are sent
//! from there. So a Dialogue that dies in an input is given it again on the state before, and one
//! that dies in sending sends the rest.

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_line::Shown;
use frontdesk_pipelines::dialogue as logic;
use frontdesk_pipelines::dialogue::keypad::{Keypad, Pauses, Pressed};
use frontdesk_pipelines::dialogue::{Input, Output};
use frontdesk_tenants::{Error, TenantTx, patient};
use frontdesk_types::{Channel, Mono, Phi};
use jiff::civil::Date;
use ractor::ActorProcessingErr;

use super::Call;
use super::heard::{IngestInput, TranscriberInput};
use super::journal::Journal;
use super::link::LinkInput;
use super::record::RecordInput;
use super::speaker::SpeakerInput;
use super::thinker::ThinkerInput;
use super::tool_stage::{Request, ToolInput};
use crate::stage::{Keep, Stage};

/// What the Dialogue keeps over its death.
#[derive(Default)]
pub(crate) struct Kept {
    /// The conversation after the last input.
    logic: logic::kept::Kept,
    outbox: VecDeque<Output>,
    /// Keys that the caller has pressed and that are no answer yet.
    pressed: Pressed,
    pub(super) journal: Journal,
}

impl Kept {
    /// Of a call that another process began: its dialogue, and the number of its next turn.
    pub(super) fn moved(logic: logic::kept::Kept, first_turn: u32) -> Self {
        Self { logic, journal: Journal::from(first_turn), ..Self::default() }
    }

    /// What the CallRecorder has not been told.
    pub(super) fn take_news(&mut self) -> Option<RecordInput> {
        let turns = self.journal.take();
        // Both from one moment, so that the snapshot goes with the turns.
        let dialogue = || Arc::new(self.logic.clone());
        let outcome = self.journal.outcome();
        (!turns.is_empty()).then(|| RecordInput::Turns { turns, dialogue: dialogue(), outcome })
    }
}

pub(crate) struct Dialogue {
    call: Arc<Call>,
    kept: Keep<Kept>,
    logic: Box<dyn logic::Dialogue>,
    keypad: Keypad,
    /// The input under way, and when it was handled.
    input: Option<(logic::Now, Input)>,
    /// Whether its words are keys that were pressed.
    keyed: bool,
}

impl Dialogue {
    pub(crate) fn build(call: Arc<Call>, kept: Keep<Kept>) -> Result<Self, ActorProcessingErr> {
        let (before, pressed) = {
            let kept = kept.lock();
            (kept.logic.clone(), kept.pressed.clone())
        };
        let mut logic =
            before.restore(|snapshot| (call.services.dialogue)(call.facts.clone(), snapshot))?;
        // What a predecessor asked for may be under way. Of another process's, nothing is, and the
        // dialogue is told so once the caller is there.
        if !call.goes_on || call.joined.get().is_some() {
            logic.resume(call.now());
        }
        {
            let mut kept = kept.lock();
            kept.outbox.extend(std::iter::from_fn(|| logic.poll_output()));
            if call.goes_on {
                kept.journal.stands(logic.outcome());
            }
        }
        let clinic = &call.facts.clinic;
        let keypad = Keypad::new(&clinic.country, clinic.language(), Pauses::default(), pressed);
        Ok(Self { call, kept, logic, keypad, input: None, keyed: false })
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
            Output::Tool { call, tool, checked } => {
                let request = Request { call, tool, checked: *checked };
                mails.tools.post(ToolInput::Call(Box::new(request)));
            }
            Output::Ask { request, body } => {
                mails.thinker.post(ThinkerInput::Ask { request, body });
            }
            Output::Cancel { request } => mails.thinker.post(ThinkerInput::Cancel { request }),
            Output::Expect(expectation) => {
                mails.ingest.post(IngestInput::Expect(expectation));
                mails.transcriber.post(TranscriberInput::Expect(expectation));
            }
            Output::Born(date) => self.look_up(date),
            Output::Alert { flag } => tracing::warn!(flag, "red flag"),
            Output::End { outcome } => mails.speaker.post(SpeakerInput::End(outcome)),
        }
    }

    /// Shows what was read into the caller's words, where the call was asked for with it.
    fn explain(&self, input: &Input) {
        if !self.call.facts.explain || !matches!(input, Input::Heard { .. }) {
            return;
        }
        let reading = self.logic.reading().map(serde_json::to_string);
        if let Some(Ok(reading)) = reading {
            self.call.mails.link.post(LinkInput::Show(Shown::Read(reading)));
        }
    }

    /// Has the recognizer listen for the patients who were born on that day. A call goes on without
    /// them if they cannot be read: names that are common are known anyway.
    fn look_up(&self, born: Phi<Date>) {
        if self.call.facts.channel == Channel::Text {
            return;
        }
        let call = Arc::clone(&self.call);
        self.call.tasks.spawn(async move {
            let names = match names_born_on(&call, born).await {
                Ok(names) => names,
                Err(error) => return tracing::warn!(%error, "names not read"),
            };
            let spoken = call.spoken().clone();
            let ready = tokio::task::spawn_blocking(move || {
                let among = spoken.among(names);
                among.prepare();
                Arc::new(among)
            });
            if let Ok(among) = ready.await {
                call.mails.ingest.post(IngestInput::Among(Arc::clone(&among)));
                call.mails.transcriber.post(TranscriberInput::Among(among));
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
        self.keyed = matches!(input, Input::Dtmf(_));
        let input = match input {
            // A key is an input once it completes an answer.
            Input::Dtmf(key) => self.keypad.press(self.call.clock.mono(), key),
            other => Some(other),
        };
        if let Some(input) = input {
            let answers = matches!(&input, Input::Heard { text, .. } if !text.trim().is_empty());
            if answers || input == Input::CallerReplaced {
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
        if let Some((_, input)) = &self.input {
            if *input == Input::CallerReplaced {
                self.call.replaced.forgotten(&outputs);
            }
            self.call.tell_handled(input, &outputs, self.keyed);
            self.explain(input);
        }
        let mut kept = self.kept.lock();
        kept.pressed = self.keypad.pressed().clone();
        if let Some((now, input)) = self.input.take() {
            let outcome = self.logic.outcome();
            kept.journal.note(&input, &outputs, outcome, (now.mono, now.wall));
            kept.logic.note(&*self.logic, now, input);
        }
        kept.outbox.extend(outputs);
    }

    fn settle(&mut self) {
        // Before what comes of it is done: a write waits until what led to it is in the database.
        let news = self.kept.lock().take_news();
        if let Some(news) = news {
            if let RecordInput::Turns { turns, .. } = &news
                && let Some(last) = turns.last()
            {
                self.call.holding.is_told(last.number);
            }
            self.call.mails.record.post(news);
        }
        loop {
            let output = self.kept.lock().outbox.pop_front();
            let Some(output) = output else { break };
            self.send(output);
        }
    }

    fn deadline(&self) -> Option<Mono> {
        // A moment that another process waited for means nothing before the caller is here.
        self.call.joined.get()?;
        // Who presses keys is not silent: their pause comes first.
        self.keypad.poll_timeout().or_else(|| self.logic.poll_timeout())
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        let input = match self.keypad.poll_timeout() {
            Some(_) => self.keypad.on_timeout(self.call.clock.mono()),
            None => Some(Input::Timeout),
        };
        self.keyed = true;
        if let Some(input) = input {
            self.take(input);
        }
        self.commit();
        Ok(())
    }
}
