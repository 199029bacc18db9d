//! The table of the built-in tools, as a language model is shown them.

use frontdesk_types::{MessageSubject, TransferReason};
use serde_json::{Value, json};

use super::schema::{object, text};
use super::wish::{search_schema, waitlist_schema};
use super::{Confirm, Effect, ToolSpec};

fn nothing() -> Value {
    object(&json!({}), &[])
}

fn offer() -> Value {
    text("The offer's id, as find_slots returned it in this call.")
}

fn appointment() -> Value {
    text("The appointment's id, as list_appointments or book returned it in this call.")
}

fn entry() -> Value {
    text("The entry's id, as list_waitlist returned it in this call.")
}

fn phone() -> Value {
    text("Digits, with a leading + if the caller said a country code.")
}

fn identity() -> Value {
    object(
        &json!({
            "full_name": text("First and last name of the patient."),
            "date_of_birth": text("As YYYY-MM-DD."),
            "phone": phone(),
        }),
        &["full_name", "date_of_birth"],
    )
}

pub(super) fn specs() -> Vec<ToolSpec> {
    let undone = Effect::Write(Confirm::Nothing);
    let reasons: Vec<_> = TransferReason::ALL.iter().map(|reason| reason.as_str()).collect();
    let subjects: Vec<_> = MessageSubject::ALL.iter().map(|subject| subject.as_str()).collect();
    vec![
        ToolSpec::read(
            "identify_patient",
            "Looks up the patient whom the call is about by full name and date of birth. Needed \
             before anything of a patient is told or changed. On \"ambiguous\" ask for the phone \
             number and call it again with it.",
            identity(),
        ),
        ToolSpec::write(
            "register_patient",
            "Registers a new patient, who is identified then. Only for somebody who says that \
             they are new here. The details are read back to the caller before it runs.",
            object(
                &json!({
                    "full_name": text("First and last name of the patient."),
                    "date_of_birth": text("As YYYY-MM-DD."),
                    "phone": phone(),
                }),
                &["full_name", "date_of_birth", "phone"],
            ),
        ),
        ToolSpec::read(
            "find_slots",
            "Searches for free times. Each is an offer with an id, which book and reschedule take. \
             If none fits, the nearest are returned and \"exact\" is false. Give it all that the \
             caller has said of when and with whom.",
            search_schema(),
        ),
        ToolSpec {
            effect: undone,
            ..ToolSpec::read(
                "hold",
                "Keeps an offer for this caller while they decide. Call it once they have chosen.",
                object(&json!({ "offer": offer() }), &["offer"]),
            )
        },
        ToolSpec {
            effect: undone,
            ..ToolSpec::read(
                "release",
                "Lets an offer go that is held and no longer wanted.",
                object(&json!({ "offer": offer() }), &["offer"]),
            )
        },
        ToolSpec::read(
            "list_appointments",
            "The identified patient's appointments that lie ahead, each with its id.",
            nothing(),
        )
        .for_patient(),
        ToolSpec::write(
            "book",
            "Books an offer for the identified patient. It is read back to the caller and runs on \
             their yes: do not ask for one yourself.",
            object(&json!({ "offer": offer() }), &["offer"]),
        )
        .for_patient(),
        ToolSpec::write(
            "reschedule",
            "Moves an appointment of the identified patient to an offer. It is read back to the \
             caller and runs on their yes: do not ask for one yourself.",
            object(
                &json!({ "appointment": appointment(), "offer": offer() }),
                &["appointment", "offer"],
            ),
        )
        .for_patient(),
        ToolSpec::write(
            "cancel",
            "Cancels an appointment of the identified patient. It is read back to the caller and \
             runs on their yes: do not ask for one yourself.",
            object(&json!({ "appointment": appointment() }), &["appointment"]),
        )
        .for_patient(),
        ToolSpec::write(
            "join_waitlist",
            "Puts the identified patient on the waiting list for a doctor or a specialty, where no \
             time suits them. It is read back to the caller and runs on their yes: do not ask for \
             one yourself.",
            waitlist_schema(),
        )
        .for_patient(),
        ToolSpec::read(
            "list_waitlist",
            "The identified patient's places on the waiting list, each with its id, and the time \
             that is kept for them if one became free.",
            nothing(),
        )
        .for_patient(),
        ToolSpec::write(
            "leave_waitlist",
            "Gives a place on the waiting list up. It is read back to the caller and runs on their \
             yes: do not ask for one yourself.",
            object(&json!({ "entry": entry() }), &["entry"]),
        )
        .for_patient(),
        ToolSpec::write(
            "accept_waitlist",
            "Books the time that is kept for who waits. It is read back to the caller and runs on \
             their yes: do not ask for one yourself.",
            object(&json!({ "entry": entry() }), &["entry"]),
        )
        .for_patient(),
        ToolSpec::read(
            "ask_clinic",
            "Searches the clinic's data and documents: opening hours, address, fees, doctors, \
             preparation, parking; once a patient is identified, that patient's own record here as \
             well: earlier visits, allergies, insurance. Answer a question about the clinic only \
             with what it returns.",
            object(
                &json!({ "question": text("The question in the caller's words.") }),
                &["question"],
            ),
        ),
        ToolSpec {
            effect: Effect::Write(Confirm::ReadBackReachable),
            ..ToolSpec::read(
                "take_message",
                "Writes down a message for the staff, for what no other tool does: results, \
                 refills, notes, bills, complaints, late arrivals. Identify the patient first \
                 where it is about one. It is read back to the caller and runs on their yes: do \
                 not ask for one yourself.",
                object(
                    &json!({
                        "subject": { "type": "string", "enum": subjects },
                        "words": text("What the caller wants told, in their words."),
                        "about": text("Whom it is about, if that is no identified patient."),
                        "call_when": text("When they want to be called, in their words."),
                        "phone": phone(),
                    }),
                    &["subject", "words"],
                ),
            )
        },
        ToolSpec {
            effect: Effect::Write(Confirm::Reachable),
            ..ToolSpec::read(
                "transfer",
                "Hands the call to a person, or notes that one is to call back. The caller is \
                 asked for a number if nobody knows one. The call ends with it.",
                object(
                    &json!({
                        "reason": { "type": "string", "enum": reasons },
                        "phone": phone(),
                    }),
                    &["reason"],
                ),
            )
        },
    ]
}
