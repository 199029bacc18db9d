-- The same person, by name, date of birth and telephone, is registered once in a clinic [PAT-3].

-- Registered again before this rule held: the staff merges them.
ALTER TABLE patients ADD COLUMN doubled boolean NOT NULL DEFAULT false;
ALTER TABLE patients NO FORCE ROW LEVEL SECURITY;
UPDATE patients p SET doubled = true
 WHERE p.identity = 'registered'
   AND EXISTS (SELECT FROM patients q
                WHERE q.identity = 'registered' AND q.origin_clinic_id = p.origin_clinic_id
                  AND q.date_of_birth = p.date_of_birth AND q.name_key = p.name_key
                  AND q.phone = p.phone AND (q.created_at, q.id) < (p.created_at, p.id));
ALTER TABLE patients FORCE ROW LEVEL SECURITY;

CREATE UNIQUE INDEX patients_once ON patients (origin_clinic_id, date_of_birth, name_key, phone)
    WHERE identity = 'registered' AND NOT doubled;

-- As before, but `p_from` is emptied before its telephone number goes to `p_into`, so that the two
-- are not the same person twice for a moment [PAT-2, PAT-3].
CREATE OR REPLACE FUNCTION merge_patients(p_clinic uuid, p_now timestamptz, p_principal text, p_from uuid,
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
    v_answer := erase_patient(p_clinic, p_now, p_from);
    IF v_answer ? 'refused' THEN
        RAISE EXCEPTION '%', v_answer ->> 'refused' USING ERRCODE = 'FD001';
    END IF;
    UPDATE patients p
       SET phone = coalesce(p.phone, v_from.phone), email = coalesce(p.email, v_from.email),
           gender = coalesce(p.gender, v_from.gender),
           language = coalesce(p.language, v_from.language), row_version = p.row_version + 1
     WHERE p.id = p_into;
    UPDATE patient_records r SET merged_into = p_into
     WHERE r.clinic_id = p_clinic AND r.patient_id = p_from;
    PERFORM record_change(p_clinic, p_now, p_principal, NULL, false, 'patient.updated', 'patient',
        p_into, ARRAY['record', 'appointments', 'calls'], jsonb_build_object('merged', p_from),
        p_reason);
    PERFORM record_change(p_clinic, p_now, p_principal, NULL, false, 'patient.deleted', 'patient',
        p_from, ARRAY['record'], jsonb_build_object('merged_into', p_into), p_reason);
    RETURN '{}';
END $$;
