//! The identified patient's appointments that lie ahead.

use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCall, ToolResult};
use frontdesk_tenants::booking::{self, Appointment, Status};

use super::visits::as_visits;
use super::{BuiltIn, Ran, ToolCx, refused};

pub(super) struct ListAppointments;

impl BuiltIn for ListAppointments {
    fn name(&self) -> &'static str {
        "list_appointments"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, _call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let Some(patient) = cx.proof() else {
                return Ok(refused(Refusal::NotIdentified));
            };
            let mut tx = cx.tx().await?;
            let all = booking::appointments_of(&mut tx, &patient).await?;
            tx.commit().await?;
            let now = cx.now();
            let live = |a: &Appointment| matches!(a.status, Status::Scheduled | Status::Confirmed);
            let ahead = all.into_iter().filter(|a| live(a) && a.starts_at > now);
            Ok(ToolResult::Appointments { appointments: as_visits(cx, ahead.collect()) })
        })
    }
}
