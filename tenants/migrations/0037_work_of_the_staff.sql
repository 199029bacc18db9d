-- What the staff does over the API: callbacks are taken and done by somebody, and a doctor's login is
-- known as theirs.

ALTER TABLE callbacks
    ADD COLUMN row_version bigint NOT NULL DEFAULT 1,
    -- Who deals with it, and since when.
    ADD COLUMN taken_by    text,
    ADD COLUMN taken_at    timestamptz,
    ADD CONSTRAINT callbacks_taken CHECK ((taken_by IS NULL) = (taken_at IS NULL)),
    ADD CONSTRAINT callbacks_done CHECK ((done_by IS NULL) = (done_at IS NULL));
CREATE INDEX callbacks_by_time ON callbacks (clinic_id, asked_at, id);

-- The login of a doctor, who sees and changes their own schedule. One login is one doctor of a clinic.
ALTER TABLE doctors ADD COLUMN user_id uuid REFERENCES users (id);
CREATE UNIQUE INDEX doctors_by_user ON doctors (clinic_id, user_id) WHERE (user_id IS NOT NULL);
