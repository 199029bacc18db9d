//! The agent's voices beside one another: how well two recognizers hear what an agent says in them,
//! and what their sound is like.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context as _, Result};
use frontdesk_models::stt::SpeechToText;
use frontdesk_models::tts::TextToSpeech;
use frontdesk_models::tts::flite::Flite;
use frontdesk_models::tts::neural::{NAME, Neural};
use frontdesk_pipelines::language::Languages;
use frontdesk_pipelines::speak;

use super::score::word_errors;
use super::sound::{Line, padded, write_wav};
use super::{FRAME, say};

/// What an agent says, as it is shown.
const SENTENCES: [(&str, &[&str]); 4] = [
    (
        "names",
        &[
            "You are booked with Dr. Leila Mansour.",
            "Dr. Thomas Keller can see you.",
            "The next one is with Dr. Anna Petrova.",
            "Dr. Daniel Okafor is not in this week.",
            "Would you like Dr. Grace Chen or Dr. Samira Hassan?",
            "Is that Mary Johnson?",
            "I have you as Robert Williams.",
            "Did you say Patricia Martinez?",
            "The visit is for Omar Haddad.",
            "Dr. Youssef Shalaby speaks Arabic and English.",
            "I found Michael Rodriguez.",
            "That is Nour Abdallah, is that right?",
        ],
    ),
    (
        "numbers",
        &[
            "Your number is 010 1234 5678.",
            "You can reach us at (212) 555-0142.",
            "In an emergency call 911 now.",
            "The visit costs EGP 650.",
            "The fee is $120.",
            "Your reference is 4 7 1 9 2.",
            "We are at 15 Tahrir Street, on the 3rd floor.",
            "It takes 45 minutes.",
            "The number ends in 33.",
            "Please come to room 214.",
            "You have 2 appointments.",
            "It was 38.5 degrees.",
        ],
    ),
    (
        "times",
        &[
            "The first one is on Sunday, June 14 at 9:30 AM.",
            "There is one on Tuesday, March 3 at 4:15 PM.",
            "How about Thursday at 11:45 AM?",
            "We are open from 8 AM to 6:30 PM.",
            "You were born on July 22, 1984.",
            "I can offer Monday at 2 PM or Wednesday at 10 AM.",
            "That is tomorrow at 5:20 PM.",
            "The next free day is Friday, October 30.",
            "It was moved to Saturday, August 8 at noon.",
            "Your visit is on December 1 at 7 PM.",
            "She is back on January 19.",
            "We close at 1:30 PM on Fridays.",
        ],
    ),
    (
        "sentences",
        &[
            "Good morning, this is Nile Heart Clinic. How can I help you?",
            "May I have your date of birth, please?",
            "I am sorry, I did not understand that.",
            "Shall I book it for you?",
            "That time has just been taken.",
            "Is there anything else I can do for you?",
            "Please hold on for a moment.",
            "Somebody from the clinic will call you back.",
            "The clinic is on Main St. behind St. Mary Hospital.",
            "I can read that back to you.",
            "Your appointment has been cancelled.",
            "Thank you for calling, goodbye.",
        ],
    ),
];

/// A recognizer with the name of its context.
pub(super) type Ear<'a> = (&'static str, &'a dyn SpeechToText, &'static str);

/// `folder`: where the sound of each voice is put, if anywhere.
pub(super) fn figures(weights: &str, ears: &[Ear<'_>], folder: Option<&str>) -> Result<()> {
    let language = Languages::built_in().get("en").context("there is no English")?;
    let neural = Neural::new(weights);
    let voices: [(&str, &dyn TextToSpeech); 4] =
        [(NAME, &neural), ("slt", &Flite), ("rms", &Flite), ("kal16", &Flite)];
    cost(&voices)?;
    say(format_args!(
        "\n| said | voice | recognizer | line | words | word errors | sentences right of 12 |\n\
         |---|---|---|---|---|---|---|"
    ))?;
    let mut sounds = Vec::new();
    for (voice, provider) in voices {
        let mut whole = Vec::new();
        for (kind, sentences) in SENTENCES {
            let spoken: Vec<(String, Vec<i16>)> = sentences
                .iter()
                .map(|text| {
                    let spoken = speak::spoken(text, language);
                    let samples = synthesized(provider, voice, &spoken)?;
                    Ok((spoken, samples))
                })
                .collect::<Result<_>>()?;
            for (ear, recognizer, context) in ears {
                for line in Line::ALL {
                    let (mut words, mut errors, mut right) = (0, 0, 0);
                    for (text, samples) in &spoken {
                        let heard = hear(*recognizer, context, &line.carry(&padded(samples)))?;
                        let (said, heard) = (plain(text), plain(&heard));
                        let (count, wrong) = word_errors(&said, &heard);
                        words += count;
                        errors += wrong;
                        right += usize::from(wrong == 0);
                        if wrong > 0 {
                            say(format_args!("  {voice} {ear} {}: {said} → {heard}", line.name()))?;
                        }
                    }
                    say(format_args!(
                        "| {kind} | {voice} | {ear} | {} | {words} | {:.1} % | {right} |",
                        line.name(),
                        100.0 * f64::from(errors as u32) / f64::from(words.max(1) as u32)
                    ))?;
                }
            }
            whole.extend(spoken.into_iter().flat_map(|(_, samples)| samples));
        }
        if let Some(folder) = folder {
            write_wav(&Path::new(folder).join(format!("{voice}.wav")), &whole)?;
        }
        sounds.push((voice, whole));
    }
    say(format_args!(
        "\n| voice | loudest sample | loud (RMS) | clipped | over 4 kHz | over 7 kHz |\n\
         |---|---|---|---|---|---|"
    ))?;
    for (voice, samples) in sounds {
        say(format_args!("| {voice} | {} |", sound(&samples)))?;
    }
    Ok(())
}

/// Processor time to the first sound and for the whole.
fn cost(voices: &[(&str, &dyn TextToSpeech)]) -> Result<()> {
    say(format_args!(
        "\n| voice | characters | CPU ms | seconds of sound | silence before / behind, ms |\n\
         |---|---|---|---|---|"
    ))?;
    let texts = [
        "Certainly.",
        "The first one is on Sunday, June fourteenth",
        "Doctor Samira Hassan is free on Tuesday, March third at a quarter past four in the \
         afternoon, and on Wednesday at ten in the morning.",
    ];
    for (voice, provider) in voices {
        for text in texts {
            synthesized(*provider, voice, text)?;
            let mut all: Vec<f64> = Vec::new();
            let mut samples = Vec::new();
            for _ in 0..5 {
                // Threads of the voice's own count, too.
                let began = process_time();
                samples = synthesized(*provider, voice, text)?;
                all.push((process_time() - began) * 1000.0);
            }
            all.sort_by(f64::total_cmp);
            let voiced = |sample: &i16| sample.unsigned_abs() > 328;
            let before = samples.iter().position(voiced).unwrap_or_default() / 16;
            let behind = samples.iter().rev().position(voiced).unwrap_or_default() / 16;
            say(format_args!(
                "| {voice} | {} | {:.0} | {:.2} | {before} / {behind} |",
                text.len(),
                all[2],
                samples.len() as f64 / 16_000.0
            ))?;
        }
    }
    Ok(())
}

/// Seconds that this process has computed.
fn process_time() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit_once(')').map_or("", |(_, after)| after);
    let fields: Vec<f64> = after.split(' ').filter_map(|field| field.parse().ok()).collect();
    // User and system time, in hundredths; the first field is a letter and not among these.
    fields.get(10..12).map_or(0.0, |both| both.iter().sum::<f64>() / 100.0)
}

fn synthesized(provider: &dyn TextToSpeech, voice: &str, text: &str) -> Result<Vec<i16>> {
    let mut samples = Vec::new();
    provider.synthesize(text, voice, &mut |more| {
        samples.extend_from_slice(more);
        ControlFlow::Continue(())
    })?;
    Ok(samples)
}

fn hear(recognizer: &dyn SpeechToText, context: &str, samples: &[i16]) -> Result<String> {
    let mut hearing = recognizer.recognizer()?;
    hearing.start(context)?;
    for frame in samples.chunks(FRAME) {
        hearing.push(frame)?;
    }
    Ok(hearing.finish()?.text)
}

/// Lower-case words without marks.
fn plain(text: &str) -> String {
    let letters = |c: char| if c.is_alphanumeric() || c == '\'' { c } else { ' ' };
    let text: String = text.to_lowercase().chars().map(letters).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a sound is like.
fn sound(samples: &[i16]) -> String {
    let power = |all: &[f64]| all.iter().map(|s| s * s).sum::<f64>() / all.len().max(1) as f64;
    let plain: Vec<f64> = samples.iter().map(|s| f64::from(*s)).collect();
    // Differences of neighbours weigh a frequency by its sine: a high pass of second order at each
    // of two corners is enough for a share in decibels.
    let above = |hz: f64| {
        let omega = std::f64::consts::TAU * hz / 16_000.0;
        let (alpha, cos) = (omega.sin() / std::f64::consts::SQRT_2, omega.cos());
        let mut filtered = plain.clone();
        for _ in 0..3 {
            let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
            for sample in &mut filtered {
                let x = *sample;
                let edge = f64::midpoint(1.0, cos);
                let y = (edge * x - 2.0 * edge * x1 + edge * x2 + 2.0 * cos * y1
                    - (1.0 - alpha) * y2)
                    / (1.0 + alpha);
                (x2, x1, y2, y1) = (x1, x, y1, y);
                *sample = y;
            }
        }
        10.0 * (power(&filtered) / power(&plain).max(1e-9)).log10()
    };
    let loudest = samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or_default();
    let clipped = samples.iter().filter(|s| s.unsigned_abs() >= 32_767).count();
    format!(
        "{loudest} | {:.0} | {clipped} | {:.0} dB | {:.0} dB",
        power(&plain).sqrt(),
        above(4000.0),
        above(7000.0)
    )
}
