-- Identifications that failed, for the limit across calls: keyed hashes of the name and of the date of
-- birth that were said, never the words [PAT-4]. The job `tidy` removes them.
CREATE TABLE failed_identifications (
    clinic_id   uuid NOT NULL REFERENCES clinics (id),
    key         bytea NOT NULL CHECK (length(key) = 32),
    -- By the clock of the call.
    failed_at   timestamptz NOT NULL
);
CREATE INDEX failed_identifications_recent ON failed_identifications (clinic_id, key, failed_at);
ALTER TABLE failed_identifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE failed_identifications FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON failed_identifications TO frontdesk_app, frontdesk_worker
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
CREATE POLICY jobs ON failed_identifications TO frontdesk_worker USING (true);
GRANT SELECT, INSERT ON failed_identifications TO frontdesk_app;
GRANT SELECT, DELETE ON failed_identifications TO frontdesk_worker;
