//! What is said of an appointment.

use frontdesk_pipelines::dialogue::tools::{AppointmentFacts, ToolResult};
use frontdesk_tenants::booking::{Appointment, Booked};
use frontdesk_types::{Offer, OfferId};

use super::ToolCx;

/// What is said of an appointment. Whether it was made in this call, the guard knows.
pub(super) fn facts(cx: &ToolCx, appointment: &Appointment) -> AppointmentFacts {
    let clinic = cx.clinic();
    let doctor = clinic.doctors.iter().find(|doctor| doctor.id == appointment.doctor);
    let visit = Offer {
        id: OfferId::new(cx.ids.as_ref()),
        second: None,
        slot: appointment.slot,
        doctor: appointment.doctor,
        doctor_name: doctor.map(|d| d.name.clone()).unwrap_or_default(),
        specialty: doctor.and_then(|d| d.specialties.first().cloned()).unwrap_or_default(),
        starts_at: appointment.starts_at,
        ends_at: appointment.ends_at,
        time_zone: clinic.time_zone.clone(),
    };
    AppointmentFacts {
        id: appointment.id,
        visit,
        reference: appointment.reference.to_string(),
        made_in_this_call: false,
    }
}

/// Both halves of a double visit, as one; the holds on their slots are used up.
pub(super) fn booked_double(cx: &ToolCx, first: &Booked, second: &Appointment) -> ToolResult {
    cx.tokens.take_hold(first.appointment.slot);
    cx.tokens.take_hold(second.slot);
    let mut appointment = facts(cx, &first.appointment);
    appointment.visit.second = Some(second.slot);
    appointment.visit.ends_at = second.ends_at;
    let references = [appointment.reference, second.reference.to_string()];
    appointment.reference = cx.clinic().language().and(&references);
    ToolResult::Booked { appointment }
}

/// The appointment as it was booked or moved; the hold on its slot is used up.
pub(super) fn booked(cx: &ToolCx, booked: &Booked) -> ToolResult {
    cx.tokens.take_hold(booked.appointment.slot);
    ToolResult::Booked { appointment: facts(cx, &booked.appointment) }
}
