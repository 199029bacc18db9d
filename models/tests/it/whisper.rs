//! Whisper, with its real weights where `frontdesk models get` or the set-up has fetched them:
//! `FRONTDESK_WHISPER` names the file. Without it these tests say that they did not run.
//!
//! flite speaks, which is no person and poor material for whisper: the sentences are ones that it
//! gets right.

use std::io::Write as _;
use std::path::PathBuf;

use frontdesk_models::stt::lm::LmSource;
use frontdesk_models::stt::whisper::{Options, Whisper};
use frontdesk_models::stt::{Listening, Recognizer, SpeechToText, Transcript};

use crate::support::spoken;

#[expect(clippy::disallowed_methods, reason = "a test binary takes no other arguments")]
fn weights() -> Option<PathBuf> {
    let file = std::env::var_os("FRONTDESK_WHISPER").map(PathBuf::from);
    if file.is_none() {
        let mut out = std::io::stderr().lock();
        writeln!(out, "not run: FRONTDESK_WHISPER names no weights").expect("printed");
    }
    file
}

fn whisper() -> Option<Whisper> {
    weights().map(|file| Whisper::open(&Options::new(file, "en")).expect("whisper"))
}

fn hear(recognizer: &mut dyn Recognizer, samples: &[i16], hints: Option<&str>) -> Transcript {
    let listening = Listening::new("request", LmSource::new().sentence("hello"));
    recognizer.listen(&listening.hinted(hints.map(Into::into))).expect("listens");
    for frame in samples.chunks(320) {
        assert_eq!(recognizer.push(frame).expect("hears"), None);
    }
    recognizer.finish().expect("heard")
}

#[test]
fn a_sentence_is_heard_and_believed() {
    let Some(whisper) = whisper() else { return };
    let mut recognizer = whisper.recognizer().expect("a recognizer");
    let speech = spoken("i would like to book an appointment for tomorrow morning", "slt");
    let heard = hear(&mut *recognizer, &speech, None);
    assert!(heard.text.contains("book an appointment for tomorrow morning"), "{}", heard.text);
    assert!(heard.confidence > 0.6, "{heard:?}");
    // The next utterance knows nothing of the one before.
    let heard = hear(&mut *recognizer, &spoken("the second one please", "rms"), None);
    assert!(heard.text.ends_with("one please"), "{}", heard.text);
}

#[test]
fn several_callers_are_heard_at_once_with_one_model_and_one_place() {
    let Some(weights) = weights() else { return };
    let options = Options { at_once: 1, ..Options::new(weights, "en") };
    let whisper = Whisper::open(&options).expect("whisper");
    let speech = spoken("i would like to book an appointment", "slt");
    std::thread::scope(|scope| {
        let caller = || {
            let mut recognizer = whisper.recognizer().expect("a recognizer");
            hear(&mut *recognizer, &speech, None).text
        };
        let callers: Vec<_> = (0..3).map(|_| scope.spawn(caller)).collect();
        let heard: Vec<_> =
            callers.into_iter().map(|caller| caller.join().expect("heard")).collect();
        assert!(heard[0].contains("appointment"), "{heard:?}");
        assert!(heard.iter().all(|text| *text == heard[0]), "{heard:?}");
    });
    assert_eq!(whisper.waiting(), 0);
}

#[test]
fn what_is_too_short_for_a_word_is_nothing() {
    let Some(whisper) = whisper() else { return };
    let mut recognizer = whisper.recognizer().expect("a recognizer");
    let heard = hear(&mut *recognizer, &[0; 1600], Some("Leila Mansour."));
    assert_eq!(heard, Transcript::default());
}

#[test]
fn more_than_the_model_can_look_at_is_heard_in_pieces() {
    let Some(whisper) = whisper() else { return };
    let mut recognizer = whisper.recognizer().expect("a recognizer");
    let sentence = spoken("i would like to book an appointment for tomorrow morning", "slt");
    let mut speech = sentence.clone();
    speech.resize(29 * 16_000, 0);
    speech.extend(sentence);
    let heard = hear(&mut *recognizer, &speech, None);
    assert_eq!(heard.text.matches("appointment").count(), 2, "{}", heard.text);
}

#[test]
fn a_file_that_is_no_model_is_refused_before_it_is_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("whisper.bin");
    let open = || Whisper::open(&Options::new(&file, "en")).expect_err("refused");
    let error = open().to_string();
    assert!(error.contains("are not at") && error.contains("frontdesk models get"), "{error}");
    std::fs::write(&file, b"lmgg and something else").expect("written");
    let error = open().to_string();
    assert!(error.contains("holds no weights that can be used"), "{error}");
}
