-- Erasure of a patient from one clinic. What other clinics hold cannot be seen from here, by
-- design; so the person is emptied only where this clinic registered them and no other clinic's
-- record hangs on them, which the counter below knows without saying who [TEN-4].

ALTER TABLE patients ADD COLUMN records integer NOT NULL DEFAULT 0 CHECK (records >= 0);

CREATE FUNCTION patient_records_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE patients SET records = records + 1 WHERE id = NEW.patient_id;
    ELSE
        UPDATE patients SET records = records - 1 WHERE id = NEW.patient_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER patient_records_opened AFTER INSERT ON patient_records
    FOR EACH ROW EXECUTE FUNCTION patient_records_count();
CREATE TRIGGER patient_records_erased AFTER UPDATE OF erased_at ON patient_records
    FOR EACH ROW WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL)
    EXECUTE FUNCTION patient_records_count();

CREATE FUNCTION erase_patient(p_clinic uuid, p_now timestamptz, p_patient uuid) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE v_records integer;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    PERFORM lock_patient(p_clinic, p_patient);
    IF EXISTS (SELECT FROM appointments a WHERE a.clinic_id = p_clinic AND a.patient_id = p_patient
                  AND a.status IN ('scheduled', 'confirmed', 'checked_in')) THEN
        RETURN '{"refused": "appointments_in_the_way"}';
    END IF;
    UPDATE patient_records r
       SET allergies = NULL, medical_history = NULL, insurance = NULL, notes = NULL,
           erased_at = p_now, row_version = r.row_version + 1
     WHERE r.clinic_id = p_clinic AND r.patient_id = p_patient AND r.erased_at IS NULL;
    IF NOT FOUND THEN
        RETURN '{"refused": "patient_unknown"}';
    END IF;
    UPDATE waitlist_entries w
       SET status = 'left', offer_expires_at = NULL, row_version = w.row_version + 1
     WHERE w.clinic_id = p_clinic AND w.patient_id = p_patient AND w.status IN ('waiting', 'offered');
    -- What was said in their calls: the key goes, and what it sealed with it [PHI-1].
    DELETE FROM call_snapshots s USING calls c
     WHERE c.clinic_id = p_clinic AND c.patient_id = p_patient
       AND s.clinic_id = p_clinic AND s.call_id = c.id;
    DELETE FROM call_turns t USING calls c
     WHERE c.clinic_id = p_clinic AND c.patient_id = p_patient
       AND t.clinic_id = p_clinic AND t.call_id = c.id;
    UPDATE calls c
       SET ring_key = NULL, wrapped_key = NULL, summary = NULL, caller_phone = NULL,
           row_version = c.row_version + 1
     WHERE c.clinic_id = p_clinic AND c.patient_id = p_patient;
    UPDATE callbacks b SET phone = NULL
     WHERE b.clinic_id = p_clinic AND b.patient_id = p_patient;
    SELECT p.records INTO v_records FROM patients p WHERE p.id = p_patient FOR UPDATE;
    IF v_records = 0 THEN
        DELETE FROM patient_keys k WHERE k.patient_id = p_patient;
        UPDATE patients p
           SET identity = 'erased', name = NULL, name_key = NULL, date_of_birth = NULL,
               phone = NULL, email = NULL, gender = NULL, language = NULL, national_id = NULL,
               passport = NULL, row_version = p.row_version + 1
         WHERE p.id = p_patient;
    END IF;
    RETURN '{}';
END $$;
