//! Answers questions to the clinic, from its data, its documents and, for a patient who is
//! identified, that patient's record here.
//!
//! Whose record that is, the guard vouches for; no argument of the tool names a patient or a clinic,
//! and both are part of every query.

use frontdesk_pipelines::dialogue::answers::{self, Answer};
use frontdesk_pipelines::dialogue::patient_record;
use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolResult};
use frontdesk_pipelines::language::Language;
use frontdesk_retrieval::fuse;
use frontdesk_retrieval::meaning::{Answering, RecordNow};
use frontdesk_tenants::Error;
use frontdesk_tenants::documents::{self, Found};
use frontdesk_types::{PatientId, Phi};
use uuid::Uuid;

use super::own_record::own_record;
use super::{BuiltIn, Ran, ToolCx};

/// Documents that are looked at by their words for one question.
const LIMIT: i32 = 5;

/// Passages that are told, where they answer equally well.
const TOLD: usize = 2;

pub(super) struct AskClinic;

impl BuiltIn for AskClinic {
    fn name(&self) -> &'static str {
        "ask_clinic"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let ToolCall::AskClinic { question } = call else {
                return Ok(ToolResult::Unavailable);
            };
            Ok(answer(cx, question).await?)
        })
    }
}

/// What the clinic's data says and the passage that fits best; each may answer a part.
async fn answer(cx: &ToolCx, question: &Phi<String>) -> Result<ToolResult, Error> {
    let clinic = cx.clinic();
    let language = clinic.language();
    let facts = answers::from_facts(question.expose(), clinic, language, cx.time());
    let keywords = answers::keywords(question.expose(), language);
    // What the clinic's data answers as a whole is looked up nowhere else.
    let told = if keywords.is_empty() && facts.is_some() {
        Vec::new()
    } else {
        let record = own_record(cx).await?;
        look_up(cx, question, &keywords, record.as_ref()).await?
    };
    let answer = answers::joined(facts.into_iter().chain(told), language);
    Ok(answer.map_or(ToolResult::NoAnswer, |answer| ToolResult::Answer {
        text: answer.text,
        source: answer.source,
    }))
}

/// What was found: a passage of the clinic's documents, or one of the patient's record by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Passage {
    Document(Uuid),
    Record(usize),
}

/// The best of what is found by words and by meaning.
async fn look_up(
    cx: &ToolCx,
    question: &Phi<String>,
    keywords: &[String],
    record: Option<&(PatientId, Vec<Phi<String>>)>,
) -> Result<Vec<Answer>, Error> {
    let language = cx.clinic().language();
    let near = match &cx.meaning {
        Some(meaning) => {
            let record =
                record.map(|(patient, passages)| RecordNow { patient: *patient, passages });
            meaning.find(cx.tenant.clinic(), record, question).await
        }
        None => Answering::default(),
    };
    let ids: Vec<Uuid> = near.documents.iter().map(|(id, _)| *id).collect();
    let found = documents::search(&cx.database, &cx.tenant, keywords, &ids, LIMIT).await?;
    let record = record.map_or(&[][..], |(_, passages)| passages);
    let matched_by = |text: &str| answers::matched(keywords, text, language);
    let worded = by_words(keywords, &found, matched_by, record, language);
    let mut meant: Vec<(Passage, f32)> = near
        .documents
        .into_iter()
        .map(|(id, near)| (Passage::Document(id), near))
        .chain(near.record.into_iter().map(|(place, near)| (Passage::Record(place), near)))
        .collect();
    meant.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let meant: Vec<Passage> = meant.into_iter().map(|(passage, _)| passage).collect();
    let words: Vec<Passage> = worded.iter().map(|(passage, _)| *passage).collect();
    let fused = fuse(&[&words, &meant]);
    let matched = |passage: &Passage| {
        worded.iter().find(|(known, _)| known == passage).map(|(_, matched)| *matched)
    };
    let best = fused.first().and_then(matched);
    let told = fused
        .iter()
        .enumerate()
        .filter(|(place, passage)| *place == 0 || (best.is_some() && matched(passage) == best));
    let text = |passage: &Passage| match passage {
        Passage::Document(id) => {
            let found = found.iter().find(|found| found.id == *id)?;
            let number = found.number.and_then(|number| u32::try_from(number).ok());
            let source =
                answers::cited(found.title.as_deref(), number.unwrap_or_default(), language);
            Some(Answer { source, text: found.body.clone() })
        }
        Passage::Record(place) => Some(Answer {
            source: patient_record::cited(language),
            text: record.get(*place)?.expose().clone(),
        }),
    };
    Ok(told.filter_map(|(_, passage)| text(passage)).take(TOLD).collect())
}

/// What answers by its words, those with most of them first, and how many it has. The patient's
/// record comes before documents that fit equally well.
fn by_words(
    keywords: &[String],
    found: &[Found],
    matched: impl Fn(&str) -> (Vec<usize>, usize),
    record: &[Phi<String>],
    language: &Language,
) -> Vec<(Passage, usize)> {
    let record = record.iter().enumerate().map(|(place, text)| {
        let (places, asked) = matched(text.expose());
        (Passage::Record(place), places, asked)
    });
    let documents = found.iter().map(|found| {
        let place = |place: &i32| usize::try_from(place - 1).ok();
        let places: Vec<usize> = found.matched.iter().filter_map(place).collect();
        (Passage::Document(found.id), places, usize::try_from(found.asked).unwrap_or_default())
    });
    let mut all: Vec<(Passage, usize)> = record
        .chain(documents)
        .filter(|(_, places, asked)| answers::is_answer(keywords, places, *asked, language))
        .map(|(passage, places, _)| (passage, places.len()))
        .collect();
    all.sort_by_key(|(_, matched)| std::cmp::Reverse(*matched));
    all
}
