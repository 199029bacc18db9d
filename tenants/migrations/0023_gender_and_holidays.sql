-- Whether a doctor is a woman or a man, where they want it known: never guessed from a name.
ALTER TABLE doctors ADD COLUMN gender text CHECK (gender IN ('female', 'male', 'other'));

-- Public holidays as the clinic keeps them, which its staff may change. Slots of a day that is closed
-- are not offered [SLOT-6]; appointments that are there stay, until an absence withdraws them.
CREATE TABLE clinic_holidays (
    clinic_id    uuid NOT NULL REFERENCES clinics (id),
    day          date NOT NULL,
    name         text NOT NULL CHECK (name <> ''),
    -- By which the languages know it; NULL for one of the clinic's own.
    holiday      text CHECK (holiday ~ '^[a-z]+(_[a-z]+)*$'),
    closed       boolean NOT NULL DEFAULT true,
    -- Where the date is from.
    source       text NOT NULL DEFAULT '',
    row_version  bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, day, name)
);
ALTER TABLE clinic_holidays ENABLE ROW LEVEL SECURITY;
ALTER TABLE clinic_holidays FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON clinic_holidays TO frontdesk_app, frontdesk_worker
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON clinic_holidays TO frontdesk_app;
GRANT SELECT ON clinic_holidays TO frontdesk_worker;

-- Calls are told of them.
CREATE TRIGGER facts_version AFTER INSERT OR UPDATE OR DELETE ON clinic_holidays
    FOR EACH ROW EXECUTE FUNCTION clinic_facts_changed();

-- Free slots by start, those of closed holidays left out [SLOT-6]. A hold of `p_owner` counts as free: the holder sees it as theirs.
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
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    SELECT * INTO c FROM clinics WHERE id = p_clinic AND active;
    IF c.id IS NULL THEN
        RETURN;
    END IF;
    p_from := greatest(p_from, p_now + make_interval(mins => c.min_lead_minutes));
    p_until := least(p_until, p_now + make_interval(days => c.booking_window_days));
    v_closed := ARRAY(SELECT h.day FROM clinic_holidays h WHERE h.clinic_id = p_clinic AND h.closed
                         AND h.day BETWEEN (p_from AT TIME ZONE c.time_zone)::date
                                       AND (p_until AT TIME ZONE c.time_zone)::date);
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
           AND (b.starts_at AT TIME ZONE c.time_zone)::date <> ALL (v_closed)
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

