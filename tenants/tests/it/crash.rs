//! A crash between any two steps, then the same request with the same key: booked exactly once.

use std::time::Duration;

use frontdesk_tenants::booking::{Assign, Book, Booked, Cancel, CancelReason, Move};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Error, Refusal, Tenant, booking};
use frontdesk_types::CallId;

/// How an attempt ends: by an error, or with the whole connection.
pub(crate) const CRASHES: [&str; 2] = [
    "RAISE EXCEPTION 'crash' USING ERRCODE = 'XX000'",
    "PERFORM pg_terminate_backend(pg_backend_pid())",
];

/// Lets every statement that does `verb` to a row of `table` crash right before or after it.
pub(crate) async fn crash_at(t: &TestDb, when: &str, (table, verb): (&str, &str), crash: &str) {
    t.execute(&format!(
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN {crash}; RETURN NEW; END $$"
    ))
    .await;
    t.execute(&format!(
        "CREATE TRIGGER crash {when} {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION crash()"
    ))
    .await;
}

/// Every step of a booking that writes, in order.
pub(crate) const STEPS: [(&str, &str); 5] = [
    ("booking_slots", "UPDATE"),
    ("appointments", "INSERT"),
    ("outbox", "INSERT"),
    ("audit_log", "INSERT"),
    ("idempotency_keys", "INSERT"),
];

async fn book(t: &TestDb, tenant: &Tenant, request: &Book, by: &By) -> Result<Booked, Error> {
    booking::book(t.db(), tenant, request, by, now(), &IDS).await
}

async fn appointments(t: &TestDb) -> i64 {
    let mut conn = t.superuser().await;
    sqlx::query_scalar("SELECT count(*) FROM appointments")
        .fetch_one(&mut conn)
        .await
        .expect("count")
}

#[tokio::test]
async fn a_crash_before_or_after_any_step_loses_nothing_and_doubles_nothing() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let patients = t.patients(&tenant, 20).await;
    let offers = t.free(&tenant, 20).await;
    let mut at = 0;
    for (table, verb) in STEPS {
        for (when, crash) in [("BEFORE", CRASHES[0]), ("AFTER", CRASHES[0]), ("AFTER", CRASHES[1])]
        {
            crash_at(&t, when, (table, verb), crash).await;
            let by = By::call(CallId::new(&IDS), 1);
            let request =
                Book { slot: offers[at].slot, patient: patients[at], hold: None, staff: None };
            let crashed = book(&t, &tenant, &request, &by).await;
            assert!(matches!(&crashed, Err(e) if e.refusal().is_none()), "{table}: {crashed:?}");
            assert_eq!(appointments(&t).await, i64::try_from(at).expect("small"));
            t.check_invariants().await;
            t.execute("DROP FUNCTION crash CASCADE").await;
            let booked = book(&t, &tenant, &request, &by).await.expect("booked");
            assert!(!booked.replayed);
            let again = book(&t, &tenant, &request, &by).await.expect("answered");
            assert!(again.replayed && again.appointment == booked.appointment);
            at += 1;
        }
    }
    t.check_invariants().await;
}

/// Every other path to an appointment's change, and its steps.
const PATHS: [(Path, [(&str, &str); 5]); 3] =
    [(Path::Assign, STEPS), (Path::Move, CHANGE), (Path::Cancel, CHANGE)];
const CHANGE: [(&str, &str); 5] =
    [STEPS[0], ("appointments", "UPDATE"), STEPS[2], STEPS[3], STEPS[4]];

#[derive(Debug, Clone, Copy)]
enum Path {
    Assign,
    Move,
    Cancel,
}

#[tokio::test]
async fn a_crash_in_a_move_a_cancellation_or_an_assignment_leaves_all_as_it_was() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let patients = t.patients(&tenant, 30).await;
    let offers = t.free(&tenant, 60).await;
    let mut at = 0;
    for (path, steps) in PATHS {
        for (table, verb) in steps {
            for crash in CRASHES {
                let (call, patient) = (CallId::new(&IDS), patients[at]);
                let (from, to) = (&offers[2 * at], &offers[2 * at + 1]);
                at += 1;
                let request = Book { slot: from.slot, patient, hold: None, staff: None };
                let first = book(&t, &tenant, &request, &By::call(call, 1)).await.expect("booked");
                let appointment = first.appointment.id;
                let later = now() + jiff::SignedDuration::from_hours(24 * 30);
                // In the call that booked, so that no notice is asked for.
                let by = By::call(call, 2);
                let go = || async {
                    match path {
                        Path::Assign => {
                            let request = Assign {
                                patient,
                                doctor: None,
                                specialty: None,
                                from: later,
                                until: later + jiff::SignedDuration::from_hours(24 * 7),
                                visit_type: None,
                            };
                            booking::book_assigned(t.db(), &tenant, &request, &by, now(), &IDS)
                                .await
                        }
                        Path::Move => {
                            let request = Move {
                                appointment,
                                patient: None,
                                version: None,
                                slot: to.slot,
                                hold: None,
                                staff: None,
                            };
                            booking::reschedule(t.db(), &tenant, &request, &by, now()).await
                        }
                        Path::Cancel => {
                            let request = Cancel {
                                appointment,
                                patient: None,
                                version: None,
                                reason: CancelReason::Patient,
                                staff: None,
                            };
                            booking::cancel(t.db(), &tenant, &request, &by, now()).await
                        }
                    }
                };
                crash_at(&t, "AFTER", (table, verb), crash).await;
                let before = t.count("outbox").await;
                let crashed = go().await;
                assert!(
                    matches!(&crashed, Err(e) if e.refusal().is_none()),
                    "{path:?} {table}: {crashed:?}"
                );
                assert_eq!(t.count("outbox").await, before);
                t.check_invariants().await;
                t.execute("DROP FUNCTION crash CASCADE").await;
                let done = go().await.expect("done");
                assert!(!done.replayed, "{path:?} {table}");
                let again = go().await.expect("answered");
                assert!(again.replayed && again.appointment == done.appointment);
                t.check_invariants().await;
            }
        }
    }
}

#[tokio::test]
async fn a_caller_who_loses_the_answer_gets_it_by_asking_again() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let patients = t.patients(&tenant, 24).await;
    let offers = t.free(&tenant, 24).await;
    for (i, (patient, offer)) in patients.iter().zip(&offers).enumerate() {
        let by = By::call(CallId::new(&IDS), 1);
        let request = Book { slot: offer.slot, patient: *patient, hold: None, staff: None };
        // The request is dropped somewhere between being sent and being answered.
        let wait = Duration::from_micros(150 * i as u64);
        let _ = tokio::time::timeout(wait, book(&t, &tenant, &request, &by)).await;
        let booked = loop {
            match book(&t, &tenant, &request, &by).await {
                Err(Error::Refused(Refusal::InProgress)) => tokio::task::yield_now().await,
                done => break done.expect("booked"),
            }
        };
        assert_eq!(booked.appointment.slot, offer.slot);
    }
    assert_eq!(appointments(&t).await, 24);
    t.check_invariants().await;
}

/// The server says that a statement failed before it gives that statement's locks back. Under load
/// the repeat came in between, met the key's lock and was told that it was in its own way.
#[tokio::test]
async fn a_repeat_of_ours_waits_for_the_attempt_before_it_and_a_strangers_is_told_at_once() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let patient = t.patients(&tenant, 1).await[0];
    let slot = t.free(&tenant, 1).await[0].slot;
    let request = Book { slot, patient, hold: None, staff: None };
    t.execute("ALTER FUNCTION answer_kept RENAME TO answer_kept_really").await;
    let attempts = |answers: &str| {
        format!(
            "DROP SEQUENCE IF EXISTS attempts;
             CREATE SEQUENCE attempts;
             GRANT USAGE ON attempts TO frontdesk_app;
             CREATE OR REPLACE FUNCTION answer_kept(p_clinic uuid, p_now timestamptz,
                 p_principal text, p_operation text, p_key text, p_hash bytea)
             RETURNS jsonb LANGUAGE plpgsql AS $$
             BEGIN
                 CASE nextval('attempts') {answers}
                 ELSE RETURN answer_kept_really(p_clinic, p_now, p_principal, p_operation, p_key,
                                                p_hash);
                 END CASE;
             END $$"
        )
    };
    let in_progress = "RETURN '{\"refused\": \"in_progress\"}';";
    t.execute(&attempts(&format!("WHEN 1 THEN {in_progress}"))).await;
    let by = By::call(CallId::new(&IDS), 1);
    let strangers = book(&t, &tenant, &request, &by).await;
    assert!(matches!(strangers, Err(Error::Refused(Refusal::InProgress))), "{strangers:?}");
    let contended = "WHEN 1 THEN RAISE EXCEPTION 'again' USING ERRCODE = 'FD002';";
    t.execute(&attempts(&format!("{contended} WHEN 2, 3 THEN {in_progress}"))).await;
    let booked = book(&t, &tenant, &request, &by).await.expect("booked");
    assert!(!booked.replayed);
    assert_eq!(t.count("attempts WHERE last_value = 4").await, 1);
}
