//! Looks the caller up. Says nothing of who exists.

use frontdesk_pipelines::dialogue::tools::{Refusal, TOO_MANY_TRIES, ToolCall, ToolResult};
use frontdesk_tenants::patient::{self, Claim, Verification};

use super::{BuiltIn, Ran, ToolCx, refused};

pub(super) struct Identify;

impl BuiltIn for Identify {
    fn name(&self) -> &'static str {
        "identify_patient"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let ToolCall::IdentifyPatient(identity) = call else {
                return Ok(ToolResult::Unavailable);
            };
            // A number that cannot be one matches nobody, as one that is nobody's.
            let said = identity.phone.as_ref();
            let phone = said.map(|said| cx.e164(said).unwrap_or_else(|| said.clone()));
            let name = identity.full_name.clone();
            let claim = Claim { name, date_of_birth: identity.date_of_birth, phone };
            let (keys, by, now) = (cx.keys.as_deref(), cx.reader(), cx.now());
            let answer = patient::identify(&cx.database, &cx.tenant, keys, &claim, &by, now);
            Ok(match answer.await? {
                Verification::Verified(who) => {
                    cx.tokens.prove(cx.id, who);
                    ToolResult::Identified
                }
                Verification::Namesakes => ToolResult::Ambiguous,
                Verification::Refused => ToolResult::NotIdentified,
                Verification::TooMany => refused(Refusal::Other(TOO_MANY_TRIES.to_owned())),
            })
        })
    }
}
