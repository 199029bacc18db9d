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
        documents::search(t.db(), &tenant, &words(keywords), 2).await.expect("answers")
    };
    let found = find(nile, &["dog"]).await;
    let [pets] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((pets.number, pets.title.as_deref()), (90, Some("Pets")));
    assert_eq!(pets.body, "Guide dogs are welcome.");
    assert_eq!((pets.matched, pets.asked), (1, 1));
    // "kennel" is not there, but what stands for it is; "the" means nothing.
    let found = find(nile, &["kennel dog", "spaceship", "the"]).await;
    assert_eq!((found[0].matched, found[0].asked), (1, 2));
    assert!(find(nile, &["spaceship"]).await.is_empty());
    assert!(find(nile, &["the", "'\\ & | ! :*"]).await.is_empty(), "no words, no harm");
    let harbor = t.tenant("harbor-family").await;
    assert!(find(harbor, &["dog"]).await.is_empty(), "another clinic's");
    assert!(!find(harbor, &["refill"]).await.is_empty(), "the demo's own");
}
