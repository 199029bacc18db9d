-- What a start and a probe look at; nothing of a clinic and nobody's data.

-- The keys of the ring that seal something here, each with its own id sealed by itself: so a start
-- tells a wrong ring from the right one without looking at a patient.
CREATE TABLE ring_keys (
    id      text PRIMARY KEY,
    sealed  bytea NOT NULL
);
GRANT SELECT, INSERT, DELETE ON ring_keys TO frontdesk_app;

-- Written to find out whether something can be written.
CREATE TABLE write_probe (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    at   timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON write_probe TO frontdesk_app;
