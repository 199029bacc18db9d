//! What each of the nine roles may do: one table, asked by every way in. `docs/api.md` repeats it, and a
//! test compares the two.

use frontdesk_types::named_enum;

use crate::staff::Role;

named_enum! {
    /// Something that somebody may be allowed to do.
    pub enum Permission: "permission" {
        /// See the clinic as the directory has it, with its settings.
        ClinicRead = "clinic:read",
        /// Change the clinic, or deactivate it.
        ClinicWrite = "clinic:write",
        /// Add a clinic.
        ClinicCreate = "clinic:create",
        /// See the clinic's doctors.
        DoctorRead = "doctor:read",
        /// Add, change and deactivate doctors.
        DoctorWrite = "doctor:write",
        /// See shifts, templates, absences and slots.
        ScheduleRead = "schedule:read",
        /// Change shifts, templates, absences and slots.
        ScheduleWrite = "schedule:write",
        /// Ask for free slots.
        AvailabilityRead = "availability:read",
        /// See who the clinic's patients are.
        PatientRead = "patient:read",
        /// Register patients and change who they are.
        PatientWrite = "patient:write",
        /// Read a patient's allergies, history, insurance and notes.
        RecordRead = "record:read",
        /// Write them.
        RecordWrite = "record:write",
        /// See appointments.
        AppointmentRead = "appointment:read",
        /// Book, move and cancel appointments; check patients in and out.
        AppointmentWrite = "appointment:write",
        /// Go past the clinic's rules of booking, with a reason.
        AppointmentOverride = "appointment:override",
        /// See who waits for an appointment.
        WaitlistRead = "waitlist:read",
        /// Put patients on the waitlist and take them off.
        WaitlistWrite = "waitlist:write",
        /// See which calls there were.
        CallRead = "call:read",
        /// Read what was said in them.
        TranscriptRead = "transcript:read",
        /// See callbacks and messages.
        CallbackRead = "callback:read",
        /// Take callbacks and messages, and finish them.
        CallbackWrite = "callback:write",
        /// See who works at the clinic.
        StaffRead = "staff:read",
        /// Invite staff and end memberships; make and revoke keys of systems.
        StaffWrite = "staff:write",
    }
}

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// What is one's own: a doctor's schedule and appointments.
    Own,
    /// Everything of the clinic.
    All,
}

const A: Option<Scope> = Some(Scope::All);
const O: Option<Scope> = Some(Scope::Own);
const N: Option<Scope> = None;

/// Columns: super admin, clinic admin, supervisor, doctor, nurse, pharmacist, laboratory, reception,
/// patient.
#[rustfmt::skip]
const TABLE: [(Permission, [Option<Scope>; 9]); 23] = [
    (Permission::ClinicRead,          [A, A, A, A, A, A, A, A, A]),
    (Permission::ClinicWrite,         [A, A, N, N, N, N, N, N, N]),
    (Permission::ClinicCreate,        [A, N, N, N, N, N, N, N, N]),
    (Permission::DoctorRead,          [A, A, A, A, A, A, A, A, A]),
    (Permission::DoctorWrite,         [N, A, N, N, N, N, N, N, N]),
    (Permission::ScheduleRead,        [N, A, A, O, A, N, N, A, N]),
    (Permission::ScheduleWrite,       [N, A, N, O, N, N, N, A, N]),
    (Permission::AvailabilityRead,    [N, A, A, A, A, N, N, A, A]),
    (Permission::PatientRead,         [N, A, A, A, A, A, A, A, N]),
    (Permission::PatientWrite,        [N, A, N, N, A, N, N, A, N]),
    (Permission::RecordRead,          [N, N, N, A, A, A, N, N, N]),
    (Permission::RecordWrite,         [N, N, N, A, A, N, N, N, N]),
    (Permission::AppointmentRead,     [N, A, A, O, A, N, N, A, N]),
    (Permission::AppointmentWrite,    [N, A, A, O, A, N, N, A, N]),
    (Permission::AppointmentOverride, [N, A, A, N, N, N, N, N, N]),
    (Permission::WaitlistRead,        [N, A, A, N, A, N, N, A, N]),
    (Permission::WaitlistWrite,       [N, A, A, N, A, N, N, A, N]),
    (Permission::CallRead,            [N, A, A, N, N, N, N, N, N]),
    (Permission::TranscriptRead,      [N, A, A, N, N, N, N, N, N]),
    (Permission::CallbackRead,        [N, A, A, A, A, A, N, A, N]),
    (Permission::CallbackWrite,       [N, A, A, A, A, A, N, A, N]),
    (Permission::StaffRead,           [N, A, A, N, N, N, N, N, N]),
    (Permission::StaffWrite,          [N, A, N, N, N, N, N, N, N]),
];

const fn column(role: Role) -> usize {
    match role {
        Role::ClinicAdmin => 1,
        Role::Supervisor => 2,
        Role::Doctor => 3,
        Role::Nurse => 4,
        Role::Pharmacist => 5,
        Role::LabStaff => 6,
        Role::Receptionist => 7,
        Role::Patient => 8,
    }
}

/// How far somebody's permission reaches who has these roles in a clinic; `None` if they have not got
/// it. Who operates the installation (`super_admin`) has it in every clinic.
#[must_use]
pub fn scope(super_admin: bool, roles: &[Role], permission: Permission) -> Option<Scope> {
    let (_, cells) = TABLE.iter().find(|(row, _)| *row == permission)?;
    let by_role = roles.iter().filter_map(|role| cells[column(*role)]).max();
    by_role.max(if super_admin { cells[0] } else { None })
}

/// The table as Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "| | super admin | clinic admin | supervisor | doctor | nurse | pharmacist | laboratory | \
         reception | patient |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (permission, cells) in TABLE {
        text.push_str("| `");
        text.push_str(permission.as_str());
        text.push('`');
        for cell in cells {
            text.push_str(match cell {
                Some(Scope::All) => " | all",
                Some(Scope::Own) => " | own",
                None => " | ",
            });
        }
        text.push_str(" |\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_one_row_in_the_order_of_its_declaration() {
        let rows: Vec<_> = TABLE.iter().map(|(permission, _)| *permission).collect();
        assert_eq!(rows, Permission::ALL);
    }

    #[test]
    fn of_several_roles_the_one_that_reaches_furthest_counts() {
        let reads = |roles: &[Role]| scope(false, roles, Permission::AppointmentRead);
        assert_eq!(reads(&[Role::Doctor]), Some(Scope::Own));
        assert_eq!(reads(&[Role::Doctor, Role::Supervisor]), Some(Scope::All));
        assert_eq!(reads(&[Role::LabStaff]), None);
        assert_eq!(reads(&[]), None);
        let creates =
            |super_admin| scope(super_admin, &[Role::ClinicAdmin], Permission::ClinicCreate);
        assert_eq!((creates(true), creates(false)), (Some(Scope::All), None));
    }
}
