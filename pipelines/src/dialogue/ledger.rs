//! What a call has established: who is identified, what was offered, which appointments may be
//! changed, what is held and what was written.
//!
//! There is one ledger per call. The guard owns and changes it; a policy reads it, and a tool is
//! handed what it needs of it as a [`Checked`] view. Nobody else keeps a copy.

use std::collections::{BTreeMap, VecDeque};

use frontdesk_types::{AppointmentId, Offer, OfferId, Phi, WaitlistEntryId};
use serde::{Deserialize, Serialize};

use super::tools::{
    AppointmentFacts, ToolCall, ToolCallId, ToolResult, WaitlistFacts, WriteNumber,
};

/// Offers that are remembered; older ones are unknown again.
const MAX_OFFERS: usize = 60;

/// A patient who was identified or registered in this call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identified {
    /// The tool call that identified them: whoever runs tools keeps the proof under this number.
    pub by: ToolCallId,
    /// Their name, as it was given.
    pub name: Phi<String>,
}

/// A write of this call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// What is to be written.
    pub tool: ToolCall,
    /// Whether the caller has confirmed it.
    pub confirmed: bool,
    /// Times that it was run.
    pub attempts: u32,
    /// Whether it is known what came of it; what is called once more then is another write.
    pub settled: bool,
}

/// What the guard vouches for when it lets a tool run: the tool looks nothing up by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Checked {
    /// The identification that stands, if there is one.
    pub patient: Option<ToolCallId>,
    /// The offer that the tool names.
    pub offer: Option<Offer>,
    /// The patient's appointment that the tool names.
    pub appointment: Option<AppointmentFacts>,
    /// The number of the write, if the tool is one: the same whenever the same is tried again.
    #[serde(default)]
    pub write: Option<WriteNumber>,
}

/// See the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    patient: Option<Identified>,
    /// The identification that was begun last: only it counts.
    #[serde(default)]
    identifying: Option<ToolCallId>,
    /// Identifications that did not succeed.
    failed: u32,
    offers: VecDeque<Offer>,
    appointments: Vec<AppointmentFacts>,
    #[serde(default)]
    waitlist: Vec<WaitlistFacts>,
    held: Option<OfferId>,
    /// By their numbers, which increase.
    writes: BTreeMap<u32, Write>,
}

impl Ledger {
    /// Whether a patient is identified.
    #[must_use]
    pub const fn is_identified(&self) -> bool {
        self.patient.is_some()
    }

    /// The patient who is identified.
    #[must_use]
    pub const fn patient(&self) -> Option<&Identified> {
        self.patient.as_ref()
    }

    /// Identifications that did not succeed so far.
    #[must_use]
    pub const fn failed_identifications(&self) -> u32 {
        self.failed
    }

    /// An offer of this call.
    #[must_use]
    pub fn offer(&self, id: OfferId) -> Option<&Offer> {
        self.offers.iter().find(|known| known.id == id)
    }

    /// An appointment of the identified patient that was listed or made in this call.
    #[must_use]
    pub fn appointment(&self, id: AppointmentId) -> Option<&AppointmentFacts> {
        self.appointments.iter().find(|known| known.id == id)
    }

    /// The appointments of the identified patient, as they were listed, and those made since.
    #[must_use]
    pub fn appointments(&self) -> &[AppointmentFacts] {
        &self.appointments
    }

    /// The identified patient's places on the waiting list, as they were listed.
    #[must_use]
    pub fn waitlist(&self) -> &[WaitlistFacts] {
        &self.waitlist
    }

    /// One of these places.
    #[must_use]
    pub fn waiting(&self, id: WaitlistEntryId) -> Option<&WaitlistFacts> {
        self.waitlist.iter().find(|known| known.id == id)
    }

    /// The offer that is held for the caller.
    #[must_use]
    pub const fn held(&self) -> Option<OfferId> {
        self.held
    }

    /// The visit that a write is about.
    #[must_use]
    pub fn visit_of(&self, tool: &ToolCall) -> Option<&Offer> {
        match tool {
            ToolCall::Book { offer, .. } | ToolCall::Reschedule { offer, .. } => self.offer(*offer),
            ToolCall::Cancel { appointment, .. } => {
                self.appointment(*appointment).map(|known| &known.visit)
            }
            ToolCall::AcceptWaitlist { entry } => {
                self.waiting(*entry).and_then(|known| known.offered.as_ref())
            }
            _ => None,
        }
    }

    /// A write of this call.
    #[must_use]
    pub fn write(&self, number: WriteNumber) -> Option<&Write> {
        self.writes.get(&number.0)
    }

    /// How many writes there are.
    pub(super) fn writes(&self) -> u32 {
        u32::try_from(self.writes.len()).unwrap_or(u32::MAX)
    }

    /// The write that this call of a tool is another attempt of.
    pub(super) fn open_write(&self, tool: &ToolCall) -> Option<(WriteNumber, &Write)> {
        let open = |write: &&Write| !write.settled && write.tool == *tool;
        let mut latest = self.writes.iter().rev();
        latest.find(|(_, write)| open(write)).map(|(number, write)| (WriteNumber(*number), write))
    }

    /// The number of a write: its own if it was entered before and is not settled, else a new one.
    pub(super) fn enter(&mut self, tool: &ToolCall) -> WriteNumber {
        if let Some((number, _)) = self.open_write(tool) {
            return number;
        }
        let number = self.writes.last_key_value().map_or(0, |(last, _)| last + 1);
        let tool = tool.clone();
        self.writes.insert(number, Write { tool, confirmed: false, attempts: 0, settled: false });
        WriteNumber(number)
    }

    /// Notes the caller's yes to a write.
    pub(super) fn confirm(&mut self, tool: &ToolCall) {
        let number = self.enter(tool);
        if let Some(write) = self.writes.get_mut(&number.0) {
            write.confirmed = true;
        }
    }

    /// Counts an attempt of a write, and gives its number.
    pub(super) fn attempt(&mut self, tool: &ToolCall) -> WriteNumber {
        let number = self.enter(tool);
        if let Some(write) = self.writes.get_mut(&number.0) {
            write.attempts += 1;
        }
        number
    }

    /// Enters what came of a write. What is not known stays open, so that it can be tried again;
    /// so does a transfer, of which one is enough.
    fn settle(&mut self, number: WriteNumber, result: &ToolResult) {
        if let Some(write) = self.writes.get_mut(&number.0) {
            let transfer = matches!(write.tool, ToolCall::Transfer { .. });
            write.settled |= *result != ToolResult::Unavailable && !transfer;
        }
    }

    /// What the guard vouches for to a tool.
    pub(super) fn checked(&self, tool: &ToolCall, write: Option<WriteNumber>) -> Checked {
        let (offer, appointment) = match tool {
            ToolCall::Hold { offer } | ToolCall::Release { offer } => (Some(*offer), None),
            ToolCall::Book { offer, .. } => (Some(*offer), None),
            ToolCall::Reschedule { offer, appointment, .. } => (Some(*offer), Some(*appointment)),
            ToolCall::Cancel { appointment, .. } => (None, Some(*appointment)),
            _ => (None, None),
        };
        Checked {
            patient: self.patient.as_ref().map(|patient| patient.by),
            offer: offer.and_then(|id| self.offer(id)).cloned(),
            appointment: appointment.and_then(|id| self.appointment(id)).cloned(),
            write,
        }
    }

    /// The caller may be somebody else: nobody is identified, and what was found or offered for the
    /// patient is unknown again. No write that was confirmed is tried again.
    pub(super) fn forget_patient(&mut self) {
        let mut writes = std::mem::take(&mut self.writes);
        writes.values_mut().for_each(|write| write.settled = true);
        *self = Self { failed: self.failed, writes, ..Self::default() };
    }

    /// A tool begins. Until an identification succeeds nobody is identified.
    pub(super) fn begin(&mut self, call: ToolCallId, tool: &ToolCall) {
        match tool {
            ToolCall::IdentifyPatient(_) | ToolCall::RegisterPatient(_) => {
                self.identifying = Some(call);
                self.patient = None;
                self.appointments.clear();
                self.waitlist.clear();
            }
            ToolCall::Hold { offer } => self.held = Some(*offer),
            ToolCall::Release { offer } => self.held = self.held.filter(|held| held != offer),
            _ => {}
        }
    }

    /// Enters what came of a tool; `write` is its number, if it is a write.
    pub(super) fn observe(
        &mut self,
        call: ToolCallId,
        tool: &ToolCall,
        result: &ToolResult,
        write: Option<WriteNumber>,
    ) {
        if let Some(number) = write {
            self.settle(number, result);
        }
        match (tool, result) {
            (
                ToolCall::IdentifyPatient(identity) | ToolCall::RegisterPatient(identity),
                ToolResult::Identified | ToolResult::Registered,
            ) if self.identifying == Some(call) => {
                let name = identity.full_name.clone();
                self.patient = Some(Identified { by: call, name });
            }
            (_, ToolResult::NotIdentified) => self.failed += 1,
            (_, ToolResult::Slots { offers, .. }) => {
                self.offers.extend(offers.iter().cloned());
                while self.offers.len() > MAX_OFFERS {
                    self.offers.pop_front();
                }
            }
            (ToolCall::Hold { offer }, ToolResult::Refused { .. }) => {
                self.held = self.held.filter(|held| held != offer);
            }
            (_, ToolResult::Appointments { appointments }) if self.is_identified() => {
                let made = |id| self.appointment(id).is_some_and(|known| known.made_in_this_call);
                let listed = appointments.iter().cloned().map(|mut known| {
                    known.made_in_this_call |= made(known.id);
                    known
                });
                self.appointments = listed.collect();
            }
            (_, ToolResult::Waitlist { entries }) if self.is_identified() => {
                self.waitlist.clone_from(entries);
            }
            (ToolCall::LeaveWaitlist { entry }, ToolResult::WaitlistLeft) => {
                self.waitlist.retain(|known| known.id != *entry);
            }
            (_, ToolResult::Booked { appointment }) => {
                if let ToolCall::AcceptWaitlist { entry } = tool {
                    self.waitlist.retain(|known| known.id != *entry);
                }
                let mut appointment = appointment.clone();
                appointment.made_in_this_call = match tool {
                    ToolCall::Reschedule { appointment: old, .. } => {
                        self.appointment(*old).is_some_and(|known| known.made_in_this_call)
                    }
                    _ => true,
                };
                self.appointments.retain(|known| known.id != appointment.id);
                self.appointments.push(appointment);
                self.held = None;
            }
            (ToolCall::Cancel { appointment, .. }, ToolResult::Cancelled) => {
                self.appointments.retain(|known| known.id != *appointment);
            }
            _ => {}
        }
    }
}
