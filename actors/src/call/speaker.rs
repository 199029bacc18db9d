//! Speaker: text → clauses → voice, and what of it was heard.
//!
//! Supervised by the CallSupervisor. Cuts an utterance into clauses, hands them to the synthesis
//! threads and to the outlet, and passes on what the outlet reports: the transcript follows the
//! voice, and the dialogue learns what was played. On a text channel everything said is heard.

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_line::{AgentState, Shown};
use frontdesk_pipelines::dialogue::{Input, UtteranceId};
use frontdesk_pipelines::playout::PlayoutEvent;
use frontdesk_pipelines::speak;
use frontdesk_types::{CallOutcome, Channel};
use ractor::ActorProcessingErr;

use super::Call;
use super::link::LinkInput;
use crate::media::SpokenClause;
use crate::stage::{Keep, Stage};

/// What the Speaker is told.
#[derive(Debug, Clone)]
pub(crate) enum SpeakerInput {
    /// Say this after what is being said.
    Say { utterance: UtteranceId, text: String },
    /// The outlet played, finished or dropped something.
    Playout(PlayoutEvent),
    /// End the call once everything was played.
    End(CallOutcome),
}

/// What the Speaker keeps over its death.
#[derive(Default)]
pub(crate) struct Kept {
    /// Utterances handed to the outlet and not yet reported as finished.
    open: VecDeque<UtteranceId>,
    ending: Option<CallOutcome>,
}

pub(crate) struct Speaker {
    call: Arc<Call>,
    kept: Keep<Kept>,
}

impl Speaker {
    pub(crate) fn build(call: Arc<Call>, kept: Keep<Kept>) -> Self {
        let speaker = Self { call, kept };
        // A predecessor, or the supervisor it told, may have died on the way to the end.
        speaker.end_if_done();
        speaker
    }

    fn say(&self, utterance: UtteranceId, text: &str) {
        if self.kept.lock().open.contains(&utterance) {
            // The Speaker died after the outlet had it: it is being spoken.
            return;
        }
        let clauses = speak::clauses(text, self.call.facts.clinic.language());
        if self.call.facts.channel == Channel::Text || clauses.is_empty() {
            self.write(utterance, text);
            return;
        }
        self.kept.lock().open.push_back(utterance);
        let mut shown = Vec::new();
        let mut spoken = Vec::new();
        for (number, clause) in clauses.into_iter().enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            shown.push(clause.display);
            let fixed = self.call.facts.clinic.fixed().contains(&clause.spoken);
            spoken.push(SpokenClause { utterance, number, spoken: clause.spoken, fixed });
        }
        let (outlet, speech) = (&self.call.outlet, &self.call.services.speech);
        outlet.push_utterance(utterance, shown);
        speech.speak(Arc::clone(outlet), Arc::clone(self.call.voice()), spoken);
    }

    fn show(&self, what: Shown) {
        self.call.mails.link.post(LinkInput::Show(what));
    }

    /// Says it in text only: shown, and heard, at once.
    fn write(&self, utterance: UtteranceId, text: &str) {
        let number = utterance.0;
        self.show(Shown::AgentText { utterance: number, text: text.to_owned() });
        let heard = text.to_owned();
        self.show(Shown::AgentDone { utterance: number, heard, complete: true });
        self.show(Shown::State(AgentState::Listening));
        let heard = text.to_owned();
        self.call.mails.dialogue.post(Input::Played { utterance, heard, complete: true });
        self.end_if_done();
    }

    fn on_playout(&self, event: PlayoutEvent) {
        match event {
            PlayoutEvent::Clause { utterance, text } => {
                self.show(Shown::State(AgentState::Speaking));
                self.show(Shown::AgentText { utterance: utterance.0, text });
            }
            PlayoutEvent::Finished { utterance, heard, complete } => {
                let silent = {
                    let mut kept = self.kept.lock();
                    kept.open.retain(|&open| open != utterance);
                    kept.open.is_empty()
                };
                let number = utterance.0;
                self.show(Shown::AgentDone { utterance: number, heard: heard.clone(), complete });
                if silent {
                    self.show(Shown::State(AgentState::Listening));
                }
                self.call.mails.dialogue.post(Input::Played { utterance, heard, complete });
                self.end_if_done();
            }
        }
    }

    fn end_if_done(&self) {
        let ending = {
            let kept = self.kept.lock();
            if kept.open.is_empty() { kept.ending } else { None }
        };
        if let Some(outcome) = ending {
            self.call.finish(outcome, None);
        }
    }
}

impl Stage for Speaker {
    type Input = SpeakerInput;

    async fn handle(
        &mut self,
        input: SpeakerInput,
        _attempt: u32,
    ) -> Result<(), ActorProcessingErr> {
        match input {
            SpeakerInput::Say { utterance, text } => self.say(utterance, &text),
            SpeakerInput::Playout(event) => self.on_playout(event),
            SpeakerInput::End(outcome) => {
                self.kept.lock().ending = Some(outcome);
                self.end_if_done();
            }
        }
        Ok(())
    }
}
