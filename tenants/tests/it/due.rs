//! Jobs find the clinics in which they have something to do by one look over all of them; what was told
//! long ago goes.

use frontdesk_tenants::booking::{self, Book};
use frontdesk_tenants::calls::{self, NewCall};
use frontdesk_tenants::due::{self, Look};
use frontdesk_tenants::notifications::{self, Kind, New, Recipient};
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::waitlist::{self, Hours, Wish};
use frontdesk_tenants::{By, Database, Principal, Tenant, patient, tidy};
use frontdesk_types::{CallId, CallOutcome, Channel, PatientId};
use jiff::{SignedDuration, Timestamp};

const JOB: By = By::principal(Principal::Job("test"));

fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn days(days: i64) -> Timestamp {
    after(days * 24 * 3600)
}

async fn found(t: &TestDb, what: Look, at: Timestamp) -> Vec<Tenant> {
    due::clinics(t.db(), what, at).await.expect("looked")
}

/// Looks the moment before and at it.
async fn from(t: &TestDb, what: Look, at: Timestamp) -> (usize, Vec<Tenant>) {
    let before = found(t, what, at - SignedDuration::from_secs(1)).await;
    (before.len(), found(t, what, at).await)
}

#[tokio::test]
async fn a_clinic_is_found_as_soon_as_something_is_due_in_it_and_no_other_is() {
    let t = TestDb::seeded().await;
    let nile = t.tenant("nile-heart").await;
    for what in Look::ALL {
        assert_eq!(found(&t, *what, days(1)).await, [], "{what}: nothing has happened");
    }
    let (patients, slots) = (t.patients(&nile, 3).await, t.free(&nile, 2).await);
    t.execute("UPDATE clinics SET prepayment = true, no_show_minutes = 30").await;
    let book = async |n: usize| {
        let request = Book { slot: slots[n].slot, patient: patients[n], hold: None, staff: None };
        let by = By::call(CallId::new(&IDS), 1);
        let booked = booking::book(t.db(), &nile, &request, &by, now(), &IDS).await;
        booked.expect("booked").appointment
    };
    book(0).await;
    assert_eq!(from(&t, Look::Unpaid, after(1800)).await, (0, vec![nile]));
    t.execute("UPDATE clinics SET prepayment = false").await;
    let over = book(1).await.ends_at + SignedDuration::from_mins(30);
    assert_eq!(from(&t, Look::NoShow, over).await, (0, vec![nile]));
    t.execute("UPDATE clinics SET no_show_minutes = NULL").await;
    assert_eq!(found(&t, Look::NoShow, over).await, [], "the clinic does not say when");

    let wish = Wish {
        doctor: Some(slots[0].doctor),
        specialty: None,
        from: now(),
        until: after(3600),
        hours: Hours::default(),
    };
    let by = By::call(CallId::new(&IDS), 1);
    waitlist::join(t.db(), &nile, &patients[2], &wish, &by, now(), &IDS).await.expect("joined");
    assert_eq!(from(&t, Look::Waitlist, after(3600)).await, (0, vec![nile]));

    let mut tx = t.begin("nile-heart").await;
    let new = NewCall {
        id: CallId::new(&IDS),
        channel: Channel::Phone,
        video: false,
        language: "en".to_owned(),
        room: None,
        caller_phone: None,
        movable: false,
        worker: "first".to_owned(),
        lease_until: after(45),
    };
    let key = calls::start(&mut tx, &ring(), &new, false, now()).await.expect("started");
    tx.commit().await.expect("commit");
    assert_eq!(from(&t, Look::Calls, after(45)).await, (0, vec![nile]));
    let mut tx = t.begin("nile-heart").await;
    let (outcome, metrics) = (CallOutcome::Answered, serde_json::json!({}));
    calls::end(&mut tx, &key, outcome, None, &metrics, after(60)).await.expect("ended");
    patient::ask_erasure(&mut tx, patients[2].patient(), &JOB, now()).await.expect("asked");
    tx.commit().await.expect("commit");
    assert_eq!(found(&t, Look::Calls, days(1)).await, []);
    let kept = days(90) + SignedDuration::from_secs(60);
    assert_eq!(from(&t, Look::Retention, kept).await, (0, vec![nile]));
    assert_eq!(found(&t, Look::Erasure, now()).await, [nile]);
    assert_eq!(t.unclean_connections().await, Vec::<String>::new());
}

async fn tell(t: &TestDb, to: PatientId, simulated: bool, void_at: Option<Timestamp>) {
    let mut tx = t.begin("nile-heart").await;
    let new = New {
        kind: Kind::WaitlistOffer,
        subject: uuid::Uuid::from_u128(u128::from(simulated)),
        facts: serde_json::json!({}),
        void_at,
        simulated,
    };
    let to = Recipient::Patient(to);
    assert!(notifications::tell(&mut tx, &new, to, now(), &IDS).await.expect("queued"));
    tx.commit().await.expect("commit");
}

#[tokio::test]
async fn notifications_that_were_sent_or_given_up_go_after_a_month_and_those_that_wait_stay() {
    let t = TestDb::seeded().await;
    let nile = t.tenant("nile-heart").await;
    let worker = Database::connect_with(&t.worker_url(), 2).await.expect("as frontdesk_worker");
    let patients = t.patients(&nile, 4).await;
    let to = |n: usize| patients[n].patient();
    tell(&t, to(0), false, None).await;
    let due = notifications::due(t.db(), &nile, 10, now()).await.expect("due");
    notifications::sent(t.db(), &nile, due[0].id, now()).await.expect("sent");
    assert_eq!(found(&t, Look::Notifications, days(1)).await, []);
    tell(&t, to(1), false, None).await;
    let due = notifications::due(t.db(), &nile, 10, now()).await.expect("due");
    notifications::not_sent(t.db(), &nile, due[0].id, "no", true, now()).await.expect("noted");
    tell(&t, to(2), true, None).await;
    assert_eq!(found(&t, Look::Notifications, days(1)).await, [], "nobody is sent that one");
    tell(&t, to(3), false, None).await;
    assert_eq!(found(&t, Look::Notifications, now()).await, [nile]);

    tidy::tidy(&worker, days(29)).await.expect("tidied");
    assert_eq!(t.count("notifications").await, 4);
    tidy::tidy(&worker, days(31)).await.expect("tidied");
    assert_eq!(t.texts("SELECT status FROM notifications").await, ["queued"]);
}
