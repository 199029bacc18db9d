//! What only the staff can settle becomes a message: who, what in the caller's words, how to reach.

use frontdesk_types::{CallOutcome, MessageSubject};

use crate::dialogue_sim::{Call, Clinic};

const JANE: [&str; 2] = ["Jane Miller", "17 May 1980"];

#[test]
fn a_patients_message_is_read_back_and_written_down() {
    for (said, subject) in [
        ("I'd like to know whether my lab results are in", MessageSubject::Results),
        ("I've nearly run out of my tablets", MessageSubject::Refill),
        ("my boss wants a sick note", MessageSubject::SickNote),
        ("I still have no referral letter", MessageSubject::Referral),
        ("there is a mistake on my invoice", MessageSubject::Bill),
        ("I wish to complain about the waiting", MessageSubject::Complaint),
        ("could the nurse call me about my medicine", MessageSubject::Doctor),
        ("we have moved, please update my address", MessageSubject::Details),
        ("I need a copy of my medical records", MessageSubject::Records),
        ("I've been billed two times for one visit", MessageSubject::Bill),
        ("you took the money off my card twice", MessageSubject::Bill),
        ("there's a charge on my statement I don't recognise", MessageSubject::Bill),
        ("your receptionist was ever so rude to me", MessageSubject::Complaint),
        ("I'd like to lodge a formal complaint", MessageSubject::Complaint),
        ("the physio hasn't received the letter yet", MessageSubject::Referral),
        ("Dr Haddad wanted to refer me to a specialist and nobody did", MessageSubject::Referral),
        ("I'm down to my last few heart pills", MessageSubject::Refill),
        ("HR wants a certificate that I was ill", MessageSubject::SickNote),
        ("did the lab send anything back about me?", MessageSubject::Results),
        ("I've moved house, you'll need my new address", MessageSubject::Details),
        ("any word on my scan?", MessageSubject::Results),
        ("kindly tell me is my report ready", MessageSubject::Results),
        ("has the hospital sent my x-ray yet", MessageSubject::Results),
        ("I've only three days of insulin left", MessageSubject::Refill),
        ("my inhaler is nearly empty", MessageSubject::Refill),
        ("could I get a repeat of my water tablets", MessageSubject::Refill),
        ("my college wants proof that I was ill", MessageSubject::SickNote),
        ("I need a letter for the airline about my medication", MessageSubject::SickNote),
        ("could you write to the hospital about my hip", MessageSubject::Referral),
        ("my bill's wrong", MessageSubject::Bill),
        ("I never got a receipt", MessageSubject::Bill),
        ("I'm not at all happy with how I was spoken to", MessageSubject::Complaint),
        ("the lady at the desk was horrid to me", MessageSubject::Complaint),
        ("the new tablets are making me itch", MessageSubject::Doctor),
        ("could Dr Haddad give me a ring about my knee", MessageSubject::Doctor),
        ("could I have a copy of my file", MessageSubject::Records),
        ("my phone number's different now", MessageSubject::Details),
    ] {
        let mut call = Call::new(Clinic::new());
        assert!(call.hears(said).contains("full name"), "{said}: {:?}", call.said);
        call.hears(JANE[0]);
        let asked = call.hears(JANE[1]);
        assert!(asked.contains("good time"), "{said}: {asked}");
        let read = call.hears("after three");
        assert!(read.contains("Jane Miller") && read.contains("correct"), "{said}: {read}");
        assert!(call.clinic.messages.is_empty(), "not before the yes");
        assert!(call.hears("yes").contains("passed it on"));
        call.hears("no thanks");
        assert_eq!(call.clinic.messages, [(subject, said.to_owned())]);
        assert_eq!((call.clinic.empty_callbacks, call.outcome), (0, Some(CallOutcome::Message)));
    }
}

#[test]
fn who_is_late_needs_no_call() {
    let mut call = Call::new(Clinic::new());
    call.hears("we are stuck in traffic and will be twenty minutes late for our appointment");
    call.hears(JANE[0]);
    let read = call.hears(JANE[1]);
    assert!(read.contains("twenty minutes late") && !read.contains("call you"), "{read}");
    call.hears("yes");
    assert_eq!(call.clinic.messages[0].0, MessageSubject::Late);
}

#[test]
fn lateness_is_told_in_other_words() {
    for words in [
        "the traffic's murder, I won't be there till quarter to two",
        "I'm running twenty minutes behind for my visit",
        "I'm sitting in a huge jam and my visit is at ten",
        "my train's stuck outside the city, I'm due at ten",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("coming late"), "{words}: {text}");
    }
}

#[test]
fn a_pharmacy_is_told_by_its_name_or_its_trouble() {
    for words in [
        "this is the chemist's on Nile Street, we have a question about a prescription",
        "hello, Garden Pharmacy, one of Dr Haddad's prescriptions is unclear",
        "Layla from the pharmacy, I can't read the dose on this script",
        "the chemist here, two of your prescriptions do not go together",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("good time") && !text.contains("full name"), "{words}: {text}");
    }
}

#[test]
fn who_is_no_patient_leaves_a_number() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("I'm calling from the pharmacy about one of your prescriptions");
    assert!(text.contains("good time") && !text.contains("full name"), "{text}");
    assert!(call.hears("any time").contains("phone number"));
    assert!(call.hears("0100 123 4567").contains("0 1 0 0"));
    let read = call.hears("yes");
    assert!(read.contains("prescriptions") && read.contains("pass it on"), "{read}");
    call.hears("yes");
    assert_eq!(call.clinic.messages[0].0, MessageSubject::Pharmacy);
    assert_eq!(call.clinic.empty_callbacks, 0);
}

#[test]
fn without_a_matter_it_is_asked_what_it_is_about_and_a_no_drops_or_rewords_it() {
    let mut call = Call::new(Clinic::new());
    call.hears("please ring me back");
    call.hears(JANE[0]);
    assert!(call.hears(JANE[1]).contains("What is it about"));
    call.hears("my last visit");
    call.hears("tomorrow morning");
    assert!(call.hears("no").contains("What should the message say"));
    let read = call.hears("the visit on Monday was too short");
    assert!(read.contains("too short"), "{read}");
    call.hears("yes");
    assert_eq!(call.clinic.messages[0].1, "the visit on Monday was too short");

    let mut call = Call::new(Clinic::new());
    call.hears("please ring me back");
    call.hears(JANE[0]);
    call.hears(JANE[1]);
    assert!(call.hears("never mind").contains("won't pass it on"));
    assert!(call.clinic.messages.is_empty());
}

#[test]
fn a_visit_about_such_a_matter_is_still_a_visit() {
    let mut call = Call::new(Clinic::new());
    call.hears("I need an appointment to discuss my test results");
    call.hears(JANE[0]);
    call.hears(JANE[1]);
    assert!(call.clinic.messages.is_empty());
    assert!(call.said.iter().all(|text| !text.contains("message about")), "{:?}", call.said);
}
