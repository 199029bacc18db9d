//! Who may enter which clinic.

use frontdesk_tenants::schedule::Hanging;
use frontdesk_tenants::staff::{
    Joined, Membership, NewMember, Role, accept_invitation, add_member, deactivate_user,
    end_membership, memberships,
};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Error, Principal, Refusal};
use frontdesk_types::UserId;
use sqlx::{AssertSqlSafe, Executor as _};

const BY: By = By::principal(Principal::Job("test"));

fn member(email: &str, role: Role) -> NewMember {
    NewMember { email: email.to_owned().into(), name: "Mona Adel".to_owned().into(), role }
}

#[tokio::test]
async fn a_login_is_a_member_of_the_clinics_that_made_it_one_and_of_no_other() {
    let t = TestDb::seeded().await;
    let nile = t.tenant("nile-heart").await;
    let mut tx = t.begin("nile-heart").await;
    let nurse = member("Mona@Example.com", Role::Nurse);
    let joined = add_member(&mut tx, &nurse, &BY, now(), &IDS).await.expect("added");
    assert_eq!(add_member(&mut tx, &nurse, &BY, now(), &IDS).await.expect("again"), joined);
    let also = member("mona@example.com ", Role::Supervisor);
    assert_eq!(add_member(&mut tx, &also, &BY, now(), &IDS).await.expect("two roles"), joined);
    let user = joined.user();
    for wrong in ["", "mona", "@example.com", "mona@host"] {
        let refused = add_member(&mut tx, &member(wrong, Role::Nurse), &BY, now(), &IDS).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{wrong}");
    }
    tx.commit().await.expect("commit");
    let own = |role| Membership { clinic: nile.clinic(), role };
    let all = memberships(t.db(), user).await.expect("read");
    assert_eq!(all, [own(Role::Nurse), own(Role::Supervisor)]);
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
    let user = add_member(&mut tx, &nurse, &BY, now(), &IDS).await.expect("added").user();
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
    let user = add_member(&mut tx, &nurse, &BY, now(), &IDS).await.expect("added").user();
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
}

/// A clinic with one administrator, and another clinic that is after them.
async fn two_clinics() -> (TestDb, UserId) {
    let t = TestDb::seeded().await;
    let mut tx = t.begin("nile-heart").await;
    let admin = member("mona@example.com", Role::ClinicAdmin);
    let user = add_member(&mut tx, &admin, &BY, now(), &IDS).await.expect("added").user();
    tx.commit().await.expect("commit");
    (t, user)
}

#[tokio::test]
async fn a_clinic_neither_sees_nor_renames_nor_takes_another_clinics_staff() {
    let (t, user) = two_clinics().await;
    let harbor = t.tenant("harbor-family").await.clinic();
    let mut app = t.app().await;
    app.execute(AssertSqlSafe(format!("SET app.clinic_id = '{harbor}'"))).await.expect("set");
    let seen: i64 =
        sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut app).await.expect("read");
    assert_eq!(seen, 0, "logins seen");
    for sql in [
        "UPDATE users SET name = 'X'".to_owned(),
        "UPDATE users SET email = 'x@example.com'".to_owned(),
        "UPDATE memberships SET active = false".to_owned(),
    ] {
        let done = app.execute(AssertSqlSafe(sql.clone())).await.expect("harmless");
        assert_eq!(done.rows_affected(), 0, "{sql}");
    }
    // Nor by making itself their clinic first.
    for sql in [
        format!("INSERT INTO memberships VALUES ('{harbor}', '{}', 'nurse')", user.uuid()),
        format!("SELECT set_password(now(), '{}', '$argon2id$')", user.uuid()),
        "SELECT accept_invitation('nurse')".to_owned(),
    ] {
        // Refused, or done to nobody: false.
        let done = sqlx::query_scalar::<_, bool>(AssertSqlSafe(sql.clone())).fetch_one(&mut app);
        assert!(!matches!(done.await, Ok(true)), "{sql}");
    }
    assert_eq!(t.count("credentials").await, 0);
    assert_eq!(memberships(t.db(), user).await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_login_is_renamed_by_itself_and_not_by_its_own_clinic_either() {
    let (t, user) = two_clinics().await;
    let nile = t.tenant("nile-heart").await.clinic();
    let rename = "UPDATE users SET email = 'adel@example.com'";
    let mut app = t.app().await;
    app.execute(AssertSqlSafe(format!("SET app.clinic_id = '{nile}'"))).await.expect("set");
    assert_eq!(app.execute(rename).await.expect("harmless").rows_affected(), 0, "by the clinic");
    let set = AssertSqlSafe(format!("SET app.user_id = '{}'", user.uuid()));
    app.execute(set).await.expect("set");
    assert_eq!(app.execute(rename).await.expect("done").rows_affected(), 1, "by itself");
}

#[tokio::test]
async fn who_belongs_to_one_clinic_says_yes_themselves_to_another() {
    let (t, user) = two_clinics().await;
    let harbor = t.tenant("harbor-family").await;
    let mut tx = t.begin("harbor-family").await;
    let nurse = member("mona@example.com", Role::Nurse);
    for again in [false, true] {
        let joined = add_member(&mut tx, &nurse, &BY, now(), &IDS).await.expect("invited");
        assert_eq!(joined, Joined::Invited(user), "again: {again}");
    }
    tx.commit().await.expect("commit");
    assert_eq!(memberships(t.db(), user).await.expect("read").len(), 1);
    assert_eq!(t.count("audit_log WHERE action = 'membership.invited'").await, 1);
    let accept = async |role| accept_invitation(t.db(), user, harbor.clinic(), role, now()).await;
    assert!(!accept(Role::ClinicAdmin).await.expect("asked"), "not what they were invited to be");
    assert!(accept(Role::Nurse).await.expect("accepted"));
    assert!(!accept(Role::Nurse).await.expect("asked"), "once");
    assert_eq!(memberships(t.db(), user).await.expect("read").len(), 2);
    // Now neither clinic can deactivate the login under the other.
    let mut tx = t.begin("nile-heart").await;
    assert!(end_membership(&mut tx, user, Role::ClinicAdmin, &BY, now()).await.expect("ended"));
    tx.commit().await.expect("commit");
    let nile = t.tenant("nile-heart").await;
    let asked = deactivate_user(t.db(), &nile, user, BY.principal, now()).await;
    assert_eq!(asked.expect_err("elsewhere").refusal(), Some(Refusal::UserElsewhere));
}
