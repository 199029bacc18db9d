//! Which tool calls may run.

use frontdesk_types::{AppointmentId, OfferId};

use super::{Guarded, Mode, Policy, Refusal, ToolCall};

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

impl<D: Policy> Guarded<D> {
    pub(super) fn check(&self, tool: &ToolCall) -> Verdict {
        match self.permitted(tool) {
            Err(refusal) => Verdict::Refuse(refusal),
            Ok(()) if self.needs_yes(tool) => Verdict::ReadBack,
            Ok(()) if matches!(tool, ToolCall::Transfer { .. }) && !self.is_reachable() => {
                Verdict::AskNumber
            }
            Ok(()) => Verdict::Run,
        }
    }

    fn permitted(&self, tool: &ToolCall) -> Result<(), Refusal> {
        let other = |code: &str| Err(Refusal::Other(code.to_owned()));
        let transfer = matches!(tool, ToolCall::Transfer { .. });
        if self.state.is_ending() {
            return other("call_is_ending");
        }
        if !transfer && self.state.calls_in_turn >= MAX_CALLS_IN_TURN {
            return other("too_many_calls");
        }
        // One write at a time: its answer may change what the next one means.
        if tool.write_number().is_some() && self.state.mode != Mode::Policy {
            return other("another_write_waits");
        }
        match tool {
            ToolCall::IdentifyPatient(_) | ToolCall::RegisterPatient { .. }
                if self.state.ledger.failed_identifications()
                    >= self.settings.max_identifications =>
            {
                return other("too_many_tries");
            }
            ToolCall::Hold { offer } | ToolCall::Release { offer } => self.known_offer(*offer)?,
            ToolCall::ListAppointments => self.identified()?,
            ToolCall::Book { offer, .. } => {
                self.identified()?;
                self.known_offer(*offer)?;
            }
            ToolCall::Reschedule { appointment, offer, .. } => {
                self.identified()?;
                self.known_appointment(*appointment)?;
                self.known_offer(*offer)?;
            }
            ToolCall::Cancel { appointment, .. } => {
                self.identified()?;
                self.known_appointment(*appointment)?;
            }
            _ => {}
        }
        let Some(number) = tool.write_number() else { return Ok(()) };
        let (highest, count) = self.state.ledger.writes();
        match self.state.ledger.write(number) {
            Some(write) if write.tool != *tool => other("write_number_reused"),
            Some(write) if write.attempts >= MAX_ATTEMPTS => other("too_many_attempts"),
            Some(_) => Ok(()),
            None if highest.is_some_and(|highest| number < highest) => {
                other("write_number_decreases")
            }
            None if !transfer && count >= self.settings.max_writes => other("too_many_writes"),
            None => Ok(()),
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

    /// Whether the write has not yet been read back and confirmed.
    fn needs_yes(&self, tool: &ToolCall) -> bool {
        let Some(number) = tool.write_number() else { return false };
        let confirmed = self.state.ledger.write(number).is_some_and(|write| write.confirmed);
        !confirmed && !matches!(tool, ToolCall::Transfer { .. })
    }
}
