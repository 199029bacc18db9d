-- Keys by which other systems of a clinic use the API, each with a role in that clinic. Only the hash of a
-- key is kept, and it is found by a function alone, before there is a clinic.
CREATE TABLE api_keys (
    clinic_id   uuid NOT NULL REFERENCES clinics (id),
    id          uuid NOT NULL,
    name        text NOT NULL CHECK (name <> ''),
    role        text NOT NULL CHECK (role IN ('clinic_admin', 'supervisor', 'nurse', 'pharmacist',
                                              'lab_staff', 'receptionist')),
    hash        bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    made_by     text NOT NULL,
    made_at     timestamptz NOT NULL,
    expires_at  timestamptz,
    revoked_at  timestamptz,
    row_version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (clinic_id, id)
);
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_keys TO frontdesk_app, frontdesk_worker
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
CREATE POLICY owner ON api_keys FOR SELECT TO frontdesk_owner USING (true);
GRANT SELECT, INSERT ON api_keys TO frontdesk_app;
GRANT UPDATE (revoked_at, row_version) ON api_keys TO frontdesk_app;

-- The key that is in force under that hash, at an active clinic.
CREATE FUNCTION api_key_of(p_now timestamptz, p_hash bytea)
RETURNS TABLE (clinic_id uuid, slug text, id uuid, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.clinic_id, c.slug, k.id, k.role
      FROM api_keys k JOIN clinics c ON c.id = k.clinic_id AND c.active
     WHERE k.hash = p_hash AND k.revoked_at IS NULL
       AND (k.expires_at IS NULL OR k.expires_at > p_now)
$$;
REVOKE ALL ON FUNCTION api_key_of(timestamptz, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_key_of(timestamptz, bytea) TO frontdesk_app;
