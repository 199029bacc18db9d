//! The inspection of a whole database finds what does not hold, and nothing where all is well.

use frontdesk_tenants::inspection::{Inspector, Violation};
use frontdesk_tenants::testing::{TestDb, now};
use frontdesk_tenants::{Database, audit, catalogue};

/// By the rule that it breaks, what a runtime could leave behind.
const BREAKS: &[(&str, &str)] = &[
    (
        "CALL-1",
        "INSERT INTO calls (clinic_id, id, channel, language, started_at)
         SELECT id, gen_random_uuid(), 'text', 'en', now() FROM clinics WHERE slug = 'nile-heart'",
    ),
    (
        "CALL-2",
        "INSERT INTO calls (clinic_id, id, channel, language, patient_id, started_at, ended_at,
                            outcome, metrics)
         SELECT c.id, gen_random_uuid(), 'text', 'en', r.patient_id, now(), now(), 'abandoned',
                '{\"error\": \"its worker is gone\"}'
           FROM clinics c JOIN patient_records r ON r.clinic_id = c.id LIMIT 1",
    ),
    (
        "CALL-3",
        "INSERT INTO call_snapshots (clinic_id, call_id, turn, body, taken_at)
         SELECT clinic_id, id, 1, decode(repeat('01', 29), 'hex'), now()
           FROM calls WHERE ended_at IS NOT NULL LIMIT 1",
    ),
    (
        "HOLD-4",
        "UPDATE booking_slots SET status = 'held', hold_id = gen_random_uuid(), hold_owner = 'test',
                held_since = now() - interval '15 minutes',
                held_until = now() - interval '10 minutes'
          WHERE id = (SELECT id FROM booking_slots WHERE status = 'free' LIMIT 1)",
    ),
    (
        "EVT-5",
        "UPDATE outbox SET published_at = NULL
          WHERE position = (SELECT max(position) FROM outbox)",
    ),
    (
        "AUD-3",
        "DELETE FROM audit_seals
          WHERE audit_position = (SELECT max(audit_position) FROM audit_seals)",
    ),
    (
        "NOTE-2",
        "INSERT INTO notifications (clinic_id, id, kind, subject_id, patient_id, next_at, status)
         SELECT clinic_id, gen_random_uuid(), 'waitlist_offer', gen_random_uuid(), patient_id, now(),
                'failed' FROM patient_records LIMIT 1",
    ),
    (
        "JOB-1",
        "INSERT INTO jobs (name, due_at, failed_in_row, error) VALUES ('slots', now(), 3, 'no')",
    ),
];

fn rules(found: &[Violation]) -> Vec<&'static str> {
    found.iter().map(|violation| violation.rule).collect()
}

#[tokio::test]
async fn what_has_not_settled_is_found_and_named_by_its_rule() {
    let t = TestDb::seeded().await;
    let worker = Database::connect_with(&t.worker_url(), 1).await.expect("the worker");
    t.execute("UPDATE outbox SET published_at = now()").await;
    while audit::seal(&worker, now()).await.expect("sealed") > 0 {}
    let inspector = Inspector::connect(&t.superuser_url()).await.expect("the superuser");
    assert_eq!(inspector.unsettled().await.expect("looked"), Vec::new());

    for (rule, sql) in BREAKS {
        t.execute(sql).await;
        let found = inspector.unsettled().await.expect("looked");
        assert!(rules(&found).contains(rule), "{rule}: {found:?}");
    }
    let found = rules(&inspector.unsettled().await.expect("looked"));
    let all: Vec<_> = catalogue::SETTLED.iter().map(|rule| rule.id).collect();
    assert_eq!(found, all, "each rule has a way to be broken, and no other is found");
    inspector.close().await;
}

#[tokio::test]
async fn a_broken_invariant_is_named_and_one_that_is_broken_everywhere_is_not_told_a_thousand_times()
 {
    let t = TestDb::seeded().await;
    let inspector = Inspector::connect(&t.superuser_url()).await.expect("the superuser");
    assert_eq!(inspector.broken().await.expect("looked"), Vec::new());
    t.execute("UPDATE booking_slots SET status = 'booked' WHERE status = 'free'").await;
    let found = inspector.broken().await.expect("looked");
    assert_eq!(rules(&found), vec!["BOOK-5"; 21], "twenty and how many more");
    assert!(found[20].row.starts_with("and ") && found[20].row.ends_with(" more"), "{found:?}");
    inspector.close().await;
}
