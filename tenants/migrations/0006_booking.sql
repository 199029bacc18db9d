-- Booking. Every path is ONE function and one round trip: tenant, idempotency, claim, appointment,
-- outbox, audit. All are SECURITY INVOKER (the default), so row-level security holds inside, and
-- take the time as an argument. `claim_slot` is the only statement that takes a slot.
--
-- Order of locks, the same everywhere: idempotency key (try, no wait), clinic's schedule, patient,
-- slots by id, appointment, waitlist entry. So no two paths can wait for each other.
--
-- Answers are jsonb: {"appointment": …}, {"hold": …} or {"refused": "code"}. Conditions that need
-- the transaction undone are raised: FD001 with a refusal's code, FD002 "try again".

-- The kept answer of this key, a refusal, or NULL: go on. [IDEM-1]
CREATE FUNCTION answer_kept(p_clinic uuid, p_now timestamptz, p_principal text, p_operation text,
                            p_key text, p_hash bytea) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE kept record;
BEGIN
    IF p_key IS NULL THEN
        RETURN NULL;
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended(
            concat_ws(chr(31), p_clinic, p_principal, p_operation, p_key), 1)) THEN
        RETURN '{"refused": "in_progress"}';
    END IF;
    SELECT k.request_hash, k.answer INTO kept FROM idempotency_keys k
     WHERE k.clinic_id = p_clinic AND k.principal = p_principal AND k.operation = p_operation
       AND k.key = p_key AND k.expires_at > p_now;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF kept.request_hash <> p_hash THEN
        RETURN '{"refused": "key_reused"}';
    END IF;
    RETURN kept.answer || '{"replayed": true}';
END $$;

CREATE FUNCTION keep_answer(p_clinic uuid, p_now timestamptz, p_principal text, p_operation text,
                            p_key text, p_hash bytea, p_answer jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    IF p_key IS NOT NULL THEN
        -- A conflict is a row past its expiry.
        INSERT INTO idempotency_keys AS k
               (clinic_id, principal, operation, key, request_hash, answer, expires_at)
        VALUES (p_clinic, p_principal, p_operation, p_key, p_hash, p_answer,
                p_now + interval '24 hours')
        ON CONFLICT (clinic_id, principal, operation, key) DO UPDATE
           SET request_hash = excluded.request_hash, answer = excluded.answer,
               expires_at = excluded.expires_at;
    END IF;
    RETURN p_answer;
END $$;

-- One event and one audit row per change. [EVT-1] [AUD-1]
CREATE FUNCTION record_change(p_clinic uuid, p_now timestamptz, p_principal text, p_call uuid,
                              p_simulated boolean, p_event text, p_entity text, p_id uuid,
                              p_fields text[], p_payload jsonb, p_reason text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (clinic_id, aggregate_type, aggregate_id, event_type, payload, occurred_at,
                        simulated)
    VALUES (p_clinic, p_entity, p_id, p_event, p_payload, p_now, coalesce(p_simulated, false));
    INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, fields,
                           reason, call_id)
    VALUES (p_clinic, p_now, p_principal, p_event, p_entity, p_id, p_fields, p_reason, p_call);
END $$;

-- Serializes what is booked or moved for one patient [BOOK-2]. A lock instead of relying on the
-- exclusion constraint: waiting inside that one deadlocks.
CREATE FUNCTION lock_patient(p_clinic uuid, p_patient uuid) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(p_clinic::text || p_patient::text, 2))
$$;

-- Serializes what makes or withdraws many slots of a clinic.
CREATE FUNCTION lock_schedule(p_clinic uuid) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(p_clinic::text, 3))
$$;

-- Takes a slot for `p_owner`: to 'held' or to 'booked'. NULL refusal: it is taken, and `fence` is the
-- slot's new version. The one conditional UPDATE serializes all takers of a slot; the expiry of a
-- hold is judged here and nowhere else [BOOK-1] [HOLD-1].
CREATE FUNCTION claim_slot(p_clinic uuid, p_now timestamptz, p_slot uuid, p_owner text,
                           p_hold uuid, p_fence bigint, p_earliest timestamptz,
                           p_latest timestamptz, p_override boolean, p_to text,
                           p_new_hold uuid, p_until timestamptz,
                           OUT refusal text, OUT fence bigint)
LANGUAGE plpgsql AS $$
DECLARE s booking_slots;
BEGIN
    UPDATE booking_slots b
       SET status = p_to,
           hold_id = p_new_hold,
           hold_owner = CASE WHEN p_to = 'held' THEN p_owner END,
           held_since = CASE WHEN p_to = 'held' THEN p_now END,
           held_until = CASE WHEN p_to = 'held' THEN p_until END,
           row_version = b.row_version + 1
     WHERE b.clinic_id = p_clinic AND b.id = p_slot
       AND ((b.status = 'free' AND b.starts_at BETWEEN p_earliest AND p_latest)
         OR (b.status = 'held' AND b.held_until <= p_now
             AND b.starts_at BETWEEN p_earliest AND p_latest)
         -- One's own hold: the lead time was judged when it was placed. Who names the hold must also
         -- name its version, so that a call taken over elsewhere cannot be confirmed twice [HOLD-2].
         OR (b.status = 'held' AND b.starts_at > p_now
             AND (b.hold_id = p_hold AND b.row_version = p_fence
                  OR p_hold IS NULL AND b.hold_owner = p_owner))
         OR (p_override AND b.status IN ('held', 'blocked') AND b.ends_at > p_now))
    RETURNING b.row_version INTO fence;
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO s FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id = p_slot;
    refusal := CASE
        WHEN s.id IS NULL THEN 'slot_unknown'
        WHEN s.status = 'booked' THEN 'slot_taken'
        WHEN s.status IN ('removed', 'blocked') THEN 'slot_unavailable'
        WHEN s.status = 'held' AND s.held_until > p_now AND p_hold IS NOT NULL THEN 'hold_lost'
        WHEN s.status = 'held' AND s.held_until > p_now THEN 'slot_held'
        WHEN s.starts_at < p_earliest THEN 'too_soon'
        WHEN s.starts_at > p_latest THEN 'too_far'
        ELSE 'slot_taken'
    END;
END $$;

-- Gives a slot back, whose row the caller has locked: to the first who waits for it, else to all.
-- [WAIT-1]
CREATE FUNCTION free_slot(p_clinic uuid, p_now timestamptz, p_principal text, p_call uuid,
                          p_simulated boolean, p_slot uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    s booking_slots;
    c clinics;
    w waitlist_entries;
    v_hold uuid := gen_random_uuid();
    v_until timestamptz;
BEGIN
    SELECT * INTO STRICT s FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id = p_slot;
    SELECT * INTO STRICT c FROM clinics WHERE id = p_clinic;
    IF s.starts_at > p_now + make_interval(mins => c.min_lead_minutes) THEN
        SELECT * INTO w FROM waitlist_entries e
         WHERE e.clinic_id = p_clinic AND e.status = 'waiting'
           AND e.simulated = coalesce(p_simulated, false)
           AND s.starts_at >= e.wanted_from AND s.starts_at < e.wanted_until
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

CREATE FUNCTION appointment_json(a appointments) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', a.id, 'slot', a.slot_id, 'doctor', a.doctor_id,
        'patient', a.patient_id, 'starts_at', a.starts_at, 'ends_at', a.ends_at,
        'visit_type', a.visit_type, 'status', a.status, 'reference', a.reference,
        'payment_deadline', a.payment_deadline, 'version', a.row_version)
$$;

-- What every path to a booked appointment shares, once idempotency is settled.
CREATE FUNCTION book_slot(p_clinic uuid, p_now timestamptz, p_principal text, p_slot uuid,
                          p_patient uuid, p_appointment uuid, p_references text[], p_hold uuid,
                          p_fence bigint, p_call uuid, p_simulated boolean, p_override text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    c clinics;
    s booking_slots;
    a appointments;
    claim record;
BEGIN
    SELECT * INTO c FROM clinics WHERE id = p_clinic;
    IF c.active IS NOT TRUE THEN
        RETURN '{"refused": "clinic_inactive"}';
    END IF;
    PERFORM lock_patient(p_clinic, p_patient);
    IF NOT EXISTS (SELECT FROM patient_records r WHERE r.clinic_id = p_clinic
                      AND r.patient_id = p_patient AND r.erased_at IS NULL) THEN
        RETURN '{"refused": "patient_unknown"}';
    END IF;
    -- A look without a lock: the many who come too late for a slot do not queue for its row.
    SELECT * INTO s FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id = p_slot;
    IF s.id IS NULL THEN
        RETURN '{"refused": "slot_unknown"}';
    ELSIF s.status = 'booked' THEN
        RETURN '{"refused": "slot_taken"}';
    ELSIF EXISTS (SELECT FROM appointments x WHERE x.clinic_id = p_clinic
                     AND x.patient_id = p_patient AND x.status NOT IN ('cancelled', 'no_show')
                     AND tstzrange(x.starts_at, x.ends_at) && tstzrange(s.starts_at, s.ends_at)) THEN
        RETURN '{"refused": "patient_busy"}';
    END IF;
    SELECT * INTO claim FROM claim_slot(p_clinic, p_now, p_slot, p_principal, p_hold, p_fence,
        CASE WHEN p_override IS NULL THEN p_now + make_interval(mins => c.min_lead_minutes)
             ELSE p_now - (s.ends_at - s.starts_at) END,
        CASE WHEN p_override IS NULL THEN p_now + make_interval(days => c.booking_window_days)
             ELSE 'infinity' END,
        p_override IS NOT NULL, 'booked', NULL, NULL);
    IF claim.refusal IS NOT NULL THEN
        RETURN jsonb_build_object('refused', claim.refusal);
    END IF;
    -- ON CONFLICT, because waiting in a plain INSERT under an exclusion constraint deadlocks.
    INSERT INTO appointments (clinic_id, id, slot_id, doctor_id, patient_id, starts_at, ends_at,
                              visit_type, status, reference, payment_deadline, booked_by,
                              booked_in_call, simulated)
    SELECT p_clinic, p_appointment, p_slot, s.doctor_id, p_patient, s.starts_at, s.ends_at,
           s.visit_type, CASE WHEN c.prepayment THEN 'scheduled' ELSE 'confirmed' END, r,
           CASE WHEN c.prepayment THEN
               least(p_now + make_interval(mins => c.payment_minutes), s.starts_at) END,
           p_principal, p_call, coalesce(p_simulated, false)
      FROM unnest(p_references) r
     WHERE NOT EXISTS (SELECT FROM appointments x WHERE x.clinic_id = p_clinic AND x.reference = r)
     LIMIT 1
    ON CONFLICT DO NOTHING
    RETURNING * INTO a;
    IF a.id IS NULL THEN
        -- The index decided, or all references are in use. Nothing of this may stay.
        IF EXISTS (SELECT FROM appointments x WHERE x.clinic_id = p_clinic AND x.slot_id = p_slot
                      AND x.status NOT IN ('cancelled', 'no_show')) THEN
            RAISE EXCEPTION 'slot_taken' USING ERRCODE = 'FD001';
        END IF;
        RAISE EXCEPTION 'no reference was free' USING ERRCODE = 'FD002';
    END IF;
    PERFORM record_change(p_clinic, p_now, p_principal, p_call, p_simulated,
        'appointment.created', 'appointment', a.id,
        ARRAY['slot_id', 'patient_id', 'status', 'reference'],
        jsonb_build_object('slot', a.slot_id, 'doctor', a.doctor_id, 'patient', a.patient_id,
            'starts_at', a.starts_at, 'status', a.status, 'call', p_call), p_override);
    RETURN jsonb_build_object('appointment', appointment_json(a));
END $$;

-- Path: book a given slot (from an offer, with or without a hold; staff with a reason).
CREATE FUNCTION book_appointment(p_clinic uuid, p_now timestamptz, p_principal text, p_key text,
                                 p_hash bytea, p_slot uuid, p_patient uuid, p_appointment uuid,
                                 p_references text[], p_hold uuid, p_fence bigint, p_call uuid,
                                 p_simulated boolean, p_override text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v_answer jsonb;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    v_answer := answer_kept(p_clinic, p_now, p_principal, 'book', p_key, p_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    v_answer := book_slot(p_clinic, p_now, p_principal, p_slot, p_patient, p_appointment,
                          p_references, p_hold, p_fence, p_call, p_simulated, p_override);
    RETURN keep_answer(p_clinic, p_now, p_principal, 'book', p_key, p_hash, v_answer);
END $$;

-- Free slots by start. A hold of `p_owner` counts as free: the holder sees it as theirs.
CREATE FUNCTION free_slots(p_clinic uuid, p_now timestamptz, p_owner text, p_doctor uuid,
                           p_specialty text, p_from timestamptz, p_until timestamptz,
                           p_local_from time, p_local_until time, p_visit_type text,
                           p_limit integer)
RETURNS TABLE (slot_id uuid, doctor_id uuid, doctor_name text, specialty text,
               starts_at timestamptz, ends_at timestamptz, visit_type text, time_zone text,
               held_by_me boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE c clinics;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    SELECT * INTO c FROM clinics WHERE id = p_clinic AND active;
    IF c.id IS NULL THEN
        RETURN;
    END IF;
    p_from := greatest(p_from, p_now + make_interval(mins => c.min_lead_minutes));
    p_until := least(p_until, p_now + make_interval(days => c.booking_window_days));
    RETURN QUERY
    SELECT s.id, d.id, d.name, sp.specialty, s.starts_at, s.ends_at, s.visit_type, c.time_zone,
           s.status = 'held' AND s.hold_owner = p_owner
      FROM doctors d
     CROSS JOIN LATERAL (
        SELECT x.specialty FROM doctor_specialties x
         WHERE x.clinic_id = p_clinic AND x.doctor_id = d.id
           AND (p_specialty IS NULL OR x.specialty = p_specialty)
         ORDER BY x.rank, x.specialty LIMIT 1) sp
     CROSS JOIN LATERAL (
        SELECT b.id, b.starts_at, b.ends_at, b.visit_type, b.status, b.hold_owner
          FROM booking_slots b
         WHERE b.clinic_id = p_clinic AND b.doctor_id = d.id
           AND b.starts_at >= p_from AND b.starts_at <= p_until
           AND (b.status = 'free'
                OR (b.status = 'held' AND (b.held_until <= p_now OR b.hold_owner = p_owner)))
           AND (p_visit_type IS NULL OR b.visit_type = p_visit_type)
           AND (p_local_from IS NULL
                OR (b.starts_at AT TIME ZONE c.time_zone)::time >= p_local_from)
           AND (p_local_until IS NULL
                OR (b.starts_at AT TIME ZONE c.time_zone)::time < p_local_until)
         ORDER BY b.starts_at LIMIT p_limit) s
     WHERE d.clinic_id = p_clinic AND d.active AND (p_doctor IS NULL OR d.id = p_doctor)
     ORDER BY s.starts_at, d.id
     LIMIT p_limit;
END $$;

-- Path: book whoever is free, right specialty, earliest, then least loaded on that day. Who loses
-- the race for a doctor gets the next doctor or time. A slot that somebody is just taking is passed
-- over; if none else is left, FD002: the caller tries again, once that somebody is done.
CREATE FUNCTION book_assigned(p_clinic uuid, p_now timestamptz, p_principal text, p_key text,
                              p_hash bytea, p_doctor uuid, p_specialty text, p_from timestamptz,
                              p_until timestamptz, p_visit_type text, p_patient uuid,
                              p_appointment uuid, p_references text[], p_call uuid,
                              p_simulated boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb;
    v_slot record;
    v_passed_over boolean := false;
    v_zone text;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    v_answer := answer_kept(p_clinic, p_now, p_principal, 'book_assigned', p_key, p_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    SELECT time_zone INTO v_zone FROM clinics WHERE id = p_clinic;
    -- Before any slot: the order of locks.
    PERFORM lock_patient(p_clinic, p_patient);
    FOR v_slot IN
        SELECT f.slot_id FROM free_slots(p_clinic, p_now, p_principal, p_doctor, p_specialty,
                                         p_from, p_until, NULL, NULL, p_visit_type, 64) f
         ORDER BY f.starts_at,
                  (SELECT count(*) FROM appointments a
                    WHERE a.clinic_id = p_clinic AND a.doctor_id = f.doctor_id
                      AND a.status NOT IN ('cancelled', 'no_show')
                      AND a.starts_at >= date_trunc('day', f.starts_at, v_zone)
                      AND a.starts_at < date_trunc('day', f.starts_at, v_zone) + interval '1 day'),
                  f.doctor_id
    LOOP
        PERFORM FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id = v_slot.slot_id
            FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            v_passed_over := true;
            CONTINUE;
        END IF;
        v_answer := book_slot(p_clinic, p_now, p_principal, v_slot.slot_id, p_patient,
                              p_appointment, p_references, NULL, NULL, p_call, p_simulated, NULL);
        EXIT WHEN v_answer ? 'appointment'
               OR v_answer ->> 'refused' IN ('patient_unknown', 'clinic_inactive');
    END LOOP;
    IF v_answer IS NULL OR v_answer ->> 'refused' NOT IN ('patient_unknown', 'clinic_inactive') THEN
        IF v_passed_over THEN
            RAISE EXCEPTION 'free slots are being taken' USING ERRCODE = 'FD002';
        END IF;
        -- The patient's own other appointment is a reason of its own.
        IF v_answer ->> 'refused' IS DISTINCT FROM 'patient_busy' THEN
            v_answer := '{"refused": "no_free_slot"}';
        END IF;
    END IF;
    RETURN keep_answer(p_clinic, p_now, p_principal, 'book_assigned', p_key, p_hash, v_answer);
END $$;

-- Path: hold a slot when the caller chooses it, or renew one's own hold. `p_release` is the slot
-- that was held for the choice before.
CREATE FUNCTION hold_slot(p_clinic uuid, p_now timestamptz, p_owner text, p_slot uuid,
                          p_hold uuid, p_until timestamptz, p_release uuid, p_call uuid,
                          p_simulated boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    c clinics;
    s booking_slots;
    claim record;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    SELECT * INTO c FROM clinics WHERE id = p_clinic AND active;
    IF c.id IS NULL THEN
        RETURN '{"refused": "clinic_inactive"}';
    END IF;
    IF p_release IS NOT NULL THEN
        PERFORM FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id IN (p_slot, p_release)
          ORDER BY b.id FOR NO KEY UPDATE;
    END IF;
    -- Renewal: same hold, new fence, and at most ten minutes in all [HOLD-3].
    UPDATE booking_slots b
       SET held_until = least(p_until, b.held_since + interval '10 minutes'),
           row_version = b.row_version + 1
     WHERE b.clinic_id = p_clinic AND b.id = p_slot AND b.status = 'held'
       AND b.hold_owner = p_owner AND b.held_until > p_now
       AND b.held_since + interval '10 minutes' > p_now
    RETURNING * INTO s;
    IF s.id IS NULL THEN
        SELECT * INTO claim FROM claim_slot(p_clinic, p_now, p_slot, p_owner, NULL, NULL,
            p_now + make_interval(mins => c.min_lead_minutes),
            p_now + make_interval(days => c.booking_window_days), false, 'held', p_hold,
            least(p_until, p_now + interval '10 minutes'));
        IF claim.refusal IS NOT NULL THEN
            RETURN jsonb_build_object('refused', claim.refusal);
        END IF;
        SELECT * INTO s FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id = p_slot;
        PERFORM record_change(p_clinic, p_now, p_owner, p_call, p_simulated, 'appointment.held',
            'slot', p_slot, ARRAY['status', 'hold_id'],
            jsonb_build_object('slot', p_slot, 'hold', p_hold, 'until', s.held_until));
    END IF;
    IF p_release IS NOT NULL AND p_release <> p_slot THEN
        UPDATE booking_slots b
           SET status = 'free', hold_id = NULL, hold_owner = NULL, held_since = NULL,
               held_until = NULL, row_version = b.row_version + 1
         WHERE b.clinic_id = p_clinic AND b.id = p_release AND b.status = 'held'
           AND b.hold_owner = p_owner;
    END IF;
    RETURN jsonb_build_object('hold', jsonb_build_object('id', s.hold_id, 'slot', s.id,
        'fence', s.row_version, 'until', s.held_until));
END $$;

-- Path: give a hold back; false if it was no longer there.
CREATE FUNCTION release_hold(p_clinic uuid, p_slot uuid, p_hold uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    UPDATE booking_slots b
       SET status = 'free', hold_id = NULL, hold_owner = NULL, held_since = NULL,
           held_until = NULL, row_version = b.row_version + 1
     WHERE b.clinic_id = p_clinic AND b.id = p_slot AND b.status = 'held' AND b.hold_id = p_hold;
    RETURN FOUND;
END $$;

-- Path: move an appointment. The new slot is taken and the old one freed, or nothing [BOOK-7].
CREATE FUNCTION reschedule_appointment(p_clinic uuid, p_now timestamptz, p_principal text,
                                       p_key text, p_hash bytea, p_appointment uuid,
                                       p_patient uuid, p_version bigint, p_slot uuid, p_hold uuid,
                                       p_fence bigint, p_call uuid, p_simulated boolean,
                                       p_override text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb;
    c clinics;
    a appointments;
    s booking_slots;
    v_old uuid;
    claim record;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    v_answer := answer_kept(p_clinic, p_now, p_principal, 'reschedule', p_key, p_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    SELECT * INTO c FROM clinics WHERE id = p_clinic;
    SELECT * INTO a FROM appointments x WHERE x.clinic_id = p_clinic AND x.id = p_appointment
       AND (p_patient IS NULL OR x.patient_id = p_patient);
    IF a.id IS NOT NULL THEN
        v_old := a.slot_id;
        PERFORM lock_patient(p_clinic, a.patient_id);
        PERFORM FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id IN (v_old, p_slot)
          ORDER BY b.id FOR NO KEY UPDATE;
        SELECT * INTO a FROM appointments x WHERE x.clinic_id = p_clinic AND x.id = p_appointment
           FOR NO KEY UPDATE;
        IF a.slot_id <> v_old THEN
            RAISE EXCEPTION 'the appointment moved meanwhile' USING ERRCODE = 'FD002';
        END IF;
    END IF;
    SELECT * INTO s FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id = p_slot;
    v_answer := jsonb_build_object('refused', CASE
        WHEN c.active IS NOT TRUE THEN 'clinic_inactive'
        WHEN a.id IS NULL THEN 'appointment_unknown'
        WHEN p_version IS NOT NULL AND p_version <> a.row_version THEN 'version_mismatch'
        WHEN a.status NOT IN ('scheduled', 'confirmed') THEN 'wrong_status'
        WHEN p_override IS NULL AND a.booked_in_call IS DISTINCT FROM p_call
             AND a.starts_at < p_now + make_interval(mins => c.cancel_notice_minutes)
            THEN 'too_late'
        WHEN p_override IS NULL AND a.starts_at <= p_now THEN 'too_late'
        WHEN s.id IS NULL THEN 'slot_unknown'
        WHEN p_slot = v_old THEN 'slot_same'
        WHEN EXISTS (SELECT FROM appointments x WHERE x.clinic_id = p_clinic
                        AND x.patient_id = a.patient_id AND x.id <> a.id
                        AND x.status NOT IN ('cancelled', 'no_show')
                        AND tstzrange(x.starts_at, x.ends_at) && tstzrange(s.starts_at, s.ends_at))
            THEN 'patient_busy'
    END);
    IF v_answer ->> 'refused' IS NULL THEN
        SELECT * INTO claim FROM claim_slot(p_clinic, p_now, p_slot, p_principal, p_hold, p_fence,
            CASE WHEN p_override IS NULL THEN p_now + make_interval(mins => c.min_lead_minutes)
                 ELSE p_now - (s.ends_at - s.starts_at) END,
            CASE WHEN p_override IS NULL THEN p_now + make_interval(days => c.booking_window_days)
                 ELSE 'infinity' END,
            p_override IS NOT NULL, 'booked', NULL, NULL);
        v_answer := jsonb_build_object('refused', claim.refusal);
    END IF;
    IF v_answer ->> 'refused' IS NULL THEN
        UPDATE appointments x
           SET slot_id = s.id, doctor_id = s.doctor_id, starts_at = s.starts_at,
               ends_at = s.ends_at, visit_type = s.visit_type,
               booked_in_call = coalesce(p_call, x.booked_in_call),
               payment_deadline = CASE WHEN x.payment_deadline IS NOT NULL
                   THEN least(x.payment_deadline, s.starts_at) END,
               row_version = x.row_version + 1
         WHERE x.clinic_id = p_clinic AND x.id = p_appointment
        RETURNING * INTO a;
        PERFORM free_slot(p_clinic, p_now, p_principal, p_call, p_simulated, v_old);
        PERFORM record_change(p_clinic, p_now, p_principal, p_call, p_simulated,
            'appointment.rescheduled', 'appointment', a.id, ARRAY['slot_id', 'starts_at'],
            jsonb_build_object('slot', a.slot_id, 'from_slot', v_old, 'doctor', a.doctor_id,
                'patient', a.patient_id, 'starts_at', a.starts_at, 'call', p_call), p_override);
        v_answer := jsonb_build_object('appointment', appointment_json(a));
    END IF;
    RETURN keep_answer(p_clinic, p_now, p_principal, 'reschedule', p_key, p_hash, v_answer);
END $$;

-- Path: move an appointment along its life: cancel, confirm (paid), check in, complete, no-show.
-- Cancel and no-show free the slot and keep the row.
CREATE FUNCTION change_status(p_clinic uuid, p_now timestamptz, p_principal text, p_key text,
                              p_hash bytea, p_appointment uuid, p_patient uuid, p_version bigint,
                              p_to text, p_cancel_reason text, p_call uuid, p_simulated boolean,
                              p_override text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb;
    v_operation text := 'status:' || p_to;
    v_slot uuid;
    c clinics;
    a appointments;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    v_answer := answer_kept(p_clinic, p_now, p_principal, v_operation, p_key, p_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    SELECT * INTO c FROM clinics WHERE id = p_clinic;
    SELECT x.slot_id INTO v_slot FROM appointments x
     WHERE x.clinic_id = p_clinic AND x.id = p_appointment
       AND (p_patient IS NULL OR x.patient_id = p_patient);
    IF v_slot IS NOT NULL THEN
        PERFORM FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id = v_slot
            FOR NO KEY UPDATE;
        SELECT * INTO a FROM appointments x WHERE x.clinic_id = p_clinic AND x.id = p_appointment
           FOR NO KEY UPDATE;
        IF a.slot_id <> v_slot THEN
            RAISE EXCEPTION 'the appointment moved meanwhile' USING ERRCODE = 'FD002';
        END IF;
    END IF;
    v_answer := jsonb_build_object('refused', CASE
        WHEN a.id IS NULL THEN 'appointment_unknown'
        WHEN p_version IS NOT NULL AND p_version <> a.row_version THEN 'version_mismatch'
        WHEN NOT EXISTS (SELECT FROM appointment_moves m
                          WHERE m.from_status = a.status AND m.to_status = p_to)
            THEN 'wrong_status'
        WHEN p_to = 'cancelled' AND p_override IS NULL
             AND p_cancel_reason NOT IN ('unpaid', 'clinic_change')
             AND (a.starts_at <= p_now
                  OR a.booked_in_call IS DISTINCT FROM p_call
                     AND a.starts_at < p_now + make_interval(mins => c.cancel_notice_minutes))
            THEN 'too_late'
        WHEN p_to = 'no_show' AND a.starts_at > p_now THEN 'too_soon'
    END);
    IF v_answer ->> 'refused' IS NULL THEN
        UPDATE appointments x
           SET status = p_to, payment_deadline = NULL, cancel_reason = p_cancel_reason,
               cancelled_by = CASE WHEN p_to = 'cancelled' THEN p_principal END,
               row_version = x.row_version + 1
         WHERE x.clinic_id = p_clinic AND x.id = p_appointment
        RETURNING * INTO a;
        IF p_to IN ('cancelled', 'no_show') THEN
            PERFORM free_slot(p_clinic, p_now, p_principal, p_call, p_simulated, v_slot);
        END IF;
        PERFORM record_change(p_clinic, p_now, p_principal, p_call, p_simulated,
            'appointment.' || p_to, 'appointment', a.id, ARRAY['status'],
            jsonb_build_object('slot', a.slot_id, 'doctor', a.doctor_id, 'patient', a.patient_id,
                'starts_at', a.starts_at, 'reason', p_cancel_reason, 'call', p_call), p_override);
        v_answer := jsonb_build_object('appointment', appointment_json(a));
    END IF;
    RETURN keep_answer(p_clinic, p_now, p_principal, v_operation, p_key, p_hash, v_answer);
END $$;

-- One slot as it stands at `p_now`: an expired hold is none. `owner` holds it or booked it.
CREATE FUNCTION slot_state(p_clinic uuid, p_now timestamptz, p_slot uuid)
RETURNS TABLE (status text, owner text, held_until timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    RETURN QUERY
    SELECT CASE WHEN b.status = 'held' AND b.held_until <= p_now THEN 'free' ELSE b.status END,
           coalesce(b.hold_owner, a.booked_by), b.held_until
      FROM booking_slots b
      LEFT JOIN appointments a ON a.clinic_id = p_clinic AND a.slot_id = b.id
           AND a.status NOT IN ('cancelled', 'no_show')
     WHERE b.clinic_id = p_clinic AND b.id = p_slot;
END $$;

-- Jobs, per clinic. They leave rows of simulated calls alone.
CREATE FUNCTION unpaid_appointments(p_clinic uuid, p_now timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    RETURN QUERY
    SELECT a.id FROM appointments a
     WHERE a.clinic_id = p_clinic AND a.status = 'scheduled' AND a.payment_deadline <= p_now
       AND NOT a.simulated
     ORDER BY a.payment_deadline;
END $$;

CREATE FUNCTION sweep_holds(p_clinic uuid, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE v_swept integer;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    WITH due AS (
        SELECT b.id FROM booking_slots b
         WHERE b.clinic_id = p_clinic AND b.status = 'held' AND b.held_until <= p_now
           AND b.hold_owner NOT LIKE 'waitlist:%'
         ORDER BY b.id FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE booking_slots b
       SET status = 'free', hold_id = NULL, hold_owner = NULL, held_since = NULL,
           held_until = NULL, row_version = b.row_version + 1
      FROM due WHERE b.clinic_id = p_clinic AND b.id = due.id;
    GET DIAGNOSTICS v_swept = ROW_COUNT;
    RETURN v_swept;
END $$;
