use frontdesk_types::SeededIds;
use jiff::civil::{date, datetime};

use super::super::format::Scenario;
use super::*;

fn visit(ids: &SeededIds, day: i8, hour: i8) -> Visit {
    Visit {
        id: AppointmentId::new(ids),
        patient: "Mary Johnson".to_owned(),
        doctor: "Samira Hassan".to_owned(),
        specialties: vec!["cardiology".to_owned()],
        start: datetime(2026, 6, day, hour, 0, 0, 0),
        live: true,
        reference: "DF123456".to_owned(),
    }
}

fn expect(yaml: &str) -> Expect {
    let text = format!("name: x\nclinic: y\nrules: []\nexpect: {yaml}\n");
    Scenario::parse("x.yaml", &text).expect("valid").expect
}

fn failing(evidence: &Evidence, yaml: &str) -> Vec<&'static str> {
    let checks = evidence.judge(&expect(yaml));
    checks.iter().filter(|check| !check.ok).map(|check| check.name).collect()
}

#[test]
fn names_that_sound_alike_are_one_name_where_they_were_spoken() {
    let wanted = "{appointment: {patient: Merry Johnson}}";
    assert_eq!(failing(&booked(), wanted), ["appointment"]);
    let sound = |word: &str, phones: &str| (word.to_owned(), [phones.to_owned()].into());
    let sounds = [sound("merry", "M EH R IY"), sound("mary", "M EH R IY")].into();
    let spoken = Evidence { sounds, ..booked() };
    assert_eq!(failing(&spoken, wanted), [""; 0]);
    assert_eq!(failing(&spoken, "{appointment: {patient: Terry Johnson}}"), ["appointment"]);
}

fn booked() -> Evidence {
    let ids = SeededIds::new(1);
    let (given, made, other) = (visit(&ids, 14, 9), visit(&ids, 16, 9), visit(&ids, 16, 10));
    Evidence {
        today: Some(date(2026, 6, 15)),
        outcome: Some(CallOutcome::Booked),
        before: vec![given.clone()],
        others: vec![other.id],
        after: vec![given, made, other],
        agent: vec!["Hello.".to_owned(), "Your reference is D F.".to_owned()],
        agent_turns: 7,
        intelligible: None,
        sounds: Sounds::new(),
        fault: None,
    }
}

#[test]
fn a_call_that_booked_what_was_expected_passes_every_check() {
    let all = "{outcome: booked, appointments_count: 1, said: [reference], not_said: [sorry], \
               max_agent_turns: 7, appointment: {doctor: Dr. samira hassan, specialty: Cardiology, \
               date: +1d, part_of_day: morning, time: '09:00', patient: mary johnson}}";
    let checks = booked().judge(&expect(all));
    assert_eq!(checks.len(), 6);
    assert!(checks.iter().all(|check| check.ok), "{checks:?}");
}

#[test]
fn each_part_of_the_appointment_counts() {
    for wrong in [
        "{doctor: David Mansour}",
        "{specialty: pediatrics}",
        "{date: +2d}",
        "{part_of_day: afternoon}",
        "{time: '09:25'}",
        "{patient: Omar Khalil}",
    ] {
        let failed = failing(&booked(), &format!("{{appointment: {wrong}}}"));
        assert_eq!(failed, ["appointment"], "{wrong}");
    }
}

#[test]
fn what_somebody_else_booked_or_what_stood_before_does_not_count() {
    let mut evidence = booked();
    evidence.after.remove(1);
    assert_eq!(failing(&evidence, "{appointments_count: 0}"), [""; 0]);
    assert_eq!(failing(&evidence, "{appointment: {}}"), ["appointment"]);
    assert_eq!(
        failing(&evidence, "{outcome: booked}"),
        ["outcome"],
        "the record alone is no proof"
    );
}

#[test]
fn a_moved_appointment_is_not_a_new_one() {
    let ids = SeededIds::new(1);
    let given = visit(&ids, 14, 9);
    let moved = Visit { start: datetime(2026, 6, 16, 9, 0, 0, 0), ..given.clone() };
    let evidence = Evidence {
        today: Some(date(2026, 6, 10)),
        outcome: Some(CallOutcome::Rescheduled),
        before: vec![given],
        after: vec![moved],
        ..Evidence::default()
    };
    let yaml = "{outcome: rescheduled, appointments_count: 0, appointment: {date: 2026-06-16}}";
    assert_eq!(failing(&evidence, yaml), [""; 0]);
}

#[test]
fn a_cancelled_appointment_is_looked_for_among_the_cancelled() {
    let ids = SeededIds::new(1);
    let given = visit(&ids, 14, 9);
    let evidence = Evidence {
        outcome: Some(CallOutcome::Cancelled),
        after: vec![Visit { live: false, ..given.clone() }],
        before: vec![given],
        ..Evidence::default()
    };
    let yaml = "{outcome: cancelled, appointments_count: 0, appointment: {date: 2026-06-14}}";
    assert_eq!(failing(&evidence, yaml), [""; 0]);
    let untouched = Evidence { after: evidence.before.clone(), ..evidence };
    assert_eq!(failing(&untouched, "{outcome: cancelled}"), ["outcome"]);
}

#[test]
fn a_call_without_a_record_or_with_a_fault_fails() {
    let evidence = Evidence { outcome: None, ..booked() };
    assert_eq!(failing(&evidence, "{outcome: booked}"), ["outcome"]);
    let evidence = Evidence { fault: Some("no agent".to_owned()), ..booked() };
    assert_eq!(failing(&evidence, "{}"), ["call"]);
}

#[test]
fn an_agent_that_cannot_be_understood_fails_a_spoken_call() {
    let heard = |share| Evidence { intelligible: Some(share), ..booked() };
    assert_eq!(failing(&heard(0.8), "{outcome: booked}"), [""; 0]);
    assert_eq!(failing(&heard(0.79), "{outcome: booked}"), ["intelligible"]);
}

#[test]
fn a_write_that_nobody_expected_is_a_wrong_one() {
    let wrong = |evidence: &Evidence, yaml| evidence.wrote_wrongly(&expect(yaml));
    for right in ["{outcome: booked, appointments_count: 1}", "{appointment: {time: '09:00'}}"] {
        assert!(!wrong(&booked(), right), "{right}");
    }
    for not in [
        "{outcome: answered}",
        "{outcome: cancelled}",
        "{outcome: booked, appointments_count: 0}",
        "{outcome: booked, appointment: {time: '11:00'}}",
    ] {
        assert!(wrong(&booked(), not), "{not}");
    }
    let mut nothing = booked();
    nothing.after.truncate(1);
    assert!(
        !wrong(&nothing, "{outcome: booked, appointment: {time: '11:00'}}"),
        "it wrote nothing"
    );
    nothing.after[0].live = false;
    assert!(wrong(&nothing, "{outcome: booked}"), "what stood before is gone");
}

#[test]
fn words_and_turns_are_counted_over_the_whole_call() {
    let failed =
        failing(&booked(), "{said: [hello, goodbye], not_said: [referen.e], max_agent_turns: 6}");
    assert_eq!(failed, ["said", "not_said", "max_agent_turns"]);
}
