//! What a panic says may quote a caller: it is told to nobody, and no memory is left on the disk.

use rustix::process::Signal;

use crate::desk::Desk;

const MARKER: &str = "Hoda Aziz, born 1970-05-05";

#[tokio::test]
async fn the_text_of_a_panic_is_written_nowhere_and_its_place_is() {
    let desk = Desk::new().with("PANIC_WITH", MARKER).with("FRONTDESK_LOG", "trace");
    let mut serve = desk.start(&["serve"]);
    let told = async |serve: &crate::desk::Process| {
        serve.log().lines().find(|line| line.contains("a thread panicked")).map(str::to_owned)
    };
    let line = serve.until("the panic is told", told).await;
    assert!(line.contains("cli/mod.rs:") && line.contains("fault"), "{line}");
    let url = serve.url().await;
    serve.ready(&url).await;
    let pid = serve.child.id().expect("it runs");
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("one");
    assert!(core.split_whitespace().any(|field| matches!(field, "0" | "1")), "{core}");
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0));
    let (log, output) = (serve.log(), serve.output());
    for part in ["Hoda", "1970-05-05"] {
        assert!(!log.contains(part) && !output.contains(part), "{part} is told");
    }
    assert!(!log.contains("Bearer"), "no token is logged at trace");
}

#[tokio::test]
async fn before_there_is_a_log_the_place_of_a_panic_goes_to_standard_error() {
    let desk = Desk::new().with("PANIC_WITH", MARKER).with("FRONTDESK_LOG", "off");
    let output = desk.run(&["token", "--clinic", "nile-heart"]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!error.contains("Hoda"), "{error}");
    assert!(error.contains("frontdesk: a thread panicked at "), "{error}");
}
