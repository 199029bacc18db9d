//! No row of another clinic, ever.

use std::collections::BTreeSet;

use frontdesk_tenants::catalogue::{Room, TABLES};
use frontdesk_tenants::passwords::Passwords;
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{
    By, Principal, calls, decisions, notifications, patient, sign_in, staff, waitlist,
};
use frontdesk_types::{CallId, Channel, Phi};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

async fn scalar(conn: &mut PgConnection, sql: String) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.clone()))
        .fetch_one(conn)
        .await
        .unwrap_or_else(|error| panic!("{error} in {sql}"))
}

/// A database in which both clinics have rows in every tenant table.
async fn full() -> TestDb {
    let t = TestDb::seeded().await;
    with_staff(&t).await;
    for slug in ["nile-heart", "harbor-family"] {
        let tenant = t.tenant(slug).await;
        let who = t.patients(&tenant, 1).await[0];
        let call = CallId::new(&IDS);
        let by = By::call(call, 1);
        let offer = t.free(&tenant, 1).await.remove(0);
        let request = frontdesk_tenants::booking::Book {
            slot: offer.slot,
            patient: who,
            hold: None,
            staff: None,
        };
        frontdesk_tenants::booking::book(t.db(), &tenant, &request, &by, now(), &IDS)
            .await
            .expect("booked");
        let wish = waitlist::Wish {
            doctor: Some(offer.doctor),
            specialty: None,
            from: now(),
            until: offer.ends_at,
            hours: waitlist::Hours::default(),
        };
        waitlist::join(t.db(), &tenant, &who, &wish, &by, now(), &IDS).await.expect("joined");
        let absence = frontdesk_tenants::schedule::Absence {
            doctor: Some(offer.doctor),
            from: now() + jiff::SignedDuration::from_hours(2000),
            until: now() + jiff::SignedDuration::from_hours(2001),
        };
        let order = frontdesk_tenants::schedule::Order {
            principal: Principal::Job("test"),
            reason: "course",
            rebook: false,
        };
        frontdesk_tenants::schedule::add_absence(t.db(), &tenant, &absence, order, now(), &IDS)
            .await
            .expect("absent");
        let ring = frontdesk_tenants::testing::ring();
        let mut tx = t.begin(slug).await;
        let record =
            patient::RecordUpdate { notes: Some("note".to_owned().into()), ..Default::default() };
        patient::update_record(&mut tx, &ring, &who, record, &by, now()).await.expect("noted");
        let new = calls::NewCall {
            id: call,
            channel: Channel::Web,
            video: false,
            language: "en".to_owned(),
            room: None,
            caller_phone: None,
            movable: false,
            worker: "w".to_owned(),
            lease_until: now(),
        };
        let key = calls::start(&mut tx, &ring, &new, false, now()).await.expect("started");
        let turn = calls::Turn {
            number: 0,
            speaker: calls::Speaker::Caller,
            text: "hello".to_owned().into(),
            metrics: serde_json::json!({}),
            spoken_at: now(),
        };
        calls::add_turns(&mut tx, &key, &[turn]).await.expect("turn");
        calls::save_snapshot(&mut tx, &key, 1, b"state", now()).await.expect("snapshot");
        let part = decisions::Part { number: 0, body: b"log".to_vec() };
        decisions::add(&mut tx, call, &[part]).await.expect("decisions");
        let role = frontdesk_tenants::staff::Role::Receptionist;
        frontdesk_tenants::api_keys::make(&mut tx, "till", role, None, &by, now(), &IDS)
            .await
            .expect("a key");
        let reason = calls::CallbackReason::Asked;
        calls::add_callback(&mut tx, Some(call), None, reason, &by, now(), &IDS)
            .await
            .expect("callback");
        patient::ask_erasure(&mut tx, who.patient(), &by, now()).await.expect("asked");
        let new = notifications::New {
            kind: notifications::Kind::WaitlistOffer,
            subject: call.uuid(),
            facts: serde_json::json!({}),
            void_at: None,
            simulated: false,
        };
        let to = notifications::Recipient::Patient(who.patient());
        notifications::tell(&mut tx, &new, to, now(), &IDS).await.expect("queued");
        tx.commit().await.expect("commit");
        let nobody = patient::Claim {
            name: "Nobody Atall".to_owned().into(),
            date_of_birth: jiff::civil::date(1990, 1, 1).into(),
            phone: None,
        };
        let answer = patient::identify(t.db(), &tenant, Some(&ring), &nobody, &by, now()).await;
        assert_eq!(answer.expect("an answer"), patient::Verification::Refused);
    }
    t
}

/// One who is signed in at one clinic and invited by the other.
async fn with_staff(t: &TestDb) {
    let passwords = Passwords::default();
    let by = By::principal(Principal::Job("test"));
    let text = |text: &str| Phi::new(text.to_owned());
    let (email, name) = (text("mona@example.com"), text("Mona Adel"));
    let member = staff::NewMember { email: email.clone(), name, role: staff::Role::Supervisor };
    let password = text("four words make sense");
    for slug in ["nile-heart", "harbor-family"] {
        let mut tx = t.begin(slug).await;
        let joined = staff::add_member(&mut tx, &member, &by, now(), &IDS).await.expect("added");
        let hash = passwords.hash(password.clone()).await.expect("hashed");
        let given = sign_in::give_password(&mut tx, joined.user(), &hash, &by, now()).await;
        assert_eq!(given.expect("asked"), slug == "nile-heart");
        tx.commit().await.expect("commit");
    }
    let granted = sign_in::sign_in(t.db(), &passwords, &email, password, now(), &IDS).await;
    granted.expect("compared").expect("right");
}

#[tokio::test]
async fn a_table_that_is_not_in_the_catalogue_or_not_protected_as_it_says_fails() {
    let t = TestDb::fresh().await;
    let mut conn = t.superuser().await;
    let tables: Vec<(String, bool, bool, bool, String)> = sqlx::query_as(
        "SELECT c.relname::text, c.relrowsecurity, c.relforcerowsecurity,
                EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid
                           AND a.attname = 'clinic_id' AND a.attnotnull),
                pg_get_userbyid(c.relowner)::text
           FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          ORDER BY 1",
    )
    .fetch_all(&mut conn)
    .await
    .expect("tables");
    let names: BTreeSet<&str> = tables.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, TABLES.iter().map(|(name, _)| *name).collect());
    for (name, security, forced, clinic, owner) in &tables {
        let (_, room) = TABLES.iter().find(|(listed, _)| listed == name).expect("listed");
        assert_eq!(owner, "frontdesk_owner", "{name}");
        match room {
            Room::Tenant => assert!(security & forced & clinic, "{name}"),
            Room::Person | Room::Worker(_) | Room::Login(_) => assert!(security & forced, "{name}"),
            Room::Global(reason) => assert!(!reason.is_empty()),
        }
    }
    // All indexes of tenant tables lead with the clinic, except these, and why.
    let others: Vec<String> = sqlx::query_scalar(
        "SELECT i.relname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
           JOIN pg_class c ON c.oid = x.indrelid
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
          WHERE c.relnamespace = 'public'::regnamespace AND a.attname <> 'clinic_id'
            AND EXISTS (SELECT FROM pg_attribute k
                         WHERE k.attrelid = c.oid AND k.attname = 'clinic_id')
          ORDER BY 1",
    )
    .fetch_all(&mut conn)
    .await
    .expect("indexes");
    let allowed = [
        "api_keys_hash_key",              // looked up before there is a tenant
        "audit_log_pkey",                 // order of writing; the sealer's
        "booking_slots_overlap",          // by doctor, whose id is unique over all clinics
        "calls_running", // the watcher looks for dead workers' calls in all clinics
        "clinic_phone_numbers_pkey", // global
        "directory_doctors_by_specialty", // global
        "memberships_by_user", // before there is a tenant
        "outbox_pkey",   // the relay's
        "outbox_stuck",  // the relay's
        "outbox_waiting", // the relay's
    ];
    assert_eq!(others, allowed);
    // Functions are SECURITY INVOKER, except those of one login each, and that by which a demo clinic
    // gets its telephone while it is made; nobody but the application
    // may call these, and no schema of the caller's is looked through in them.
    let definers: Vec<(String, bool, bool)> = sqlx::query_as(
        "SELECT proname::text, has_function_privilege('frontdesk_worker', oid, 'EXECUTE'),
                'search_path=public, pg_temp' = ANY (proconfig)
           FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef ORDER BY 1",
    )
    .fetch_all(&mut conn)
    .await
    .expect("functions");
    let known = [
        "accept_invitation",
        "add_member",
        "api_key_of",
        "begin_sign_in",
        "claim_demo_number",
        "deactivate_user",
        "end_sign_in",
        "login_of",
        "renew_sign_in",
        "set_password",
    ];
    assert_eq!(definers, known.map(|name| (name.to_owned(), false, true)));
    let roles: Vec<(String, bool, bool, bool)> = sqlx::query_as(
        "SELECT rolname::text, rolcanlogin, rolsuper, rolbypassrls FROM pg_roles
          WHERE rolname LIKE 'frontdesk%' ORDER BY 1",
    )
    .fetch_all(&mut conn)
    .await
    .expect("roles");
    let role = |name: &str, login| (name.to_owned(), login, false, false);
    assert_eq!(
        roles,
        [
            role("frontdesk_app", true),
            role("frontdesk_owner", false),
            role("frontdesk_worker", true)
        ]
    );
}

#[tokio::test]
async fn without_a_tenant_there_is_no_row_and_with_the_wrong_one_none_of_another_clinic() {
    let t = full().await;
    let nile = t.tenant("nile-heart").await.clinic();
    let harbor = t.tenant("harbor-family").await.clinic();
    let mut all = t.superuser().await;
    let mut owner = t.superuser().await;
    owner.execute("SET ROLE frontdesk_owner").await.expect("owner");
    let mut app = t.superuser().await;
    app.execute("SET ROLE frontdesk_app").await.expect("app");
    let user: String =
        sqlx::query_scalar("SELECT current_user::text").fetch_one(&mut app).await.expect("user");
    assert_eq!(user, "frontdesk_app", "a superuser would prove nothing");

    for (table, room) in TABLES {
        let total = scalar(&mut all, format!("SELECT count(*) FROM {table}")).await;
        match room {
            Room::Global(_) => continue,
            Room::Worker(_) => {
                let denied = app.execute(AssertSqlSafe(format!("SELECT FROM {table}"))).await;
                assert!(denied.is_err(), "{table}");
                continue;
            }
            // Which rows a login or a clinic sees: staff.rs, sign_in.rs. Without either, none.
            Room::Login(_) => {
                app.execute("RESET app.clinic_id").await.expect("set");
                let seen =
                    sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}")));
                // Or it may not even ask.
                let seen: i64 = seen.fetch_one(&mut app).await.unwrap_or(0);
                assert!(total > 0 && seen == 0, "{table}: {seen} of {total}");
                continue;
            }
            Room::Tenant | Room::Person => {}
        }
        assert!(total > 0, "the test has no row in {table}");
        let count = format!("SELECT count(*) FROM {table}");
        for setting in ["RESET app.clinic_id", "SET app.clinic_id = ''"] {
            app.execute(AssertSqlSafe(setting)).await.expect("set");
            assert_eq!(scalar(&mut app, count.clone()).await, 0, "{table} after {setting}");
        }
        // Forced: the owner is bound too, but where its function finds a key before there is a tenant.
        let all_of_it = if *table == "api_keys" { total } else { 0 };
        assert_eq!(scalar(&mut owner, count.clone()).await, all_of_it, "{table} as owner");
        let mut seen = 0;
        for clinic in [nile, harbor] {
            app.execute(AssertSqlSafe(format!("SET app.clinic_id = '{clinic}'")))
                .await
                .expect("set");
            let own = scalar(&mut app, count.clone()).await;
            assert!(own > 0 && own < total, "{table}: {own} of {total}");
            seen += own;
            if *room == Room::Tenant {
                let foreign = format!("SELECT count(*) FROM {table} WHERE clinic_id <> '{clinic}'");
                assert_eq!(scalar(&mut app, foreign).await, 0, "{table}");
                // Nor can a row be moved or copied to another clinic.
                let other = if clinic == nile { harbor } else { nile };
                for sql in [
                    format!("UPDATE {table} SET clinic_id = '{other}'"),
                    format!("UPDATE {table} SET clinic_id = clinic_id WHERE clinic_id = '{other}'"),
                    format!("DELETE FROM {table} WHERE clinic_id = '{other}'"),
                ] {
                    let mut tx = app.begin().await.expect("begin");
                    let changed = tx.execute(AssertSqlSafe(sql.clone())).await;
                    let harmless = changed.map_or(true, |done| done.rows_affected() == 0);
                    assert!(harmless, "{sql}");
                    tx.rollback().await.expect("rollback");
                }
            }
        }
        assert_eq!(seen, total, "{table}");
    }
    let mut tx = app.begin().await.expect("begin");
    tx.execute(AssertSqlSafe(format!("SET app.clinic_id = '{nile}'"))).await.expect("set");
    let foreign = tx
        .execute(AssertSqlSafe(format!(
            "INSERT INTO time_slots VALUES ('{harbor}', gen_random_uuid(), 'x', '09:00', '10:00')"
        )))
        .await;
    assert!(foreign.is_err(), "a row was written into another clinic");
}

#[tokio::test]
async fn a_reference_across_clinics_cannot_be_written_and_a_patient_not_be_taken() {
    let t = full().await;
    let nile = t.tenant("nile-heart").await;
    let harbor = t.tenant("harbor-family").await;
    let foreign = t.patients(&harbor, 1).await[0];
    // With an id that somehow leaked.
    let mut conn = t.app().await;
    conn.execute(AssertSqlSafe(format!("SET app.clinic_id = '{}'", nile.clinic())))
        .await
        .expect("set");
    for origin in [nile.clinic(), harbor.clinic()] {
        let taken = sqlx::query("INSERT INTO patient_records VALUES ($1, $2, $3)")
            .bind(nile.clinic().uuid())
            .bind(foreign.patient().uuid())
            .bind(origin.uuid())
            .execute(&mut conn)
            .await;
        assert!(taken.is_err(), "a record for another clinic's patient was opened");
    }
    let slot = t.free(&nile, 1).await[0].slot;
    let request =
        frontdesk_tenants::booking::Book { slot, patient: foreign, hold: None, staff: None };
    let by = By::principal(Principal::Job("test"));
    let refused = frontdesk_tenants::booking::book(t.db(), &nile, &request, &by, now(), &IDS).await;
    assert_eq!(
        refused.expect_err("refused").refusal(),
        Some(frontdesk_tenants::Refusal::PatientUnknown)
    );
    // Every foreign key between tenant tables carries the clinic.
    let mut all = t.superuser().await;
    let bare: Vec<String> = sqlx::query_scalar(
        "SELECT k.conname::text FROM pg_constraint k
          WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
            AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid
                           AND a.attname = 'clinic_id')
            AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.confrelid
                           AND a.attname = 'clinic_id')
            AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid
                           AND a.attnum = ANY (k.conkey) AND a.attname = 'clinic_id')",
    )
    .fetch_all(&mut all)
    .await
    .expect("keys");
    assert_eq!(bare, Vec::<String>::new());
}
