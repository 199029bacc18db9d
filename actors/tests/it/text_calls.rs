//! Typed calls over `lk.chat`: of a hundred nothing is left.

use frontdesk_types::CallOutcome;
use futures_util::{StreamExt, stream};

use crate::leaks::settled;
use crate::rig::{Caller, Rig};

/// A name of letters alone, another one for each number.
pub(crate) fn name(number: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).expect("a letter"));
    format!("Quentin Zo{}{}{}", letter(number / 676), letter(number / 26), letter(number))
}

/// What a new patient types to what the agent has said.
pub(crate) fn reply(heard: &str, number: usize) -> String {
    let phone = format!("0100 55{number:05}");
    let rules: [(&str, &str); 8] = [
        ("full name", &name(number)),
        ("date of birth", "3 March 1990"),
        ("phone number", &phone),
        ("Which doctor", "any doctor"),
        ("Which one", "the first one"),
        ("Is that correct", "yes"),
        ("anything else", "I am new here and need an appointment with any doctor next week"),
        ("", "sorry?"),
    ];
    let rule = rules.iter().find(|(when, _)| heard.contains(when));
    rule.map(|(_, say)| (*say).to_owned()).expect("the last one fits everything")
}

/// A new patient asks where the clinic is, registers and books.
async fn books(caller: &mut Caller, number: usize) {
    caller.hears("automatic assistant").await;
    caller.types("where are you?").await;
    let mut heard = caller.hears("Garden Street").await;
    while !heard.contains("reference") {
        let line = reply(&heard, number);
        caller.types(&line).await;
        heard = caller.hears_any(&["?"]).await;
    }
    caller.types("no thank you").await;
}

async fn calls(rig: &Rig, numbers: std::ops::Range<usize>) {
    let one = async |number| {
        let (_, room, end) = rig.text_call();
        let mut caller = rig.caller(&room).await;
        books(&mut caller, number).await;
        let end = end.await.expect("the end is told");
        assert_eq!(end.outcome, CallOutcome::Booked, "{end:?}");
        caller.leave().await;
    };
    stream::iter(numbers).for_each_concurrent(20, one).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_hundred_typed_calls_the_process_holds_what_it_held_after_twenty() {
    let rig = Rig::alone(20).await;
    rig.fill_pool().await;
    calls(&rig, 0..20).await;
    let before = settled(&rig, None).await;
    calls(&rig, 20..120).await;
    let after = settled(&rig, Some(&before)).await;
    assert!(after.within(&before), "{after:?} after {before:?}");
    assert_eq!(rig.appointments().await, 120, "each call booked exactly once");
    rig.switchboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_of_a_typed_call_go_by_text_stream_alone() {
    let rig = Rig::start(2).await;
    let (_, room, end) = rig.text_call();
    let mut caller = rig.caller(&room).await;
    books(&mut caller, 7).await;
    assert_eq!(end.await.expect("the end is told").outcome, CallOutcome::Booked);
    // Clients built on LiveKit's native SDK end with a transcript of the older form that names no
    // track; to such a client this one is all of the wire.
    let stats = caller.room.stats();
    assert_eq!((stats.unread, stats.malformed), (0, 0), "of {} packets", stats.data_rx);
    caller.leave().await;

    // It belongs to calls with a voice.
    let (_, room, _end) = rig.call();
    let mut caller = rig.caller(&room).await;
    caller.hum().await;
    caller.hears("automatic assistant").await;
    caller.until("a transcript of the older form", |caller| caller.room.stats().unread > 0).await;
    caller.leave().await;
    rig.switchboard.stop().await;
}
