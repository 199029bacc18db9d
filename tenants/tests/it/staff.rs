//! Who may enter which clinic.

use frontdesk_tenants::schedule::Hanging;
use frontdesk_tenants::staff::{
    Membership, NewMember, Role, add_member, deactivate_user, end_membership, memberships,
    tenant_of,
};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Error, Principal, Refusal};
use sqlx::{AssertSqlSafe, Executor as _};

const BY: By = By::principal(Principal::Job("test"));

fn member(email: &str, role: Role) -> NewMember {
    NewMember { email: email.to_owned().into(), name: "Mona Adel".to_owned().into(), role }
}

#[tokio::test]
async fn a_login_enters_the_clinics_it_is_a_member_of_and_no_other() {
    let t = TestDb::seeded().await;
    let nile = t.tenant("nile-heart").await;
    let harbor = t.tenant("harbor-family").await;
    let mut tx = t.begin("nile-heart").await;
    let nurse = member("Mona@Example.com", Role::Nurse);
    let user = add_member(&mut tx, &nurse, &BY, now(), &IDS).await.expect("added");
    assert_eq!(add_member(&mut tx, &nurse, &BY, now(), &IDS).await.expect("again"), user);
    let also = member("mona@example.com ", Role::Supervisor);
    assert_eq!(add_member(&mut tx, &also, &BY, now(), &IDS).await.expect("two roles"), user);
    for wrong in ["", "mona", "@example.com", "mona@host"] {
        let refused = add_member(&mut tx, &member(wrong, Role::Nurse), &BY, now(), &IDS).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{wrong}");
    }
    tx.commit().await.expect("commit");
    assert_eq!(
        tenant_of(t.db(), user, nile.clinic()).await.expect("read"),
        Some((nile, vec![Role::Nurse, Role::Supervisor]))
    );
    assert_eq!(tenant_of(t.db(), user, harbor.clinic()).await.expect("read"), None);
    let mut tx = t.begin("harbor-family").await;
    assert!(!end_membership(&mut tx, user, Role::Nurse, &BY, now()).await.expect("not theirs"));
    tx.commit().await.expect("commit");
    assert_eq!(memberships(t.db(), user).await.expect("read").len(), 2);
    assert_eq!(t.count("users").await, 1);
    assert_eq!(t.count("audit_log WHERE entity = 'user'").await, 2);
}

#[tokio::test]
async fn a_login_is_deactivated_only_when_no_membership_hangs_on_it_and_enters_nothing_then() {
    let t = TestDb::seeded().await;
    let nile = t.tenant("nile-heart").await;
    let job = Principal::Job("test");
    let mut tx = t.begin("nile-heart").await;
    let nurse = member("mona@example.com", Role::Nurse);
    let user = add_member(&mut tx, &nurse, &BY, now(), &IDS).await.expect("added");
    tx.commit().await.expect("commit");
    let hanging = deactivate_user(t.db(), &nile, user, job, now()).await.expect("asked");
    assert_eq!(hanging, [Hanging::Membership(nile.clinic())]);
    // The database's own word, past the function.
    let mut conn = t.superuser().await;
    let bare = conn.execute("UPDATE users SET active = false").await;
    assert!(bare.is_err(), "deactivated under a membership");
    let mut tx = t.begin("nile-heart").await;
    assert!(end_membership(&mut tx, user, Role::Nurse, &BY, now()).await.expect("ended"));
    tx.commit().await.expect("commit");
    assert_eq!(memberships(t.db(), user).await.expect("read"), Vec::<Membership>::new());
    assert_eq!(deactivate_user(t.db(), &nile, user, job, now()).await.expect("done"), []);
    let again = deactivate_user(t.db(), &nile, user, job, now()).await;
    assert_eq!(again.expect_err("gone").refusal(), Some(Refusal::UserUnknown));
    let mut tx = t.begin("nile-heart").await;
    let back = add_member(&mut tx, &nurse, &BY, now(), &IDS).await;
    assert_eq!(back.expect_err("deactivated").refusal(), Some(Refusal::UserUnknown));
}

#[tokio::test]
async fn the_application_makes_no_super_admin_and_no_member_of_another_clinic() {
    let t = TestDb::seeded().await;
    let nile = t.tenant("nile-heart").await.clinic();
    let harbor = t.tenant("harbor-family").await.clinic();
    let mut tx = t.begin("nile-heart").await;
    let nurse = member("mona@example.com", Role::Nurse);
    let user = add_member(&mut tx, &nurse, &BY, now(), &IDS).await.expect("added");
    tx.commit().await.expect("commit");
    let mut app = t.app().await;
    let set = |clinic| AssertSqlSafe(format!("SET app.clinic_id = '{clinic}'"));
    app.execute(set(nile)).await.expect("set");
    for sql in [
        "UPDATE users SET super_admin = true".to_owned(),
        "INSERT INTO users (id, email, name, super_admin)
         VALUES (gen_random_uuid(), 'x@example.com', 'X', true)"
            .to_owned(),
        format!("INSERT INTO memberships VALUES ('{harbor}', '{}', 'clinic_admin')", user.uuid()),
        format!("UPDATE memberships SET clinic_id = '{harbor}'"),
        "UPDATE memberships SET role = 'super_admin'".to_owned(),
        "DELETE FROM memberships".to_owned(),
        "DELETE FROM users".to_owned(),
    ] {
        assert!(app.execute(AssertSqlSafe(sql.clone())).await.is_err(), "{sql}");
    }
    // Nor does another clinic change a login that is none of its members'.
    app.execute(set(harbor)).await.expect("set");
    let renamed = app.execute("UPDATE users SET name = 'X'").await.expect("harmless");
    assert_eq!(renamed.rows_affected(), 0);
}
