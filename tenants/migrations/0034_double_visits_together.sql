-- The halves of a double visit are cancelled and moved together, or not at all [BOOK-8].

-- Both halves name the visit, by the id of its first appointment. The name stays when one of them is
-- changed by itself: they are one visit as long as both stand and are neighbours.
ALTER TABLE appointments ADD COLUMN double_visit uuid;

CREATE OR REPLACE FUNCTION appointment_json(a appointments) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', a.id, 'slot', a.slot_id, 'doctor', a.doctor_id,
        'patient', a.patient_id, 'starts_at', a.starts_at, 'ends_at', a.ends_at,
        'visit_type', a.visit_type, 'status', a.status, 'reference', a.reference,
        'payment_deadline', a.payment_deadline, 'version', a.row_version,
        'double_visit', a.double_visit)
$$;

-- Whether the second slot begins where the first and its buffer end, with the same doctor.
CREATE FUNCTION are_neighbours(p_clinic uuid, p_slot uuid, p_second uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM booking_slots a
                     JOIN booking_slots b ON b.clinic_id = a.clinic_id AND b.doctor_id = a.doctor_id
                          AND b.starts_at = a.blocked_until AND b.visit_type = a.visit_type
                    WHERE a.clinic_id = p_clinic AND a.id = p_slot AND b.id = p_second)
$$;

-- Two appointments are one visit from now on; the answer for them.
CREATE FUNCTION as_double(p_clinic uuid, p_first uuid, p_second uuid) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    a appointments;
    b appointments;
BEGIN
    UPDATE appointments x SET double_visit = p_first
     WHERE x.clinic_id = p_clinic AND x.id = p_first RETURNING * INTO a;
    UPDATE appointments x SET double_visit = p_first
     WHERE x.clinic_id = p_clinic AND x.id = p_second RETURNING * INTO b;
    RETURN jsonb_build_object('appointment', appointment_json(a), 'second', appointment_json(b));
END $$;

-- As in 0024, and both name the visit.
CREATE OR REPLACE FUNCTION book_double(
    p_clinic uuid, p_now timestamptz, p_principal text, p_key text, p_hash bytea, p_slot uuid,
    p_second uuid, p_patient uuid, p_appointments uuid[], p_references text[],
    p_references_second text[], p_hold uuid, p_fence bigint, p_hold_second uuid,
    p_fence_second bigint, p_call uuid, p_simulated boolean)
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
    IF NOT are_neighbours(p_clinic, p_slot, p_second) THEN
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
                v_answer := as_double(p_clinic, p_appointments[1], p_appointments[2]);
            END IF;
        EXCEPTION WHEN SQLSTATE 'FD001' THEN
            v_answer := jsonb_build_object('refused', SQLERRM);
        END;
    END IF;
    RETURN keep_answer(p_clinic, p_now, p_principal, 'book_double', p_key, p_hash, v_answer);
END $$;

-- Path: cancel both halves, or neither.
CREATE FUNCTION cancel_double(p_clinic uuid, p_now timestamptz, p_principal text, p_key text,
                              p_hash bytea, p_appointments uuid[], p_patient uuid, p_reason text,
                              p_call uuid, p_simulated boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb;
    v_both jsonb[] := '{}';
    v_half uuid;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    v_answer := answer_kept(p_clinic, p_now, p_principal, 'cancel_double', p_key, p_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    PERFORM FROM booking_slots b
      WHERE b.clinic_id = p_clinic
        AND b.id IN (SELECT x.slot_id FROM appointments x
                      WHERE x.clinic_id = p_clinic AND x.id = ANY (p_appointments))
      ORDER BY b.id FOR NO KEY UPDATE;
    BEGIN
        FOREACH v_half IN ARRAY p_appointments LOOP
            v_answer := change_status(p_clinic, p_now, p_principal, NULL, NULL, v_half, p_patient,
                                      NULL, 'cancelled', p_reason, p_call, p_simulated, NULL);
            IF NOT v_answer ? 'appointment' THEN
                RAISE EXCEPTION '%', v_answer ->> 'refused' USING ERRCODE = 'FD001';
            END IF;
            v_both := v_both || (v_answer -> 'appointment');
        END LOOP;
        v_answer := jsonb_build_object('appointment', v_both[1], 'second', v_both[2]);
    EXCEPTION WHEN SQLSTATE 'FD001' THEN
        v_answer := jsonb_build_object('refused', SQLERRM);
    END;
    RETURN keep_answer(p_clinic, p_now, p_principal, 'cancel_double', p_key, p_hash, v_answer);
END $$;

-- Path: move a visit where it is a double one, or becomes one. All of it moves, or nothing: a half
-- that has no slot there is cancelled, and one that is missing is booked, as `p_new`.
CREATE FUNCTION move_double(p_clinic uuid, p_now timestamptz, p_principal text, p_key text,
                            p_hash bytea, p_first uuid, p_second uuid, p_patient uuid,
                            p_slot uuid, p_slot_second uuid, p_hold uuid, p_fence bigint,
                            p_hold_second uuid, p_fence_second bigint, p_new uuid,
                            p_references text[], p_call uuid, p_simulated boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb;
    v_step jsonb;
    v_later boolean;
    v_second_first boolean;
    v_half integer;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    v_answer := answer_kept(p_clinic, p_now, p_principal, 'move_double', p_key, p_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    PERFORM lock_patient(p_clinic, p_patient);
    PERFORM FROM booking_slots b
      WHERE b.clinic_id = p_clinic
        AND (b.id IN (p_slot, p_slot_second)
             OR b.id IN (SELECT x.slot_id FROM appointments x
                          WHERE x.clinic_id = p_clinic AND x.id IN (p_first, p_second)))
      ORDER BY b.id FOR NO KEY UPDATE;
    IF p_slot_second IS NOT NULL AND NOT are_neighbours(p_clinic, p_slot, p_slot_second) THEN
        v_answer := '{"refused": "slot_unavailable"}';
        RETURN keep_answer(p_clinic, p_now, p_principal, 'move_double', p_key, p_hash, v_answer);
    END IF;
    SELECT s.starts_at > a.starts_at INTO v_later
      FROM appointments a, booking_slots s
     WHERE a.clinic_id = p_clinic AND a.id = p_first AND s.clinic_id = p_clinic AND s.id = p_slot;
    -- The half that goes ahead makes room for the other one; whether it is the second depends on
    -- where they go, and between doctors with slots of different lengths on more than that.
    FOREACH v_second_first IN ARRAY ARRAY[coalesce(v_later, false), NOT coalesce(v_later, false)] LOOP
        BEGIN
            FOREACH v_half IN ARRAY CASE WHEN v_second_first THEN '{2,1}'::integer[]
                                         ELSE '{1,2}' END LOOP
                IF v_half = 1 THEN
                    v_step := reschedule_appointment(p_clinic, p_now, p_principal, NULL, NULL,
                        p_first, p_patient, NULL, p_slot, p_hold, p_fence, p_call, p_simulated, NULL);
                ELSIF p_second IS NOT NULL AND p_slot_second IS NOT NULL THEN
                    v_step := reschedule_appointment(p_clinic, p_now, p_principal, NULL, NULL,
                        p_second, p_patient, NULL, p_slot_second, p_hold_second, p_fence_second,
                        p_call, p_simulated, NULL);
                ELSIF p_second IS NOT NULL THEN
                    v_step := change_status(p_clinic, p_now, p_principal, NULL, NULL, p_second,
                        p_patient, NULL, 'cancelled', 'patient', p_call, p_simulated, NULL);
                ELSIF p_slot_second IS NOT NULL THEN
                    v_step := book_slot(p_clinic, p_now, p_principal, p_slot_second, p_patient,
                        p_new, p_references, p_hold_second, p_fence_second, p_call, p_simulated,
                        NULL);
                ELSE
                    CONTINUE;
                END IF;
                IF NOT v_step ? 'appointment' THEN
                    RAISE EXCEPTION '%', v_step ->> 'refused' USING ERRCODE = 'FD001';
                END IF;
                IF v_half = 1 THEN
                    v_answer := jsonb_build_object('appointment', v_step -> 'appointment');
                END IF;
            END LOOP;
            IF p_slot_second IS NOT NULL THEN
                v_answer := as_double(p_clinic, p_first, coalesce(p_second, p_new));
            END IF;
            EXIT;
        EXCEPTION WHEN SQLSTATE 'FD001' THEN
            v_answer := jsonb_build_object('refused', SQLERRM);
            EXIT WHEN SQLERRM <> 'patient_busy';
        END;
    END LOOP;
    RETURN keep_answer(p_clinic, p_now, p_principal, 'move_double', p_key, p_hash, v_answer);
END $$;
