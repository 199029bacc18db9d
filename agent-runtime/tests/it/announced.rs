//! A runtime tells where it is only if that is asked for, and never a secret.

use rustix::process::Signal;

use crate::desk::Desk;

#[tokio::test]
async fn the_data_folder_tells_where_the_runtime_is_if_that_is_asked_for() {
    let desk = Desk::new().with("FRONTDESK_ANNOUNCE", "1");
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let file = desk.data_dir().join("runtime.json");
    let text = std::fs::read_to_string(&file).expect("the file");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let keys: Vec<&String> = json.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["allow_call_clock", "http", "pid"], "nothing else: {text}");
    assert_eq!(format!("http://{}", json["http"].as_str().expect("an address")), url);

    // The runner finds it; the database comes from the runner's own configuration.
    let replay = desk.run(&["replay", "no-such-call"]).await;
    let error = String::from_utf8_lossy(&replay.stderr).into_owned();
    assert_eq!(replay.status.code(), Some(2), "{error}");
    assert!(error.contains("no call \"no-such-call\" has a decision log"), "{error}");

    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
    assert!(!file.exists(), "it goes with the runtime");
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn a_runtime_that_nobody_asked_is_not_found_and_the_user_reads_what_to_do() {
    let desk = Desk::new();
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    assert!(!desk.data_dir().join("runtime.json").exists());

    let chat = desk.run(&["chat", "--clinic", "nile-heart"]).await;
    let error = String::from_utf8_lossy(&chat.stderr).into_owned();
    assert_eq!(chat.status.code(), Some(3), "{error}");
    let line = error.lines().last().expect("an error");
    assert!(line.contains("in use by another frontdesk"), "{line}");
    assert!(line.contains("FRONTDESK_ANNOUNCE=1"), "{line}");

    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}
