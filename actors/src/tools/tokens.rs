//! What the database gave a call for later: proofs of identifications, and holds.
//!
//! Both mean nothing without the database that gave them, and neither is said aloud. What the call
//! has *established* is the ledger's, which names a proof by the tool call that brought it.

use std::collections::{BTreeMap, HashMap};

use frontdesk_pipelines::dialogue::tools::ToolCallId;
use frontdesk_tenants::booking::Hold;
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_types::SlotId;
use parking_lot::Mutex;

/// Proofs that are kept; the ledger names none but the last.
const MAX_PROOFS: usize = 8;

#[derive(Debug, Default)]
struct Inner {
    proofs: BTreeMap<ToolCallId, VerifiedPatient>,
    holds: HashMap<SlotId, Hold>,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<Inner>);

impl Tokens {
    /// Keeps the proof that a tool call brought.
    pub(crate) fn prove(&self, by: ToolCallId, who: VerifiedPatient) {
        let mut inner = self.0.lock();
        inner.proofs.insert(by, who);
        while inner.proofs.len() > MAX_PROOFS {
            inner.proofs.pop_first();
        }
    }

    /// A call that was answered with another one's answer proves the same.
    pub(crate) fn prove_again(&self, by: ToolCallId, first: ToolCallId) {
        if let Some(who) = self.proof(first) {
            self.prove(by, who);
        }
    }

    /// The proof that this tool call brought.
    pub(crate) fn proof(&self, by: ToolCallId) -> Option<VerifiedPatient> {
        self.0.lock().proofs.get(&by).copied()
    }

    /// Whoever was identified last.
    pub(crate) fn patient(&self) -> Option<VerifiedPatient> {
        self.0.lock().proofs.last_key_value().map(|(_, who)| *who)
    }

    /// Keeps a hold.
    pub(crate) fn hold(&self, slot: SlotId, hold: Hold) {
        self.0.lock().holds.insert(slot, hold);
    }

    /// The hold on a slot.
    pub(crate) fn held(&self, slot: SlotId) -> Option<Hold> {
        self.0.lock().holds.get(&slot).copied()
    }

    /// Takes the hold on a slot, which is released or used up.
    pub(crate) fn take_hold(&self, slot: SlotId) -> Option<Hold> {
        self.0.lock().holds.remove(&slot)
    }

    /// Takes all holds: the call is over.
    pub(crate) fn take_holds(&self) -> Vec<Hold> {
        self.0.lock().holds.drain().map(|(_, hold)| hold).collect()
    }

    /// What a successor in another process needs, beside the patient, who is read from the call's
    /// row.
    pub(crate) fn snapshot(&self) -> serde_json::Value {
        let inner = self.0.lock();
        let holds: Vec<&Hold> = inner.holds.values().collect();
        let by = inner.proofs.last_key_value().map(|(by, _)| by);
        serde_json::json!({ "holds": holds, "identified_by": by })
    }
}
