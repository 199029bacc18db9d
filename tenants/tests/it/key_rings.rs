//! A ring that does not open what lies in the database is told by the ids of its keys.

use frontdesk_tenants::crypt::KeyRing;
use frontdesk_tenants::patient::{self, Draft, RecordUpdate};
use frontdesk_tenants::ring_check::{self, RingFaults};
use frontdesk_tenants::testing::{IDS, RING, TestDb, now, ring};
use frontdesk_tenants::{By, Principal};
use frontdesk_types::Phi;

fn parsed(texts: &[&str]) -> KeyRing {
    KeyRing::parse(&texts.join(",")).expect("a ring")
}

fn faults(missing: &[&str], wrong: &[&str]) -> RingFaults {
    let owned = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
    RingFaults { missing: owned(missing), wrong: owned(wrong) }
}

/// The seeded clinics, with a note on a patient that the tests' ring seals.
async fn sealed() -> TestDb {
    let t = TestDb::seeded().await;
    let mut tx = t.begin("nile-heart").await;
    let named = Draft {
        name: Phi::new("Hoda Aziz".to_owned()),
        date_of_birth: Phi::new(jiff::civil::date(1970, 5, 5)),
        phone: Some(Phi::new("+201110001111".to_owned())),
    };
    let by = By::principal(Principal::Job("test"));
    let who = patient::register(&mut tx, &named, &by, now(), &IDS).await.expect("registered");
    let notes = Some(Phi::new("afraid of needles".to_owned()));
    let update = RecordUpdate { notes, ..Default::default() };
    patient::update_record(&mut tx, &ring(), &who, update, &by, now()).await.expect("noted");
    tx.commit().await.expect("commit");
    t
}

#[tokio::test]
async fn another_ring_or_none_is_told_by_the_ids_of_the_keys_that_are_missed() {
    let t = sealed().await;
    let other = KeyRing::generate("other");
    let same_id = KeyRing::generate("test");
    // Before anything is noted, as in a database of an earlier version, and after it.
    for noted in [false, true] {
        if noted {
            let right = ring_check::accept(t.db(), Some(&ring())).await.expect("looked");
            assert!(right.is_empty(), "{right:?}");
        }
        for (ring, told) in [
            (Some(parsed(&[&other])), faults(&["test"], &[])),
            (None, faults(&["test"], &[])),
            (Some(parsed(&[&same_id])), faults(&[], &["test"])),
            (Some(parsed(&[&other, &same_id])), faults(&[], &["test"])),
        ] {
            let found = ring_check::accept(t.db(), ring.as_ref()).await.expect("looked");
            assert_eq!(found, told, "{ring:?}, noted: {noted}");
        }
    }
    let right = ring_check::check(t.db(), Some(&ring())).await.expect("looked");
    assert!(right.is_empty(), "the right one is not refused after that: {right:?}");
}

#[tokio::test]
async fn an_old_key_may_go_when_nothing_hangs_on_it() {
    let t = sealed().await;
    let new = KeyRing::generate("new");
    let both = parsed(&[&new, RING]);
    assert!(ring_check::accept(t.db(), Some(&both)).await.expect("looked").is_empty());
    let only_new = parsed(&[&new]);
    let found = ring_check::accept(t.db(), Some(&only_new)).await.expect("looked");
    assert_eq!(found, faults(&["test"], &[]), "it is still needed");
    for slug in ["nile-heart", "harbor-family"] {
        let mut tx = t.begin(slug).await;
        let left = patient::rewrap_keys(&mut tx, &both, 1000).await.expect("wrapped anew").left;
        tx.commit().await.expect("commit");
        assert_eq!(left, 0);
    }
    assert!(ring_check::accept(t.db(), Some(&only_new)).await.expect("looked").is_empty());
    // The first one's id is free: a key of that name may come again.
    let again = parsed(&[&KeyRing::generate("test"), &new]);
    assert!(ring_check::accept(t.db(), Some(&again)).await.expect("looked").is_empty());
}

#[tokio::test]
async fn a_database_in_which_nothing_is_sealed_takes_any_ring_and_then_that_one() {
    let t = TestDb::fresh().await;
    assert!(ring_check::accept(t.db(), None).await.expect("looked").is_empty());
    let first = KeyRing::generate("first");
    assert!(ring_check::accept(t.db(), Some(&parsed(&[&first]))).await.expect("looked").is_empty());
    // Nothing was sealed with it: it is not missed.
    let second = KeyRing::generate("second");
    assert!(
        ring_check::accept(t.db(), Some(&parsed(&[&second]))).await.expect("looked").is_empty()
    );
}
