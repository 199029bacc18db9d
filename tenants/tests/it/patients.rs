//! Registration, verification, records, rotation, export and erasure.

use std::time::{Duration, Instant};

use frontdesk_tenants::booking::{self, Book, Cancel, CancelReason};
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_tenants::patient::{self, Claim, Draft, RecordUpdate, Verification};
use frontdesk_tenants::testing::{IDS, RING, TestDb, now, ring};
use frontdesk_tenants::{By, Error, Refusal, calls};
use frontdesk_types::testing::{Person, Redaction};
use frontdesk_types::{CallId, CallOutcome, Channel, Phi};
use jiff::civil::{Date, date};

fn claim(name: &str, born: Date) -> Claim {
    Claim { name: Phi::new(name.to_owned()), date_of_birth: Phi::new(born), phone: None }
}

fn draft(name: &str, born: Date, phone: &str) -> Draft {
    Draft {
        name: Phi::new(name.to_owned()),
        date_of_birth: Phi::new(born),
        phone: Some(Phi::new(phone.to_owned())),
    }
}

fn by() -> By {
    By::call(CallId::new(&IDS), 1)
}

#[tokio::test]
async fn who_is_unknown_and_who_is_mistaken_get_the_same_answer_after_the_same_delay() {
    let redaction =
        Redaction::watch([Person::named("Mary Johnson").phone("+201001234567").born("1984-03-12")]);
    let t = TestDb::seeded().await;
    let ask = |claim: Claim, slug: &'static str| {
        let t = &t;
        async move {
            let mut tx = t.begin(slug).await;
            #[expect(clippy::disallowed_methods, reason = "the delay is what is measured")]
            let start = Instant::now();
            let answer = patient::verify(&mut tx, &claim, &by(), now()).await.expect("answer");
            let took = start.elapsed();
            tx.commit().await.expect("commit");
            (answer, took)
        }
    };
    let born = date(1984, 3, 12);
    let (right, mut longest) = ask(claim("johnson, MARY", born), "nile-heart").await;
    assert!(matches!(right, Verification::Verified(_)));
    let mut shortest = longest;
    for (claim, slug) in [
        (claim("Mary Johnson", date(1984, 3, 13)), "nile-heart"),
        (claim("Mary Johnston", born), "nile-heart"),
        (claim("Nobody Atall", born), "nile-heart"),
        (claim("", born), "nile-heart"),
        // A patient of the other clinic.
        (claim("Mary Johnson", born), "harbor-family"),
    ] {
        let (answer, took) = ask(claim, slug).await;
        assert_eq!(answer, Verification::Refused);
        shortest = shortest.min(took);
        longest = longest.max(took);
    }
    assert!(shortest >= Duration::from_millis(150), "{shortest:?}");
    let mut conn = t.superuser().await;
    let tries: Vec<(String, i64)> = sqlx::query_as(
        "SELECT action, count(*) FROM audit_log WHERE action LIKE 'patient.%verified'
          GROUP BY 1 ORDER BY 1",
    )
    .fetch_all(&mut conn)
    .await
    .expect("audit");
    let tries: Vec<(&str, i64)> = tries.iter().map(|(a, n)| (a.as_str(), *n)).collect();
    assert_eq!(tries, [("patient.not_verified", 5), ("patient.verified", 1)]);
    redaction.check();
}

#[tokio::test]
async fn namesakes_are_told_apart_by_their_telephone_and_a_family_shares_one() {
    let t = TestDb::seeded().await;
    let mut tx = t.begin("nile-heart").await;
    let born = date(1990, 1, 1);
    let one = draft("Ali Hassan", born, "+201110000001");
    let two = draft("Ali Hassan", born, "+201110000002");
    let one = patient::register(&mut tx, &one, &by(), now(), &IDS).await.expect("registered");
    patient::register(&mut tx, &two, &by(), now(), &IDS).await.expect("registered");
    let mut asked = claim("Ali Hassan", born);
    let answer = patient::verify(&mut tx, &asked, &by(), now()).await.expect("answer");
    assert_eq!(answer, Verification::Namesakes);
    asked.phone = Some(Phi::new("+201110000001".to_owned()));
    let answer = patient::verify(&mut tx, &asked, &by(), now()).await.expect("answer");
    assert_eq!(answer, Verification::Verified(one));
    asked.phone = Some(Phi::new("+201110000009".to_owned()));
    let answer = patient::verify(&mut tx, &asked, &by(), now()).await.expect("answer");
    assert_eq!(answer, Verification::Refused);
    for wrong in [
        draft("", born, "+201110000001"),
        draft("12", born, "0100"),
        draft("Ali", date(2030, 1, 1), "+201110000001"),
        draft("Ali", date(1799, 1, 1), "+201110000001"),
    ] {
        let refused = patient::register(&mut tx, &wrong, &by(), now(), &IDS).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_provisional_patient_cannot_be_claimed_until_they_are_named() {
    let t = TestDb::seeded().await;
    let mut tx = t.begin("nile-heart").await;
    let phone = Phi::new("+201234567890".to_owned());
    let who = patient::register_provisional(&mut tx, Some(&phone), &by(), now(), &IDS)
        .await
        .expect("provisional");
    let born = date(2000, 2, 29);
    let asked = claim("Sara Adel", born);
    let answer = patient::verify(&mut tx, &asked, &by(), now()).await.expect("answer");
    assert_eq!(answer, Verification::Refused);
    let named = draft("Sara Adel", born, "+201234567890");
    patient::complete(&mut tx, &who, &named, &by(), now()).await.expect("named");
    let answer = patient::verify(&mut tx, &asked, &by(), now()).await.expect("answer");
    assert_eq!(answer, Verification::Verified(who));
    let twice = patient::complete(&mut tx, &who, &named, &by(), now()).await;
    assert_eq!(twice.expect_err("named").refusal(), Some(Refusal::PatientUnknown));
}

#[tokio::test]
async fn records_are_sealed_rotated_exported_and_erased_with_their_key() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let db = t.db();
    let old = KeyRing::generate("old");
    let ring_old = KeyRing::parse(&old).expect("ring");
    let mut tx = t.begin("nile-heart").await;
    let named = draft("Hoda Aziz", date(1970, 5, 5), "+201110001111");
    let who = patient::register(&mut tx, &named, &by(), now(), &IDS).await.expect("registered");
    let update = RecordUpdate {
        notes: Some(Phi::new("afraid of needles".to_owned())),
        national_id: Some(Phi::new("29001011234567".to_owned())),
        ..Default::default()
    };
    patient::update_record(&mut tx, &ring_old, &who, update, &by(), now()).await.expect("noted");
    let call = CallId::new(&IDS);
    let new = calls::NewCall {
        id: call,
        channel: Channel::Phone,
        video: false,
        language: "en".to_owned(),
        room: None,
        caller_phone: Some(Phi::new("+201110001111".to_owned())),
        movable: false,
        worker: "w1".to_owned(),
        lease_until: now(),
    };
    let key = calls::start(&mut tx, &ring_old, &new, false, now()).await.expect("started");
    calls::identify(&mut tx, call, &who).await.expect("identified");
    assert_eq!(patient::resume(&mut tx, call).await.expect("resumed"), Some(who));
    let summary = Phi::new("asked about needles".to_owned());
    let metrics = serde_json::json!({});
    let ended =
        calls::end(&mut tx, &key, CallOutcome::Answered, Some(&summary), &metrics, now()).await;
    assert!(ended.expect("ended"));
    tx.commit().await.expect("commit");

    let stored = dump(&t).await;
    let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    for secret in ["needles", "29001011234567"] {
        assert!(!stored.contains(secret) && !stored.contains(&hex(secret)), "{secret} lies open");
    }

    // Rotation: the record opens with a ring in which the old key comes second, and after
    // re-wrapping without it.
    let new_text = KeyRing::generate("new");
    let both = KeyRing::parse(&format!("{},{},{}", *new_text, *old, RING)).expect("ring");
    let mut tx = t.begin("nile-heart").await;
    let rewrapped = patient::rewrap_keys(&mut tx, &both, 100).await.expect("rewrapped");
    assert!(rewrapped.done >= 2 && rewrapped.left == 0, "{rewrapped:?}");
    let only_new = KeyRing::parse(&new_text).expect("ring");
    let record = patient::record(&mut tx, &only_new, &who).await.expect("opens");
    assert_eq!(record.notes.expect("notes").expose(), "afraid of needles");
    assert!(patient::record(&mut tx, &ring(), &who).await.is_err());
    tx.commit().await.expect("commit");

    let slot = t.free(&tenant, 1).await[0].slot;
    let request = Book { slot, patient: who, hold: None, staff: None };
    let mine = By::call(CallId::new(&IDS), 1);
    let booked = booking::book(db, &tenant, &request, &mine, now(), &IDS).await.expect("booked");
    let mut tx = t.begin("nile-heart").await;
    let export = patient::export(&mut tx, &only_new, &who, &by(), now()).await.expect("exported");
    assert_eq!(export.name.expect("a name").expose(), "Hoda Aziz");
    assert_eq!(export.record.national_id.expect("an id").expose(), "29001011234567");
    assert_eq!((export.appointments.len(), export.calls), (1, vec![call]));
    let refused = patient::erase(&mut tx, &who, &by(), now()).await;
    assert_eq!(refused.expect_err("to come").refusal(), Some(Refusal::AppointmentsInTheWay));
    tx.commit().await.expect("commit");
    let cancel = Cancel {
        appointment: booked.appointment.id,
        patient: Some(who),
        version: None,
        reason: CancelReason::Patient,
        staff: None,
    };
    booking::cancel(db, &tenant, &cancel, &mine, now()).await.expect("cancelled");
    let mut tx = t.begin("nile-heart").await;
    patient::erase(&mut tx, &who, &by(), now()).await.expect("erased");
    tx.commit().await.expect("commit");
    let stored = dump(&t).await;
    assert!(!stored.contains("Hoda") && !stored.contains("+201110001111"), "something is left");
    let mut tx = t.begin("nile-heart").await;
    let gone = patient::record(&mut tx, &only_new, &who).await;
    assert_eq!(gone.expect_err("gone").refusal(), Some(Refusal::PatientUnknown));
    let asked = claim("Hoda Aziz", date(1970, 5, 5));
    let answer = patient::verify(&mut tx, &asked, &by(), now()).await.expect("answer");
    assert_eq!(answer, Verification::Refused);
    // The appointment stays, and names nobody.
    let kept = booking::appointment(&mut tx, booked.appointment.id).await.expect("read");
    assert_eq!(kept.expect("kept").patient, who.patient());
    let mut conn = t.superuser().await;
    let keys: i64 = sqlx::query_scalar("SELECT count(*) FROM patient_keys WHERE patient_id = $1")
        .bind(who.patient().uuid())
        .fetch_one(&mut conn)
        .await
        .expect("keys");
    assert_eq!(keys, 0);
    t.check_invariants().await;
}

/// All that is stored of people, as text.
async fn dump(t: &TestDb) -> String {
    let mut conn = t.superuser().await;
    sqlx::query_scalar(
        "SELECT string_agg(r, ' ') FROM (
            SELECT p::text AS r FROM patients p UNION ALL
            SELECT r::text FROM patient_records r UNION ALL
            SELECT c::text FROM calls c UNION ALL
            SELECT o::text FROM outbox o UNION ALL
            SELECT a::text FROM audit_log a) x",
    )
    .fetch_one(&mut conn)
    .await
    .expect("dump")
}
