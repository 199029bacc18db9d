//! A dialled number leads to a clinic because the owner of the database says so [TEN-7].

use frontdesk_tenants::directory;
use frontdesk_tenants::testing::TestDb;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

const FREE: &str = "+20235550199";

async fn refused(conn: &mut PgConnection, sql: String) -> String {
    let mut tx = conn.begin().await.expect("begin");
    let answer = tx.execute(AssertSqlSafe(sql.clone())).await;
    let error = answer.err().unwrap_or_else(|| panic!("accepted: {sql}")).to_string();
    tx.rollback().await.expect("rollback");
    error
}

#[tokio::test]
async fn no_clinic_gives_itself_a_number_or_takes_one_away() {
    let t = TestDb::seeded().await;
    let nile = t.tenant("nile-heart").await.clinic();
    let harbor = t.tenant("harbor-family").await.clinic();
    let number = t
        .texts("SELECT n.phone FROM clinic_phone_numbers n JOIN clinics c ON c.id = n.clinic_id WHERE c.slug = 'nile-heart'")
        .await
        .remove(0);
    let mut app = t.app().await;
    app.execute(AssertSqlSafe(format!("SET app.clinic_id = '{harbor}'"))).await.expect("set");
    for sql in [
        format!(
            "INSERT INTO clinic_phone_numbers (phone, clinic_id) VALUES ('{FREE}', '{harbor}')"
        ),
        format!("INSERT INTO clinic_phone_numbers (phone, clinic_id) VALUES ('{FREE}', '{nile}')"),
        format!("UPDATE clinic_phone_numbers SET clinic_id = '{harbor}' WHERE phone = '{number}'"),
        "DELETE FROM clinic_phone_numbers".to_owned(),
    ] {
        let error = refused(&mut app, sql.clone()).await;
        assert!(error.contains("permission denied"), "{sql}: {error}");
    }
    // Nor by publishing somebody else's number as its own.
    let published = format!("UPDATE clinics SET phone = '{number}' WHERE id = '{harbor}'");
    let error = refused(&mut app, published).await;
    assert!(error.contains("another clinic"), "{error}");
    // A demo clinic has its number from when it was made, and gets no other.
    app.execute(AssertSqlSafe(format!(
        "UPDATE clinics SET phone = '{FREE}' WHERE id = '{harbor}'"
    )))
    .await
    .expect("its own telephone is its own affair");
    app.execute("SELECT claim_demo_number()").await.expect("asked");
    let found = directory::clinic_by_phone(t.db(), FREE).await.expect("answers");
    assert!(found.is_none(), "made long ago");
}

#[tokio::test]
async fn the_owner_gives_a_number_to_the_clinic_that_publishes_it_or_that_nobody_does() {
    let t = TestDb::seeded().await;
    let nile = t.tenant("nile-heart").await.clinic();
    let harbor = t.tenant("harbor-family").await.clinic();
    let mut owner = t.superuser().await;
    owner.execute("SET ROLE frontdesk_owner").await.expect("owner");
    let give = |clinic| {
        format!("INSERT INTO clinic_phone_numbers (phone, clinic_id) VALUES ('{FREE}', '{clinic}')")
    };
    let mut app = t.app().await;
    app.execute(AssertSqlSafe(format!("SET app.clinic_id = '{nile}'"))).await.expect("set");
    app.execute(AssertSqlSafe(format!("UPDATE clinics SET phone = '{FREE}' WHERE id = '{nile}'")))
        .await
        .expect("published");
    let error = refused(&mut owner, give(harbor)).await;
    assert!(error.contains("another clinic"), "{error}");
    owner.execute(AssertSqlSafe(give(nile))).await.expect("given");
    let found = directory::clinic_by_phone(t.db(), FREE).await.expect("answers");
    assert_eq!(found.and_then(|clinic| clinic.tenant()).map(|tenant| tenant.clinic()), Some(nile));
}
