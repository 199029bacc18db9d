-- Two records of one person become one: an act of the staff, with a reason.

ALTER TABLE patient_records
    ADD COLUMN merged_into uuid,
    ADD CONSTRAINT patient_records_merged_into FOREIGN KEY (clinic_id, merged_into)
        REFERENCES patient_records (clinic_id, patient_id),
    -- [PAT-2] A record that was merged is empty, and names another than itself.
    ADD CONSTRAINT patient_records_merged CHECK (merged_into IS NULL
        OR (erased_at IS NOT NULL AND merged_into <> patient_id));

-- Moves all that hangs on `p_from` to `p_into` and empties `p_from` [PAT-2]. What is sealed was
-- carried over before, in the same transaction, by who has the keys. Appointments keep their
-- version: it is the person that changes, which is one event of each of the two. The order of locks:
-- patients by id, then rows.
CREATE FUNCTION merge_patients(p_clinic uuid, p_now timestamptz, p_principal text, p_from uuid,
                               p_into uuid, p_reason text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_from patients;
    v_into patients;
    v_answer jsonb;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    PERFORM lock_patient(p_clinic, least(p_from, p_into));
    PERFORM lock_patient(p_clinic, greatest(p_from, p_into));
    IF p_from = p_into OR 2 <> (SELECT count(*) FROM patient_records r
            WHERE r.clinic_id = p_clinic AND r.patient_id IN (p_from, p_into)
              AND r.erased_at IS NULL) THEN
        RETURN '{"refused": "patient_unknown"}';
    END IF;
    SELECT * INTO STRICT v_from FROM patients p WHERE p.id = p_from;
    SELECT * INTO STRICT v_into FROM patients p WHERE p.id = p_into;
    IF v_into.identity <> 'registered' THEN
        RETURN '{"refused": "wrong_status"}';
    END IF;
    IF EXISTS (SELECT FROM appointments a JOIN appointments b ON b.clinic_id = p_clinic
                  AND b.patient_id = p_into AND b.status NOT IN ('cancelled', 'no_show')
                  AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
                WHERE a.clinic_id = p_clinic AND a.patient_id = p_from
                  AND a.status NOT IN ('cancelled', 'no_show')) THEN
        RETURN '{"refused": "patient_busy"}';
    END IF;
    UPDATE appointments a SET patient_id = p_into
     WHERE a.clinic_id = p_clinic AND a.patient_id = p_from;
    UPDATE waitlist_entries w SET patient_id = p_into, row_version = w.row_version + 1
     WHERE w.clinic_id = p_clinic AND w.patient_id = p_from;
    UPDATE calls c SET patient_id = p_into, row_version = c.row_version + 1
     WHERE c.clinic_id = p_clinic AND c.patient_id = p_from;
    UPDATE callbacks b SET patient_id = p_into
     WHERE b.clinic_id = p_clinic AND b.patient_id = p_from;
    UPDATE patients p
       SET phone = coalesce(p.phone, v_from.phone), email = coalesce(p.email, v_from.email),
           gender = coalesce(p.gender, v_from.gender),
           language = coalesce(p.language, v_from.language), row_version = p.row_version + 1
     WHERE p.id = p_into;
    v_answer := erase_patient(p_clinic, p_now, p_from);
    IF v_answer ? 'refused' THEN
        RAISE EXCEPTION '%', v_answer ->> 'refused' USING ERRCODE = 'FD001';
    END IF;
    UPDATE patient_records r SET merged_into = p_into
     WHERE r.clinic_id = p_clinic AND r.patient_id = p_from;
    PERFORM record_change(p_clinic, p_now, p_principal, NULL, false, 'patient.updated', 'patient',
        p_into, ARRAY['record', 'appointments', 'calls'], jsonb_build_object('merged', p_from),
        p_reason);
    PERFORM record_change(p_clinic, p_now, p_principal, NULL, false, 'patient.deleted', 'patient',
        p_from, ARRAY['record'], jsonb_build_object('merged_into', p_into), p_reason);
    RETURN '{}';
END $$;

-- 0008 counted from then on only: the records from before it.
ALTER TABLE patients NO FORCE ROW LEVEL SECURITY;
ALTER TABLE patient_records NO FORCE ROW LEVEL SECURITY;
UPDATE patients p SET records = (SELECT count(*) FROM patient_records r
                                  WHERE r.patient_id = p.id AND r.erased_at IS NULL);
ALTER TABLE patients FORCE ROW LEVEL SECURITY;
ALTER TABLE patient_records FORCE ROW LEVEL SECURITY;
