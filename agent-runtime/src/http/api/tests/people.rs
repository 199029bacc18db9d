//! Patients, their records, callbacks and doctors over the API: what is told to whom, and what is kept.

use frontdesk_tenants::staff::Role;
use serde_json::{Value, json};

use super::rig::{HARBOR, NILE, Rig};

const PATIENTS: &str = "/api/v1/clinics/nile-heart/patients";

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_is_registered_once_found_by_words_of_the_name_and_seen_by_their_clinic_alone() {
    let rig = Rig::start().await;
    let desk = rig.member(NILE, Role::Receptionist).await;
    let omar =
        json!({"name": "Omar Hassan", "date_of_birth": "1980-05-04", "phone": "+201005550101"});
    let first = desk.post(PATIENTS, omar.clone()).await.is(201);
    let again = desk.post(PATIENTS, omar.clone()).await.is(200);
    assert_eq!(first.body, again.body, "the same person");
    let key = [("idempotency-key", "two")];
    let laila = json!({"name": "Laila Nabil", "date_of_birth": "1990-01-02"});
    let made = desk.ask("POST", PATIENTS, laila.clone(), &key).await.is(201);
    let retried = desk.ask("POST", PATIENTS, laila, &key).await.is(201);
    assert_eq!((&made.body, retried.replayed), (&retried.body, true));
    desk.ask("POST", PATIENTS, omar, &key).await.is_problem(422, "key_reused");
    let kept = "idempotency_keys WHERE answer::text ~ 'Laila|1990'";
    assert_eq!(rig.database.count(kept).await, 0, "ids are kept, and nobody's name");
    let search = format!("{PATIENTS}/search");
    let found = desk.post(&search, json!({"name": "hassan OMAR"})).await.is(200);
    assert_eq!(found.items(), std::slice::from_ref(&first.body));
    assert!(desk.post(&search, json!({"name": "Hassan Ali"})).await.is(200).items().is_empty());
    let other = rig.member(HARBOR, Role::Receptionist).await;
    let elsewhere = format!("/api/v1/clinics/{HARBOR}/patients");
    let path = format!("{elsewhere}/{}", first.text("id"));
    other.get(&path).await.is_problem(404, "patient_unknown");
    let search = json!({"name": "Omar Hassan", "phone": "+201005550101"});
    let found = other.post(&format!("{elsewhere}/search"), search).await.is(200);
    assert!(found.items().is_empty());
    let bad = json!({"name": "", "date_of_birth": "1980-13-04", "phone": "0100"});
    let bad = desk.post(PATIENTS, bad).await;
    assert_eq!((bad.status, bad.bad_fields()), (422, vec!["name", "date_of_birth", "phone"]));
    let read = "audit_log WHERE action = 'patient.read' AND entity = 'patient'";
    assert_eq!(rig.database.count(read).await, 5, "each reading is in the audit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_for_those_who_treat_and_sealed_and_a_patch_empties_what_is_null() {
    let rig = Rig::start().await;
    let (desk, nurse) =
        (rig.member(NILE, Role::Receptionist).await, rig.member(NILE, Role::Nurse).await);
    let path = format!("{PATIENTS}/{}", rig.patient(NILE, "Omar Hassan").await);
    let record = format!("{path}/record");
    desk.get(&record).await.is_problem(403, "forbidden");
    let empty = nurse.get(&record).await.is(200);
    assert_eq!(empty.body["allergies"], Value::Null);
    let allergies = json!({"allergies": "penicillin"});
    let written = nurse.change("PATCH", &record, allergies.clone(), &empty.tag).await.is(200);
    assert_eq!(written.text("allergies"), "penicillin");
    nurse.change("PATCH", &record, allergies, &empty.tag).await.is_problem(412, "version_mismatch");
    let sealed = "patient_records WHERE position('penicillin'::bytea IN allergies) > 0";
    assert_eq!(rig.database.count(sealed).await, 0);
    let read = desk.get(&path).await.is(200);
    let reachable = json!({"phone": "+201005550101", "email": "Omar@Example.com "});
    let changed = desk.change("PATCH", &path, reachable, &read.tag).await.is(200);
    assert_eq!(changed.text("email"), "omar@example.com");
    let gone = desk.change("PATCH", &path, json!({"phone": null}), &changed.tag).await.is(200);
    assert_eq!((&gone.body["phone"], gone.text("email")), (&Value::Null, "omar@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_is_taken_by_one_and_done_once() {
    let rig = Rig::start().await;
    let (one, other) =
        (rig.member(NILE, Role::Receptionist).await, rig.member(NILE, Role::Nurse).await);
    let all = "/api/v1/clinics/nile-heart/callbacks";
    let made = one.post(all, json!({"phone": "+201005550102"})).await.is(201);
    assert_eq!(made.text("state"), "open");
    let path = format!("{all}/{}", made.text("id"));
    let taken = one.change("PATCH", &path, json!({"state": "taken"}), &made.tag).await.is(200);
    assert_eq!(taken.text("taken_by"), format!("user:{}", one.user));
    let late = other.change("PATCH", &path, json!({"state": "taken"}), &made.tag).await;
    late.is_problem(412, "version_mismatch");
    let late = other.change("PATCH", &path, json!({"state": "taken"}), "*").await;
    late.is_problem(409, "wrong_status");
    one.change("PATCH", &path, json!({"state": "done"}), &taken.tag).await.is(200);
    assert!(one.get(all).await.is(200).items().is_empty());
    assert_eq!(one.get(&format!("{all}?done=true")).await.is(200).items().len(), 1);
    let again = other.change("PATCH", &path, json!({"state": "open"}), "*").await.is(200);
    assert_eq!((again.text("state"), &again.body["taken_by"]), ("open", &Value::Null));
    assert_eq!(rig.database.count("audit_log WHERE entity = 'callback'").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_who_has_appointments_stays_and_what_hangs_on_them_is_named() {
    let rig = Rig::start().await;
    let chief = rig.member(NILE, Role::ClinicAdmin).await;
    let tenant = rig.database.tenant(NILE).await;
    let offer = rig.database.free(&tenant, 1).await[0].clone();
    let patient = rig.patient(NILE, "Omar Hassan").await;
    let all = "/api/v1/clinics/nile-heart";
    let new = json!({"slot": offer.slot, "patient": patient});
    let booked = chief.post(&format!("{all}/appointments"), new).await.is(201);
    let path = format!("{all}/doctors/{}", offer.doctor);
    let doctor = chief.get(&path).await.is(200);
    let stays = chief.change("DELETE", &path, Value::Null, &doctor.tag).await;
    stays.is_problem(409, "in_the_way");
    let what = json!([{"kind": "appointment", "id": booked.text("id")}]);
    assert_eq!(stays.body["in_the_way"], what);
    let absence = json!({"doctor": offer.doctor, "from": "2026-11-22T00:00:00Z",
                         "until": "2026-11-29T00:00:00Z", "reason": "ill"});
    let preview = chief.post(&format!("{all}/absences/preview"), absence.clone()).await.is(200);
    assert_eq!(preview.body["orphaned"].as_array().map(Vec::len), Some(1));
    let refused = chief.post(&format!("{all}/absences"), absence.clone()).await;
    refused.is_problem(409, "appointments_in_the_way");
    let mut rebook = absence;
    rebook["rebook"] = true.into();
    let key = [("idempotency-key", "away")];
    let path = format!("{all}/absences");
    let away = chief.ask("POST", &path, rebook.clone(), &key).await.is(201);
    assert_eq!(away.body["rebooked"][0]["appointment"]["id"], booked.body["id"]);
    let again = chief.ask("POST", &path, rebook, &key).await.is(201);
    assert_eq!((&again.body, again.replayed), (&away.body, true));
    assert_eq!(rig.database.count("availability_exceptions WHERE reason = 'ill'").await, 1);
    let same = json!({"name": "Another", "license_number": doctor.text("license_number"),
                      "specialties": []});
    chief.post(&format!("{all}/doctors"), same).await.is_problem(409, "taken");
    let odd = json!({"name": "Another", "license_number": "EG-1", "specialties": ["astrology"]});
    chief.post(&format!("{all}/doctors"), odd).await.is_problem(422, "specialty_unknown");
    rig.database.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_of_a_pharmacy_is_empty_and_answers() {
    let rig = Rig::start().await;
    let root = rig.super_admin().await;
    let new = json!({"slug": "delta-pharmacy", "kind": "pharmacy", "name": "Delta Pharmacy",
        "country": "EG", "time_zone": "Africa/Cairo", "languages": ["ar"],
        "emergency_number": "123", "phone": "+20235550177", "address": "1 Delta Street"});
    root.post("/api/v1/clinics", new.clone()).await.is(201);
    root.post("/api/v1/clinics", new).await.is_problem(409, "taken");
    let chief = rig.member("delta-pharmacy", Role::ClinicAdmin).await;
    for list in [
        "appointments",
        "availability",
        "booking-slots",
        "time-slots",
        "absences",
        "doctors",
        "patients",
        "waitlist",
        "calls",
        "callbacks",
    ] {
        let path = format!("/api/v1/clinics/delta-pharmacy/{list}");
        assert!(chief.get(&path).await.is(200).items().is_empty(), "{list}");
    }
    let bad = json!({"slug": "Delta", "kind": "bakery", "opening_hours": {"someday": "9-5"}});
    let bad = root.post("/api/v1/clinics", bad).await;
    let fields = bad.bad_fields();
    assert!(["slug", "kind", "name", "opening_hours"].iter().all(|name| fields.contains(name)));
}
