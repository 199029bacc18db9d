-- Path: book two neighbouring slots of one doctor for one patient, or neither [BOOK-8]. Two
-- appointments, one per slot, as everywhere [BOOK-1]; the answer is the first, and the second in it.
CREATE FUNCTION book_double(p_clinic uuid, p_now timestamptz, p_principal text, p_key text,
                            p_hash bytea, p_slot uuid, p_second uuid, p_patient uuid,
                            p_appointments uuid[], p_references text[], p_references_second text[],
                            p_hold uuid, p_fence bigint, p_hold_second uuid, p_fence_second bigint,
                            p_call uuid, p_simulated boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb;
    v_second jsonb;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    v_answer := answer_kept(p_clinic, p_now, p_principal, 'book_double', p_key, p_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    -- The order of locks: patient, then slots by id.
    PERFORM lock_patient(p_clinic, p_patient);
    PERFORM FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id IN (p_slot, p_second)
      ORDER BY b.id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM booking_slots a
                     JOIN booking_slots b ON b.clinic_id = a.clinic_id AND b.doctor_id = a.doctor_id
                          AND b.starts_at = a.blocked_until AND b.visit_type = a.visit_type
                    WHERE a.clinic_id = p_clinic AND a.id = p_slot AND b.id = p_second) THEN
        v_answer := '{"refused": "slot_unavailable"}';
    ELSE
        -- A block of its own: where the second is refused, the first is undone with it.
        BEGIN
            v_answer := book_slot(p_clinic, p_now, p_principal, p_slot, p_patient, p_appointments[1],
                                  p_references, p_hold, p_fence, p_call, p_simulated, NULL);
            IF v_answer ? 'appointment' THEN
                v_second := book_slot(p_clinic, p_now, p_principal, p_second, p_patient,
                                      p_appointments[2], p_references_second, p_hold_second,
                                      p_fence_second, p_call, p_simulated, NULL);
                IF NOT v_second ? 'appointment' THEN
                    RAISE EXCEPTION '%', v_second ->> 'refused' USING ERRCODE = 'FD001';
                END IF;
                v_answer := v_answer || jsonb_build_object('second', v_second -> 'appointment');
            END IF;
        EXCEPTION WHEN SQLSTATE 'FD001' THEN
            v_answer := jsonb_build_object('refused', SQLERRM);
        END;
    END IF;
    RETURN keep_answer(p_clinic, p_now, p_principal, 'book_double', p_key, p_hash, v_answer);
END $$;
