//! Each example runs with the very lines that its first comment gives, and is short.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines that an example may have.
const LONGEST: usize = 80;

/// The program of an example, which cargo has built beside this test's.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    own.parent().and_then(Path::parent).expect("the profile's folder").join("examples").join(name)
}

/// What the caller says in the command of the example's comment.
fn lines(source: &str) -> Vec<String> {
    let comment = source.lines().take_while(|line| line.starts_with("//!"));
    let comment: String =
        comment.map(|line| format!("{} ", line.trim_start_matches("//!"))).collect();
    comment
        .split("--say \"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(line, _)| line.to_owned()))
        .collect()
}

fn run(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(format!("{name}.rs"));
    let source = std::fs::read_to_string(path).expect("its source");
    assert!(source.lines().count() <= LONGEST, "{name} is longer than {LONGEST} lines");
    let lines = lines(&source);
    assert!(!lines.is_empty(), "{name} says how it is run");
    let mut command = Command::new(program(name));
    command.args(lines.iter().flat_map(|line| ["--say", line]));
    let output = command.output().expect("it runs: `cargo test` builds it, `--test it` does not");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{name}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn hello_learns_a_name() {
    let text = run("hello");
    assert!(text.contains("Nice to meet you, Mary") && text.contains("Goodbye, Mary!"), "{text}");
    assert!(text.contains("ended : answered"), "{text}");
}

#[test]
fn front_desk_answers_what_the_built_in_one_does_not_know() {
    let text = run("front_desk");
    assert!(text.contains("next to the waiting room"), "{text}");
    assert!(text.contains("full name"), "the built-in one goes on: {text}");
}

#[test]
fn custom_tool_looks_and_writes_after_a_yes() {
    let text = run("custom_tool");
    assert!(text.contains("About 15 minutes"), "{text}");
    assert!(text.contains("Shall I order it?") && text.contains("It is ordered"), "{text}");
}

#[test]
fn language_model_calls_its_tool_and_tells_what_it_was_told() {
    let text = run("language_model");
    assert!(text.contains("12 spaces are free at 12 Garden Street"), "{text}");
}
