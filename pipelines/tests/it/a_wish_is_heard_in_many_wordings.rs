//! A wish for a visit is heard however it is clothed: as a question, a hope, somebody else's advice,
//! with a reason before or behind it.

use crate::dialogue_sim::{Call, Clinic, jane_with};

/// What stands around "Dr Haddad" and "Sunday at half past nine".
const CLOTHES: &[&str] = &[
    "I was wondering whether {doctor} could see me {time}",
    "any chance of {time} with {doctor}?",
    "would it be a problem if I came to see {doctor} {time}?",
    "my husband says I should see {doctor}, would {time} be possible?",
    "do you think {doctor} could take me {time}?",
    "I don't suppose {doctor} is free {time}?",
    "it'd be great if I could see {doctor} {time}",
    "what are the odds of getting {doctor} {time}?",
    "how does {time} with {doctor} look?",
    "{time}, {doctor}, doable?",
    "I'm after {time} with {doctor}",
    "I'm hoping to get in with {doctor} {time}",
    "pencil me in with {doctor} for {time}, would you",
    "is it okay if I come {time} to {doctor}",
    "I could do {time} with {doctor}",
    "let's say {time} with {doctor}",
    "be so kind and give me {doctor} {time}",
    "if it isn't too much trouble, {doctor} {time}",
    "you couldn't fit me in with {doctor} {time}, could you?",
    "would you mind putting me down for {doctor} {time}",
    "thing is, I need {doctor} and I can only do {time}",
    "I'd appreciate {time} with {doctor}",
    "sorry to be a nuisance, I need {doctor} {time} for my cough",
    "I want make appointment by {doctor} for {time}",
    "I think it's time I had {doctor} look at my heart, {time} if that's alright",
];

/// What stands before and behind it.
const AROUND: &[(&str, &str)] = &[
    ("", ""),
    ("um, so, ", ", please"),
    ("hello, ", ", thanks"),
    ("good morning, how are you? ", ""),
    ("sorry, quick one: ", " if you can"),
];

#[test]
fn the_wish_is_the_same_in_all_of_them() {
    for clothes in CLOTHES {
        for (before, behind) in AROUND {
            let wish = clothes.replace("{doctor}", "Dr Haddad");
            let wish = wish.replace("{time}", "on Sunday at half past nine");
            let words = format!("{before}{wish}{behind}");
            let mut call = jane_with(&[]);
            let text = call.hears(&words);
            let read = text.contains("Sunday, June 14, at 9:30 AM with Dr. Nora Haddad");
            assert!(read && text.contains("Shall I book"), "{words}: {text}");
            assert!(call.clinic.booked().is_empty(), "{words}: nothing is written without a yes");
        }
    }
}

#[test]
fn either_of_two_doctors_will_do_where_it_does_not_matter() {
    for words in [
        "Haddad, Winter, I don't mind, as long as it's a Monday afternoon",
        "Dr Winter or Dr Haddad, all the same to me, but a Monday",
        "it does not matter which, Haddad, Winter, only on a Monday please",
    ] {
        let mut call = jane_with(&[]);
        let text = call.hears(words);
        assert!(text.contains("Monday, June 15") && text.contains("Winter"), "{words}: {text}");
    }
}

#[test]
fn a_question_about_how_a_doctor_is_with_others_turns_the_call_to_nobody() {
    for words in [
        "is she good with small children?",
        "is she patient with old people?",
        "is he nice to kids?",
    ] {
        let mut call = jane_with(&[]);
        call.hears("Dr Haddad on Sunday");
        call.hears(words);
        let text = call.hears("the first one");
        assert!(text.contains("for Jane Miller"), "{words}: {text}");
    }
}

#[test]
fn a_day_of_a_month_that_is_said_by_number_is_one() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born on the seventeenth of the fifth, nineteen eighty");
    let text = call.hears("we land on the 18th of the 6th, could I see Dr Haddad that same day?");
    assert!(text.contains("Thursday, June 18"), "{text}");
}
