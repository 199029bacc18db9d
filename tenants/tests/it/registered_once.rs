//! The same person is registered once in a clinic, whoever asks at the same moment.

use std::sync::Arc;

use frontdesk_tenants::patient::{self, Claim, Draft, Registration, Verification};
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::{By, Refusal, StaffOverride};
use frontdesk_types::{CallId, Phi};
use futures_util::future::join_all;
use jiff::civil::{Date, date};
use tokio::sync::Barrier;

const BORN: Date = date(1975, 3, 3);

fn draft(name: &str, born: Date, phone: &str) -> Draft {
    Draft {
        name: Phi::new(name.to_owned()),
        date_of_birth: Phi::new(born),
        phone: Some(Phi::new(phone.to_owned())),
    }
}

fn zelda() -> Draft {
    draft("Zelda Quint", BORN, "+12125550164")
}

fn call() -> By {
    By::call(CallId::new(&IDS), 1)
}

/// Registers by a call of its own.
async fn registered(t: &TestDb, slug: &str, draft: Draft) -> Registration {
    registered_by(t, slug, draft, &call()).await
}

async fn registered_by(t: &TestDb, slug: &str, draft: Draft, by: &By) -> Registration {
    let mut tx = t.begin(slug).await;
    let done = patient::register_or_identify(&mut tx, &draft, by, now(), &IDS).await;
    tx.commit().await.expect("commit");
    done.expect("registered")
}

async fn rows(t: &TestDb) -> (i64, i64) {
    let mut conn = t.superuser().await;
    sqlx::query_as(
        "SELECT count(*), count(r.patient_id) FROM patients p
           LEFT JOIN patient_records r ON r.patient_id = p.id WHERE p.name_key = 'quint zelda'",
    )
    .fetch_one(&mut conn)
    .await
    .expect("counted")
}

#[tokio::test]
async fn who_has_the_same_name_birth_and_telephone_is_identified() {
    let t = TestDb::seeded().await;
    let first = registered(&t, "harbor-family", zelda()).await;
    assert!(!first.known);
    // However the name is written.
    for name in ["Zelda Quint", "QUINT, Zelda", "zelda quint"] {
        let again = registered(&t, "harbor-family", draft(name, BORN, "+12125550164"));
        assert_eq!(again.await, Registration { patient: first.patient, known: true }, "{name}");
    }
    assert_eq!(rows(&t).await, (1, 1));
    let mut conn = t.superuser().await;
    let audited: Vec<(String, i64)> = sqlx::query_as(
        "SELECT action, count(*) FROM audit_log WHERE entity_id = $1 GROUP BY 1 ORDER BY 1",
    )
    .bind(first.patient.patient().uuid())
    .fetch_all(&mut conn)
    .await
    .expect("audit");
    let audited: Vec<(&str, i64)> = audited.iter().map(|(a, n)| (a.as_str(), *n)).collect();
    assert_eq!(audited, [("patient.created", 1), ("patient.verified", 3)]);
    t.check_invariants().await;
}

#[tokio::test]
async fn who_differs_in_anything_is_somebody_else() {
    let t = TestDb::seeded().await;
    let first = registered(&t, "harbor-family", zelda()).await;
    for (draft, slug) in [
        (draft("Zelda Quint", BORN, "+12125550165"), "harbor-family"),
        (draft("Zelda Quint", date(1975, 3, 4), "+12125550164"), "harbor-family"),
        (draft("Zelda Quinn", BORN, "+12125550164"), "harbor-family"),
        // What another clinic knows of its patients is not this one's.
        (zelda(), "nile-heart"),
    ] {
        let other = registered(&t, slug, draft).await;
        assert!(!other.known && other.patient != first.patient, "{slug}");
    }
    t.check_invariants().await;
}

#[tokio::test]
async fn two_calls_that_register_the_same_person_at_once_get_one_row() {
    const CALLS: usize = 6;
    let t = TestDb::seeded_with(8).await;
    for round in 1..=4 {
        let person = draft("Zelda Quint", date(1975, 3, round), "+12125550164");
        let barrier = Arc::new(Barrier::new(CALLS));
        let calls = (0..CALLS).map(|_| async {
            let mut tx = t.begin("harbor-family").await;
            barrier.wait().await;
            let done = patient::register_or_identify(&mut tx, &person, &call(), now(), &IDS).await;
            tx.commit().await.expect("commit");
            done.expect("registered")
        });
        let all = join_all(calls).await;
        assert_eq!(all.iter().filter(|one| !one.known).count(), 1, "{all:?}");
        assert!(all.iter().all(|one| one.patient == all[0].patient), "{all:?}");
        let of_rounds = i64::from(round);
        assert_eq!(rows(&t).await, (of_rounds, of_rounds));
    }
    t.check_invariants().await;
}

#[tokio::test]
async fn a_repeated_registration_answers_what_it_answered_first() {
    let t = TestDb::seeded().await;
    let (mine, theirs) = (call(), call());
    let first = registered_by(&t, "harbor-family", zelda(), &mine).await;
    assert_eq!(registered_by(&t, "harbor-family", zelda(), &mine).await, first);
    let second = registered_by(&t, "harbor-family", zelda(), &theirs).await;
    assert!(second.known);
    assert_eq!(registered_by(&t, "harbor-family", zelda(), &theirs).await, second);
}

#[tokio::test]
async fn doubles_of_before_are_still_merged_and_the_first_of_them_is_found() {
    let t = TestDb::seeded().await;
    let first = registered(&t, "harbor-family", zelda()).await.patient;
    let second = registered(&t, "harbor-family", draft("Zelda Quint", BORN, "+12125550165"));
    let second = second.await.patient;
    let mut conn = t.superuser().await;
    let doubled = "UPDATE patients SET doubled = true, phone = '+12125550164' WHERE id = $1";
    sqlx::query(doubled).bind(second.patient().uuid()).execute(&mut conn).await.expect("doubled");
    let again = registered(&t, "harbor-family", zelda()).await;
    assert_eq!(again, Registration { patient: first, known: true });
    let mut tx = t.begin("harbor-family").await;
    let claim = |phone| Claim {
        name: Phi::new("Zelda Quint".to_owned()),
        date_of_birth: Phi::new(BORN),
        phone,
    };
    let answer = patient::verify(&mut tx, &claim(None), &call(), now()).await.expect("answer");
    assert_eq!(answer, Verification::Namesakes);
    let reason = StaffOverride::because("registered twice").expect("a reason");
    patient::merge(&mut tx, &ring(), &second, &first, &reason, &call(), now())
        .await
        .expect("merged");
    let answer = patient::verify(&mut tx, &claim(None), &call(), now()).await.expect("answer");
    assert_eq!(answer, Verification::Verified(first));
    tx.commit().await.expect("commit");
    t.check_invariants().await;
}

#[tokio::test]
async fn a_record_without_a_telephone_takes_over_that_of_its_double() {
    let t = TestDb::seeded().await;
    let mut tx = t.begin("harbor-family").await;
    let nameless = Draft { phone: None, ..zelda() };
    let into = patient::register(&mut tx, &nameless, &call(), now(), &IDS).await.expect("one");
    let from = patient::register(&mut tx, &zelda(), &call(), now(), &IDS).await.expect("two");
    assert_ne!(into, from);
    let reason = StaffOverride::because("registered twice").expect("a reason");
    patient::merge(&mut tx, &ring(), &from, &into, &reason, &call(), now()).await.expect("merged");
    let again = patient::register_or_identify(&mut tx, &zelda(), &call(), now(), &IDS).await;
    assert_eq!(again.expect("known"), Registration { patient: into, known: true });
}

#[tokio::test]
async fn a_provisional_patient_does_not_become_somebody_who_is_registered() {
    let t = TestDb::seeded().await;
    registered(&t, "harbor-family", zelda()).await;
    let mut tx = t.begin("harbor-family").await;
    let who = patient::register_provisional(&mut tx, None, &call(), now(), &IDS).await;
    let who = who.expect("provisional");
    let twice = patient::complete(&mut tx, &who, &zelda(), &call(), now()).await;
    assert_eq!(twice.expect_err("registered").refusal(), Some(Refusal::WrongStatus));
}
