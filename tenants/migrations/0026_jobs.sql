-- Jobs: what runs again and again beside calls and requests, once for all runtimes of a database.

-- One row a job. Whoever holds the lease runs it; `due_at` says when the next run may begin. Ids and
-- counts alone, nothing of a clinic.
CREATE TABLE jobs (
    name           text PRIMARY KEY CHECK (name ~ '^[a-z]+(-[a-z]+)*$'),
    runner         text,
    lease_until    timestamptz,
    due_at         timestamptz NOT NULL,
    started_at     timestamptz,
    finished_at    timestamptz,
    succeeded_at   timestamptz,
    runs           bigint NOT NULL DEFAULT 0,
    failures       bigint NOT NULL DEFAULT 0,
    failed_in_row  integer NOT NULL DEFAULT 0,
    -- What the last run that ended well did, in the job's own unit.
    done           bigint,
    error          text,
    CHECK ((runner IS NULL) = (lease_until IS NULL))
);
GRANT SELECT, INSERT, UPDATE ON jobs TO frontdesk_app, frontdesk_worker;

-- How far each clinic's slots are generated, and from which schedule. A clinic that never had a
-- template has no row. Read for all clinics at once by the job, written by its clinic only.
CREATE TABLE slot_generation (
    clinic_id          uuid PRIMARY KEY REFERENCES clinics (id),
    -- Grows with every change of what slots are made from.
    schedule_version   bigint NOT NULL DEFAULT 1,
    generated_version  bigint NOT NULL DEFAULT 0,
    -- The last local day whose slots are there.
    generated_until    date,
    -- After a failure: not before.
    retry_at           timestamptz
);
ALTER TABLE slot_generation ENABLE ROW LEVEL SECURITY;
ALTER TABLE slot_generation FORCE ROW LEVEL SECURITY;
CREATE POLICY directory_read ON slot_generation FOR SELECT
    TO frontdesk_app, frontdesk_worker USING (true);
CREATE POLICY own_insert ON slot_generation FOR INSERT TO frontdesk_app, frontdesk_worker
    WITH CHECK (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
CREATE POLICY own_update ON slot_generation FOR UPDATE TO frontdesk_app, frontdesk_worker
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON slot_generation TO frontdesk_app, frontdesk_worker;

CREATE FUNCTION schedule_changed(p_clinic uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO slot_generation AS g (clinic_id) VALUES (p_clinic)
    ON CONFLICT (clinic_id) DO UPDATE
       SET schedule_version = g.schedule_version + 1, retry_at = NULL
$$;

CREATE FUNCTION schedule_rows_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM schedule_changed(c.clinic_id) FROM (SELECT DISTINCT clinic_id FROM changed) c;
    RETURN NULL;
END $$;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['time_slots', 'doctor_slot_templates', 'availability_exceptions'] LOOP
        EXECUTE format('CREATE TRIGGER schedule_inserted AFTER INSERT ON %I
            REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
            EXECUTE FUNCTION schedule_rows_changed()', t);
        EXECUTE format('CREATE TRIGGER schedule_updated AFTER UPDATE ON %I
            REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
            EXECUTE FUNCTION schedule_rows_changed()', t);
    END LOOP;
END $$;

CREATE FUNCTION clinic_schedule_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM schedule_changed(NEW.id) FROM slot_generation g WHERE g.clinic_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER schedule_updated AFTER UPDATE OF time_zone, active ON clinics FOR EACH ROW
    WHEN (OLD.time_zone <> NEW.time_zone OR OLD.active <> NEW.active)
    EXECUTE FUNCTION clinic_schedule_changed();

-- Clinics from before this version. Row-level security binds the owner too.
ALTER TABLE doctor_slot_templates NO FORCE ROW LEVEL SECURITY;
ALTER TABLE slot_generation NO FORCE ROW LEVEL SECURITY;
INSERT INTO slot_generation (clinic_id) SELECT DISTINCT clinic_id FROM doctor_slot_templates;
ALTER TABLE doctor_slot_templates FORCE ROW LEVEL SECURITY;
ALTER TABLE slot_generation FORCE ROW LEVEL SECURITY;

-- ------------------------------------------------------------------------- what the jobs go by
-- An appointment whose visit is over for so long, and to which nobody came, is a no-show; NULL where
-- the staff do not check patients in, which would make everybody one.
ALTER TABLE clinics
    ADD COLUMN no_show_minutes integer CHECK (no_show_minutes >= 0),
    -- How long the words of a call are kept.
    ADD COLUMN transcript_days integer NOT NULL DEFAULT 90 CHECK (transcript_days >= 1);

-- When a call's lease was first seen to have run out. It is closed a while after that, and not when a
-- database that was away comes back before the call's worker has asked again.
ALTER TABLE calls ADD COLUMN lost_at timestamptz;

CREATE FUNCTION missed_appointments(p_clinic uuid, p_now timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    RETURN QUERY
    SELECT a.id FROM appointments a JOIN clinics c ON c.id = a.clinic_id
     WHERE a.clinic_id = p_clinic AND a.status = 'confirmed' AND NOT a.simulated
       AND a.ends_at + make_interval(mins => c.no_show_minutes) <= p_now
     ORDER BY a.ends_at;
END $$;

-- Holds that have run out; the waitlist's are its own affair, and those of a call whose clock is
-- pinned run out by that clock. Without an index by status: it would end the HOT updates of slots.
CREATE OR REPLACE FUNCTION sweep_holds(p_clinic uuid, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE v_swept integer;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    WITH due AS (
        SELECT b.id FROM booking_slots b
         WHERE b.clinic_id = p_clinic AND b.status = 'held' AND b.held_until <= p_now
           AND b.hold_owner NOT LIKE 'waitlist:%'
           AND NOT EXISTS (SELECT FROM calls c WHERE c.clinic_id = p_clinic AND c.simulated
                AND c.ended_at IS NULL AND b.hold_owner = 'call:' || c.id)
         ORDER BY b.id FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE booking_slots b
       SET status = 'free', hold_id = NULL, hold_owner = NULL, held_since = NULL,
           held_until = NULL, row_version = b.row_version + 1
      FROM due WHERE b.clinic_id = p_clinic AND b.id = due.id;
    GET DIAGNOSTICS v_swept = ROW_COUNT;
    RETURN v_swept;
END $$;
-- What was said in calls that are over for longer than the clinic keeps it: the key goes, and what it
-- sealed with it; what was counted stays [PHI-1]. At most `p_limit` calls.
CREATE FUNCTION expire_transcripts(p_clinic uuid, p_now timestamptz, p_limit integer)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE v_calls uuid[];
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    SELECT array_agg(x.id) INTO v_calls FROM (
        SELECT c.id FROM calls c JOIN clinics k ON k.id = c.clinic_id
         WHERE c.clinic_id = p_clinic AND c.wrapped_key IS NOT NULL
           AND c.ended_at <= p_now - make_interval(days => k.transcript_days)
         ORDER BY c.started_at LIMIT p_limit FOR UPDATE OF c SKIP LOCKED) x;
    DELETE FROM call_snapshots s WHERE s.clinic_id = p_clinic AND s.call_id = ANY (v_calls);
    DELETE FROM call_turns t WHERE t.clinic_id = p_clinic AND t.call_id = ANY (v_calls);
    UPDATE callbacks b SET words = NULL, about = NULL, call_when = NULL,
           phone = CASE WHEN b.reason = 'message' AND b.patient_id IS NULL THEN b.phone END
     WHERE b.clinic_id = p_clinic AND b.call_id = ANY (v_calls) AND b.done_at IS NOT NULL;
    UPDATE calls c
       SET ring_key = NULL, wrapped_key = NULL, summary = NULL, caller_phone = NULL,
           row_version = c.row_version + 1
     WHERE c.clinic_id = p_clinic AND c.id = ANY (v_calls);
    RETURN coalesce(cardinality(v_calls), 0);
END $$;

-- An entry of which nothing can come any more ends too: the time that was wanted is over.
CREATE OR REPLACE FUNCTION due_waitlist_offers(p_clinic uuid, p_now timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    RETURN QUERY
    SELECT e.id FROM waitlist_entries e
     WHERE e.clinic_id = p_clinic AND NOT e.simulated
       AND (e.status = 'offered' AND e.offer_expires_at <= p_now
            OR e.status = 'waiting' AND e.wanted_until <= p_now)
     ORDER BY e.offer_expires_at NULLS LAST, e.joined_at;
END $$;

CREATE OR REPLACE FUNCTION end_waitlist_entry(p_clinic uuid, p_now timestamptz, p_principal text,
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
            OR e.status = 'waiting' AND (p_to = 'left' OR e.wanted_until <= p_now))
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

-- Who asked for it is erased from the clinic, as soon as no appointment of theirs is to come.
CREATE TABLE erasure_requests (
    clinic_id   uuid NOT NULL REFERENCES clinics (id),
    patient_id  uuid NOT NULL,
    asked_by    text NOT NULL,
    asked_at    timestamptz NOT NULL,
    done_at     timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, patient_id),
    CONSTRAINT erasure_requests_patient FOREIGN KEY (clinic_id, patient_id)
        REFERENCES patient_records (clinic_id, patient_id)
);
ALTER TABLE erasure_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasure_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasure_requests TO frontdesk_app, frontdesk_worker
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON erasure_requests TO frontdesk_app, frontdesk_worker;
