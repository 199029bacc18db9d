//! A crash in a hold, its confirmation, an accepted waitlist offer or an absence: all or nothing.

use frontdesk_tenants::booking::{self, Book, Cancel, CancelReason, HOLD_WEB, HoldRequest, Search};
use frontdesk_tenants::schedule::{self, Absence, Order};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::waitlist::{self, Hours, Wish};
use frontdesk_tenants::{By, Principal};
use frontdesk_types::CallId;
use jiff::SignedDuration;

use crate::crash::{CRASHES, STEPS, crash_at};

async fn no_more_crashes(t: &TestDb) {
    t.check_invariants().await;
    t.execute("DROP FUNCTION crash CASCADE").await;
}

fn call() -> By {
    By::call(CallId::new(&IDS), 1)
}

#[tokio::test]
async fn a_hold_and_its_confirmation_are_whole_or_not_there() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let patients = t.patients(&tenant, 12).await;
    let offers = t.free(&tenant, 12).await;
    let mut at = 0;
    for step in STEPS {
        for crash in CRASHES {
            let (slot, patient, by) = (offers[at].slot, patients[at], call());
            at += 1;
            let request = HoldRequest { slot, lasting: HOLD_WEB, release: None };
            let hold = || booking::hold(t.db(), &tenant, &request, &by, now(), &IDS);
            if step.0 == "booking_slots" {
                crash_at(&t, "AFTER", step, crash).await;
                assert!(hold().await.is_err_and(|error| error.refusal().is_none()));
                no_more_crashes(&t).await;
            }
            let held = hold().await.expect("held");
            let request = Book { slot, patient, hold: Some(held), staff: None };
            let confirm = || booking::book(t.db(), &tenant, &request, &by, now(), &IDS);
            crash_at(&t, "AFTER", step, crash).await;
            let crashed = confirm().await;
            assert!(
                crashed.as_ref().is_err_and(|e| e.refusal().is_none()),
                "{step:?}: {crashed:?}"
            );
            no_more_crashes(&t).await;
            assert!(!confirm().await.expect("booked").replayed, "{step:?}");
            assert!(confirm().await.expect("answered").replayed, "{step:?}");
            assert_eq!(t.count("appointments").await, at as i64);
        }
    }
    t.check_invariants().await;
}

#[tokio::test]
async fn an_accepted_waitlist_offer_is_whole_or_still_an_offer() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let db = t.db();
    let patients = t.patients(&tenant, 2).await;
    let from = now() + SignedDuration::from_hours(24 * 7);
    let search = Search { from: Some(from), ..Default::default() };
    let offer = booking::find_free_slots(db, &tenant, &search, now(), 1, &IDS).await;
    let offer = offer.expect("search").remove(0);
    let request = Book { slot: offer.slot, patient: patients[0], hold: None, staff: None };
    let booked = booking::book(db, &tenant, &request, &call(), now(), &IDS).await.expect("booked");
    let wish = Wish {
        doctor: Some(offer.doctor),
        specialty: None,
        from,
        until: from + SignedDuration::from_hours(48),
        hours: Hours::default(),
    };
    let entry = waitlist::join(db, &tenant, &patients[1], &wish, &call(), now(), &IDS).await;
    let entry = entry.expect("joined").entry;
    let cancel = Cancel {
        appointment: booked.appointment.id,
        patient: None,
        version: None,
        reason: CancelReason::Patient,
        staff: None,
    };
    booking::cancel(db, &tenant, &cancel, &call(), now()).await.expect("cancelled");
    let by = call();
    let accept = || waitlist::accept(db, &tenant, entry, &patients[1], &by, now(), &IDS);
    let steps = [
        ("booking_slots", "UPDATE"),
        ("appointments", "INSERT"),
        ("waitlist_entries", "UPDATE"),
        ("outbox", "INSERT"),
        ("audit_log", "INSERT"),
        ("idempotency_keys", "INSERT"),
    ];
    for step in steps {
        for crash in CRASHES {
            crash_at(&t, "AFTER", step, crash).await;
            let crashed = accept().await;
            assert!(
                crashed.as_ref().is_err_and(|e| e.refusal().is_none()),
                "{step:?}: {crashed:?}"
            );
            no_more_crashes(&t).await;
        }
    }
    let accepted = accept().await.expect("accepted");
    assert!(!accepted.replayed && accepted.appointment.slot == offer.slot);
    assert!(accept().await.expect("answered").replayed);
    t.check_invariants().await;
}

#[tokio::test]
async fn an_absence_takes_all_its_slots_and_rebooks_or_does_nothing() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let patient = t.patients(&tenant, 1).await[0];
    let offer = t.free(&tenant, 1).await.remove(0);
    let request = Book { slot: offer.slot, patient, hold: None, staff: None };
    booking::book(t.db(), &tenant, &request, &call(), now(), &IDS).await.expect("booked");
    let absence = Absence {
        doctor: Some(offer.doctor),
        from: offer.starts_at,
        until: offer.starts_at + SignedDuration::from_hours(6),
    };
    let order = Order { principal: Principal::Job("staff"), reason: "ill", rebook: true };
    let apply = || schedule::add_absence(t.db(), &tenant, &absence, order, now(), &IDS);
    let (free, events) = (t.free(&tenant, 5000).await.len(), t.count("outbox").await);
    let steps = [
        ("availability_exceptions", "INSERT"),
        ("booking_slots", "UPDATE"),
        ("appointments", "UPDATE"),
        ("outbox", "INSERT"),
        ("audit_log", "INSERT"),
    ];
    for step in steps {
        for crash in CRASHES {
            crash_at(&t, "AFTER", step, crash).await;
            let crashed = apply().await;
            assert!(
                crashed.as_ref().is_err_and(|e| e.refusal().is_none()),
                "{step:?}: {crashed:?}"
            );
            no_more_crashes(&t).await;
            assert_eq!(t.free(&tenant, 5000).await.len(), free, "{step:?}");
            assert_eq!(t.count("outbox").await, events, "{step:?}");
        }
    }
    let (_, done) = apply().await.expect("applied");
    assert_eq!(done.rebooked.len(), 1);
    t.check_invariants().await;
}
