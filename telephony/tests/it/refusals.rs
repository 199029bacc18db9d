//! What is refused, and with which answer.

use frontdesk_telephony::Rejection;

use crate::phone::{Office, Phone};

#[tokio::test]
async fn each_reason_has_its_answer() {
    for (refusal, status, retry) in [
        (Rejection::UnknownNumber, 404, false),
        (Rejection::Closed, 480, false),
        (Rejection::Full, 486, true),
        (Rejection::Unavailable, 503, true),
    ] {
        let office = Office::deciding(move |_| Err(refusal)).await;
        let mut phone = Phone::new(&office).await;
        let sdp = phone.sdp("0", "sendrecv");
        let answer = phone.ask("INVITE", "", &sdp).await;
        assert_eq!(answer.status(), status, "{refusal:?}");
        assert_eq!(answer.header("Retry-After").is_some(), retry, "{answer:?}");
        office.is_empty().await;
    }
}

#[tokio::test]
async fn what_we_do_not_do_is_refused_before_anybody_is_asked() {
    let office = Office::deciding(|_| panic!("nobody is asked")).await;
    let mut phone = Phone::new(&office).await;
    let sdp = phone.sdp("0", "sendrecv");
    let required = phone.ask("INVITE", "Require: 100rel\r\n", &sdp).await;
    assert_eq!((required.status(), required.header("Unsupported")), (420, Some("100rel")));
    let opus = phone.sdp("96", "sendrecv");
    assert_eq!(phone.ask("INVITE", "", &opus).await.status(), 488);
    assert_eq!(phone.ask("INVITE", "", "this is no description").await.status(), 488);
    for method in ["REGISTER", "MESSAGE", "SUBSCRIBE", "REFER"] {
        let answer = phone.ask(method, "", "").await;
        assert_eq!(answer.status(), 405, "{method}");
        assert!(answer.header("Allow").is_some_and(|allow| allow.contains("INVITE")), "{answer:?}");
    }
    assert_eq!(phone.ask("BYE", "", "").await.status(), 481);
    let stray = phone.request("CANCEL", "", "");
    phone.send(&stray).await;
    assert_eq!(phone.answer().await.status(), 481);
    office.is_empty().await;
}

#[tokio::test]
async fn a_call_that_comes_by_two_ways_is_taken_once() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let sdp = phone.sdp("0", "sendrecv");
    let first = phone.request("INVITE", "", &sdp);
    phone.send(&first).await;
    let _held = office.rings().await;
    phone.send(&first.replace("branch=z9hG4bK", "branch=z9hG4bKother")).await;
    assert_eq!(phone.answer().await.status(), 482);
}

#[tokio::test]
async fn a_telephone_that_closes_takes_no_more_calls_and_keeps_those_it_has() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    assert_eq!(phone.ask("OPTIONS", "", "").await.status(), 200);
    let (_, answered) = tokio::join!(phone.dial("0"), office.answer());
    office.telephone.drain();
    let mut other = Phone::new(&office).await;
    let sdp = other.sdp("0", "sendrecv");
    let refused = other.ask("INVITE", "", &sdp).await;
    assert_eq!((refused.status(), refused.header("Retry-After").is_some()), (503, true));
    assert_eq!(other.ask("OPTIONS", "", "").await.status(), 503, "trunks ask like this");
    assert!(answered.line.play(1, &[0; frontdesk_types::SAMPLES_PER_FRAME]));
    assert_eq!(phone.ask("BYE", "", "").await.status(), 200);
    drop(answered.line);
    office.is_empty().await;
}

#[tokio::test]
async fn a_call_that_nobody_answers_after_all_is_refused() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let sdp = phone.sdp("0", "sendrecv");
    let invite = phone.request("INVITE", "", &sdp);
    phone.send(&invite).await;
    drop(office.rings().await);
    assert_eq!(phone.answer().await.status(), 503);
}
