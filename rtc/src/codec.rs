//! Opus for 16 kHz mono speech.

mod sides;

use std::fmt;

use frontdesk_types::{SAMPLE_RATE_HZ, SAMPLES_PER_FRAME};
use opus::{Application, Bitrate, Channels, Signal};

use self::sides::Sides;
use crate::CodecError;

/// Ticks of RTP time (48 kHz) per sample at 16 kHz.
pub const TICKS_PER_SAMPLE: u64 = 3;

/// Ticks of RTP time in one frame of 20 ms.
pub const TICKS_PER_FRAME: u64 = SAMPLES_PER_FRAME as u64 * TICKS_PER_SAMPLE;

/// Samples in the longest Opus packet (120 ms).
pub const MAX_PACKET_SAMPLES: usize = SAMPLES_PER_FRAME * 6;

/// Decodes Opus packets to 16 kHz mono. Packets come from peers: whatever they hold, the worst that
/// happens is an error or noise.
///
/// Mono is decoded straight. From the first packet in stereo both sides are decoded and mixed here:
/// libopus adds them up, and sides of opposite phase would cancel out.
pub struct OpusDecoder {
    inner: opus::Decoder,
    /// Of a stream that has had packets in stereo.
    stereo: Option<Stereo>,
    scratch: Box<[i16; MAX_PACKET_SAMPLES]>,
}

/// Decodes both sides.
struct Stereo {
    inner: opus::Decoder,
    sides: Sides,
    /// Left and right by turns.
    scratch: Box<[i16; 2 * MAX_PACKET_SAMPLES]>,
}

impl Stereo {
    fn new() -> Result<Self, CodecError> {
        let inner = opus::Decoder::new(SAMPLE_RATE_HZ, Channels::Stereo).map_err(|e| failed(&e))?;
        Ok(Self { inner, sides: Sides::default(), scratch: Box::new([0; 2 * MAX_PACKET_SAMPLES]) })
    }
}

impl OpusDecoder {
    /// A decoder with no history.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus has no memory.
    pub fn new() -> Result<Self, CodecError> {
        let inner = opus::Decoder::new(SAMPLE_RATE_HZ, Channels::Mono).map_err(|e| failed(&e))?;
        Ok(Self { inner, stereo: None, scratch: Box::new([0; MAX_PACKET_SAMPLES]) })
    }

    /// Samples that `packet` decodes to, without decoding it.
    ///
    /// # Errors
    /// [`CodecError::InvalidPacket`].
    pub fn samples_in(packet: &[u8]) -> Result<usize, CodecError> {
        // `parse` checks the framing inside, which the count alone does not.
        if packet.is_empty() || packet.len() > 1500 || opus::packet::parse(packet).is_err() {
            return Err(CodecError::InvalidPacket);
        }
        match opus::packet::get_nb_samples(packet, SAMPLE_RATE_HZ) {
            Ok(n) if n > 0 && n <= MAX_PACKET_SAMPLES => Ok(n),
            _ => Err(CodecError::InvalidPacket),
        }
    }

    /// Decodes one packet; the samples are valid until the next call.
    ///
    /// # Errors
    /// [`CodecError::InvalidPacket`]; the decoder can go on with the next packet.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&[i16], CodecError> {
        let expected = Self::samples_in(packet)?;
        if self.stereo.is_none() && is_stereo(packet) {
            // It begins without what the other one remembers: heard in its first packet at most.
            self.stereo = Some(Stereo::new()?);
        }
        self.run(packet, expected, false)
    }

    /// Fills a gap of `samples` (at most [`MAX_PACKET_SAMPLES`], rounded down to 2.5 ms) by
    /// continuing what was heard. Beyond some 100 ms of gap silence is better.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus fails inside.
    pub fn conceal(&mut self, samples: usize) -> Result<&[i16], CodecError> {
        // libopus conceals in multiples of 2.5 ms.
        const STEP: usize = SAMPLE_RATE_HZ as usize / 400;
        let samples = samples.min(MAX_PACKET_SAMPLES) / STEP * STEP;
        if samples == 0 {
            return Ok(&[]);
        }
        self.run(&[], samples, false)
    }

    /// Fills the gap of `samples` right before `next` from the copy of the lost frame that `next`
    /// carries, if its sender put one in (in-band FEC); else conceals. Then decode `next` itself.
    ///
    /// # Errors
    /// [`CodecError::InvalidPacket`] if `next` is not Opus.
    pub fn recover(&mut self, next: &[u8], samples: usize) -> Result<&[i16], CodecError> {
        let per_packet = Self::samples_in(next)?;
        if samples != per_packet || !has_fec(next) {
            return self.conceal(samples);
        }
        self.run(next, samples, true)
    }

    /// Forgets what was heard, for a stream that begins anew.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus fails inside.
    pub fn reset(&mut self) -> Result<(), CodecError> {
        self.stereo = None;
        self.inner.reset_state().map_err(|e| failed(&e))
    }

    fn run(&mut self, packet: &[u8], samples: usize, fec: bool) -> Result<&[i16], CodecError> {
        let out = self.scratch.get_mut(..samples).ok_or(CodecError::InvalidPacket)?;
        let decoded = match &mut self.stereo {
            None => self.inner.decode(packet, out, fec),
            Some(stereo) => {
                let both =
                    stereo.scratch.get_mut(..2 * samples).ok_or(CodecError::InvalidPacket)?;
                let decoded = stereo.inner.decode(packet, both, fec);
                if let Ok(n) = decoded {
                    stereo.sides.mix(both.get(..2 * n).unwrap_or_default(), out);
                }
                decoded
            }
        };
        match decoded {
            Ok(n) => Ok(self.scratch.get(..n).unwrap_or_default()),
            Err(e) if packet.is_empty() => Err(failed(&e)),
            Err(_) => Err(CodecError::InvalidPacket),
        }
    }
}

impl fmt::Debug for OpusDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpusDecoder(16 kHz mono)")
    }
}

/// How to encode. The default is speech at 32 kbit/s with complexity 1: a fifth of a percent of a
/// core. More effort costs up to four times as much and was not found to bring anything for a
/// synthetic voice (docs/performance.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderOptions {
    /// libopus' effort, 0 to 10.
    pub complexity: u8,
    /// Bits per second, 6,000 to 64,000.
    pub bitrate: u32,
    /// Carry a coarse copy of the previous frame against loss (costs bits).
    pub fec: bool,
    /// Loss in percent that `fec` is tuned for, 0 to 100.
    pub expected_loss: u8,
}

impl Default for EncoderOptions {
    fn default() -> Self {
        Self { complexity: 1, bitrate: 32_000, fec: false, expected_loss: 0 }
    }
}

/// Encodes 20 ms frames of 16 kHz mono speech. Discontinuous transmission is off: whoever has
/// nothing to say does not encode.
pub struct OpusEncoder {
    inner: opus::Encoder,
}

impl OpusEncoder {
    /// An encoder for speech.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus refuses a setting.
    pub fn new(options: EncoderOptions) -> Result<Self, CodecError> {
        let mut inner = opus::Encoder::new(SAMPLE_RATE_HZ, Channels::Mono, Application::Voip)
            .map_err(|e| failed(&e))?;
        let bitrate = i32::try_from(options.bitrate).unwrap_or(i32::MAX);
        inner.set_complexity(i32::from(options.complexity)).map_err(|e| failed(&e))?;
        inner.set_bitrate(Bitrate::Bits(bitrate)).map_err(|e| failed(&e))?;
        inner.set_signal(Signal::Voice).map_err(|e| failed(&e))?;
        inner.set_dtx(false).map_err(|e| failed(&e))?;
        inner.set_inband_fec(options.fec).map_err(|e| failed(&e))?;
        inner.set_packet_loss_perc(i32::from(options.expected_loss)).map_err(|e| failed(&e))?;
        Ok(Self { inner })
    }

    /// Encodes one frame of [`SAMPLES_PER_FRAME`] samples.
    ///
    /// # Errors
    /// [`CodecError::FrameLength`], or [`CodecError::Opus`] if libopus fails inside.
    pub fn encode(&mut self, frame: &[i16]) -> Result<bytes::Bytes, CodecError> {
        if frame.len() != SAMPLES_PER_FRAME {
            return Err(CodecError::FrameLength { expected: SAMPLES_PER_FRAME, got: frame.len() });
        }
        let mut out = [0_u8; crate::MAX_OPUS_PACKET];
        let n = self.inner.encode(frame, &mut out).map_err(|e| failed(&e))?;
        Ok(bytes::Bytes::copy_from_slice(out.get(..n).unwrap_or_default()))
    }

    /// Samples by which the decoded sound lags behind what was encoded.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus fails inside.
    pub fn lookahead(&mut self) -> Result<usize, CodecError> {
        let n = self.inner.get_lookahead().map_err(|e| failed(&e))?;
        Ok(usize::try_from(n).unwrap_or(0))
    }

    /// Forgets what was said, before a new utterance.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus fails inside.
    pub fn reset(&mut self) -> Result<(), CodecError> {
        self.inner.reset_state().map_err(|e| failed(&e))
    }
}

impl fmt::Debug for OpusEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpusEncoder(16 kHz mono)")
    }
}

/// Whether the packet's first frame carries a copy of the frame before (LBRR). Only the speech
/// modes of Opus can; the flag is the bit after the voice activity flags of its first frame.
fn has_fec(packet: &[u8]) -> bool {
    let Ok(parsed) = opus::packet::parse(packet) else { return false };
    let config = parsed.toc >> 3;
    let Some(first) = parsed.frames.first().and_then(|f| f.first()) else { return false };
    // Configurations 16 and above are CELT only.
    if config >= 16 {
        return false;
    }
    // Frames inside one SILK frame: 10 and 20 ms have one, 40 ms two, 60 ms three.
    let silk_frames = match (config < 12, config & 3) {
        (true, 2) => 2,
        (true, 3) => 3,
        _ => 1,
    };
    first & (1 << (7 - silk_frames)) != 0
}

/// Whether a packet carries two sides (RFC 6716, section 3.1: the third last bit of its first byte).
fn is_stereo(packet: &[u8]) -> bool {
    packet.first().is_some_and(|toc| toc & 0b100 != 0)
}

fn failed(error: &opus::Error) -> CodecError {
    CodecError::Opus(error.description())
}
