//! AudioIngest: what the line hears of the caller → voice → turns.
//!
//! Supervised by the CallSupervisor. Scores voice, feeds turn taking and carries out what it
//! decides: playout is paused and stopped on the outlet directly, an utterance is begun and ended
//! on the recognition pool. After a restart it reads on where it stopped, with turn taking as it
//! was: the line keeps what was not read.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_line::{AgentState, AudioIn, Shown};
use frontdesk_models::vad::VoiceDetector;
use frontdesk_pipelines::dialogue::Expectation;
use frontdesk_pipelines::dialogue::hearing::{Asks, Change, Pause, rule};
use frontdesk_pipelines::dialogue::spoken::Among;
use frontdesk_pipelines::turn::{LogHead, TurnInput, TurnOutput, TurnTaker, quantized};
use frontdesk_types::{Channel, Mono, SAMPLE_RATE_HZ};
use ractor::ActorProcessingErr;

use super::Call;
use super::decisions::{Decisions, Note};
use super::heard::{IngestInput, TranscriberInput};
use super::link::LinkInput;
use super::record::RecordInput;
use crate::media::{Learned, SecondHearing, Utterance};
use crate::stage::{Keep, Stage};
use crate::watch::Speaker;

/// Audio before the first voiced frame that belongs to the utterance: the detector needs 60 ms of
/// voice to be sure and rises late on soft sounds. 400 ms, in samples.
const PREROLL: usize = SAMPLE_RATE_HZ as usize * 2 / 5;

/// Pieces of 20 ms read at a time: one second.
const MAX_READ: usize = 50;

/// An utterance under way.
#[derive(Clone)]
struct Heard {
    number: u64,
    utterance: Arc<Utterance>,
    /// The same for the second recognizer, if its words may be wanted.
    second: Option<Arc<SecondHearing>>,
    /// Whether it is decoded in the first pause.
    at_pause: bool,
}

/// What AudioIngest keeps over its death.
pub(crate) struct Kept {
    turn: Option<TurnTaker>,
    utterance: Option<Heard>,
    next_utterance: u64,
    expectation: Expectation,
    among: Arc<Among>,
    /// What was learned of the caller's voice.
    learned: Learned,
    pub(super) decisions: Decisions,
}

impl Kept {
    /// Of a call of whose decision log other processes have written that many parts.
    pub(crate) fn new(among: Arc<Among>, parts: i32) -> Self {
        Self {
            turn: None,
            utterance: None,
            next_utterance: 0,
            expectation: Expectation::default(),
            among,
            learned: Learned::default(),
            decisions: Decisions::after(parts),
        }
    }
}

pub(crate) struct AudioIngest {
    call: Arc<Call>,
    kept: Keep<Kept>,
    audio: Arc<dyn AudioIn>,
    detector: Box<dyn VoiceDetector>,
    frame: Duration,
    turn: TurnTaker,
    /// What belongs into the decision log with the next commit.
    notes: Vec<Note>,
    /// Samples not yet scored.
    pending: Vec<i16>,
    preroll: VecDeque<i16>,
    pause: Pause,
    playing: bool,
    #[cfg(feature = "fault-injection")]
    tap: Option<crate::faults::Tap>,
}

impl AudioIngest {
    pub(crate) fn build(call: Arc<Call>, kept: Keep<Kept>) -> Result<Self, ActorProcessingErr> {
        let detector = call.services.vad.detector();
        let samples = u64::try_from(detector.frame_samples())?;
        let frame = Duration::from_micros(samples * 1_000_000 / u64::from(SAMPLE_RATE_HZ));
        let turn = {
            let mut hearing = kept.lock();
            let settings = call.services.settings.turn;
            if call.services.records.is_some() {
                hearing.decisions.begin(&LogHead {
                    settings,
                    lag: detector.lag(),
                    frame,
                    begun: call.clock.mono(),
                    // Not the call's clock, which may be pinned: others compare it with theirs.
                    begun_wall: u64::try_from(call.services.clock.wall().as_microsecond())?,
                });
            }
            hearing.turn.get_or_insert_with(|| TurnTaker::new(settings, detector.lag())).clone()
        };
        let audio = call.line.audio_in();
        // Weak: the line belongs to the call, which owns the mail.
        let mail = Arc::downgrade(&call.mails.ingest);
        audio.set_on_readable(Arc::new(move || {
            if let Some(mail) = mail.upgrade() {
                mail.post(IngestInput::Audio);
            }
        }));
        Ok(Self {
            audio,
            detector,
            frame,
            turn,
            notes: Vec::new(),
            pending: Vec::new(),
            preroll: VecDeque::new(),
            pause: Pause::default(),
            playing: false,
            #[cfg(feature = "fault-injection")]
            tap: crate::faults::Tap::open(call.id),
            kept,
            call,
        })
    }

    fn read(&mut self) {
        let audio = Arc::clone(&self.audio);
        audio.read(MAX_READ, &mut |samples| self.on_samples(samples));
    }

    fn on_samples(&mut self, samples: &[i16]) {
        if samples.is_empty() {
            return;
        }
        #[cfg(feature = "fault-injection")]
        if let Some(tap) = &mut self.tap {
            tap.write(samples);
        }
        self.pending.extend_from_slice(samples);
        let size = self.detector.frame_samples();
        let mut pending = std::mem::take(&mut self.pending);
        let whole = pending.len() / size * size;
        for frame in pending[..whole].chunks(size) {
            self.on_frame(frame);
        }
        pending.drain(..whole);
        self.pending = pending;
    }

    fn on_frame(&mut self, frame: &[i16]) {
        let score = quantized(self.detector.score(frame));
        let heard = self.kept.lock().utterance.clone();
        if let Some(heard) = heard {
            heard.utterance.push(frame);
            self.push_second(&heard, frame, score);
        } else {
            self.preroll.extend(frame);
            let excess = self.preroll.len().saturating_sub(PREROLL);
            self.preroll.drain(..excess);
        }
        self.feed(&TurnInput::Voice { score, duration: self.frame });
    }

    fn feed(&mut self, input: &TurnInput) {
        let now = self.call.clock.mono();
        let playing = self.call.outlet.is_active();
        if playing != self.playing {
            self.playing = playing;
            self.decide(now, &TurnInput::Playing(playing));
        }
        self.decide(now, input);
    }

    fn decide(&mut self, now: Mono, input: &TurnInput) {
        self.notes.push(Note::Input(now, *input));
        self.turn.handle_input(now, input);
        while let Some(output) = self.turn.poll_output() {
            self.notes.push(Note::Output(output));
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: TurnOutput) {
        match output {
            TurnOutput::SpeechStarted => self.begin_utterance(),
            TurnOutput::TurnEnded { reason, wait, last_voiced } => {
                if let Some(Heard { number, utterance, second, .. }) =
                    self.kept.lock().utterance.take()
                {
                    // Before the words, which are told as soon as they are there.
                    if let Some(second) = second {
                        let over = TranscriberInput::Second(number, second);
                        self.call.mails.transcriber.post(over);
                    }
                    utterance.finish();
                    let waited = self.call.clock.mono().since(last_voiced);
                    tracing::debug!(utterance = number, ?reason, ?wait, ?waited, "turn ended");
                    self.call.mails.link.post(LinkInput::Speaking(Speaker::Caller, false));
                    let thinking = Shown::State(AgentState::Thinking);
                    self.call.mails.link.post(LinkInput::Show(thinking));
                }
            }
            TurnOutput::Discard => {
                if let Some(heard) = self.kept.lock().utterance.take() {
                    heard.utterance.discard();
                    if let Some(second) = heard.second {
                        second.give_up();
                    }
                    self.call.mails.link.post(LinkInput::Speaking(Speaker::Caller, false));
                }
            }
            TurnOutput::PausePlayout => self.call.outlet.pause(),
            TurnOutput::ResumePlayout => self.call.outlet.resume(),
            TurnOutput::Interrupt => self.call.outlet.stop(),
        }
    }

    fn begin_utterance(&mut self) {
        let mut hearing = self.kept.lock();
        let number = hearing.next_utterance;
        hearing.next_utterance += 1;
        let (among, expectation) = (Arc::clone(&hearing.among), hearing.expectation);
        let second = self.begin_second(number, &among, expectation);
        // Made on the recognizer's thread, if it was not made ready in time.
        let listening = move || among.listening(expectation);
        let learned = Arc::clone(&hearing.learned);
        let transcriber = Arc::clone(&self.call.mails.transcriber);
        let utterance = self.call.services.recognition.begin(listening, learned, move |event| {
            transcriber.post(TranscriberInput::Recognized(number, event));
        });
        let preroll = self.preroll.make_contiguous();
        utterance.push(preroll);
        if let Some(second) = &second {
            second.push(preroll);
        }
        self.preroll.clear();
        self.pause = Pause::default();
        self.call.replaced.begins(number);
        let at_pause = rule(expectation).asks == Asks::AtPause;
        hearing.utterance = Some(Heard { number, utterance, second, at_pause });
        drop(hearing);
        self.call.mails.link.post(LinkInput::Speaking(Speaker::Caller, true));
        tracing::debug!(utterance = number, "speech started");
    }
}

impl AudioIngest {
    /// Begins the utterance for the second recognizer, where there is one that may be asked.
    fn begin_second(
        &self,
        number: u64,
        among: &Arc<Among>,
        expectation: Expectation,
    ) -> Option<Arc<SecondHearing>> {
        let pool = self.call.services.second.as_ref()?;
        if rule(expectation).asks == Asks::Never {
            return None;
        }
        let among = Arc::clone(among);
        let transcriber = Arc::clone(&self.call.mails.transcriber);
        let listening = move || among.listening(expectation);
        Some(pool.begin(self.call.id, listening, move |words| {
            transcriber.post(TranscriberInput::SecondHeard(number, words));
        }))
    }

    /// Gives a frame to the second recognizer, which decodes in the pauses.
    fn push_second(&mut self, heard: &Heard, frame: &[i16], score: f32) {
        let Some(second) = &heard.second else { return };
        second.push(frame);
        let voiced = score >= self.call.services.settings.turn.activation_threshold;
        match self.pause.frame(voiced, self.frame) {
            Some(Change::Paused) if heard.at_pause => second.pause(),
            Some(Change::WentOn) => second.resume(),
            _ => {}
        }
    }

    /// Has what the recognizer will need made ready while the agent still asks.
    fn prepare(&self) {
        if self.call.facts.channel == Channel::Text {
            return;
        }
        let (among, expectation) = {
            let kept = self.kept.lock();
            (Arc::clone(&kept.among), kept.expectation)
        };
        let recognition = self.call.services.recognition.clone();
        self.call.tasks.spawn(async move {
            let prepare = move || recognition.prepare(&among.listening(expectation));
            if let Ok(Err(error)) = tokio::task::spawn_blocking(prepare).await {
                tracing::warn!(%error, "language model not built");
            }
        });
    }
}

impl Stage for AudioIngest {
    type Input = IngestInput;

    async fn handle(
        &mut self,
        input: IngestInput,
        _attempt: u32,
    ) -> Result<(), ActorProcessingErr> {
        match input {
            IngestInput::Audio => self.read(),
            IngestInput::Words(words) => self.feed(&words),
            IngestInput::Recognized => {
                self.notes.push(Note::Recognized(self.call.clock.mono()));
            }
            IngestInput::Expect(expectation) => {
                self.kept.lock().expectation = expectation;
                self.prepare();
            }
            IngestInput::Among(among) => {
                self.kept.lock().among = among;
                self.prepare();
            }
        }
        Ok(())
    }

    fn commit(&mut self) {
        let mut hearing = self.kept.lock();
        hearing.turn = Some(self.turn.clone());
        let over = self.notes.iter().any(|note| matches!(note, Note::Recognized(_)));
        hearing.decisions.note(self.notes.drain(..));
        // Once for each utterance: what is noted between comes with the next one.
        if over && let Some(part) = hearing.decisions.take() {
            self.call.mails.record.post(RecordInput::Decisions(part));
        }
    }

    fn deadline(&self) -> Option<Mono> {
        self.turn.poll_timeout()
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        self.feed(&TurnInput::Timeout);
        self.commit();
        Ok(())
    }
}
