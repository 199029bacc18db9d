//! Every table of the database, and how rows of other clinics are kept out of it. A table that is
//! not listed here fails a test.

/// How a table is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Has `clinic_id` and forced row-level security on it.
    Tenant,
    /// A person, seen through the clinic's record of them; forced row-level security.
    Person,
    /// Of a member of the staff, who is nobody's tenant; forced row-level security, by the user, and
    /// what goes past it is a function of the owner.
    Login(&'static str),
    /// The same for all clinics, for the reason given.
    Global(&'static str),
    /// Of the jobs alone; the application's role sees nothing.
    Worker(&'static str),
}

/// The catalogue, by name.
pub const TABLES: &[(&str, Room)] = &[
    ("_sqlx_migrations", Room::Global("which migrations were applied; read at start")),
    ("api_keys", Room::Tenant),
    ("appointment_moves", Room::Global("the legal moves of an appointment; a rule, not data")),
    ("appointments", Room::Tenant),
    ("audit_log", Room::Tenant),
    ("audit_sealer", Room::Worker("how far the audit log is sealed; the sealer's")),
    ("audit_seals", Room::Worker("the chain over the audit log; the sealer's")),
    ("availability_exceptions", Room::Tenant),
    ("booking_slots", Room::Tenant),
    ("call_decisions", Room::Tenant),
    ("call_snapshots", Room::Tenant),
    ("call_turns", Room::Tenant),
    ("callbacks", Room::Tenant),
    ("calls", Room::Tenant),
    ("clinic_holidays", Room::Tenant),
    ("clinic_phone_numbers", Room::Global("dialled number → clinic; written by the owner only")),
    ("clinics", Room::Global("the directory; a row is written by its clinic only")),
    ("credentials", Room::Login("read and written by functions alone")),
    ("directory_doctors", Room::Global("doctors of all clinics, projected; no patient data")),
    ("doctor_slot_templates", Room::Tenant),
    ("doctor_specialties", Room::Tenant),
    ("doctors", Room::Tenant),
    ("documents", Room::Tenant),
    ("erasure_requests", Room::Tenant),
    ("failed_identifications", Room::Tenant),
    ("idempotency_keys", Room::Tenant),
    ("inbox", Room::Worker("ids of handled events")),
    ("invitations", Room::Login("seen by the clinic and by whom it invites")),
    ("jobs", Room::Global("when each job runs and how it ended; nothing of a clinic")),
    ("memberships", Room::Login("seen by its clinic and its user; begun by a function")),
    ("notifications", Room::Tenant),
    ("outbox", Room::Tenant),
    ("patient_keys", Room::Person),
    ("patient_records", Room::Tenant),
    ("patients", Room::Person),
    ("refresh_tokens", Room::Login("read and written by functions alone")),
    ("ring_keys", Room::Global("which keys seal something; each proves itself, nobody's data")),
    ("sign_ins", Room::Login("seen by their user; written by functions")),
    ("slot_generation", Room::Global("how far slots are generated; written by its clinic only")),
    ("specialties", Room::Global("reference data")),
    ("specialty_words", Room::Global("reference data: what people say for a specialty")),
    ("time_slots", Room::Tenant),
    ("users", Room::Login("seen by itself and its clinics; found at sign-in by a function")),
    ("waitlist_entries", Room::Tenant),
    ("workers", Room::Global("which runtimes live; nothing of a clinic")),
    ("write_probe", Room::Global("written to find out whether something can be")),
    ("zone_offsets", Room::Global("the program's rules of time zones")),
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
        id: "BOOK-4",
        violations: "SELECT e.aggregate_id::text FROM (SELECT aggregate_id, event_type AS it, \
            lag(event_type) OVER (PARTITION BY aggregate_id ORDER BY position) AS before \
            FROM outbox WHERE aggregate_type = 'appointment') e \
            WHERE (e.it = 'appointment.created') <> (e.before IS NULL) \
            OR e.before IN ('appointment.cancelled', 'appointment.no_show', \
            'appointment.completed') OR (e.it = 'appointment.completed') <> \
            (e.before = 'appointment.checked_in' AND e.it <> 'appointment.cancelled')",
    },
    Invariant {
        id: "BOOK-5",
        violations: "SELECT s.id::text FROM booking_slots s WHERE (s.status = 'booked') <> EXISTS ( \
            SELECT FROM appointments a WHERE a.clinic_id = s.clinic_id AND a.slot_id = s.id \
            AND a.status NOT IN ('cancelled', 'no_show'))",
    },
    Invariant {
        id: "BOOK-6",
        violations: "SELECT min(reference) FROM appointments GROUP BY clinic_id, reference \
            HAVING count(*) > 1",
    },
    Invariant {
        id: "SLOT-2",
        violations: "SELECT min(id::text) FROM booking_slots \
            GROUP BY clinic_id, doctor_id, starts_at HAVING count(*) > 1",
    },
    Invariant {
        id: "SLOT-3",
        violations: "SELECT a.id::text FROM booking_slots a JOIN booking_slots b \
            ON a.clinic_id = b.clinic_id AND a.doctor_id = b.doctor_id AND a.id <> b.id \
            AND b.starts_at >= a.starts_at AND b.starts_at < a.blocked_until \
            WHERE a.status <> 'removed' AND b.status <> 'removed'",
    },
    Invariant {
        id: "SLOT-5",
        violations: "SELECT o.aggregate_id::text FROM outbox o \
            WHERE o.payload ? 'rebook' AND NOT o.payload ? 'alternatives'",
    },
    Invariant {
        id: "HOLD-1",
        violations: "SELECT id::text FROM booking_slots WHERE (status = 'held') <> (hold_id IS NOT NULL)",
    },
    Invariant {
        id: "HOLD-3",
        violations: "SELECT id::text FROM booking_slots WHERE hold_owner NOT LIKE 'waitlist:%' \
            AND held_until > held_since + interval '10 minutes'",
    },
    Invariant {
        id: "WAIT-1",
        violations: "SELECT offered_slot_id::text FROM waitlist_entries WHERE status = 'offered' \
            GROUP BY clinic_id, offered_slot_id HAVING count(*) > 1",
    },
    Invariant {
        id: "EVT-1",
        violations: "SELECT a.id::text FROM appointments a LEFT JOIN \
            (SELECT aggregate_id, count(*) AS events FROM outbox GROUP BY aggregate_id) o \
            ON o.aggregate_id = a.id WHERE a.row_version IS DISTINCT FROM o.events",
    },
    Invariant {
        id: "EVT-2",
        violations: "SELECT DISTINCT o.event_type || '.' || k FROM outbox o, \
            jsonb_object_keys(o.payload) k WHERE k NOT IN ('alternatives', 'appointment', 'call', \
            'callback', 'channel', 'doctor', 'from', 'from_slot', 'hold', 'merged', \
            'merged_into', 'outcome', 'patient', 'reason', 'rebook', 'slot', 'starts_at', \
            'status', 'subject', 'until')",
    },
    Invariant {
        id: "AUD-1",
        violations: "SELECT a.id::text FROM appointments a LEFT JOIN \
            (SELECT entity_id, count(*) AS rows FROM audit_log GROUP BY entity_id) l \
            ON l.entity_id = a.id WHERE a.row_version IS DISTINCT FROM l.rows",
    },
    Invariant {
        id: "TEN-4",
        violations: "SELECT patient_id::text FROM patient_records \
            WHERE origin_clinic_id <> clinic_id",
    },
    Invariant {
        id: "TEN-5",
        violations: "SELECT d.id::text FROM doctors d WHERE NOT d.active AND (EXISTS \
            (SELECT FROM appointments a WHERE a.clinic_id = d.clinic_id AND a.doctor_id = d.id \
            AND a.status IN ('scheduled', 'confirmed', 'checked_in')) OR EXISTS \
            (SELECT FROM waitlist_entries w WHERE w.clinic_id = d.clinic_id \
            AND w.doctor_id = d.id AND w.status IN ('waiting', 'offered')) OR EXISTS \
            (SELECT FROM doctor_slot_templates t WHERE t.clinic_id = d.clinic_id \
            AND t.doctor_id = d.id AND t.active)) UNION ALL \
            SELECT c.id::text FROM clinics c WHERE NOT c.active AND (EXISTS \
            (SELECT FROM doctors d WHERE d.clinic_id = c.id AND d.active) OR EXISTS \
            (SELECT FROM waitlist_entries w WHERE w.clinic_id = c.id \
            AND w.status IN ('waiting', 'offered'))) UNION ALL \
            SELECT m.user_id::text FROM memberships m JOIN users u ON u.id = m.user_id \
            WHERE m.active AND NOT u.active",
    },
    Invariant {
        id: "PAT-1",
        violations: "SELECT id::text FROM patients WHERE (identity = 'registered') <> \
            (name_key IS NOT NULL AND date_of_birth IS NOT NULL)",
    },
    Invariant {
        id: "PAT-2",
        violations: "SELECT r.patient_id::text FROM patient_records r \
            WHERE r.merged_into IS NOT NULL AND (EXISTS (SELECT FROM appointments a \
            WHERE a.clinic_id = r.clinic_id AND a.patient_id = r.patient_id) OR EXISTS \
            (SELECT FROM waitlist_entries w WHERE w.clinic_id = r.clinic_id \
            AND w.patient_id = r.patient_id) OR EXISTS (SELECT FROM calls c \
            WHERE c.clinic_id = r.clinic_id AND c.patient_id = r.patient_id))",
    },
    Invariant {
        id: "PHI-1",
        violations: "SELECT patient_id::text FROM patient_records WHERE NOT (is_sealed(allergies) \
            AND is_sealed(medical_history) AND is_sealed(insurance) AND is_sealed(notes)) \
            UNION ALL SELECT id::text FROM patients \
            WHERE NOT (is_sealed(national_id) AND is_sealed(passport))",
    },
    Invariant {
        id: "IDEM-1",
        violations: "SELECT k.key FROM idempotency_keys k WHERE k.answer ? 'appointment' \
            AND NOT EXISTS (SELECT FROM appointments a WHERE a.clinic_id = k.clinic_id \
            AND a.id = (k.answer -> 'appointment' ->> 'id')::uuid)",
    },
];

/// What holds once no call goes on and every job has run since: until then each of these may be broken
/// for a while. The times by which they settle are those of `docs/invariants.md`.
pub const SETTLED: &[Invariant] = &[
    Invariant {
        id: "CALL-1",
        violations: "SELECT id::text FROM calls WHERE ended_at IS NULL ORDER BY started_at",
    },
    Invariant {
        id: "CALL-2",
        violations: "SELECT c.id::text FROM calls c WHERE c.outcome = 'abandoned' \
            AND c.metrics ->> 'error' IS NOT NULL AND c.patient_id IS NOT NULL AND NOT c.simulated \
            AND NOT EXISTS (SELECT FROM callbacks b \
            WHERE b.clinic_id = c.clinic_id AND b.call_id = c.id)",
    },
    Invariant {
        id: "CALL-3",
        violations: "SELECT s.call_id::text FROM call_snapshots s JOIN calls c \
            ON c.clinic_id = s.clinic_id AND c.id = s.call_id WHERE c.ended_at IS NOT NULL",
    },
    Invariant {
        id: "HOLD-4",
        violations: "SELECT b.id::text FROM booking_slots b WHERE b.status = 'held' \
            AND b.held_until < now() - interval '6 minutes' AND b.hold_owner NOT LIKE 'waitlist:%' \
            AND NOT EXISTS (SELECT FROM calls c WHERE c.clinic_id = b.clinic_id AND c.simulated \
            AND c.ended_at IS NULL AND b.hold_owner = 'call:' || c.id)",
    },
    Invariant {
        id: "EVT-5",
        violations: "SELECT position || ' ' || event_type FROM outbox WHERE published_at IS NULL \
            ORDER BY position",
    },
    Invariant {
        id: "AUD-3",
        violations: "SELECT a.position || ' ' || a.action FROM audit_log a WHERE NOT EXISTS \
            (SELECT FROM audit_seals s WHERE s.clinic_id = a.clinic_id \
            AND s.audit_position = a.position) ORDER BY a.position",
    },
    Invariant {
        id: "NOTE-2",
        violations: "SELECT id || ' ' || status FROM notifications WHERE status = 'failed' \
            OR (status = 'queued' AND next_at < now() - interval '1 minute' \
            AND (void_at IS NULL OR void_at > now()))",
    },
    Invariant {
        id: "JOB-1",
        violations: "SELECT name || ': ' || coalesce(error, 'its run does not end') FROM jobs \
            WHERE failed_in_row > 2 OR lease_until < now() - interval '1 minute'",
    },
];
