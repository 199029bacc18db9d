//! What several tests need.

use std::ops::ControlFlow;

use frontdesk_models::stt::lm::LmSource;
use frontdesk_models::stt::pocketsphinx::{Options, PocketSphinx};
use frontdesk_models::stt::{Recognizer, Transcript};
use frontdesk_models::tts::TextToSpeech;
use frontdesk_models::tts::flite::Flite;

/// The text spoken by a voice of flite.
pub(crate) fn spoken(text: &str, voice: &str) -> Vec<i16> {
    let mut samples = Vec::new();
    Flite::new()
        .synthesize(text, voice, &mut |chunk| {
            samples.extend_from_slice(chunk);
            ControlFlow::Continue(())
        })
        .expect("flite speaks");
    samples
}

/// Speech with a quarter of a second of silence before and after.
pub(crate) fn padded(speech: &[i16]) -> Vec<i16> {
    let silence = [0; 4000];
    [&silence[..], speech, &silence[..]].concat()
}

/// A little booking language model.
pub(crate) fn booking() -> LmSource {
    LmSource::new()
        .sentence("[hello] (i would like|i want|i need) to book an appointment [please]")
        .sentence("(can|could) i (book|make|have) an appointment [with doctor {doctor}] [please]")
        .weighted_sentence("yes [please]", 3.0)
        .weighted_sentence("no [thank you]", 3.0)
        .slot("doctor", ["samira hassan", "david mansour", "laila farouk", "peter collins"])
}

pub(crate) fn recognizers() -> PocketSphinx {
    PocketSphinx::open(&Options::default(), [("booking", booking())])
        .expect("the models are installed")
}

/// One utterance, in frames of 20 ms; the partials, then what was heard.
pub(crate) fn hear(
    recognizer: &mut dyn Recognizer,
    context: &str,
    samples: &[i16],
) -> (Vec<String>, Transcript) {
    recognizer.start(context).expect("start");
    let mut partials = Vec::new();
    for frame in samples.chunks(320) {
        partials.extend(recognizer.push(frame).expect("push").map(|partial| partial.text));
    }
    (partials, recognizer.finish().expect("finish"))
}
