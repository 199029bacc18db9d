-- Messages for the staff: a callback with a subject and the caller's words, sealed with the key of the
-- call like its transcript, so that they go with it [PHI-1].
ALTER TABLE callbacks DROP CONSTRAINT callbacks_reason_check;
ALTER TABLE callbacks ADD CONSTRAINT callbacks_reason_check
    CHECK (reason IN ('asked', 'busy', 'emergency', 'unidentified', 'failure', 'message'));
ALTER TABLE callbacks
    ADD COLUMN subject   text CHECK (subject IN ('results', 'refill', 'sick_note', 'referral', 'bill',
                                                 'complaint', 'late', 'doctor', 'details', 'records',
                                                 'pharmacy', 'hospital', 'insurer', 'other')),
    -- What the caller wants told, in their words.
    ADD COLUMN words     bytea,
    -- Whom it is about, where that is no patient who was identified.
    ADD COLUMN about     bytea,
    -- When they want to be called, in their words.
    ADD COLUMN call_when bytea,
    ADD CONSTRAINT callbacks_message CHECK ((reason = 'message') = (subject IS NOT NULL)),
    ADD CONSTRAINT callbacks_reachable
        CHECK (reason <> 'message' OR phone IS NOT NULL OR patient_id IS NOT NULL);
ALTER TABLE calls DROP CONSTRAINT calls_outcome_check;
ALTER TABLE calls ADD CONSTRAINT calls_outcome_check
    CHECK (outcome IN ('booked', 'rescheduled', 'cancelled', 'answered', 'transferred', 'emergency',
                       'message', 'abandoned'));
