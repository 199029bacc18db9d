//! The chain over the audit log finds whatever is done to it.

use frontdesk_tenants::audit::{self, Fault, Heads};
use frontdesk_tenants::testing::{TestDb, now};
use frontdesk_tenants::{Database, Result};
use frontdesk_types::ClinicId;
use jiff::SignedDuration;

async fn faults(worker: &Database, kept: &Heads, clinic: ClinicId) -> Result<Vec<Fault>> {
    let all = audit::verify(worker, kept).await?;
    let others = all.iter().filter(|chain| chain.clinic != clinic);
    for chain in others {
        assert_eq!(chain.faults, [], "another clinic's chain is not touched");
    }
    Ok(all.into_iter().find(|chain| chain.clinic == clinic).expect("a chain").faults)
}

#[tokio::test]
async fn changes_gaps_and_a_cut_end_are_found_and_rows_that_come_late_are_sealed_too() {
    let t = TestDb::seeded().await;
    let clinic = t.tenant("nile-heart").await.clinic();
    let worker = Database::connect_with(&t.worker_url(), 2).await.expect("as frontdesk_worker");
    let minutes = |n: i64| now() + SignedDuration::from_mins(n);
    let rows = t.count("audit_log").await;
    // A transaction that has drawn its place and is not over.
    let insert = format!(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity)
         VALUES ('{clinic}', '{}', 'user:1', 'tested', 'clinic')",
        now()
    );
    let mut slow = t.superuser().await;
    let mut tx = sqlx::Connection::begin(&mut slow).await.expect("begin");
    sqlx::query(sqlx::AssertSqlSafe(insert.clone())).execute(&mut *tx).await.expect("drawn");
    t.execute(&insert).await;
    let mut sealed = 0;
    while let more @ 1.. = audit::seal(&worker, minutes(0)).await.expect("sealed") {
        sealed += more;
    }
    assert_eq!(sealed, u64::try_from(rows + 1).expect("rows"));
    audit::seal(&worker, minutes(5)).await.expect("looked");
    tx.commit().await.expect("commit");
    assert_eq!(audit::seal(&worker, minutes(6)).await.expect("sealed"), 1, "it is not forgotten");
    for n in [11, 22, 33] {
        assert_eq!(audit::seal(&worker, minutes(n)).await.expect("looked"), 0);
    }
    let kept = audit::heads(&worker).await.expect("heads");
    assert_eq!(kept.len(), 2);
    assert_eq!(faults(&worker, &kept, clinic).await.expect("verified"), []);

    let last = kept[&clinic].sequence;
    let where_is = format!(
        "(SELECT audit_position FROM audit_seals WHERE clinic_id = '{clinic}' AND sequence ="
    );
    let row = |sequence: i64| format!("{where_is} {sequence})");
    let undone = async |change: String, undo: String| {
        t.execute(&change).await;
        let found = faults(&worker, &kept, clinic).await.expect("verified");
        t.execute(&undo).await;
        assert_eq!(faults(&worker, &kept, clinic).await.expect("verified"), [], "{undo}");
        found
    };
    let changed = undone(
        format!("UPDATE audit_log SET principal = 'x' || principal WHERE position = {}", row(2)),
        format!(
            "UPDATE audit_log SET principal = substr(principal, 2) WHERE position = {}",
            row(2)
        ),
    )
    .await;
    assert!(matches!(changed[..], [Fault::Changed { sequence: 2, .. }]), "{changed:?}");
    let removed = undone(
        format!(
            "CREATE TABLE kept AS SELECT * FROM audit_log WHERE position = {0};
                 DELETE FROM audit_log WHERE position = {0}",
            row(3)
        ),
        "INSERT INTO audit_log OVERRIDING SYSTEM VALUE SELECT * FROM kept".to_owned(),
    )
    .await;
    assert!(matches!(removed[..], [Fault::Removed { sequence: 3, .. }]), "{removed:?}");
    // The end cut off, rows and links: only a head that was kept tells. Without the rows it is told
    // by the rows that are in no chain as well.
    let tail = format!("clinic_id = '{clinic}' AND sequence = {last}");
    let cut = undone(
        format!("CREATE TABLE cut AS SELECT * FROM audit_seals WHERE {tail};
                 DELETE FROM audit_seals WHERE {tail}"),
        "INSERT INTO audit_seals (clinic_id, sequence, audit_position, previous_hash, hash, sealed_at)
         SELECT clinic_id, sequence, audit_position, previous_hash, hash, sealed_at FROM cut"
            .to_owned(),
    )
    .await;
    assert!(cut.contains(&Fault::Head { sequence: last }), "{cut:?}");
    assert!(cut.iter().any(|fault| matches!(fault, Fault::Unsealed { count: 1, .. })), "{cut:?}");
    // A row that is written behind, with a place of its own.
    t.execute(&format!(
        "INSERT INTO audit_log (position, clinic_id, occurred_at, principal, action, entity)
         OVERRIDING SYSTEM VALUE VALUES (-1, '{clinic}', now(), 'user:1', 'forged', 'clinic')"
    ))
    .await;
    let forged = faults(&worker, &kept, clinic).await.expect("verified");
    assert_eq!(forged, [Fault::Unsealed { count: 1, position: -1 }]);
}
