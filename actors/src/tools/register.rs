//! Registers a new patient, who is identified then; who is one already is identified.

use frontdesk_pipelines::dialogue::tools::{BAD_PHONE, Refusal, ToolCall, ToolResult};
use frontdesk_tenants::patient::{self, Draft};

use super::{BuiltIn, Ran, ToolCx, refused};

pub(super) struct Register;

impl BuiltIn for Register {
    fn name(&self) -> &'static str {
        "register_patient"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let ToolCall::RegisterPatient(identity) = call else {
                return Ok(ToolResult::Unavailable);
            };
            let phone = identity.phone.as_ref().map(|said| cx.e164(said));
            if phone.as_ref().is_some_and(Option::is_none) {
                return Ok(refused(Refusal::Other(BAD_PHONE.to_owned())));
            }
            let draft = Draft {
                name: identity.full_name.clone(),
                date_of_birth: identity.date_of_birth,
                phone: phone.flatten(),
            };
            let mut tx = cx.tx().await?;
            let (now, ids) = (cx.now(), cx.ids.as_ref());
            let by = cx.by();
            let who = patient::register_or_identify(&mut tx, &draft, &by, now, ids).await?;
            tx.commit().await?;
            cx.tokens.prove(cx.id, who.patient);
            Ok(if who.known { ToolResult::Identified } else { ToolResult::Registered })
        })
    }
}
