//! Retriever: answers questions to the clinic, from its data and its documents.
//!
//! Supervised by the CallSupervisor. A question lies in the mail until its answer is in the
//! dialogue's, so a Retriever that dies in between looks again. Only the clinic's public data and
//! documents are looked at: nothing of a patient is in reach of a question.

use std::sync::Arc;

use frontdesk_pipelines::dialogue::tools::{ToolCallId, ToolResult};
use frontdesk_pipelines::dialogue::{Input, answers};
use frontdesk_tenants::{Error, documents};
use frontdesk_types::Phi;
use ractor::ActorProcessingErr;

use super::{Call, tasks};
use crate::stage::Stage;

/// Documents that are looked at for one question.
const LIMIT: i32 = 3;

/// Documents that are told, where they answer equally well.
const TOLD: usize = 2;

/// A question of the caller.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) call: ToolCallId,
    pub(crate) words: Phi<String>,
}

pub(crate) struct Retriever {
    call: Arc<Call>,
}

impl Retriever {
    pub(crate) const fn build(call: Arc<Call>) -> Self {
        Self { call }
    }
}

impl Stage for Retriever {
    type Input = Question;

    async fn handle(
        &mut self,
        question: Question,
        _attempt: u32,
    ) -> Result<(), ActorProcessingErr> {
        let (call, words) = (Arc::clone(&self.call), question.words);
        let answer = self.call.tasks.start(async move {
            answer(&call, words.expose()).await.unwrap_or_else(|error| {
                tracing::error!(%error, "documents not searched");
                ToolResult::Unavailable
            })
        });
        let result = tasks::within_patience(answer).await.unwrap_or(ToolResult::Unavailable);
        self.call.mails.dialogue.post(Input::ToolDone { call: question.call, result });
        Ok(())
    }
}

/// What the clinic's data says and the document that fits best; each may answer a part.
async fn answer(call: &Call, question: &str) -> Result<ToolResult, Error> {
    let language = call.facts.clinic.language();
    let facts = answers::from_facts(question, &call.facts.clinic, language, call.now());
    let keywords = answers::keywords(question, language);
    let found = if keywords.is_empty() {
        Vec::new()
    } else {
        documents::search(&call.services.database, &call.tenant, &keywords, LIMIT).await?
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
