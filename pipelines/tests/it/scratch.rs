//! Scratch.
use crate::dialogue_sim::{Call, Clinic};
#[test]
#[ignore]
fn scratch() {
    let text = std::fs::read_to_string("/tmp/reading-lines.txt").expect("there");
    for line in text.lines().filter(|l| !l.is_empty()) {
        let mut clinic = Clinic::new();
        clinic.given(0, "Haddad", "2026-06-14T09:00");
        let mut call = Call::new(clinic);
        let parts: Vec<&str> = line.split(" | ").collect();
        for part in &parts[..parts.len() - 1] {
            call.hears(part);
        }
        let last = parts[parts.len() - 1];
        let text = call.hears(last);
        println!("> {line}\n    {text}{}", if call.outcome.is_some() { "  [ENDED]" } else { "" });
    }
}
