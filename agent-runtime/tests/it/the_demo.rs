//! The main job: a demo call that leaves an appointment, and says nothing of it in the log.

use frontdesk_types::testing::{Person, Redaction};
use rustix::process::Signal;

use crate::desk::{Desk, Process, get};

/// The people of the demo clinics, whose data no log line may hold.
fn people() -> Vec<Person> {
    vec![
        Person::named("Mary Johnson").phone("+201001234567").born("1984-03-12"),
        Person::named("Omar Khalil").born("1971-11-30"),
        Person::named("Nadia Johnson").born("2015-07-02"),
        Person::named("Robert Green").phone("+201005550111").born("1950-01-25"),
    ]
}

/// The log lines of a program that shows a call: in the file that it names, none among the call's.
fn log_lines(desk: &Desk, program: &Process) -> String {
    let path = desk.data_dir().join("log/frontdesk.log");
    let shown = format!("Log lines go to {}", path.display());
    assert!(program.output().lines().any(|line| line.ends_with(&shown)), "{}", program.output());
    assert_eq!(program.log(), "", "standard error is for faults");
    let log = std::fs::read_to_string(&path).expect("the log");
    let written = log.lines().next().expect("something was logged");
    assert!(!program.output().contains(written), "no log line stands among the call's");
    log
}

#[tokio::test]
async fn the_demo_call_books_an_appointment_and_logs_nobody() {
    let desk = Desk::new().with("FRONTDESK_LOG", "info,frontdesk=trace");
    let recording = desk.folder.path().join("call.wav");
    let mut demo = desk.start(&["demo", "--record", recording.to_str().expect("UTF-8")]);
    assert_eq!(demo.exit_code().await, Some(0), "{}\n{}", demo.output(), demo.log());
    let output = demo.output();
    let log = log_lines(&desk, &demo);
    assert!(output.contains("Nile Heart Clinic, this is the automatic assistant"), "{output}");
    assert!(output.contains("I would like to book an appointment"), "{output}");
    let rows =
        output.lines().filter(|line| line.contains("made ") && line.contains(", reference "));
    assert_eq!(rows.count(), 2, "one row of the spoken call, one of the typed: {output}");
    assert!(output.contains("From the caller's last voiced frame"), "{output}");
    assert_eq!(desk.leftovers(), Vec::<String>::new());

    let wav = hound::WavReader::open(&recording).expect("a recording");
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, 16_000));
    let mut energy = [0.0; 2];
    for (i, sample) in wav.into_samples::<i16>().enumerate() {
        energy[i % 2] += f64::from(sample.expect("a sample")).powi(2);
    }
    assert!(energy.iter().all(|energy| *energy > 1e9), "both are heard: {energy:?}");

    let redaction = Redaction::watch(people());
    redaction.look_at(&log);
    assert!(redaction.lines() > 20, "the log was looked at");
}

#[tokio::test]
async fn run_places_the_same_call_and_keeps_serving() {
    let desk = Desk::new();
    let mut run = desk.start(&["run"]);
    let url = run.url().await;
    let booked = async |run: &Process| run.output().contains(", reference ").then_some(());
    run.until("the booked row is printed", booked).await;
    assert!(log_lines(&desk, &run).contains("job taken"));
    assert_eq!(get(&format!("{url}/readyz")).await.0, 200);
    run.signal(Signal::INT);
    assert_eq!(run.exit_code().await, Some(0), "{}", run.log());
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}
