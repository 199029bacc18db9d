//! The scripted models do as they say.

use std::ops::ControlFlow;
use std::time::Duration;

use frontdesk_models::fake::{FixedStt, ToneTts};
use frontdesk_models::stt::SpeechToText;
use frontdesk_models::tts::TextToSpeech;
use frontdesk_types::PcmFrame;

fn tone(provider: ToneTts, text: &str) -> Vec<i16> {
    let mut samples = Vec::new();
    let sink = &mut |chunk: &[i16]| {
        samples.extend_from_slice(chunk);
        ControlFlow::Continue(())
    };
    provider.synthesize(text, "any", sink).expect("a tone does not fail");
    samples
}

#[test]
fn the_tone_is_440_hz_at_minus_12_dbfs_and_as_long_as_asked() {
    let samples = tone(ToneTts::of(Duration::from_millis(1500)), "hello");
    assert_eq!(samples.len(), 24_000);
    let crossings = samples.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    assert!((658..=661).contains(&crossings), "{crossings} periods in 1.5 s");
    // A sine of peak -12 dBFS has an RMS 3 dB below.
    let level = 20.0 * (PcmFrame::new(samples).rms() / 32_768.0).log10();
    assert!((level + 15.0).abs() < 0.1, "{level} dBFS");
    assert_eq!(tone(ToneTts::by_text(), &"x".repeat(30)).len(), 32_000);
}

#[test]
fn a_tone_stops_when_its_sink_breaks() {
    let mut received = 0;
    let sink = &mut |chunk: &[i16]| {
        received += chunk.len();
        if received >= 640 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    ToneTts::of(Duration::from_secs(10)).synthesize("hello", "any", sink).unwrap();
    assert_eq!(received, 640);
}

#[test]
fn the_script_is_heard_turn_by_turn() {
    let provider = FixedStt::scripted(["book an appointment", "yes"]);
    let mut recognizer = provider.recognizer().unwrap();
    for expected in ["book an appointment", "yes", "yes"] {
        recognizer.start("any").unwrap();
        let partial = recognizer.push(&[0; 320]).unwrap();
        assert_eq!(partial.map(|partial| partial.text).as_deref(), Some(expected));
        assert_eq!(recognizer.push(&[0; 320]).unwrap(), None);
        assert_eq!(recognizer.finish().unwrap().text, expected);
    }
}
