//! What the jobs do, each for a clinic: calls of a dead worker, what runs out, what is kept too long.

use frontdesk_tenants::booking::{
    self, Book, HOLD_CALL, HoldRequest, expire_unpaid, mark_missed, sweep_holds,
};
use frontdesk_tenants::calls::{self, CallKey, GRACE, NewCall, Speaker, Turn};
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::waitlist::{self, Hours, Wish};
use frontdesk_tenants::{By, Database, Principal, StaffOverride, Tenant, patient, tidy};
use frontdesk_types::{CallId, Channel, Phi};
use jiff::{SignedDuration, Timestamp};

const JOB: By = By::principal(Principal::Job("test"));
const LEASE: SignedDuration = SignedDuration::from_secs(45);

fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

/// A call that began now, with a turn, maybe of a patient.
async fn call(t: &TestDb, who: Option<&VerifiedPatient>, simulated: bool) -> (CallId, CallKey) {
    let mut tx = t.begin("nile-heart").await;
    let new = NewCall {
        id: CallId::new(&IDS),
        channel: Channel::Phone,
        video: false,
        language: "en".to_owned(),
        room: None,
        caller_phone: Some(Phi::new("+201001234567".to_owned())),
        movable: false,
        worker: "first".to_owned(),
        lease_until: now() + LEASE,
    };
    let key = calls::start(&mut tx, &ring(), &new, simulated, now()).await.expect("started");
    if let Some(who) = who {
        calls::identify(&mut tx, new.id, who).await.expect("identified");
    }
    let turn = Turn {
        number: 0,
        speaker: Speaker::Caller,
        text: Phi::new("my heart".to_owned()),
        metrics: serde_json::json!({}),
        spoken_at: now(),
    };
    calls::add_turns(&mut tx, &key, &[turn]).await.expect("turns");
    tx.commit().await.expect("commit");
    (new.id, key)
}

async fn outcomes(t: &TestDb) -> Vec<(CallId, Option<String>)> {
    let mut conn = t.superuser().await;
    let rows: Vec<(uuid::Uuid, Option<String>)> =
        sqlx::query_as("SELECT id, outcome FROM calls").fetch_all(&mut conn).await.expect("rows");
    rows.into_iter().map(|(id, outcome)| (CallId::from_uuid(id), outcome)).collect()
}

#[tokio::test]
async fn calls_of_a_worker_that_is_gone_are_closed_and_whom_they_knew_is_called_back() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let worker = Database::connect_with(&t.worker_url(), 2).await.expect("as frontdesk_worker");
    let patients = t.patients(&tenant, 2).await;
    let (known, _) = call(&t, Some(&patients[0]), false).await;
    let (unknown, _) = call(&t, None, false).await;
    let (pinned, _) = call(&t, Some(&patients[1]), true).await;
    let (alive, _) = call(&t, None, false).await;
    let (booked, _) = call(&t, Some(&patients[1]), false).await;
    let slot = t.free(&tenant, 1).await[0].slot;
    let request = Book { slot, patient: patients[1], hold: None, staff: None };
    let by = By::call(booked, 1);
    booking::book(t.db(), &tenant, &request, &by, now(), &IDS).await.expect("booked");

    let close = async |at| calls::close_lost(t.db(), &tenant, at, &IDS).await.expect("looked");
    let behind = async |at| calls::clinics_with_lost(&worker, at).await.expect("looked");
    assert_eq!((behind(after(44)).await, close(after(44)).await), (vec![], 0), "leases run");
    // The database was away, and it is not the worker who asks first when it is back.
    let back = after(300);
    assert_eq!(behind(back).await, [tenant]);
    assert_eq!(close(back).await, 0, "marked alone");
    let mut tx = t.begin("nile-heart").await;
    let again = calls::take_over(&mut tx, &ring(), alive, "first", back + LEASE, back).await;
    assert!(again.expect("asked").is_some());
    tx.commit().await.expect("commit");
    assert_eq!(close(back + SignedDuration::from_secs(1)).await, 0);
    let end = back + GRACE;
    assert_eq!(close(end).await, 4);
    assert_eq!(close(end).await, 0);

    for (id, outcome) in outcomes(&t).await {
        let expected = match id {
            id if id == alive => None,
            id if id == booked => Some("booked"),
            _ => Some("abandoned"),
        };
        assert_eq!(outcome.as_deref(), expected);
    }
    let mut conn = t.superuser().await;
    let callbacks: Vec<(uuid::Uuid, String, Option<uuid::Uuid>)> =
        sqlx::query_as("SELECT call_id, reason, patient_id FROM callbacks ORDER BY asked_at")
            .fetch_all(&mut conn)
            .await
            .expect("rows");
    assert_eq!(callbacks.len(), 3, "not in a simulation: {callbacks:?}");
    for (call, reason, patient) in callbacks {
        // Whom the clinic does not know is called back at the number that the line told.
        let call = CallId::from_uuid(call);
        assert_eq!(patient.is_some(), [known, booked].contains(&call));
        assert!(reason == "failure" && (patient.is_some() || call == unknown) && call != pinned);
    }
    // The one that lives is closed once it is gone as well.
    let gone = back + LEASE + SignedDuration::from_secs(1);
    assert_eq!(close(gone).await + close(gone + GRACE).await, 1);
    let mut tx = t.begin("nile-heart").await;
    assert_eq!(calls::holder(&mut tx, alive).await.expect("asked"), None, "too late");
}

#[tokio::test]
async fn what_runs_out_goes_and_what_cannot_be_changed_stops_nothing_else() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let (db, slots) = (t.db(), t.free(&tenant, 6).await);
    let patients = t.patients(&tenant, 6).await;
    // A hold of a call, one of a call whose clock is pinned, both over.
    let (real, _) = call(&t, None, false).await;
    let (pinned, _) = call(&t, None, true).await;
    for (slot, call) in slots[4..].iter().zip([real, pinned]) {
        let hold = HoldRequest { slot: slot.slot, lasting: HOLD_CALL, release: None };
        booking::hold(db, &tenant, &hold, &By::call(call, 1), now(), &IDS).await.expect("held");
    }
    assert_eq!(sweep_holds(db, &tenant, after(59)).await.expect("swept"), 0);
    assert_eq!(sweep_holds(db, &tenant, after(61)).await.expect("swept"), 1);

    t.execute("UPDATE clinics SET prepayment = true, no_show_minutes = NULL").await;
    let book = async |n: usize, at| {
        let request = Book { slot: slots[n].slot, patient: patients[n], hold: None, staff: None };
        let by = By::call(CallId::new(&IDS), 1);
        booking::book(db, &tenant, &request, &by, at, &IDS).await.expect("booked").appointment
    };
    let unpaid = [book(0, now()).await, book(1, now()).await];
    assert_eq!(expire_unpaid(db, &tenant, &JOB, after(1799)).await.expect("none"), 0);
    // The first cannot be cancelled, whatever the reason.
    t.execute(&format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN IF OLD.id = '{}' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE ON appointments FOR EACH ROW EXECUTE FUNCTION refuse()",
        unpaid[0].id
    ))
    .await;
    let late = after(1801);
    assert!(expire_unpaid(db, &tenant, &JOB, late).await.is_err(), "one failed, and is told");
    t.execute("DROP TRIGGER refuse ON appointments").await;
    assert_eq!(expire_unpaid(db, &tenant, &JOB, late).await.expect("the one that failed"), 1);

    // Nobody came; only where the clinic says when that is so.
    t.execute("UPDATE clinics SET prepayment = false").await;
    let missed = book(2, now()).await;
    let over = missed.ends_at + SignedDuration::from_mins(30);
    assert_eq!(mark_missed(db, &tenant, &JOB, over).await.expect("off"), 0);
    t.execute("UPDATE clinics SET no_show_minutes = 30").await;
    let early = over - SignedDuration::from_secs(1);
    assert_eq!(mark_missed(db, &tenant, &JOB, early).await.expect("early"), 0);
    assert_eq!(mark_missed(db, &tenant, &JOB, over).await.expect("one"), 1);

    // Who waited for a time that is over waits no more.
    let wish = Wish {
        doctor: Some(slots[0].doctor),
        specialty: None,
        from: now(),
        until: after(3600),
        hours: Hours::default(),
    };
    let by = By::call(CallId::new(&IDS), 1);
    waitlist::join(db, &tenant, &patients[3], &wish, &by, now(), &IDS).await.expect("joined");
    assert_eq!(waitlist::expire_offers(db, &tenant, &JOB, after(3599)).await.expect("none"), 0);
    assert_eq!(waitlist::expire_offers(db, &tenant, &JOB, after(3600)).await.expect("one"), 1);
    t.check_invariants().await;
}

#[tokio::test]
async fn what_was_said_is_destroyed_when_its_time_is_over_and_what_was_counted_stays() {
    let t = TestDb::seeded().await;
    let tenant: Tenant = t.tenant("nile-heart").await;
    let (old, key) = call(&t, None, false).await;
    let mut tx = t.begin("nile-heart").await;
    let outcome = frontdesk_types::CallOutcome::Answered;
    let summary = Phi::new("asked about the heart".to_owned());
    let metrics = serde_json::json!({ "turns": 1 });
    calls::end(&mut tx, &key, outcome, Some(&summary), &metrics, now()).await.expect("ended");
    tx.commit().await.expect("commit");
    call(&t, None, false).await;
    let days = |days: i64| now() + SignedDuration::from_hours(24 * days);
    let expire =
        async |at| calls::expire_transcripts(t.db(), &tenant, at, 100).await.expect("destroyed");
    assert_eq!(expire(days(89)).await, 0);
    assert_eq!(expire(days(90)).await, 1, "the one that is over");
    assert_eq!(expire(days(900)).await, 0);
    let mut tx = t.begin("nile-heart").await;
    assert_eq!(calls::transcript(&mut tx, &ring(), old).await.expect("read"), []);
    drop(tx);
    let mut conn = t.superuser().await;
    let left: (Option<String>, Option<Vec<u8>>, Option<String>, serde_json::Value) =
        sqlx::query_as("SELECT caller_phone, summary, outcome, metrics FROM calls WHERE id = $1")
            .bind(old.uuid())
            .fetch_one(&mut conn)
            .await
            .expect("the row");
    assert_eq!(left, (None, None, Some("answered".to_owned()), metrics));
    assert_eq!(t.count("call_turns").await, 1);
}

#[tokio::test]
async fn who_asked_is_erased_as_soon_as_no_appointment_is_to_come() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let (db, patients, slot) =
        (t.db(), t.patients(&tenant, 2).await, t.free(&tenant, 1).await[0].slot);
    let request = Book { slot, patient: patients[0], hold: None, staff: None };
    let by = By::call(CallId::new(&IDS), 1);
    let booked = booking::book(db, &tenant, &request, &by, now(), &IDS).await.expect("booked");
    let mut tx = t.begin("nile-heart").await;
    for who in &patients {
        for _ in 0..2 {
            patient::ask_erasure(&mut tx, who.patient(), &JOB, now()).await.expect("asked");
        }
    }
    let stranger = frontdesk_types::PatientId::new(&IDS);
    assert!(patient::ask_erasure(&mut tx, stranger, &JOB, now()).await.is_err());
    tx.commit().await.expect("commit");
    let erased = async || patient::erase_asked(db, &tenant, &JOB, now()).await.expect("looked");
    assert_eq!((erased().await, erased().await), (1, 0), "the other one is expected");
    let cancel = booking::Cancel {
        appointment: booked.appointment.id,
        patient: None,
        version: None,
        reason: booking::CancelReason::Staff,
        staff: Some(StaffOverride::because("the patient goes").expect("a reason")),
    };
    booking::cancel(db, &tenant, &cancel, &By::call(CallId::new(&IDS), 2), now())
        .await
        .expect("off");
    assert_eq!((erased().await, erased().await), (1, 0));
    let ids: Vec<_> = patients.iter().map(VerifiedPatient::patient).collect();
    let mut tx = t.begin("nile-heart").await;
    assert_eq!(patient::without_record(&mut tx, &ids).await.expect("asked").len(), 2);
    t.check_invariants().await;
}

#[tokio::test]
async fn a_key_that_cannot_be_opened_holds_up_no_other() {
    let t = TestDb::seeded().await;
    let (bad, _) = call(&t, None, false).await;
    call(&t, None, false).await;
    call(&t, None, false).await;
    t.execute(&format!("UPDATE calls SET ring_key = 'lost' WHERE id = '{bad}'")).await;
    let both = format!("{},{}", *KeyRing::generate("new"), frontdesk_tenants::testing::RING);
    let both = KeyRing::parse(&both).expect("ring");
    let mut tx = t.begin("nile-heart").await;
    let first = calls::rewrap_keys(&mut tx, &both, 1).await.expect("one");
    let second = calls::rewrap_keys(&mut tx, &both, 1).await.expect("one");
    let third = calls::rewrap_keys(&mut tx, &both, 1).await.expect("none");
    assert_eq!([first.done, second.done, third.done], [1, 1, 0]);
    assert_eq!(third.left, 1, "it is told");
}

#[tokio::test]
async fn answers_and_delivered_events_go_after_their_time() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let worker = Database::connect_with(&t.worker_url(), 2).await.expect("as frontdesk_worker");
    let (patient, slot) = (t.patients(&tenant, 1).await[0], t.free(&tenant, 1).await[0].slot);
    let request = Book { slot, patient, hold: None, staff: None };
    let by = By::call(CallId::new(&IDS), 1);
    booking::book(t.db(), &tenant, &request, &by, now(), &IDS).await.expect("booked");
    t.execute(&format!(
        "UPDATE outbox SET published_at = '{}' WHERE event_type <> 'appointment.created'",
        now()
    ))
    .await;
    tidy::tidy(&worker, after(24 * 3600 - 1)).await.expect("tidied");
    assert_eq!(t.count("idempotency_keys").await, 1);
    tidy::tidy(&worker, after(24 * 3600 + 1)).await.expect("tidied");
    assert_eq!(t.count("idempotency_keys").await, 0);
    assert!(t.count("outbox").await > 1);
    tidy::tidy(&worker, after(8 * 24 * 3600)).await.expect("tidied");
    assert_eq!(t.count("outbox").await, 1, "what was not delivered stays");
}
