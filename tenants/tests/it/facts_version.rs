//! The version of a clinic's facts grows with every change of what a call is told, and with no other.

use frontdesk_tenants::directory::clinic_by_slug;
use frontdesk_tenants::documents;
use frontdesk_tenants::testing::{IDS, TestDb};

async fn version(t: &TestDb, slug: &str) -> i64 {
    clinic_by_slug(t.db(), slug).await.expect("answers").expect("is there").facts_version
}

#[tokio::test]
async fn each_change_of_clinic_doctor_specialty_or_document_is_seen() {
    let t = TestDb::seeded().await;
    let nile = t.tenant("nile-heart").await.clinic();
    let of_nile = format!("clinic_id = '{nile}'");
    for change in [
        "UPDATE clinics SET name = 'Nile' WHERE slug = 'nile-heart'".to_owned(),
        format!("UPDATE doctors SET bio = 'New here.' WHERE {of_nile}"),
        format!(
            "DELETE FROM doctor_specialties WHERE (clinic_id, doctor_id, specialty) IN
             (SELECT clinic_id, doctor_id, specialty FROM doctor_specialties
               WHERE {of_nile} LIMIT 1)"
        ),
        format!("UPDATE documents SET active = false WHERE {of_nile}"),
    ] {
        let before = (version(&t, "nile-heart").await, version(&t, "harbor-family").await);
        t.execute(&change).await;
        let after = (version(&t, "nile-heart").await, version(&t, "harbor-family").await);
        assert!(after.0 > before.0, "{change}");
        assert_eq!(after.1, before.1, "another clinic's: {change}");
    }
}

#[tokio::test]
async fn a_document_that_the_application_adds_is_seen() {
    let t = TestDb::seeded().await;
    let before = version(&t, "nile-heart").await;
    let mut tx = t.begin("nile-heart").await;
    documents::add(&mut tx, 91, None, "Parking is free.", &IDS).await.expect("added");
    tx.commit().await.expect("commit");
    assert!(version(&t, "nile-heart").await > before);
}

#[tokio::test]
async fn an_update_that_changes_nothing_and_a_slot_leave_it_as_it_is() {
    let t = TestDb::seeded().await;
    let before = version(&t, "nile-heart").await;
    t.execute("UPDATE clinics SET name = name").await;
    t.execute("UPDATE booking_slots SET starts_at = starts_at").await;
    assert_eq!(version(&t, "nile-heart").await, before);
}
