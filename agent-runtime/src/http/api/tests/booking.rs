//! An appointment over the API: booked, retried, moved, cancelled, by the rules that hold in calls.

use frontdesk_tenants::staff::Role;
use serde_json::{Value, json};

use super::rig::{HARBOR, NILE, Rig};

const APPOINTMENTS: &str = "/api/v1/clinics/nile-heart/appointments";

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_books_and_reads_what_was_booked() {
    let rig = Rig::start().await;
    let desk = rig.member(NILE, Role::Receptionist).await;
    let tenant = rig.database.tenant(NILE).await;
    let (patient, slot) =
        (rig.patient(NILE, "Omar Hassan").await, rig.database.free(&tenant, 1).await[0].slot);
    assert_eq!(desk.get(APPOINTMENTS).await.is(200).items().len(), 0);
    let booked = desk.post(APPOINTMENTS, json!({"slot": slot, "patient": patient})).await.is(201);
    assert_eq!((booked.text("status"), &booked.body["slot"]), ("confirmed", &json!(slot)));
    let path = format!("{APPOINTMENTS}/{}", booked.text("id"));
    let read = desk.get(&path).await.is(200);
    assert_eq!((&read.body, &read.tag), (&booked.body, &booked.tag));
    let list = desk.get(APPOINTMENTS).await.is(200);
    assert_eq!((list.items(), &list.body["next"]), (&[booked.body][..], &Value::Null));
    assert_eq!(rig.database.count("audit_log WHERE action = 'patient.appointments_read'").await, 2);
    assert_eq!(rig.database.count("outbox WHERE event_type = 'appointment.created'").await, 1);
    rig.database.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_first_answer_and_another_request_under_its_key_is_refused() {
    let rig = Rig::start().await;
    let desk = rig.member(NILE, Role::Receptionist).await;
    let tenant = rig.database.tenant(NILE).await;
    let patient = rig.patient(NILE, "Omar Hassan").await;
    let free = rig.database.free(&tenant, 2).await;
    let key = [("idempotency-key", "one")];
    let body = json!({"slot": free[0].slot, "patient": patient});
    let first = desk.ask("POST", APPOINTMENTS, body.clone(), &key).await.is(201);
    let again = desk.ask("POST", APPOINTMENTS, body.clone(), &key).await.is(201);
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!((&again.body, &again.tag), (&first.body, &first.tag));
    let other = json!({"slot": free[1].slot, "patient": patient});
    desk.ask("POST", APPOINTMENTS, other, &key).await.is_problem(422, "key_reused");
    desk.post(APPOINTMENTS, body).await.is_problem(409, "slot_taken");
    let bad = desk.ask("POST", APPOINTMENTS, json!({}), &[("idempotency-key", "a b")]).await;
    assert_eq!((bad.status, bad.bad_fields()), (400, vec!["Idempotency-Key"]));
    assert_eq!(rig.database.count("appointments").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_request_is_told_everything_that_is_wrong_with_it_and_changes_nothing() {
    let rig = Rig::start().await;
    let desk = rig.member(NILE, Role::Receptionist).await;
    let bad =
        desk.post(APPOINTMENTS, json!({"slot": 7, "colour": "red", "override_reason": " "})).await;
    bad.is_problem(422, "invalid");
    assert_eq!(bad.bad_fields(), ["slot", "patient", "override_reason", "colour"]);
    let bad = desk.get(&format!("{APPOINTMENTS}?limit=0&from=tomorrow&status=late&page=2")).await;
    bad.is_problem(422, "invalid");
    assert_eq!(bad.bad_fields(), ["status", "from", "limit", "page"]);
    let headers = [("content-type", "application/json")];
    for (body, status, code) in [("{", 400, "bad_request"), ("[]", 422, "invalid")] {
        let answer = rig.text(&desk, "POST", APPOINTMENTS, body, &headers).await;
        answer.is_problem(status, code);
    }
    let plain =
        rig.text(&desk, "POST", APPOINTMENTS, "{}", &[("content-type", "text/plain")]).await;
    plain.is_problem(415, "unsupported_media_type");
    let large = format!("{{\"slot\": \"{}\"}}", "x".repeat(70_000));
    rig.text(&desk, "POST", APPOINTMENTS, &large, &headers).await.is_problem(413, "too_large");
    assert_eq!(rig.database.count("appointments").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_names_the_version_that_it_changes() {
    let rig = Rig::start().await;
    let desk = rig.member(NILE, Role::Receptionist).await;
    let tenant = rig.database.tenant(NILE).await;
    let patient = rig.patient(NILE, "Omar Hassan").await;
    // Far enough ahead for the clinic's notice.
    let free = rig.database.free(&tenant, 500).await;
    let (first, second) = (free[498].slot, free[499].slot);
    let booked = desk.post(APPOINTMENTS, json!({"slot": first, "patient": patient})).await.is(201);
    let path = format!("{APPOINTMENTS}/{}", booked.text("id"));
    let to = json!({"slot": second});
    desk.ask("PATCH", &path, to.clone(), &[]).await.is_problem(428, "version_needed");
    desk.change("PATCH", &path, to.clone(), "\"7\"").await.is_problem(412, "version_mismatch");
    desk.change("PATCH", &path, to.clone(), "nonsense").await.is_problem(412, "version_mismatch");
    let moved = desk.change("PATCH", &path, to.clone(), &booked.tag).await.is(200);
    assert_eq!((&moved.body["slot"], moved.tag == booked.tag), (&json!(second), false));
    desk.change("DELETE", &path, Value::Null, &booked.tag)
        .await
        .is_problem(412, "version_mismatch");
    let gone = desk.change("DELETE", &path, Value::Null, &moved.tag).await.is(200);
    assert_eq!(gone.text("status"), "cancelled");
    desk.change("PATCH", &path, to, &gone.tag).await.is_problem(409, "wrong_status");
    rig.database.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another_and_a_cursor_cannot_be_forged_or_taken_elsewhere() {
    let rig = Rig::start().await;
    let desk = rig.member(NILE, Role::Receptionist).await;
    let tenant = rig.database.tenant(NILE).await;
    let free = rig.database.free(&tenant, 400).await;
    let mut booked = Vec::new();
    for (n, offer) in free.iter().step_by(80).enumerate() {
        let patient =
            rig.patient(NILE, &format!("Patient Number{}", char::from(b'A' + n as u8))).await;
        let body = json!({"slot": offer.slot, "patient": patient});
        booked.push(desk.post(APPOINTMENTS, body).await.is(201).body);
    }
    let (mut seen, mut path) = (Vec::new(), format!("{APPOINTMENTS}?limit=2"));
    loop {
        let page = desk.get(&path).await.is(200);
        assert!(page.items().len() <= 2);
        seen.extend_from_slice(page.items());
        match page.body["next"].as_str() {
            Some(next) => path = format!("{APPOINTMENTS}?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, booked, "each once, in order");
    let next = desk.get(&format!("{APPOINTMENTS}?limit=2")).await.text("next").to_owned();
    let other = format!("{APPOINTMENTS}?status=confirmed&cursor={next}");
    desk.get(&other).await.is_problem(400, "cursor_invalid");
    let forged = format!("{APPOINTMENTS}?cursor=AAAA{next}");
    desk.get(&forged).await.is_problem(400, "cursor_invalid");
    let harbor = rig.member(HARBOR, Role::Receptionist).await;
    let elsewhere = format!("/api/v1/clinics/{HARBOR}/appointments?cursor={next}");
    harbor.get(&elsewhere).await.is_problem(400, "cursor_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_sees_their_own_appointments_and_whoever_may_not_goes_past_no_rule() {
    let rig = Rig::start().await;
    let (desk, doctor) =
        (rig.member(NILE, Role::Receptionist).await, rig.member(NILE, Role::Doctor).await);
    let tenant = rig.database.tenant(NILE).await;
    let free = rig.database.free(&tenant, 400).await;
    let mine = &free[0];
    let theirs = free.iter().find(|offer| offer.doctor != mine.doctor).expect("another doctor");
    for (offer, name) in [(mine, "Omar Hassan"), (theirs, "Laila Nabil")] {
        let patient = rig.patient(NILE, name).await;
        desk.post(APPOINTMENTS, json!({"slot": offer.slot, "patient": patient})).await.is(201);
    }
    doctor.get(APPOINTMENTS).await.is_problem(403, "no_doctor");
    let sql =
        format!("UPDATE doctors SET user_id = '{}' WHERE id = '{}'", doctor.user, mine.doctor);
    rig.database.execute(&sql).await;
    let seen = doctor.get(APPOINTMENTS).await.is(200);
    assert_eq!(seen.items().len(), 1);
    assert_eq!(seen.items()[0]["doctor"], json!(mine.doctor));
    let all = desk.get(APPOINTMENTS).await.is(200);
    let other = all.items().iter().find(|row| row["doctor"] == json!(theirs.doctor)).expect("it");
    let path = format!("{APPOINTMENTS}/{}", other["id"].as_str().expect("an id"));
    doctor.get(&path).await.is_problem(403, "forbidden");
    doctor.post(&format!("{path}/cancel"), json!({})).await.is_problem(403, "forbidden");
    desk.post(&format!("{path}/cancel"), json!({})).await.is_problem(409, "too_late");
    let why = json!({"override_reason": "the patient is in pain"});
    desk.post(&format!("{path}/cancel"), why.clone()).await.is_problem(403, "forbidden");
    let chief = rig.member(NILE, Role::ClinicAdmin).await;
    chief.post(&format!("{path}/cancel"), why).await.is(200);
    assert_eq!(rig.database.count("audit_log WHERE reason = 'the patient is in pain'").await, 1);
}
