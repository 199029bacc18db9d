//! How fast the voices speak.

use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::Result;
use frontdesk_models::tts::flite::Flite;
use frontdesk_models::tts::{TextToSpeech, TtsError};
use frontdesk_types::SAMPLE_RATE_HZ;

use crate::{millis, resident_mib, timed};

const CLAUSE: &str = "The first free appointment is on Sunday";
const SENTENCE: &str = "I would like to book an appointment with a cardiologist on Tuesday morning, \
                        at half past nine if that is possible.";
const RUNS: u32 = 40;

pub(crate) fn figures() -> Result<()> {
    println!("## Speaking\n");
    println!("| voice | RTF | first audio ms: one word / clause / 5 s / 20 s of text |");
    println!("|---|---|---|");
    let long = [SENTENCE; 4].join(" ");
    for voice in Flite::new().voices() {
        let mut firsts = Vec::new();
        for text in ["yes", CLAUSE, SENTENCE, &long] {
            let first = || Flite::new().synthesize(text, voice, &mut |_| ControlFlow::Break(()));
            firsts.push(format!("{:.1}", millis(mean(first)?)));
        }
        let mut samples = 0;
        let all = || {
            Flite::new().synthesize(SENTENCE, voice, &mut |chunk| {
                samples += chunk.len();
                ControlFlow::Continue(())
            })
        };
        let took = mean(all)?.as_secs_f64();
        let seconds = samples as f64 / f64::from(RUNS) / f64::from(SAMPLE_RATE_HZ);
        println!("| {voice} | {:.4} | {} |", took / seconds, firsts.join(" / "));
    }
    let stop = |times: usize| -> Result<()> {
        for at in 0..times {
            let voice = Flite::new().voices()[at % 4];
            Flite::new().synthesize(SENTENCE, voice, &mut |_| ControlFlow::Break(()))?;
        }
        Ok(())
    };
    stop(40)?;
    let before = resident_mib()?;
    stop(400)?;
    println!("\n400 syntheses stopped at once: {:+.1} MiB\n", resident_mib()? - before);
    Ok(())
}

/// Processor time of one run, over enough runs that the clock's steps of 4 ms do not show.
fn mean(mut run: impl FnMut() -> Result<(), TtsError>) -> Result<Duration> {
    let (result, took) = timed(|| (0..RUNS).try_for_each(|_| run()));
    result?;
    Ok(took / RUNS)
}
