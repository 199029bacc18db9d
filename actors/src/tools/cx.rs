//! What a tool is run with.

use std::sync::Arc;

use frontdesk_pipelines::dialogue::ledger::Checked;
use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCallId, ToolResult};
use frontdesk_pipelines::dialogue::{CallFacts, ClinicContext, Now};
use frontdesk_retrieval::meaning::Meaning;
use frontdesk_tenants::calls::CallKey;
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::{By, Database, Error, Principal, Tenant, TenantTx};
use frontdesk_types::{CallId, Channel, Clock, IdSource, PatientId, Phi};
use jiff::Timestamp;

use super::tokens::Tokens;
use crate::booking::SlotRegistry;

/// What a tool is run with: the call, its clinic, and what the guard vouches for.
///
/// A tool of somebody else's sees what the public functions give: no database, no other patient.
#[derive(Clone)]
pub struct ToolCx {
    pub(crate) call: CallId,
    /// Number of the tool's call.
    pub(crate) id: ToolCallId,
    pub(crate) tenant: Tenant,
    pub(crate) facts: CallFacts,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) simulated: bool,
    pub(crate) database: Database,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) slots: SlotRegistry,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) checked: Checked,
    /// The key of the call's row in the database, where it has one that others can name.
    pub(crate) record: Option<Arc<CallKey>>,
    /// Whether the tool may know who the patient is.
    pub(crate) for_patient: bool,
    /// What finds by meaning, if there is an embedding model.
    pub(crate) meaning: Option<Arc<Meaning>>,
    /// Opens what is sealed of a patient, where records are kept.
    pub(crate) keys: Option<Arc<KeyRing>>,
}

impl std::fmt::Debug for ToolCx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolCx").field("call", &self.call).field("id", &self.id).finish()
    }
}

impl ToolCx {
    /// The call.
    #[must_use]
    pub const fn call(&self) -> CallId {
        self.call
    }

    /// Number of the tool's call within the call.
    #[must_use]
    pub const fn id(&self) -> ToolCallId {
        self.id
    }

    /// What the guard vouches for: the identification that stands, the offer and the appointment
    /// that a built-in tool names.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }

    /// How the caller reached the clinic.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        self.facts.channel
    }

    /// The clinic, in the language of the call.
    #[must_use]
    pub const fn clinic(&self) -> &Arc<ClinicContext> {
        &self.facts.clinic
    }

    /// The call's wall clock, which is pinned in a simulated call.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.wall()
    }

    /// Whether the call is a test or a demo: what it writes must not reach people.
    #[must_use]
    pub const fn is_simulated(&self) -> bool {
        self.simulated
    }

    /// The patient who is identified; only for a tool whose specification needs one.
    #[must_use]
    pub fn patient(&self) -> Option<PatientId> {
        self.proof().filter(|_| self.for_patient).map(|who| who.patient())
    }

    /// The same key whenever the same write is tried again, whatever died in between: give it to
    /// whoever is written to, so that it is written once. `None` for a tool that only looks.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<String> {
        self.by().key
    }

    /// Who asks, with the key of the write.
    pub(crate) fn by(&self) -> By {
        match self.checked.write {
            Some(write) => By::call(self.call, write.0).simulated(self.simulated),
            None => self.reader(),
        }
    }

    /// Who asks, without a key.
    pub(crate) fn reader(&self) -> By {
        By::principal(Principal::Call(self.call)).simulated(self.simulated)
    }

    pub(crate) async fn tx(&self) -> Result<TenantTx, Error> {
        TenantTx::begin(&self.database, &self.tenant).await
    }

    /// The time of the call, for pure logic.
    #[must_use]
    pub fn time(&self) -> Now {
        Now { mono: self.clock.mono(), wall: self.clock.wall() }
    }

    /// The proof that the patient is who they say, as far as the guard vouches for it.
    pub(crate) fn proof(&self) -> Option<VerifiedPatient> {
        self.checked.patient.and_then(|by| self.tokens.proof(by))
    }

    /// A telephone number in the form in which numbers are stored.
    pub(crate) fn e164(&self, said: &Phi<String>) -> Option<Phi<String>> {
        self.facts.clinic.e164(said)
    }
}

/// The domain says no.
pub(crate) const fn refused(refusal: Refusal) -> ToolResult {
    ToolResult::Refused { refusal }
}
