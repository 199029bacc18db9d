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
        second: None,
        visit,
        reference: appointment.reference.to_string(),
        made_in_this_call: false,
    }
}

/// Both halves of a double visit, as one.
fn both(cx: &ToolCx, first: &Appointment, second: &Appointment) -> AppointmentFacts {
    let mut known = facts(cx, first);
    known.second = Some(second.id);
    known.visit.second = Some(second.slot);
    known.visit.ends_at = second.ends_at;
    let references = [known.reference, second.reference.to_string()];
    known.reference = cx.clinic().language().and(&references);
    known
}

/// Appointments in the order of time, the halves of double visits as one.
pub(super) fn as_visits(cx: &ToolCx, mut all: Vec<Appointment>) -> Vec<AppointmentFacts> {
    all.sort_by_key(|appointment| appointment.starts_at);
    let mut visits = Vec::new();
    while !all.is_empty() {
        let first = all.remove(0);
        let second = all.iter().position(|other| first.is_followed_by(other));
        visits.push(match second.map(|at| all.remove(at)) {
            Some(second) => both(cx, &first, &second),
            None => facts(cx, &first),
        });
    }
    visits
}

/// A double visit as it was booked or moved; the holds on its slots are used up.
pub(super) fn booked_double(cx: &ToolCx, first: &Booked, second: &Appointment) -> ToolResult {
    cx.tokens.take_hold(first.appointment.slot);
    cx.tokens.take_hold(second.slot);
    ToolResult::Booked { appointment: both(cx, &first.appointment, second) }
}

/// The appointment as it was booked or moved; the hold on its slot is used up.
pub(super) fn booked(cx: &ToolCx, booked: &Booked) -> ToolResult {
    cx.tokens.take_hold(booked.appointment.slot);
    ToolResult::Booked { appointment: facts(cx, &booked.appointment) }
}
