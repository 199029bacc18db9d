use frontdesk_models::embed::{Embedded, Embedder};
use frontdesk_retrieval::index::ExactIndex;
use frontdesk_retrieval::meaning::{MeaningSettings, RecordNow};
use frontdesk_tenants::patient::{Claim, Verification};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Principal};
use frontdesk_types::Phi;
use jiff::civil::date;

use super::*;

/// Everything means the same.
struct Same;

impl Embedder for Same {
    fn embed(&self, texts: Vec<Phi<String>>) -> Embedded {
        Box::pin(async move { Ok(texts.iter().map(|_| vec![1.0]).collect()) })
    }
}

struct Rig {
    database: TestDb,
    meaning: Arc<Meaning>,
    learner: Learner,
}

async fn rig() -> Rig {
    let database = TestDb::seeded().await;
    let index = Arc::new(ExactIndex::new());
    let meaning = Arc::new(Meaning::new(Arc::new(Same), index, MeaningSettings::default()));
    let learner = Learner::new(Arc::clone(&meaning), database.db().clone());
    Rig { database, meaning, learner }
}

async fn found(rig: &Rig, slug: &str) -> BTreeSet<Uuid> {
    let clinic = rig.database.tenant(slug).await.clinic();
    let found = rig.meaning.find(clinic, None, &Phi::new("anything".to_owned())).await;
    found.documents.into_iter().map(|(id, _)| id).collect()
}

#[tokio::test]
async fn what_is_in_the_database_is_known_and_what_is_not_any_more_is_forgotten() {
    let mut rig = rig().await;
    rig.learner.look().await;
    let (nile, harbor) = (found(&rig, "nile-heart").await, found(&rig, "harbor-family").await);
    assert_eq!((nile.len(), harbor.len()), (5, 2));
    assert!(nile.is_disjoint(&harbor), "each clinic finds its own");
    let mut tx = rig.database.begin("nile-heart").await;
    let file = documents::File {
        source: "dogs.txt",
        title: "dogs",
        digest: b"1",
        passages: &[(None, "Dogs may come."), (Some("Cats"), "Cats may not.")],
    };
    assert!(documents::put(&mut tx, &file, &IDS).await.expect("put"));
    assert!(!documents::put(&mut tx, &file, &IDS).await.expect("put"), "it is there");
    tx.commit().await.expect("committed");
    rig.learner.look().await;
    assert_eq!(found(&rig, "nile-heart").await.len(), 7);
    let mut tx = rig.database.begin("nile-heart").await;
    assert!(documents::remove(&mut tx, "dogs.txt").await.expect("removed"));
    tx.commit().await.expect("committed");
    rig.learner.look().await;
    assert_eq!(found(&rig, "nile-heart").await, nile);
    assert_eq!(found(&rig, "harbor-family").await, harbor);
}

#[tokio::test]
async fn a_record_that_is_erased_is_forgotten_and_others_are_not() {
    let mut rig = rig().await;
    let by = By::principal(Principal::Job("test"));
    let mut known = Vec::new();
    for (name, born) in [("Robert Green", date(1950, 1, 25)), ("Mary Johnson", date(1984, 3, 12))] {
        let mut tx = rig.database.begin("nile-heart").await;
        let (name, date_of_birth) = (Phi::new(name.to_owned()), Phi::new(born));
        let claim = Claim { name, date_of_birth, phone: None };
        let verified = patient::verify(&mut tx, &claim, &by, now()).await.expect("answers");
        let Verification::Verified(who) = verified else { panic!("{verified:?}") };
        tx.commit().await.expect("committed");
        let passages = [Phi::new("allergies".to_owned())];
        let record = RecordNow { patient: who.patient(), passages: &passages };
        let question = Phi::new("anything".to_owned());
        rig.meaning.find(who.clinic(), Some(record), &question).await;
        known.push(who);
    }
    rig.learner.look().await;
    assert_eq!(rig.meaning.patients().len(), 2);
    let mut tx = rig.database.begin("nile-heart").await;
    patient::erase(&mut tx, &known[0], &by, now()).await.expect("erased");
    tx.commit().await.expect("committed");
    rig.learner.look().await;
    assert_eq!(rig.meaning.patients(), [(known[1].clinic(), known[1].patient())]);
}
