-- One source of time zone rules: the program's, which are dated and come with it. Those of the server
-- may be years old, and an hour off.

-- The program's offsets of a zone, for the time in which slots are booked; only of zones for which the
-- server has others.
CREATE TABLE zone_offsets (
    zone     text NOT NULL,
    since    timestamptz NOT NULL,
    -- East of Greenwich.
    seconds  integer NOT NULL CHECK (abs(seconds) < 86400),
    PRIMARY KEY (zone, since)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON zone_offsets TO frontdesk_app;
GRANT SELECT ON zone_offsets TO frontdesk_worker;

-- The wall clock of a zone.
CREATE FUNCTION local_time(p_at timestamptz, p_zone text) RETURNS timestamp
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT p_at AT TIME ZONE 'UTC' + make_interval(secs => o.seconds) FROM zone_offsets o
          WHERE o.zone = p_zone AND o.since <= p_at ORDER BY o.since DESC LIMIT 1),
        p_at AT TIME ZONE p_zone)
$$;

-- As in 0023, by the program's rules.
CREATE OR REPLACE FUNCTION free_slots(p_clinic uuid, p_now timestamptz, p_owner text, p_doctor uuid,
                           p_specialty text, p_from timestamptz, p_until timestamptz,
                           p_local_from time, p_local_until time, p_visit_type text,
                           p_limit integer)
RETURNS TABLE (slot_id uuid, doctor_id uuid, doctor_name text, specialty text,
               starts_at timestamptz, ends_at timestamptz, visit_type text, time_zone text,
               held_by_me boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    c clinics;
    v_closed date[];
    v_own boolean;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    SELECT * INTO c FROM clinics WHERE id = p_clinic AND active;
    IF c.id IS NULL THEN
        RETURN;
    END IF;
    p_from := greatest(p_from, p_now + make_interval(mins => c.min_lead_minutes));
    p_until := least(p_until, p_now + make_interval(days => c.booking_window_days));
    v_own := EXISTS (SELECT FROM zone_offsets o WHERE o.zone = c.time_zone);
    v_closed := ARRAY(SELECT h.day FROM clinic_holidays h WHERE h.clinic_id = p_clinic AND h.closed
                         AND h.day BETWEEN local_time(p_from, c.time_zone)::date
                                       AND local_time(p_until, c.time_zone)::date);
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
         -- A function call for each slot is for clinics whose rules differ.
         CROSS JOIN LATERAL (SELECT CASE WHEN v_own THEN local_time(b.starts_at, c.time_zone)
                                         ELSE b.starts_at AT TIME ZONE c.time_zone END AS local) here
         WHERE b.clinic_id = p_clinic AND b.doctor_id = d.id
           AND b.starts_at >= p_from AND b.starts_at <= p_until
           AND (b.status = 'free'
                OR (b.status = 'held' AND (b.held_until <= p_now OR b.hold_owner = p_owner)))
           AND here.local::date <> ALL (v_closed)
           AND (p_visit_type IS NULL OR b.visit_type = p_visit_type)
           AND (p_local_from IS NULL OR here.local::time >= p_local_from)
           AND (p_local_until IS NULL OR here.local::time < p_local_until)
         ORDER BY b.starts_at LIMIT p_limit) s
     WHERE d.clinic_id = p_clinic AND d.active AND (p_doctor IS NULL OR d.id = p_doctor)
     ORDER BY s.starts_at, d.id
     LIMIT p_limit;
END $$;

-- As in 0025, by the program's rules.
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
    v_local := local_time(s.starts_at, c.time_zone);
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
