-- Rules that so far only code kept.

-- A slot's template and a waitlist entry's doctor are the clinic's own [TEN-3].
ALTER TABLE booking_slots ADD CONSTRAINT booking_slots_template
    FOREIGN KEY (clinic_id, template_id) REFERENCES doctor_slot_templates (clinic_id, id);
ALTER TABLE waitlist_entries ADD CONSTRAINT waitlist_doctor
    FOREIGN KEY (clinic_id, doctor_id) REFERENCES doctors (clinic_id, id);

-- [TEN-5] Who still waits, for a doctor or for any of a specialty, waits at an active clinic.
ALTER TABLE waitlist_entries
    ADD COLUMN live_clinic_id uuid GENERATED ALWAYS AS
        (CASE WHEN status IN ('waiting', 'offered') THEN clinic_id END) STORED,
    ADD CONSTRAINT waitlist_live_clinic FOREIGN KEY (live_clinic_id)
        REFERENCES clinics (active_clinic_id);

-- [HOLD-3] Ten minutes in all. What is held for somebody on the waitlist has the clinic's deadline.
ALTER TABLE booking_slots ADD CONSTRAINT booking_slots_hold_cap CHECK (
    hold_owner LIKE 'waitlist:%' OR held_until <= held_since + interval '10 minutes');

-- [PHI-1] What is to be sealed is not written in the clear: a version, a nonce and a tag at least.
CREATE FUNCTION is_sealed(p_value bytea) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_value IS NULL OR length(p_value) >= 29 AND get_byte(p_value, 0) = 1
$$;
ALTER TABLE patients ADD CONSTRAINT patients_sealed
    CHECK (is_sealed(national_id) AND is_sealed(passport));
ALTER TABLE patient_records ADD CONSTRAINT patient_records_sealed
    CHECK (is_sealed(allergies) AND is_sealed(medical_history) AND is_sealed(insurance)
           AND is_sealed(notes));
ALTER TABLE patient_keys ADD CONSTRAINT patient_keys_sealed CHECK (is_sealed(wrapped));
ALTER TABLE calls ADD CONSTRAINT calls_sealed CHECK (is_sealed(summary) AND is_sealed(wrapped_key));
ALTER TABLE call_turns ADD CONSTRAINT call_turns_sealed CHECK (is_sealed(body));
ALTER TABLE call_snapshots ADD CONSTRAINT call_snapshots_sealed CHECK (is_sealed(body));

-- Path: DELETE on a clinic. Its active doctors and who still waits are what hangs on it [TEN-5].
CREATE OR REPLACE FUNCTION deactivate_clinic(p_clinic uuid, p_now timestamptz, p_principal text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v_hanging jsonb;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    PERFORM FROM clinics c WHERE c.id = p_clinic FOR UPDATE;
    SELECT coalesce(jsonb_agg(h), '[]') INTO v_hanging FROM (
        SELECT jsonb_build_object('kind', 'doctor', 'id', d.id) AS h
          FROM doctors d WHERE d.clinic_id = p_clinic AND d.active
        UNION ALL
        SELECT jsonb_build_object('kind', 'waitlist', 'id', w.id)
          FROM waitlist_entries w WHERE w.clinic_id = p_clinic AND w.live_clinic_id = p_clinic) x;
    IF v_hanging <> '[]' THEN
        RETURN jsonb_build_object('refused', 'appointments_in_the_way', 'hanging', v_hanging);
    END IF;
    UPDATE clinics c SET active = false, row_version = c.row_version + 1
     WHERE c.id = p_clinic AND c.active;
    IF NOT FOUND THEN
        RETURN '{"refused": "clinic_inactive"}';
    END IF;
    INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, fields)
    VALUES (p_clinic, p_now, p_principal, 'clinic.deactivated', 'clinic', p_clinic,
            ARRAY['active']);
    RETURN '{"hanging": []}';
END $$;

-- The chain over the audit log, one per clinic, written by the sealer alone [AUD-2]. It names rows
-- of audit_log without a foreign key: that one of them is gone is for the chain to show.
CREATE TABLE audit_seals (
    clinic_id       uuid NOT NULL,
    sequence        bigint NOT NULL CHECK (sequence >= 1),
    audit_position  bigint NOT NULL,
    previous_hash   bytea NOT NULL CHECK (length(previous_hash) = 32),
    hash            bytea NOT NULL CHECK (length(hash) = 32),
    sealed_at       timestamptz NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- What the next link names; so a chain has no gap and no fork.
    next_sequence   bigint GENERATED ALWAYS AS (sequence + 1) STORED,
    prior_sequence  bigint GENERATED ALWAYS AS (CASE WHEN sequence > 1 THEN sequence END) STORED,
    prior_hash      bytea GENERATED ALWAYS AS (CASE WHEN sequence > 1 THEN previous_hash END) STORED,
    PRIMARY KEY (clinic_id, sequence),
    CONSTRAINT audit_seals_first
        CHECK (sequence > 1 OR previous_hash = decode(repeat('00', 32), 'hex')),
    CONSTRAINT audit_seals_once UNIQUE (clinic_id, audit_position),
    CONSTRAINT audit_seals_link UNIQUE (clinic_id, next_sequence, hash),
    CONSTRAINT audit_seals_chain FOREIGN KEY (clinic_id, prior_sequence, prior_hash)
        REFERENCES audit_seals (clinic_id, next_sequence, hash)
);
ALTER TABLE audit_seals ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_seals FORCE ROW LEVEL SECURITY;
CREATE POLICY jobs ON audit_seals TO frontdesk_worker USING (true);
GRANT SELECT, INSERT ON audit_seals TO frontdesk_worker;
