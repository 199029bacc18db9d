//! Which tool calls may run.

use frontdesk_types::{AppointmentId, OfferId};

use super::{Dialogue, Guarded, Mode, Refusal, ToolCall};

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

impl<D: Dialogue> Guarded<D> {
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
                if self.state.failed_identifications >= self.settings.max_identifications =>
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
        let highest = self.state.writes.last_key_value().map(|(highest, _)| *highest);
        match self.state.writes.get(&number.0) {
            Some(write) if write.tool != *tool => other("write_number_reused"),
            Some(write) if write.attempts >= MAX_ATTEMPTS => other("too_many_attempts"),
            Some(_) => Ok(()),
            None if highest.is_some_and(|highest| number.0 < highest) => {
                other("write_number_decreases")
            }
            None if !transfer && self.writes() >= self.settings.max_writes => {
                other("too_many_writes")
            }
            None => Ok(()),
        }
    }

    fn writes(&self) -> u32 {
        u32::try_from(self.state.writes.len()).unwrap_or(u32::MAX)
    }

    const fn identified(&self) -> Result<(), Refusal> {
        if self.state.identified { Ok(()) } else { Err(Refusal::NotIdentified) }
    }

    fn known_offer(&self, offer: OfferId) -> Result<(), Refusal> {
        let known = self.state.offers.iter().any(|known| known.id == offer);
        if known { Ok(()) } else { Err(Refusal::UnknownReference) }
    }

    fn known_appointment(&self, appointment: AppointmentId) -> Result<(), Refusal> {
        let known = self.state.appointments.iter().any(|known| known.id == appointment);
        if known { Ok(()) } else { Err(Refusal::UnknownReference) }
    }

    /// Whether the write has not yet been read back and confirmed.
    fn needs_yes(&self, tool: &ToolCall) -> bool {
        let write = tool.write_number().and_then(|number| self.state.writes.get(&number.0));
        let confirmed = write.is_some_and(|write| write.confirmed);
        let write = tool.write_number().is_some() && !matches!(tool, ToolCall::Transfer { .. });
        write && !confirmed
    }
}
