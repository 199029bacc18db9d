//! Whatever a caller says and whatever the tools answer: no panic, no write without a yes, nothing
//! of a patient before identification, silence while a supervisor has the call, and always an end.

use frontdesk_pipelines::dialogue::forms::Forms;
use frontdesk_pipelines::dialogue::tools::{
    AppointmentFacts, Refusal, ToolCall, ToolCallId, ToolResult, WaitlistFacts, WriteNumber,
};
use frontdesk_pipelines::dialogue::{Dialogue, Input, Now, Output};
use frontdesk_types::{
    AppointmentId, IdSource, Mono, Offer, OfferId, SeededIds, SlotId, WaitlistEntryId,
};
use proptest::prelude::*;

use crate::dialogue_sim::{ZONE, facts, local};

const WORDS: &[&str] = &[
    "yes",
    "no",
    "please",
    "book",
    "cancel",
    "move",
    "my",
    "appointment",
    "the first one",
    "at ten",
    "tomorrow",
    "sunday",
    "dr haddad",
    "cardiologist",
    "my name is Jane Miller",
    "Jane Miller",
    "17 May 1980",
    "born",
    "0100 123 4567",
    "actually",
    "another",
    "for my son",
    "what",
    "where",
    "parking",
    "chest pain",
    "a person",
    "goodbye",
    "repeat",
    "later",
    "none",
    "new patient",
    "next week",
    "correct",
    "but",
    "?",
    "thanks",
    "arabic",
    "never mind",
    "any doctor",
    "wait",
    "hold",
    "my husband",
    "okay",
    "perfect",
    "waiting list",
    "off the waiting list",
    "am I on the waiting list",
    "put me on the list",
    "both",
    "and",
    "also",
    "undo that",
];

/// What only a patient who was identified may be told.
const REFERENCE: &str = "K7";

#[derive(Debug, Clone)]
enum Event {
    Words(Vec<&'static str>),
    Noise(String),
    Partial(Vec<&'static str>),
    Silence,
    Answer(u8),
    Played(bool),
    /// A supervisor takes the call over, or hands it back.
    Floor(bool),
    /// Somebody takes the caller's place.
    Replaced,
    Brief,
    /// The process dies with all that is under way, and another goes on.
    Died,
}

fn event() -> impl Strategy<Value = Event> {
    let words = || prop::collection::vec(prop::sample::select(WORDS), 0..5);
    prop_oneof![
        6 => words().prop_map(Event::Words),
        1 => ".{0,20}".prop_map(Event::Noise),
        1 => words().prop_map(Event::Partial),
        1 => Just(Event::Silence),
        8 => any::<u8>().prop_map(Event::Answer),
        8 => any::<bool>().prop_map(Event::Played),
        1 => any::<bool>().prop_map(Event::Floor),
        1 => Just(Event::Replaced),
        1 => Just(Event::Brief),
        1 => Just(Event::Died),
    ]
}

fn offer(ids: &dyn IdSource, index: usize) -> Offer {
    let doctor = &facts().clinic.doctors[index % 4];
    let start = local(["2026-06-14T09:00", "2026-06-14T10:00", "2026-06-16T13:00"][index % 3]);
    Offer {
        id: OfferId::new(ids),
        second: None,
        slot: SlotId::new(ids),
        doctor: doctor.id,
        doctor_name: doctor.name.clone(),
        specialty: doctor.specialties[0].clone(),
        starts_at: start,
        ends_at: start,
        time_zone: ZONE.to_owned(),
    }
}

/// Some answer of a tool: mostly one that it gives, sometimes none or a refusal.
fn answer(tool: &ToolCall, dice: u8, ids: &dyn IdSource) -> ToolResult {
    let refusals = [
        Refusal::SlotTaken,
        Refusal::TooLate,
        Refusal::PatientBusy,
        Refusal::NotIdentified,
        Refusal::OutsideBookingWindow,
        Refusal::Other("closed".to_owned()),
    ];
    let count = usize::from(dice % 5);
    let appointment = || AppointmentFacts {
        id: AppointmentId::new(ids),
        second: None,
        visit: offer(ids, count),
        reference: REFERENCE.to_owned(),
        made_in_this_call: false,
    };
    match dice {
        0..20 => return ToolResult::Unavailable,
        20..40 => {
            let refusal = refusals[usize::from(dice) % refusals.len()].clone();
            return ToolResult::Refused { refusal };
        }
        _ => {}
    }
    match tool {
        ToolCall::IdentifyPatient(_) if dice < 70 => ToolResult::NotIdentified,
        ToolCall::IdentifyPatient(_) if dice < 90 => ToolResult::Ambiguous,
        ToolCall::IdentifyPatient(_) => ToolResult::Identified,
        ToolCall::RegisterPatient(_) => ToolResult::Registered,
        ToolCall::FindSlots(_) => {
            let offers = (0..count).map(|i| offer(ids, i)).collect();
            ToolResult::Slots { offers, exact: dice.is_multiple_of(2) }
        }
        ToolCall::Hold { .. } => ToolResult::Held,
        ToolCall::Release { .. } => ToolResult::Released,
        ToolCall::ListAppointments => {
            ToolResult::Appointments { appointments: (0..count).map(|_| appointment()).collect() }
        }
        ToolCall::Book { .. } | ToolCall::Reschedule { .. } => {
            ToolResult::Booked { appointment: appointment() }
        }
        ToolCall::Cancel { .. } => ToolResult::Cancelled,
        ToolCall::JoinWaitlist(_) => ToolResult::WaitlistJoined { known: dice.is_multiple_of(2) },
        ToolCall::ListWaitlist => {
            let entries = (0..count).map(|i| WaitlistFacts {
                id: WaitlistEntryId::new(ids),
                doctor: None,
                specialty: Some("cardiology".to_owned()),
                offered: i.is_multiple_of(2).then(|| offer(ids, i)),
            });
            ToolResult::Waitlist { entries: entries.collect() }
        }
        ToolCall::LeaveWaitlist { .. } => ToolResult::WaitlistLeft,
        ToolCall::AcceptWaitlist { .. } => ToolResult::Booked { appointment: appointment() },
        ToolCall::AskClinic { .. } if dice.is_multiple_of(2) => ToolResult::NoAnswer,
        ToolCall::AskClinic { .. } => {
            ToolResult::Answer { text: "Yes.".to_owned(), source: "a page".to_owned() }
        }
        ToolCall::TakeMessage(_) => ToolResult::MessageTaken,
        ToolCall::Transfer { .. } => ToolResult::CallbackNoted,
        ToolCall::Other(_) => ToolResult::Unavailable,
    }
}

#[derive(Default)]
struct Observer {
    running: Vec<(ToolCallId, ToolCall)>,
    /// What runs for somebody who may not be there any more.
    voided: Vec<ToolCallId>,
    unplayed: Vec<Input>,
    last_words: String,
    /// Whether a read-back was played in full or in part since the last write.
    read_back: bool,
    writes: Vec<(WriteNumber, ToolCall)>,
    identified: bool,
    was_identified: bool,
    /// Whether a supervisor has the call.
    supervised: bool,
    ended: bool,
}

impl Observer {
    fn take(&mut self, output: Output) -> Result<(), TestCaseError> {
        prop_assert!(!self.ended, "something follows the end: {output:?}");
        let acts = !matches!(output, Output::Expect(_) | Output::Alert { .. });
        prop_assert!(!self.supervised || !acts, "while a supervisor has the call: {output:?}");
        match output {
            Output::Say { utterance, text, .. } => {
                prop_assert!(!text.trim().is_empty());
                prop_assert!(!text.contains('{'), "not filled: {}", text);
                let of_patient = text.contains(REFERENCE);
                prop_assert!(!of_patient || self.was_identified, "said too soon: {}", text);
                self.unplayed.push(Input::Played { utterance, heard: text, complete: true });
            }
            Output::Tool { call, tool, checked } => {
                self.check(&tool, checked.write)?;
                if matches!(tool, ToolCall::IdentifyPatient(_) | ToolCall::RegisterPatient(_)) {
                    self.identified = false;
                }
                self.running.push((call, tool));
            }
            Output::End { .. } => self.ended = true,
            Output::Ask { .. } | Output::Cancel { .. } => prop_assert!(false, "forms ask no model"),
            Output::Expect(_) | Output::Born(_) | Output::Alert { .. } => {}
        }
        Ok(())
    }

    fn check(&mut self, tool: &ToolCall, number: Option<WriteNumber>) -> Result<(), TestCaseError> {
        let reads = matches!(
            tool,
            ToolCall::ListAppointments
                | ToolCall::Book { .. }
                | ToolCall::Cancel { .. }
                | ToolCall::Reschedule { .. }
                | ToolCall::JoinWaitlist(_)
                | ToolCall::ListWaitlist
                | ToolCall::LeaveWaitlist { .. }
                | ToolCall::AcceptWaitlist { .. }
        );
        prop_assert!(!reads || self.identified, "{tool:?} before identification");
        if let ToolCall::Transfer { phone, .. } = tool {
            prop_assert!(phone.is_some() || self.identified, "nobody can be called back");
        }
        let Some(number) = number.filter(|_| !matches!(tool, ToolCall::Transfer { .. })) else {
            return Ok(());
        };
        let retried = self.writes.contains(&(number, tool.clone()));
        if !retried {
            prop_assert!(self.read_back, "{tool:?} without a read-back");
            let yes = ["yes", "please", "correct", "book", "right", "okay", "perfect"];
            let words = self.last_words.to_lowercase();
            prop_assert!(yes.iter().any(|y| words.contains(y)), "{tool:?} after {words:?}");
            self.read_back = false;
            self.writes.push((number, tool.clone()));
        }
        let same = self.writes.iter().filter(|(known, _)| *known == number).count();
        prop_assert_eq!(same, 1, "a number is one write");
        Ok(())
    }
}

fn run(events: Vec<Event>) -> Result<(), TestCaseError> {
    let ids = SeededIds::new(3);
    let facts = facts();
    let mut forms = Forms::new(facts.clone());
    let mut seen = Observer::default();
    let mut mono = Mono::ZERO;
    let wall = local("2026-06-10T09:00");
    let step = |forms: &mut Forms, seen: &mut Observer, mono: Mono, input: Input| {
        let now = Now { mono, wall };
        let mut twin = Forms::restore(facts.clone(), forms.snapshot()).expect("restores");
        forms.handle_input(now, input.clone());
        twin.handle_input(now, input);
        prop_assert_eq!(forms.snapshot(), twin.snapshot());
        while let Some(output) = forms.poll_output() {
            let twins = twin.poll_output();
            prop_assert_eq!(Some(&output), twins.as_ref());
            seen.take(output)?;
        }
        prop_assert_eq!(twin.poll_output(), None);
        if !seen.ended && !seen.supervised {
            prop_assert!(forms.poll_timeout().is_some(), "every state has a deadline");
        }
        Ok(())
    };
    step(&mut forms, &mut seen, mono, Input::Begin)?;
    // Afterwards the caller is silent and the tools answer: the call ends.
    let rest = (0..400).map(|i| match i % 3 {
        0 => Event::Played(true),
        1 => Event::Answer(200),
        _ => Event::Silence,
    });
    let rest = std::iter::once(Event::Floor(false)).chain(rest);
    for event in events.into_iter().chain(rest) {
        if seen.ended {
            return Ok(());
        }
        mono = mono + std::time::Duration::from_millis(100);
        let input = match event {
            Event::Words(words) => {
                seen.last_words = words.join(" ");
                Input::Heard { text: words.join(" "), confidence: Some(0.9) }
            }
            Event::Noise(text) => {
                seen.last_words.clone_from(&text);
                Input::Heard { text, confidence: Some(0.1) }
            }
            Event::Partial(words) => Input::Partial { text: words.join(" "), stable: true },
            Event::Floor(taken) => {
                seen.supervised = taken;
                // A yes to the supervisor is none to what was read back before.
                seen.read_back &= !taken;
                if taken { Input::TakenOver } else { Input::HandedBack }
            }
            Event::Replaced => {
                // Nothing counts if nobody has said anything.
                if !seen.last_words.is_empty() {
                    seen.voided.extend(seen.running.iter().map(|(call, _)| *call));
                    (seen.identified, seen.read_back) = (false, false);
                    seen.unplayed.clear();
                }
                Input::CallerReplaced
            }
            Event::Brief => Input::BeBrief,
            Event::Died => {
                // The supervisor's console was connected to the process.
                seen.supervised = false;
                seen.running.clear();
                seen.unplayed.clear();
                Input::Recovered
            }
            Event::Silence => {
                mono = mono.max(forms.poll_timeout().unwrap_or(mono));
                Input::Timeout
            }
            Event::Answer(dice) => {
                if seen.running.is_empty() {
                    continue;
                }
                let (call, tool) = seen.running.remove(0);
                let result = answer(&tool, dice, &ids);
                let void = seen.voided.contains(&call);
                if matches!(result, ToolResult::Identified | ToolResult::Registered) && !void {
                    seen.was_identified = true;
                    seen.identified = !seen.running.iter().any(|(_, tool)| {
                        matches!(tool, ToolCall::IdentifyPatient(_) | ToolCall::RegisterPatient(_))
                    });
                }
                Input::ToolDone { call, result }
            }
            Event::Played(complete) => {
                if seen.unplayed.is_empty() {
                    continue;
                }
                let Input::Played { utterance, heard, .. } = seen.unplayed.remove(0) else {
                    continue;
                };
                seen.read_back |=
                    !seen.supervised && complete && heard.to_lowercase().contains("correct");
                let heard = if complete { heard } else { String::new() };
                Input::Played { utterance, heard, complete }
            }
        };
        step(&mut forms, &mut seen, mono, input)?;
    }
    prop_assert!(seen.ended, "the call ends");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, max_shrink_iters: 2000, ..ProptestConfig::default() })]
    #[test]
    fn random_calls_stay_within_the_rules(events in prop::collection::vec(event(), 0..60)) {
        run(events)?;
    }
}
