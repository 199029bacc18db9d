//! Bad input: one clear line, the documented exit code, nothing half-started.

use std::process::Output;
use std::time::Duration;

use crate::desk::Desk;

fn one_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let errors: Vec<_> = text.lines().filter(|line| line.starts_with("frontdesk: ")).collect();
    assert_eq!(errors.len(), 1, "one line says what is wrong:\n{text}");
    errors[0].to_owned()
}

#[tokio::test]
async fn a_wrong_command_line_ends_with_code_2() {
    let desk = Desk::new();
    for args in [&["answer"][..], &["token"], &["serve", "--port", "1"], &[]] {
        assert_eq!(desk.run(args).await.status.code(), Some(2), "{args:?}");
    }
    let version = desk.run(&["--version"]).await;
    assert_eq!(version.status.code(), Some(0));
    assert_eq!(
        String::from_utf8_lossy(&version.stdout).trim(),
        format!("frontdesk {}", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn a_wrong_configuration_ends_with_code_2_and_one_line() {
    for (name, value, says) in [
        ("FRONTDESK_LISTEN", "everywhere", "FRONTDESK_LISTEN is \"everywhere\": expected"),
        ("FRONTDESK_LISTN", "127.0.0.1:1", "did you mean FRONTDESK_LISTEN?"),
        ("LIVEKIT_URL", "ws://127.0.0.1:1", "LIVEKIT_API_KEY is not"),
        ("FRONTDESK_CONFIG", "absent.toml", "absent.toml cannot be read"),
        ("DATABASE_URL", "mysql://u:hunter2@host/db", "DATABASE_URL is [secret]"),
        ("DATABASE_URL", "postgres://u:hunter2@10.1.2.3/db", "to another machine without TLS"),
    ] {
        let desk = Desk::new().with(name, value);
        let output = desk.run(&["serve"]).await;
        assert_eq!(output.status.code(), Some(2), "{name}");
        let line = one_line(&output);
        assert!(line.contains(says), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
        assert!(!desk.data_dir().exists(), "nothing was started");
    }
}

#[tokio::test]
async fn a_taken_port_ends_with_code_3_before_anything_is_started() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let desk = Desk::new().with("FRONTDESK_LISTEN", &address);
    let output = desk.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(3));
    let line = one_line(&output);
    assert!(line.contains(&address) && line.contains("FRONTDESK_LISTEN"), "{line}");
    assert!(!desk.data_dir().join("postgres").exists(), "nothing was started");
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn a_database_that_does_not_answer_ends_with_code_3_and_no_password() {
    let desk = Desk::new().with("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:1/desk");
    let begun = tokio::time::Instant::now();
    let output = desk.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(3));
    let line = one_line(&output);
    assert!(line.contains("DATABASE_URL") && line.contains("refused"), "{line}");
    assert!(begun.elapsed() < Duration::from_secs(2), "told after {:?}", begun.elapsed());
    assert!(!desk.data_dir().exists(), "nothing was started");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"), "{line}");
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn a_livekit_server_that_does_not_answer_ends_with_code_3_and_the_database_stopped() {
    let desk = Desk::new()
        .with("LIVEKIT_URL", "ws://127.0.0.1:1")
        .with("LIVEKIT_API_KEY", "key")
        .with("LIVEKIT_API_SECRET", "hunter2hunter2hunter2hunter2hunter2");
    let output = desk.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(3));
    let line = one_line(&output);
    assert!(line.contains("LIVEKIT_URL"), "{line}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"), "{line}");
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn an_absent_server_program_ends_with_code_3_and_says_what_to_install() {
    let desk = Desk::new().with("LIVEKIT_SERVER_BIN", "/nowhere/livekit-server");
    let output = desk.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(3));
    let line = one_line(&output);
    assert!(
        line.contains("/nowhere/livekit-server") && line.contains("LIVEKIT_SERVER_BIN"),
        "{line}"
    );
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_without_a_server_says_what_to_start() {
    let output = Desk::new().run(&["token", "--clinic", "nile-heart"]).await;
    assert_eq!(output.status.code(), Some(3));
    let line = one_line(&output);
    assert!(line.contains("frontdesk serve"), "{line}");
}

#[tokio::test]
async fn a_missing_folder_of_documents_ends_with_code_3_before_anything_is_started() {
    let desk = Desk::new().with("FRONTDESK_DOCUMENTS", "/nowhere/documents");
    let output = desk.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(3));
    let line = one_line(&output);
    assert!(line.contains("FRONTDESK_DOCUMENTS /nowhere/documents"), "{line}");
    assert!(!desk.data_dir().join("postgres").exists(), "nothing was started");
}
