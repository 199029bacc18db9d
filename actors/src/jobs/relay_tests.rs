//! Events reach their consumers in order for each thing, at least once, and a consumer that takes one
//! not holds up that thing alone. Measured: the relay, and slots beside bookings.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_tenants::outbox::{self, Event};
use frontdesk_tenants::testing::{TestDb, now};
use frontdesk_tenants::{Database, Error, doctors};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use uuid::Uuid;

use super::relay::pass;
use super::{Consumer, DoctorDirectory, Taken};

/// Writes down what it is handed; takes nothing of one thing while that is set.
#[derive(Default)]
struct Notes {
    seen: Mutex<Vec<(Uuid, i64)>>,
    refuses: Mutex<Option<Uuid>>,
}

impl Consumer for Notes {
    fn name(&self) -> &'static str {
        "notes"
    }

    fn wants(&self, event: &Event) -> bool {
        event.event == "test.written"
    }

    fn take<'a>(&'a self, event: &'a Event, _: Timestamp) -> Taken<'a> {
        Box::pin(async move {
            if *self.refuses.lock() == Some(event.aggregate_id) {
                return Err(Error::Invalid("not now".to_owned()));
            }
            self.seen.lock().push((event.aggregate_id, event.position));
            Ok(())
        })
    }
}

/// Writes `count` events about ten things of a clinic; gives the things.
async fn write(t: &TestDb, count: u32) -> Vec<Uuid> {
    let clinic = t.tenant("nile-heart").await.clinic();
    let things: Vec<Uuid> = (0..10).map(|n| Uuid::from_u128(n + 1)).collect();
    t.execute(&format!(
        "INSERT INTO outbox (clinic_id, aggregate_type, aggregate_id, event_type, payload,
                             occurred_at)
         SELECT '{clinic}', 'test', lpad(to_hex(n % 10 + 1), 32, '0')::uuid, 'test.written', '{{}}',
                now() FROM generate_series(1, {count}) n"
    ))
    .await;
    things
}

async fn worker(t: &TestDb) -> Database {
    Database::connect_with(&t.worker_url(), 2).await.expect("as frontdesk_worker")
}

#[tokio::test]
async fn events_come_in_order_and_one_that_is_not_taken_holds_up_its_thing_alone() {
    let t = TestDb::seeded().await;
    let worker = worker(&t).await;
    let notes = Arc::new(Notes::default());
    let consumers: [Arc<dyn Consumer>; 2] =
        [Arc::clone(&notes) as _, Arc::new(DoctorDirectory(worker.clone()))];
    // What the seed has written, doctors among it.
    while pass(&worker, &consumers, now()).await.expect("handed on").0 > 0 {}
    let listed = doctors::find(t.db(), "cardiology", 100).await.expect("found");
    assert!(!listed.is_empty(), "the directory follows");

    let things = write(&t, 100).await;
    *notes.refuses.lock() = Some(things[3]);
    let (_, taken) = pass(&worker, &consumers, now()).await.expect("handed on");
    assert_eq!(taken, 90);
    let backlog = outbox::backlog(&worker, now()).await.expect("asked");
    assert_eq!((backlog.waiting, backlog.stuck), (10, 1));
    write(&t, 100).await;
    let half = now() + SignedDuration::from_millis(500);
    assert_eq!(pass(&worker, &consumers, half).await.expect("handed on"), (90, 90));
    *notes.refuses.lock() = None;
    let later = now() + SignedDuration::from_secs(1);
    assert_eq!(pass(&worker, &consumers, later).await.expect("handed on"), (20, 20));
    assert_eq!(pass(&worker, &consumers, later).await.expect("handed on"), (0, 0));
    let seen = notes.seen.lock().clone();
    assert_eq!(seen.len(), 200);
    for thing in things {
        let positions: Vec<i64> =
            seen.iter().filter(|(of, _)| *of == thing).map(|(_, at)| *at).collect();
        assert!(positions.len() == 20 && positions.is_sorted(), "{positions:?}");
    }
}

/// Time of a measurement.
#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn bench_relay_of_events() {
    const EVENTS: u32 = 50_000;
    let t = TestDb::seeded().await;
    let worker = worker(&t).await;
    let consumers: [Arc<dyn Consumer>; 1] = [Arc::new(Notes::default())];
    while pass(&worker, &consumers, now()).await.expect("handed on").0 > 0 {}
    write(&t, EVENTS).await;
    let begun = stopwatch();
    let mut handed = 0;
    while handed < u64::from(EVENTS) {
        handed += pass(&worker, &consumers, now()).await.expect("handed on").1;
    }
    let rate = f64::from(EVENTS) / begun.elapsed().as_secs_f64();
    println!("relay: {rate:.0} events/s");

    // Written at 5,000 a second, in pieces of half a second: how old is the oldest that waits?
    let (t, mut longest) = (&t, Duration::ZERO);
    let writer = async {
        for _ in 0..10 {
            let round = stopwatch();
            write(t, 2500).await;
            tokio::time::sleep(Duration::from_millis(500).saturating_sub(round.elapsed())).await;
        }
    };
    tokio::pin!(writer);
    let begun = stopwatch();
    loop {
        tokio::select! {
            () = &mut writer => break,
            handed = pass(&worker, &consumers, now()) => {
                if handed.expect("handed on").0 < 1000 {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        #[expect(clippy::disallowed_methods, reason = "a measurement")]
        let lag = outbox::backlog(&worker, Timestamp::now()).await.expect("asked").lag;
        longest = longest.max(lag);
    }
    let rate = 25_000.0 / begun.elapsed().as_secs_f64();
    println!("relay: longest lag {} ms at {rate:.0} events/s written", longest.as_millis());
}
