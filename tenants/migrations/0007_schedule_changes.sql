-- Making and withdrawing slots. The grid (which local times exist) is computed outside, where the
-- rules of daylight saving are tested; here it becomes rows.

-- Path: generation. Idempotent; raises what the schedule itself withdrew and never what staff
-- removed [SLOT-4]; leaves alone what overlaps [SLOT-3]. Returns how many slots came to be free.
CREATE FUNCTION generate_slots(p_clinic uuid, p_now timestamptz, p_principal text, p_ids uuid[],
                               p_doctors uuid[], p_starts timestamptz[], p_ends timestamptz[],
                               p_blocked timestamptz[], p_types text[], p_templates uuid[])
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_made integer;
    v_raised integer;
    v_doctor uuid;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    PERFORM lock_schedule(p_clinic);
    CREATE TEMP TABLE IF NOT EXISTS generation_grid (
        id uuid, doctor_id uuid, starts_at timestamptz, ends_at timestamptz,
        blocked_until timestamptz, visit_type text, template_id uuid) ON COMMIT DROP;
    TRUNCATE generation_grid;
    -- Templates, doctors and exceptions are read again under the lock: one may have changed since
    -- the grid was computed.
    INSERT INTO generation_grid
    SELECT g.* FROM unnest(p_ids, p_doctors, p_starts, p_ends, p_blocked, p_types, p_templates)
                 AS g (id, doctor_id, starts_at, ends_at, blocked_until, visit_type, template_id)
      JOIN doctors d ON d.clinic_id = p_clinic AND d.id = g.doctor_id AND d.active
      JOIN doctor_slot_templates t ON t.clinic_id = p_clinic AND t.id = g.template_id AND t.active
     WHERE g.starts_at > p_now
       AND NOT EXISTS (SELECT FROM availability_exceptions x
            WHERE x.clinic_id = p_clinic AND x.revoked_at IS NULL
              AND (x.doctor_id IS NULL OR x.doctor_id = g.doctor_id)
              AND x.starts_at < g.ends_at AND x.ends_at > g.starts_at);
    UPDATE booking_slots b
       SET status = 'free', removal = NULL, row_version = b.row_version + 1
      FROM generation_grid g
     WHERE b.clinic_id = p_clinic AND b.doctor_id = g.doctor_id AND b.starts_at = g.starts_at
       AND b.removal = 'schedule' AND b.ends_at = g.ends_at
       AND b.blocked_until = g.blocked_until
       AND NOT EXISTS (SELECT FROM booking_slots o
            WHERE o.clinic_id = p_clinic AND o.doctor_id = b.doctor_id AND NOT o.removed
              AND tstzrange(o.starts_at, o.blocked_until)
                  && tstzrange(b.starts_at, b.blocked_until));
    GET DIAGNOSTICS v_raised = ROW_COUNT;
    WITH made AS (
        INSERT INTO booking_slots (clinic_id, id, doctor_id, starts_at, ends_at, blocked_until,
                                   visit_type, template_id)
        SELECT p_clinic, g.id, g.doctor_id, g.starts_at, g.ends_at, g.blocked_until, g.visit_type,
               g.template_id
          FROM generation_grid g ORDER BY g.doctor_id, g.starts_at
        ON CONFLICT DO NOTHING
        RETURNING 1)
    SELECT count(*) INTO v_made FROM made;
    IF v_made + v_raised > 0 THEN
        FOR v_doctor IN SELECT DISTINCT g.doctor_id FROM generation_grid g ORDER BY 1 LOOP
            PERFORM record_change(p_clinic, p_now, p_principal, NULL, false,
                'doctor.availability_updated', 'doctor', v_doctor, ARRAY['slots'], '{}');
        END LOOP;
    END IF;
    RETURN v_made + v_raised;
END $$;

-- What a withdrawal would meet: the slots of a doctor (or of all) that touch the range and are not
-- among those to keep. `p_slots` narrows it to these.
CREATE FUNCTION slots_in_the_way(p_clinic uuid, p_now timestamptz, p_doctor uuid,
                                 p_from timestamptz, p_until timestamptz, p_slots uuid[],
                                 p_keep_starts timestamptz[], p_keep_ends timestamptz[])
RETURNS SETOF booking_slots LANGUAGE sql STABLE AS $$
    SELECT b.* FROM booking_slots b
     WHERE b.clinic_id = p_clinic AND b.status <> 'removed'
       AND b.starts_at > p_now AND b.starts_at < p_until AND b.ends_at > p_from
       AND (p_doctor IS NULL OR b.doctor_id = p_doctor)
       AND (p_slots IS NULL OR b.id = ANY (p_slots))
       AND NOT EXISTS (SELECT FROM unnest(p_keep_starts, p_keep_ends) AS k (starts_at, ends_at)
                        WHERE k.starts_at = b.starts_at AND k.ends_at = b.ends_at)
$$;

CREATE FUNCTION preview_withdrawal(p_clinic uuid, p_now timestamptz, p_doctor uuid,
                                   p_from timestamptz, p_until timestamptz, p_slots uuid[],
                                   p_keep_starts timestamptz[], p_keep_ends timestamptz[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v_answer jsonb;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    SELECT jsonb_build_object(
               'lost', count(*) FILTER (WHERE s.status <> 'booked'),
               'orphaned', coalesce(jsonb_agg(appointment_json(a) ORDER BY a.starts_at, a.id)
                                    FILTER (WHERE a.id IS NOT NULL), '[]'))
      INTO v_answer
      FROM slots_in_the_way(p_clinic, p_now, p_doctor, p_from, p_until, p_slots, p_keep_starts,
                            p_keep_ends) s
      LEFT JOIN appointments a ON a.clinic_id = p_clinic AND a.slot_id = s.id
           AND a.status NOT IN ('cancelled', 'no_show');
    RETURN v_answer;
END $$;

-- Path: take slots away (sudden change of the schedule, a slot removed by staff, a doctor who
-- leaves). Booked ones stop it, unless `p_rebook`: then each appointment is cancelled, the nearest
-- free slots of the same specialty are named as alternatives, and the event carries both, all in
-- this transaction [SLOT-5]. `p_to` is 'removed' or 'blocked'.
CREATE FUNCTION withdraw_slots(p_clinic uuid, p_now timestamptz, p_principal text, p_doctor uuid,
                               p_from timestamptz, p_until timestamptz, p_slots uuid[],
                               p_keep_starts timestamptz[], p_keep_ends timestamptz[],
                               p_rebook boolean, p_to text, p_removal text, p_reason text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_ids uuid[];
    v_orphans jsonb := '[]';
    v_rebooked jsonb := '[]';
    v_alternatives jsonb;
    v_lost integer;
    a appointments;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    PERFORM lock_schedule(p_clinic);
    SELECT array_agg(s.id ORDER BY s.id) INTO v_ids
      FROM slots_in_the_way(p_clinic, p_now, p_doctor, p_from, p_until, p_slots, p_keep_starts,
                            p_keep_ends) s;
    PERFORM FROM booking_slots b WHERE b.clinic_id = p_clinic AND b.id = ANY (v_ids)
      ORDER BY b.id FOR NO KEY UPDATE;
    FOR a IN
        SELECT x.* FROM appointments x
         WHERE x.clinic_id = p_clinic AND x.slot_id = ANY (v_ids)
           AND x.status NOT IN ('cancelled', 'no_show')
         ORDER BY x.starts_at, x.id FOR NO KEY UPDATE
    LOOP
        IF NOT p_rebook OR a.status IN ('checked_in', 'completed') THEN
            v_orphans := v_orphans || appointment_json(a);
            CONTINUE;
        END IF;
        UPDATE appointments x
           SET status = 'cancelled', cancel_reason = 'clinic_change', cancelled_by = p_principal,
               payment_deadline = NULL, row_version = x.row_version + 1
         WHERE x.clinic_id = p_clinic AND x.id = a.id
        RETURNING * INTO a;
        SELECT coalesce(jsonb_agg(jsonb_build_object('slot', f.slot_id, 'doctor', f.doctor_id,
                   'starts_at', f.starts_at) ORDER BY f.starts_at), '[]')
          INTO v_alternatives
          FROM (SELECT f.slot_id, f.doctor_id, f.starts_at
                  FROM doctor_specialties d,
                       free_slots(p_clinic, p_now, NULL, NULL, d.specialty, p_now, NULL, NULL,
                                  NULL, a.visit_type, 512) f
                 WHERE d.clinic_id = p_clinic AND d.doctor_id = a.doctor_id
                   AND f.slot_id <> ALL (v_ids)
                 ORDER BY abs(extract(epoch FROM f.starts_at - a.starts_at)), f.slot_id
                 LIMIT 3) f;
        PERFORM record_change(p_clinic, p_now, p_principal, NULL, a.simulated,
            'appointment.cancelled', 'appointment', a.id, ARRAY['status'],
            jsonb_build_object('slot', a.slot_id, 'doctor', a.doctor_id, 'patient', a.patient_id,
                'starts_at', a.starts_at, 'reason', 'clinic_change', 'rebook', true,
                'alternatives', v_alternatives), p_reason);
        v_rebooked := v_rebooked || jsonb_build_object('appointment', appointment_json(a),
            'alternatives', v_alternatives);
    END LOOP;
    IF v_orphans <> '[]' THEN
        IF v_rebooked <> '[]' THEN
            RAISE EXCEPTION 'appointments_in_the_way' USING ERRCODE = 'FD001';
        END IF;
        RETURN jsonb_build_object('refused', 'appointments_in_the_way', 'orphaned', v_orphans);
    END IF;
    -- A slot that was offered to somebody on the waitlist: they wait on, first in line.
    UPDATE waitlist_entries w
       SET status = 'waiting', offered_slot_id = NULL, offered_hold_id = NULL,
           offered_fence = NULL, offer_expires_at = NULL, row_version = w.row_version + 1
     WHERE w.clinic_id = p_clinic AND w.status = 'offered' AND w.offered_slot_id = ANY (v_ids);
    UPDATE booking_slots b
       SET status = p_to, removal = CASE WHEN p_to = 'removed' THEN p_removal END,
           hold_id = NULL, hold_owner = NULL, held_since = NULL, held_until = NULL,
           row_version = b.row_version + 1
     WHERE b.clinic_id = p_clinic AND b.id = ANY (v_ids) AND b.status <> p_to;
    GET DIAGNOSTICS v_lost = ROW_COUNT;
    PERFORM record_change(p_clinic, p_now, p_principal, NULL, false, 'doctor.availability_updated',
        'doctor', d.doctor_id, ARRAY['slots'], jsonb_build_object('from', p_from, 'until', p_until),
        p_reason)
       FROM (SELECT DISTINCT b.doctor_id FROM booking_slots b
              WHERE b.clinic_id = p_clinic AND b.id = ANY (v_ids) ORDER BY 1) d;
    RETURN jsonb_build_object('lost', v_lost - jsonb_array_length(v_rebooked),
                              'rebooked', v_rebooked);
END $$;

-- Path: staff opens a slot that staff had blocked.
CREATE FUNCTION unblock_slot(p_clinic uuid, p_now timestamptz, p_principal text, p_slot uuid)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE v_doctor uuid;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    UPDATE booking_slots b SET status = 'free', row_version = b.row_version + 1
     WHERE b.clinic_id = p_clinic AND b.id = p_slot AND b.status = 'blocked'
    RETURNING b.doctor_id INTO v_doctor;
    IF v_doctor IS NULL THEN
        RETURN false;
    END IF;
    PERFORM record_change(p_clinic, p_now, p_principal, NULL, false, 'doctor.availability_updated',
        'doctor', v_doctor, ARRAY['slots'], jsonb_build_object('slot', p_slot));
    RETURN true;
END $$;

-- Path: an absence of a doctor or a holiday of the clinic, with all that hangs on it.
CREATE FUNCTION add_absence(p_clinic uuid, p_now timestamptz, p_principal text, p_id uuid,
                            p_doctor uuid, p_from timestamptz, p_until timestamptz,
                            p_reason text, p_rebook boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v_answer jsonb;
BEGIN
    v_answer := withdraw_slots(p_clinic, p_now, p_principal, p_doctor, p_from, p_until, NULL,
                               NULL, NULL, p_rebook, 'removed', 'schedule', p_reason);
    IF v_answer ->> 'refused' IS NULL THEN
        INSERT INTO availability_exceptions (clinic_id, id, doctor_id, starts_at, ends_at, reason)
        VALUES (p_clinic, p_id, p_doctor, p_from, p_until, p_reason);
    END IF;
    RETURN v_answer;
END $$;

-- Path: new templates for a doctor. Slots that no new template asks for go; those that are new come
-- with the next generation, which the caller runs.
CREATE FUNCTION replace_templates(p_clinic uuid, p_now timestamptz, p_principal text,
                                  p_doctor uuid, p_ids uuid[], p_weekdays smallint[],
                                  p_time_slots uuid[], p_slot_minutes integer[],
                                  p_buffer_minutes integer[], p_types text[],
                                  p_until timestamptz, p_keep_starts timestamptz[],
                                  p_keep_ends timestamptz[], p_rebook boolean, p_reason text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v_answer jsonb;
BEGIN
    v_answer := withdraw_slots(p_clinic, p_now, p_principal, p_doctor, p_now, p_until, NULL,
                               p_keep_starts, p_keep_ends, p_rebook, 'removed', 'schedule',
                               p_reason);
    IF v_answer ->> 'refused' IS NULL THEN
        UPDATE doctor_slot_templates t SET active = false
         WHERE t.clinic_id = p_clinic AND t.doctor_id = p_doctor AND t.active;
        INSERT INTO doctor_slot_templates (clinic_id, id, doctor_id, weekday, time_slot_id,
                                           slot_minutes, buffer_minutes, visit_type)
        SELECT p_clinic, n.id, p_doctor, n.weekday, n.time_slot, n.slot, n.buffer, n.visit
          FROM unnest(p_ids, p_weekdays, p_time_slots, p_slot_minutes, p_buffer_minutes, p_types)
               AS n (id, weekday, time_slot, slot, buffer, visit);
    END IF;
    RETURN v_answer;
END $$;

-- Path: DELETE on a doctor means this. Refused with the list of what still hangs on them [TEN-5].
CREATE FUNCTION deactivate_doctor(p_clinic uuid, p_now timestamptz, p_principal text,
                                  p_doctor uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_hanging jsonb;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    PERFORM lock_schedule(p_clinic);
    -- Slots before the doctor: the order in which a booking takes its locks.
    PERFORM FROM booking_slots b
      WHERE b.clinic_id = p_clinic AND b.doctor_id = p_doctor AND b.starts_at > p_now
        AND b.status <> 'removed'
      ORDER BY b.id FOR NO KEY UPDATE;
    SELECT coalesce(jsonb_agg(h), '[]') INTO v_hanging FROM (
        SELECT jsonb_build_object('kind', 'appointment', 'id', a.id) AS h FROM appointments a
         WHERE a.clinic_id = p_clinic AND a.live_doctor_id = p_doctor
        UNION ALL
        SELECT jsonb_build_object('kind', 'waitlist', 'id', w.id) FROM waitlist_entries w
         WHERE w.clinic_id = p_clinic AND w.live_doctor_id = p_doctor
        UNION ALL
        SELECT jsonb_build_object('kind', 'hold', 'id', b.hold_id) FROM booking_slots b
         WHERE b.clinic_id = p_clinic AND b.doctor_id = p_doctor AND b.status = 'held'
           AND b.held_until > p_now) x;
    IF v_hanging <> '[]' THEN
        RETURN jsonb_build_object('refused', 'appointments_in_the_way', 'hanging', v_hanging);
    END IF;
    UPDATE booking_slots b
       SET status = 'removed', removal = 'schedule', hold_id = NULL, hold_owner = NULL,
           held_since = NULL, held_until = NULL, row_version = b.row_version + 1
     WHERE b.clinic_id = p_clinic AND b.doctor_id = p_doctor AND b.starts_at > p_now
       AND b.status NOT IN ('removed', 'booked');
    UPDATE doctor_slot_templates t SET active = false
     WHERE t.clinic_id = p_clinic AND t.doctor_id = p_doctor AND t.active;
    UPDATE doctors d SET active = false, row_version = d.row_version + 1
     WHERE d.clinic_id = p_clinic AND d.id = p_doctor AND d.active;
    IF NOT FOUND THEN
        RETURN '{"refused": "doctor_inactive"}';
    END IF;
    PERFORM record_change(p_clinic, p_now, p_principal, NULL, false, 'doctor.deactivated',
        'doctor', p_doctor, ARRAY['active'], '{}');
    RETURN '{"hanging": []}';
END $$;

-- Path: DELETE on a clinic. Its active doctors are what hangs on it [TEN-5].
CREATE FUNCTION deactivate_clinic(p_clinic uuid, p_now timestamptz, p_principal text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v_hanging jsonb;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    SELECT coalesce(jsonb_agg(jsonb_build_object('kind', 'doctor', 'id', d.id)), '[]')
      INTO v_hanging FROM doctors d WHERE d.clinic_id = p_clinic AND d.active;
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
