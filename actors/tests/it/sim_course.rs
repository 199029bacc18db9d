//! The course of a call against PostgreSQL: the waiting list, what is undone, and a call on hold.

use std::time::Duration;

use frontdesk_line::Shown;
use frontdesk_types::{CallOutcome, Channel};

use crate::rig::record;
use crate::sim::{Sim, SimCall};
use crate::text_calls::{name, reply};

/// Says something as a new patient, and who they are when asked, until the agent says `until`.
pub(crate) async fn says(sim: &mut Sim, call: &mut SimCall, text: &str, until: &str) -> String {
    call.caller.types(text);
    let mut heard = call.hears_any(sim, &["?"]).await;
    while !heard.contains(until) {
        call.caller.types(&reply(&heard, 7));
        heard = call.hears_any(sim, &["?"]).await;
    }
    heard
}

pub(crate) async fn started(sim: &mut Sim) -> SimCall {
    let mut call = sim.call(Channel::Text);
    call.hears(sim, "automatic assistant").await;
    call
}

/// Live appointments by their starts.
pub(crate) async fn live(sim: &Sim) -> Vec<String> {
    let live = "SELECT starts_at::text FROM appointments WHERE status = 'confirmed'";
    sim.db.texts(live).await
}

#[tokio::test]
async fn the_waiting_list_is_joined_once_asked_about_and_left() {
    let mut sim = Sim::start(1).await;
    let mut call = started(&mut sim).await;
    let wish = "I am new here. Put me on the waiting list for Dr Samira Hassan, in the morning";
    let heard = says(&mut sim, &mut call, wish, "Shall I put you on it?").await;
    assert!(heard.contains(&name(7)) && heard.contains("Samira Hassan"), "{heard}");
    call.caller.types("yes");
    call.hears(&mut sim, "You are on the waiting list").await;
    call.caller.types("put me on the waiting list for Dr Samira Hassan");
    call.hears(&mut sim, "Shall I put you on it?").await;
    call.caller.types("yes");
    call.hears(&mut sim, "already").await;
    assert_eq!(sim.db.count("waitlist_entries").await, 1);
    call.caller.types("am I on the waiting list?");
    call.hears(&mut sim, "waiting list for a visit with Dr. Samira Hassan").await;
    let id = call.id;
    call.caller.types("no thank you");
    let end = call.ends(&mut sim).await;
    assert_eq!(end.outcome, CallOutcome::Waitlisted, "{end:?}");
    let (outcome, ..) = record(&sim.db, id, &format!("line-{id}")).await;
    assert_eq!(outcome, Some(CallOutcome::Waitlisted));

    let mut again = started(&mut sim).await;
    let heard = says(&mut sim, &mut again, "take me off the waiting list", "give it up?").await;
    assert!(heard.contains("Samira Hassan"), "{heard}");
    again.caller.types("yes");
    again.hears(&mut sim, "no longer on that waiting list").await;
    assert_eq!(sim.db.texts("SELECT status FROM waitlist_entries").await, ["left"]);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_time_that_became_free_is_kept_told_and_taken_in_a_call() {
    let mut sim = Sim::start(2).await;
    let mut first = started(&mut sim).await;
    let wish = "I am new here and need an appointment with any doctor next week";
    says(&mut sim, &mut first, wish, "anything else").await;
    let booked = live(&sim).await;
    let doctor = "SELECT d.name FROM appointments a JOIN doctors d ON d.id = a.doctor_id";
    let doctor = sim.db.texts(doctor).await.remove(0);
    let mut second = sim.call(Channel::Text);
    second.hears(&mut sim, "automatic assistant").await;
    second.caller.types(&format!("I am new here. Put me on the waiting list for Dr {doctor}"));
    let mut heard = second.hears_any(&mut sim, &["?"]).await;
    while !heard.contains("You are on the waiting list") {
        second.caller.types(&reply(&heard, 8));
        heard = second.hears_any(&mut sim, &["?"]).await;
    }
    first.caller.types("cancel what you just booked");
    first.hears(&mut sim, "Shall I cancel it?").await;
    first.caller.types("yes");
    first.hears(&mut sim, "is cancelled").await;
    // It is kept for who waits: whoever cancelled does not get it back.
    first.caller.types("undo that");
    first.hears(&mut sim, "taken meanwhile").await;
    second.caller.types("is there any news on the waiting list?");
    let heard = second.hears(&mut sim, "Shall I book the appointment?").await;
    assert!(heard.contains("has become free"), "{heard}");
    second.caller.types("yes");
    second.hears(&mut sim, "It is booked").await;
    assert_eq!(live(&sim).await, booked);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn what_a_call_wrote_is_undone_while_the_time_is_free() {
    let mut sim = Sim::start(1).await;
    let mut call = started(&mut sim).await;
    let wish = "I am new here and need an appointment with any doctor next week";
    says(&mut sim, &mut call, wish, "anything else").await;
    let booked = live(&sim).await;
    call.caller.types("move it to the day after");
    let mut heard = call.hears_any(&mut sim, &["?"]).await;
    while !heard.contains("It is moved") {
        call.caller.types(&reply(&heard.replace("Shall I", "Is that correct"), 7));
        heard = call.hears_any(&mut sim, &["?"]).await;
    }
    assert_ne!(live(&sim).await, booked);
    call.caller.types("sorry, put it back the way it was");
    call.hears(&mut sim, "Shall I move it?").await;
    call.caller.types("yes");
    call.hears(&mut sim, "It is moved").await;
    assert_eq!(live(&sim).await, booked);
    call.caller.types("cancel it please");
    call.hears(&mut sim, "Shall I cancel it?").await;
    call.caller.types("yes");
    call.hears(&mut sim, "is cancelled").await;
    assert!(live(&sim).await.is_empty());
    call.caller.types("oh no, I want it back");
    call.hears(&mut sim, "Shall I book the appointment?").await;
    call.caller.types("yes");
    call.hears(&mut sim, "It is booked").await;
    assert_eq!(live(&sim).await, booked);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn nothing_is_said_while_the_caller_has_the_call_on_hold() {
    let mut sim = Sim::start(1).await;
    let mut call = started(&mut sim).await;
    call.caller.types("I need an appointment");
    let asked = call.hears_any(&mut sim, &["?"]).await;
    call.caller.holds();
    let shown = call.caller.shown(0).len();
    let begun = sim.mono();
    while sim.mono().since(begun) < Duration::from_secs(120) {
        sim.step().await;
    }
    let speaks = |shown: &Shown| matches!(shown, Shown::AgentDone { .. });
    assert!(!call.caller.shown(shown).iter().any(speaks), "{:?}", call.caller.shown(shown));
    call.caller.resumes();
    let again = call.hears(&mut sim, "Welcome back").await;
    assert!(again.ends_with(&asked), "{again} / {asked}");
    sim.switchboard.stop().await;
}
