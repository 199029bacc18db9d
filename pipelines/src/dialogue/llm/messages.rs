//! The conversation as messages to a language model.

use frontdesk_models::llm::Message;
use frontdesk_types::Phi;

use super::state::{Call, Entry};

/// Entries of the conversation that a model is told at most, the latest ones.
const MAX_ENTRIES: usize = 120;

/// What stands for the result of a tool that has not returned.
const RUNNING: &str = r#"{"result":"running"}"#;

/// The messages after the instructions. What the agent said is what was heard of it; the results
/// of tools follow their calls at once, as models expect.
pub(super) fn messages(entries: &[Entry]) -> Vec<Message> {
    let mut messages = Vec::with_capacity(entries.len() + 1);
    for entry in latest(entries) {
        match entry {
            Entry::Caller(text) => messages.push(Message::User { text: text.clone() }),
            Entry::Note(text) => {
                messages.push(Message::User { text: Phi::new(format!("[{}]", text.expose())) });
            }
            Entry::Agent { text, cut, .. } => {
                let mut text = text.expose().trim().to_owned();
                if *cut {
                    text.push_str(" [the caller spoke]");
                }
                push_agent(&mut messages, text);
            }
            Entry::Calls(calls) => push_calls(&mut messages, calls),
        }
    }
    messages
}

/// The latest entries, from words of the caller on.
fn latest(entries: &[Entry]) -> &[Entry] {
    let Some(from) = entries.len().checked_sub(MAX_ENTRIES) else { return entries };
    let rest = &entries[from..];
    let caller = rest.iter().position(|entry| matches!(entry, Entry::Caller(_)));
    &rest[caller.unwrap_or_default()..]
}

/// Words of the agent; what it says in a row is one message.
fn push_agent(messages: &mut Vec<Message>, more: String) {
    if more.trim().is_empty() {
        return;
    }
    if let Some(Message::Assistant { text, calls }) = messages.last_mut()
        && calls.is_empty()
    {
        *text = Phi::new(format!("{} {more}", text.expose()));
        return;
    }
    messages.push(Message::Assistant { text: Phi::new(more), calls: Vec::new() });
}

fn push_calls(messages: &mut Vec<Message>, calls: &[Call]) {
    let made: Vec<_> = calls.iter().map(|call| call.made.clone()).collect();
    match messages.last_mut() {
        Some(Message::Assistant { calls, .. }) if calls.is_empty() => *calls = made,
        _ => messages.push(Message::Assistant { text: Phi::default(), calls: made }),
    }
    for call in calls {
        let text = call.result.clone().unwrap_or_else(|| Phi::new(RUNNING.to_owned()));
        messages.push(Message::Tool { id: call.made.id.clone(), text });
    }
}

#[cfg(test)]
mod tests {
    use frontdesk_models::llm::CallMade;

    use super::*;
    use crate::dialogue::UtteranceId;

    fn caller(text: &str) -> Entry {
        Entry::Caller(Phi::new(text.to_owned()))
    }

    fn agent(text: &str, cut: bool) -> Entry {
        Entry::Agent { utterance: Some(UtteranceId(1)), text: Phi::new(text.to_owned()), cut }
    }

    fn call(result: Option<&str>) -> Entry {
        let made = CallMade { id: "a".into(), name: "book".into(), args: Phi::new("{}".into()) };
        let result = result.map(|text| Phi::new(text.to_owned()));
        Entry::Calls(vec![Call { made, number: None, tool: None, before: None, result }])
    }

    #[test]
    fn results_follow_their_calls_and_what_the_agent_says_in_a_row_is_one_message() {
        let entries = [
            caller("the first"),
            agent("One moment.", false),
            call(Some("booked")),
            agent("Shall I book it?", false),
            caller("yes"),
        ];
        let told = messages(&entries);
        let shape: Vec<&str> = told
            .iter()
            .map(|message| match message {
                Message::System { .. } => "system",
                Message::User { .. } => "user",
                Message::Assistant { calls, .. } if calls.is_empty() => "assistant",
                Message::Assistant { .. } => "calls",
                Message::Tool { .. } => "tool",
            })
            .collect();
        assert_eq!(shape, ["user", "calls", "tool", "assistant", "user"]);
    }

    #[test]
    fn what_the_caller_cut_off_is_told_as_far_as_it_was_heard() {
        let told = messages(&[agent("Good morning,", true)]);
        let Message::Assistant { text, .. } = &told[0] else { panic!("{told:?}") };
        assert_eq!(text.expose(), "Good morning, [the caller spoke]");
    }

    #[test]
    fn of_a_long_call_the_latest_entries_are_told_from_words_of_the_caller_on() {
        let mut entries = Vec::new();
        for _ in 0..200 {
            entries.extend([caller("hello"), call(None), agent("hello", false)]);
        }
        let told = messages(&entries);
        assert!(told.len() <= 2 * MAX_ENTRIES, "{}", told.len());
        assert!(matches!(told[0], Message::User { .. }));
    }
}
