//! In whatever words somebody says that a visit is for somebody else, that person is the patient, and
//! nobody is booked for in their place.

use crate::dialogue_sim::{Call, Clinic};

/// First sentences of calls for somebody else.
const OPENINGS: &[&str] = &[
    "my grandmother isn't well on her feet, she'd like to see Dr Haddad on Sunday",
    "I'm ringing for the old lady next door, my neighbour needs a cardiologist",
    "my partner can't speak English so I'm phoning, Dr Haddad on Sunday",
    "the kids have to see Dr Marin on Sunday",
    "could Dr Marin see the little one on Sunday",
    "she's turning six and needs her checkup with Dr Marin on Sunday",
    "I'm booking on behalf of somebody at my work, Dr Haddad on Sunday",
    "the appointment isn't for me, Dr Haddad on Sunday",
    "I'm her carer, she has to see Dr Haddad on Sunday",
    "it's my mum who needs it, Dr Haddad on Sunday",
    "we need one for the baby with Dr Marin on Sunday",
    "both of my twins need Dr Marin on Sunday",
    "my father in law was told to see a cardiologist, Sunday",
    "he's only four months old, can Dr Marin have a look at him on Sunday",
    "I look after Mrs Green, she needs a cardiologist on Sunday",
    "Dr Marin on Sunday please, for a girl of seven",
    "my wife's brother needs to see Dr Haddad on Sunday",
    "can you fit my grandpa in with Dr Haddad on Sunday",
    "I'd like to get my little brother seen by Dr Marin on Sunday",
    "a friend of mine asked me to book Dr Haddad for Sunday",
    "my aunt doesn't hear well so I call for her, Dr Haddad on Sunday",
    "somebody has to look at my daughter's ear, Dr Marin on Sunday",
    "my eighty-year-old father needs Dr Haddad on Sunday",
    "our youngest has a rash, Dr Marin on Sunday",
    "she keeps getting headaches, Dr Winter on Monday",
    "I want my husband to see Dr Haddad on Sunday",
    "please put my mother down for Dr Haddad on Sunday",
    "the patient is my sister, Dr Haddad on Sunday",
    "I'm the guardian of a boy, Dr Marin on Sunday",
    "I'm his mum, he needs Dr Marin on Sunday",
    "My 6-year-old has spots all over, Dr Marin on Sunday?",
    "I'm calling for Tom, he needs the pediatrician on Sunday",
    "Tom needs to see Dr Marin on Sunday",
];

#[test]
fn the_first_sentence_tells_it() {
    for words in OPENINGS {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("full name of the patient"), "{words}: {text}");
    }
}

#[test]
fn a_name_behind_for_is_the_patients() {
    for words in [
        "Dr Marin on Sunday for Tom Miller",
        "I'd like to book Tom Miller in with Dr Marin on Sunday",
        "on behalf of Tom Miller, Dr Marin on Sunday please",
        "this is Jane Miller, Tom Miller needs to see Dr Marin on Sunday",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("date of birth"), "{words}: {text}");
        assert!(call.hears("August 2nd 2016").contains("Which one"), "{words}");
        assert!(call.hears("the first one").contains("for Tom Miller"), "{words}");
    }
}

#[test]
fn the_first_name_that_was_told_is_completed() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("my daughter Ida has a rash, Dr Marin on Sunday");
    assert!(text.contains("full name of the patient"), "{text}");
    assert!(call.hears("Ida").contains("last name"));
    assert!(call.hears("Strand").contains("date of birth"));
    call.hears("1 March 2019");
    call.hears("no");
    let text = call.hears("0100 123 4567");
    assert!(text.contains("Ida Strand, born on March 1, 2019"), "{text}");
}

#[test]
fn who_is_only_spoken_of_is_no_patient() {
    for words in [
        "my wife wants me to see Dr Haddad on Sunday",
        "my late husband was with Dr Haddad, I'd like to see him on Sunday",
        "my sister recommended Dr Haddad, have you anything on Sunday",
        "a friend told me Dr Haddad is good, Sunday please",
        "my husband has to drive me, so Dr Haddad on Sunday in the morning",
        "I'd like an appointment with the children's doctor on Sunday",
        "an appointment for Monday with Dr Winter",
        "I need one for June the fourteenth with Dr Haddad",
        "my daughter says I should see Dr Haddad on Sunday",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("your full name"), "{words}: {text}");
    }
}

const JANE: &str = "this is Jane Miller, born 17 May 1980, Dr Marin on Sunday";

#[test]
fn it_may_be_told_when_the_times_are_offered() {
    for words in [
        "actually it's for my grandfather",
        "the first, but my daughter is the one who comes",
        "the first one, that's for Tom",
        "not me, my boy",
        "the second one please, Tom needs it",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears(JANE);
        let text = call.hears(words);
        assert!(text.contains("full name of the patient"), "{words}: {text}");
    }
}

#[test]
fn it_may_be_told_at_the_read_back() {
    for words in [
        "no, it's my wife who is coming",
        "yes but my mother is the patient",
        "hang on, this is for the baby",
        "it should be in my husband's name",
        "wrong person, it's for Tom",
        "not for me, for my little brother",
        "I'm calling for my uncle",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday");
        assert!(call.hears("the first one").contains("for Jane Miller"));
        let text = call.hears(words);
        assert!(text.contains("full name of the patient"), "{words}: {text}");
        assert_eq!(call.writes(), 0, "{words}");
    }
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday");
    call.hears("the first one");
    assert!(call.hears("wrong person, it's for Tom Miller").contains("date of birth"));
    assert!(call.hears("2 August 2016").contains("for Tom Miller"));
    call.hears("yes");
    assert_eq!(call.clinic.booked(), ["Tom Miller: Nora Haddad 2026-06-14 09:00"]);
}

#[test]
fn whose_visit_it_is_is_asked_where_a_relative_comes_up_late() {
    let start = |words: &str| {
        let mut call = Call::new(Clinic::new());
        call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday");
        let text = call.hears(words);
        assert!(text.contains("is the appointment for Jane Miller?"), "{text}");
        call
    };
    let words = "the second one, my wife will come";
    let mut call = start(words);
    assert!(call.hears("yes").contains("for Jane Miller. Is that correct?"));
    assert!(call.hears("yes").contains("Your reference is"));
    let mut call = start(words);
    assert!(call.hears("no").contains("full name of the patient"));
    let mut call = start(words);
    assert!(call.hears("no, for her").contains("full name of the patient"));
    let mut call = start(words);
    let text = call.hears("for my wife Ida Strand, born 1 March 1970");
    assert!(text.contains("Has the patient been here before?"), "{text}");
    assert_eq!(call.writes(), 0);
}

#[test]
fn her_appointment_is_that_of_whom_the_call_is_about() {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:00");
    clinic.given(1, "Marin", "2026-06-14T09:30");
    let mut call = Call::new(clinic);
    call.hears("this is Jane Miller, born 17 May 1980");
    let text = call.hears("I need to cancel his appointment");
    assert!(text.contains("full name of the patient"), "{text}");
    call.hears("Tom Miller");
    let text = call.hears("2 August 2016");
    assert!(text.contains("Rosa Marin, for Tom Miller"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"]);
    let mut call = Call::new(Clinic::new());
    let text = call.hears("what is his phone number");
    assert!(text.contains("can't tell you anything about other patients"), "{text}");
}

#[test]
fn a_relative_in_the_story_of_a_wish_is_no_patient_of_it() {
    for words in [
        "Tuesday is my grandson's birthday, so Dr Haddad on Sunday please",
        "it's my daughter's wedding on Saturday, can I come to Dr Haddad on Sunday",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("your full name"), "{words}: {text}");
    }
    // Whoever is ill is the patient, whoever else is spoken of.
    let mut call = Call::new(Clinic::new());
    let words = "my wife says I should call, our son has a fever, Dr Marin on Sunday";
    assert!(call.hears(words).contains("full name of the patient"));
}
