//! New patients are registered after a read-back. Who speaks spells their name first: what a
//! recognizer took it for is not what is written down.

use frontdesk_types::Channel;

use crate::dialogue_sim::{Call, Clinic};

/// The name that is read back to somebody new who is heard to say and to spell it so.
pub(crate) fn registered(said: &str, first: &str, last: &str) -> String {
    let mut call = new_patient(said);
    call.hears(first);
    call.hears(last);
    read_back(call)
}

/// Somebody new who speaks, as far as the question for the name.
fn unnamed() -> Call {
    let mut clinic = Clinic::new();
    clinic.facts.channel = Channel::Web;
    let mut call = Call::new(clinic);
    call.hears("i'm new here and need a cardiologist on sunday");
    assert!(call.hears("ninth of october two thousand and one").contains("full name"));
    call
}

/// The same, as far as the first question for letters.
fn new_patient(said: &str) -> Call {
    let mut call = unnamed();
    let asked = call.hears(said);
    assert!(asked.contains("spell the first name"), "{asked}");
    call
}

const PHONE: &str = "zero one zero zero one two three four five six seven";

/// The name that is read back once the telephone number was told.
fn read_back(mut call: Call) -> String {
    let text = call.hears(PHONE);
    text.split(',').next().unwrap_or_default().to_owned()
}

#[test]
fn a_name_is_written_as_it_is_spelled() {
    let mut call = new_patient("sharon mansour");
    assert!(call.hears("s u e r a").contains("spell the last name"));
    assert!(call.hears("it's m a n s o u r").contains("phone number"));
    assert_eq!(read_back(call), "Sara Mansour");
}

#[test]
fn who_types_the_name_in_a_spoken_call_is_not_asked_to_spell_it() {
    assert!(unnamed().types("Sara Mansour").contains("phone number"));
}

#[test]
fn a_middle_name_stays() {
    let name = registered("anna sofia berg", "a double n a", "b e r g");
    assert_eq!(name, "Anna Sofia Berg");
}

#[test]
fn who_does_not_spell_is_taken_at_their_word() {
    let mut call = new_patient("sara mansour");
    assert!(call.hears("could you please rephrase that").contains("spell the first name"));
    assert!(call.hears("sara").contains("phone number"));
    assert_eq!(read_back(call), "Sara Mansour");
}

#[test]
fn what_else_is_said_instead_of_letters_is_not_lost() {
    let mut call = new_patient("sarah mansour");
    let corrected = call.hears("no my name is sara mansour");
    assert!(corrected.contains("spell the first name"), "{corrected}");
    call.hears("s a r a");
    call.hears("m a n s o u r");
    assert_eq!(read_back(call), "Sara Mansour");
    let text = new_patient("sarah mansour").hears("can i speak to a person");
    assert!(text.contains("What is your phone number"), "{text}");
}

#[test]
fn a_no_to_the_read_back_has_the_name_spelled_again() {
    let mut call = new_patient("sharon mansour");
    call.hears("sharon");
    call.hears("i cannot spell");
    let text = call.hears(PHONE);
    assert!(text.starts_with("Sharon Mansour"), "{text}");
    assert!(call.hears("no").contains("date of birth"));
    call.hears("ninth of october two thousand and one");
    assert!(call.hears("sara mansour").contains("spell the first name"));
}

#[test]
fn a_new_patient_is_registered_after_a_read_back() {
    let mut call = Call::new(Clinic::new());
    call.hears("I'm new here and need a cardiologist on Sunday");
    call.hears("Greta Olsen-Berg");
    assert!(call.hears("2 February 1991").contains("phone number"));
    let read_back = call.hears("oh one oh oh, one two three, four five six seven");
    assert_eq!(
        read_back,
        "Greta Olsen-Berg, born on February 2, 1991. We can call you at 0 1 0 0 1 2 3 4 5 6 7. Is that correct?"
    );
    assert_eq!(call.writes(), 0);
    assert!(call.hears("no, I was born on February 3rd 1991").contains("February 3, 1991"));
    assert!(call.hears("yes that's correct").contains("Which one"));
    assert_eq!(call.clinic.registered(), ["Greta Olsen-Berg 1991-02-03 01001234567"]);
    call.hears("the first");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), ["Greta Olsen-Berg: Nora Haddad 2026-06-14 09:00"]);
}

#[test]
fn a_stranger_may_turn_out_to_be_new() {
    let mut call = Call::new(Clinic::new());
    call.hears("a cardiologist on Sunday please");
    call.hears("Ida Strand");
    assert!(call.hears("1 March 1970").contains("Have you been here before?"));
    assert!(call.hears("I am a new patient").contains("phone number"));
    assert!(call.hears("0100 111 2233").contains("Ida Strand, born on March 1, 1970"));
}

/// The read-back of somebody new who types.
fn read_back_of(name: &str) -> Call {
    let mut call = Call::new(Clinic::new());
    call.hears("I'm new here and need a cardiologist on Sunday");
    call.hears(name);
    call.hears("2 February 1991");
    let text = call.hears("0100 123 4567");
    assert!(text.contains(&format!("{name}, born on February 2, 1991")), "{text}");
    call
}

#[test]
fn what_is_put_right_at_the_read_back_leaves_the_rest_as_it_is() {
    for (words, expected) in [
        (
            "the number ends in 133",
            "Shane Olsen, born on February 2, 1991. We can call you at 0 1 0 0 1 2 3 4 1 3 3.",
        ),
        ("no, the last digit is a 9", "2, 1991. We can call you at 0 1 0 0 1 2 3 4 5 6 9."),
        ("it's 468 at the end, not 567", "2, 1991. We can call you at 0 1 0 0 1 2 3 4 4 6 8."),
        (
            "no, it's Shayne, S H A Y N E",
            "Shayne Olsen, born on February 2, 1991. We can call you at 0 1 0 0 1 2 3 4 5 6 7.",
        ),
        ("no, the last name is Olson", "Shane Olson, born on February 2, 1991."),
        ("no, it's Olson, O L S O N", "Shane Olson, born on February 2, 1991."),
        ("no, 1992", "Shane Olsen, born on February 2, 1992."),
        ("I was born on the 3rd", "Shane Olsen, born on February 3, 1991."),
        ("no, it was the 12th of March", "Shane Olsen, born on March 12, 1991."),
        ("it's Shayne Olson, born 4 May 1992", "Shayne Olson, born on May 4, 1992."),
        ("no, my name is Shayne and I was born in 1990", "Shayne Olsen, born on February 2, 1990."),
    ] {
        let mut call = read_back_of("Shane Olsen");
        let text = call.hears(words);
        assert!(text.contains(expected), "{words}: {text}");
        assert!(text.contains("Is that correct?"), "{words}: {text}");
        assert_eq!(call.writes(), 0, "{words}");
        assert!(call.hears("yes").contains("Which one"), "{words}");
    }
}

#[test]
fn a_spelled_name_is_its_letters_even_if_it_reads_the_same_backwards() {
    let mut call = read_back_of("Ida Strand");
    let text = call.hears("no, it's Ada, A D A");
    assert!(text.contains("Ada Strand, born"), "{text}");
}

#[test]
fn a_name_and_a_birthday_that_are_put_right_in_the_same_breath_count() {
    for words in [
        "this is Jane Tiller, I mean Miller, born 17 May 1980, Dr Haddad on Sunday",
        "it's Jane Miller, born 17 June, no sorry, 17 May 1980, and I want Dr Haddad on Sunday",
    ] {
        let text = Call::new(Clinic::new()).hears(words);
        assert!(text.contains("Which one"), "{words}: {text}");
    }
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, May 17, 1908. Dr Haddad on Sunday please");
    let text = call.hears("no, it's 1980, not 08. May 17, 1980.");
    assert!(text.contains("Which one"), "{text}");
}
