//! What the database refuses, whoever writes: here the superuser, past every function.

use frontdesk_tenants::booking::{HOLD_CALL, HoldRequest, hold};
use frontdesk_tenants::schedule::Hanging;
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::waitlist::{self, Hours, Wish};
use frontdesk_tenants::{By, Principal, schedule};
use frontdesk_types::CallId;
use sqlx::{AssertSqlSafe, PgConnection};

/// The constraint that refuses the statement.
async fn refused(conn: &mut PgConnection, sql: &str) -> String {
    let error = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(conn).await.expect_err(sql);
    let error = error.as_database_error().expect(sql);
    error.constraint().map_or_else(|| error.to_string(), str::to_owned)
}

#[tokio::test]
async fn nothing_is_written_in_the_clear_where_it_is_to_be_sealed() {
    let t = TestDb::seeded().await;
    let mut conn = t.superuser().await;
    let plain = "'\\x70656e6963696c6c696e20616c6c657267792c20736576657265206f6e65'";
    for (sql, constraint) in [
        (format!("UPDATE patients SET passport = {plain}"), "patients_sealed"),
        (format!("UPDATE patient_records SET notes = {plain}"), "patient_records_sealed"),
        ("UPDATE patient_keys SET wrapped = '\\x01'".to_owned(), "patient_keys_sealed"),
    ] {
        assert_eq!(refused(&mut conn, &sql).await, constraint);
    }
}

#[tokio::test]
async fn a_hold_has_a_cap_and_a_slot_a_template_of_its_own_clinic() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let slot = t.free(&tenant, 1).await[0].slot;
    let request = HoldRequest { slot, lasting: HOLD_CALL, release: None };
    let by = By::call(CallId::new(&IDS), 1);
    hold(t.db(), &tenant, &request, &by, now(), &IDS).await.expect("held");
    let mut conn = t.superuser().await;
    let longer = "UPDATE booking_slots SET held_until = held_since + interval '11 minutes'
                   WHERE status = 'held'";
    assert_eq!(refused(&mut conn, longer).await, "booking_slots_hold_cap");
    let foreign = "UPDATE booking_slots s SET template_id = t.id FROM doctor_slot_templates t
                    WHERE t.clinic_id <> s.clinic_id AND s.status = 'held'";
    assert_eq!(refused(&mut conn, foreign).await, "booking_slots_template");
}

#[tokio::test]
async fn a_clinic_is_not_deactivated_under_somebody_who_waits_for_any_doctor() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let job = Principal::Job("test");
    let patient = t.patients(&tenant, 1).await[0];
    let wish = Wish {
        doctor: None,
        specialty: Some("cardiology".to_owned()),
        from: now(),
        until: now() + jiff::SignedDuration::from_hours(48),
        hours: Hours::default(),
    };
    let by = By::principal(job);
    let entry = waitlist::join(t.db(), &tenant, &patient, &wish, &by, now(), &IDS).await;
    let entry = entry.expect("joined").entry;
    let mut tx = t.begin("nile-heart").await;
    let doctors = frontdesk_tenants::directory::doctors(&mut tx).await.expect("doctors");
    drop(tx);
    for doctor in doctors {
        let hanging = schedule::deactivate_doctor(t.db(), &tenant, doctor.id, job, now()).await;
        assert_eq!(hanging.expect("deactivated"), []);
    }
    let hanging = schedule::deactivate_clinic(t.db(), &tenant, job, now()).await.expect("asked");
    assert_eq!(hanging, [Hanging::Waitlist(entry)]);
    let mut conn = t.superuser().await;
    let bare = "UPDATE clinics SET active = false WHERE slug = 'nile-heart'";
    assert_eq!(refused(&mut conn, bare).await, "waitlist_live_clinic");
    assert!(waitlist::leave(t.db(), &tenant, entry, &patient, &by, now()).await.expect("left"));
    let hanging = schedule::deactivate_clinic(t.db(), &tenant, job, now()).await.expect("asked");
    assert_eq!(hanging, []);
    let late = waitlist::join(t.db(), &tenant, &patient, &wish, &by, now(), &IDS).await;
    let why = late.expect_err("inactive").refusal();
    assert_eq!(why, Some(frontdesk_tenants::Refusal::ClinicInactive));
}

#[tokio::test]
async fn the_chain_over_the_audit_log_has_no_gap_no_fork_and_no_second_beginning() {
    let t = TestDb::seeded().await;
    let clinic = t.tenant("nile-heart").await.clinic();
    let mut conn = t.superuser().await;
    let seal = |sequence: i64, position: i64, previous: &str, hash: &str| {
        format!(
            "INSERT INTO audit_seals (clinic_id, sequence, audit_position, previous_hash, hash,
                                      sealed_at)
             VALUES ('{clinic}', {sequence}, {position}, decode(repeat('{previous}', 32), 'hex'),
                     decode(repeat('{hash}', 32), 'hex'), now())"
        )
    };
    let add = |sql: String| sqlx::query(AssertSqlSafe(sql));
    assert_eq!(refused(&mut conn, &seal(1, 1, "aa", "01")).await, "audit_seals_first");
    add(seal(1, 1, "00", "01")).execute(&mut conn).await.expect("first");
    add(seal(2, 2, "01", "02")).execute(&mut conn).await.expect("second");
    for (sql, constraint) in [
        (seal(1, 9, "00", "01"), "audit_seals_pkey"),
        (seal(3, 3, "01", "03"), "audit_seals_chain"),
        (seal(4, 4, "02", "04"), "audit_seals_chain"),
        (seal(2, 5, "01", "05"), "audit_seals_pkey"),
        (seal(3, 2, "02", "03"), "audit_seals_once"),
        ("DELETE FROM audit_seals WHERE sequence = 1".to_owned(), "audit_seals_chain"),
        (
            "UPDATE audit_seals SET hash = previous_hash WHERE sequence = 1".to_owned(),
            "audit_seals_chain",
        ),
    ] {
        assert_eq!(refused(&mut conn, &sql).await, constraint, "{sql}");
    }
    // Who keeps the chain cannot rewrite it.
    sqlx::query("SET ROLE frontdesk_worker").execute(&mut conn).await.expect("role");
    for sql in ["DELETE FROM audit_seals", "UPDATE audit_seals SET sequence = 3"] {
        assert!(refused(&mut conn, sql).await.contains("denied"), "{sql}");
    }
}
