//! Language models from templates: right counts, right probabilities, taken by the recognizer.

use std::collections::BTreeSet;
use std::sync::Arc;

use frontdesk_models::stt::lm::{Background, LmError, LmSource, NgramModel};
use frontdesk_models::stt::pocketsphinx::{Options, PocketSphinx};
use proptest::prelude::*;

fn sum_after(model: &NgramModel, history: &[&str]) -> f64 {
    let words: Vec<&str> = model.vocabulary().chain(["</s>"]).collect();
    words.iter().map(|word| model.probability(history, word)).sum()
}

#[test]
fn what_is_said_more_often_is_more_likely() {
    let model =
        LmSource::new().weighted_sentence("yes please", 8.0).sentence("no thanks").build().unwrap();
    let yes = model.probability(&["<s>"], "yes");
    let no = model.probability(&["<s>"], "no");
    assert!(yes > 4.0 * no, "{yes} {no}");
    assert!(model.probability(&["<s>", "yes"], "please") > 0.8);
    // Never seen, yet possible.
    let unseen = model.probability(&["<s>", "yes"], "thanks");
    assert!(unseen > 0.0 && unseen < 0.05, "{unseen}");
    assert_eq!(model.probability(&[], "weather"), 0.0);
}

#[test]
fn slots_nest_and_weigh() {
    let model = LmSource::new()
        .sentence("on {date}")
        .slot("date", ["{day} {month}"])
        .weighted_slot("day", [("first", 3.0), ("second", 1.0)])
        .slot("month", ["may", "june"])
        .build()
        .unwrap();
    let first = model.probability(&["<s>", "on"], "first");
    let second = model.probability(&["<s>", "on"], "second");
    assert!((first / second - 3.0).abs() < 1.0, "{first} {second}");
    let after: BTreeSet<_> = model.vocabulary().collect();
    assert_eq!(after, BTreeSet::from(["on", "first", "second", "may", "june"]));
}

#[test]
fn a_mixed_source_gets_its_share() {
    let anytime = LmSource::new().sentence("help");
    let model = LmSource::new().sentence("yes").mix(anytime, 0.25).build().unwrap();
    let help = model.probability(&["<s>"], "help");
    assert!((0.2..0.3).contains(&help), "{help}");
}

#[test]
fn two_long_lists_side_by_side_stay_small_and_possible() {
    let name = |at: usize| -> String {
        let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
        ['n', letter(at), letter(at / 26), letter(at / 676)].iter().collect()
    };
    let model = LmSource::new()
        .sentence("my name is {first} {last}")
        .slot("first", (0..2000).map(name))
        .slot("last", (0..2000).map(|at| format!("{}son", name(at))))
        .build()
        .unwrap();
    let [_, pairs, triples] = model.sizes();
    assert!(pairs < 10_000 && triples < 10_000, "{:?}", model.sizes());
    let (first, last) = (name(7), format!("{}son", name(1234)));
    let pair = model.probability(&["is", &first], &last);
    assert!(pair > 1e-5, "{pair}");
    assert!((sum_after(&model, &["is", &first]) - 1.0).abs() < 1e-6);
}

#[test]
fn what_cannot_be_a_model_is_refused_with_the_reason() {
    let reason = |source: LmSource| source.build().err();
    assert_eq!(reason(LmSource::new()), Some(LmError::NoSentences));
    let empty = LmSource::new().sentence("see {doctor}");
    assert_eq!(reason(empty), Some(LmError::EmptySlot("doctor".to_owned())));
    let circle = LmSource::new().sentence("{a}").slot("a", ["{b}"]).slot("b", ["x {a}"]);
    assert_eq!(reason(circle), Some(LmError::RecursiveSlot("a".to_owned())));
    let weight = LmSource::new().weighted_sentence("yes", -1.0);
    assert_eq!(reason(weight), Some(LmError::BadWeight("yes".to_owned())));
    let share = LmSource::new().sentence("yes").mix(LmSource::new().sentence("no"), 1.5);
    assert!(matches!(reason(share), Some(LmError::BadWeight(_))));
    let mut bomb = LmSource::new().sentence("{s0}");
    for level in 0..30 {
        let inner = format!("{{s{}}}", level + 1);
        bomb = bomb.slot(&format!("s{level}"), [format!("{inner} {inner} {inner}")]);
    }
    assert!(matches!(reason(bomb.slot("s30", ["x"])), Some(LmError::TooLarge(_))));
}

/// Templates over a few words, with choices, options and slots.
fn template() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec!["yes", "no", "book", "a", "visit", "doctor", "{slot}"]);
    let leaf = word.prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.join(" ")),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join("|"))),
            inner.prop_map(|part| format!("[{part}]")),
        ]
    })
}

fn source() -> impl Strategy<Value = LmSource> {
    let weighted = (template(), 0.01..100.0_f64);
    (prop::collection::vec(weighted, 1..6), prop::collection::vec("[a-c]{1,2}", 1..5)).prop_map(
        |(sentences, slot)| {
            sentences
                .into_iter()
                .fold(LmSource::new().slot("slot", slot), |source, (template, weight)| {
                    source.weighted_sentence(template, weight)
                })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn chances_after_any_history_sum_to_one(source in source(), mixed in source()) {
        let model = source.mix(mixed, 0.1).build().unwrap();
        let words: Vec<&str> = model.vocabulary().chain(["<s>"]).collect();
        prop_assert!((sum_after(&model, &[]) - 1.0).abs() < 1e-9);
        for first in &words {
            prop_assert!((sum_after(&model, &[first]) - 1.0).abs() < 1e-9, "{first}");
            for second in &words {
                let sum = sum_after(&model, &[first, second]);
                prop_assert!((sum - 1.0).abs() < 1e-9, "{first} {second}: {sum}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_model_is_taken_by_the_recognizer(source in source()) {
        PocketSphinx::open(&Options::default(), [("any", source)]).unwrap();
    }
}

#[test]
fn a_language_at_large_stands_behind_what_is_expected() {
    let english =
        Background::parse("# word, times, what follows\nput 60 it 40\nit 300 down 10\ndown 40\n");
    let expected = || LmSource::new().sentences(["yes please", "no thank you"]);
    let strict = expected().build().unwrap();
    let model = expected().background(Arc::new(english.unwrap()), 0.3).build().unwrap();
    assert_eq!(strict.probability(&["yes"], "put"), 0.0);
    assert!(model.probability(&["yes"], "put") > 0.0);
    assert!(model.probability(&["put"], "it") > 10.0 * model.probability(&["put"], "down"));
    // What a template says is as likely as before.
    for (history, word) in [(["<s>", "yes"], "please"), (["no", "thank"], "you")] {
        let (strict, now) = (strict.probability(&history, word), model.probability(&history, word));
        assert!((strict - now).abs() < 0.02, "{history:?} {word}: {strict} {now}");
    }
    for history in [vec![], vec!["put"], vec!["it"], vec!["no", "thank"]] {
        let sum = sum_after(&model, &history);
        assert!((sum - 1.0).abs() < 1e-6, "{history:?}: {sum}");
    }
}

#[test]
fn a_line_that_is_no_word_with_counts_is_named() {
    for bad in ["put", "put often", "put 0", "put 60 it", "put 60 it 4", "put 60 put x"] {
        let error = Background::parse(&format!("put 1 put 1\n{bad}\n")).unwrap_err();
        assert!(matches!(&error, LmError::NotABackground { line } if line == bad), "{error}");
    }
}
