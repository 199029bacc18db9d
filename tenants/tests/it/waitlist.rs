//! A freed slot goes to the next in line.

use frontdesk_tenants::booking::{self, Book, Cancel, CancelReason, Search};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::waitlist::{self, Hours, Wish};
use frontdesk_tenants::{By, Principal, Refusal};
use frontdesk_types::CallId;
use jiff::SignedDuration;
use jiff::civil::time;

fn call() -> By {
    By::call(CallId::new(&IDS), 1)
}

#[tokio::test]
async fn a_freed_slot_is_offered_to_one_at_a_time_in_order_and_with_a_deadline() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let db = t.db();
    let patients = t.patients(&tenant, 5).await;
    let from = now() + SignedDuration::from_hours(24 * 7);
    let search = Search { from: Some(from), ..Default::default() };
    let offer = booking::find_free_slots(db, &tenant, &search, now(), 1, &IDS)
        .await
        .expect("search")
        .remove(0);
    let request = Book { slot: offer.slot, patient: patients[0], hold: None, staff: None };
    let booked = booking::book(db, &tenant, &request, &call(), now(), &IDS).await.expect("booked");
    let wish = Wish {
        doctor: Some(offer.doctor),
        specialty: None,
        from,
        until: from + SignedDuration::from_hours(48),
        hours: Hours::default(),
    };
    let elsewhere = Wish {
        from: wish.until,
        until: wish.until + SignedDuration::from_hours(1),
        ..wish.clone()
    };
    let mut entries = Vec::new();
    for (i, patient) in patients[1..].iter().enumerate() {
        let wish = if i == 0 { &elsewhere } else { &wish };
        let joined = waitlist::join(db, &tenant, patient, wish, &call(), now(), &IDS).await;
        entries.push(joined.expect("joined").entry);
    }
    let cancel = Cancel {
        appointment: booked.appointment.id,
        patient: None,
        version: None,
        reason: CancelReason::Patient,
        staff: None,
    };
    booking::cancel(db, &tenant, &cancel, &call(), now()).await.expect("cancelled");
    // Offered to the second, because the first waits for another day; not to the public.
    let others = Book { slot: offer.slot, patient: patients[4], hold: None, staff: None };
    let refused = booking::book(db, &tenant, &others, &call(), now(), &IDS).await;
    assert_eq!(refused.expect_err("held").refusal(), Some(Refusal::SlotHeld));
    let refused =
        waitlist::accept(db, &tenant, entries[2], &patients[3], &call(), now(), &IDS).await;
    assert_eq!(refused.expect_err("not yet").refusal(), Some(Refusal::OfferGone));
    // The second lets it run out, the third leaves, the fourth accepts.
    let job = By::principal(Principal::Job("waitlist"));
    assert_eq!(waitlist::expire_offers(db, &tenant, &job, now()).await.expect("none"), 0);
    let late = now() + SignedDuration::from_hours(1);
    let refused =
        waitlist::accept(db, &tenant, entries[1], &patients[2], &call(), late, &IDS).await;
    assert_eq!(refused.expect_err("late").refusal(), Some(Refusal::OfferGone));
    assert_eq!(waitlist::expire_offers(db, &tenant, &job, late).await.expect("one"), 1);
    let left = waitlist::leave(db, &tenant, entries[2], &patients[3], &call(), late).await;
    assert!(left.expect("left"));
    let by = call();
    let accepted = waitlist::accept(db, &tenant, entries[3], &patients[4], &by, late, &IDS).await;
    let accepted = accepted.expect("accepted");
    assert_eq!(accepted.appointment.slot, offer.slot);
    let again = waitlist::accept(db, &tenant, entries[3], &patients[4], &by, late, &IDS).await;
    assert!(again.expect("again").replayed);
    t.check_invariants().await;
    let mut conn = t.superuser().await;
    let events: Vec<String> = sqlx::query_scalar(
        "SELECT event_type FROM outbox WHERE event_type LIKE 'waitlist%' ORDER BY position",
    )
    .fetch_all(&mut conn)
    .await
    .expect("events");
    let tail: Vec<&str> = events[4..].iter().map(String::as_str).collect();
    assert_eq!(
        tail,
        [
            "waitlist.offered",
            "waitlist.expired",
            "waitlist.offered",
            "waitlist.expired",
            "waitlist.offered",
            "waitlist.accepted"
        ]
    );
}

#[tokio::test]
async fn nobody_waits_twice_for_the_same_and_a_retried_write_joins_once() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let db = t.db();
    let who = t.patients(&tenant, 1).await[0];
    let wish = Wish {
        doctor: None,
        specialty: Some("cardiology".to_owned()),
        from: now(),
        until: now() + SignedDuration::from_hours(24 * 30),
        hours: Hours::default(),
    };
    let by = call();
    let first = waitlist::join(db, &tenant, &who, &wish, &by, now(), &IDS).await.expect("joined");
    assert!(!first.known);
    let again = waitlist::join(db, &tenant, &who, &wish, &by, now(), &IDS).await.expect("retried");
    assert_eq!(again, first);
    let mornings = Hours { weekdays: 0b11, until: Some(time(12, 0, 0, 0)), from: None };
    let later = Wish { hours: mornings, ..wish.clone() };
    let joins = (0..4).map(|_| async {
        waitlist::join(db, &tenant, &who, &later, &call(), now(), &IDS).await.expect("joined")
    });
    for joined in futures_util::future::join_all(joins).await {
        assert_eq!((joined.entry, joined.known), (first.entry, true));
    }
    let mut tx = t.begin("nile-heart").await;
    let entries = waitlist::entries_of(&mut tx, &who, now()).await.expect("read");
    drop(tx);
    assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [first.entry]);
    let left = waitlist::leave(db, &tenant, first.entry, &who, &call(), now()).await;
    assert!(left.expect("left"));
    let mut tx = t.begin("nile-heart").await;
    assert!(waitlist::entries_of(&mut tx, &who, now()).await.expect("read").is_empty());
    drop(tx);
    t.check_invariants().await;
}

#[tokio::test]
async fn a_freed_slot_is_kept_only_for_whom_its_weekday_and_hour_suit() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let db = t.db();
    let patients = t.patients(&tenant, 3).await;
    let from = now() + SignedDuration::from_hours(24 * 7);
    let search = Search { from: Some(from), ..Default::default() };
    let offers = booking::find_free_slots(db, &tenant, &search, now(), 1, &IDS).await;
    let offer = offers.expect("search").remove(0);
    let request = Book { slot: offer.slot, patient: patients[0], hold: None, staff: None };
    let booked = booking::book(db, &tenant, &request, &call(), now(), &IDS).await.expect("booked");
    let start = offer.local_start();
    let own = 1 << start.weekday().to_monday_zero_offset();
    let hour = |hours: Hours| Wish {
        doctor: Some(offer.doctor),
        specialty: None,
        from,
        until: from + SignedDuration::from_hours(48),
        hours,
    };
    // First in line is whom neither the weekday nor the hour suits.
    let other = hour(Hours { weekdays: 127 & !own, from: None, until: None });
    let later = hour(Hours { weekdays: own, from: Some(start.time()), until: None });
    waitlist::join(db, &tenant, &patients[1], &other, &call(), now(), &IDS).await.expect("joined");
    let joined = waitlist::join(db, &tenant, &patients[2], &later, &call(), now(), &IDS).await;
    let joined = joined.expect("joined");
    let cancel = Cancel {
        appointment: booked.appointment.id,
        patient: None,
        version: None,
        reason: CancelReason::Patient,
        staff: None,
    };
    booking::cancel(db, &tenant, &cancel, &call(), now()).await.expect("cancelled");
    let mut tx = t.begin("nile-heart").await;
    let entries = waitlist::entries_of(&mut tx, &patients[2], now()).await.expect("read");
    let offered = entries[0].offered.expect("kept");
    assert_eq!((entries[0].id, offered.slot), (joined.entry, offer.slot));
    let none = waitlist::entries_of(&mut tx, &patients[1], now()).await.expect("read");
    assert_eq!(none[0].offered, None);
    drop(tx);
    t.check_invariants().await;
}
