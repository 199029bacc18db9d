//! Calls on a line in memory that a scripted language model holds.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_line::Shown;
use frontdesk_models::llm::scripted::{ScriptedModel, Step};
use frontdesk_models::llm::{Message, ModelFailure, ModelRequest};
use frontdesk_types::{CallOutcome, Channel};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::rig::record;
use crate::sim::{Sim, SimCall};
use crate::text_calls::reply;

/// What came of the tools of this call, the latest first.
fn results(request: &ModelRequest) -> impl Iterator<Item = Value> {
    request.messages.iter().rev().filter_map(|message| match message {
        Message::Tool { text, .. } => serde_json::from_str(text.expose()).ok(),
        _ => None,
    })
}

/// A model that registers whoever calls and books the first time.
fn receptionist(request: &ModelRequest, _: usize) -> Vec<Step> {
    if let Some(Message::Tool { .. }) = request.messages.last() {
        let last = results(request).next().expect("a result");
        return match last["result"].as_str() {
            Some("registered") => vec![Step::call("find_slots", &json!({ "limit": 2 }))],
            Some("slots") => vec![
                Step::text("I have two times for you. "),
                Step::text("Would you like the first or the second?"),
            ],
            Some("booked") => vec![Step::text("It is booked. Is there anything else?")],
            other => vec![Step::text(&format!("This went wrong: {other:?}."))],
        };
    }
    let heard = request.messages.iter().rev().find_map(|message| match message {
        Message::User { text } => Some(text.expose().as_str()),
        _ => None,
    });
    match heard.unwrap_or_default() {
        "the first" => {
            let slots = results(request).find(|result| result["result"] == "slots");
            let offer = slots.expect("they were offered")["offers"][0]["offer"].clone();
            vec![Step::call("book", &json!({ "offer": offer }))]
        }
        "no thank you" => vec![Step::text("Goodbye."), Step::call("end_call", &json!({}))],
        words if words.starts_with("I am ") => {
            let name = words.trim_start_matches("I am ");
            let (born, phone) = ("1990-03-03", "01005500001");
            let args = json!({ "full_name": name, "date_of_birth": born, "phone": phone });
            vec![Step::call("register_patient", &args)]
        }
        _ => vec![Step::text("Who are you, "), Step::text("please?")],
    }
}

/// What was shown of the agent's words so far.
fn shown(call: &SimCall) -> String {
    let texts = call.caller.shown(0).into_iter().filter_map(|shown| match shown {
        Shown::AgentText { text, .. } => Some(text),
        _ => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}

async fn until_waiting(sim: &mut Sim, model: &ScriptedModel) {
    sim.until(|| "the model waits".to_owned(), || model.is_waiting().then_some(())).await;
}

/// Registers and books with the model; before each line `before` is called with it.
async fn books(sim: &mut Sim, call: &mut SimCall, name: &str, mut before: impl FnMut(&str)) {
    call.hears(sim, "automatic assistant").await;
    for (line, answer) in [
        ("hello", "please?"),
        (&*format!("I am {name}"), name),
        ("yes", "first or the second?"),
        ("the first", "Shall I book the appointment?"),
        ("yes", "It is booked."),
    ] {
        before(line);
        call.caller.types(line);
        call.hears(sim, answer).await;
    }
    call.caller.types("no thank you");
}

#[tokio::test]
async fn a_model_registers_and_books_once_in_a_typed_and_in_a_spoken_call() {
    let model = ScriptedModel::new(receptionist);
    let mut sim = Sim::thinking(1, model.clone()).await;
    let callers = [(Channel::Text, "Quentin Zoller"), (Channel::Web, "Quentin Zorn")];
    for (number, (channel, name)) in callers.into_iter().enumerate() {
        let mut call = sim.call(channel);
        books(&mut sim, &mut call, name, |_| {}).await;
        let id = call.id;
        let end = call.ends(&mut sim).await;
        assert_eq!((end.outcome, end.error), (CallOutcome::Booked, None));
        assert_eq!(sim.db.count("appointments").await, number as i64 + 1);
        let (outcome, turns, tools) = record(&sim.db, id, &format!("line-{id}")).await;
        assert_eq!(outcome, Some(CallOutcome::Booked));
        assert!(turns >= 12 && tools == 3, "{turns} turns, {tools} tools");
    }
    assert_eq!(model.given_up(), 0);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn whatever_dies_in_a_call_of_a_model_it_books_once() {
    let mut sim = Sim::thinking(1, ScriptedModel::new(receptionist)).await;
    let places = ["thinker", "dialogue", "dialogue.handled", "speaker", "line_link"];
    let names = ["Ada Zoller", "Bea Zoller", "Cora Zoller", "Dora Zoller", "Ella Zoller"];
    for (number, (place, name)) in places.into_iter().zip(names).enumerate() {
        let mut call = sim.call(Channel::Web);
        let id = call.id;
        // The Thinker dies on what it is asked, of which nothing has been passed on.
        let die = |line: &str| {
            if line != "hello" {
                arm(id, place, Fault::Panic, 0, 1);
            }
        };
        books(&mut sim, &mut call, name, die).await;
        let end = call.ends(&mut sim).await;
        assert_eq!(end.outcome, CallOutcome::Booked, "{place}: {end:?}");
        assert_eq!(sim.db.count("appointments").await, number as i64 + 1, "{place}");
    }
    let restarts = sim.switchboard.counters().stage_restarts;
    assert!(restarts >= 3 * places.len() as u64, "{restarts} restarts");
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn the_first_clause_is_spoken_before_the_model_is_done() {
    let model = ScriptedModel::new(|_, _| {
        let words = ["Good ", "morning ", "to ", "you. ", "Which ", "day ", "is ", "good?"];
        words.iter().flat_map(|word| [Step::text(word), Step::Wait]).collect()
    });
    let mut sim = Sim::thinking(1, model.clone()).await;
    let mut call = sim.call(Channel::Web);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("hello");
    for _ in 0..4 {
        until_waiting(&mut sim, &model).await;
        model.go_on();
    }
    until_waiting(&mut sim, &model).await;
    sim.until(|| shown(&call), || shown(&call).contains("Good morning to you.").then_some(()))
        .await;
    assert!(!shown(&call).contains("Which"), "{}", shown(&call));
    while !shown(&call).contains("Which day is good?") {
        if model.is_waiting() {
            model.go_on();
        }
        sim.step().await;
    }
    let said = call.hears(&mut sim, "good?").await;
    assert_eq!(said, "Good morning to you. Which day is good?", "one utterance");
    call.caller.leaves();
    call.ends(&mut sim).await;
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn who_interrupts_the_model_cancels_it_and_it_is_told_what_they_heard() {
    let model = ScriptedModel::new(|_, number| match number {
        0 => vec![
            Step::text("We are open on Sunday, on Monday, on Tuesday, and on every other day. "),
            Step::Wait,
            Step::text("Would you like to know more?"),
        ],
        _ => vec![Step::text("I see.")],
    });
    let mut sim = Sim::thinking(1, model.clone()).await;
    let mut call = sim.call(Channel::Web);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("when are you open?");
    until_waiting(&mut sim, &model).await;
    sim.until(|| shown(&call), || shown(&call).contains("We are").then_some(())).await;
    for _ in 0..50 {
        sim.step().await;
    }
    call.caller.types("thank you, I know");
    let said = call.hears(&mut sim, "I see.").await;
    assert_eq!((said.as_str(), model.given_up()), ("I see.", 1));
    model.go_on();
    for _ in 0..50 {
        sim.step().await;
    }
    assert!(!shown(&call).contains("know more"), "{}", shown(&call));
    let asked = model.asked();
    let told = asked[1].messages.iter().find_map(|message| match message {
        Message::Assistant { text, .. } if text.expose().contains("[the caller spoke]") => {
            Some(text.expose().clone())
        }
        _ => None,
    });
    let told = told.expect("it is told that it was cut off");
    assert!(told.contains("We are") && !told.contains("every other day"), "{told}");
    call.caller.leaves();
    call.ends(&mut sim).await;
    sim.switchboard.stop().await;
}

/// The call is booked by the forms, by a new patient of that number.
async fn forms_book(sim: &mut Sim, mut call: SimCall, first: &str, number: usize) {
    call.hears(sim, "automatic assistant").await;
    call.caller.types(first);
    let mut heard = call.hears_any(sim, &["?"]).await;
    while !heard.contains("reference") {
        call.caller.types(&reply(&heard, number));
        heard = call.hears_any(sim, &["?"]).await;
    }
    call.caller.types("no thank you");
    let end = call.ends(sim).await;
    assert_eq!((end.outcome, end.error), (CallOutcome::Booked, None));
}

#[tokio::test]
async fn the_forms_go_on_and_book_whatever_way_the_model_fails() {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let script = Arc::clone(&steps);
    let model = ScriptedModel::new(move |_, _| script.lock().clone());
    let mut sim = Sim::thinking(1, model.clone()).await;
    let half = Step::text("Of course. Whom would you li");
    let ways = [
        (vec![Step::Fail(ModelFailure::Unreachable)], 3),
        (vec![Step::Fail(ModelFailure::RateLimited)], 1),
        (vec![half.clone(), Step::BreakOff], 1),
        (vec![half, Step::Hang], 1),
        (vec![Step::Hang], 1),
        (vec![Step::call("send_fax", &json!({}))], 6),
    ];
    for (number, (way, times)) in ways.into_iter().enumerate() {
        steps.lock().clone_from(&way);
        let (before, begun) = (model.asked().len(), sim.mono());
        let call = sim.call(Channel::Text);
        let words = "I am new here and need an appointment with any doctor next week";
        forms_book(&mut sim, call, words, number).await;
        assert_eq!(sim.db.count("appointments").await, number as i64 + 1, "{way:?}");
        assert_eq!(model.asked().len() - before, times, "{way:?}");
        assert!(sim.mono().since(begun) < Duration::from_secs(60), "{way:?}");
    }
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_thinker_that_dies_after_a_piece_was_passed_on_does_not_say_it_again() {
    let model = ScriptedModel::new(|_, _| {
        vec![Step::text("Of course. And "), Step::Wait, Step::text("who are you?")]
    });
    let mut sim = Sim::thinking(1, model.clone()).await;
    let mut call = sim.call(Channel::Text);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("I would like an appointment with any doctor");
    until_waiting(&mut sim, &model).await;
    arm(call.id, "thinker", Fault::Panic, 0, 1);
    model.go_on();
    call.hears(&mut sim, "sorry").await;
    assert_eq!(shown(&call).matches("Of course.").count(), 1, "{}", shown(&call));
    assert_eq!(model.asked().len(), 1, "it had begun to speak");
    call.caller.leaves();
    call.ends(&mut sim).await;
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_thinker_that_dies_before_anything_was_passed_on_asks_again() {
    let model = ScriptedModel::new(|_, _| vec![Step::Wait, Step::text("Of course.")]);
    let mut sim = Sim::thinking(1, model.clone()).await;
    let mut call = sim.call(Channel::Text);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("hello");
    until_waiting(&mut sim, &model).await;
    arm(call.id, "thinker", Fault::Panic, 0, 1);
    model.go_on();
    let again = || (model.asked().len() == 2).then_some(());
    sim.until(|| "it asks again".to_owned(), again).await;
    until_waiting(&mut sim, &model).await;
    model.go_on();
    assert_eq!(call.hears(&mut sim, "Of course.").await, "Of course.");
    call.caller.leaves();
    call.ends(&mut sim).await;
    sim.switchboard.stop().await;
}
