//! Speaker: text → clauses → voice, and what of it was heard.
//!
//! Supervised by the CallSupervisor. Cuts an utterance into clauses, hands them to the synthesis
//! threads and to the outlet, and passes on what the outlet reports: the transcript follows the
//! voice, and the dialogue learns what was played, and what was cut off. On a text channel
//! everything said is heard. An utterance that comes in pieces is spoken piece by piece.

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
    /// Say this after what is being said: an utterance, or a piece of one.
    Say { utterance: UtteranceId, text: String, more: bool },
    /// The outlet played, finished or dropped something.
    Playout(PlayoutEvent),
    /// Tell the dialogue this, after what it is told of what was cut off by it.
    Tell(Box<Input>),
    /// End the call once everything was played.
    End(CallOutcome),
}

/// What the Speaker keeps over its death.
#[derive(Default)]
pub(crate) struct Kept {
    /// Utterances handed to the outlet, or shown in part, and not yet reported as finished.
    open: VecDeque<Open>,
    /// The last utterance that is over.
    over: Option<UtteranceId>,
    /// Whether the input under way has been handed on: its Speaker died after that.
    handed: bool,
    ending: Option<CallOutcome>,
}

/// An utterance that is being spoken or shown.
struct Open {
    utterance: UtteranceId,
    /// Clauses so far.
    clauses: u32,
    /// Its text so far; on a text channel alone.
    text: String,
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

    fn say(&self, utterance: UtteranceId, text: &str, more: bool) {
        let clauses = speak::clauses(text, self.call.facts.clinic.language());
        let (typed, begun) = {
            let mut kept = self.kept.lock();
            if std::mem::replace(&mut kept.handed, true) {
                // The Speaker died after the outlet had it: it is being spoken.
                return;
            }
            if kept.over.is_some_and(|over| utterance <= over) {
                // It was cut off: what still comes of it is not said.
                return;
            }
            let begun = kept.open.iter().any(|open| open.utterance == utterance);
            (self.call.facts.channel == Channel::Text, begun)
        };
        if self.call.replaced.voids(utterance) {
            self.leave_out(utterance);
            return;
        }
        if typed || (clauses.is_empty() && !begun && !text.trim().is_empty()) {
            self.write(utterance, text, more);
            return;
        }
        let first = {
            let mut kept = self.kept.lock();
            if !begun && !clauses.is_empty() {
                kept.open.push_back(Open { utterance, clauses: 0, text: String::new() });
            }
            let open = kept.open.iter_mut().find(|open| open.utterance == utterance);
            let Some(open) = open else { return };
            let first = open.clauses;
            open.clauses += u32::try_from(clauses.len()).unwrap_or(u32::MAX);
            first
        };
        let mut shown = Vec::new();
        let mut spoken = Vec::new();
        for (number, clause) in (first..).zip(clauses) {
            shown.push(clause.display);
            let fixed = self.call.facts.clinic.fixed().contains(&clause.spoken);
            spoken.push(SpokenClause { utterance, number, spoken: clause.spoken, fixed });
        }
        let (outlet, speech) = (&self.call.outlet, &self.call.services.speech);
        outlet.push_piece(utterance, first, shown, more);
        if !spoken.is_empty() {
            speech.speak(Arc::clone(outlet), Arc::clone(self.call.voice()), spoken);
        }
    }

    fn show(&self, what: Shown) {
        self.call.mails.link.post(LinkInput::Show(what));
    }

    /// It is not said, and what still comes of it neither.
    fn leave_out(&self, utterance: UtteranceId) {
        self.kept.lock().over = Some(utterance);
        let (heard, complete) = (String::new(), false);
        self.call.mails.dialogue.post(Input::Played { utterance, heard, complete });
        self.end_if_done();
    }

    /// Says it in text only: shown, and heard, at once.
    fn write(&self, utterance: UtteranceId, text: &str, more: bool) {
        if self.call.outlet.is_muted() {
            self.leave_out(utterance);
            return;
        }
        let number = utterance.0;
        if !text.is_empty() {
            self.show(Shown::AgentText { utterance: number, text: text.to_owned() });
        }
        let whole = {
            let mut kept = self.kept.lock();
            let at = kept.open.iter().position(|open| open.utterance == utterance);
            let mut open = at.and_then(|at| kept.open.remove(at)).unwrap_or(Open {
                utterance,
                clauses: 0,
                text: String::new(),
            });
            if !open.text.is_empty() && !text.is_empty() {
                open.text.push(' ');
            }
            open.text.push_str(text);
            if more {
                kept.open.push_back(open);
                return;
            }
            open.text
        };
        let heard = whole.clone();
        self.show(Shown::AgentDone { utterance: number, heard, complete: true });
        self.show(Shown::State(AgentState::Listening));
        self.call.mails.dialogue.post(Input::Played { utterance, heard: whole, complete: true });
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
                    kept.open.retain(|open| open.utterance != utterance);
                    kept.over = kept.over.max(Some(utterance));
                    kept.open.is_empty()
                };
                let number = utterance.0;
                self.show(Shown::AgentDone { utterance: number, heard: heard.clone(), complete });
                if silent {
                    self.show(Shown::State(AgentState::Listening));
                }
                let dialogue = &self.call.mails.dialogue;
                if !complete {
                    dialogue.post(Input::Interrupted { utterance, heard: heard.clone() });
                }
                dialogue.post(Input::Played { utterance, heard, complete });
                self.end_if_done();
            }
        }
    }

    fn end_if_done(&self) {
        let ending = {
            let kept = self.kept.lock();
            if kept.open.is_empty() { kept.ending } else { None }
        };
        // A supervisor who has the call is not cut off by the agent's goodbye.
        if let Some(outcome) = ending.filter(|_| !self.call.floor.is_taken()) {
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
            SpeakerInput::Say { utterance, text, more } => self.say(utterance, &text, more),
            SpeakerInput::Playout(event) => self.on_playout(event),
            SpeakerInput::Tell(input) => self.call.mails.dialogue.post(*input),
            SpeakerInput::End(outcome) => {
                self.kept.lock().ending = Some(outcome);
                self.end_if_done();
            }
        }
        Ok(())
    }

    fn commit(&mut self) {
        self.kept.lock().handed = false;
    }
}
