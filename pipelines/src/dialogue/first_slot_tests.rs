use frontdesk_types::{AppointmentId, Channel, DoctorId, IdSource, OfferId, SeededIds, SlotId};

use super::*;
use crate::dialogue::ClinicFacts;
use crate::dialogue::tools::AppointmentFacts;

fn facts() -> CallFacts {
    let clinic = ClinicFacts {
        name: "Test Clinic".to_owned(),
        time_zone: "Africa/Cairo".to_owned(),
        country: "EG".to_owned(),
        emergency_number: "123".to_owned(),
        languages: vec!["en".to_owned()],
        doctors: Vec::new(),
        specialty_words: Vec::new(),
        ..ClinicFacts::default()
    };
    CallFacts { clinic, channel: Channel::Web, language: "en".to_owned() }
}

fn at(millis: u64) -> Now {
    Now { mono: Mono::from_millis(millis), wall: "2026-06-10T06:00:00Z".parse().expect("valid") }
}

fn offer(ids: &dyn IdSource) -> Offer {
    Offer {
        id: OfferId::new(ids),
        slot: SlotId::new(ids),
        doctor: DoctorId::new(ids),
        doctor_name: "Samira Hassan".to_owned(),
        specialty: "cardiology".to_owned(),
        starts_at: "2026-06-14T06:00:00Z".parse().expect("valid"),
        ends_at: "2026-06-14T06:20:00Z".parse().expect("valid"),
        time_zone: "Africa/Cairo".to_owned(),
    }
}

fn outputs(dialogue: &mut FirstSlot) -> Vec<Output> {
    std::iter::from_fn(|| dialogue.poll_output()).collect()
}

fn said(outputs: &[Output]) -> String {
    let texts: Vec<_> = outputs
        .iter()
        .filter_map(|o| if let Output::Say { text, .. } = o { Some(text.as_str()) } else { None })
        .collect();
    texts.join(" ")
}

fn tool(outputs: &[Output]) -> Option<(ToolCallId, ToolCall)> {
    outputs.iter().find_map(|o| match o {
        Output::Tool { call, tool } => Some((*call, tool.clone())),
        _ => None,
    })
}

fn hear(dialogue: &mut FirstSlot, millis: u64, text: &str) -> Vec<Output> {
    dialogue.handle_input(at(millis), Input::Heard { text: text.to_owned(), confidence: 1.0 });
    outputs(dialogue)
}

fn offered(ids: &dyn IdSource) -> (FirstSlot, Offer) {
    let mut dialogue = FirstSlot::new(facts());
    dialogue.handle_input(at(0), Input::Begin);
    outputs(&mut dialogue);
    let (call, _) = tool(&hear(&mut dialogue, 10, "i would like to book an appointment"))
        .expect("a search is made");
    let offer = offer(ids);
    let result = ToolResult::Slots { offers: vec![offer.clone()], exact: true };
    dialogue.handle_input(at(20), Input::ToolDone { call, result });
    let text = said(&outputs(&mut dialogue));
    assert!(text.contains("Sunday, June 14, at 9:00 AM with Dr. Samira Hassan"), "{text}");
    (dialogue, offer)
}

#[test]
fn a_yes_books_the_offered_slot_once_and_tells_the_reference() {
    let ids = SeededIds::new(1);
    let (mut dialogue, offer) = offered(&ids);
    let (call, booking) = tool(&hear(&mut dialogue, 30, "yes please")).expect("books");
    assert_eq!(booking, ToolCall::Book { offer: offer.id, write: WriteNumber(0) });
    assert_eq!(
        tool(&hear(&mut dialogue, 31, "yes yes")),
        None,
        "a second yes is not a second write"
    );
    let appointment = AppointmentFacts {
        id: AppointmentId::new(&ids),
        visit: offer,
        reference: "K7M2P".to_owned(),
        made_in_this_call: true,
    };
    dialogue
        .handle_input(at(40), Input::ToolDone { call, result: ToolResult::Booked { appointment } });
    assert!(said(&outputs(&mut dialogue)).contains("reference is K7M2P"));
    let end = hear(&mut dialogue, 50, "no thank you");
    assert!(end.contains(&Output::End { outcome: CallOutcome::Booked }));
}

#[test]
fn a_no_books_nothing() {
    let (mut dialogue, _) = offered(&SeededIds::new(2));
    let out = hear(&mut dialogue, 30, "no thanks");
    assert_eq!(tool(&out), None);
    assert!(said(&out).contains("not booked"));
}

#[test]
fn anything_else_is_answered_with_what_can_be_said() {
    let (mut dialogue, _) = offered(&SeededIds::new(3));
    assert!(said(&hear(&mut dialogue, 30, "bananas")).contains("yes or no"));
    let mut fresh = FirstSlot::new(facts());
    fresh.handle_input(at(0), Input::Begin);
    assert!(said(&hear(&mut fresh, 1, "bananas")).contains("I would like to book"));
}

#[test]
fn a_slot_taken_in_between_is_told_and_searched_anew() {
    let (mut dialogue, _) = offered(&SeededIds::new(4));
    let (call, _) = tool(&hear(&mut dialogue, 30, "yes")).expect("books");
    let result = ToolResult::Refused { refusal: Refusal::SlotTaken };
    dialogue.handle_input(at(40), Input::ToolDone { call, result });
    let out = outputs(&mut dialogue);
    assert!(
        said(&out).contains("taken") && matches!(tool(&out), Some((_, ToolCall::FindSlots(_))))
    );
}

#[test]
fn silence_is_asked_about_and_in_the_end_the_call_ends() {
    let mut dialogue = FirstSlot::new(facts());
    dialogue.handle_input(at(0), Input::Begin);
    let mut now = 1000;
    for _ in 0..3 {
        for output in outputs(&mut dialogue) {
            if let Output::Say { utterance, text } = output {
                let played = Input::Played { utterance, heard: text, complete: true };
                dialogue.handle_input(at(now), played);
            }
        }
        let deadline = dialogue.poll_timeout().expect("every state has a deadline");
        now = deadline.as_millis();
        dialogue.handle_input(at(now), Input::Timeout);
    }
    assert!(outputs(&mut dialogue).contains(&Output::End { outcome: CallOutcome::Abandoned }));
}

#[test]
fn a_restored_dialogue_goes_on_as_the_one_that_died() {
    let (mut dialogue, _) = offered(&SeededIds::new(5));
    let mut restored =
        FirstSlot::restore(facts(), dialogue.snapshot()).expect("its own snapshot restores");
    assert_eq!(hear(&mut dialogue, 30, "yes"), hear(&mut restored, 30, "yes"));
}
