//! Transcriber: the recognizer's words → turn taking, the caller's transcript, the dialogue.
//!
//! Supervised by the CallSupervisor. It computes nothing itself: recognition runs on the threads
//! of the pool and leaves its events in this stage's mail, where they survive a restart.

use std::sync::Arc;

use frontdesk_line::Shown;
use frontdesk_models::stt::Transcript;
use frontdesk_pipelines::dialogue::spoken::Among;
use frontdesk_pipelines::dialogue::{Expectation, Input};
use frontdesk_pipelines::turn::TurnInput;
use ractor::ActorProcessingErr;

use super::Call;
use super::heard::{IngestInput, TranscriberInput};
use super::link::LinkInput;
use crate::media::RecognitionEvent;
use crate::stage::{Keep, Stage};

/// What the Transcriber keeps over its death.
pub(crate) struct Kept {
    expectation: Expectation,
    among: Arc<Among>,
}

impl Kept {
    pub(crate) fn new(among: Arc<Among>) -> Self {
        Self { expectation: Expectation::default(), among }
    }
}

pub(crate) struct Transcriber {
    call: Arc<Call>,
    kept: Keep<Kept>,
}

impl Transcriber {
    pub(crate) const fn build(call: Arc<Call>, kept: Keep<Kept>) -> Self {
        Self { call, kept }
    }

    fn on_partial(&self, number: u64, transcript: Transcript) {
        let text = transcript.text;
        let expectation = self.kept.lock().expectation;
        let words = TurnInput::Words {
            count: text.split_whitespace().count(),
            completeness: self.call.spoken().completeness(expectation, &text, self.call.now()),
            backchannel: self.call.spoken().is_backchannel(&text),
            stop: self.call.spoken().is_stop(&text),
        };
        self.call.mails.ingest.post(IngestInput::Words(words));
        if !text.is_empty() {
            let caption = Shown::CallerText { number, text: text.clone(), is_final: false };
            self.call.mails.link.post(LinkInput::Show(caption));
            self.call.mails.dialogue.post(Input::Partial { text, stable: false });
        }
    }

    fn on_final(&self, number: u64, transcript: Transcript) {
        let Transcript { text, confidence } = transcript;
        let (expectation, among) = {
            let kept = self.kept.lock();
            (kept.expectation, Arc::clone(&kept.among))
        };
        let text = among.respelled(expectation, &text);
        if !text.is_empty() {
            let caption = Shown::CallerText { number, text: text.clone(), is_final: true };
            self.call.mails.link.post(LinkInput::Show(caption));
        }
        self.call.mails.ingest.post(IngestInput::Recognized);
        self.call.mails.dialogue.post(Input::Heard { text, confidence: Some(confidence) });
    }
}

impl Stage for Transcriber {
    type Input = TranscriberInput;

    async fn handle(
        &mut self,
        input: TranscriberInput,
        _attempt: u32,
    ) -> Result<(), ActorProcessingErr> {
        match input {
            // Of somebody who may not be there any more: not for whoever is.
            TranscriberInput::Recognized(number, event)
                if self.call.replaced.voids_heard(number) =>
            {
                if !matches!(event, RecognitionEvent::Partial(_)) {
                    self.call.mails.ingest.post(IngestInput::Recognized);
                }
            }
            TranscriberInput::Recognized(number, event) => match event {
                RecognitionEvent::Partial(transcript) => self.on_partial(number, transcript),
                RecognitionEvent::Final(transcript) => self.on_final(number, transcript),
                RecognitionEvent::Failed => self.on_final(number, Transcript::default()),
            },
            TranscriberInput::Expect(expectation) => self.kept.lock().expectation = expectation,
            TranscriberInput::Among(among) => self.kept.lock().among = among,
        }
        Ok(())
    }
}
