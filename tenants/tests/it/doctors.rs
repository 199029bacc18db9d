//! Doctors, and what a search over all clinics sees of them.

use frontdesk_tenants::doctors::{DoctorDetails, DoctorEvent, add, find, project, update};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Database, Principal, Refusal, schedule};
use frontdesk_types::{ClinicId, DoctorId, EventId};
use sqlx::Connection as _;

const BY: By = By::principal(Principal::Job("test"));

fn details(name: &str, specialty: &str) -> DoctorDetails {
    DoctorDetails {
        name: name.to_owned(),
        license_number: name.to_owned(),
        specialties: vec![specialty.to_owned(), "urology".to_owned()],
        languages: vec!["en".to_owned()],
        gender: None,
        fee: Some("120.50".to_owned()),
        years_experience: Some(9),
        bio: None,
        location: None,
    }
}

/// The events of doctors that nobody handled, as the relay would hand them on.
async fn events(t: &TestDb) -> Vec<DoctorEvent> {
    let mut conn = t.superuser().await;
    let rows: Vec<(uuid::Uuid, uuid::Uuid, uuid::Uuid)> = sqlx::query_as(
        "SELECT event_id, clinic_id, aggregate_id FROM outbox o WHERE aggregate_type = 'doctor'
            AND NOT EXISTS (SELECT FROM inbox i WHERE i.event_id = o.event_id) ORDER BY position",
    )
    .fetch_all(&mut conn)
    .await
    .expect("events");
    conn.close().await.expect("close");
    rows.into_iter()
        .map(|(event, clinic, doctor)| DoctorEvent {
            event: EventId::from_uuid(event),
            clinic: ClinicId::from_uuid(clinic),
            doctor: DoctorId::from_uuid(doctor),
        })
        .collect()
}

#[tokio::test]
async fn the_directory_follows_the_clinics_whatever_the_order_of_events() {
    let t = TestDb::seeded().await;
    let nile = t.tenant("nile-heart").await;
    let worker = Database::connect_with(&t.worker_url(), 2).await.expect("as frontdesk_worker");
    assert_eq!(find(t.db(), "cardiology", 100).await.expect("found"), []);
    for event in events(&t).await {
        assert!(project(&worker, &event, now()).await.expect("projected"));
        assert!(!project(&worker, &event, now()).await.expect("again"), "handled twice");
    }
    let listed = find(t.db(), "cardiology", 100).await.expect("found");
    assert!(!listed.is_empty() && listed.iter().all(|d| d.clinic == nile.clinic()));

    let mut tx = t.begin("nile-heart").await;
    let doctor = add(&mut tx, &details("Omar", "pediatrics"), &BY, now(), &IDS).await.expect("new");
    let renamed = details("Omar Said", "neurology");
    update(&mut tx, doctor, 1, &renamed, &BY, now()).await.expect("changed");
    let stale = update(&mut tx, doctor, 1, &details("X", "urology"), &BY, now()).await;
    assert_eq!(stale.expect_err("stale").refusal(), Some(Refusal::VersionMismatch));
    tx.commit().await.expect("commit");
    let mut late = events(&t).await;
    assert_eq!(late.len(), 2);
    late.reverse();
    for event in &late {
        project(&worker, event, now()).await.expect("projected");
    }
    let found = find(t.db(), "neurology", 100).await.expect("found");
    let found = found.iter().find(|d| d.doctor == doctor).expect("listed");
    assert_eq!((found.name.as_str(), found.fee.as_deref()), ("Omar Said", Some("120.50")));
    assert_eq!(found.specialties, ["neurology", "urology"]);
    let before = find(t.db(), "pediatrics", 100).await.expect("found");
    assert!(before.iter().all(|d| d.doctor != doctor));

    let job = Principal::Job("test");
    let hanging = schedule::deactivate_doctor(t.db(), &nile, doctor, job, now()).await;
    assert_eq!(hanging.expect("deactivated"), []);
    for event in events(&t).await {
        project(&worker, &event, now()).await.expect("projected");
    }
    let gone = find(t.db(), "neurology", 100).await.expect("found");
    assert!(gone.iter().all(|d| d.doctor != doctor));
    worker.close().await;
}

#[tokio::test]
async fn only_the_worker_writes_the_directory() {
    let t = TestDb::seeded().await;
    let mut app = t.app().await;
    for sql in [
        "DELETE FROM directory_doctors",
        "UPDATE directory_doctors SET name = 'x'",
        "INSERT INTO directory_doctors SELECT clinic_id, id, name, '{}', fee, languages, 1, bio, \
         location, rating, 1, now() FROM doctors",
    ] {
        assert!(sqlx::query(sql).execute(&mut app).await.is_err(), "{sql}");
    }
}
