//! A supervisor takes over a call that a language model holds: what it was doing is cancelled, a yes
//! is none, and it knows afterwards what was said.

use frontdesk_pipelines::dialogue::Input;
use frontdesk_types::CallOutcome;

use crate::model_sim::{Call, receptionist};

#[test]
fn a_yes_to_a_supervisor_is_none_to_a_model_which_knows_what_was_said() {
    let mut call = Call::new(receptionist(None));
    call.hears("Jane Miller, 17 May 1980, Dr Haddad on Sunday");
    assert!(call.hears("nine please").contains("Shall I book the appointment?"));
    call.input(Input::TakenOver);
    let (said, asked) = (call.said.len(), call.asked.len());
    call.hears("yes");
    call.input(Input::Staff { text: "We are closed on Sunday.".to_owned() });
    call.hears("yes, book it");
    assert_eq!((call.said.len(), call.asked.len()), (said, asked), "{:?}", call.said);
    call.input(Input::HandedBack);
    let again = call.said.last().expect("it says something");
    assert!(again.contains("automatic assistant again"), "{again}");
    assert!(call.clinic.booked().is_empty());
    call.hears("and now?");
    let told = call.asked.last().expect("it is asked").told();
    for part in ["not_confirmed", "user: yes, book it", "We are closed on Sunday."] {
        assert!(told.contains(part), "the model knows of {part}: {told}");
    }
    call.hears("nine please");
    call.hears("yes");
    assert_eq!(call.clinic.booked().len(), 1, "after another read-back");
}

#[test]
fn an_answer_on_its_way_is_cancelled_and_the_question_asked_again() {
    let mut call = Call::new(receptionist(None));
    call.flows = false;
    call.hears("I need an appointment");
    for _ in 0..10 {
        call.next_event();
    }
    call.input(Input::TakenOver);
    assert_eq!(call.cancelled.len(), 1);
    let pieces = call.pieces.len();
    call.coming.clear();
    call.hears("Jane Miller, 17 May 1980");
    assert_eq!(call.pieces.len(), pieces, "{:?}", call.pieces);
    call.flows = true;
    call.input(Input::HandedBack);
    let again = call.said.last().expect("it says something");
    assert!(again.contains("automatic assistant again"), "{again}");
    call.hears("bye");
    assert_eq!(call.outcome, Some(CallOutcome::Abandoned));
}
