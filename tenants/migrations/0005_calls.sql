-- Call records. What is said is sealed with a data key of the call; destroying that key (retention,
-- erasure of the patient) destroys the words and keeps the statistics [PHI-1].

CREATE TABLE calls (
    clinic_id     uuid NOT NULL REFERENCES clinics (id),
    id            uuid NOT NULL,
    channel       text NOT NULL CHECK (channel IN ('web', 'phone', 'text')),
    video         boolean NOT NULL DEFAULT false,
    room          text,
    caller_phone  text CHECK (caller_phone ~ '^\+[1-9][0-9]{6,14}$'),
    language      text NOT NULL,
    patient_id    uuid,
    started_at    timestamptz NOT NULL,
    ended_at      timestamptz CHECK (ended_at >= started_at),
    outcome       text CHECK (outcome IN ('booked', 'rescheduled', 'cancelled', 'answered',
                                          'transferred', 'emergency', 'abandoned')),
    simulated     boolean NOT NULL DEFAULT false,
    recording_consent boolean,
    recording_key text,
    summary       bytea,
    metrics       jsonb NOT NULL DEFAULT '{}',
    -- The worker that runs it, and until when it must have been heard of again.
    worker        text,
    lease_until   timestamptz,
    ring_key      text,
    wrapped_key   bytea,
    row_version   bigint NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patient_records (clinic_id, patient_id),
    CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CHECK ((ring_key IS NULL) = (wrapped_key IS NULL))
);
CREATE INDEX calls_by_start ON calls (clinic_id, started_at);
CREATE INDEX calls_by_patient ON calls (clinic_id, patient_id) WHERE (patient_id IS NOT NULL);
CREATE INDEX calls_running ON calls (lease_until) WHERE (ended_at IS NULL);

-- The state from which another worker goes on. Opaque here.
CREATE TABLE call_snapshots (
    clinic_id   uuid NOT NULL,
    call_id     uuid NOT NULL,
    turn        integer NOT NULL CHECK (turn >= 0),
    body        bytea NOT NULL,
    taken_at    timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, call_id),
    FOREIGN KEY (clinic_id, call_id) REFERENCES calls (clinic_id, id)
);

CREATE TABLE call_turns (
    clinic_id   uuid NOT NULL,
    call_id     uuid NOT NULL,
    turn        integer NOT NULL CHECK (turn >= 0),
    speaker     text NOT NULL CHECK (speaker IN ('caller', 'agent', 'staff', 'tool')),
    body        bytea NOT NULL,
    metrics     jsonb NOT NULL DEFAULT '{}',
    spoken_at   timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, call_id, turn),
    FOREIGN KEY (clinic_id, call_id) REFERENCES calls (clinic_id, id)
);

CREATE TABLE callbacks (
    clinic_id    uuid NOT NULL REFERENCES clinics (id),
    id           uuid NOT NULL,
    call_id      uuid,
    patient_id   uuid,
    phone        text CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    reason       text NOT NULL CHECK (reason IN ('asked', 'busy', 'emergency', 'unidentified',
                                                 'failure')),
    asked_at     timestamptz NOT NULL,
    done_at      timestamptz,
    done_by      text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, call_id) REFERENCES calls (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patient_records (clinic_id, patient_id)
);
CREATE INDEX callbacks_open ON callbacks (clinic_id, asked_at) WHERE (done_at IS NULL);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['calls', 'call_snapshots', 'call_turns', 'callbacks'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO frontdesk_app, frontdesk_worker
             USING (clinic_id = (SELECT nullif(current_setting(''app.clinic_id'', true), '''')::uuid))', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO frontdesk_app, frontdesk_worker', t);
    END LOOP;
END $$;
GRANT DELETE ON call_snapshots, call_turns TO frontdesk_app, frontdesk_worker;
-- The watcher looks for calls of dead workers in all clinics.
CREATE POLICY jobs ON calls FOR SELECT TO frontdesk_worker USING (true);
