-- Appointments and the waitlist.

CREATE TABLE appointments (
    clinic_id           uuid NOT NULL,
    id                  uuid NOT NULL,
    slot_id             uuid NOT NULL,
    doctor_id           uuid NOT NULL,
    patient_id          uuid NOT NULL,
    starts_at           timestamptz NOT NULL,
    ends_at             timestamptz NOT NULL,
    visit_type          text NOT NULL CHECK (visit_type IN ('in_person', 'teleconsultation')),
    status              text NOT NULL CHECK (status IN ('scheduled', 'confirmed', 'checked_in',
                                                        'completed', 'cancelled', 'no_show')),
    -- Two letters and six digits, the last of them a check digit [BOOK-6].
    reference           text NOT NULL CHECK (reference ~ '^[DFHKMRWXY]{2}[0-9]{6}$'),
    payment_deadline    timestamptz CHECK ((status = 'scheduled') = (payment_deadline IS NOT NULL)),
    booked_by           text NOT NULL,
    -- The call that made or last moved it; that call may still change it, whatever the notice.
    booked_in_call      uuid,
    simulated           boolean NOT NULL DEFAULT false,
    cancelled_by        text,
    cancel_reason       text,
    live                boolean GENERATED ALWAYS AS (status NOT IN ('cancelled', 'no_show')) STORED,
    -- [TEN-5] Only an appointment still to come holds its doctor back from leaving.
    live_doctor_id      uuid GENERATED ALWAYS AS
        (CASE WHEN status IN ('scheduled', 'confirmed', 'checked_in') THEN doctor_id END) STORED,
    row_version         bigint NOT NULL DEFAULT 1,
    created_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, id),
    CONSTRAINT appointments_reference UNIQUE (clinic_id, reference),
    -- [BOOK-3] Doctor and time are those of the slot.
    CONSTRAINT appointments_slot FOREIGN KEY (clinic_id, slot_id, doctor_id, starts_at, ends_at)
        REFERENCES booking_slots (clinic_id, id, doctor_id, starts_at, ends_at),
    CONSTRAINT appointments_patient FOREIGN KEY (clinic_id, patient_id)
        REFERENCES patient_records (clinic_id, patient_id),
    CONSTRAINT appointments_live_doctor FOREIGN KEY (clinic_id, live_doctor_id)
        REFERENCES doctors (clinic_id, active_doctor_id),
    CONSTRAINT appointments_cancelled CHECK ((status = 'cancelled') = (cancel_reason IS NOT NULL)),
    -- [BOOK-2] A patient is not at two doctors of one clinic at once.
    CONSTRAINT appointments_patient_busy EXCLUDE USING gist
        (clinic_id WITH =, patient_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
        WHERE (status NOT IN ('cancelled', 'no_show'))
) WITH (fillfactor = 85);

-- [BOOK-1] At most one live appointment per slot. The last line of defence: it decides even if the
-- claim on the slot row were wrong.
CREATE UNIQUE INDEX appointments_one_live_per_slot ON appointments (clinic_id, slot_id)
    WHERE (status NOT IN ('cancelled', 'no_show'));
CREATE INDEX appointments_by_doctor ON appointments (clinic_id, doctor_id, starts_at);
CREATE INDEX appointments_by_patient ON appointments (clinic_id, patient_id, starts_at);

-- [BOOK-4] The legal moves, once; `status::legal_moves` in Rust is tested against this table.
CREATE TABLE appointment_moves (
    from_status  text NOT NULL,
    to_status    text NOT NULL,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO appointment_moves VALUES
    ('scheduled', 'confirmed'), ('scheduled', 'cancelled'),
    ('confirmed', 'checked_in'), ('confirmed', 'cancelled'), ('confirmed', 'no_show'),
    ('checked_in', 'completed'), ('checked_in', 'cancelled');

CREATE FUNCTION appointments_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM appointment_moves
                   WHERE from_status = OLD.status AND to_status = NEW.status) THEN
        RAISE EXCEPTION 'appointment % may not go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'appointments_guard';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appointments_guard BEFORE UPDATE OF status ON appointments FOR EACH ROW
    WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION appointments_guard();

CREATE TABLE waitlist_entries (
    clinic_id         uuid NOT NULL,
    id                uuid NOT NULL,
    patient_id        uuid NOT NULL,
    doctor_id         uuid,
    specialty         text REFERENCES specialties (code),
    wanted_from       timestamptz NOT NULL,
    wanted_until      timestamptz NOT NULL,
    status            text NOT NULL DEFAULT 'waiting'
                      CHECK (status IN ('waiting', 'offered', 'accepted', 'expired', 'left')),
    joined_at         timestamptz NOT NULL,
    -- Order of equal joined_at.
    place             bigint GENERATED ALWAYS AS IDENTITY,
    offered_slot_id   uuid,
    offered_hold_id   uuid,
    offered_fence     bigint,
    offer_expires_at  timestamptz,
    appointment_id    uuid,
    simulated         boolean NOT NULL DEFAULT false,
    live_doctor_id    uuid GENERATED ALWAYS AS
        (CASE WHEN status IN ('waiting', 'offered') THEN doctor_id END) STORED,
    row_version       bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patient_records (clinic_id, patient_id),
    FOREIGN KEY (clinic_id, offered_slot_id) REFERENCES booking_slots (clinic_id, id),
    FOREIGN KEY (clinic_id, appointment_id) REFERENCES appointments (clinic_id, id),
    CONSTRAINT waitlist_live_doctor FOREIGN KEY (clinic_id, live_doctor_id)
        REFERENCES doctors (clinic_id, active_doctor_id),
    CHECK (wanted_from < wanted_until),
    CHECK (doctor_id IS NOT NULL OR specialty IS NOT NULL),
    CHECK ((status = 'offered') = (offer_expires_at IS NOT NULL)),
    CHECK (status <> 'offered' OR (offered_slot_id IS NOT NULL AND offered_hold_id IS NOT NULL)),
    CHECK ((status = 'accepted') = (appointment_id IS NOT NULL))
);
CREATE INDEX waitlist_in_line ON waitlist_entries (clinic_id, joined_at, place)
    WHERE (status = 'waiting');
CREATE INDEX waitlist_by_patient ON waitlist_entries (clinic_id, patient_id);
-- [WAIT-1] A freed slot is offered to one at a time.
CREATE UNIQUE INDEX waitlist_one_offer_per_slot ON waitlist_entries (clinic_id, offered_slot_id)
    WHERE (status = 'offered');

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['appointments', 'waitlist_entries'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO frontdesk_app, frontdesk_worker
             USING (clinic_id = (SELECT nullif(current_setting(''app.clinic_id'', true), '''')::uuid))', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO frontdesk_app, frontdesk_worker', t);
    END LOOP;
END $$;
GRANT SELECT ON appointment_moves TO frontdesk_app, frontdesk_worker;
