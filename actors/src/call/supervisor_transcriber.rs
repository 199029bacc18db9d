//! SupervisorTranscriber: the voice of a supervisor who has taken the call over → their words.
//!
//! Supervised by the CallSupervisor. Works as AudioIngest and the Transcriber do together, on a sound
//! of its own: what it hears is shown as the supervisor's, kept in the record as the staff's, and
//! never the caller's. It interrupts nobody and answers nothing. Until a supervisor speaks it does
//! nothing at all.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_line::AudioIn;
use frontdesk_models::stt::Transcript;
use frontdesk_models::vad::VoiceDetector;
use frontdesk_pipelines::dialogue::Expectation;
use frontdesk_pipelines::turn::{TurnInput, TurnOutput, TurnTaker, quantized};
use frontdesk_types::{Mono, SAMPLE_RATE_HZ};
use ractor::ActorProcessingErr;

use super::Call;
use super::floor::spoken_number;
use super::link::LinkInput;
use crate::media::{Learned, RecognitionEvent, Utterance};
use crate::stage::{Keep, Stage};
use crate::watch::Speaker;

/// Audio before the first voiced frame that belongs to the utterance, in samples; as AudioIngest's.
const PREROLL: usize = SAMPLE_RATE_HZ as usize * 2 / 5;

/// Pieces of 20 ms read at a time: one second.
const MAX_READ: usize = 50;

/// What SupervisorTranscriber is told.
#[derive(Debug, Clone)]
pub(crate) enum SupervisorInput {
    /// There is sound to read.
    Audio,
    /// The recognizer said something of utterance number n.
    Recognized(u64, RecognitionEvent),
}

/// What SupervisorTranscriber keeps over its death.
#[derive(Default)]
pub(crate) struct Kept {
    turn: Option<TurnTaker>,
    utterance: Option<Arc<Utterance>>,
    utterances: u64,
    /// Who spoke last, for words that come after they gave the call back.
    name: String,
}

/// What listening needs; made when there is something to hear.
struct Hearing {
    detector: Box<dyn VoiceDetector>,
    frame: Duration,
    turn: TurnTaker,
    /// Samples not yet scored.
    pending: Vec<i16>,
    preroll: VecDeque<i16>,
}

pub(crate) struct SupervisorTranscriber {
    call: Arc<Call>,
    kept: Keep<Kept>,
    audio: Option<Arc<dyn AudioIn>>,
    hearing: Option<Hearing>,
}

impl SupervisorTranscriber {
    pub(crate) fn build(call: Arc<Call>, kept: Keep<Kept>) -> Self {
        let audio = call.line.supervisor_in();
        if let Some(audio) = &audio {
            // Weak: the line belongs to the call, which owns the mail.
            let mail = Arc::downgrade(&call.mails.supervisor);
            audio.set_on_readable(Arc::new(move || {
                if let Some(mail) = mail.upgrade() {
                    mail.post(SupervisorInput::Audio);
                }
            }));
        }
        Self { call, kept, audio, hearing: None }
    }

    fn read(&mut self) -> Result<(), ActorProcessingErr> {
        let Some(audio) = self.audio.clone() else { return Ok(()) };
        let mut hearing = match self.hearing.take() {
            Some(hearing) => hearing,
            None => self.listen()?,
        };
        audio.read(MAX_READ, &mut |samples| self.on_samples(&mut hearing, samples));
        self.hearing = Some(hearing);
        Ok(())
    }

    fn listen(&self) -> Result<Hearing, ActorProcessingErr> {
        let detector = self.call.services.vad.detector();
        let samples = u64::try_from(detector.frame_samples())?;
        let frame = Duration::from_micros(samples * 1_000_000 / u64::from(SAMPLE_RATE_HZ));
        let turn = self.kept.lock().turn.clone();
        let settings = self.call.services.settings.turn;
        let turn = turn.unwrap_or_else(|| TurnTaker::new(settings, detector.lag()));
        let (pending, preroll) = (Vec::new(), VecDeque::new());
        Ok(Hearing { detector, frame, turn, pending, preroll })
    }

    fn on_samples(&self, hearing: &mut Hearing, samples: &[i16]) {
        hearing.pending.extend_from_slice(samples);
        let size = hearing.detector.frame_samples();
        let mut pending = std::mem::take(&mut hearing.pending);
        let whole = pending.len() / size * size;
        for frame in pending[..whole].chunks(size) {
            let score = quantized(hearing.detector.score(frame));
            let utterance = self.kept.lock().utterance.clone();
            if let Some(utterance) = utterance {
                utterance.push(frame);
            } else {
                hearing.preroll.extend(frame);
                let excess = hearing.preroll.len().saturating_sub(PREROLL);
                hearing.preroll.drain(..excess);
            }
            self.feed(hearing, &TurnInput::Voice { score, duration: hearing.frame });
        }
        pending.drain(..whole);
        hearing.pending = pending;
    }

    fn feed(&self, hearing: &mut Hearing, input: &TurnInput) {
        hearing.turn.handle_input(self.call.clock.mono(), input);
        while let Some(output) = hearing.turn.poll_output() {
            match output {
                TurnOutput::SpeechStarted => self.begin(hearing),
                TurnOutput::TurnEnded { .. } => self.end(Utterance::finish),
                TurnOutput::Discard => self.end(Utterance::discard),
                // Nothing is played.
                TurnOutput::PausePlayout | TurnOutput::ResumePlayout | TurnOutput::Interrupt => {}
            }
        }
    }

    fn begin(&self, hearing: &mut Hearing) {
        let mut kept = self.kept.lock();
        let number = kept.utterances;
        kept.utterances += 1;
        if let Some(name) = self.call.floor.name() {
            kept.name = name;
        }
        let among = self.call.spoken().among(Vec::new());
        let listening = move || among.listening(Expectation::Request);
        let mail = Arc::clone(&self.call.mails.supervisor);
        let recognition = &self.call.services.recognition;
        let utterance = recognition.begin(listening, Learned::default(), move |event| {
            mail.post(SupervisorInput::Recognized(number, event));
        });
        utterance.push(hearing.preroll.make_contiguous());
        hearing.preroll.clear();
        kept.utterance = Some(utterance);
        drop(kept);
        self.speaking(true);
    }

    fn end(&self, how: impl FnOnce(&Arc<Utterance>)) {
        if let Some(utterance) = self.kept.lock().utterance.take() {
            how(&utterance);
            self.speaking(false);
        }
    }

    fn speaking(&self, speaking: bool) {
        self.call.mails.link.post(LinkInput::Speaking(Speaker::Supervisor, speaking));
    }

    fn on_words(&mut self, number: u64, transcript: Transcript, is_final: bool) {
        let text = transcript.text;
        if !is_final && let Some(mut hearing) = self.hearing.take() {
            let words = TurnInput::Words {
                count: text.split_whitespace().count(),
                completeness: self.call.spoken().completeness(
                    Expectation::Request,
                    &text,
                    self.call.now(),
                ),
                backchannel: false,
                stop: false,
            };
            self.feed(&mut hearing, &words);
            self.hearing = Some(hearing);
        }
        if !text.is_empty() {
            let name = self.kept.lock().name.clone();
            self.call.staff_said(spoken_number(number), name, text, is_final);
        }
    }
}

impl Stage for SupervisorTranscriber {
    type Input = SupervisorInput;

    async fn handle(
        &mut self,
        input: SupervisorInput,
        _attempt: u32,
    ) -> Result<(), ActorProcessingErr> {
        match input {
            SupervisorInput::Audio => self.read()?,
            SupervisorInput::Recognized(number, event) => match event {
                RecognitionEvent::Partial(words) => self.on_words(number, words, false),
                RecognitionEvent::Final(words) => self.on_words(number, words, true),
                RecognitionEvent::Failed => {}
            },
        }
        Ok(())
    }

    fn commit(&mut self) {
        if let Some(hearing) = &self.hearing {
            self.kept.lock().turn = Some(hearing.turn.clone());
        }
    }

    fn deadline(&self) -> Option<Mono> {
        self.hearing.as_ref().and_then(|hearing| hearing.turn.poll_timeout())
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        if let Some(mut hearing) = self.hearing.take() {
            self.feed(&mut hearing, &TurnInput::Timeout);
            self.hearing = Some(hearing);
        }
        self.commit();
        Ok(())
    }
}
