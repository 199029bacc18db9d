-- The waitlist in calls: a wish may name weekdays and times of day; whoever joins again for the same
-- doctor and specialty has one place, with the later wish; a retried write joins once; and
-- `waitlisted` is an outcome of calls.

ALTER TABLE waitlist_entries
    -- Bits of the weekdays that suit, Monday's is 1.
    ADD COLUMN weekdays    smallint NOT NULL DEFAULT 127 CHECK (weekdays BETWEEN 1 AND 127),
    -- By the clinic's clock: not before, and before.
    ADD COLUMN local_from  time,
    ADD COLUMN local_until time,
    ADD CONSTRAINT waitlist_hours CHECK (local_from < local_until);

ALTER TABLE calls DROP CONSTRAINT calls_outcome_check;
ALTER TABLE calls ADD CONSTRAINT calls_outcome_check
    CHECK (outcome IN ('booked', 'rescheduled', 'cancelled', 'answered', 'transferred', 'emergency',
                       'message', 'waitlisted', 'abandoned'));

DROP FUNCTION join_waitlist(uuid, timestamptz, text, uuid, uuid, uuid, text, timestamptz,
                            timestamptz, uuid, boolean);

-- {"entry": id, "known": whether the patient waited for this doctor and specialty already}.
CREATE FUNCTION join_waitlist(p_clinic uuid, p_now timestamptz, p_principal text, p_key text,
                              p_hash bytea, p_id uuid, p_patient uuid, p_doctor uuid,
                              p_specialty text, p_from timestamptz, p_until timestamptz,
                              p_weekdays smallint, p_local_from time, p_local_until time,
                              p_call uuid, p_simulated boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb;
    v_entry uuid;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    v_answer := answer_kept(p_clinic, p_now, p_principal, 'join_waitlist', p_key, p_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    -- Whoever joins twice at once does so one after the other.
    PERFORM lock_patient(p_clinic, p_patient);
    IF NOT EXISTS (SELECT FROM patient_records r WHERE r.clinic_id = p_clinic
                      AND r.patient_id = p_patient AND r.erased_at IS NULL) THEN
        v_answer := '{"refused": "patient_unknown"}';
    ELSE
        SELECT e.id INTO v_entry FROM waitlist_entries e
         WHERE e.clinic_id = p_clinic AND e.patient_id = p_patient
           AND (e.status = 'waiting' OR e.status = 'offered' AND e.offer_expires_at > p_now)
           AND e.doctor_id IS NOT DISTINCT FROM p_doctor
           AND e.specialty IS NOT DISTINCT FROM p_specialty
         ORDER BY e.joined_at, e.place LIMIT 1 FOR UPDATE;
        IF v_entry IS NULL THEN
            INSERT INTO waitlist_entries (clinic_id, id, patient_id, doctor_id, specialty,
                                          wanted_from, wanted_until, weekdays, local_from,
                                          local_until, joined_at, simulated)
            VALUES (p_clinic, p_id, p_patient, p_doctor, p_specialty, p_from, p_until, p_weekdays,
                    p_local_from, p_local_until, p_now, p_simulated);
        ELSE
            -- The place in line stays.
            UPDATE waitlist_entries e
               SET wanted_from = p_from, wanted_until = p_until, weekdays = p_weekdays,
                   local_from = p_local_from, local_until = p_local_until,
                   row_version = e.row_version + 1
             WHERE e.clinic_id = p_clinic AND e.id = v_entry;
        END IF;
        PERFORM record_change(p_clinic, p_now, p_principal, p_call, p_simulated,
            'waitlist.joined', 'waitlist', coalesce(v_entry, p_id),
            ARRAY['doctor_id', 'specialty', 'wanted_from', 'wanted_until', 'weekdays',
                  'local_from', 'local_until'],
            jsonb_build_object('patient', p_patient));
        v_answer := jsonb_build_object('entry', coalesce(v_entry, p_id),
                                       'known', v_entry IS NOT NULL);
    END IF;
    RETURN keep_answer(p_clinic, p_now, p_principal, 'join_waitlist', p_key, p_hash, v_answer);
END $$;

-- As in 0006, and the weekdays and times of day of a wish count.
CREATE OR REPLACE FUNCTION free_slot(p_clinic uuid, p_now timestamptz, p_principal text,
                                     p_call uuid, p_simulated boolean, p_slot uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    s booking_slots;
    c clinics;
    w waitlist_entries;
    v_hold uuid := gen_random_uuid();
    v_until timestamptz;
    v_local timestamp;
BEGIN
    SELECT * INTO STRICT s FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id = p_slot;
    SELECT * INTO STRICT c FROM clinics WHERE id = p_clinic;
    v_local := s.starts_at AT TIME ZONE c.time_zone;
    IF s.starts_at > p_now + make_interval(mins => c.min_lead_minutes) THEN
        SELECT * INTO w FROM waitlist_entries e
         WHERE e.clinic_id = p_clinic AND e.status = 'waiting'
           AND e.simulated = coalesce(p_simulated, false)
           AND s.starts_at >= e.wanted_from AND s.starts_at < e.wanted_until
           AND (e.weekdays >> (extract(isodow FROM v_local)::integer - 1)) & 1 = 1
           AND (e.local_from IS NULL OR v_local::time >= e.local_from)
           AND (e.local_until IS NULL OR v_local::time < e.local_until)
           AND (e.doctor_id IS NULL OR e.doctor_id = s.doctor_id)
           AND (e.specialty IS NULL OR EXISTS (SELECT FROM doctor_specialties d
                WHERE d.clinic_id = p_clinic AND d.doctor_id = s.doctor_id
                  AND d.specialty = e.specialty))
           AND NOT EXISTS (SELECT FROM appointments a
                WHERE a.clinic_id = p_clinic AND a.patient_id = e.patient_id
                  AND a.status NOT IN ('cancelled', 'no_show')
                  AND tstzrange(a.starts_at, a.ends_at) && tstzrange(s.starts_at, s.ends_at))
         ORDER BY e.joined_at, e.place LIMIT 1
           FOR UPDATE SKIP LOCKED;
    END IF;
    IF w.id IS NULL THEN
        UPDATE booking_slots b
           SET status = 'free', hold_id = NULL, hold_owner = NULL, held_since = NULL,
               held_until = NULL, row_version = b.row_version + 1
         WHERE b.clinic_id = p_clinic AND b.id = p_slot;
        RETURN;
    END IF;
    v_until := least(p_now + make_interval(mins => c.waitlist_offer_minutes), s.starts_at);
    UPDATE booking_slots b
       SET status = 'held', hold_id = v_hold, hold_owner = 'waitlist:' || w.id,
           held_since = p_now, held_until = v_until, row_version = b.row_version + 1
     WHERE b.clinic_id = p_clinic AND b.id = p_slot
    RETURNING b.row_version INTO s.row_version;
    UPDATE waitlist_entries e
       SET status = 'offered', offered_slot_id = p_slot, offered_hold_id = v_hold,
           offered_fence = s.row_version, offer_expires_at = v_until,
           row_version = e.row_version + 1
     WHERE e.clinic_id = p_clinic AND e.id = w.id;
    PERFORM record_change(p_clinic, p_now, p_principal, p_call, p_simulated, 'waitlist.offered',
        'waitlist', w.id, ARRAY['status', 'offered_slot_id'],
        jsonb_build_object('slot', p_slot, 'patient', w.patient_id, 'until', v_until));
END $$;
