//! Documents are found by what they are about, in their own clinic only.

use frontdesk_tenants::documents;
use frontdesk_tenants::testing::{IDS, TestDb};

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn a_document_is_found_by_its_words_and_by_those_that_mean_the_same() {
    let t = TestDb::seeded().await;
    let mut tx = t.begin("nile-heart").await;
    documents::add(&mut tx, 90, Some("Pets"), "Guide dogs are welcome.", &IDS)
        .await
        .expect("added");
    documents::add(&mut tx, 90, None, "Something else.", &IDS).await.expect("left as it is");
    tx.commit().await.expect("commit");
    let nile = t.tenant("nile-heart").await;
    let find = async |tenant, keywords: &[&str]| {
        documents::search(t.db(), &tenant, &words(keywords), &[], 2).await.expect("answers")
    };
    let found = find(nile, &["dog"]).await;
    let [pets] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((pets.number, pets.title.as_deref()), (Some(90), Some("Pets")));
    assert_eq!(pets.body, "Guide dogs are welcome.");
    assert_eq!((&*pets.matched, pets.asked), (&[1][..], 1));
    // "kennel" is not there, but what stands for it is; "the" means nothing.
    let found = find(nile, &["spaceship", "the", "kennel dog"]).await;
    assert_eq!((&*found[0].matched, found[0].asked), (&[3][..], 2));
    assert!(find(nile, &["spaceship"]).await.is_empty());
    assert!(find(nile, &["the", "'\\ & | ! :*"]).await.is_empty(), "no words, no harm");
    let harbor = t.tenant("harbor-family").await;
    assert!(find(harbor, &["dog"]).await.is_empty(), "another clinic's");
    assert!(!find(harbor, &["refill"]).await.is_empty(), "the demo's own");
}

#[tokio::test]
async fn a_file_takes_the_place_of_what_was_there_under_its_name_and_is_removed_as_a_whole() {
    let t = TestDb::seeded().await;
    let (nile, harbor) = (t.tenant("nile-heart").await, t.tenant("harbor-family").await);
    let put = async |slug: &str, digest: &[u8], passages: &[(Option<&str>, &str)]| {
        let mut tx = t.begin(slug).await;
        let file = documents::File { source: "pets.md", title: "pets", digest, passages };
        let changed = documents::put(&mut tx, &file, &IDS).await.expect("put");
        tx.commit().await.expect("commit");
        changed
    };
    let find = async |tenant, keyword: &str| {
        let found = documents::search(t.db(), &tenant, &words(&[keyword]), &[], 5).await;
        found.expect("answers").into_iter().map(|found| found.body).collect::<Vec<_>>()
    };
    assert!(put("nile-heart", b"1", &[(None, "Dogs."), (Some("Aquarium"), "Fish.")]).await);
    assert!(put("harbor-family", b"1", &[(None, "Harbor's dogs.")]).await);
    assert_eq!(find(nile, "dog").await, ["Dogs."]);
    assert_eq!(find(nile, "aquarium").await, ["Fish."], "by its heading");
    assert_eq!(find(nile, "pets").await, ["Dogs.", "Fish."], "by its title");
    assert!(!put("nile-heart", b"1", &[(None, "Never read.")]).await, "the same content");
    assert!(put("nile-heart", b"2", &[(None, "Cats.")]).await);
    assert!(find(nile, "dog").await.is_empty() && find(nile, "fish").await.is_empty());
    assert_eq!(find(nile, "cat").await, ["Cats."]);
    assert_eq!(find(harbor, "dog").await, ["Harbor's dogs."]);

    let mut tx = t.begin("nile-heart").await;
    assert_eq!(documents::sources(&mut tx).await.expect("answers"), ["pets.md"]);
    assert!(documents::remove(&mut tx, "pets.md").await.expect("removed"));
    assert!(!documents::remove(&mut tx, "pets.md").await.expect("nothing to remove"));
    tx.commit().await.expect("commit");
    assert!(find(nile, "cat").await.is_empty());
    assert_eq!(find(harbor, "dog").await, ["Harbor's dogs."], "another clinic's stays");
}

#[tokio::test]
async fn what_something_else_has_found_is_given_only_to_its_own_clinic() {
    let t = TestDb::seeded().await;
    let (nile, harbor) = (t.tenant("nile-heart").await, t.tenant("harbor-family").await);
    let mut tx = t.begin("harbor-family").await;
    let passages = documents::passages(&mut tx).await.expect("answers");
    drop(tx);
    let ids: Vec<_> = passages.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), 2);
    let own = documents::search(t.db(), &harbor, &[], &ids, 1).await.expect("answers");
    assert_eq!(own.len(), 2, "the limit is of words");
    assert!(own.iter().all(|found| found.matched.is_empty() && found.asked == 0));
    let others = documents::search(t.db(), &nile, &[], &ids, 5).await.expect("answers");
    assert!(others.is_empty(), "an id of another clinic opens nothing: {others:?}");
}
