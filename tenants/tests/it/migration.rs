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

#[tokio::test]
async fn every_earlier_version_is_refused_with_a_clear_line_and_migrates_up() {
    let versions: Vec<i64> = migrator().iter().map(|m| m.version).collect();
    let latest = *versions.last().expect("migrations");
    for version in std::iter::once(0).chain(versions) {
        let (superuser, app, _server) = TestDb::bare(&format!("from_{version}")).await;
        if version > 0 {
            let mut conn = owner(&superuser).await;
            migrator().run_to(version, &mut conn).await.expect("partly migrated");
            if version < latest {
                // What stands there already must survive.
                sqlx::query("ALTER TABLE clinics NO FORCE ROW LEVEL SECURITY")
                    .execute(&mut conn)
                    .await
                    .expect("owner sees");
                sqlx::query(
                    "INSERT INTO clinics (id, slug, kind, name, country, time_zone, languages,
                         emergency_number, phone, address)
                     VALUES (gen_random_uuid(), 'old', 'pharmacy', 'Old', 'EG', 'Africa/Cairo',
                             '{en}', '123', '+20221234567', '')",
                )
                .execute(&mut conn)
                .await
                .expect("a row of that version");
                sqlx::query("ALTER TABLE clinics FORCE ROW LEVEL SECURITY")
                    .execute(&mut conn)
                    .await
                    .expect("forced again");
            }
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
