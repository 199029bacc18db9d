//! Which tool calls may run.

use frontdesk_types::{AppointmentId, OfferId};

use super::{Guarded, Mode, Policy, Refusal, ToolCall};
use crate::dialogue::toolbox::{Confirm, Effect};
use crate::dialogue::tools::TOO_MANY_TRIES;

/// Tool calls without a word of the caller in between, at most.
const MAX_CALLS_IN_TURN: u32 = 12;
/// Attempts of one write at most.
const MAX_ATTEMPTS: u32 = 4;

/// What becomes of a tool call.
pub(super) enum Verdict {
    /// It runs now.
    Run,
    /// It runs after a read-back and a yes.
    ReadBack,
    /// It runs once there is a number to call back.
    AskNumber,
    /// It does not run.
    Refuse(Refusal),
}

fn other(code: &str) -> Refusal {
    Refusal::Other(code.to_owned())
}

impl<D: Policy> Guarded<D> {
    pub(super) fn check(&self, tool: &ToolCall) -> Verdict {
        let Some(effect) = self.spec(tool).map(|spec| spec.effect) else {
            return Verdict::Refuse(other("unknown_tool"));
        };
        if let Err(refusal) = self.permitted(tool, effect) {
            return Verdict::Refuse(refusal);
        }
        match effect {
            Effect::Write(Confirm::ReadBackReachable) if !self.is_reachable() => Verdict::AskNumber,
            Effect::Write(Confirm::ReadBack | Confirm::ReadBackReachable)
                if !self.is_confirmed(tool) =>
            {
                match self.read_back_of(tool) {
                    Some(_) => Verdict::ReadBack,
                    // What the caller cannot be told, they cannot say yes to.
                    None => Verdict::Refuse(other("no_read_back")),
                }
            }
            Effect::Write(Confirm::Reachable) if !self.is_reachable() => Verdict::AskNumber,
            _ => Verdict::Run,
        }
    }

    fn permitted(&self, tool: &ToolCall, effect: Effect) -> Result<(), Refusal> {
        let transfer = matches!(tool, ToolCall::Transfer { .. });
        if self.state.is_ending() {
            return Err(other("call_is_ending"));
        }
        if !transfer && self.state.calls_in_turn >= MAX_CALLS_IN_TURN {
            return Err(other("too_many_calls"));
        }
        // One write at a time: its answer may change what the next one means.
        if effect.is_numbered() && self.state.mode != Mode::Policy {
            return Err(other("another_write_waits"));
        }
        if self.spec(tool).is_some_and(|spec| spec.needs.patient) {
            self.identified()?;
        }
        match tool {
            ToolCall::IdentifyPatient(_) | ToolCall::RegisterPatient(_)
                if self.state.ledger.failed_identifications()
                    >= self.settings.max_identifications =>
            {
                return Err(other(TOO_MANY_TRIES));
            }
            ToolCall::Hold { offer } | ToolCall::Release { offer } | ToolCall::Book { offer } => {
                self.known_offer(*offer)?;
            }
            ToolCall::Reschedule { appointment, offer } => {
                self.known_appointment(*appointment)?;
                self.known_offer(*offer)?;
            }
            ToolCall::Cancel { appointment } => self.known_appointment(*appointment)?,
            ToolCall::LeaveWaitlist { entry } | ToolCall::AcceptWaitlist { entry } => {
                self.state.ledger.waiting(*entry).ok_or(Refusal::UnknownReference)?;
            }
            _ => {}
        }
        if !effect.is_numbered() {
            return Ok(());
        }
        match self.state.ledger.open_write(tool) {
            Some((_, write)) if write.attempts >= MAX_ATTEMPTS => Err(other("too_many_attempts")),
            None if !transfer && self.state.ledger.writes() >= self.settings.max_writes => {
                Err(other("too_many_writes"))
            }
            _ => Ok(()),
        }
    }

    fn identified(&self) -> Result<(), Refusal> {
        if self.state.ledger.is_identified() { Ok(()) } else { Err(Refusal::NotIdentified) }
    }

    fn known_offer(&self, offer: OfferId) -> Result<(), Refusal> {
        self.state.ledger.offer(offer).map(|_| ()).ok_or(Refusal::UnknownReference)
    }

    fn known_appointment(&self, appointment: AppointmentId) -> Result<(), Refusal> {
        let known = self.state.ledger.appointment(appointment);
        known.map(|_| ()).ok_or(Refusal::UnknownReference)
    }

    /// Whether the write has been read back and confirmed, and is only tried again.
    fn is_confirmed(&self, tool: &ToolCall) -> bool {
        self.state.ledger.open_write(tool).is_some_and(|(_, write)| write.confirmed)
    }
}
