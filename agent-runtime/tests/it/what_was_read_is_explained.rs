//! `frontdesk chat --explain` prints what was read into each line.

use std::process::Stdio;

use frontdesk_pipelines::dialogue::reading::{ActKind, Reading};
use rustix::process::Signal;
use tokio::io::AsyncWriteExt as _;

use crate::desk::Desk;

const LINES: &str = "I need a cardiologist on Sunday, purple elephants\nbye\n";

async fn chat(desk: &Desk, form: &str) -> String {
    let mut command = desk.command(&["chat", "--clinic", "nile-heart", form]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut typed = child.stdin.take().expect("piped");
    typed.write_all(LINES.as_bytes()).await.expect("typed");
    drop(typed);
    let output = child.wait_with_output().await.expect("it ends");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{error}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test]
async fn chat_tells_acts_wish_and_what_is_left_over_of_each_line() {
    let desk = Desk::new().with("FRONTDESK_ANNOUNCE", "1");
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;

    let text = chat(&desk, "--explain").await;
    let line = |part: &str| text.lines().any(|line| line.starts_with("  |") && line.contains(part));
    assert!(line("“on Sunday”") || line("“Sunday”"), "{text}");
    assert!(line("specialty") && line("in cardiology"), "{text}");
    assert!(line("“purple elephants”"), "{text}");
    assert!(line("bye"), "{text}");

    let text = chat(&desk, "--explain=json").await;
    let readings: Vec<Reading> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let [first, last] = readings.as_slice() else { panic!("two readings: {text}") };
    assert_eq!(first.wish.specialty.as_deref(), Some("cardiology"), "{text}");
    assert!(first.has(ActKind::Time) && !first.wish.when.is_empty(), "{text}");
    let left: Vec<&str> = first.left.iter().map(|at| first.words[*at].as_str()).collect();
    assert!(left.ends_with(&["purple", "elephants"]), "{text}");
    assert!(last.has(ActKind::Bye) && last.takes_leave(), "{text}");

    let text = chat(&desk, "--explain=text").await;
    assert!(text.contains("  |"), "{text}");
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
}
