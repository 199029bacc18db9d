//! Two records of one person become one, and nothing of either is lost.

use frontdesk_tenants::booking::{self, Book};
use frontdesk_tenants::patient::{self, Draft, RecordUpdate, VerifiedPatient, merge};
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::waitlist::{self, Hours, Wish};
use frontdesk_tenants::{By, Principal, Refusal, StaffOverride, TenantTx};
use frontdesk_types::Phi;

const BY: By = By::principal(Principal::Job("test"));

fn text(text: &str) -> Option<Phi<String>> {
    Some(Phi::new(text.to_owned()))
}

fn reason() -> StaffOverride {
    StaffOverride::because("registered twice").expect("a reason")
}

async fn register(tx: &mut TenantTx, phone: Option<&str>) -> VerifiedPatient {
    let draft = Draft {
        name: Phi::new("Salma Nour".to_owned()),
        date_of_birth: Phi::new(jiff::civil::date(1980, 1, 2)),
        phone: phone.map(|phone| Phi::new(phone.to_owned())),
    };
    patient::register(tx, &draft, &BY, now(), &IDS).await.expect("registered")
}

#[tokio::test]
async fn everything_of_the_one_is_the_others_afterwards() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let offers = t.free(&tenant, 8).await;
    let mut tx = t.begin("nile-heart").await;
    let from = register(&mut tx, Some("+201000000001")).await;
    let into = register(&mut tx, None).await;
    let of = |allergies, insurance| RecordUpdate { allergies, insurance, ..Default::default() };
    let theirs = of(text("penicillin\nlatex"), text("old"));
    patient::update_record(&mut tx, &ring(), &from, theirs, &BY, now()).await.expect("noted");
    let ours = of(text("latex\nnuts"), text("new"));
    patient::update_record(&mut tx, &ring(), &into, ours, &BY, now()).await.expect("noted");
    tx.commit().await.expect("commit");
    let book = |slot, patient| Book { slot, patient, hold: None, staff: None };
    let (first, last) = (&offers[0], &offers[7]);
    assert_ne!(first.starts_at, last.starts_at);
    booking::book(t.db(), &tenant, &book(first.slot, from), &BY, now(), &IDS).await.expect("ok");
    booking::book(t.db(), &tenant, &book(last.slot, into), &BY, now(), &IDS).await.expect("ok");
    let wish = Wish {
        doctor: Some(first.doctor),
        specialty: None,
        from: now(),
        until: last.ends_at,
        hours: Hours::default(),
    };
    waitlist::join(t.db(), &tenant, &from, &wish, &BY, now(), &IDS).await.expect("joined");

    let mut tx = t.begin("nile-heart").await;
    merge(&mut tx, &ring(), &from, &into, &reason(), &BY, now()).await.expect("merged");
    let record = patient::record(&mut tx, &ring(), &into).await.expect("opened");
    assert_eq!(record.allergies, text("latex\nnuts\npenicillin"));
    assert_eq!(record.insurance, text("new"));
    let mine = booking::appointments_of(&mut tx, &into).await.expect("read");
    assert_eq!(mine.len(), 2);
    let export = patient::export(&mut tx, &ring(), &into, &BY, now()).await.expect("exported");
    assert_eq!(export.phone, text("+201000000001"));
    let gone = patient::record(&mut tx, &ring(), &from).await;
    assert_eq!(gone.expect_err("merged").refusal(), Some(Refusal::PatientUnknown));
    tx.commit().await.expect("commit");
    let again = booking::book(t.db(), &tenant, &book(offers[4].slot, from), &BY, now(), &IDS).await;
    assert_eq!(again.expect_err("gone").refusal(), Some(Refusal::PatientUnknown));
    assert_eq!(t.count("waitlist_entries WHERE status = 'waiting'").await, 1);
    assert_eq!(t.count("patient_records WHERE merged_into IS NOT NULL").await, 1);
    assert_eq!(t.count("patients WHERE identity = 'erased'").await, 1);
    assert_eq!(t.count("audit_log WHERE reason = 'registered twice'").await, 2);
    t.check_invariants().await;
}

#[tokio::test]
async fn what_cannot_be_one_person_is_refused_and_changes_nothing() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let offers = t.free(&tenant, 2).await;
    // Two doctors at the same time.
    assert_eq!(offers[0].starts_at, offers[1].starts_at);
    let mut tx = t.begin("nile-heart").await;
    let one = register(&mut tx, None).await;
    let two = register(&mut tx, None).await;
    tx.commit().await.expect("commit");
    let nameless = t.patients(&tenant, 1).await[0];
    let foreign = t.patients(&t.tenant("harbor-family").await, 1).await[0];
    for (slot, patient) in [(offers[0].slot, one), (offers[1].slot, two)] {
        let request = Book { slot, patient, hold: None, staff: None };
        booking::book(t.db(), &tenant, &request, &BY, now(), &IDS).await.expect("booked");
    }
    for (from, into, why) in [
        (one, two, Refusal::PatientBusy),
        (one, one, Refusal::PatientUnknown),
        (one, nameless, Refusal::WrongStatus),
        (foreign, one, Refusal::PatientUnknown),
        (one, foreign, Refusal::PatientUnknown),
    ] {
        let mut tx = t.begin("nile-heart").await;
        let refused = merge(&mut tx, &ring(), &from, &into, &reason(), &BY, now()).await;
        assert_eq!(refused.expect_err("refused").refusal(), Some(why));
    }
    assert_eq!(t.count("patient_records WHERE erased_at IS NOT NULL").await, 0);
    // A caller who gave no name at first is the usual one to be merged.
    let mut tx = t.begin("nile-heart").await;
    merge(&mut tx, &ring(), &nameless, &one, &reason(), &BY, now()).await.expect("merged");
    tx.commit().await.expect("commit");
    t.check_invariants().await;
}
