-- What a clinic sets for its calls (voice, wording, patience), as the runtime documents it. A change
-- raises the clinic's facts_version like any other of its row.
ALTER TABLE clinics ADD COLUMN call_settings jsonb NOT NULL DEFAULT '{}'
    CONSTRAINT call_settings_object CHECK (jsonb_typeof(call_settings) = 'object');
