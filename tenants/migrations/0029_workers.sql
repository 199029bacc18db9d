-- Runtimes that hold calls. A runtime has one lease for all its calls, however many clinics they are
-- of, and renews it by one statement. By the database's clock: those of the machines may differ.
CREATE TABLE workers (
    name         text PRIMARY KEY,
    lease_until  timestamptz NOT NULL,
    -- When its lease was first seen to have run out; NULL again as soon as it is renewed.
    lost_at      timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON workers TO frontdesk_app, frontdesk_worker;

-- Whether another runtime can go on with it: its caller is in a room that can be joined.
ALTER TABLE calls ADD COLUMN movable boolean NOT NULL DEFAULT false;

-- How the call would end as it stands, as its dialogue says: what nobody but the dialogue knows, such
-- as an emergency, should its runtime die.
ALTER TABLE calls ADD COLUMN standing text;

DROP INDEX calls_running;
CREATE INDEX calls_running ON calls (worker) WHERE (ended_at IS NULL);

-- For how long a call is known to be without its runtime; NULL while it has it. One whose runtime is
-- not among the workers (of an older version, or forgotten) goes by its own lease.
CREATE FUNCTION call_lost_for(p_worker text, p_lease timestamptz, p_lost timestamptz,
                              p_now timestamptz)
RETURNS interval LANGUAGE sql VOLATILE AS $$
    SELECT CASE
        WHEN w.name IS NOT NULL AND w.lease_until > clock_timestamp() THEN NULL
        WHEN w.name IS NOT NULL THEN coalesce(clock_timestamp() - w.lost_at, interval '0')
        WHEN p_lease > p_now OR p_lease IS NULL THEN NULL
        WHEN p_lost >= p_lease THEN p_now - p_lost
        ELSE interval '0' END
      FROM (SELECT 1) one LEFT JOIN workers w ON w.name = p_worker
$$;
