//! flite speaks.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use frontdesk_models::tts::TextToSpeech;
use frontdesk_models::tts::flite::{Flite, pronounce};
use frontdesk_types::PcmFrame;
use proptest::prelude::*;

use crate::support::spoken;

const SENTENCE: &str = "I would like to book an appointment with a cardiologist, please.";

#[test]
fn each_voice_speaks_at_16_khz() {
    for voice in Flite::new().voices() {
        let speech = PcmFrame::new(spoken(SENTENCE, voice));
        // Sixteen words at an ordinary pace: a wrong rate would show as half or double.
        let seconds = speech.duration_ms() as f32 / 1000.0;
        assert!((2.5..6.0).contains(&seconds), "{voice}: {seconds} s");
        assert!(speech.rms() > 500.0, "{voice}: rms {}", speech.rms());
    }
}

#[test]
fn a_sink_that_breaks_stops_synthesis_within_one_chunk() {
    for voice in Flite::new().voices() {
        let mut received = 0;
        let mut calls_after = 0;
        Flite::new()
            .synthesize(&SENTENCE.repeat(4), voice, &mut |chunk| {
                calls_after += usize::from(received >= 3200);
                received += chunk.len();
                if received >= 3200 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
        assert_eq!(calls_after, 0, "{voice}: called again after the break");
        assert!((3200..4000).contains(&received), "{voice}: {received} samples");
    }
}

#[test]
fn four_threads_share_one_voice() {
    let expected = spoken(SENTENCE, "kal16");
    let length = spoken(SENTENCE, "slt").len();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert!(spoken(SENTENCE, "kal16") == expected, "kal16 repeats bit for bit");
                    assert_eq!(spoken(SENTENCE, "slt").len(), length);
                }
            });
        }
    });
}

#[test]
fn an_unknown_voice_is_refused_with_the_names_of_the_known() {
    let sink = &mut |_: &[i16]| ControlFlow::Continue(());
    let error = Flite::new().synthesize("hello", "siri", sink).unwrap_err().to_string();
    for word in ["siri", "slt", "rms", "awb", "kal16"] {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn text_with_nothing_to_say_is_silence_and_no_error() {
    for text in ["", " ", "…", "--", "¿?", "صباح الخير"] {
        assert!(spoken(text, "slt").is_empty(), "{text:?}");
    }
}

#[test]
fn a_text_beyond_the_limit_is_refused() {
    let sink = &mut |_: &[i16]| ControlFlow::Continue(());
    let error = Flite::new().synthesize(&"word ".repeat(2000), "slt", sink).unwrap_err();
    assert!(error.to_string().contains("cut it into clauses"), "{error}");
}

#[test]
fn a_panic_in_the_sink_passes_through_and_the_voice_still_works() {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _ = Flite::new().synthesize("hello", "kal16", &mut |_| panic!("sink"));
    }));
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"sink"));
    assert!(!spoken("hello", "kal16").is_empty());
}

#[test]
fn accented_names_are_spoken_by_their_letters() {
    assert_eq!(spoken("José Müller", "kal16"), spoken("Jose Mueller", "kal16"));
}

#[test]
fn words_have_phones_of_the_recognizers_set() {
    assert_eq!(pronounce("hello").as_deref(), Some("HH AH L OW"));
    assert_eq!(pronounce("Laila").as_deref(), Some("L EY L AH"));
    assert_eq!(pronounce("o'clock"), pronounce("oclock"));
    for bad in ["", "'", "9", "a b", "naïve"] {
        assert_eq!(pronounce(bad), None, "{bad:?}");
    }
}

/// The 39 phones of the acoustic model.
const PHONES: &[&str] = &[
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH",
    "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH",
    "UW", "V", "W", "Y", "Z", "ZH",
];

proptest! {
    #[test]
    fn any_word_is_pronounced_in_known_phones(word in "[a-z]{1,20}") {
        let phones = pronounce(&word).unwrap_or_default();
        for phone in phones.split_whitespace() {
            prop_assert!(PHONES.contains(&phone), "{word}: {phone}");
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,40}", ascii in "[ -~]{0,40}") {
        spoken(&text, "slt");
        spoken(&ascii, "slt");
    }
}
