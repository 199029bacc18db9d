//! pocketsphinx hears flite.

use std::path::PathBuf;

use frontdesk_models::stt::lm::LmSource;
use frontdesk_models::stt::pocketsphinx::{Context, Options, PocketSphinx};
use frontdesk_models::stt::{SpeechToText, SttError};

use crate::support::{booking, hear, padded, recognizers, spoken};

#[test]
fn the_booking_sentence_and_the_answers_are_heard_from_three_voices() {
    let provider = recognizers();
    for voice in ["slt", "rms", "kal16"] {
        let mut recognizer = provider.recognizer().unwrap();
        for sentence in ["i would like to book an appointment", "yes please", "no thank you"] {
            let speech = padded(&spoken(sentence, voice));
            let (partials, heard) = hear(&mut *recognizer, "booking", &speech);
            assert_eq!(heard.text, sentence, "{voice}");
            assert!(heard.confidence > 0.3, "{voice}: {}", heard.confidence);
            assert!(!partials.is_empty(), "{voice}: partials while speaking");
        }
    }
}

#[test]
fn silence_is_heard_as_nothing() {
    let provider = recognizers();
    let mut recognizer = provider.recognizer().unwrap();
    let (partials, heard) = hear(&mut *recognizer, "booking", &[0; 16_000]);
    assert_eq!((partials, heard.text.as_str()), (vec![], ""));
    let (_, heard) = hear(&mut *recognizer, "booking", &[]);
    assert_eq!((heard.text.as_str(), heard.confidence), ("", 0.0));
}

#[test]
fn decoders_are_lent_for_an_utterance_and_come_back_also_when_a_caller_hangs_up() {
    let options = Options { max_decoders: 2, ..Options::default() };
    let provider = PocketSphinx::open(&options, [("booking", booking())]).unwrap();
    assert_eq!((provider.decoders().made, provider.decoders().idle), (1, 1));
    let mut calls: Vec<_> = (0..3).map(|_| provider.recognizer().unwrap()).collect();
    calls[0].start("booking").unwrap();
    calls[1].start("booking").unwrap();
    let refused = calls[2].start("booking").unwrap_err();
    assert!(matches!(refused, SttError::Busy { limit: 2 }), "{refused}");
    calls.remove(0);
    calls[1].start("booking").unwrap();
    drop(calls);
    assert_eq!((provider.decoders().made, provider.decoders().idle), (2, 2));
}

#[test]
fn a_caller_is_heard_the_same_whoever_had_the_decoder_before() {
    let options = Options { max_decoders: 1, ..Options::default() };
    let provider = PocketSphinx::open(&options, [("booking", booking())]).unwrap();
    let sentences = ["can i book an appointment with doctor peter collins", "yes please"];
    let speech = sentences.map(|sentence| padded(&spoken(sentence, "kal16")));
    let alone: Vec<_> = {
        let mut call = provider.recognizer().unwrap();
        speech.iter().map(|samples| hear(&mut *call, "booking", samples)).collect()
    };
    let mut loud = provider.recognizer().unwrap();
    let shouted: Vec<i16> = padded(&spoken("no thank you", "rms"))
        .iter()
        .map(|sample| sample.saturating_mul(8))
        .collect();
    let mut call = provider.recognizer().unwrap();
    // One recognizer for both, which is told whom it listens to.
    let mut shared = provider.recognizer().unwrap();
    let mut learned = None;
    for (samples, expected) in speech.iter().zip(alone) {
        hear(&mut *loud, "booking", &shouted);
        let (_, heard) = hear(&mut *call, "booking", samples);
        shared.adapt(None);
        hear(&mut *shared, "booking", &shouted);
        shared.adapt(learned.as_ref());
        let (_, told) = hear(&mut *shared, "booking", samples);
        learned = shared.adaptation();
        for heard in [heard, told] {
            assert_eq!(heard.text, expected.1.text);
            // Not to the last bit: the library keeps more than the mean from one
            // utterance to the next, but nothing that changes words.
            let difference = (heard.confidence - expected.1.confidence).abs();
            assert!(difference < 0.2, "{heard:?} {expected:?}");
        }
    }
}

#[test]
fn two_callers_are_heard_at_the_same_time() {
    let provider = recognizers();
    let speech = padded(&spoken("i would like to book an appointment", "kal16"));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut recognizer = provider.recognizer().unwrap();
                for _ in 0..3 {
                    let (_, heard) = hear(&mut *recognizer, "booking", &speech);
                    assert_eq!(heard.text, "i would like to book an appointment");
                }
            });
        }
    });
}

#[test]
fn contexts_hear_what_they_expect() {
    let provider = PocketSphinx::open(
        &Options::default(),
        [("confirm", LmSource::new().sentences(["yes", "no"])), ("booking", booking())],
    )
    .unwrap();
    let mut recognizer = provider.recognizer().unwrap();
    let speech = padded(&spoken("yes please", "kal16"));
    assert_eq!(hear(&mut *recognizer, "booking", &speech).1.text, "yes please");
    assert!(!hear(&mut *recognizer, "confirm", &speech).1.text.contains("please"));
    let unknown = recognizer.start("weather").unwrap_err().to_string();
    assert!(unknown.contains("\"weather\""), "{unknown}");
    assert!(recognizer.finish().is_err(), "an utterance that did not start has no end");
}

#[test]
fn a_name_that_no_dictionary_has_is_listed_and_heard() {
    let source = LmSource::new().sentences(["doctor samira farouk", "doctor fatouma collins"]);
    let provider = PocketSphinx::open(&Options::default(), [("doctor", source)]).unwrap();
    let guesses: Vec<_> = provider.guesses().iter().map(|guess| guess.word.as_str()).collect();
    assert_eq!(guesses, ["fatouma"], "samira is among the known corrections");
    let mut recognizer = provider.recognizer().unwrap();
    for sentence in ["doctor samira farouk", "doctor fatouma collins"] {
        let speech = padded(&spoken(sentence, "slt"));
        assert_eq!(hear(&mut *recognizer, "doctor", &speech).1.text, sentence);
    }
}

#[test]
fn a_correction_in_unknown_phones_is_refused_with_its_word() {
    let mut options = Options::default();
    options.pronunciations.insert("yes".to_owned(), vec!["J EH S S SS".to_owned()]);
    let error = PocketSphinx::open(&options, [("booking", booking())]).err().unwrap();
    assert!(error.to_string().contains("yes"), "{error}");
}

#[test]
fn a_missing_file_is_named_with_the_mend() {
    let missing = |options: Options| {
        PocketSphinx::open(&options, [("booking", booking())]).err().unwrap().to_string()
    };
    let nowhere = PathBuf::from("/nowhere");
    let model = missing(Options { acoustic_model: nowhere.clone(), ..Options::default() });
    assert!(model.contains("/nowhere/mdef") && model.contains("make setup"), "{model}");
    let words = missing(Options { dictionary: nowhere.clone(), ..Options::default() });
    assert!(words.contains("/nowhere") && words.contains("make setup"), "{words}");
    let general = Context::General(nowhere.join("en.bin"));
    let error = PocketSphinx::open(&Options::default(), [("general", general)]).err().unwrap();
    assert!(error.to_string().contains("/nowhere/en.bin"), "{error}");
}

#[test]
fn a_context_that_cannot_be_built_is_named_with_the_reason() {
    let digits = LmSource::new().sentence("at 9 o'clock");
    let error = PocketSphinx::open(&Options::default(), [("time", digits)]).err().unwrap();
    let message = error.to_string();
    assert!(message.contains("\"time\"") && message.contains("\"9\""), "{message}");
}

#[test]
fn the_general_model_hears_what_no_context_expects() {
    let provider =
        PocketSphinx::open(&Options::default(), [("general", Context::general())]).unwrap();
    let mut recognizer = provider.recognizer().unwrap();
    let speech = padded(&spoken("the weather is very nice this morning", "slt"));
    let (_, heard) = hear(&mut *recognizer, "general", &speech);
    let right = ["weather", "very", "nice", "morning"];
    let hits = right.iter().filter(|word| heard.text.contains(*word)).count();
    assert!(hits >= 3, "{}", heard.text);
}
