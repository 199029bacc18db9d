//! Who speaks and is to be registered spells their name: what a recognizer took it for is not
//! what is written down.

use frontdesk_types::Channel;

use crate::dialogue_sim::{Call, Clinic};

/// The name that is read back to somebody new who is heard to say and to spell it so.
pub(crate) fn registered(said: &str, first: &str, last: &str) -> String {
    let mut call = new_patient(said);
    call.hears(first);
    call.hears(last);
    read_back(call)
}

/// Somebody new who speaks, as far as the first question for letters.
fn new_patient(said: &str) -> Call {
    let mut clinic = Clinic::new();
    clinic.facts.channel = Channel::Web;
    let mut call = Call::new(clinic);
    call.hears("i'm new here and need a cardiologist on sunday");
    call.hears("ninth of october two thousand and one");
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
    let mut call = new_patient("sharon mahmoud");
    assert!(call.hears("s u e r a").contains("spell the last name"));
    assert!(call.hears("it's m a h m o u d").contains("phone number"));
    assert_eq!(read_back(call), "Sara Mahmoud");
}

#[test]
fn a_middle_name_stays() {
    let name = registered("anna sofia berg", "a double n a", "b e r g");
    assert_eq!(name, "Anna Sofia Berg");
}

#[test]
fn who_does_not_spell_is_taken_at_their_word() {
    let mut call = new_patient("sara mahmoud");
    assert!(call.hears("could you please rephrase that").contains("spell the first name"));
    assert!(call.hears("sara").contains("phone number"));
    assert_eq!(read_back(call), "Sara Mahmoud");
}

#[test]
fn what_else_is_said_instead_of_letters_is_not_lost() {
    let mut call = new_patient("sarah mahmoud");
    let corrected = call.hears("no my name is sara mansour");
    assert!(corrected.contains("spell the first name"), "{corrected}");
    call.hears("s a r a");
    call.hears("m a n s o u r");
    assert_eq!(read_back(call), "Sara Mansour");
    let text = new_patient("sarah mahmoud").hears("can i speak to a person");
    assert!(text.contains("What is your phone number"), "{text}");
}

#[test]
fn a_no_to_the_read_back_has_the_name_spelled_again() {
    let mut call = new_patient("sharon mahmoud");
    call.hears("sharon");
    call.hears("i cannot spell");
    let text = call.hears(PHONE);
    assert!(text.starts_with("Sharon Mahmoud"), "{text}");
    assert!(call.hears("no").contains("date of birth"));
    call.hears("ninth of october two thousand and one");
    assert!(call.hears("sara mahmoud").contains("spell the first name"));
}
