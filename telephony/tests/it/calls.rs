//! Calls from the first message to the last.

use std::time::Duration;

use frontdesk_line::{CallerKind, Gone, LineEvent, Transfer};
use frontdesk_telephony::Counts;
use frontdesk_types::{Phi, SAMPLES_PER_FRAME};

use crate::phone::{CLINIC, Office, Phone, answer};

const LOUD: [i16; SAMPLES_PER_FRAME] = [8000; SAMPLES_PER_FRAME];

#[tokio::test]
async fn a_call_is_answered_and_nothing_is_left_when_the_caller_hangs_up() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let sdp = phone.sdp("0 8", "sendrecv");
    let invite = phone.request("INVITE", "", &sdp);
    phone.send(&invite).await;
    let answered = office.answer().await;
    let mut statuses = Vec::new();
    while statuses.last() != Some(&200) {
        statuses.push(phone.message().await.status());
    }
    assert_eq!(statuses, [100, 180, 200]);
    assert_eq!(answered.caller.kind, CallerKind::Phone);
    assert_eq!(answered.caller.dialled.as_deref(), Some(CLINIC));
    assert_eq!(answered.caller.number, Some(Phi::new("+201001234567".to_owned())));
    let abilities = answered.line.abilities();
    assert!(abilities.dtmf && abilities.transfer && !abilities.text && !abilities.captions);

    // The same phone, in earnest.
    let mut phone = Phone::new(&office).await;
    let (answer, mut other) = {
        let dial = phone.dial("0 8");
        let (dialled, other) = tokio::join!(dial, office.answer());
        (dialled.0, other)
    };
    assert!(answer.header("Allow").is_some_and(|allow| allow.contains("CANCEL")));
    assert_eq!(phone.ask("OPTIONS", "", "").await.status(), 200);
    assert_eq!(phone.ask("INFO", "", "").await.status(), 415);
    assert_eq!(phone.ask("BYE", "", "").await.status(), 200);
    assert_eq!(other.event().await, LineEvent::CallerGone(Gone::Left));
    other.line.hang_up().await;
    assert_eq!(phone.ask("OPTIONS", "", "").await.status(), 481, "the call is over");

    // The first one never acknowledged the answer; we hang up.
    let line = answered.line.clone();
    let hanging = tokio::spawn(async move { line.hang_up().await });
    hanging.await.expect("hung up");
    drop((answered.line, other.line));
    office.is_empty().await;
    office.telephone.close().await;
}

#[tokio::test]
async fn the_office_hangs_up_and_its_sound_ends_at_once() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let (_, answered) = tokio::join!(phone.dial("0"), office.answer());
    let line = answered.line.clone();
    let hanging = tokio::spawn(async move { line.hang_up().await });
    let bye = phone.message().await;
    assert_eq!(bye.method(), "BYE");
    assert_eq!(office.telephone.counts().sockets, 0, "released before the other end says so");
    assert!(!answered.line.play(1, &LOUD));
    phone.respond(&bye, "200 OK").await;
    hanging.await.expect("hung up");
    drop(answered.line);
    office.is_empty().await;
}

#[tokio::test]
async fn an_end_that_never_answers_is_not_waited_for_for_long() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let (_, answered) = tokio::join!(phone.dial("0"), office.answer());
    let hung_up = tokio::time::timeout(Duration::from_secs(8), answered.line.hang_up()).await;
    assert!(hung_up.is_ok());
    drop(answered.line);
    office.is_empty().await;
}

#[tokio::test]
async fn a_line_that_nobody_hangs_up_hangs_up_itself() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let (_, answered) = tokio::join!(phone.dial("0"), office.answer());
    drop(answered.line);
    let bye = phone.message().await;
    assert_eq!(bye.method(), "BYE");
    phone.respond(&bye, "200 OK").await;
    office.is_empty().await;
}

#[tokio::test]
async fn a_caller_who_gives_up_before_the_answer_is_not_called_for() {
    let office = Office::new().await;
    office.open.send_replace(false);
    let mut phone = Phone::new(&office).await;
    let sdp = phone.sdp("0", "sendrecv");
    let invite = phone.request("INVITE", "", &sdp);
    phone.send(&invite).await;
    assert_eq!(phone.message().await.status(), 100);
    let cancel = phone.request("CANCEL", "", "");
    phone.send(&cancel).await;
    let mut answers = [phone.answer().await, phone.answer().await]
        .map(|answer| (answer.status(), answer.header("CSeq").unwrap_or_default().to_owned()));
    answers.sort();
    let expected = [(200, "2 CANCEL".to_owned()), (487, "2 INVITE".to_owned())];
    assert_eq!(answers, expected);
    let ack = phone.request("ACK", "", "");
    phone.send(&ack).await;
    office.open.send_replace(true);
    office.is_empty().await;
}

#[tokio::test]
async fn a_caller_who_gives_up_while_it_rings_has_no_line() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let sdp = phone.sdp("0", "sendrecv");
    let invite = phone.request("INVITE", "", &sdp);
    phone.send(&invite).await;
    let (caller, call) = office.rings().await;
    let cancel = phone.request("CANCEL", "", "");
    phone.send(&cancel).await;
    let mut statuses = [phone.answer().await.status(), phone.answer().await.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 487]);
    // The dialog's end reaches the call a moment after the answer.
    office.until(Counts { calls: 1, sockets: 0, tasks: 2 }).await;
    let refused = answer(caller, call).await.err().expect("nobody is there");
    assert_eq!(refused.to_string(), "the caller gave up");
    office.is_empty().await;
}

#[tokio::test]
async fn hold_and_resume_are_answered_and_obeyed() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let (_, mut answered) = tokio::join!(phone.dial("0"), office.answer());
    assert!(answered.line.play(1, &LOUD));
    let hold = phone.sdp("0", "sendonly");
    let held = phone.ask("INVITE", "", &hold).await;
    assert_eq!(held.status(), 200);
    assert!(held.body().contains("a=recvonly"), "{held:?}");
    assert!(!answered.line.play(2, &LOUD), "nobody hears");
    assert_eq!(answered.event().await, LineEvent::Held);
    let back = phone.sdp("0", "sendrecv");
    let resumed = phone.ask("UPDATE", "", &back).await;
    assert_eq!(resumed.status(), 200);
    assert!(resumed.body().contains("a=sendrecv"), "{resumed:?}");
    assert!(answered.line.play(3, &LOUD));
    assert_eq!(answered.event().await, LineEvent::Resumed);

    // Another law, and one that we do not have.
    let other = phone.sdp("8", "sendrecv");
    let changed = phone.ask("INVITE", "", &other).await;
    assert!(changed.body().contains("PCMA/8000"), "{changed:?}");
    let none = phone.sdp("18", "sendrecv");
    assert_eq!(phone.ask("INVITE", "", &none).await.status(), 488);
    assert!(answered.line.play(4, &LOUD), "all is as it was");

    // Asked what we offer, we say it, and the acknowledgement holds the answer.
    let asked = phone.request("INVITE", "", "");
    phone.send(&asked).await;
    let offer = phone.answer().await;
    assert!(offer.body().contains("m=audio") && offer.body().contains("PCMA/8000"), "{offer:?}");
    let inactive = phone.sdp("0", "inactive");
    let ack = phone.request("ACK", "", &inactive);
    phone.send(&ack).await;
    let end = tokio::time::Instant::now() + crate::phone::PATIENCE;
    while answered.line.play(5, &LOUD) {
        assert!(tokio::time::Instant::now() < end, "the answer in the acknowledgement counts");
        tokio::task::yield_now().await;
    }
    let line = answered.line.clone();
    let hanging = tokio::spawn(async move { line.hang_up().await });
    let bye = phone.message().await;
    phone.respond(&bye, "200 OK").await;
    hanging.await.expect("hung up");
}

#[tokio::test]
async fn a_call_is_handed_to_another_number_or_stays() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let (_, mut answered) = tokio::join!(phone.dial("0"), office.answer());
    let transfer = |to: &str| {
        let (line, to) = (answered.line.clone(), Transfer { to: Phi::new(to.to_owned()) });
        tokio::spawn(async move { line.transfer(to).await.map_err(|error| error.to_string()) })
    };
    let done = |state: &str, line: &str| {
        let headers = format!("Event: refer\r\nSubscription-State: {state}\r\n");
        (headers, line.to_owned())
    };
    let told = transfer("nobody").await.expect("ends");
    assert!(told.is_err_and(|error| error.contains("no number")));

    let refused = transfer("+201005550111");
    let refer = phone.message().await;
    let to = refer.header("Refer-To").expect("a target").to_owned();
    assert!(to.starts_with("<sip:+201005550111@127.0.0.1:"), "{to}");
    phone.respond(&refer, "405 Method Not Allowed").await;
    assert!(refused.await.expect("ends").is_err_and(|error| error.contains("405")));

    for (last, outcome) in [("SIP/2.0 486 Busy Here", Some("486")), ("SIP/2.0 200 OK", None)] {
        let transferring = transfer("+201005550111");
        let refer = phone.message().await;
        assert_eq!(refer.method(), "REFER");
        phone.respond(&refer, "202 Accepted").await;
        let news = [done("active;expires=60", "SIP/2.0 100 Trying"), done("terminated", last)];
        for (headers, body) in news {
            assert_eq!(phone.ask("NOTIFY", &headers, &body).await.status(), 200);
        }
        let told = transferring.await.expect("ends");
        match outcome {
            Some(status) => assert!(told.is_err_and(|error| error.contains(status))),
            None => assert_eq!(told, Ok(())),
        }
    }
    assert_eq!(answered.event().await, LineEvent::CallerGone(Gone::Left));
    let late = done("active", "SIP/2.0 100 Trying");
    assert_eq!(phone.ask("NOTIFY", &late.0, &late.1).await.status(), 481, "nothing goes on");
}
