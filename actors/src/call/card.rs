//! What a caller who can see it is shown of an appointment, once for each write that changed one.
//!
//! It is posted beside the result that the dialogue tells of, and holds no more than what it says.

use frontdesk_line::{AppointmentChange, Shown};
use frontdesk_pipelines::dialogue::tools::{AppointmentFacts, ToolCall, ToolResult};

use super::Call;
use super::link::LinkInput;

/// What the write would do, if it is one that changes an appointment; and the appointment as it was.
pub(super) struct Card(AppointmentChange, Option<AppointmentFacts>);

impl Card {
    pub(super) fn of(tool: &ToolCall, before: Option<&AppointmentFacts>) -> Option<Self> {
        match tool {
            ToolCall::Book { .. } | ToolCall::AcceptWaitlist { .. } => {
                Some(Self(AppointmentChange::Booked, None))
            }
            ToolCall::Reschedule { .. } => Some(Self(AppointmentChange::Moved, None)),
            ToolCall::Cancel { .. } => Some(Self(AppointmentChange::Cancelled, before.cloned())),
            _ => None,
        }
    }

    /// Has it shown, if the write was done.
    pub(super) fn show(self, call: &Call, result: &ToolResult) {
        let Self(change, before) = self;
        let appointment = match result {
            ToolResult::Booked { appointment } => Some(appointment.clone()),
            ToolResult::Cancelled => before,
            _ => None,
        };
        if let Some(AppointmentFacts { visit, reference, .. }) = appointment {
            let shown = Shown::Appointment { change, visit: Box::new(visit), reference };
            call.mails.link.post(LinkInput::Show(shown));
        }
    }
}
