//! A date of birth or a number that was said wrong is put right by its wrong part alone.

use crate::dialogue_sim::{Call, Clinic};

#[test]
fn the_part_that_was_wrong_is_replaced_and_the_rest_stays() {
    for (wrong, right) in [
        ("17 May 1981", "eighty, not eighty-one, silly me"),
        ("17 May 1981", "sorry, nineteen eighty, not eighty-one"),
        ("17 May 1940", "oh dear, I said forty, it's eighty"),
        ("17 June 1980", "not June, May"),
        ("17 June 1980", "May, I mean May, not June"),
        ("7 May 1980", "hang on, the 17th, not the 7th"),
        ("17 May 1981", "I got it wrong, the year is 1980"),
        ("17 May 1981", "it should have been 17 May 1980"),
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears("Jane Miller here, Dr Haddad on Sunday at half past nine");
        let asked = call.hears(wrong);
        assert!(asked.contains("been here before"), "{wrong}: {asked}");
        let text = call.hears(right);
        assert!(
            text.contains("for Jane Miller") && text.contains("Shall I book"),
            "{right}: {text}"
        );
    }
}

#[test]
fn the_end_of_a_number_is_put_right_in_the_same_breath() {
    for words in [
        "it's 0100 765 0148, no sorry, the end is 0184",
        "0100 765 0148, wait, 0184",
        "0100 765 0148, sorry, eight four, not four eight",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears("I've never been with you, I want Dr Haddad on Sunday at half past nine");
        call.hears("Priya Sand");
        call.hears("3 March 1990");
        let read = call.hears(words);
        assert!(read.contains("0 1 8 4"), "{words}: {read}");
    }
}

#[test]
fn who_was_born_on_a_holiday_says_so() {
    for (words, date) in [
        ("I was born on Christmas Day 1955", "December 25, 1955"),
        ("on Valentine's Day, 1980", "February 14, 1980"),
        ("Christmas Eve nineteen seventy nine", "December 24, 1979"),
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears("I've never been with you, I want Dr Haddad on Sunday at half past nine");
        call.hears("Priya Sand");
        call.hears(words);
        let read = call.hears("0100 765 0148");
        assert!(read.contains(date), "{words}: {read}");
    }
}
