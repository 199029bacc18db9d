//! What is said plainly takes no more utterances of the agent than it did before sentences were
//! read as a whole (commit 63020eb).

use crate::dialogue_sim::{Call, Clinic};

/// A call by rule: what it is, the appointment that stands before, what is said to what, and how
/// often the agent spoke at 63020eb.
struct Plain {
    name: &'static str,
    given: bool,
    rules: &'static [(&'static str, &'static str)],
    turns: usize,
}

const CALLS: &[Plain] = &[
    Plain {
        name: "a booking, piece by piece",
        given: false,
        rules: &[
            ("reference", "no, that's all, thank you"),
            ("shall i book", "yes please"),
            ("which time|which one", "the first one"),
            ("which doctor", "a cardiologist"),
            ("which day", "on Sunday morning"),
            ("full name", "Jane Miller"),
            ("date of birth", "17 May 1980"),
            ("help you", "I would like to book an appointment"),
        ],
        turns: 8,
    },
    Plain {
        name: "a booking with all in one sentence",
        given: false,
        rules: &[
            ("reference", "no thanks"),
            ("shall i book", "yes"),
            ("which time|which one", "the second one"),
            ("full name", "it's Jane Miller"),
            ("date of birth", "the seventeenth of May nineteen eighty"),
            ("help you", "I would like to see Dr Haddad on Tuesday morning"),
        ],
        turns: 7,
    },
    Plain {
        name: "a booking at a time that is named",
        given: false,
        rules: &[
            ("reference", "goodbye"),
            ("shall i book", "that's right, go ahead"),
            ("which time|which one", "at half past nine"),
            ("full name", "my name is Jane Miller"),
            ("date of birth", "17/05/1980"),
            (
                "help you",
                "can I get an appointment with Dr Haddad on Sunday at half past nine please",
            ),
        ],
        turns: 6,
    },
    Plain {
        name: "a move",
        given: true,
        rules: &[
            ("anything else", "no, that's all, thanks"),
            ("shall i move", "yes, move it there"),
            ("which time|which one", "the first is fine"),
            ("what time|which day|instead", "Tuesday morning suits me"),
            ("full name", "Jane Miller"),
            ("date of birth", "17 May 1980"),
            ("help you", "I have to reschedule my appointment with Dr Haddad"),
        ],
        turns: 8,
    },
    Plain {
        name: "a move with the new day in one sentence",
        given: true,
        rules: &[
            ("anything else", "no"),
            ("shall i move", "yes"),
            ("which time|which one", "ten o'clock"),
            ("full name", "Jane Miller"),
            ("date of birth", "17 May 1980"),
            ("help you", "could you move my appointment from Sunday to Tuesday"),
        ],
        turns: 7,
    },
    Plain {
        name: "a cancellation",
        given: true,
        rules: &[
            ("anything else", "no thank you"),
            ("shall i cancel", "yes, please cancel it"),
            ("full name", "Jane Miller"),
            ("date of birth", "17 May 1980"),
            ("help you", "I need to cancel my appointment"),
        ],
        turns: 6,
    },
    Plain {
        name: "a registration",
        given: false,
        rules: &[
            ("anything else", "no, nothing else, thank you"),
            ("shall i book", "yes"),
            ("which time|which one", "the first one"),
            ("is that correct", "yes, that is all correct"),
            ("phone number", "0100 555 0188"),
            ("full name", "Sara Mahmoud"),
            ("date of birth", "October 9 2001"),
            ("help you", "hi, I'm a new patient and I need a cardiologist on Sunday"),
        ],
        turns: 9,
    },
];

#[test]
fn a_booking_a_move_a_cancellation_and_a_registration_take_no_more_turns_than_before() {
    let mut more = Vec::new();
    for Plain { name, given, rules, turns } in CALLS {
        let mut clinic = Clinic::new();
        if *given {
            clinic.given(0, "Haddad", "2026-06-14T09:00");
        }
        let mut call = Call::new(clinic);
        call.scripted(rules);
        assert!(call.writes() > 0, "{name}: {:#?}", call.said);
        let said = call.said.len();
        if said > *turns {
            more.push(format!("{name}: {said}, before {turns}: {:#?}", call.said));
        }
    }
    assert!(more.is_empty(), "{}", more.join("\n"));
}
