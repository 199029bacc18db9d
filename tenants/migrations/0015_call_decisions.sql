-- What turn taking decided in a call and on what, in pieces as they were written. Opaque here; it
-- holds numbers and judgements and no words, so it is not sealed and outlives the transcript's key.
CREATE TABLE call_decisions (
    clinic_id   uuid NOT NULL,
    call_id     uuid NOT NULL,
    part        integer NOT NULL CHECK (part BETWEEN 0 AND 1023),
    body        bytea NOT NULL CHECK (octet_length(body) BETWEEN 1 AND 1048576),
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, call_id, part),
    FOREIGN KEY (clinic_id, call_id) REFERENCES calls (clinic_id, id)
);
ALTER TABLE call_decisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_decisions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON call_decisions TO frontdesk_app, frontdesk_worker
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
GRANT SELECT, INSERT, DELETE ON call_decisions TO frontdesk_app, frontdesk_worker;
