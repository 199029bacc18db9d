//! Workers that are lost: their calls go on at one other worker, or are closed.

use std::time::Duration;

use frontdesk_tenants::calls::{self, NewCall};
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::{Database, workers};
use frontdesk_types::{CallId, CallOutcome, Channel, Phi};
use jiff::SignedDuration;

const HOUR: Duration = Duration::from_secs(3600);

/// A call of the worker "first".
async fn call(t: &TestDb, movable: bool) -> CallId {
    let new = NewCall {
        id: CallId::new(&IDS),
        channel: if movable { Channel::Text } else { Channel::Phone },
        video: false,
        language: "en".to_owned(),
        room: Some("room".to_owned()),
        caller_phone: (!movable).then(|| Phi::new("+201001234567".to_owned())),
        movable,
        worker: "first".to_owned(),
        lease_until: now() + SignedDuration::from_secs(45),
    };
    let mut tx = t.begin("nile-heart").await;
    calls::start(&mut tx, &ring(), &new, false, now()).await.expect("started");
    tx.commit().await.expect("commit");
    new.id
}

/// "first" was lost a minute ago.
async fn lose(t: &TestDb) {
    workers::beat(t.db(), "first", Duration::ZERO).await.expect("its last beat");
    assert_eq!(workers::mark_lost(t.db()).await.expect("marked"), 1);
    t.execute("UPDATE workers SET lost_at = lost_at - interval '50 seconds' WHERE name = 'first'")
        .await;
}

#[tokio::test]
async fn a_lost_workers_call_goes_on_at_one_of_two_who_want_it() {
    let t = TestDb::seeded().await;
    let worker = Database::connect_with(&t.worker_url(), 2).await.expect("as frontdesk_worker");
    let (id, _phone) = (call(&t, true).await, call(&t, false).await);
    let later = now() + SignedDuration::from_hours(2);
    let lost = async || {
        let all = calls::movable(&worker, workers::TAKEN_AFTER, later).await.expect("looked");
        let mut tx = t.begin("nile-heart").await;
        let own = calls::movable_in(&mut tx, workers::TAKEN_AFTER, later).await.expect("looked");
        let ids = |calls: &[calls::Movable]| calls.iter().map(|c| c.call).collect::<Vec<_>>();
        assert_eq!(ids(&all), ids(&own));
        ids(&all)
    };
    workers::beat(t.db(), "first", HOUR).await.expect("beats");
    assert_eq!(workers::mark_lost(t.db()).await.expect("looked"), 0);
    assert_eq!(lost().await, [], "it lives, whatever the time of whoever asks");

    workers::beat(t.db(), "first", Duration::ZERO).await.expect("its last beat");
    assert_eq!(workers::mark_lost(t.db()).await.expect("marked"), 1);
    assert_eq!(lost().await, [], "the database may have been away");
    workers::beat(t.db(), "first", HOUR).await.expect("it was");
    lose(&t).await;
    assert_eq!(lost().await, [id], "not the one that nobody can join");

    let take = async |name: &'static str| {
        let mut tx = t.begin("nile-heart").await;
        let lease = later + SignedDuration::from_secs(45);
        let taken = calls::take_over(&mut tx, &ring(), id, name, lease, later).await;
        let taken = taken.expect("asked").is_some();
        tx.commit().await.expect("commit");
        taken
    };
    workers::beat(t.db(), "second", HOUR).await.expect("beats");
    workers::beat(t.db(), "third", HOUR).await.expect("beats");
    let (second, third) = tokio::join!(take("second"), take("third"));
    assert!(second != third, "one of them: {second} {third}");
    assert_eq!(lost().await, []);
    let mut tx = t.begin("nile-heart").await;
    let holder = if second { "second" } else { "third" };
    let named = calls::holder(&mut tx, id).await.expect("asked");
    assert_eq!(named.as_deref(), Some(holder));
    tx.commit().await.expect("commit");

    // Who has taken it and cannot go on closes it.
    let tenant = t.tenant("nile-heart").await;
    let close = async |name| {
        calls::close_held(t.db(), &tenant, id, name, later, &IDS).await.expect("asked")
    };
    assert!(!close("first").await && close(holder).await && !close(holder).await);
}

#[tokio::test]
async fn a_call_that_cannot_be_moved_is_closed_and_its_caller_called_back() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let id = call(&t, false).await;
    workers::beat(t.db(), "first", HOUR).await.expect("beats");
    let later = now() + SignedDuration::from_hours(2);
    let close = async || calls::close_lost(t.db(), &tenant, later, &IDS).await.expect("looked");
    assert_eq!(close().await, 0, "it lives");
    lose(&t).await;
    assert_eq!(close().await, 1);
    let outcome = CallOutcome::Abandoned.as_str();
    assert_eq!(t.texts("SELECT outcome FROM calls").await, [outcome]);
    let called = t.texts("SELECT call_id || ' ' || reason || ' ' || phone FROM callbacks").await;
    assert_eq!(called, [format!("{id} failure +201001234567")]);
}

#[tokio::test]
async fn a_worker_that_leaves_is_no_lost_one_and_one_that_is_lost_is_forgotten() {
    let t = TestDb::fresh().await;
    workers::beat(t.db(), "first", HOUR).await.expect("beats");
    workers::leave(t.db(), "first").await.expect("left");
    assert_eq!(t.count("workers").await, 0);
    lose(&t).await;
    t.execute("UPDATE workers SET lost_at = lost_at - interval '2 days'").await;
    assert_eq!(workers::mark_lost(t.db()).await.expect("looked"), 0, "its calls are closed");
    assert_eq!(t.count("workers").await, 0);
}
