//! Transcriber: the recognizers' words → turn taking, the caller's transcript, the dialogue.
//!
//! Supervised by the CallSupervisor. It computes nothing itself: recognition runs on the threads
//! of the pools and leaves its events in this stage's mail, where they survive a restart. Where the
//! words of the second recognizer are needed it waits for them, and not for long.

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_line::Shown;
use frontdesk_models::stt::Transcript;
use frontdesk_pipelines::dialogue::hearing::{Answer, LATE, Settled, rule, settle};
use frontdesk_pipelines::dialogue::spoken::Among;
use frontdesk_pipelines::dialogue::{Expectation, Input};
use frontdesk_pipelines::turn::TurnInput;
use frontdesk_types::Mono;
use ractor::ActorProcessingErr;

use super::Call;
use super::heard::{IngestInput, TranscriberInput};
use super::link::LinkInput;
use crate::media::{RecognitionEvent, SecondHearing};
use crate::stage::{Keep, Stage};

/// What the Transcriber keeps over its death.
pub(crate) struct Kept {
    expectation: Expectation,
    among: Arc<Among>,
    /// Utterances that are over, whose words are not there yet.
    over: VecDeque<(u64, Arc<SecondHearing>)>,
    /// Utterances whose words wait for those of the second recognizer, the oldest at the front.
    waiting: VecDeque<Waiting>,
}

/// Words that wait for those of the second recognizer.
struct Waiting {
    number: u64,
    asked: Expectation,
    words: Transcript,
    second: Arc<SecondHearing>,
    /// What it said.
    answer: Option<Answer>,
    /// Until when it is waited for.
    until: Mono,
}

impl Kept {
    pub(crate) fn new(among: Arc<Among>) -> Self {
        Self {
            expectation: Expectation::default(),
            among,
            over: VecDeque::new(),
            waiting: VecDeque::new(),
        }
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

    fn on_final(&self, number: u64, words: Transcript) {
        let mut kept = self.kept.lock();
        let second = kept.take_second(number);
        let waits = rule(kept.expectation).waits(words.confidence, !words.text.is_empty());
        match second {
            Some(second) if waits => {
                second.want();
                let until = self.call.clock.mono() + LATE;
                let asked = kept.expectation;
                let waiting = Waiting { number, asked, words, second, answer: None, until };
                kept.waiting.push_back(waiting);
            }
            second => {
                if let Some(second) = second {
                    second.give_up();
                }
                let (asked, among) = (kept.expectation, Arc::clone(&kept.among));
                drop(kept);
                // In the order of speaking: what was said before is not waited for any more.
                self.settle_waiting(true);
                self.tell(
                    number,
                    Transcript { text: among.respelled(asked, &words.text), ..words },
                );
            }
        }
    }

    /// Settles what is answered or has waited for long enough; with `all`, everything.
    fn settle_waiting(&self, all: bool) {
        let now = self.call.clock.mono();
        loop {
            let (waiting, among) = {
                let mut kept = self.kept.lock();
                let ready = |first: &Waiting| all || first.answer.is_some() || first.until <= now;
                if !kept.waiting.front().is_some_and(ready) {
                    return;
                }
                (kept.waiting.pop_front(), Arc::clone(&kept.among))
            };
            let Some(Waiting { number, asked, words, second, answer, .. }) = waiting else {
                return;
            };
            second.give_up();
            let respelled = |words: Transcript| Transcript {
                text: among.respelled(asked, &words.text),
                ..words
            };
            let answer = match answer {
                Some(Answer::Heard(words)) => Answer::Heard(respelled(words)),
                answer => answer.unwrap_or(Answer::Late),
            };
            let Settled { words, why } =
                settle(&among, asked, &respelled(words), &answer, self.call.now());
            tracing::debug!(utterance = number, why = why.as_str(), "two recognizers settled");
            if why.doubts_name(asked) && !self.call.replaced.voids_heard(number) {
                self.call.mails.dialogue.post(Input::DoubtName);
            }
            self.tell(number, words);
        }
    }

    /// Tells everybody the words of an utterance.
    fn tell(&self, number: u64, Transcript { text, confidence }: Transcript) {
        if self.call.replaced.voids_heard(number) {
            self.call.mails.ingest.post(IngestInput::Recognized);
            return;
        }
        if !text.is_empty() {
            let caption = Shown::CallerText { number, text: text.clone(), is_final: true };
            self.call.mails.link.post(LinkInput::Show(caption));
        }
        self.call.mails.ingest.post(IngestInput::Recognized);
        self.call.mails.dialogue.post(Input::Heard { text, confidence: Some(confidence) });
    }
}

impl Kept {
    /// What the second recognizer has of an utterance. Those before it have no words to come.
    fn take_second(&mut self, number: u64) -> Option<Arc<SecondHearing>> {
        while let Some((first, second)) = self.over.pop_front() {
            if first == number {
                return Some(second);
            }
            if first > number {
                self.over.push_front((first, second));
                return None;
            }
            second.give_up();
        }
        None
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
                    if let Some(second) = self.kept.lock().take_second(number) {
                        second.give_up();
                    }
                    self.call.mails.ingest.post(IngestInput::Recognized);
                }
            }
            TranscriberInput::Recognized(number, event) => match event {
                RecognitionEvent::Partial(transcript) => self.on_partial(number, transcript),
                RecognitionEvent::Final(transcript) => self.on_final(number, transcript),
                RecognitionEvent::Failed => self.on_final(number, Transcript::default()),
            },
            TranscriberInput::Second(number, second) => {
                self.kept.lock().over.push_back((number, second));
            }
            TranscriberInput::SecondHeard(number, words) => {
                let answer = words.map_or(Answer::Gone, Answer::Heard);
                let mut kept = self.kept.lock();
                let waiting = kept.waiting.iter_mut().find(|waiting| waiting.number == number);
                if let Some(waiting) = waiting {
                    waiting.answer = Some(answer);
                }
                drop(kept);
                self.settle_waiting(false);
            }
            TranscriberInput::Expect(expectation) => self.kept.lock().expectation = expectation,
            TranscriberInput::Among(among) => self.kept.lock().among = among,
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Mono> {
        self.kept.lock().waiting.front().map(|first| first.until)
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        self.settle_waiting(false);
        Ok(())
    }
}
