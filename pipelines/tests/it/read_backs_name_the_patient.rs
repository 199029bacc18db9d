//! Each read-back says whose visit it is; the harness checks it before every write, too.

use crate::cancelling_wants_a_plain_yes::cancelling;
use crate::dialogue_sim::{Call, Clinic};
use frontdesk_pipelines::dialogue::Input;

#[test]
fn booking_moving_and_cancelling_name_the_patient() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    assert!(text.contains("Nora Haddad, for Jane Miller. Is that correct? Shall I book"), "{text}");
    call.hears("yes");
    let text = call.hears("move it to Tuesday at ten");
    assert!(text.contains("For Jane Miller, I move the appointment"), "{text}");
    call.hears("yes");
    let text = call.hears("cancel that again please");
    assert!(text.contains("for Jane Miller. Is that correct? Shall I cancel it?"), "{text}");
}

#[test]
fn the_name_must_have_been_heard_for_a_yes_to_count() {
    let mut call = cancelling();
    call.plays = false;
    call.hears("pardon?");
    while let Some(Input::Played { utterance, heard, .. }) = call.unplayed.pop_front() {
        let cut = heard.find(", for Jane").expect("the patient is named");
        let heard = heard[..cut].to_owned();
        call.input(Input::Played { utterance, heard, complete: false });
    }
    let text = call.hears("yes");
    assert!(text.contains("Jane Miller") && text.contains("Shall I cancel it?"), "{text}");
    assert_eq!(call.clinic.booked().len(), 1);
}
