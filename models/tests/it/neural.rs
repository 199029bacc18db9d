//! The neural voice, with its real weights where FRONTDESK_HEART names their file.

use std::ops::ControlFlow;
use std::path::PathBuf;

use frontdesk_models::tts::TextToSpeech;
use frontdesk_models::tts::neural::{NAME, Neural};

const SENTENCE: &str = "Doctor Leila Mansour is free on Sunday, June fourteenth at nine thirty.";

/// The voice; `None`, and a line, where there are no weights.
#[expect(clippy::disallowed_methods, reason = "a test binary takes no other arguments")]
fn voice() -> Option<Neural> {
    let Some(path) = std::env::var_os("FRONTDESK_HEART") else {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "not run: FRONTDESK_HEART names no weights");
        return None;
    };
    Some(Neural::new(PathBuf::from(path)))
}

fn said(voice: &Neural, text: &str) -> Vec<i16> {
    let mut all = Vec::new();
    let take = &mut |samples: &[i16]| {
        all.extend_from_slice(samples);
        ControlFlow::Continue(())
    };
    voice.synthesize(text, NAME, take).expect("spoken");
    all
}

#[test]
fn a_sentence_is_spoken_at_its_length_without_clipping_and_the_same_each_time() {
    let Some(voice) = voice() else { return };
    let samples = said(&voice, SENTENCE);
    let seconds = samples.len() as f32 / 16_000.0;
    assert!((3.0..7.0).contains(&seconds), "{seconds} s");
    let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or_default();
    assert!((8_000..32_000).contains(&loudest), "{loudest}");
    assert_eq!(samples, said(&voice, SENTENCE));
    assert!(said(&voice, "...").is_empty());
}

#[test]
fn a_sink_that_breaks_stops_the_voice() {
    let Some(voice) = voice() else { return };
    let mut count = 0;
    let stop = &mut |_: &[i16]| {
        count += 1;
        ControlFlow::Break(())
    };
    voice.synthesize(SENTENCE, NAME, stop).expect("stopped");
    assert_eq!(count, 1);
}

#[test]
fn words_are_said_as_the_lexicon_has_them_and_names_as_they_are_guessed() {
    let Some(voice) = voice() else { return };
    let said = |text| voice.phonemes(text).expect("loaded");
    assert_eq!(said("Good morning, how can I help you?"), "ɡˈʊd mˈɔɹnɪŋ, hˌW kæn ˌI hˈɛlp ju?");
    assert_eq!(said("the appointment"), "ði əpˈYntmənt");
    let guessed = said("Doctor Okafor");
    assert!(guessed.starts_with("dˈɑktəɹ ") && guessed.len() > "dˈɑktəɹ ".len() + 4, "{guessed}");
}

#[test]
fn what_is_no_voice_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (bytes, what) in [(&b"PK\x03\x04"[..], "does not begin"), (b"FRONTDESK-VOICE-1\n", "ends")]
    {
        let path = folder.path().join("heart.voice");
        std::fs::write(&path, bytes).expect("written");
        let result = Neural::new(&path).synthesize("hi", NAME, &mut |_| ControlFlow::Continue(()));
        assert!(result.expect_err("refused").to_string().contains(what));
    }
}
