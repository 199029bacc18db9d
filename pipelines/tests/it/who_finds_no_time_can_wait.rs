//! The waiting list: offered where no time suits, joined once, asked about, left, and what is kept.

use frontdesk_types::CallOutcome;

use crate::dialogue_sim::{Call, Clinic};

fn jane(clinic: Clinic) -> Call {
    let mut call = Call::new(clinic);
    call.hears("this is Jane Miller, born 17 May 1980");
    call
}

fn full() -> Call {
    let mut clinic = Clinic::new();
    clinic.full("Haddad");
    jane(clinic)
}

#[test]
fn where_nothing_is_free_it_is_offered_and_a_yes_to_it_is_read_back() {
    let mut call = full();
    let text = call.hears("I'd like to see Dr Haddad on a Tuesday morning");
    assert!(text.contains("shall I put you on the waiting list"), "{text}");
    let text = call.hears("yes please");
    assert!(text.contains("for a visit with Dr. Nora Haddad"), "{text}");
    assert!(text.contains("Jane Miller") && text.contains("Shall I put you on it?"), "{text}");
    let text = call.hears("yes");
    assert!(text.contains("You are on the waiting list"), "{text}");
    call.hears("no thanks");
    assert_eq!(call.outcome, Some(CallOutcome::Waitlisted));
    let (_, known, wish) = &call.clinic.waitlist.0[0];
    let haddad = call.clinic.facts.clinic.doctors[0].id;
    assert_eq!((known.doctor, wish.doctor), (Some(haddad), Some(haddad)));
    let frame = wish.when.frame();
    assert_eq!(frame.clock.until, Some(jiff::civil::time(12, 0, 0, 0)));
    let tuesday = frame.days.weekdays.named().collect::<Vec<_>>();
    assert_eq!(tuesday, [jiff::civil::Weekday::Tuesday]);
}

#[test]
fn who_refuses_the_nearest_times_is_offered_it() {
    let mut call = jane(Clinic::new());
    let text = call.hears("Dr Haddad on Sunday afternoon");
    assert!(text.contains("nothing free") && !text.contains("waiting list"), "{text}");
    let text = call.hears("no, none of those");
    assert!(text.contains("shall I put you on the waiting list"), "{text}");
    let text = call.hears("put me on the waiting list then");
    assert!(text.contains("Sunday, June 14 in the afternoon"), "{text}");
    assert!(text.contains("Shall I put you on it?"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.waitlist.len(), 1);
}

#[test]
fn it_can_be_asked_for_at_once_and_at_a_read_back_and_lacks_only_the_doctor() {
    for words in [
        "put me on the waiting list please",
        "could you let me know if something opens up",
        "do you have a waiting list?",
        "if somebody cancels next week, could you give me a ring?",
    ] {
        let mut call = jane(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("Which doctor"), "{words}: {text}");
        let text = call.hears("a cardiologist");
        assert!(text.contains("in cardiology") && text.contains("Shall I put"), "{words}: {text}");
        call.hears("yes");
        assert_eq!(call.clinic.waitlist.len(), 1, "{words}");
    }
    let mut call = jane(Clinic::new());
    call.hears("Dr Haddad on Sunday at nine");
    let text = call.hears("great, put me on the waiting list then");
    assert!(text.contains("The waiting list for a visit with Dr. Nora Haddad"), "{text}");
    call.hears("yes");
    assert!(call.clinic.booked().is_empty());
    assert_eq!(call.clinic.waitlist.len(), 1);
}

#[test]
fn it_is_asked_for_in_many_words() {
    for words in [
        "give me a bell if Dr Haddad gets a gap, would you",
        "can I go on standby for Dr Haddad?",
        "should anything come up with Dr Haddad, do let me know",
        "I'd happily take any cancellation with Dr Haddad",
        "keep me in mind for cancellations with Dr Haddad",
        "in the event of a cancellation with Dr Haddad, phone me",
        "I can come at short notice if somebody cancels with Dr Haddad",
        "text me as soon as something frees up with Dr Haddad",
        "let me know when someone pulls out, Dr Haddad that is",
    ] {
        let mut call = jane(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("waiting list") && text.contains("Shall I put"), "{words}: {text}");
        assert!(call.clinic.waitlist.is_empty(), "{words}: nothing is written without a yes");
    }
}

#[test]
fn a_no_to_it_and_words_beside_a_yes_write_nothing() {
    for words in ["no", "okay, I'd like to ask my mother first", "never mind"] {
        let mut call = full();
        call.hears("put me on the waiting list for Dr Haddad");
        call.hears(words);
        assert!(call.clinic.waitlist.is_empty(), "{words}");
    }
}

#[test]
fn nobody_joins_twice() {
    let mut call = full();
    call.hears("put me on the waiting list for Dr Haddad");
    call.hears("yes");
    call.hears("put me on the waiting list for Dr Haddad, only mornings");
    let text = call.hears("yes");
    assert!(text.contains("already"), "{text}");
    assert_eq!(call.clinic.waitlist.len(), 1);
}

#[test]
fn whether_one_waits_is_told_and_a_place_is_given_up_on_a_plain_yes() {
    let mut call = full();
    let text = call.hears("am I on the waiting list?");
    assert!(text.contains("not on the waiting list"), "{text}");
    call.hears("put me on the waiting list for Dr Haddad");
    call.hears("yes");
    let text = call.hears("am I on your waiting list now?");
    assert!(text.contains("on the waiting list for a visit with Dr. Nora Haddad"), "{text}");
    let text = call.hears("take me off the waiting list please");
    assert!(text.contains("Shall I give it up?"), "{text}");
    let text = call.hears("okay");
    assert!(text.contains("yes or no"), "{text}");
    let text = call.hears("yes");
    assert!(text.contains("no longer"), "{text}");
    assert!(call.clinic.waitlist.is_empty());
}

#[test]
fn a_time_that_became_free_is_told_and_booked() {
    let mut call = full();
    call.hears("put me on the waiting list for Dr Haddad");
    call.hears("yes");
    call.clinic.keep_for_first("Haddad", "2026-06-14T09:00");
    let text = call.hears("is there any news on the waiting list?");
    assert!(text.contains("has become free") && text.contains("Sunday, June 14"), "{text}");
    assert!(text.contains("Shall I book the appointment?"), "{text}");
    let text = call.hears("yes, book it");
    assert!(text.contains("It is booked"), "{text}");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"]);
    assert!(call.clinic.waitlist.is_empty());
}
