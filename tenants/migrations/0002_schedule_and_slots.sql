-- Shifts, templates, exceptions, and the materialized slots. No row means not available [SLOT-1].

-- A clinic's named shift. `ends_local` <= `starts_local` means that it ends on the next day.
CREATE TABLE time_slots (
    clinic_id     uuid NOT NULL REFERENCES clinics (id),
    id            uuid NOT NULL,
    name          text NOT NULL CHECK (name <> ''),
    starts_local  time NOT NULL,
    ends_local    time NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, name)
);

CREATE TABLE doctor_slot_templates (
    clinic_id       uuid NOT NULL,
    id              uuid NOT NULL,
    doctor_id       uuid NOT NULL,
    -- ISO: 1 Monday … 7 Sunday.
    weekday         smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    time_slot_id    uuid NOT NULL,
    slot_minutes    integer NOT NULL CHECK (slot_minutes BETWEEN 1 AND 1440),
    buffer_minutes  integer NOT NULL DEFAULT 0 CHECK (buffer_minutes BETWEEN 0 AND 1440),
    visit_type      text NOT NULL DEFAULT 'in_person'
                    CHECK (visit_type IN ('in_person', 'teleconsultation')),
    active          boolean NOT NULL DEFAULT true,
    live_doctor_id  uuid GENERATED ALWAYS AS (CASE WHEN active THEN doctor_id END) STORED,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, doctor_id) REFERENCES doctors (clinic_id, id),
    FOREIGN KEY (clinic_id, time_slot_id) REFERENCES time_slots (clinic_id, id),
    -- [TEN-5]
    CONSTRAINT templates_live_doctor FOREIGN KEY (clinic_id, live_doctor_id)
        REFERENCES doctors (clinic_id, active_doctor_id)
);
CREATE INDEX doctor_slot_templates_by_doctor ON doctor_slot_templates (clinic_id, doctor_id);

-- A holiday of the clinic (doctor_id NULL) or an absence of one doctor.
CREATE TABLE availability_exceptions (
    clinic_id   uuid NOT NULL REFERENCES clinics (id),
    id          uuid NOT NULL,
    doctor_id   uuid,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    reason      text NOT NULL DEFAULT '',
    revoked_at  timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, doctor_id) REFERENCES doctors (clinic_id, id),
    CHECK (starts_at < ends_at)
);
CREATE INDEX availability_exceptions_by_end ON availability_exceptions (clinic_id, ends_at);

CREATE TABLE booking_slots (
    clinic_id      uuid NOT NULL,
    id             uuid NOT NULL,
    doctor_id      uuid NOT NULL,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    -- End plus buffer; stored, because the sum of timestamptz and interval is not immutable.
    blocked_until  timestamptz NOT NULL,
    visit_type     text NOT NULL DEFAULT 'in_person'
                   CHECK (visit_type IN ('in_person', 'teleconsultation')),
    template_id    uuid,
    status         text NOT NULL DEFAULT 'free'
                   CHECK (status IN ('free', 'held', 'booked', 'blocked', 'removed')),
    -- Who removed it: staff (a tombstone that generation never raises) or the schedule itself.
    removal        text CHECK (removal IN ('staff', 'schedule')),
    -- Same truth as status = 'removed'. The exclusion constraint asks this column and not status,
    -- so that free -> held -> booked changes no indexed column and stays a HOT update.
    removed        boolean GENERATED ALWAYS AS (status = 'removed') STORED,
    hold_id        uuid,
    hold_owner     text,
    held_since     timestamptz,
    held_until     timestamptz,
    row_version    bigint NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, doctor_id) REFERENCES doctors (clinic_id, id),
    -- [SLOT-2] One row per doctor and start, over all rows, tombstones included.
    CONSTRAINT booking_slots_start UNIQUE (clinic_id, doctor_id, starts_at),
    -- What an appointment references, so that it cannot disagree with its slot [BOOK-3].
    CONSTRAINT booking_slots_whole UNIQUE (clinic_id, id, doctor_id, starts_at, ends_at),
    CONSTRAINT booking_slots_during CHECK (starts_at < ends_at AND ends_at <= blocked_until),
    CONSTRAINT booking_slots_hold CHECK (
        (status = 'held') = (hold_id IS NOT NULL)
        AND (hold_id IS NULL) = (hold_owner IS NULL)
        AND (hold_id IS NULL) = (held_since IS NULL)
        AND (hold_id IS NULL) = (held_until IS NULL)),
    CONSTRAINT booking_slots_removal CHECK ((status = 'removed') = (removal IS NOT NULL)),
    -- [SLOT-3] A doctor's slots with their buffers do not overlap.
    CONSTRAINT booking_slots_overlap EXCLUDE USING gist
        (doctor_id WITH =, tstzrange(starts_at, blocked_until) WITH &&) WHERE (NOT removed)
) WITH (fillfactor = 75);
CREATE INDEX booking_slots_by_start ON booking_slots (clinic_id, starts_at);

-- [SLOT-4] A slot keeps its doctor and time, and a tombstone of the staff stays one.
CREATE FUNCTION booking_slots_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'slot % may not change so', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'booking_slots_guard';
END $$;
CREATE TRIGGER booking_slots_guard BEFORE UPDATE ON booking_slots FOR EACH ROW
    WHEN ((OLD.removal = 'staff' AND NEW.status <> 'removed')
          OR OLD.doctor_id <> NEW.doctor_id OR OLD.starts_at <> NEW.starts_at
          OR OLD.ends_at <> NEW.ends_at OR NEW.row_version < OLD.row_version)
    EXECUTE FUNCTION booking_slots_guard();

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['time_slots', 'doctor_slot_templates', 'availability_exceptions',
                             'booking_slots'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO frontdesk_app, frontdesk_worker
             USING (clinic_id = (SELECT nullif(current_setting(''app.clinic_id'', true), '''')::uuid))', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO frontdesk_app, frontdesk_worker', t);
    END LOOP;
END $$;
