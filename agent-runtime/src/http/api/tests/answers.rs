//! Every operation is done once, on real rows, and its answer is as the document says.

use std::collections::BTreeSet;
use std::time::Duration;

use frontdesk_tenants::calls::{self, Message, NewCall, Speaker, Turn};
use frontdesk_tenants::passwords::Passwords;
use frontdesk_tenants::sign_in::give_password;
use frontdesk_tenants::staff::{Joined, NewMember, Role, add_member};
use frontdesk_tenants::testing::{IDS, now, ring};
use frontdesk_tenants::{By, Principal};
use frontdesk_types::{CallId, CallOutcome, Channel, Clock as _, MessageSubject, Phi};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::access::{Operation, operations};
use super::rig::{Answer, HARBOR, NILE, Person, Rig};
use super::schema::wrong;
use crate::http::api::document;

const PASSWORD: &str = "four words make sense";

/// What was called, and the document that it is compared with.
struct Walk {
    document: Value,
    operations: Vec<Operation>,
    called: Mutex<BTreeSet<String>>,
}

impl Walk {
    fn operation(&self, id: &str) -> &Operation {
        let found = self.operations.iter().find(|operation| operation.id == id);
        found.unwrap_or_else(|| panic!("{id} is not in the document"))
    }

    /// Does it, with those ids in its path; the answer is one that the document names.
    async fn call(
        &self,
        who: &Person<'_>,
        id: &str,
        path: &[(&str, &str)],
        body: Value,
        tag: &str,
    ) -> Answer {
        let operation = self.operation(id);
        let mut url = operation.path.replace("{clinic}", NILE);
        for (name, value) in path {
            url = url.replace(&format!("{{{name}}}"), value);
        }
        assert!(!url.contains('{'), "{url}");
        let headers = [("if-match", tag)];
        let headers = if tag.is_empty() { &headers[..0] } else { &headers[..] };
        let answer = who.ask(&operation.method, &url, body, headers).await;
        self.compare(id, answer)
    }

    fn compare(&self, id: &str, answer: Answer) -> Answer {
        self.called.lock().insert(id.to_owned());
        let responses = &self.operation(id).described["responses"];
        let status = answer.status.to_string();
        let named = responses.get(&status);
        let named = named.unwrap_or_else(|| panic!("{id}: {status} {}", answer.body));
        match named.pointer("/content/application~1json/schema") {
            Some(schema) => {
                let wrong = wrong(&self.document, schema, &answer.body);
                assert!(wrong.is_empty(), "{id}: {wrong:#?} in {}", answer.body);
            }
            None => assert!(matches!(answer.body, Value::Null | Value::Object(_)), "{id}"),
        }
        answer
    }
}

/// A call of a caller who left a message, with two turns.
async fn recorded_call(rig: &Rig) -> CallId {
    let by = By::principal(Principal::Job("test"));
    let id = CallId::new(&IDS);
    let call = NewCall {
        id,
        channel: Channel::Web,
        video: false,
        language: "en".to_owned(),
        room: None,
        caller_phone: None,
        movable: false,
        worker: "test".to_owned(),
        lease_until: now(),
    };
    let mut tx = rig.database.begin(NILE).await;
    let key = calls::start(&mut tx, &ring(), &call, false, now()).await.expect("started");
    let turn = |number, speaker, text: &str| Turn {
        number,
        speaker,
        text: Phi::new(text.to_owned()),
        metrics: json!({}),
        spoken_at: now(),
    };
    let turns = [turn(0, Speaker::Agent, "Hello."), turn(1, Speaker::Caller, "I have a question.")];
    calls::add_turns(&mut tx, &key, &turns).await.expect("added");
    let message = Message {
        subject: MessageSubject::Results,
        words: Phi::new("Are my results there?".to_owned()),
        about: None,
        call_when: None,
        phone: Some(Phi::new("+201005550100".to_owned())),
    };
    calls::add_message(&mut tx, &key, &message, &by, now(), &IDS).await.expect("added");
    let summary = Phi::new("asked for results".to_owned());
    calls::end(&mut tx, &key, CallOutcome::Message, Some(&summary), &json!({}), now())
        .await
        .expect("ended");
    tx.commit().await.expect("commit");
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_as_the_document_says() {
    let rig = Rig::start().await;
    let walk = Walk {
        document: serde_json::from_str(document::text()).expect("JSON"),
        operations: operations(),
        called: Mutex::default(),
    };
    let walk = &walk;
    let chief = rig.member(NILE, Role::ClinicAdmin).await;
    sign_in_and_out(walk, &rig, &chief).await;
    // The password that was given has ended the sign-ins before it.
    let chief = &rig.sign_in(chief.user).await;
    let patient = people(walk, &rig, chief).await;
    visits(walk, &rig, chief, &patient).await;
    calls_and_callbacks(walk, &rig, chief).await;
    schedule(walk, chief).await;
    clinics(walk, &rig, chief).await;
    staff(walk, &rig, chief).await;
    missed(walk, &rig, chief).await;
    rig.database.check_invariants().await;
    let all: BTreeSet<_> = walk.operations.iter().map(|operation| operation.id.clone()).collect();
    let left: Vec<_> = all.difference(&walk.called.lock()).cloned().collect();
    assert!(left.is_empty(), "never called: {left:?}");
}

async fn sign_in_and_out(walk: &Walk, rig: &Rig, chief: &Person<'_>) {
    let hash = Passwords::default().hash(PASSWORD.to_owned().into()).await.expect("hashed");
    let by = By::principal(Principal::Job("test"));
    let mut tx = rig.database.begin(NILE).await;
    assert!(give_password(&mut tx, chief.user, &hash, &by, now()).await.expect("given"));
    tx.commit().await.expect("commit");
    let email = format!("clinic_admin@{NILE}.example.com");
    let body = json!({"email": email, "password": PASSWORD});
    let login = rig.ask("POST", "/api/v1/auth/login", body, &[]).await;
    let cookie = login.cookie().to_owned();
    let bearer = format!("Bearer {}", login.text("access_token"));
    walk.compare("login", login);
    let me = rig.ask("GET", "/api/v1/auth/me", Value::Null, &[("authorization", &bearer)]).await;
    walk.compare("me", me);
    let renewed =
        rig.ask("POST", "/api/v1/auth/refresh", Value::Null, &[("cookie", &cookie)]).await;
    let cookie = renewed.cookie().to_owned();
    walk.compare("refresh", renewed);
    own_login(walk, rig, chief).await;
    let out = rig.ask("POST", "/api/v1/auth/logout", Value::Null, &[("cookie", &cookie)]).await;
    walk.compare("logout", out);
    rig.ask("GET", "/api/v1/auth/me", Value::Null, &[("authorization", &bearer)])
        .await
        .is_problem(401, "unauthorized");
}

/// What somebody does with their own login: another clinic wants them, and they change their password.
async fn own_login(walk: &Walk, rig: &Rig, chief: &Person<'_>) {
    let by = By::principal(Principal::Job("test"));
    let both = NewMember {
        email: format!("nurse@{NILE}.example.com").into(),
        name: "Mona Adel".to_owned().into(),
        role: Role::Nurse,
    };
    let nurse = &rig.member(NILE, Role::Nurse).await;
    let mut tx = rig.database.begin(HARBOR).await;
    let joined = add_member(&mut tx, &both, &by, now(), &IDS).await.expect("invited");
    assert_eq!(joined, Joined::Invited(nurse.user));
    tx.commit().await.expect("commit");
    let open = walk.call(nurse, "list_invitations", &[], Value::Null, "").await.is(200);
    assert_eq!(open.items()[0]["clinic"], HARBOR);
    let wanted = json!({"clinic": HARBOR, "role": "nurse"});
    walk.call(nurse, "accept_invitation", &[], wanted.clone(), "").await.is(204);
    nurse.post("/api/v1/auth/invitations/accept", wanted).await.is_problem(404, "not_found");
    nurse.get("/api/v1/clinics/harbor-family").await.is(200);
    let another = &rig.sign_in(chief.user).await;
    let path = "/api/v1/auth/password";
    let wrong = json!({"current": "three words make none", "new": "five words make more sense"});
    another.post(path, wrong).await.is_problem(403, "wrong_password");
    let short = json!({"current": PASSWORD, "new": "short"});
    another.post(path, short).await.is_problem(422, "invalid");
}

async fn people(walk: &Walk, rig: &Rig, chief: &Person<'_>) -> String {
    let nurse = &rig.member(NILE, Role::Nurse).await;
    let new =
        json!({"name": "Omar Hassan", "date_of_birth": "1980-05-04", "phone": "+201005550101"});
    let made = walk.call(chief, "register_patient", &[], new, "").await.is(201);
    let id = made.text("id").to_owned();
    let path = [("patient", id.as_str())];
    walk.call(chief, "list_patients", &[], Value::Null, "").await.is(200);
    let found = walk.call(chief, "search_patients", &[], json!({"name": "hassan"}), "").await;
    assert_eq!(found.is(200).items().len(), 1);
    let read = walk.call(chief, "get_patient", &path, Value::Null, "").await.is(200);
    let change = json!({"email": "omar@example.com"});
    walk.call(chief, "change_patient", &path, change, &read.tag).await.is(200);
    let record = walk.call(nurse, "get_record", &path, Value::Null, "").await.is(200);
    let change = json!({"allergies": "penicillin"});
    let changed = walk.call(nurse, "change_record", &path, change, &record.tag).await.is(200);
    assert_eq!(changed.text("allergies"), "penicillin");
    let other = json!({"name": "Laila Nabil", "date_of_birth": "1990-05-04"});
    let other = chief.post("/api/v1/clinics/nile-heart/patients", other).await.is(201);
    let path = [("patient", other.text("id"))];
    walk.call(chief, "erase_patient", &path, Value::Null, &other.tag).await.is(202);
    id
}

async fn visits(walk: &Walk, rig: &Rig, chief: &Person<'_>, patient: &str) {
    let free = walk.call(chief, "list_availability", &[], Value::Null, "").await.is(200);
    let slots: Vec<&str> =
        free.items().iter().map(|slot| slot["slot"].as_str().expect("an id")).collect();
    let slot = [("slot", slots[0])];
    walk.call(chief, "hold_booking_slot", &slot, Value::Null, "").await.is(201);
    let new = json!({"slot": slots[0], "patient": patient});
    let made = walk.call(chief, "book_appointment", &[], new, "").await.is(201);
    let path = [("appointment", made.text("id"))];
    walk.call(chief, "list_appointments", &[], Value::Null, "").await.is(200);
    walk.call(chief, "get_appointment", &path, Value::Null, "").await.is(200);
    let to = json!({"slot": slots[4], "override_reason": "the doctor asked"});
    walk.call(chief, "move_appointment", &path, to, &made.tag).await.is(200);
    walk.call(chief, "check_in_appointment", &path, Value::Null, "").await.is(200);
    walk.call(chief, "complete_appointment", &path, Value::Null, "").await.is(200);
    let whole = json!({"patient": patient, "from": "2026-12-01T06:00:00Z",
                       "until": "2026-12-20T06:00:00Z"});
    let assigned = walk.call(chief, "assign_appointment", &[], whole.clone(), "").await.is(201);
    let path = [("appointment", assigned.text("id"))];
    let why = json!({"reason": "patient"});
    walk.call(chief, "cancel_appointment", &path, why, "").await.is(200);
    let again = walk.call(chief, "assign_appointment", &[], whole.clone(), "").await.is(201);
    let path = [("appointment", again.text("id"))];
    walk.call(chief, "delete_appointment", &path, Value::Null, &again.tag).await.is(200);
    // One that waits for its payment, and one to which nobody comes.
    let prepays = "UPDATE clinics SET prepayment = $ WHERE slug = 'nile-heart'";
    rig.database.execute(&prepays.replace('$', "true")).await;
    let unpaid = walk.call(chief, "assign_appointment", &[], whole, "").await.is(201);
    rig.database.execute(&prepays.replace('$', "false")).await;
    let path = [("appointment", unpaid.text("id"))];
    walk.call(chief, "confirm_appointment", &path, Value::Null, "").await.is(200);
    waiting(walk, rig, chief, patient, slots[8]).await;
}

/// Nobody comes to the appointment that there is.
async fn missed(walk: &Walk, rig: &Rig, chief: &Person<'_>) {
    let url = "/api/v1/clinics/nile-heart/appointments?status=confirmed";
    let all = chief.get(url).await.is(200);
    let last = all.items().last().expect("an appointment");
    let starts: Timestamp = last["starts_at"].as_str().expect("a moment").parse().expect("one");
    let ahead = starts.duration_since(rig.clock.wall()).unsigned_abs();
    rig.clock.advance(ahead + Duration::from_secs(60));
    // A token lasts fifteen minutes.
    let later = rig.sign_in(chief.user).await;
    let path = [("appointment", last["id"].as_str().expect("an id"))];
    walk.call(&later, "no_show_appointment", &path, Value::Null, "").await.is(200);
    let change = json!({"current": PASSWORD, "new": "five words make more sense"});
    walk.call(&later, "change_password", &[], change, "").await.is(204);
    later.get(url).await.is_problem(401, "unauthorized");
}

async fn waiting(walk: &Walk, rig: &Rig, chief: &Person<'_>, patient: &str, slot: &str) {
    let new = json!({"slot": slot, "patient": rig.patient(NILE, "Nour Adel").await});
    let taken = walk.call(chief, "book_appointment", &[], new, "").await.is(201);
    let wish = |doctor: &str| {
        json!({"patient": patient, "doctor": doctor, "from": "2026-11-22T06:00:00Z",
               "until": "2026-12-20T06:00:00Z"})
    };
    let joined =
        walk.call(chief, "join_waitlist", &[], wish(taken.text("doctor")), "").await.is(201);
    let path = [("entry", joined.text("id"))];
    walk.call(chief, "list_waitlist", &[], Value::Null, "").await.is(200);
    let why = json!({"override_reason": "the patient called"});
    let gone = [("appointment", taken.text("id"))];
    walk.call(chief, "cancel_appointment", &gone, why, "").await.is(200);
    let offered = walk.call(chief, "get_waitlist_entry", &path, Value::Null, "").await.is(200);
    assert_eq!((offered.text("status"), offered.text("offered_slot")), ("offered", slot));
    let made = walk.call(chief, "accept_waitlist_offer", &path, Value::Null, "").await.is(201);
    assert_eq!(made.text("slot"), slot);
    let again =
        walk.call(chief, "join_waitlist", &[], wish(taken.text("doctor")), "").await.is(201);
    let path = [("entry", again.text("id"))];
    walk.call(chief, "leave_waitlist", &path, Value::Null, &again.tag).await.is(204);
}

async fn calls_and_callbacks(walk: &Walk, rig: &Rig, chief: &Person<'_>) {
    let call = recorded_call(rig).await.to_string();
    let list = walk.call(chief, "list_calls", &[], Value::Null, "").await.is(200);
    assert_eq!(list.items().len(), 1);
    let path = [("call", call.as_str())];
    let one = walk.call(chief, "get_call", &path, Value::Null, "").await.is(200);
    assert_eq!((one.text("outcome"), one.text("summary")), ("message", "asked for results"));
    let transcript = walk.call(chief, "get_transcript", &path, Value::Null, "").await.is(200);
    assert_eq!(transcript.body["turns"][1]["text"], "I have a question.");
    let list = walk.call(chief, "list_callbacks", &[], Value::Null, "").await.is(200);
    let id = list.items()[0]["id"].as_str().expect("an id").to_owned();
    let path = [("callback", id.as_str())];
    let one = walk.call(chief, "get_callback", &path, Value::Null, "").await.is(200);
    assert_eq!(one.text("words"), "Are my results there?");
    let taken = json!({"state": "taken"});
    walk.call(chief, "change_callback", &path, taken, &one.tag).await.is(200);
    walk.call(chief, "add_callback", &[], json!({"phone": "+201005550103"}), "").await.is(201);
    assert_eq!(
        rig.database.count("audit_log WHERE action IN ('call.transcript_read', 'call.read')").await,
        2
    );
}

async fn schedule(walk: &Walk, chief: &Person<'_>) {
    let new = json!({"name": "Sara Fouad", "license_number": "EG-9001",
                     "specialties": ["cardiology"], "languages": ["ar"], "fee": "300.50"});
    let doctor = walk.call(chief, "add_doctor", &[], new, "").await.is(201);
    let path = [("doctor", doctor.text("id"))];
    walk.call(chief, "list_doctors", &[], Value::Null, "").await.is(200);
    walk.call(chief, "get_doctor", &path, Value::Null, "").await.is(200);
    let change = json!({"bio": "Hearts.", "gender": "female"});
    walk.call(chief, "change_doctor", &path, change, &doctor.tag).await.is(200);
    let shift = json!({"name": "late", "from": "18:00:00", "until": "21:00:00"});
    walk.call(chief, "add_time_slot", &[], shift, "").await.is(201);
    walk.call(chief, "list_time_slots", &[], Value::Null, "").await.is(200);
    let none = walk.call(chief, "list_templates", &path, Value::Null, "").await.is(200);
    let templates = json!({"reason": "begins here", "templates": [
        {"weekday": 2, "time_slot": "late", "slot_minutes": 30, "buffer_minutes": 0,
         "visit_type": "in_person"}]});
    walk.call(chief, "preview_templates", &path, templates.clone(), "").await.is(200);
    walk.call(chief, "replace_templates", &path, templates.clone(), &none.tag).await.is(200);
    let url = format!("/api/v1/clinics/{NILE}/doctors/{}/templates", doctor.text("id"));
    let late = chief.change("PUT", &url, templates, &none.tag).await;
    late.is_problem(412, "version_mismatch");
    let slots = walk.call(chief, "list_booking_slots", &[], Value::Null, "").await.is(200);
    let id = slots.items()[0]["id"].as_str().expect("an id").to_owned();
    let slot = [("slot", id.as_str())];
    let one = walk.call(chief, "get_booking_slot", &slot, Value::Null, "").await.is(200);
    walk.call(chief, "preview_booking_slot", &slot, Value::Null, "").await.is(200);
    let block = json!({"status": "blocked", "reason": "repairs"});
    walk.call(chief, "change_booking_slot", &slot, block, &one.tag).await.is(200);
    walk.call(chief, "remove_booking_slot", &slot, Value::Null, "*").await.is(200);
    let days = json!({"from": "2026-12-01", "until": "2026-12-02"});
    walk.call(chief, "generate_booking_slots", &[], days, "").await.is(201);
    let absence = json!({"doctor": doctor.text("id"), "from": "2026-12-01T00:00:00Z",
                         "until": "2026-12-03T00:00:00Z", "reason": "a congress"});
    walk.call(chief, "preview_absence", &[], absence.clone(), "").await.is(200);
    let away = walk.call(chief, "add_absence", &[], absence, "").await.is(201);
    walk.call(chief, "list_absences", &[], Value::Null, "").await.is(200);
    let gone = [("absence", away.text("absence"))];
    walk.call(chief, "revoke_absence", &gone, Value::Null, "*").await.is(204);
    walk.call(chief, "deactivate_doctor", &path, Value::Null, "*").await.is(204);
}

async fn staff(walk: &Walk, rig: &Rig, chief: &Person<'_>) {
    let new = json!({"email": "nadia@example.com", "name": "Nadia Samir", "role": "nurse"});
    let joined = walk.call(chief, "invite_staff", &[], new, "").await.is(201);
    let all = walk.call(chief, "list_staff", &[], Value::Null, "").await.is(200);
    assert!(all.items().iter().any(|one| one["user"] == joined.body["user"]));
    let path = [("user", joined.text("user")), ("role", "nurse")];
    walk.call(chief, "end_membership", &path, Value::Null, "*").await.is(204);
    let new = json!({"name": "accounting", "role": "receptionist"});
    let made = walk.call(chief, "make_api_key", &[], new, "").await.is(201);
    walk.call(chief, "list_api_keys", &[], Value::Null, "").await.is(200);
    // The system reads and may not do more than a receptionist, until its key is revoked.
    let bearer = format!("Bearer {}", made.text("key"));
    let shown = [("authorization", bearer.as_str())];
    let ask = async |path: &str| rig.ask("GET", path, Value::Null, &shown).await;
    ask("/api/v1/clinics/nile-heart/patients").await.is(200);
    ask("/api/v1/clinics/nile-heart/calls").await.is_problem(403, "forbidden");
    ask("/api/v1/clinics/harbor-family/patients").await.is_problem(403, "forbidden");
    let read = "SELECT DISTINCT principal FROM audit_log WHERE principal LIKE 'system:%'";
    let system = format!("system:{}", made.text("id"));
    assert_eq!(rig.database.texts(read).await, [system], "its readings are in the audit");
    let path = [("key", made.text("id"))];
    walk.call(chief, "revoke_api_key", &path, Value::Null, &made.tag).await.is(204);
    ask("/api/v1/clinics/nile-heart/patients").await.is_problem(401, "unauthorized");
}

async fn clinics(walk: &Walk, rig: &Rig, chief: &Person<'_>) {
    let root = &rig.super_admin().await;
    let new = json!({"slug": "delta-pharmacy", "kind": "pharmacy", "name": "Delta Pharmacy",
        "country": "EG", "time_zone": "Africa/Cairo", "languages": ["ar"], "emergency_number": "123",
        "phone": "+20235550177", "address": "1 Delta Street", "opening_hours": {"sun-thu": "09:00-17:00"}});
    walk.call(root, "add_clinic", &[], new, "").await.is(201);
    let all = walk.call(root, "list_clinics", &[], Value::Null, "").await.is(200);
    assert_eq!(all.items().len(), 3);
    let own = walk.call(chief, "list_clinics", &[], Value::Null, "").await.is(200);
    assert_eq!(own.items().len(), 1);
    let one = walk.call(chief, "get_clinic", &[], Value::Null, "").await.is(200);
    let change = json!({"cancel_notice_minutes": 600});
    walk.call(chief, "change_clinic", &[], change, &one.tag).await.is(200);
    let gone = root.change("DELETE", "/api/v1/clinics/delta-pharmacy", Value::Null, "*").await;
    walk.compare("deactivate_clinic", gone.is(204));
}
