//! A supervisor takes a call over on a line in memory, and hands it back or is lost.

use std::time::Duration;

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_actors::watch::{Speaker, What};
use frontdesk_actors::{FloorError, SupervisionError, Supervisor};
use frontdesk_line::{Abilities, AgentState, Shown};
use frontdesk_tenants::testing::IDS;
use frontdesk_types::{CallOutcome, Channel, ConsoleId, UserId};

use crate::rig::{Speech, record};
use crate::sim::{Sim, SimCall};
use crate::text_calls::reply;

const AGAIN: &str = "automatic assistant again";

fn supervisor(identity: Option<&str>) -> Supervisor {
    Supervisor {
        console: ConsoleId::new(&IDS),
        user: UserId::new(&IDS),
        name: "Mona".to_owned(),
        identity: identity.map(str::to_owned),
    }
}

impl SimCall {
    fn take(&self, sim: &Sim, by: &Supervisor) -> Result<(), SupervisionError> {
        sim.switchboard.take_over(sim.clinic(), self.id, by.clone())
    }

    fn give(&self, sim: &Sim, by: &Supervisor) -> Result<(), SupervisionError> {
        sim.switchboard.hand_back(sim.clinic(), self.id, by.console)
    }
}

/// Lets so much time pass.
async fn pass(sim: &mut Sim, seconds: u64) {
    let begun = sim.mono();
    while sim.mono().since(begun) < Duration::from_secs(seconds) {
        sim.step().await;
    }
}

/// Comes as far as the read-back of a new patient's appointment.
async fn comes_to_the_read_back(sim: &mut Sim, channel: Channel, number: usize) -> SimCall {
    let mut call = sim.call(channel);
    call.hears(sim, "automatic assistant").await;
    let mut heard = "anything else".to_owned();
    while !heard.contains("Shall I book the appointment?") {
        call.caller.types(&reply(&heard, number));
        heard = call.hears_any(sim, &["?"]).await;
    }
    call
}

/// What the agent has said, from the n-th thing shown on.
fn said_since(call: &SimCall, from: usize) -> Vec<String> {
    let done = |shown| match shown {
        Shown::AgentDone { heard, .. } if !heard.is_empty() => Some(heard),
        _ => None,
    };
    call.caller.shown(from).into_iter().filter_map(done).collect()
}

#[tokio::test]
async fn a_yes_to_the_supervisor_books_nothing_and_the_agent_asks_again() {
    let mut sim = Sim::start(1).await;
    for (number, channel) in [Channel::Text, Channel::Web].into_iter().enumerate() {
        let mut call = comes_to_the_read_back(&mut sim, channel, number).await;
        let mona = supervisor(None);
        call.take(&sim, &mona).expect("taken over");
        let from = call.caller.shown(0).len();
        call.caller.types("yes");
        let (clinic, id) = (sim.clinic(), call.id);
        let written = sim.switchboard.write_as(clinic, id, mona.console, "Shall I book it?");
        written.expect("written");
        call.caller.types("yes please, book the appointment");
        call.caller.types("I have chest pain");
        pass(&mut sim, 60).await;
        assert_eq!(said_since(&call, from), Vec::<String>::new(), "the agent is silent");
        let booked = sim.db.count("appointments").await;
        assert_eq!(booked, number as i64, "a yes to somebody else");
        let live = sim.switchboard.watch().call(clinic, id).expect("it is live");
        assert_eq!(live.red_flags.len(), 1, "told to the console, not answered");
        assert_eq!(live.taken_over.as_ref().map(|by| by.name.as_str()), Some("Mona"));
        assert_eq!(live.agent, AgentState::Listening);
        let shown = call.caller.shown(from);
        let staff = |shown: &Shown| matches!(shown, Shown::StaffText { name, text, .. } if name == "Mona" && text == "Shall I book it?");
        assert!(shown.iter().any(staff), "the caller sees it: {shown:?}");
        call.give(&sim, &mona).expect("handed back");
        let again = call.hears(&mut sim, AGAIN).await;
        assert!(again.contains("Shall I book the appointment?"), "{again}");
        call.caller.types("yes");
        call.hears(&mut sim, "reference").await;
        call.caller.types("no thank you");
        call.ends(&mut sim).await;
        assert_eq!(sim.db.count("appointments").await, number as i64 + 1);
    }
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn the_agent_falls_silent_in_the_middle_of_a_sentence_and_says_it_again() {
    let mut sim = Sim::start(1).await;
    let call = sim.call(Channel::Web);
    let caller = call.caller.clone();
    sim.until(|| "it speaks".to_owned(), || (caller.frames() > 20).then_some(())).await;
    let mona = supervisor(Some("supervisor-1"));
    call.take(&sim, &mona).expect("taken over");
    call.caller.supervisor(true);
    let frames = caller.frames();
    pass(&mut sim, 30).await;
    assert_eq!(caller.frames(), frames, "nothing is played any more");
    call.give(&sim, &mona).expect("handed back");
    let mut call = call;
    let again = call.hears(&mut sim, AGAIN).await;
    assert!(again.contains("How can I help you?"), "{again}");
    assert!(caller.frames() > frames);
    call.caller.leaves();
    call.ends(&mut sim).await;
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_supervisors_voice_is_written_down_as_theirs_and_answers_nothing() {
    let mut sim = Sim::start(1).await;
    let call = comes_to_the_read_back(&mut sim, Channel::Web, 3).await;
    let mona = supervisor(Some("supervisor-1"));
    call.take(&sim, &mona).expect("taken over");
    call.caller.supervisor(true);
    let mut speech = Speech::of("Good morning, would you like me to book this?");
    // The recognizer hears "what" in everything.
    let (clinic, id) = (sim.clinic(), call.id);
    let watch = sim.switchboard.watch().clone();
    let heard = || {
        let live = watch.call(clinic, id).expect("it is live");
        live.words.iter().any(|words| words.by == Speaker::Supervisor && words.is_final)
    };
    while !heard() {
        call.caller.supervisor_sounds(speech.frame());
        sim.step().await;
    }
    let shown = call.caller.shown(0);
    let is_staff = |shown: &&Shown| matches!(shown, Shown::StaffText { is_final: true, .. });
    assert_eq!(shown.iter().filter(is_staff).count(), 1, "{shown:?}");
    let theirs = |shown: &&Shown| matches!(shown, Shown::CallerText { .. });
    assert_eq!(shown.iter().filter(theirs).count(), 0, "never the caller's words");
    sim.switchboard.hang_up_for(clinic, id).expect("hung up");
    call.ends(&mut sim).await;
    assert_eq!(sim.db.count("appointments").await, 0);
    let (_, turns, _) = record(&sim.db, id, &format!("line-{id}")).await;
    assert!(turns > 10, "its transcript is kept");
    assert_eq!(sim.db.count("call_turns WHERE speaker = 'staff'").await, 1);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_supervisor_who_is_lost_loses_the_call_after_ten_seconds() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Web);
    call.hears(&mut sim, "automatic assistant").await;
    // By voice: nobody comes into the room.
    let mona = supervisor(Some("supervisor-1"));
    call.take(&sim, &mona).expect("taken over");
    let begun = sim.mono();
    call.hears(&mut sim, AGAIN).await;
    let waited = sim.mono().since(begun);
    // And the time that it takes to say so.
    assert!((10..25).contains(&waited.as_secs()), "{waited:?}");
    // Who comes back in time keeps it, whichever of the two connections was lost.
    call.take(&sim, &mona).expect("taken over");
    call.caller.supervisor(true);
    call.caller.supervisor(false);
    pass(&mut sim, 8).await;
    call.caller.supervisor(true);
    pass(&mut sim, 1).await;
    sim.switchboard.on_console(mona.console, false);
    pass(&mut sim, 8).await;
    sim.switchboard.on_console(mona.console, true);
    pass(&mut sim, 30).await;
    call.give(&sim, &mona).expect("it was still theirs");
    call.hears(&mut sim, AGAIN).await;
    // A console that is gone for good.
    let typing = supervisor(None);
    call.take(&sim, &typing).expect("taken over");
    sim.switchboard.on_console(typing.console, false);
    call.hears(&mut sim, AGAIN).await;
    let refused = call.give(&sim, &typing).expect_err("it is the agent's");
    assert_eq!(refused, SupervisionError::Floor(FloorError::NotYours));
    call.caller.leaves();
    call.ends(&mut sim).await;
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn the_second_supervisor_is_told_who_has_the_call_and_another_clinic_that_there_is_none() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Text);
    call.hears(&mut sim, "automatic assistant").await;
    let (mona, omar) = (supervisor(None), supervisor(None));
    call.take(&sim, &mona).expect("taken over");
    let refused = call.take(&sim, &omar).expect_err("refused");
    assert_eq!(refused.to_string(), "Mona has taken this call over already");
    assert!(call.give(&sim, &omar).is_err());
    let elsewhere = sim.db.tenant("harbor-family").await.clinic();
    let refused = sim.switchboard.take_over(elsewhere, call.id, omar.clone());
    assert_eq!(refused, Err(SupervisionError::NoCall));
    assert_eq!(sim.switchboard.hang_up_for(elsewhere, call.id), Err(SupervisionError::NoCall));
    let (clinic, id) = (sim.clinic(), call.id);
    let written = sim.switchboard.write_as(clinic, id, omar.console, "hello");
    assert_eq!(written, Err(SupervisionError::Floor(FloorError::NotYours)));
    sim.switchboard.hang_up_for(clinic, id).expect("hung up");
    let end = call.ends(&mut sim).await;
    assert_eq!(end.error, None);
    let late = sim.switchboard.take_over(clinic, id, mona);
    assert_eq!(late, Err(SupervisionError::NoCall));
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_line_without_the_means_says_so_and_can_be_hung_up() {
    let mut sim = Sim::start(1).await;
    let abilities = Abilities { dtmf: true, transfer: true, ..Abilities::default() };
    let mut call = sim.call_on(Channel::Phone, abilities);
    call.hears_voice(&mut sim).await;
    for by in [supervisor(None), supervisor(Some("supervisor-1"))] {
        let refused = call.take(&sim, &by).expect_err("refused");
        assert_eq!(refused.to_string(), "this line cannot be taken over yet; hanging up works");
    }
    sim.switchboard.hang_up_for(sim.clinic(), call.id).expect("hung up");
    call.ends(&mut sim).await;
    sim.switchboard.stop().await;
}

/// Whatever dies at whatever moment: the agent stays silent, and goes on once.
#[tokio::test]
async fn a_take_over_survives_every_stage_and_the_calls_supervisor() {
    const PLACES: [&str; 6] =
        ["line_link", "audio_ingest", "dialogue", "dialogue.handled", "speaker", "call_supervisor"];
    let mut sim = Sim::start(1).await;
    for (number, place) in PLACES.into_iter().enumerate() {
        let mut call = comes_to_the_read_back(&mut sim, Channel::Web, number).await;
        sim.hears(&call, Box::new(|| [0; 320]));
        let mona = supervisor(None);
        arm(call.id, place, Fault::Panic, 0, 1);
        call.take(&sim, &mona).expect("taken over");
        let from = call.caller.shown(0).len();
        pass(&mut sim, 2).await;
        arm(call.id, place, Fault::Panic, 0, 1);
        call.caller.types("yes");
        pass(&mut sim, 20).await;
        assert_eq!(said_since(&call, from), Vec::<String>::new(), "{place}: the agent is silent");
        assert_eq!(sim.db.count("appointments").await, number as i64, "{place}");
        arm(call.id, place, Fault::Panic, 0, 1);
        call.give(&sim, &mona).expect("handed back");
        let again = call.hears(&mut sim, AGAIN).await;
        assert!(again.contains("Shall I book the appointment?"), "{place}: {again}");
        assert_eq!(said_since(&call, from).len(), 1, "{place}: it says so once");
        call.caller.types("yes");
        call.hears(&mut sim, "reference").await;
        call.caller.types("no thank you");
        let end = call.ends(&mut sim).await;
        assert_eq!(end.outcome, CallOutcome::Booked, "{place}: {end:?}");
    }
    let counters = sim.switchboard.counters();
    assert!(counters.stage_restarts >= 12, "{counters:?}");
    assert!(counters.supervisor_restarts >= 1, "{counters:?}");
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_caller_who_leaves_while_a_supervisor_has_the_call_ends_it() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Web);
    call.hears(&mut sim, "automatic assistant").await;
    let mona = supervisor(None);
    call.take(&sim, &mona).expect("taken over");
    let (_, mut events) = sim.switchboard.watch().subscribe(sim.clinic(), None);
    call.caller.leaves();
    let end = call.ends(&mut sim).await;
    assert_eq!(end.error, None, "{end:?}");
    while !matches!(events.next().await.expect("an event").what, What::Ended { .. }) {}
    sim.switchboard.stop().await;
}

/// A supervisor who takes the call while the agent says goodbye keeps it; handed back, it ends.
#[tokio::test]
async fn a_goodbye_does_not_end_a_call_that_is_taken_over_in_it() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Web);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("no thank you, goodbye");
    let caller = call.caller.clone();
    let speaks = || {
        let shown = caller.shown(0);
        let text = |shown: &Shown| matches!(shown, Shown::AgentText { text, .. } if text.contains("Thank you for calling"));
        shown.iter().any(text).then_some(())
    };
    sim.until(|| "it says goodbye".to_owned(), speaks).await;
    let mona = supervisor(None);
    call.take(&sim, &mona).expect("taken over");
    pass(&mut sim, 30).await;
    assert!(!call.caller.is_over());
    call.give(&sim, &mona).expect("handed back");
    call.hears(&mut sim, "oodbye").await;
    let end = call.ends(&mut sim).await;
    assert_eq!(end.error, None);
    sim.switchboard.stop().await;
}
