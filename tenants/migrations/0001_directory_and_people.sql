-- Clinics, doctors, patients. Ids in brackets name the invariants of docs/invariants.md.
--
-- Every tenant row carries clinic_id; row-level security is enabled AND forced, so that the owner
-- is bound too [TEN-1]. A missing app.clinic_id is NULL: no row, never all rows [TEN-2].

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- ---------------------------------------------------------------------------------- directory
CREATE TABLE clinics (
    id                      uuid PRIMARY KEY,
    slug                    text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    kind                    text NOT NULL CHECK (kind IN ('clinic', 'pharmacy')),
    demo                    boolean NOT NULL DEFAULT false,
    name                    text NOT NULL CHECK (name <> ''),
    country                 text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    time_zone               text NOT NULL,
    languages               text[] NOT NULL CHECK (cardinality(languages) > 0),
    emergency_number        text NOT NULL CHECK (emergency_number <> ''),
    phone                   text NOT NULL CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    address                 text NOT NULL,
    latitude                double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude               double precision CHECK (longitude BETWEEN -180 AND 180),
    opening_hours           jsonb NOT NULL DEFAULT '{}',
    -- The booking policy. Durations in minutes, so that both SQL and Rust read them plainly.
    min_lead_minutes        integer NOT NULL DEFAULT 30 CHECK (min_lead_minutes >= 0),
    booking_window_days     integer NOT NULL DEFAULT 90 CHECK (booking_window_days BETWEEN 1 AND 730),
    cancel_notice_minutes   integer NOT NULL DEFAULT 1440 CHECK (cancel_notice_minutes >= 0),
    prepayment              boolean NOT NULL DEFAULT false,
    payment_minutes         integer NOT NULL DEFAULT 30 CHECK (payment_minutes > 0),
    waitlist_offer_minutes  integer NOT NULL DEFAULT 60 CHECK (waitlist_offer_minutes > 0),
    active                  boolean NOT NULL DEFAULT true,
    -- [TEN-5] Children that must not outlive an active clinic reference this column.
    active_clinic_id        uuid GENERATED ALWAYS AS (CASE WHEN active THEN id END) STORED UNIQUE,
    row_version             bigint NOT NULL DEFAULT 1,
    created_at              timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE clinic_phone_numbers (
    phone      text PRIMARY KEY CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    clinic_id  uuid NOT NULL REFERENCES clinics (id)
);

CREATE TABLE specialties (
    code  text PRIMARY KEY CHECK (code ~ '^[a-z]+( [a-z]+)*$')
);

-- What people say for a specialty: "heart doctor". Looked up in lower case.
CREATE TABLE specialty_words (
    language   text NOT NULL,
    phrase     text NOT NULL CHECK (phrase = lower(phrase)),
    specialty  text NOT NULL REFERENCES specialties (code),
    PRIMARY KEY (language, phrase, specialty)
);

INSERT INTO specialties (code) VALUES
    ('cardiology'), ('dentistry'), ('dermatology'), ('ear nose and throat'), ('endocrinology'),
    ('family medicine'), ('gastroenterology'), ('gynecology'), ('internal medicine'),
    ('neurology'), ('ophthalmology'), ('orthopedics'), ('pediatrics'), ('psychiatry'),
    ('pulmonology'), ('urology');

INSERT INTO specialty_words (language, phrase, specialty) VALUES
    ('en', 'heart doctor', 'cardiology'), ('en', 'heart specialist', 'cardiology'),
    ('en', 'cardiologist', 'cardiology'), ('en', 'cardiology', 'cardiology'),
    ('en', 'heart', 'cardiology'),
    ('en', 'dentist', 'dentistry'), ('en', 'dentistry', 'dentistry'),
    ('en', 'tooth doctor', 'dentistry'),
    ('en', 'skin doctor', 'dermatology'), ('en', 'skin specialist', 'dermatology'),
    ('en', 'dermatologist', 'dermatology'), ('en', 'dermatology', 'dermatology'),
    ('en', 'ear nose and throat', 'ear nose and throat'),
    ('en', 'ear nose and throat doctor', 'ear nose and throat'),
    ('en', 'ear doctor', 'ear nose and throat'),
    ('en', 'diabetes doctor', 'endocrinology'), ('en', 'endocrinologist', 'endocrinology'),
    ('en', 'endocrinology', 'endocrinology'),
    ('en', 'family doctor', 'family medicine'), ('en', 'general practitioner', 'family medicine'),
    ('en', 'family medicine', 'family medicine'), ('en', 'regular doctor', 'family medicine'),
    ('en', 'stomach doctor', 'gastroenterology'),
    ('en', 'gastroenterologist', 'gastroenterology'),
    ('en', 'gastroenterology', 'gastroenterology'),
    ('en', 'women''s doctor', 'gynecology'), ('en', 'gynecologist', 'gynecology'),
    ('en', 'gynecology', 'gynecology'),
    ('en', 'internal medicine', 'internal medicine'), ('en', 'internist', 'internal medicine'),
    ('en', 'general doctor', 'internal medicine'), ('en', 'general doctor', 'family medicine'),
    ('en', 'neurologist', 'neurology'), ('en', 'neurology', 'neurology'),
    ('en', 'nerve doctor', 'neurology'),
    ('en', 'eye doctor', 'ophthalmology'), ('en', 'ophthalmologist', 'ophthalmology'),
    ('en', 'ophthalmology', 'ophthalmology'),
    ('en', 'bone doctor', 'orthopedics'), ('en', 'orthopedist', 'orthopedics'),
    ('en', 'orthopedics', 'orthopedics'),
    ('en', 'children''s doctor', 'pediatrics'), ('en', 'pediatrician', 'pediatrics'),
    ('en', 'pediatrics', 'pediatrics'), ('en', 'kids doctor', 'pediatrics'),
    ('en', 'doctor for my child', 'pediatrics'), ('en', 'baby doctor', 'pediatrics'),
    ('en', 'psychiatrist', 'psychiatry'), ('en', 'psychiatry', 'psychiatry'),
    ('en', 'lung doctor', 'pulmonology'), ('en', 'pulmonology', 'pulmonology'),
    ('en', 'urologist', 'urology'), ('en', 'urology', 'urology'),
    ('ar', 'طبيب قلب', 'cardiology'), ('ar', 'دكتور قلب', 'cardiology'),
    ('ar', 'طبيب أطفال', 'pediatrics'), ('ar', 'دكتور أطفال', 'pediatrics'),
    ('ar', 'طبيب باطنة', 'internal medicine'), ('ar', 'دكتور باطنة', 'internal medicine'),
    ('ar', 'طبيب جلدية', 'dermatology'), ('ar', 'طبيب عيون', 'ophthalmology'),
    ('ar', 'طبيب أسنان', 'dentistry');

-- ------------------------------------------------------------------------------------ doctors
CREATE TABLE doctors (
    clinic_id        uuid NOT NULL REFERENCES clinics (id),
    id               uuid NOT NULL,
    name             text NOT NULL CHECK (name <> ''),
    license_number   text NOT NULL CHECK (license_number <> ''),
    fee              numeric(12, 2) CHECK (fee >= 0),
    languages        text[] NOT NULL DEFAULT '{}',
    years_experience integer CHECK (years_experience >= 0),
    bio              text,
    location         text,
    rating           numeric(3, 2) CHECK (rating BETWEEN 0 AND 5),
    active           boolean NOT NULL DEFAULT true,
    active_doctor_id uuid GENERATED ALWAYS AS (CASE WHEN active THEN id END) STORED,
    -- [TEN-5] An active doctor hangs on an active clinic; a former one hangs on nothing.
    live_clinic_id   uuid GENERATED ALWAYS AS (CASE WHEN active THEN clinic_id END) STORED
                     REFERENCES clinics (active_clinic_id),
    row_version      bigint NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, id),
    CONSTRAINT doctors_license UNIQUE (clinic_id, license_number),
    UNIQUE (clinic_id, active_doctor_id)
);

CREATE TABLE doctor_specialties (
    clinic_id  uuid NOT NULL,
    doctor_id  uuid NOT NULL,
    specialty  text NOT NULL REFERENCES specialties (code),
    rank       smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (clinic_id, doctor_id, specialty),
    FOREIGN KEY (clinic_id, doctor_id) REFERENCES doctors (clinic_id, id)
);
CREATE INDEX doctor_specialties_by_specialty ON doctor_specialties (clinic_id, specialty);

-- ----------------------------------------------------------------------------------- patients
-- A person. Global; a clinic sees only those that have a record with it. `origin_clinic_id` is the
-- clinic that registered the person: a record may only be opened for one's own registrations, so a
-- clinic cannot make another's patient visible by guessing an id [TEN-4].
CREATE TABLE patients (
    id                uuid PRIMARY KEY,
    origin_clinic_id  uuid NOT NULL REFERENCES clinics (id),
    -- provisional: somebody spoke to and booked for before they gave their name.
    identity          text NOT NULL CHECK (identity IN ('provisional', 'registered', 'erased')),
    name              text CHECK (name <> ''),
    -- Lower case, without accents and punctuation, parts sorted: what verification compares.
    name_key          text,
    date_of_birth     date,
    phone             text CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    email             text,
    gender            text,
    language          text,
    -- Sealed with the patient's data key.
    national_id       bytea,
    passport          bytea,
    row_version       bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, origin_clinic_id),
    -- [PAT-1] A registered person can be identified; nobody else can.
    CONSTRAINT patients_identity CHECK (
        CASE identity
            WHEN 'registered' THEN name IS NOT NULL AND name_key IS NOT NULL
                                   AND date_of_birth IS NOT NULL
            WHEN 'provisional' THEN name_key IS NULL AND date_of_birth IS NULL
            ELSE name IS NULL AND name_key IS NULL AND date_of_birth IS NULL AND phone IS NULL
                 AND email IS NULL AND gender IS NULL AND language IS NULL
                 AND national_id IS NULL AND passport IS NULL
        END)
);
CREATE INDEX patients_by_birth_and_name ON patients (date_of_birth, name_key);

CREATE TABLE patient_records (
    clinic_id         uuid NOT NULL REFERENCES clinics (id),
    patient_id        uuid NOT NULL,
    origin_clinic_id  uuid NOT NULL,
    allergies         bytea,
    medical_history   bytea,
    insurance         bytea,
    notes             bytea,
    erased_at         timestamptz,
    row_version       bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, patient_id),
    FOREIGN KEY (patient_id, origin_clinic_id) REFERENCES patients (id, origin_clinic_id),
    CONSTRAINT patient_records_erased CHECK (erased_at IS NULL OR (allergies IS NULL
        AND medical_history IS NULL AND insurance IS NULL AND notes IS NULL))
);

-- One data key per patient, wrapped by a key of the ring; destroyed at erasure [PHI-1].
CREATE TABLE patient_keys (
    patient_id  uuid PRIMARY KEY REFERENCES patients (id),
    ring_key    text NOT NULL,
    wrapped     bytea NOT NULL
);

-- ------------------------------------------------------------------------------ roles and rows
ALTER TABLE clinics ENABLE ROW LEVEL SECURITY;
ALTER TABLE clinics FORCE ROW LEVEL SECURITY;
-- The directory is public by design; only its own clinic writes a row of it.
CREATE POLICY directory_read ON clinics FOR SELECT TO frontdesk_app, frontdesk_worker USING (true);
CREATE POLICY own_insert ON clinics FOR INSERT TO frontdesk_app
    WITH CHECK (id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
CREATE POLICY own_update ON clinics FOR UPDATE TO frontdesk_app
    USING (id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));

ALTER TABLE clinic_phone_numbers ENABLE ROW LEVEL SECURITY;
ALTER TABLE clinic_phone_numbers FORCE ROW LEVEL SECURITY;
CREATE POLICY directory_read ON clinic_phone_numbers FOR SELECT
    TO frontdesk_app, frontdesk_worker USING (true);
CREATE POLICY own_insert ON clinic_phone_numbers FOR INSERT TO frontdesk_app
    WITH CHECK (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
CREATE POLICY own_delete ON clinic_phone_numbers FOR DELETE TO frontdesk_app
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['doctors', 'doctor_specialties', 'patient_records'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['doctors', 'doctor_specialties'] LOOP
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO frontdesk_app, frontdesk_worker
             USING (clinic_id = (SELECT nullif(current_setting(''app.clinic_id'', true), '''')::uuid))', t);
    END LOOP;
END $$;

CREATE POLICY tenant ON patient_records TO frontdesk_app, frontdesk_worker
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid))
    WITH CHECK (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid)
                AND origin_clinic_id = clinic_id);

ALTER TABLE patients ENABLE ROW LEVEL SECURITY;
ALTER TABLE patients FORCE ROW LEVEL SECURITY;
-- [TEN-4] Row-level security of patient_records narrows the sub-select to the current clinic.
CREATE POLICY with_record ON patients FOR SELECT TO frontdesk_app, frontdesk_worker
    USING (EXISTS (SELECT FROM patient_records r WHERE r.patient_id = patients.id
        AND r.clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid)));
CREATE POLICY register ON patients FOR INSERT TO frontdesk_app
    WITH CHECK (origin_clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
CREATE POLICY with_record_update ON patients FOR UPDATE TO frontdesk_app
    USING (EXISTS (SELECT FROM patient_records r WHERE r.patient_id = patients.id
        AND r.clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid)));

ALTER TABLE patient_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY with_record ON patient_keys TO frontdesk_app, frontdesk_worker
    USING (EXISTS (SELECT FROM patient_records r WHERE r.patient_id = patient_keys.patient_id
        AND r.clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid)));

GRANT SELECT ON clinics, clinic_phone_numbers, specialties, specialty_words, doctors,
    doctor_specialties, patients, patient_records, patient_keys, _sqlx_migrations
    TO frontdesk_app, frontdesk_worker;
GRANT INSERT, UPDATE ON clinics, doctors, patients, patient_records TO frontdesk_app;
GRANT INSERT, DELETE ON clinic_phone_numbers TO frontdesk_app;
GRANT INSERT, UPDATE, DELETE ON doctor_specialties, patient_keys TO frontdesk_app;
