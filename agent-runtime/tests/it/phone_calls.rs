//! Patients on the telephone: heard through G.711, answered, booked for.

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_tenants::calls::Speaker;
use frontdesk_types::{CallId, CallOutcome};

use crate::phone_rig::{Act, Caller, Office};

/// The stages of a call, as faults name them.
const STAGES: [&str; 8] = [
    "line_link",
    "audio_ingest",
    "transcriber",
    "dialogue",
    "thinker",
    "tool_stage",
    "call_recorder",
    "speaker",
];

/// What was asked of the tool that identifies patients, and what it answered.
async fn identifications(office: &Office, call: CallId) -> Vec<serde_json::Value> {
    let said = office.said(call).await;
    let tools = said.into_iter().filter(|(who, _)| *who == Speaker::Tool);
    let tools = tools.map(|(_, text)| serde_json::from_str(&text).expect("JSON"));
    tools.filter(|tool: &serde_json::Value| tool["call"]["tool"] == "identify_patient").collect()
}

#[tokio::test]
async fn a_spoken_call_books_an_appointment() {
    let office = Office::open().await;
    let mut caller = Caller::dial(&office, "PCMU/8000/1").await;
    let call = office.until("the call is recorded", async || office.call().await).await.id;
    let rules = [
        ("anything else", Act::Say("no thank you goodbye")),
        ("is that correct|shall i book|is that right", Act::Say("yes please")),
        ("which time|which one|what day|which day", Act::Say("the first one")),
        ("which doctor", Act::Say("any doctor")),
        ("date of birth", Act::Say("March twelfth nineteen eighty four")),
        ("full name", Act::Say("Mary Johnson")),
        ("help you", Act::Say("I would like to book an appointment")),
    ];
    let booked = async || !office.visits().await.is_empty();
    caller.converse(&office, call, &rules, booked).await;
    let visits = office.visits().await;
    assert_eq!(visits.len(), 1, "{visits:?}");
    assert_eq!(visits[0].call, Some(call));
    caller.hang_up().await;
    let ended = async || office.call().await.filter(|call| call.ended_at.is_some());
    let record = office.until("the call is closed", ended).await;
    assert_eq!(record.outcome, Some(CallOutcome::Booked));
    office.close().await;
}

#[tokio::test]
async fn a_typed_date_of_birth_identifies_with_the_spoken_name_and_not_alone() {
    let office = Office::open().await;
    let mut caller = Caller::dial(&office, "PCMU/8000/1").await;
    let call = office.until("the call is recorded", async || office.call().await).await.id;
    let book = Act::Say("I would like to book an appointment");
    let rules = [("date of birth", Act::Press("12031984")), ("help you", book)];
    let asked = async || office.agent(call).await.iter().any(|text| text.contains("full name"));
    caller.converse(&office, call, &rules, asked).await;
    // The number that calls is a patient's, and now her date of birth is known.
    let known = identifications(&office, call).await;
    assert!(known.is_empty(), "digits alone are nobody: {known:?}");

    let rules = [("date of birth", Act::Press("12031984")), ("name", Act::Say("Mary Johnson"))];
    caller.act(rules[1].1).await;
    let identified = async || !identifications(&office, call).await.is_empty();
    caller.converse(&office, call, &rules, identified).await;
    let numbers = office.db.count("calls WHERE caller_phone = '+201001234567'").await;
    assert_eq!(numbers, 1, "the number that calls is in the record");
    let known = identifications(&office, call).await;
    assert_eq!(known[0]["result"]["result"], "identified", "{known:?}");
    caller.hang_up().await;
    office.close().await;
}

#[tokio::test]
async fn a_call_survives_its_stages_and_goes_on_after_a_hold() {
    let office = Office::open().await;
    let mut caller = Caller::dial(&office, "PCMA/8000/1").await;
    assert!(caller.log().contains("Set audio encoder: PCMA"), "{}", caller.log());
    let call = office.until("the call is recorded", async || office.call().await).await.id;
    for stage in STAGES {
        arm(call, stage, Fault::Panic, 1, 1);
    }
    let rules = [("help you", Act::Say("I would like to book an appointment"))];
    let begun = async || office.agent(call).await.iter().any(|text| text.contains("date of birth"));
    caller.converse(&office, call, &rules, begun).await;
    let metrics = office.metrics().await;
    let restarts = metrics
        .lines()
        .find_map(|line| line.strip_prefix("frontdesk_stage_restarts_total ")?.parse::<f64>().ok());
    let restarts = restarts.unwrap_or_default();
    assert!(restarts >= 4.0, "stages were killed: {metrics}");

    caller.hold(true).await;
    let held = async || caller.log().contains("hold").then_some(());
    office.until("the call is held", held).await;
    caller.hold(false).await;
    let rules = [("date of birth", Act::Press("12031984"))];
    caller.act(rules[0].1).await;
    let named = async || office.agent(call).await.iter().any(|text| text.contains("full name"));
    caller.converse(&office, call, &rules, named).await;
    let heard = caller.hears();
    assert!(heard.len() > 16_000 && heard.iter().any(|sample| sample.abs() > 3000));
    caller.hang_up().await;
    office.close().await;
}
