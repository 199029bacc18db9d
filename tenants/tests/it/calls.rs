//! Call records, snapshots and takeover.

use frontdesk_tenants::By;
use frontdesk_tenants::calls::{self, CallbackReason, Message, NewCall, Speaker, Turn};
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_tenants::decisions::{self, Part};
use frontdesk_tenants::testing::{IDS, RING, TestDb, now, ring};
use frontdesk_types::{CallId, CallOutcome, Channel, MessageSubject, Phi};
use jiff::SignedDuration;

#[tokio::test]
async fn a_call_goes_on_at_another_worker_from_its_snapshot_and_the_first_one_notices() {
    let t = TestDb::seeded().await;
    let ring = ring();
    let id = CallId::new(&IDS);
    let lease = now() + SignedDuration::from_secs(10);
    let mut tx = t.begin("nile-heart").await;
    let new = NewCall {
        id,
        channel: Channel::Web,
        video: true,
        language: "en".to_owned(),
        room: Some("room".to_owned()),
        caller_phone: None,
        movable: false,
        worker: "first".to_owned(),
        lease_until: lease,
    };
    let first = calls::start(&mut tx, &ring, &new, false, now()).await.expect("started");
    let turn = |number, speaker, text: &str| Turn {
        number,
        speaker,
        text: Phi::new(text.to_owned()),
        metrics: serde_json::json!({"ms": 200}),
        spoken_at: now(),
    };
    let turns = [turn(0, Speaker::Agent, "hello"), turn(1, Speaker::Caller, "my heart")];
    calls::add_turns(&mut tx, &first, &turns).await.expect("turns");
    calls::add_turns(&mut tx, &first, &turns[1..]).await.expect("again");
    assert!(calls::save_snapshot(&mut tx, &first, 1, b"state 1", now()).await.expect("saved"));
    tx.commit().await.expect("commit");

    let mut tx = t.begin("nile-heart").await;
    let early = calls::take_over(&mut tx, &ring, id, "second", lease, now()).await;
    assert!(early.expect("asked").is_none(), "the lease still runs");
    let later = lease + SignedDuration::from_secs(10);
    let second = calls::take_over(&mut tx, &ring, id, "second", later, lease).await;
    let second = second.expect("asked").expect("taken over");
    let snapshot = calls::load_snapshot(&mut tx, &second).await.expect("read");
    assert_eq!(snapshot, Some((1, b"state 1".to_vec())));
    assert!(calls::save_snapshot(&mut tx, &second, 2, b"state 2", lease).await.expect("saved"));
    assert!(!calls::save_snapshot(&mut tx, &first, 1, b"old", lease).await.expect("behind"));
    let holder = calls::holder(&mut tx, id).await.expect("asked");
    assert_eq!(holder.as_deref(), Some("second"));
    assert_eq!(calls::next_turn(&mut tx, id).await.expect("read"), 2);
    assert_eq!(calls::transcript(&mut tx, &ring, id).await.expect("transcript"), turns);
    let by = By::call(id, 1);
    calls::add_callback(&mut tx, Some(id), None, CallbackReason::Asked, &by, later, &IDS)
        .await
        .expect("callback");
    let metrics = serde_json::json!({});
    let end = |outcome| (outcome, metrics.clone());
    let (outcome, metrics) = end(CallOutcome::Transferred);
    assert!(calls::end(&mut tx, &second, outcome, None, &metrics, later).await.expect("ended"));
    assert!(!calls::end(&mut tx, &first, outcome, None, &metrics, later).await.expect("over"));
    tx.commit().await.expect("commit");
    let mut conn = t.superuser().await;
    let events: Vec<String> = sqlx::query_scalar(
        "SELECT event_type FROM outbox WHERE aggregate_id = $1 ORDER BY position",
    )
    .bind(id.uuid())
    .fetch_all(&mut conn)
    .await
    .expect("events");
    assert_eq!(events, ["call.started", "call.escalated", "call.ended"]);
}

#[tokio::test]
async fn a_message_is_sealed_once_and_needs_somebody_to_call() {
    let t = TestDb::seeded().await;
    let ring = ring();
    let mut tx = t.begin("nile-heart").await;
    let new = NewCall {
        id: CallId::new(&IDS),
        channel: Channel::Text,
        video: false,
        language: "en".to_owned(),
        room: None,
        caller_phone: None,
        movable: false,
        worker: "one".to_owned(),
        lease_until: now() + SignedDuration::from_secs(10),
    };
    let key = calls::start(&mut tx, &ring, &new, false, now()).await.expect("started");
    let text = |text: &str| Phi::new(text.to_owned());
    let message = Message {
        subject: MessageSubject::Refill,
        words: text("my drops are finished"),
        about: Some(text("Jane Miller")),
        call_when: Some(text("after three")),
        phone: Some(text("+201001234567")),
    };
    let by = By::call(new.id, 1);
    let first = calls::add_message(&mut tx, &key, &message, &by, now(), &IDS).await;
    let again = calls::add_message(&mut tx, &key, &message, &by, now(), &IDS).await;
    let id = first.expect("taken");
    assert_eq!(id, again.expect("taken"), "once under one key");
    assert_eq!(calls::message(&mut tx, &ring, id).await.expect("read"), Some(message.clone()));
    let evidence = calls::evidence(&mut tx, new.id).await.expect("evidence");
    assert!(evidence.message && !evidence.callback);
    tx.commit().await.expect("commit");
    let mut conn = t.superuser().await;
    let plain: bool = sqlx::query_scalar(
        "SELECT position('drops' IN encode(words, 'escape')) > 0 FROM callbacks WHERE id = $1",
    )
    .bind(id.uuid())
    .fetch_one(&mut conn)
    .await
    .expect("row");
    assert!(!plain, "sealed");

    let mut tx = t.begin("nile-heart").await;
    let nobody = Message { phone: None, ..message };
    let by = By::call(new.id, 2);
    assert!(calls::add_message(&mut tx, &key, &nobody, &by, now(), &IDS).await.is_err());
}

#[tokio::test]
async fn after_a_rotation_the_old_key_may_go_and_running_calls_go_on() {
    let t = TestDb::seeded().await;
    let mut tx = t.begin("nile-heart").await;
    let mut running = Vec::new();
    for _ in 0..3 {
        let new = NewCall {
            id: CallId::new(&IDS),
            channel: Channel::Phone,
            video: false,
            language: "en".to_owned(),
            room: None,
            caller_phone: None,
            movable: false,
            worker: "w".to_owned(),
            lease_until: now(),
        };
        running
            .push((new.id, calls::start(&mut tx, &ring(), &new, false, now()).await.expect("on")));
    }
    let new_text = KeyRing::generate("new");
    let both = KeyRing::parse(&format!("{},{}", *new_text, RING)).expect("ring");
    let first = calls::rewrap_keys(&mut tx, &both, 2).await.expect("rewrapped");
    assert_eq!((first.done, first.left), (2, 1));
    let second = calls::rewrap_keys(&mut tx, &both, 2).await.expect("rewrapped");
    assert_eq!((second.done, second.left), (1, 0));
    let only_new = KeyRing::parse(&new_text).expect("ring");
    for (id, key) in &running {
        // The worker's key is the same data key as ever.
        let turn = Turn {
            number: 0,
            speaker: Speaker::Caller,
            text: Phi::new("hello".to_owned()),
            metrics: serde_json::json!({}),
            spoken_at: now(),
        };
        calls::add_turns(&mut tx, key, &[turn]).await.expect("turn");
        let turns = calls::transcript(&mut tx, &only_new, *id).await.expect("opened");
        assert_eq!(turns[0].text.expose(), "hello");
        assert!(calls::transcript(&mut tx, &ring(), *id).await.is_err(), "the old key is needed");
    }
}

#[tokio::test]
async fn a_decision_log_is_written_in_pieces_and_read_by_its_clinic_alone() {
    let t = TestDb::seeded().await;
    let id = CallId::new(&IDS);
    let mut tx = t.begin("nile-heart").await;
    let new = NewCall {
        id,
        channel: Channel::Web,
        video: false,
        language: "en".to_owned(),
        room: None,
        caller_phone: None,
        movable: false,
        worker: "first".to_owned(),
        lease_until: now(),
    };
    calls::start(&mut tx, &ring(), &new, false, now()).await.expect("started");
    let part = |number, body: &[u8]| Part { number, body: body.to_vec() };
    assert_eq!(decisions::of_call(&mut tx, id).await.expect("read"), b"");
    decisions::add(&mut tx, id, &[part(0, b"one "), part(1, b"two")]).await.expect("written");
    decisions::add(&mut tx, id, &[part(1, b"two"), part(2, b" three")]).await.expect("again");
    assert_eq!(decisions::of_call(&mut tx, id).await.expect("read"), b"one two three");
    tx.commit().await.expect("commit");
    let mut other = t.begin("harbor-family").await;
    assert_eq!(decisions::of_call(&mut other, id).await.expect("read"), b"");
}
