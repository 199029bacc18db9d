//! The simulator: an agent, the front desk behind it, a clinic in memory.

use std::time::Duration;

use frontdesk_agent::{Agent, MemoryClinic, Next, Sim, ToolAnswer, ToolCx, ToolFailure, Turn};
use frontdesk_agent::{agent, tool};
use frontdesk_types::CallOutcome;
use jiff::civil::date;
use serde_json::json;

/// Tells the weather in a town.
#[tool(read)]
async fn weather(cx: ToolCx, town: String, days: Option<u8>) -> Result<String, ToolFailure> {
    if town == "nowhere" {
        return Err(ToolFailure::Refused("unknown_town".to_owned()));
    }
    let days = days.unwrap_or_default();
    Ok(format!("sunny in {town} in {days} days, says {}", cx.clinic().name))
}

/// Sends a taxi.
#[tool(write, confirm = "I will send a taxi to {address}. Shall I send it?")]
async fn taxi(cx: ToolCx, address: String) -> Result<bool, ToolFailure> {
    Ok(cx.idempotency_key().is_some() && !address.is_empty())
}

#[agent(name = "concierge", tools(weather, taxi))]
struct Concierge {
    turns: u32,
}

impl Agent for Concierge {
    fn heard(&mut self, turn: &mut Turn<'_>, words: &str) -> Next {
        self.turns += 1;
        let called = match words.split_once(' ') {
            Some(("weather", town)) => turn.call("weather", json!({ "town": town })),
            Some(("taxi", address)) => turn.call("taxi", json!({ "address": address })),
            Some(("count", _)) => {
                turn.say(format!("That was turn {}. What else?", self.turns));
                Ok(())
            }
            _ => return Next::FrontDesk,
        };
        called.expect("good arguments");
        Next::Done
    }

    fn tool_done(&mut self, turn: &mut Turn<'_>, answer: &ToolAnswer<'_>) {
        let failed = if answer.failed { "failed" } else { "worked" };
        turn.say(format!("{} {failed}: {}. What else?", answer.tool, answer.value));
    }
}

fn called() -> Sim {
    let mut sim = Sim::new::<Concierge>().expect("it starts");
    let greeting = sim.call();
    assert!(greeting.contains("Harbor Clinic"), "{greeting}");
    sim
}

#[test]
fn what_the_agent_leaves_the_front_desk_books() {
    let mut sim = called();
    sim.clinic().add_patient("Omar Khalil", date(1971, 11, 30));
    let mut heard = sim.says("I would like to see a cardiologist tomorrow morning");
    for _ in 0..8 {
        let words = [
            ("date of birth", "November 30 1971"),
            ("full name", "Omar Khalil"),
            ("Which one", "the first one"),
            ("s that correct", "yes"),
            ("anything else", "no thank you"),
        ];
        let fits = words.iter().find(|(when, _)| heard.contains(when));
        let Some((_, say)) = fits else { panic!("what is to be said to {heard:?}?") };
        heard = sim.says(say);
        if sim.outcome().is_some() {
            break;
        }
    }
    assert_eq!(sim.outcome(), Some(CallOutcome::Booked), "{heard}");
    let appointments = sim.clinic().appointments();
    let [(patient, doctor, start)] = &appointments[..] else { panic!("{appointments:?}") };
    assert_eq!((patient.as_str(), doctor.as_str()), ("Omar Khalil", "Samuel Ward"));
    assert_eq!(start.date(), date(2026, 6, 9));
}

#[test]
fn a_tool_that_looks_is_answered_and_one_that_refuses_says_so() {
    let mut sim = called();
    let heard = sim.says("weather Cairo");
    assert_eq!(
        heard,
        "weather worked: \"sunny in Cairo in 0 days, says Harbor Clinic\". What else?"
    );
    let heard = sim.says("weather nowhere");
    assert!(heard.contains("weather failed") && heard.contains("unknown_town"), "{heard}");
}

#[test]
fn a_tool_that_writes_waits_for_a_plain_yes() {
    let mut sim = called();
    let heard = sim.says("taxi Garden Street 1");
    assert_eq!(heard, "I will send a taxi to Garden Street 1. Shall I send it?");
    assert!(!sim.says("please hold").contains("worked"));
    let heard = sim.says("yes");
    assert!(heard.contains("taxi worked: true"), "{heard}");
    let heard = sim.says("taxi Garden Street 2");
    assert!(heard.contains("Shall I send it?"), "{heard}");
    let heard = sim.says("no");
    assert!(heard.contains("taxi failed"), "{heard}");
}

#[test]
fn an_emergency_comes_before_the_agent() {
    let mut sim = called();
    let heard = sim.says("weather chest pain and I cannot breathe");
    assert!(heard.contains("9 1 1") || heard.contains("911"), "{heard}");
    assert!(!heard.contains("sunny"), "{heard}");
}

#[test]
fn its_state_goes_on_from_turn_to_turn_and_silence_is_met() {
    let mut sim = called();
    sim.says("count one");
    assert!(sim.says("count two").contains("turn 2"));
    let heard = sim.waits(Duration::from_secs(25));
    assert!(heard.contains("turn 2"), "asked again: {heard}");
}

#[test]
fn a_clinic_of_ones_own_is_called() {
    let clinic = std::sync::Arc::new(MemoryClinic::default());
    let mut sim = Sim::at::<Concierge>(clinic, None).expect("it starts");
    sim.call();
    assert!(sim.says("where are you?").contains("12 Garden Street"));
}
