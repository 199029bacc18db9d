-- The doctors of all clinics, for searches across clinics: a projection from events, without patient
-- data. The tables of a clinic stay closed to such a search [TEN-2].

CREATE TABLE directory_doctors (
    clinic_id         uuid NOT NULL REFERENCES clinics (id),
    doctor_id         uuid NOT NULL,
    name              text NOT NULL,
    specialties       text[] NOT NULL,
    fee               numeric(12, 2),
    languages         text[] NOT NULL,
    years_experience  integer,
    bio               text,
    location          text,
    rating            numeric(3, 2),
    -- Of the doctor's row when it was copied; an older copy never replaces a newer one [DIR-1].
    row_version       bigint NOT NULL,
    projected_at      timestamptz NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, doctor_id),
    FOREIGN KEY (clinic_id, doctor_id) REFERENCES doctors (clinic_id, id)
);
CREATE INDEX directory_doctors_by_specialty ON directory_doctors USING gin (specialties);

ALTER TABLE directory_doctors ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory_doctors FORCE ROW LEVEL SECURITY;
CREATE POLICY directory_read ON directory_doctors FOR SELECT
    TO frontdesk_app, frontdesk_worker USING (true);
CREATE POLICY projection ON directory_doctors TO frontdesk_worker USING (true);
GRANT SELECT ON directory_doctors TO frontdesk_app, frontdesk_worker;
GRANT INSERT, UPDATE, DELETE ON directory_doctors TO frontdesk_worker;

-- Handles one event of a doctor: copies the row as it is now, so that events may come late, twice
-- or out of order. False if this event was handled before [EVT-3].
CREATE FUNCTION project_doctor(p_event uuid, p_now timestamptz, p_clinic uuid, p_doctor uuid)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE d doctors;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    INSERT INTO inbox (consumer, event_id) VALUES ('directory', p_event) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- One projection of a doctor at a time, and none beside a change of them.
    SELECT * INTO d FROM doctors x WHERE x.clinic_id = p_clinic AND x.id = p_doctor FOR UPDATE;
    IF d.active IS NOT TRUE THEN
        DELETE FROM directory_doctors p WHERE p.clinic_id = p_clinic AND p.doctor_id = p_doctor;
        RETURN true;
    END IF;
    INSERT INTO directory_doctors AS p
           (clinic_id, doctor_id, name, specialties, fee, languages, years_experience, bio,
            location, rating, row_version, projected_at)
    VALUES (p_clinic, p_doctor, d.name,
            ARRAY(SELECT s.specialty FROM doctor_specialties s
                   WHERE s.clinic_id = p_clinic AND s.doctor_id = p_doctor
                   ORDER BY s.rank, s.specialty),
            d.fee, d.languages, d.years_experience, d.bio, d.location, d.rating, d.row_version,
            p_now)
    ON CONFLICT (clinic_id, doctor_id) DO UPDATE
       SET name = excluded.name, specialties = excluded.specialties, fee = excluded.fee,
           languages = excluded.languages, years_experience = excluded.years_experience,
           bio = excluded.bio, location = excluded.location, rating = excluded.rating,
           row_version = excluded.row_version, projected_at = excluded.projected_at
     WHERE p.row_version <= excluded.row_version;
    RETURN true;
END $$;
-- To lock the row; nothing else is the worker's to change.
GRANT UPDATE (row_version) ON doctors TO frontdesk_worker;

-- Doctors from before this version: one event each, to be projected.
ALTER TABLE doctors NO FORCE ROW LEVEL SECURITY;
ALTER TABLE outbox NO FORCE ROW LEVEL SECURITY;
INSERT INTO outbox (clinic_id, aggregate_type, aggregate_id, event_type, payload, occurred_at)
SELECT d.clinic_id, 'doctor', d.id, 'doctor.updated', '{}', d.created_at
  FROM doctors d WHERE d.active;
ALTER TABLE doctors FORCE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
