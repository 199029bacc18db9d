use proptest::prelude::*;

use super::{Clause, spoken};
use crate::language::tests::english;

fn clauses(text: &str) -> Vec<Clause> {
    super::clauses(text, &english())
}

#[track_caller]
fn says(display: &str, expected: &str) {
    assert_eq!(spoken(display, &english()), expected, "{display:?}");
}

fn displays(text: &str) -> Vec<String> {
    clauses(text).into_iter().map(|clause| clause.display).collect()
}

#[test]
fn times_are_said_with_the_part_of_the_day() {
    says("9:30 AM", "nine thirty in the morning");
    says("at 9:00 AM with", "at nine in the morning with");
    says("9:05am", "nine oh five in the morning");
    says("4 p.m.", "four in the afternoon.");
    says("Come at 9 a.m. sharp.", "Come at nine in the morning sharp.");
    says("14:00", "two in the afternoon");
    says("17:45", "five forty-five in the evening");
    says("09:00", "nine in the morning");
    says("12:00 PM", "noon");
    says("12:30 PM", "twelve thirty in the afternoon");
    says("12:00 AM", "midnight");
    says("at 9:30", "at nine thirty");
    says("at 9:00.", "at nine o'clock.");
    says("9:00 in the morning", "nine in the morning");
    says("10:20 or 10:45?", "ten twenty or ten forty-five?");
}

#[test]
fn dates_are_said_with_ordinals() {
    says("Sunday, June 14", "Sunday, June fourteenth");
    says("Sunday, June 14, at 9:00 AM", "Sunday, June fourteenth, at nine in the morning");
    says("March 12, 1984", "March twelfth, nineteen eighty-four");
    says("born March 12, 1984, in", "born March twelfth, nineteen eighty-four, in");
    says("14 June 2026", "June fourteenth, twenty twenty-six");
    says("July 2, 2015.", "July second, twenty fifteen.");
    says("2005-09-30", "September thirtieth, two thousand five");
    says("Tue, Sept. 1st", "Tuesday, September first");
    says("June 2026", "June twenty twenty-six");
    says("the 21st", "the twenty-first");
    says("May I ask", "May I ask");
    says("Thursday, Friday", "Thursday, Friday");
}

#[test]
fn the_clinics_date_and_time_formats_are_understood() {
    let date = jiff::civil::date(2026, 6, 14);
    let time = jiff::civil::time(13, 25, 0, 0);
    says(&english().date(date), "Sunday, June fourteenth");
    says(&english().time(time), "one twenty-five in the afternoon");
}

#[test]
fn money_is_said_in_its_currency() {
    says("The fee is EGP 600.", "The fee is six hundred Egyptian pounds.");
    says("600 EGP", "six hundred Egyptian pounds");
    says("$1", "one dollar");
    says("$1,250.50,", "one thousand two hundred fifty dollars and fifty cents,");
    says("£0.99", "ninety-nine pence");
    says("120 USD.", "one hundred twenty dollars.");
}

#[test]
fn phone_numbers_are_read_digit_by_digit_in_groups() {
    says("+201001234567.", "plus two zero one, zero zero one, two three four, five six seven.");
    says("+1 212 555 0142", "plus one, two one two, five five five, zero one four two");
    says("(212) 555-0142", "two one two, five five five, zero one four two");
    says("212-555-0142", "two one two, five five five, zero one four two");
    says("02025550100", "zero two zero, two five five, five zero one, zero zero");
}

#[test]
fn emergency_numbers_and_codes_are_read_digit_by_digit() {
    says("call 123 now", "call one two three now");
    says("hang up and call 911.", "hang up and call nine one one.");
    says("extension 42", "extension four two");
    says("007", "zero zero seven");
    says("123 patients", "one hundred twenty-three patients");
}

#[test]
fn references_are_spelled_with_pauses() {
    says("Your reference is K7M2P.", "Your reference is kay, seven, em, two, pee.");
    says("K7M-4QP", "kay, seven, em, four, cue, pee");
    says("reference KMPRT", "reference kay, em, pee, ar, tee");
    says("D-1001", "dee, one, zero, zero, one");
}

#[test]
fn titles_short_forms_and_names_are_said_in_full() {
    says("Dr. Samira Hassan", "Doctor Sameera Hassan");
    says("Dr Hassan's", "Doctor Hassan's");
    says("Mr. and Mrs. Green", "Mister and Missus Green");
    says("e.g. Bupa", "for example Boopa");
    says("12 Garden St. is", "twelve Garden Street is");
    says("at St. Mary's", "at Saint Mary's");
    says("St. George Hospital", "Saint George Hospital");
    says("type II or stage IV", "type two or stage four");
    says("an IV", "an eye vee");
    says("No. 5", "number five");
    says("No. I do not.", "No. I do not.");
    says("an MRI or ECG", "an em ar eye or ee see gee");
    says("PLEASE wait", "please wait");
    says("I am OK", "I am ok");
}

#[test]
fn numbers_are_said_in_words() {
    says("0 or 15 or 100", "zero or fifteen or one hundred");
    says("1,250", "one thousand two hundred fifty");
    says("37.5", "thirty-seven point five");
    says("10%", "ten percent");
    says("20 mg", "twenty milligrams");
    says("20mg", "twenty milligrams");
    says("10-20 mg", "ten to twenty milligrams");
    says("5–10 min", "five to ten minutes");
    says("10-20mg", "ten to twenty milligrams");
    says("1 km", "one kilometer");
    says("-5", "minus five");
    says("9-12", "nine to twelve");
    says("09:00-17:00", "nine in the morning to five in the evening");
    says("#4", "number four");
    says("24/7", "twenty-four seven");
    says("COVID-19", "covid nineteen");
    says("½", "one half");
    says("٣", "three");
    says("Ⅷ and 𐏑", "and");
    says(
        "1000000000000000000000",
        &["one"].iter().chain(&["zero"; 21]).copied().collect::<Vec<_>>().join(" "),
    );
}

#[test]
fn punctuation_that_a_voice_needs_is_kept_and_the_rest_dropped() {
    says("“Well”, he said (quietly).", "Well, he said quietly.");
    says("Really?!", "Really?");
    says("one — two", "one two");
    says("this/that & more…", "this that and more.");
    says("desk@clinic.example", "desk at clinic dot example");
    says("…", "");
    says("", "");
}

#[test]
fn clauses_end_with_sentences_but_not_with_short_forms() {
    assert_eq!(
        displays("Dr. Hassan is free at 9:30. Is that okay? Bring e.g. your card."),
        ["Dr. Hassan is free at 9:30.", "Is that okay?", "Bring e.g. your card."]
    );
    assert_eq!(displays("It is at 9 a.m. Please come."), ["It is at 9 a.m.", "Please come."]);
    assert_eq!(displays("It is at 9 a.m. with Dr. Hassan."), ["It is at 9 a.m. with Dr. Hassan."]);
    assert_eq!(displays("Is it 3.5 or e.g. 4?"), ["Is it 3.5 or e.g. 4?"]);
}

#[test]
fn the_first_clause_is_short_so_that_the_voice_begins_early() {
    let greeting = "Nile Heart Clinic, this is the automatic assistant, and I can book, move or \
                    cancel an appointment for you.";
    assert_eq!(
        displays(greeting),
        [
            "Nile Heart Clinic,",
            "this is the automatic assistant, and I can book,",
            "move or cancel an appointment for you."
        ]
    );
}

#[test]
fn a_date_a_number_and_a_name_are_never_cut() {
    let text = "We have a free place for you on Sunday, June 14, 2026, at 9:30 AM with Dr. Samira \
                Hassan; you can reach us at +1 212 555 0142, and the fee is EGP 1,250.50 for you.";
    let clauses = displays(text);
    for whole in ["Sunday, June 14, 2026,", "Dr. Samira", "+1 212 555 0142,", "EGP 1,250.50"] {
        assert!(clauses.iter().any(|clause| clause.contains(whole)), "{whole}: {clauses:?}");
    }
}

#[test]
fn text_without_punctuation_is_cut_between_words() {
    let clauses = clauses(&"word ".repeat(200));
    assert!(clauses.len() > 5);
    assert!(clauses.iter().all(|clause| clause.spoken.len() <= super::MAX));
}

/// Pieces of replies: words, figures, expressions, punctuation.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,9}[,.;:?!]{0,1}",
        1 => "[A-Z][a-z]{0,8}",
        1 => "[0-9]{1,12}[.,:%]{0,1}[0-9]{0,3}",
        1 => "\\+?[0-9]{1,3}([- ][0-9]{2,4}){0,3}",
        1 => "[A-Z0-9-]{1,9}",
        1 => prop::sample::select(vec![
            "Dr.", "June 14,", "Sunday,", "9:30 AM", "e.g.", "EGP 600", "$5", "a.m.", "No.", "(", "—",
            "٣٤", "½", "1st", "2026-06-14", "…", "#", "-", "\u{200f}", "é",
        ])
        .prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ]
}

fn reply() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn no_digit_is_left_in_what_is_spoken(text in reply()) {
        let said = spoken(&text, &english());
        prop_assert!(!said.contains(char::is_numeric), "{said:?}");
    }

    #[test]
    fn clauses_joined_show_the_text_and_say_all_of_it(text in reply()) {
        let clauses = clauses(&text);
        let join = |part: fn(&Clause) -> &str| {
            let parts: Vec<_> = clauses.iter().map(part).filter(|part| !part.is_empty()).collect();
            parts.join(" ")
        };
        let shown = super::number::ascii_digits(&text);
        let shown: Vec<_> = shown.split_whitespace().collect();
        prop_assert_eq!(join(|clause| &clause.display), shown.join(" "));
        prop_assert_eq!(join(|clause| &clause.spoken), spoken(&text, &english()));
        prop_assert!(clauses.iter().all(|clause| !clause.display.is_empty()));
    }

    #[test]
    fn plain_words_are_said_as_they_are(words in prop::collection::vec("[a-z]{2,9}", 1..60)) {
        let language = english();
        let known = |word: &String| {
            language.speech().abbreviations.iter().any(|a| a.short == *word)
                || language.speech().respellings.contains_key(word)
        };
        let words: Vec<_> = words.into_iter().filter(|word| !known(word)).collect();
        let mut text = words.join(" ");
        prop_assert_eq!(spoken(&text, &english()), text.clone());
        text = words.join(", ");
        prop_assert_eq!(spoken(&text, &english()), text.clone());
        text = words.join(". ");
        let said = spoken(&text, &english()).replace('.', "");
        prop_assert_eq!(said, words.join(" "));
    }

    #[test]
    fn numbers_have_words_of_their_own(a in 0..100_000_u64, b in 0..100_000_u64) {
        let numbers = english().speech().numbers;
        prop_assert_eq!(a == b, numbers.cardinal(a) == numbers.cardinal(b));
        prop_assert_eq!(a == b, numbers.ordinal(a) == numbers.ordinal(b));
    }
}
