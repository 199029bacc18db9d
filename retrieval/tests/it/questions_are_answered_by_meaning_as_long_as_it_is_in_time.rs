//! A model that is late, down or wrong costs a question some time and nothing else; and what was
//! learned of a record is that patient's.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::embed::{EmbedFailure, Embedded, Embedder};
use frontdesk_retrieval::index::{Delete, ExactIndex};
use frontdesk_retrieval::meaning::{Answering, Meaning, MeaningSettings, RecordNow};
use frontdesk_types::{ClinicId, PatientId, Phi};
use futures_util::FutureExt;
use futures_util::future::{pending, ready};
use parking_lot::Mutex;
use uuid::Uuid;

/// How the model behaves.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Works,
    Down,
    Silent,
}

/// Texts that mean the same have the same vector: by the last word.
struct Model(Mutex<Manner>);

impl Embedder for Model {
    fn embed(&self, texts: Vec<Phi<String>>) -> Embedded {
        let vector = |text: &Phi<String>| {
            let meaning = match text.expose().rsplit(' ').next() {
                Some("car" | "vehicle") => [1.0, 0.0, 0.0],
                Some("penicillin" | "allergies") => [0.0, 1.0, 0.0],
                _ => [0.0, 0.0, 1.0],
            };
            meaning.to_vec()
        };
        match *self.0.lock() {
            Manner::Works => ready(Ok(texts.iter().map(vector).collect())).boxed(),
            Manner::Down => ready(Err(EmbedFailure::Overloaded)).boxed(),
            Manner::Silent => pending().boxed(),
        }
    }
}

fn text(text: &str) -> Phi<String> {
    Phi::new(text.to_owned())
}

fn meaning() -> (Arc<Model>, Meaning) {
    let model = Arc::new(Model(Mutex::new(Manner::Works)));
    let settings =
        MeaningSettings { patience: Duration::from_millis(200), ..MeaningSettings::default() };
    let index = Arc::new(ExactIndex::new());
    (Arc::clone(&model), Meaning::new(model, index, settings))
}

const CLINIC: ClinicId = ClinicId::from_uuid(Uuid::from_u128(1));
const OTHER: ClinicId = ClinicId::from_uuid(Uuid::from_u128(2));

#[tokio::test]
async fn a_question_finds_what_means_the_same_unless_the_model_is_down_or_late() {
    let (model, meaning) = meaning();
    let parking = Uuid::from_u128(5);
    meaning
        .learn_documents(CLINIC, vec![(parking, "Leave your car".into())])
        .await
        .expect("learned");
    let question = text("where do I put my vehicle");
    let find = async || meaning.find(CLINIC, None, &question).await;
    assert_eq!(find().await.documents.first().map(|(id, _)| *id), Some(parking));
    assert_eq!(meaning.find(OTHER, None, &question).await, Answering::default());
    assert_eq!(meaning.find(CLINIC, None, &text("something else")).await, Answering::default());
    for manner in [Manner::Down, Manner::Silent] {
        *model.0.lock() = manner;
        assert_eq!(find().await, Answering::default(), "{manner:?}");
    }
    *model.0.lock() = Manner::Works;
    meaning.forget_documents(CLINIC, Delete::Only(vec![parking])).await.expect("forgotten");
    assert_eq!(find().await, Answering::default());
}

#[tokio::test]
async fn a_record_is_searched_as_it_is_now_and_for_its_patient_alone() {
    let (_, meaning) = meaning();
    let (mary, omar) = (Uuid::from_u128(7), Uuid::from_u128(8));
    let (mary, omar) = (PatientId::from_uuid(mary), PatientId::from_uuid(omar));
    let question = text("my allergies");
    let find = async |clinic, patient, passages: &[Phi<String>]| {
        let record = Some(RecordNow { patient, passages });
        meaning.find(clinic, record, &question).await.record
    };
    let passages = [text("Something else"), text("penicillin")];
    let found = find(CLINIC, mary, &passages).await;
    assert_eq!(found.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [1]);
    assert!(find(CLINIC, omar, &[]).await.is_empty(), "nothing of another patient's");
    assert!(find(OTHER, mary, &[]).await.is_empty(), "nor of the same in another clinic");
    assert!(find(CLINIC, mary, &passages[..1]).await.is_empty(), "what is gone is not found");
    assert_eq!(meaning.patients().len(), 3);
    meaning.forget_record(CLINIC, mary).await;
    assert!(!meaning.patients().contains(&(CLINIC, mary)));
}
