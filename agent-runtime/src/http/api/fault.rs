//! What the domain refuses, and what fails, as problems.

use axum::http::StatusCode;
use frontdesk_actors::booking::SlotError;
use frontdesk_tenants::schedule::Hanging;
use frontdesk_tenants::{Error, Refusal};

use crate::http::Problem;
use crate::http::auth::database;
use crate::http::problem::InTheWay;

const fn status(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::AppointmentUnknown
        | Refusal::PatientUnknown
        | Refusal::SlotUnknown
        | Refusal::UserUnknown => StatusCode::NOT_FOUND,
        Refusal::VersionMismatch => StatusCode::PRECONDITION_FAILED,
        Refusal::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CONFLICT,
    }
}

/// A refusal or a failure of the domain.
pub(super) fn fault(error: Error) -> Problem {
    match error {
        Error::Refused(refusal) => {
            let problem = Problem::new(status(refusal), refusal.to_string()).code(refusal.code());
            if refusal == Refusal::InProgress { problem.retry_after(1) } else { problem }
        }
        Error::Invalid(detail) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail),
        Error::Contended(_) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).retry_after(1)
        }
        // What stands behind a rule of the database is told in its own words where it is known.
        other => match other.constraint() {
            Some("doctors_license") => {
                taken("license_number", "the licence number is another doctor's")
            }
            Some("doctors_by_user") => taken("user", "the login is another doctor's"),
            Some("time_slots_clinic_id_name_key") => taken("name", "there is a shift of that name"),
            Some("clinics_slug_key") => taken("slug", "the slug is another clinic's"),
            Some("clinic_phone_numbers_published") => {
                taken("phone", "the number is another clinic's")
            }
            Some("patients_once") => taken("phone", "that person is registered already"),
            Some("doctor_specialties_specialty_fkey" | "waitlist_entries_specialty_fkey") => {
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "there is no such specialty")
                    .code("specialty_unknown")
            }
            Some(_) => {
                tracing::error!(error = %other, "a rule of the database refused a request");
                let detail = "the request breaks a rule of the clinic's data; nothing was changed";
                Problem::new(StatusCode::CONFLICT, detail)
            }
            None if other.is_bad_value() => {
                let detail = "a value is outside of what can be kept; nothing was changed";
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            None => database(other),
        },
    }
}

fn taken(field: &str, detail: &str) -> Problem {
    let bad = crate::http::problem::BadField { field: field.to_owned(), detail: detail.to_owned() };
    Problem::new(StatusCode::CONFLICT, detail).code("taken").errors(vec![bad])
}

/// What a slot's actor answers.
pub(super) fn slot_fault(error: SlotError) -> Problem {
    match error {
        SlotError::Domain(error) => fault(error),
        SlotError::Busy => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).retry_after(1)
        }
        SlotError::Lost => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).code("outcome_unknown")
        }
    }
}

/// What hangs on something that was to go.
pub(super) fn hangs(hanging: &[Hanging]) -> Problem {
    let what = hanging.iter().map(|hanging| match *hanging {
        Hanging::Appointment(id) => InTheWay { kind: "appointment", id: id.uuid() },
        Hanging::Waitlist(id) => InTheWay { kind: "waitlist", id: id.uuid() },
        Hanging::Hold(id) => InTheWay { kind: "hold", id: id.uuid() },
        Hanging::Doctor(id) => InTheWay { kind: "doctor", id: id.uuid() },
        Hanging::Membership(id) => InTheWay { kind: "membership", id: id.uuid() },
    });
    let detail = "something still hangs on it; see `in_the_way`";
    Problem::new(StatusCode::CONFLICT, detail).code("in_the_way").in_the_way(what.collect())
}
