//! Every table of the database, and how rows of other clinics are kept out of it. A table that is
//! not listed here fails a test.

/// How a table is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Has `clinic_id` and forced row-level security on it.
    Tenant,
    /// A person, seen through the clinic's record of them; forced row-level security.
    Person,
    /// The same for all clinics, for the reason given.
    Global(&'static str),
    /// Of the jobs alone; the application's role sees nothing.
    Worker(&'static str),
}

/// The catalogue, by name.
pub const TABLES: &[(&str, Room)] = &[
    ("_sqlx_migrations", Room::Global("which migrations were applied; read at start")),
    ("appointment_moves", Room::Global("the legal moves of an appointment; a rule, not data")),
    ("appointments", Room::Tenant),
    ("audit_log", Room::Tenant),
    ("audit_seals", Room::Worker("the chain over the audit log; the sealer's")),
    ("availability_exceptions", Room::Tenant),
    ("booking_slots", Room::Tenant),
    ("call_snapshots", Room::Tenant),
    ("call_turns", Room::Tenant),
    ("callbacks", Room::Tenant),
    ("calls", Room::Tenant),
    ("clinic_phone_numbers", Room::Global("dialled number → clinic; written by its clinic only")),
    ("clinics", Room::Global("the directory; a row is written by its clinic only")),
    ("directory_doctors", Room::Global("doctors of all clinics, projected; no patient data")),
    ("doctor_slot_templates", Room::Tenant),
    ("doctor_specialties", Room::Tenant),
    ("doctors", Room::Tenant),
    ("documents", Room::Tenant),
    ("idempotency_keys", Room::Tenant),
    ("inbox", Room::Worker("ids of handled events")),
    ("memberships", Room::Global("read before there is a tenant; written by its clinic only")),
    ("outbox", Room::Tenant),
    ("patient_keys", Room::Person),
    ("patient_records", Room::Tenant),
    ("patients", Room::Person),
    ("specialties", Room::Global("reference data")),
    ("specialty_words", Room::Global("reference data: what people say for a specialty")),
    ("time_slots", Room::Tenant),
    ("users", Room::Global("logins, read before there is a tenant")),
    ("waitlist_entries", Room::Tenant),
];

/// A rule that always holds. `violations` is a query that returns the ids of what breaks it; run by
/// a role that sees all clinics (tests do).
#[derive(Debug, Clone, Copy)]
pub struct Invariant {
    /// Id, as in `docs/invariants.md`.
    pub id: &'static str,
    /// Returns one text column; no row means that the rule holds.
    pub violations: &'static str,
}

/// Those invariants of `docs/invariants.md` that can be read off the tables at any moment.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        id: "BOOK-1",
        violations: "SELECT slot_id::text FROM appointments \
            WHERE status NOT IN ('cancelled', 'no_show') \
            GROUP BY clinic_id, slot_id HAVING count(*) > 1",
    },
    Invariant {
        id: "BOOK-2",
        violations: "SELECT a.id::text FROM appointments a JOIN appointments b \
            ON a.clinic_id = b.clinic_id AND a.patient_id = b.patient_id AND a.id < b.id \
            AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at) \
            WHERE a.status NOT IN ('cancelled', 'no_show') \
            AND b.status NOT IN ('cancelled', 'no_show')",
    },
    Invariant {
        id: "BOOK-3",
        violations: "SELECT a.id::text FROM appointments a \
            LEFT JOIN booking_slots s ON s.clinic_id = a.clinic_id AND s.id = a.slot_id \
            WHERE (s.doctor_id, s.starts_at, s.ends_at) \
            IS DISTINCT FROM (a.doctor_id, a.starts_at, a.ends_at)",
    },
    Invariant {
        id: "BOOK-5",
        violations: "SELECT s.id::text FROM booking_slots s WHERE (s.status = 'booked') <> EXISTS ( \
            SELECT FROM appointments a WHERE a.clinic_id = s.clinic_id AND a.slot_id = s.id \
            AND a.status NOT IN ('cancelled', 'no_show'))",
    },
    Invariant {
        id: "SLOT-2",
        violations: "SELECT min(id::text) FROM booking_slots \
            GROUP BY clinic_id, doctor_id, starts_at HAVING count(*) > 1",
    },
    Invariant {
        id: "SLOT-3",
        violations: "SELECT a.id::text FROM booking_slots a JOIN booking_slots b \
            ON a.doctor_id = b.doctor_id AND a.id <> b.id \
            AND b.starts_at >= a.starts_at AND b.starts_at < a.blocked_until \
            WHERE a.status <> 'removed' AND b.status <> 'removed'",
    },
    Invariant {
        id: "HOLD-1",
        violations: "SELECT id::text FROM booking_slots WHERE (status = 'held') <> (hold_id IS NOT NULL)",
    },
    Invariant {
        id: "WAIT-1",
        violations: "SELECT offered_slot_id::text FROM waitlist_entries WHERE status = 'offered' \
            GROUP BY clinic_id, offered_slot_id HAVING count(*) > 1",
    },
    Invariant {
        id: "EVT-1",
        violations: "SELECT a.id::text FROM appointments a WHERE a.row_version <> ( \
            SELECT count(*) FROM outbox o WHERE o.aggregate_id = a.id)",
    },
    Invariant {
        id: "AUD-1",
        violations: "SELECT a.id::text FROM appointments a WHERE a.row_version <> ( \
            SELECT count(*) FROM audit_log l WHERE l.entity_id = a.id)",
    },
    Invariant {
        id: "IDEM-1",
        violations: "SELECT k.key FROM idempotency_keys k WHERE k.answer ? 'appointment' \
            AND NOT EXISTS (SELECT FROM appointments a WHERE a.clinic_id = k.clinic_id \
            AND a.id = (k.answer -> 'appointment' ->> 'id')::uuid)",
    },
];
