//! Somebody whose name sounds like a patient's, born on the same day, is not taken for the patient:
//! where two recognizers cannot tell, the name is spelled.

use frontdesk_models::stt::Transcript;
use frontdesk_pipelines::dialogue::hearing::{Answer, settle};
use frontdesk_pipelines::dialogue::{Expectation, Input};
use frontdesk_types::{Channel, Phi};

use crate::dialogue_sim::{Call, Clinic};
use crate::hearing::{HearingRig, now};

const PATIENT: &str = "Mary Johnson";

/// A spoken call as far as the question for the name, at a clinic whose patient was born on the day
/// that was said.
fn unnamed() -> Call {
    let mut clinic = Clinic::new();
    clinic.facts.channel = Channel::Web;
    PATIENT.clone_into(&mut clinic.patients[0].name);
    let mut call = Call::new(clinic);
    call.hears("i need a cardiologist on sunday");
    assert!(call.hears("seventeenth of may nineteen eighty").contains("full name"));
    call
}

/// The same once a name was heard that is not believed.
fn doubted(name: &str) -> Call {
    let mut call = unnamed();
    call.input(Input::DoubtName);
    let asked = call.hears(name);
    assert!(asked.contains("spell the first name"), "{asked}");
    call
}

#[test]
fn who_spells_another_name_is_not_the_patient() {
    for (first, last) in [("m a r i e", "j o h n s o n"), ("m a r y", "j e n s e n")] {
        let mut call = doubted("mary johnson");
        assert!(call.hears(first).contains("spell the last name"));
        call.hears(last);
        assert_eq!(call.clinic.patient(), "", "{first} {last}");
    }
}

#[test]
fn the_patient_who_spells_the_name_is_known() {
    let mut call = doubted("mary johnson");
    call.hears("m a r y");
    call.hears("j o h n s o n");
    assert_eq!(call.clinic.patient(), PATIENT);
}

#[test]
fn who_does_not_spell_is_asked_for_the_telephone_number() {
    let mut call = doubted("mary johnson");
    call.hears("could you please rephrase that");
    let asked = call.hears("mary");
    assert!(asked.contains("phone number"), "{asked}");
    assert_eq!(call.clinic.patient(), "");
}

#[test]
fn a_name_that_is_believed_is_not_spelled() {
    let mut call = unnamed();
    call.hears("mary johnson");
    assert_eq!(call.clinic.patient(), PATIENT);
}

#[test]
fn somebody_whose_name_differs_in_one_vowel_is_not_taken_for_the_patient() {
    let rig = HearingRig::new();
    let among = || rig.callers.among(vec![Phi::new(PATIENT.to_owned())]);
    for (first, last) in [("marie", "johnson"), ("mary", "jensen")] {
        let said = format!("{first} {last}");
        let heard = rig.hears(&said, &among(), Expectation::FullName);
        // The free recognizer makes the same of it: it writes the commoner name.
        let free = Answer::Heard(Transcript { text: "mary johnson".to_owned(), confidence: 0.9 });
        let templates = Transcript { text: heard.clone(), confidence: 0.9 };
        let settled = settle(&among(), Expectation::FullName, &templates, &free, now());
        let mut call = unnamed();
        if settled.why.doubts_name(Expectation::FullName) {
            call.input(Input::DoubtName);
        }
        call.hears(&settled.words.text);
        let letters = |part: &str| part.split("").collect::<Vec<_>>().join(" ");
        for (part, asked) in
            [(first, Expectation::SpellingFirst), (last, Expectation::SpellingLast)]
        {
            assert_eq!(call.clinic.patient(), "", "{said} was heard as {heard}");
            call.hears(&rig.hears(&letters(part), &among(), asked));
        }
        assert_eq!(call.clinic.patient(), "", "{said} was heard as {heard} and spelled");
    }
}
