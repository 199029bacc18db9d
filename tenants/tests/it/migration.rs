//! Setting up and migrating.

use frontdesk_tenants::testing::{TestDb, now, ring};
use frontdesk_tenants::{Database, SetupError, demo, migrate, migrator};
use frontdesk_types::SeededIds;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};

async fn owner(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().expect("url");
    options.options([("role", "frontdesk_owner")]).connect().await.expect("connect")
}

/// Rows that stand there before a later version comes: the version from which they can, and each.
const ROWS: [(i64, &str, &str); 9] = [
    (
        1,
        "clinics",
        "INSERT INTO clinics (id, slug, kind, name, country, time_zone, languages,
             emergency_number, phone, address)
         VALUES ('a0000000-0000-0000-0000-000000000000', 'old', 'clinic', 'Old', 'EG',
                 'Africa/Cairo', '{en}', '123', '+20221234567', '')",
    ),
    (
        1,
        "doctors",
        "INSERT INTO doctors (clinic_id, id, name, license_number)
         SELECT id, 'd0000000-0000-0000-0000-000000000000', 'D', '1' FROM clinics",
    ),
    (
        1,
        "patients",
        "INSERT INTO patients (id, origin_clinic_id, identity)
         SELECT 'b0000000-0000-0000-0000-000000000000', id, 'provisional' FROM clinics",
    ),
    (
        1,
        "patient_records",
        "INSERT INTO patient_records (clinic_id, patient_id, origin_clinic_id)
         SELECT origin_clinic_id, id, origin_clinic_id FROM patients",
    ),
    (2, "time_slots", "INSERT INTO time_slots SELECT id, id, 'day', '09:00', '17:00' FROM clinics"),
    (
        2,
        "doctor_slot_templates",
        "INSERT INTO doctor_slot_templates (clinic_id, id, doctor_id, weekday, time_slot_id,
             slot_minutes)
         SELECT clinic_id, id, id, 1, clinic_id, 20 FROM doctors",
    ),
    (
        2,
        "booking_slots",
        "INSERT INTO booking_slots (clinic_id, id, doctor_id, starts_at, ends_at, blocked_until,
             template_id, status, hold_id, hold_owner, held_since, held_until)
         SELECT clinic_id, id, id, '2030-01-01 10:00Z', '2030-01-01 10:20Z', '2030-01-01 10:20Z',
                id, 'held', id, 'call:x', '2026-11-22 06:00Z', '2026-11-22 06:10Z' FROM doctors",
    ),
    (
        3,
        "appointments",
        "INSERT INTO appointments (clinic_id, id, slot_id, doctor_id, patient_id, starts_at,
             ends_at, visit_type, status, reference, booked_by, cancel_reason)
         SELECT s.clinic_id, p.id, s.id, s.doctor_id, p.id, s.starts_at, s.ends_at, s.visit_type,
                'cancelled', 'DF000000', 'x', 'staff' FROM booking_slots s, patients p",
    ),
    (
        3,
        "waitlist_entries",
        "INSERT INTO waitlist_entries (clinic_id, id, patient_id, doctor_id, wanted_from,
             wanted_until, joined_at)
         SELECT d.clinic_id, p.id, p.id, d.id, '2030-01-01Z', '2030-01-02Z', '2026-11-22Z'
           FROM doctors d, patients p",
    ),
];

async fn superuser(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().expect("url");
    options.connect().await.expect("connect")
}

async fn write_rows_of(version: i64, url: &str) {
    let mut conn = superuser(url).await;
    for (since, table, sql) in ROWS {
        if since <= version {
            let done = sqlx::query(sql).execute(&mut conn).await.expect(table);
            assert_eq!(done.rows_affected(), 1, "{table}");
        }
    }
}

/// What stood there has survived, and takes part in what came later.
async fn check_rows_of(version: i64, latest: i64, url: &str) {
    let mut conn = superuser(url).await;
    let old = "a0000000-0000-0000-0000-000000000000";
    for (since, table, _) in ROWS {
        let column = if table == "clinics" { "id" } else { "clinic_id" };
        let column = if table == "patients" { "origin_clinic_id" } else { column };
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} = '{old}'");
        let rows: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut conn).await.expect(table);
        assert_eq!(rows, i64::from(since <= version), "{table} from version {version}");
    }
    let events: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM outbox WHERE aggregate_type = 'doctor'
            AND aggregate_id = 'd0000000-0000-0000-0000-000000000000'",
    )
    .fetch_one(&mut conn)
    .await
    .expect("events");
    assert_eq!(events, i64::from(version < 11), "events for the directory, from {version}");
    let records: i32 = sqlx::query_scalar(
        "SELECT records FROM patients WHERE id = 'b0000000-0000-0000-0000-000000000000'",
    )
    .fetch_one(&mut conn)
    .await
    .expect("a patient");
    assert_eq!(records, 1, "from version {version} to {latest}");
}

#[tokio::test]
async fn every_earlier_version_is_refused_with_a_clear_line_and_migrates_up() {
    let versions: Vec<i64> = migrator().iter().map(|m| m.version).collect();
    let latest = *versions.last().expect("migrations");
    for version in std::iter::once(0).chain(versions) {
        let (superuser, app, _server) = TestDb::bare(&format!("from_{version}")).await;
        if version > 0 {
            let mut conn = owner(&superuser).await;
            migrator().run_to(version, &mut conn).await.expect("partly migrated");
            write_rows_of(version, &superuser).await;
        }
        match Database::connect(&app).await {
            Err(SetupError::Empty) => assert_eq!(version, 0),
            Err(SetupError::Old { found, needed }) => {
                assert_eq!((found, needed), (version, latest));
            }
            Ok(_) => assert_eq!(version, latest),
            Err(error) => panic!("{error}"),
        }
        migrate(&superuser).await.expect("migrated");
        migrate(&superuser).await.expect("nothing to do");
        let db = Database::connect_with(&app, 2).await.expect("current");
        demo::seed_demo(&db, &ring(), now(), &SeededIds::new(1)).await.expect("works");
        db.close().await;
        if version > 0 {
            check_rows_of(version, latest, &superuser).await;
        }
    }
}

#[tokio::test]
async fn a_newer_schema_a_superuser_and_a_wrong_url_are_refused_in_one_line() {
    let t = TestDb::fresh().await;
    let mut conn = t.superuser().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99999, 'later', true, '', 0)",
    )
    .execute(&mut conn)
    .await
    .expect("inserted");
    let error = Database::connect(&t.url()).await.expect_err("newer");
    assert!(matches!(error, SetupError::Newer { found: 99999, .. }), "{error}");
    let superuser = t.superuser_url();
    let error = migrate(&superuser).await.expect_err("newer");
    assert!(matches!(error, SetupError::Newer { .. }), "{error}");
    let error = Database::connect(&superuser).await.expect_err("superuser");
    assert!(matches!(error, SetupError::Bypass { .. }), "{error}");
    for url in ["", "mysql://x", "postgres://frontdesk_app@127.0.0.1:1/x"] {
        let error = Database::connect(url).await.expect_err(url).to_string();
        assert!(!error.contains('\n'), "{error}");
    }
}

#[tokio::test]
async fn seeding_twice_changes_nothing() {
    let t = TestDb::seeded().await;
    let count = || async {
        let mut conn = t.superuser().await;
        let counts: (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM clinics), (SELECT count(*) FROM patients),
                    (SELECT count(*) FROM booking_slots), (SELECT count(*) FROM outbox)",
        )
        .fetch_one(&mut conn)
        .await
        .expect("counts");
        counts
    };
    let before = count().await;
    assert_eq!((before.0, before.1), (2, 6));
    assert!(before.2 > 3000, "{before:?}");
    demo::seed_demo(t.db(), &ring(), now(), &SeededIds::new(2)).await.expect("again");
    assert_eq!(count().await, before);
    t.check_invariants().await;
}
