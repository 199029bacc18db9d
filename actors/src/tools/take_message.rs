//! Writes down a message for the staff.

use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolResult};
use frontdesk_tenants::calls::{self, Message};

use super::{BuiltIn, Ran, ToolCx};

pub(super) struct TakeMessage;

impl BuiltIn for TakeMessage {
    fn name(&self) -> &'static str {
        "take_message"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let ToolCall::TakeMessage(message) = call else {
                return Ok(ToolResult::Unavailable);
            };
            // The words are sealed with the key of the call's row; without it they are not kept.
            let Some(key) = &cx.record else { return Ok(ToolResult::Unavailable) };
            let message = Message {
                subject: message.subject,
                words: message.words.clone(),
                about: message.about.clone(),
                call_when: message.call_when.clone(),
                phone: message.phone.as_ref().and_then(|said| cx.e164(said)),
            };
            let mut tx = cx.tx().await?;
            let (by, now, ids) = (cx.by(), cx.now(), cx.ids.as_ref());
            calls::add_message(&mut tx, key, &message, &by, now, ids).await?;
            tx.commit().await?;
            Ok(ToolResult::MessageTaken)
        })
    }
}
