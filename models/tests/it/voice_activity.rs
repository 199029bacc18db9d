//! Voice activity on speech, silence and noise.

use std::time::Duration;

use frontdesk_models::fake::EnergyVad;
use frontdesk_models::vad::VoiceActivity;
use frontdesk_models::vad::earshot::Earshot;

use crate::support::spoken;

/// White noise of about the given RMS.
fn noise(rms: f32, samples: usize) -> Vec<i16> {
    let mut state = 1_u32;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        ((state as f32 / u32::MAX as f32 * 2.0 - 1.0) * rms * 3.0_f32.sqrt()) as i16
    };
    (0..samples).map(step).collect()
}

/// Share of frames with a score above one half.
fn voiced(provider: &dyn VoiceActivity, samples: &[i16]) -> f32 {
    let mut detector = provider.detector();
    let frames = samples.chunks_exact(detector.frame_samples());
    let total = frames.len() as f32;
    frames.filter(|frame| detector.score(frame) > 0.5).count() as f32 / total
}

#[test]
fn speech_is_voice_and_silence_and_noise_are_not() {
    for voice in ["slt", "rms", "kal16"] {
        let speech = spoken("i would like to book an appointment tomorrow morning", voice);
        let share = voiced(&Earshot, &speech);
        assert!(share > 0.6, "{voice}: {share}");
    }
    assert!(voiced(&Earshot, &[0; 32_000]) < 0.01);
    assert!(voiced(&Earshot, &noise(300.0, 32_000)) < 0.05);
}

#[test]
fn the_score_falls_about_its_stated_lag_after_the_voice() {
    let mut detector = Earshot.detector();
    let frame = detector.frame_samples();
    let mut lags = Vec::new();
    for sentence in ["yes please", "no thank you", "tomorrow morning", "i need a doctor"] {
        detector.reset();
        let mut speech = spoken(sentence, "kal16");
        // The voice ends with silence of its own.
        let end = speech.iter().rposition(|sample| sample.abs() > 300).unwrap();
        speech.truncate(end);
        speech.resize(end + 16_000, 0);
        let last = speech
            .chunks_exact(frame)
            .enumerate()
            .filter_map(|(at, samples)| (detector.score(samples) > 0.5).then_some(at))
            .last()
            .unwrap();
        lags.push((((last + 1) * frame) as i64 - end as i64) / 16);
    }
    lags.sort_unstable();
    let stated = detector.lag().as_millis() as i64;
    assert!((lags[1] - stated).abs() < 70, "{lags:?} ms, stated {stated} ms");
    assert!(detector.lag() < Duration::from_millis(200));
}

#[test]
fn a_reset_detector_scores_as_a_new_one() {
    let speech = spoken("yes please", "kal16");
    let mut used = Earshot.detector();
    let mut new = Earshot.detector();
    for frame in speech.chunks_exact(used.frame_samples()) {
        used.score(frame);
    }
    used.reset();
    for frame in speech.chunks_exact(new.frame_samples()) {
        assert_eq!(used.score(frame), new.score(frame));
    }
}

#[test]
fn the_energy_detector_tells_loud_from_quiet() {
    assert_eq!(voiced(&EnergyVad::default(), &noise(3000.0, 16_000)), 1.0);
    assert_eq!(voiced(&EnergyVad::default(), &noise(30.0, 16_000)), 0.0);
}
