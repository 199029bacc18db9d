//! What Opus costs at each complexity and bit rate, and what it does to a voice.
//!
//! Listening tests by machine: how far the decoded spectrum is from the original's, and how many
//! words the recognizer gets wrong of what was coded, against the same speech uncoded. The voices
//! are flite's: a person's voice is harder, so the differences between settings are what counts.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use frontdesk_models::stt::lm::LmSource;
use frontdesk_models::stt::pocketsphinx::{Options, PocketSphinx};
use frontdesk_models::stt::{Recognizer, SpeechToText};
use frontdesk_rtc::codec::{EncoderOptions, OpusDecoder, OpusEncoder};
use frontdesk_types::{Clock, SAMPLES_PER_FRAME, SystemClock};

use crate::sound::{log_spectral_distance, spoken};

const VOICES: [&str; 3] = ["slt", "rms", "kal16"];
const SENTENCES: [&str; 8] = [
    "i would like to book an appointment",
    "i want to see a cardiologist please",
    "the second one please",
    "can i move my appointment to thursday",
    "march twelfth nineteen eighty four",
    "i need an appointment on tuesday morning",
    "my name is mary johnson",
    "no another time please",
];
const COMPLEXITIES: [u8; 6] = [0, 1, 3, 5, 8, 10];
const BITRATES: [u32; 4] = [12_000, 16_000, 24_000, 32_000];
/// How often the speech is encoded to measure the time.
const ROUNDS: u32 = 10;

/// One sentence in one voice.
struct Sample {
    sentence: &'static str,
    audio: Vec<i16>,
}

pub(crate) fn figures() -> Result<()> {
    let mut samples = Vec::new();
    for voice in VOICES {
        for sentence in SENTENCES {
            samples.push(Sample { sentence, audio: spoken(sentence, voice)? });
        }
    }
    let model = LmSource::new().sentences(SENTENCES);
    let provider = PocketSphinx::open(&Options::default(), [("all", model)])?;
    let mut recognizer = provider.recognizer()?;
    let seconds: f64 = samples.iter().map(|s| s.audio.len() as f64 / 16_000.0).sum();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} sentences of {} voices of flite, {seconds:.0} s\n",
        samples.len(),
        VOICES.len()
    )?;
    let uncoded = word_errors(&mut *recognizer, &samples, |sample| Ok(sample.audio.clone()))?;
    writeln!(out, "uncoded: {uncoded:.1} % of the words wrong\n")?;
    writeln!(out, "| complexity | bit/s | % of a core | spectral distance, dB | words wrong, % |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    let settings = COMPLEXITIES
        .map(|complexity| (complexity, EncoderOptions::default().bitrate))
        .into_iter()
        .chain(BITRATES.map(|bitrate| (EncoderOptions::default().complexity, bitrate)));
    for (complexity, bitrate) in settings {
        let options = EncoderOptions { complexity, bitrate, ..EncoderOptions::default() };
        let mut spent = Duration::ZERO;
        let mut distance = 0.0;
        for sample in &samples {
            for _ in 0..ROUNDS {
                spent += encode(options, &sample.audio)?.1;
            }
            distance += log_spectral_distance(&sample.audio, &coded(options, &sample.audio)?);
        }
        let cost = 100.0 * spent.as_secs_f64() / f64::from(ROUNDS) / seconds;
        let distance = distance / samples.len() as f64;
        let wrong =
            word_errors(&mut *recognizer, &samples, |sample| coded(options, &sample.audio))?;
        writeln!(out, "| {complexity} | {bitrate} | {cost:.2} | {distance:.2} | {wrong:.1} |")?;
    }
    Ok(())
}

/// The packets of a voice, and the time that encoding took.
fn encode(options: EncoderOptions, audio: &[i16]) -> Result<(Vec<bytes::Bytes>, Duration)> {
    let mut encoder = OpusEncoder::new(options)?;
    let mut packets = Vec::new();
    let clock = SystemClock::new();
    let began = clock.mono();
    for frame in audio.chunks_exact(SAMPLES_PER_FRAME) {
        packets.push(encoder.encode(frame)?);
    }
    Ok((packets, clock.mono().since(began)))
}

/// A voice after encoding and decoding, aligned with what went in.
fn coded(options: EncoderOptions, audio: &[i16]) -> Result<Vec<i16>> {
    let lag = OpusEncoder::new(options)?.lookahead()?;
    let mut padded = audio.to_vec();
    padded.resize((audio.len() + lag).next_multiple_of(SAMPLES_PER_FRAME), 0);
    let mut decoder = OpusDecoder::new()?;
    let mut decoded = Vec::new();
    for packet in encode(options, &padded)?.0 {
        decoded.extend_from_slice(decoder.decode(&packet)?);
    }
    Ok(decoded[lag..lag + audio.len()].to_vec())
}

/// Percent of the words that the recognizer gets wrong.
fn word_errors(
    recognizer: &mut dyn Recognizer,
    samples: &[Sample],
    carry: impl Fn(&Sample) -> Result<Vec<i16>>,
) -> Result<f64> {
    let (mut wrong, mut words) = (0, 0);
    for sample in samples {
        recognizer.start("all")?;
        for frame in carry(sample)?.chunks(SAMPLES_PER_FRAME) {
            recognizer.push(frame)?;
        }
        let heard = recognizer.finish()?.text;
        let said: Vec<&str> = sample.sentence.split(' ').collect();
        let heard: Vec<&str> = heard.split_whitespace().collect();
        wrong += said.iter().filter(|word| !heard.contains(word)).count();
        words += said.len();
    }
    Ok(100.0 * wrong as f64 / words as f64)
}
