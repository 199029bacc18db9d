-- Notifications: written beside what they tell of, sent by a job. Whom they go to is an id; the address
-- is read when they are sent, so that they keep nothing personal and follow a change of address.
CREATE TABLE notifications (
    clinic_id   uuid NOT NULL REFERENCES clinics (id),
    id          uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('invitation', 'password', 'waitlist_offer',
                                              'message_taken')),
    -- What it is about: a waitlist entry's offer, a message, a user.
    subject_id  uuid NOT NULL,
    patient_id  uuid,
    user_id     uuid REFERENCES users (id),
    -- Ids and times for its text.
    facts       jsonb NOT NULL DEFAULT '{}',
    status      text NOT NULL DEFAULT 'queued'
                CHECK (status IN ('queued', 'sent', 'delivered', 'failed')),
    attempts    integer NOT NULL DEFAULT 0,
    -- Not before; not after.
    next_at     timestamptz NOT NULL,
    void_at     timestamptz,
    sent_at     timestamptz,
    error       text,
    simulated   boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    recipient   uuid NOT NULL GENERATED ALWAYS AS (coalesce(patient_id, user_id)) STORED,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patient_records (clinic_id, patient_id),
    CHECK ((patient_id IS NULL) <> (user_id IS NULL)),
    CHECK ((status IN ('sent', 'delivered')) = (sent_at IS NOT NULL)),
    -- [NOTE-1] Nobody is told the same thing twice.
    CONSTRAINT notifications_once UNIQUE (clinic_id, kind, subject_id, recipient)
);
CREATE INDEX notifications_due ON notifications (clinic_id, next_at) WHERE (status = 'queued');
ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON notifications TO frontdesk_app, frontdesk_worker
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON notifications TO frontdesk_app, frontdesk_worker;
