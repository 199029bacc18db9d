-- The waitlist: a freed slot goes to the first in line who can use it, with a deadline [WAIT-1].
-- The offer itself is made where a slot is freed (`free_slot`).

CREATE FUNCTION join_waitlist(p_clinic uuid, p_now timestamptz, p_principal text, p_id uuid,
                              p_patient uuid, p_doctor uuid, p_specialty text,
                              p_from timestamptz, p_until timestamptz, p_call uuid,
                              p_simulated boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    PERFORM lock_patient(p_clinic, p_patient);
    IF NOT EXISTS (SELECT FROM patient_records r WHERE r.clinic_id = p_clinic
                      AND r.patient_id = p_patient AND r.erased_at IS NULL) THEN
        RETURN '{"refused": "patient_unknown"}';
    END IF;
    INSERT INTO waitlist_entries (clinic_id, id, patient_id, doctor_id, specialty, wanted_from,
                                  wanted_until, joined_at, simulated)
    VALUES (p_clinic, p_id, p_patient, p_doctor, p_specialty, p_from, p_until, p_now, p_simulated);
    PERFORM record_change(p_clinic, p_now, p_principal, p_call, p_simulated, 'waitlist.joined',
        'waitlist', p_id, ARRAY['doctor_id', 'specialty', 'wanted_from', 'wanted_until'],
        jsonb_build_object('patient', p_patient));
    RETURN '{}';
END $$;

CREATE FUNCTION accept_waitlist_offer(p_clinic uuid, p_now timestamptz, p_principal text,
                                      p_key text, p_hash bytea, p_entry uuid, p_patient uuid,
                                      p_appointment uuid, p_references text[], p_call uuid,
                                      p_simulated boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb;
    w waitlist_entries;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    v_answer := answer_kept(p_clinic, p_now, p_principal, 'waitlist', p_key, p_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    SELECT * INTO w FROM waitlist_entries e WHERE e.clinic_id = p_clinic AND e.id = p_entry
       AND (p_patient IS NULL OR e.patient_id = p_patient);
    IF w.id IS NULL OR w.status <> 'offered' OR w.offer_expires_at <= p_now THEN
        v_answer := '{"refused": "offer_gone"}';
    ELSE
        v_answer := book_slot(p_clinic, p_now, p_principal, w.offered_slot_id, w.patient_id,
                              p_appointment, p_references, w.offered_hold_id, w.offered_fence,
                              p_call, p_simulated, NULL);
        IF v_answer ? 'appointment' THEN
            UPDATE waitlist_entries e
               SET status = 'accepted', appointment_id = p_appointment, offer_expires_at = NULL,
                   row_version = e.row_version + 1
             WHERE e.clinic_id = p_clinic AND e.id = p_entry AND e.status = 'offered'
               AND e.offered_hold_id = w.offered_hold_id;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'offer_gone' USING ERRCODE = 'FD001';
            END IF;
            PERFORM record_change(p_clinic, p_now, p_principal, p_call, p_simulated,
                'waitlist.accepted', 'waitlist', p_entry, ARRAY['status', 'appointment_id'],
                jsonb_build_object('appointment', p_appointment, 'patient', w.patient_id));
        ELSIF v_answer ->> 'refused' IN ('slot_taken', 'hold_lost', 'slot_unavailable') THEN
            v_answer := '{"refused": "offer_gone"}';
        END IF;
    END IF;
    RETURN keep_answer(p_clinic, p_now, p_principal, 'waitlist', p_key, p_hash, v_answer);
END $$;

-- Ends an entry: the patient leaves ('left') or lets an offer run out ('expired'); the slot that was
-- offered goes to the next in line. False if there was nothing to end.
CREATE FUNCTION end_waitlist_entry(p_clinic uuid, p_now timestamptz, p_principal text,
                                   p_entry uuid, p_patient uuid, p_to text, p_call uuid,
                                   p_simulated boolean)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    w waitlist_entries;
    v_slot uuid;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    SELECT e.offered_slot_id INTO v_slot FROM waitlist_entries e
     WHERE e.clinic_id = p_clinic AND e.id = p_entry AND e.status = 'offered';
    IF v_slot IS NOT NULL THEN
        PERFORM FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id = v_slot
            FOR NO KEY UPDATE;
    END IF;
    SELECT * INTO w FROM waitlist_entries e
     WHERE e.clinic_id = p_clinic AND e.id = p_entry
       AND (p_patient IS NULL OR e.patient_id = p_patient)
       AND (e.status = 'offered' AND (p_to = 'left' OR e.offer_expires_at <= p_now)
            OR e.status = 'waiting' AND p_to = 'left')
       FOR UPDATE;
    IF w.id IS NULL THEN
        RETURN false;
    ELSIF w.status = 'offered' AND w.offered_slot_id IS DISTINCT FROM v_slot THEN
        RAISE EXCEPTION 'the offer changed meanwhile' USING ERRCODE = 'FD002';
    END IF;
    UPDATE waitlist_entries e
       SET status = p_to, offer_expires_at = NULL, row_version = e.row_version + 1
     WHERE e.clinic_id = p_clinic AND e.id = p_entry;
    PERFORM record_change(p_clinic, p_now, p_principal, p_call, p_simulated,
        'waitlist.expired', 'waitlist', p_entry, ARRAY['status'],
        jsonb_build_object('patient', w.patient_id, 'status', p_to));
    IF w.status = 'offered' AND EXISTS (SELECT FROM booking_slots b
            WHERE b.clinic_id = p_clinic AND b.id = v_slot AND b.status = 'held'
              AND b.hold_id = w.offered_hold_id) THEN
        PERFORM free_slot(p_clinic, p_now, p_principal, p_call, p_simulated, v_slot);
    END IF;
    RETURN true;
END $$;

-- Entries whose offer has run out, for the job that ends them one by one.
CREATE FUNCTION due_waitlist_offers(p_clinic uuid, p_now timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    RETURN QUERY
    SELECT e.id FROM waitlist_entries e
     WHERE e.clinic_id = p_clinic AND e.status = 'offered' AND e.offer_expires_at <= p_now
       AND NOT e.simulated
     ORDER BY e.offer_expires_at;
END $$;
