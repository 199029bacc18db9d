-- Staff: logins are global, rights come from memberships in clinics. How they prove who they are
-- (passwords, tokens, second factors) gets tables of its own.

CREATE TABLE users (
    id              uuid PRIMARY KEY,
    -- Lower case, so that one person has one login.
    email           text NOT NULL CHECK (email = lower(email) AND email ~ '^[^@\s]+@[^@\s]+$'),
    name            text NOT NULL CHECK (name <> ''),
    -- Operates the installation, in no clinic. Set by the owner alone; see the grants.
    super_admin     boolean NOT NULL DEFAULT false,
    active          boolean NOT NULL DEFAULT true,
    -- [TEN-5] What memberships in force reference.
    active_user_id  uuid GENERATED ALWAYS AS (CASE WHEN active THEN id END) STORED UNIQUE,
    row_version     bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email UNIQUE (email)
);

CREATE TABLE memberships (
    clinic_id       uuid NOT NULL REFERENCES clinics (id),
    user_id         uuid NOT NULL REFERENCES users (id),
    role            text NOT NULL CHECK (role IN ('clinic_admin', 'supervisor', 'doctor', 'nurse',
                        'pharmacist', 'lab_staff', 'receptionist', 'patient')),
    active          boolean NOT NULL DEFAULT true,
    -- [TEN-5] A membership in force hangs on an active user. It does not hang on an active clinic:
    -- somebody must be left to deactivate it, and to read what it leaves behind.
    live_user_id    uuid GENERATED ALWAYS AS (CASE WHEN active THEN user_id END) STORED,
    row_version     bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, user_id, role),
    CONSTRAINT memberships_live_user FOREIGN KEY (live_user_id) REFERENCES users (active_user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);

-- Both are read before there is a tenant: at login, and to check the clinic that a path names.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY login ON users FOR SELECT TO frontdesk_app, frontdesk_worker USING (true);
CREATE POLICY invite ON users FOR INSERT TO frontdesk_app WITH CHECK (true);
CREATE POLICY member ON users FOR UPDATE TO frontdesk_app
    USING (EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id
        AND m.clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid)));
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY login ON memberships FOR SELECT TO frontdesk_app, frontdesk_worker USING (true);
CREATE POLICY own_insert ON memberships FOR INSERT TO frontdesk_app
    WITH CHECK (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
CREATE POLICY own_update ON memberships FOR UPDATE TO frontdesk_app
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));

GRANT SELECT ON users, memberships TO frontdesk_app, frontdesk_worker;
GRANT INSERT (id, email, name), UPDATE (email, name, active, row_version) ON users TO frontdesk_app;
GRANT INSERT, UPDATE ON memberships TO frontdesk_app;

-- DELETE on a user means this. Refused with the memberships in force, whichever clinic's.
CREATE FUNCTION deactivate_user(p_clinic uuid, p_now timestamptz, p_principal text, p_user uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v_hanging jsonb;
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    PERFORM FROM users u WHERE u.id = p_user FOR UPDATE;
    SELECT coalesce(jsonb_agg(jsonb_build_object('kind', 'membership', 'id', m.clinic_id)), '[]')
      INTO v_hanging FROM memberships m WHERE m.user_id = p_user AND m.active;
    IF v_hanging <> '[]' THEN
        RETURN jsonb_build_object('hanging', v_hanging);
    END IF;
    UPDATE users u SET active = false, row_version = u.row_version + 1
     WHERE u.id = p_user AND u.active;
    IF NOT FOUND THEN
        RETURN '{"refused": "user_unknown"}';
    END IF;
    INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, fields)
    VALUES (p_clinic, p_now, p_principal, 'user.deactivated', 'user', p_user, ARRAY['active']);
    RETURN '{"hanging": []}';
END $$;
