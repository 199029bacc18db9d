//! AudioIngest: packets of the caller → samples → voice → turns.
//!
//! Supervised by the CallSupervisor. Decodes at 16 kHz, conceals gaps, scores voice, feeds turn
//! taking and carries out what it decides: playout is paused and stopped on the outlet directly,
//! an utterance is begun and ended on the recognition pool. After a restart it reads on where it
//! stopped in the ring of packets, with turn taking as it was.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::vad::VoiceDetector;
use frontdesk_pipelines::dialogue::Expectation;
use frontdesk_pipelines::gap::{Gap, GapTracker};
use frontdesk_pipelines::turn::{LogHead, TurnInput, TurnOutput, TurnTaker, quantized};
use frontdesk_rtc::codec::OpusDecoder;
use frontdesk_rtc::{Packet, PacketRing};
use frontdesk_types::{FRAME_MS, Mono, Phi, SAMPLE_RATE_HZ};
use ractor::ActorProcessingErr;

use super::Call;
use super::decisions::{Decisions, Note};
use super::link::{AgentState, LinkInput};
use super::transcriber::TranscriberInput;
use crate::media::{Learned, Utterance};
use crate::stage::Stage;

/// Audio before the first voiced frame that belongs to the utterance: the detector needs 60 ms of
/// voice to be sure and rises late on soft sounds. 400 ms, in samples.
const PREROLL: usize = SAMPLE_RATE_HZ as usize * 2 / 5;

/// Packets taken from the ring at a time: one second.
const MAX_DRAIN: usize = 50;

/// What AudioIngest is told.
#[derive(Debug, Clone)]
pub(crate) enum IngestInput {
    /// The ring has packets.
    Packets,
    /// The caller's audio comes from another ring now.
    Source(Arc<PacketRing>),
    /// Words so far, for turn taking.
    Words(TurnInput),
    /// The final words of an utterance are there.
    Recognized,
    /// What the caller was asked.
    Expect(Expectation),
}

/// What AudioIngest leaves for its successor.
#[derive(Default)]
pub(crate) struct Hearing {
    source: Option<Arc<PacketRing>>,
    position: u64,
    turn: Option<TurnTaker>,
    utterance: Option<(u64, Arc<Utterance>)>,
    next_utterance: u64,
    pub(crate) expectation: Expectation,
    /// Patients whom the caller may be, by the date of birth that was heard: their names are
    /// listened for where a name is asked for.
    pub(crate) patients: Vec<Phi<String>>,
    /// What was learned of the caller's voice.
    learned: Learned,
    pub(crate) decisions: Decisions,
    pub(crate) packets: u64,
    pub(crate) concealed_ms: u64,
    pub(crate) undecodable: u64,
}

pub(crate) struct AudioIngest {
    call: Arc<Call>,
    decoder: OpusDecoder,
    gaps: GapTracker,
    detector: Box<dyn VoiceDetector>,
    frame: Duration,
    turn: TurnTaker,
    /// What belongs into the decision log with the next commit.
    notes: Vec<Note>,
    /// Samples not yet scored.
    pending: Vec<i16>,
    preroll: VecDeque<i16>,
    playing: bool,
    packets: Vec<Packet>,
    #[cfg(feature = "fault-injection")]
    tap: Option<crate::faults::Tap>,
}

impl AudioIngest {
    pub(crate) fn build(call: Arc<Call>) -> Result<Self, ActorProcessingErr> {
        let detector = call.services.vad.detector();
        let samples = u64::try_from(detector.frame_samples())?;
        let frame = Duration::from_micros(samples * 1_000_000 / u64::from(SAMPLE_RATE_HZ));
        let turn = {
            let mut hearing = call.hearing.lock();
            let call_again = Arc::clone(&call);
            if let Some(source) = &hearing.source {
                ring_for(source, &call_again);
            }
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
        Ok(Self {
            decoder: OpusDecoder::new()?,
            gaps: GapTracker::new(),
            detector,
            frame,
            turn,
            notes: Vec::new(),
            pending: Vec::new(),
            preroll: VecDeque::new(),
            playing: false,
            packets: Vec::new(),
            #[cfg(feature = "fault-injection")]
            tap: crate::faults::Tap::open(call.id),
            call,
        })
    }

    fn drain(&mut self) {
        let Some(mut reader) = ({
            let hearing = self.call.hearing.lock();
            hearing.source.as_ref().map(|source| source.reader(hearing.position))
        }) else {
            return;
        };
        let mut packets = std::mem::take(&mut self.packets);
        reader.drain(MAX_DRAIN, &mut packets);
        self.call.hearing.lock().position = reader.position();
        for packet in packets.drain(..) {
            self.on_packet(&packet);
        }
        self.packets = packets;
    }

    fn on_packet(&mut self, packet: &Packet) {
        let samples_per_ms = SAMPLE_RATE_HZ / 1000;
        let duration_ms = OpusDecoder::samples_in(&packet.payload)
            .map_or(FRAME_MS, |samples| samples as u32 / samples_per_ms);
        let samples = match self.gaps.judge(packet.epoch, packet.rtp_time, duration_ms) {
            Gap::Stale => return,
            Gap::None => Vec::new(),
            Gap::Conceal(ms) => {
                self.call.hearing.lock().concealed_ms += u64::from(ms);
                // The packet at hand may carry a copy of the lost one (in-band FEC).
                let samples = (ms * samples_per_ms) as usize;
                self.decoder
                    .recover(&packet.payload, samples)
                    .map(<[i16]>::to_vec)
                    .unwrap_or_default()
            }
            Gap::Silence(ms) => vec![0; (ms * samples_per_ms) as usize],
        };
        self.on_samples(&samples);
        match self.decoder.decode(&packet.payload).map(<[i16]>::to_vec) {
            Ok(samples) => {
                self.call.hearing.lock().packets += 1;
                self.on_samples(&samples);
            }
            Err(error) => {
                self.call.hearing.lock().undecodable += 1;
                tracing::debug!(%error, "packet not decoded");
            }
        }
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
        let utterance = self.call.hearing.lock().utterance.clone();
        if let Some((_, utterance)) = utterance {
            utterance.push(frame);
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
                if let Some((number, utterance)) = self.call.hearing.lock().utterance.take() {
                    utterance.finish();
                    let waited = self.call.clock.mono().since(last_voiced);
                    tracing::debug!(utterance = number, ?reason, ?wait, ?waited, "turn ended");
                    self.call.mails.transcriber.post(TranscriberInput::Ended(number));
                    self.call.mails.link.post(LinkInput::State(AgentState::Thinking));
                }
            }
            TurnOutput::Discard => {
                if let Some((_, utterance)) = self.call.hearing.lock().utterance.take() {
                    utterance.discard();
                }
            }
            TurnOutput::PausePlayout => self.call.outlet.pause(),
            TurnOutput::ResumePlayout => self.call.outlet.resume(),
            TurnOutput::Interrupt => self.call.outlet.stop(),
        }
    }

    fn begin_utterance(&mut self) {
        let mut hearing = self.call.hearing.lock();
        let number = hearing.next_utterance;
        hearing.next_utterance += 1;
        let listening = self.call.listening(&hearing);
        let learned = Arc::clone(&hearing.learned);
        let transcriber = Arc::clone(&self.call.mails.transcriber);
        let utterance = self.call.services.recognition.begin(listening, learned, move |event| {
            transcriber.post(TranscriberInput::Recognized(number, event));
        });
        utterance.push(self.preroll.make_contiguous());
        self.preroll.clear();
        hearing.utterance = Some((number, utterance));
        drop(hearing);
        self.call.mails.transcriber.post(TranscriberInput::Started(number));
    }
}

/// Lets packets of `source` wake the call's AudioIngest.
fn ring_for(source: &Arc<PacketRing>, call: &Arc<Call>) {
    // Weak: the ring belongs to the room, which the call owns.
    let mail = Arc::downgrade(&call.mails.ingest);
    source.set_doorbell(move || {
        if let Some(mail) = mail.upgrade() {
            mail.post(IngestInput::Packets);
        }
    });
}

impl Stage for AudioIngest {
    type Input = IngestInput;

    async fn handle(
        &mut self,
        input: IngestInput,
        _attempt: u32,
    ) -> Result<(), ActorProcessingErr> {
        match input {
            IngestInput::Packets => self.drain(),
            IngestInput::Source(source) => {
                {
                    let mut hearing = self.call.hearing.lock();
                    hearing.position = source.next_index();
                    hearing.source = Some(Arc::clone(&source));
                }
                ring_for(&source, &self.call);
            }
            IngestInput::Words(words) => self.feed(&words),
            IngestInput::Recognized => {
                self.notes.push(Note::Recognized(self.call.clock.mono()));
            }
            IngestInput::Expect(expectation) => {
                self.call.hearing.lock().expectation = expectation;
                self.call.prepare_hearing();
            }
        }
        Ok(())
    }

    fn commit(&mut self) {
        let mut hearing = self.call.hearing.lock();
        hearing.turn = Some(self.turn.clone());
        hearing.decisions.note(self.notes.drain(..));
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
