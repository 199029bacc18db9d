//! The telephone of a program that serves: announced, silent in the log, drained.

use frontdesk_types::testing::{Person, Redaction};
use rustix::process::Signal;

use crate::desk::{Desk, Process};
use crate::phone_raw::Raw;
use crate::phone_rig::NUMBER;

#[tokio::test]
async fn a_server_tells_its_telephone_address_logs_nobody_and_drains() {
    let desk = Desk::new()
        .with("FRONTDESK_SIP_LISTEN", "127.0.0.1:0")
        .with("FRONTDESK_MAX_CALLS", "1")
        .with("FRONTDESK_LOG", "info,frontdesk=trace,frontdesk_telephony=trace,rsipstack=trace");
    let mut serve = desk.start(&["serve"]);
    let sip = serve
        .until("the address is printed", async |serve| {
            let output = serve.output();
            let line = output.lines().find_map(|line| line.strip_prefix("By telephone: sip:"))?;
            let address = line.split(' ').next()?;
            address.strip_prefix(&format!("{NUMBER}@"))?.parse().ok()
        })
        .await;
    let mut lost = Raw::new(sip, "+15550000000").await;
    assert_eq!(lost.invite().await, 404);
    let mut caller = Raw::new(sip, NUMBER).await;
    assert_eq!(caller.invite().await, 200, "{}", serve.log());
    caller.hears().await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let mut second = Raw::new(sip, NUMBER).await;
        assert_eq!(second.invite().await, 200, "there is one place, and they may wait");
        second.hears().await;
        waiting.push(second);
    }
    let mut sixth = Raw::new(sip, NUMBER).await;
    assert_eq!(sixth.invite().await, 486, "no more than four wait");
    for waits in waiting {
        waits.bye().await;
    }
    caller.bye().await;
    let again = async |_: &Process| {
        let mut caller = Raw::new(sip, NUMBER).await;
        (caller.invite().await == 200).then_some(caller)
    };
    let caller = serve.until("the place is given back", again).await;
    caller.hears().await;
    serve.signal(Signal::TERM);
    serve.until("it drains", async |serve| serve.log().contains("draining").then_some(())).await;
    let mut late = Raw::new(sip, NUMBER).await;
    assert_eq!(late.invite().await, 503);
    caller.hears().await;
    caller.bye().await;
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
    let log = serve.log();
    assert!(
        log.contains("telephone call taken") && log.contains("telephone call refused"),
        "{log}"
    );
    let redaction = Redaction::watch(vec![Person::named("Mary Johnson").phone("+201001234567")]);
    redaction.look_at(&log);
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}
