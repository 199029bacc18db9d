use jiff::civil::{date, datetime, time};

use super::*;

const WHOLE: &str = r#"
name: books_a_cardiologist_tomorrow
clinic: nile-heart
channel: web
voice: slt
now: "2026-06-10T09:00:00"
given: {appointments: [{patient: "Mary Johnson", doctor: "Samira Hassan", date: "2026-06-14", time: "09:00"}]}
meanwhile: [{when: "which (time|one)", take: offered}]
rules:
  - {when: "help you", say: "A cardiologist tomorrow", once: true}
  - {when: "is that correct|shall i book", say: "yes please", interrupt_after_ms: 300}
  - {when: "anything else", say: "no thank you", hang_up: true}
silence: "sorry, could you repeat that"
expect:
  outcome: booked
  appointment: {doctor: "Samira Hassan", specialty: cardiology, date: "+1d", part_of_day: morning}
  appointments_count: 1
  said: ["reference"]
  not_said: ["sorry"]
  max_agent_turns: 16
"#;

fn fault(text: &str) -> String {
    Scenario::parse("x.yaml", text).expect_err("refused").to_string()
}

#[test]
fn the_format_of_the_documentation_is_read_whole() {
    let scenario = Scenario::parse("x.yaml", WHOLE).expect("valid");
    assert_eq!(scenario.clinic, "nile-heart");
    assert_eq!(scenario.medium, Medium::Web);
    assert_eq!(scenario.voice.as_deref(), Some("slt"));
    assert_eq!(scenario.now, Some(datetime(2026, 6, 10, 9, 0, 0, 0)));
    assert_eq!(scenario.given.appointments[0].time, time(9, 0, 0, 0));
    assert_eq!(scenario.meanwhile[0].take, Take::Offered);
    assert!(scenario.rules[0].once && !scenario.rules[1].once);
    assert_eq!(scenario.rules[1].interrupt_after_ms, Some(300));
    assert!(scenario.rules[2].hang_up);
    assert!(scenario.rules[1].when.is_in("Shall I book it?"));
    let appointment = scenario.expect.appointment.expect("expected");
    let day = appointment.date.expect("a day").resolve(date(2026, 6, 30));
    assert_eq!(day, date(2026, 7, 1));
    assert_eq!(scenario.expect.outcome, Some(CallOutcome::Booked));
    assert_eq!(scenario.expect.max_agent_turns, Some(16));
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_nearest_known_one() {
    let cases = [
        ("voice:", "voise:", "voice"),
        ("say:", "sya:", "say"),
        ("appointments_count:", "appointment_count:", "appointment"),
        ("not_said:", "notsaid:", "not_said"),
        ("take:", "takes:", "take"),
        ("doctor: \"Samira Hassan\", date", "doktor: \"Samira Hassan\", date", "doctor"),
        ("part_of_day:", "partofday:", "part_of_day"),
    ];
    for (right, wrong, nearest) in cases {
        let message = fault(&WHOLE.replacen(right, wrong, 1));
        let word = wrong.split(':').next().unwrap_or_default();
        assert!(message.contains(&format!("unknown key {word:?}")), "{message}");
        assert!(message.contains(&format!("did you mean \"{nearest}")), "{message}");
        assert!(message.starts_with("x.yaml:") && !message.contains('\n'), "{message}");
    }
}

#[test]
fn values_that_do_not_fit_are_told_with_their_line() {
    let cases = [
        ("which (time|one)", "which (time|one", "x.yaml:8: when"),
        ("2026-06-10T09:00:00", "ten o'clock", "x.yaml:6: now"),
        ("date: \"+1d\"", "date: \"soon\"", "x.yaml:16: date"),
        ("time: \"09:00\"", "time: \"nine\"", "time is \"nine\""),
        ("outcome: booked", "outcome: bookt", "did you mean \"booked\""),
        ("channel: web", "channel: webb", "did you mean \"web\""),
        ("say: \"yes please\", interrupt_after_ms: 300", "once: true", "neither says"),
        ("when: \"help you\"", "when: \"\"", "when is empty"),
        ("clinic: nile-heart", "clinic: Nile Heart", "slug"),
        ("interrupt_after_ms: 300", "interrupt_after_ms: 300000", "60000"),
        ("max_agent_turns: 16", "max_agent_turns: many", "x.yaml:"),
    ];
    for (right, wrong, expected) in cases {
        let message = fault(&WHOLE.replacen(right, wrong, 1));
        assert!(message.contains(expected) && !message.contains('\n'), "{message}");
    }
    assert!(fault("name: x\nclinic: y\nrules: []\n").contains("\"expect\" is missing"));
    assert!(fault("").starts_with("x.yaml"));
}

#[test]
fn only_what_is_needed_has_to_be_there() {
    let text = "name: x\nclinic: nile-heart\nrules: []\nsilence: null\nexpect: {}\n";
    let scenario = Scenario::parse("x.yaml", text).expect("valid");
    assert_eq!(scenario.medium, Medium::Web);
    assert!(scenario.silence.is_none() && scenario.now.is_none());
    assert!(scenario.expect.outcome.is_none() && scenario.expect.said.is_empty());
}

#[test]
fn days_are_counted_from_the_day_of_the_call() {
    let today = date(2026, 10, 29);
    let cases = [
        ("today", date(2026, 10, 29)),
        ("+0d", date(2026, 10, 29)),
        ("+3d", date(2026, 11, 1)),
        ("-1d", date(2026, 10, 28)),
        ("+2w", date(2026, 11, 12)),
        ("2026-11-05", date(2026, 11, 5)),
    ];
    for (text, expected) in cases {
        assert_eq!(Day::parse(text).expect(text).resolve(today), expected);
    }
    for text in ["", "+", "+d", "1d", "+1m", "+1.5d", "2026-13-01", "+99999d"] {
        assert_eq!(Day::parse(text), None, "{text}");
    }
}

#[test]
fn words_are_found_as_a_pattern_and_to_the_letter() {
    assert!(Words::new("refer(ence|ral)".to_owned()).are_in("Your REFERENCE is"));
    assert!(Words::new("600 (".to_owned()).are_in("It costs 600 (pounds)."));
    assert!(Words::new("$120".to_owned()).are_in("That is $120."));
    assert!(!Words::new("penicillin".to_owned()).are_in("You are welcome."));
}

#[test]
fn the_part_of_day_goes_by_the_local_start() {
    assert_eq!(PartOfDay::of(time(11, 59, 0, 0)), PartOfDay::Morning);
    assert_eq!(PartOfDay::of(time(12, 0, 0, 0)), PartOfDay::Afternoon);
    assert_eq!(PartOfDay::of(time(16, 59, 0, 0)), PartOfDay::Afternoon);
    assert_eq!(PartOfDay::of(time(17, 0, 0, 0)), PartOfDay::Evening);
}
