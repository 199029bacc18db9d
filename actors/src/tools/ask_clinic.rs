//! Answers questions to the clinic, from its data and its documents. Only those are looked at:
//! nothing of a patient is in reach of a question.

use frontdesk_pipelines::dialogue::answers;
use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolResult};
use frontdesk_tenants::{Error, documents};

use super::{BuiltIn, Ran, ToolCx};

/// Documents that are looked at for one question.
const LIMIT: i32 = 3;

/// Documents that are told, where they answer equally well.
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
            Ok(answer(cx, question.expose()).await?)
        })
    }
}

/// What the clinic's data says and the document that fits best; each may answer a part.
async fn answer(cx: &ToolCx, question: &str) -> Result<ToolResult, Error> {
    let clinic = cx.clinic();
    let language = clinic.language();
    let facts = answers::from_facts(question, clinic, language, cx.time());
    let keywords = answers::keywords(question, language);
    let found = if keywords.is_empty() {
        Vec::new()
    } else {
        documents::search(&cx.database, &cx.tenant, &keywords, LIMIT).await?
    };
    let count = |n: i32| u32::try_from(n).unwrap_or_default();
    let best = found.first().map_or(0, |found| found.matched);
    let documents = found
        .into_iter()
        .filter(|found| found.matched == best)
        .filter(|found| answers::is_answer(count(found.matched), count(found.asked)))
        .take(TOLD)
        .map(|found| answers::Answer {
            source: answers::cited(found.title.as_deref(), count(found.number), language),
            text: found.body,
        });
    let answer = answers::joined(facts.into_iter().chain(documents), language);
    Ok(answer.map_or(ToolResult::NoAnswer, |answer| ToolResult::Answer {
        text: answer.text,
        source: answer.source,
    }))
}
