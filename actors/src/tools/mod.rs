//! The tools of a call: each in a file of its own, run by name.
//!
//! A built-in tool is a file here that implements [`BuiltIn`] on the typed [`ToolCall`]; what it is
//! for stands in the table of `frontdesk_pipelines::dialogue::toolbox`. A tool of somebody else's
//! implements [`Tool`] anywhere and is added with [`Tools::with`]. Either is run with what the guard
//! vouches for ([`ToolCx`]) and looks up nothing that it does not.

mod ask_clinic;
mod book;
mod cancel;
mod cx;
mod find_slots;
mod hold;
mod identify;
mod list_appointments;
mod own_record;
mod register;
mod release;
mod reschedule;
mod take_message;
mod tokens;
mod transfer;
mod visits;
mod waitlist;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::toolbox::{Contract, Effect, Toolbox, ToolboxError};
use frontdesk_pipelines::dialogue::tools::{OtherCall, Refusal, ToolCall, ToolResult};
use frontdesk_retrieval::meaning::Meaning;
use serde_json::Value;

use crate::booking::SlotError;
pub use cx::ToolCx;
use cx::refused;
pub(crate) use tokens::Tokens;

/// How long a write of a tool that is not built in may take before it is given up. It is never cut
/// off sooner, whoever has stopped waiting; the database's own limits bound the built-in ones.
const LONGEST_WRITE: Duration = Duration::from_secs(60);

/// What a tool that is not built in gives back.
pub type ToolFuture<'a> = Pin<Box<dyn Future<Output = Result<Value, ToolFailure>> + Send + 'a>>;

/// A tool that is not built in. What it is, and how a write of it is read back, says its
/// [`Contract`]; here is what it does.
pub trait Tool: Contract {
    /// Runs it with arguments that fit its schema. What it returns is read by a language model.
    ///
    /// One that only looks is cut off when its patience is over. One that writes is not, runs after
    /// the caller's yes alone, and may be asked again with the same
    /// [`idempotency_key`](ToolCx::idempotency_key) when it is not known what came of it.
    fn run(&self, cx: ToolCx, args: Value) -> ToolFuture<'_>;
}

/// Why a tool that is not built in gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolFailure {
    /// It is not to be done: a code such as `no_stock`, which a language model reads. Nothing was
    /// written.
    #[error("refused: {0}")]
    Refused(String),
    /// It could not be done now, or it is not known whether it was; tried again, it may be.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// What the built-in tools do where no database stands behind them: a clinic in memory, for
/// simulations.
pub trait ClinicTools: Send + Sync {
    /// Runs a built-in tool, with what the guard vouches for ([`ToolCx::checked`]).
    fn run(&self, cx: &ToolCx, call: &ToolCall) -> ToolResult;
}

/// What comes of a built-in tool.
type Ran<'a> = Pin<Box<dyn Future<Output = Result<ToolResult, SlotError>> + Send + 'a>>;

/// A built-in tool.
trait BuiltIn: Send + Sync {
    /// Its name in the toolbox.
    fn name(&self) -> &'static str;

    /// Runs it. A call that is another tool's never comes here.
    fn run<'a>(&'a self, cx: &'a ToolCx, call: &'a ToolCall) -> Ran<'a>;
}

static BUILT_IN: [&dyn BuiltIn; 16] = [
    &ask_clinic::AskClinic,
    &book::Book,
    &cancel::Cancel,
    &find_slots::FindSlots,
    &hold::Hold,
    &identify::Identify,
    &list_appointments::ListAppointments,
    &register::Register,
    &release::Release,
    &reschedule::Reschedule,
    &take_message::TakeMessage,
    &transfer::Transfer,
    &waitlist::JoinWaitlist,
    &waitlist::ListWaitlist,
    &waitlist::LeaveWaitlist,
    &waitlist::AcceptWaitlist,
];

/// The tools that a process can run. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tools {
    others: Arc<BTreeMap<String, Arc<dyn Tool>>>,
    toolbox: Arc<Toolbox>,
    /// Instead of the database.
    clinic: Option<Arc<dyn ClinicTools>>,
    meaning: Option<Arc<Meaning>>,
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tools").field(&self.toolbox).finish()
    }
}

impl Tools {
    /// The built-in ones.
    #[must_use]
    pub fn built_in() -> Self {
        Self::default()
    }

    /// The same and another one.
    ///
    /// # Errors
    /// If its name is taken or none, its schema is not of an object, or it would write without a
    /// yes.
    pub fn with(self, tool: Arc<dyn Tool>) -> Result<Self, ToolboxError> {
        let contract: Arc<dyn Contract> = Arc::<dyn Tool>::clone(&tool);
        let toolbox = Toolbox::clone(&self.toolbox).with(contract)?;
        let mut others = BTreeMap::clone(&self.others);
        others.insert(tool.spec().name.clone(), tool);
        Ok(Self { others: Arc::new(others), toolbox: Arc::new(toolbox), ..self })
    }

    /// The same, with a clinic in memory in place of the database.
    #[must_use]
    pub fn in_memory(self, clinic: Arc<dyn ClinicTools>) -> Self {
        Self { clinic: Some(clinic), ..self }
    }

    /// The same, with questions answered by their meaning as well as by their words.
    #[must_use]
    pub fn with_meaning(self, meaning: Option<Arc<Meaning>>) -> Self {
        Self { meaning, ..self }
    }

    pub(crate) const fn meaning(&self) -> Option<&Arc<Meaning>> {
        self.meaning.as_ref()
    }

    /// What they are, for the contexts of clinics whose calls may have all of them.
    #[must_use]
    pub const fn toolbox(&self) -> &Arc<Toolbox> {
        &self.toolbox
    }

    /// Runs a tool. Trouble of any kind is [`ToolResult::Unavailable`]; the domain's no is a
    /// refusal.
    pub(crate) async fn run(&self, cx: ToolCx, call: &ToolCall) -> ToolResult {
        if let ToolCall::Other(call) = call {
            return self.run_other(cx, call).await;
        }
        if let Some(clinic) = &self.clinic {
            return clinic.run(&cx, call);
        }
        let Some(tool) = BUILT_IN.iter().find(|tool| tool.name() == call.name()) else {
            tracing::error!(tool = call.name(), "no such tool can be run");
            return ToolResult::Unavailable;
        };
        match tool.run(&cx, call).await {
            Ok(result) => result,
            Err(error) => match error.refusal() {
                Some(refusal) => refused(translate(refusal)),
                None => {
                    tracing::error!(tool = tool.name(), %error, "tool failed");
                    ToolResult::Unavailable
                }
            },
        }
    }

    async fn run_other(&self, cx: ToolCx, call: &OtherCall) -> ToolResult {
        let Some(tool) = self.others.get(&call.name) else {
            tracing::error!(tool = call.name, "no such tool can be run");
            return ToolResult::Unavailable;
        };
        let spec = tool.spec();
        let limit = match spec.effect {
            Effect::Read => spec.patience,
            Effect::Write(_) => LONGEST_WRITE,
        };
        let ran = tokio::time::timeout(limit, tool.run(cx, call.args.expose().clone())).await;
        match ran {
            Ok(Ok(value)) => ToolResult::Other { value: value.into() },
            Ok(Err(ToolFailure::Refused(code))) => refused(Refusal::Other(code)),
            // What it says may quote what it was given.
            Ok(Err(ToolFailure::Unavailable(_))) => {
                tracing::error!(tool = call.name, "tool failed");
                ToolResult::Unavailable
            }
            Err(_) => {
                tracing::error!(tool = call.name, limit_s = limit.as_secs(), "tool gave no answer");
                ToolResult::Unavailable
            }
        }
    }
}

/// The domain's refusals in the dialogue's words.
fn translate(refusal: frontdesk_tenants::Refusal) -> Refusal {
    use frontdesk_tenants::Refusal as Domain;
    match refusal {
        Domain::SlotTaken
        | Domain::SlotHeld
        | Domain::SlotUnavailable
        | Domain::SlotUnknown
        | Domain::HoldLost
        | Domain::NoFreeSlot => Refusal::SlotTaken,
        Domain::TooSoon | Domain::TooFar => Refusal::OutsideBookingWindow,
        Domain::TooLate => Refusal::TooLate,
        Domain::PatientBusy => Refusal::PatientBusy,
        Domain::PatientUnknown => Refusal::NotIdentified,
        Domain::AppointmentUnknown => Refusal::UnknownReference,
        other => Refusal::Other(other.code().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_of_the_table_can_be_run_and_no_other_is_there() {
        let mut here: Vec<&str> = BUILT_IN.iter().map(|tool| tool.name()).collect();
        here.sort_unstable();
        let toolbox = Toolbox::built_in();
        let table: Vec<&str> = toolbox.specs().map(|spec| spec.name.as_str()).collect();
        assert_eq!(here, table);
    }
}
