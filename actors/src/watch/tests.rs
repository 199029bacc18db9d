use std::collections::VecDeque;

use frontdesk_line::{AgentState, CallerKind};
use frontdesk_types::{CallId, CallOutcome, Channel, ManualClock, Phi, SeededIds};

use super::*;

fn live(call: CallId) -> LiveCall {
    LiveCall {
        call,
        began_at: "2026-11-27T09:00:00Z".parse().expect("a moment"),
        channel: Channel::Web,
        caller_kind: CallerKind::App,
        room: "room".to_owned(),
        language: "en".to_owned(),
        caller_here: false,
        caller_identity: None,
        can_speak: true,
        can_type: true,
        patient: None,
        agent: AgentState::Initializing,
        speaking: Vec::new(),
        words: VecDeque::new(),
        tools: VecDeque::new(),
        red_flags: Vec::new(),
        taken_over: None,
    }
}

struct Feeds {
    watch: Watch,
    ids: SeededIds,
    clinic: ClinicId,
}

fn feeds() -> Feeds {
    let ids = SeededIds::new(1);
    let clock = ManualClock::new("2026-11-27T09:00:00Z".parse().expect("a moment"));
    Feeds { watch: Watch::new(Arc::new(clock)), clinic: ClinicId::new(&ids), ids }
}

impl Feeds {
    fn call(&self) -> (CallId, CallFeed) {
        let call = CallId::new(&self.ids);
        (call, self.watch.begin(self.clinic, live(call)))
    }
}

fn flag(flag: &str) -> What {
    What::RedFlag { flag: flag.to_owned() }
}

fn snapshot(start: Start) -> (EventNumber, Vec<LiveCall>) {
    match start {
        Start::Snapshot { last, calls } => (last, calls),
        Start::Missed(events) => panic!("a snapshot, not {events:?}"),
    }
}

#[tokio::test]
async fn who_subscribes_gets_the_state_and_then_every_event_in_order() {
    let feeds = feeds();
    let (call, feed) = feeds.call();
    feed.tell(flag("chest pain"));
    let (start, mut events) = feeds.watch.subscribe(feeds.clinic, None);
    let (last, calls) = snapshot(start);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].red_flags, ["chest pain"]);
    feed.tell(What::Agent { state: AgentState::Listening });
    feed.end(CallOutcome::Booked, None);
    let first = events.next().await.expect("an event");
    assert_eq!((first.number.0, first.call), (last.0 + 1, call));
    let second = events.next().await.expect("an event");
    assert_eq!(second.number.0, last.0 + 2);
    assert_eq!(second.what, What::Ended { outcome: CallOutcome::Booked, error: None });
    assert!(feeds.watch.list(feeds.clinic).is_empty());
    drop(feed);
    let other = ClinicId::new(&feeds.ids);
    assert!(feeds.watch.subscribe(feeds.clinic, Some(second.number)).0.is_nothing());
    assert!(feeds.watch.list(other).is_empty(), "another clinic has none of it");
    assert_eq!(feeds.watch.call(other, call), None);
}

impl Start {
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Missed(events) if events.is_empty())
    }
}

#[tokio::test]
async fn who_comes_back_gets_what_was_missed_and_a_snapshot_if_it_is_too_much() {
    let feeds = feeds();
    let (_, feed) = feeds.call();
    let (start, events) = feeds.watch.subscribe(feeds.clinic, None);
    let (last, _) = snapshot(start);
    drop(events);
    feed.tell(flag("one"));
    feed.tell(flag("two"));
    let (start, _) = feeds.watch.subscribe(feeds.clinic, Some(last));
    let Start::Missed(missed) = start else { panic!("what was missed, not {start:?}") };
    assert_eq!(
        missed.iter().map(|event| event.number.0).collect::<Vec<_>>(),
        [last.0 + 1, last.0 + 2]
    );
    for _ in 0..clinic::RECENT {
        feed.tell(flag("many"));
    }
    snapshot(feeds.watch.subscribe(feeds.clinic, Some(last)).0);
    // A number of another process, before or after this one.
    snapshot(feeds.watch.subscribe(feeds.clinic, Some(EventNumber(7))).0);
    snapshot(feeds.watch.subscribe(feeds.clinic, Some(EventNumber(u64::MAX - 1))).0);
}

#[tokio::test]
async fn a_slow_reader_holds_nobody_up_and_is_told() {
    let feeds = feeds();
    let (_, feed) = feeds.call();
    let (_, mut slow) = feeds.watch.subscribe(feeds.clinic, None);
    for _ in 0..=clinic::RECENT {
        feed.tell(flag("many"));
    }
    assert_eq!(slow.next().await, Err(NoEvent::Behind));
}

#[test]
fn the_versions_of_an_utterance_are_one_line() {
    let feeds = feeds();
    let (call, feed) = feeds.call();
    feed.said(Speaker::Caller, 0, Said::SoFar("I have".to_owned()));
    feed.said(Speaker::Agent, 0, Said::Piece("Good".to_owned()));
    feed.said(Speaker::Agent, 0, Said::Piece("morning.".to_owned()));
    feed.said(Speaker::Caller, 0, Said::All("I have a question".to_owned(), true));
    feed.said(Speaker::Agent, 0, Said::All("Good".to_owned(), false));
    feed.said(Speaker::Agent, 1, Said::All(String::new(), false));
    feed.wrote(Speaker::Caller, "hello".to_owned());
    let live = feeds.watch.call(feeds.clinic, call).expect("it is live");
    let line = |line, by, text: &str, complete| Words {
        line,
        by,
        text: Phi::new(text.to_owned()),
        is_final: true,
        complete,
    };
    let words: Vec<Words> = live.words.iter().map(|words| Words::clone(words)).collect();
    assert_eq!(
        words,
        [
            line(0, Speaker::Caller, "I have a question", true),
            line(1, Speaker::Agent, "Good", false),
            line(2, Speaker::Caller, "hello", true),
        ]
    );
}

#[test]
fn a_call_that_is_cut_is_over() {
    let feeds = feeds();
    let (_, feed) = feeds.call();
    drop(feed);
    assert!(feeds.watch.list(feeds.clinic).is_empty());
}

#[test]
fn an_event_is_json_with_its_words_and_debug_output_without() {
    let feeds = feeds();
    let (_, feed) = feeds.call();
    let (start, _) = feeds.watch.subscribe(feeds.clinic, None);
    let (last, _) = snapshot(start);
    feed.wrote(Speaker::Caller, "my name is Mary".to_owned());
    let (start, _) = feeds.watch.subscribe(feeds.clinic, Some(last));
    let Start::Missed(missed) = start else { panic!("what was missed") };
    let json = serde_json::to_value(&*missed[0]).expect("serializes");
    assert_eq!((&json["type"], &json["text"]), (&"words".into(), &"my name is Mary".into()));
    assert!(!format!("{missed:?}").contains("Mary"));
}
