//! A key ring that does not open what lies in the database is refused at start, by the names of its
//! keys.

use std::process::Output;

use frontdesk_tenants::crypt::KeyRing;
use rustix::process::Signal;

use crate::desk::Desk;

fn refused(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    let errors: Vec<_> = text.lines().filter(|line| line.starts_with("frontdesk: ")).collect();
    assert_eq!(errors.len(), 1, "one line says what is wrong:\n{text}");
    errors[0].to_owned()
}

async fn serves(desk: &Desk) {
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
}

#[tokio::test]
async fn another_ring_a_lost_file_and_another_key_of_the_same_name_are_refused_by_name() {
    let mut desk = Desk::new();
    serves(&desk).await;
    let file = desk.data_dir().join("data-keys");
    let kept = std::fs::read_to_string(&file).expect("keys were made");
    let (id, secret) = kept.split_once(':').expect("an id and a key");
    assert!(id.starts_with("local-") && id != "local-1", "no two keys have the same id: {id}");

    std::fs::rename(&file, file.with_extension("away")).expect("lost");
    let line = refused(&desk.run(&["serve"]).await);
    assert!(line.contains("data-keys") && line.contains(&format!("missing: {id}")), "{line}");
    assert!(!file.exists(), "no key is made where something is sealed");

    let same_name = KeyRing::generate(id);
    std::fs::write(&file, same_name.as_bytes()).expect("another");
    let line = refused(&desk.run(&["serve"]).await);
    assert!(line.contains("another key") && line.contains(id), "{line}");
    assert!(!line.contains(secret.trim()) && !line.contains(&same_name[id.len() + 1..]), "{line}");

    std::fs::rename(file.with_extension("away"), &file).expect("found again");
    let other = KeyRing::generate("other");
    desk = desk.with("FRONTDESK_DATA_KEYS", &*other);
    let line = refused(&desk.run(&["serve"]).await);
    assert!(line.contains("FRONTDESK_DATA_KEYS") && line.contains(id), "{line}");
    // A new key in front of the old one is how keys are changed.
    desk = desk.with("FRONTDESK_DATA_KEYS", format!("{},{kept}", *other));
    serves(&desk).await;
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}
