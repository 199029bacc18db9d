-- Staff sign in; and a clinic no longer reaches other clinics' staff: a login is seen by itself
-- (app.user_id) and by the clinics whose member it is, and its address is changed by itself alone.
-- What has to go past that, for one login each time, are functions of the owner.

DROP POLICY login ON users;
DROP POLICY invite ON users;
DROP POLICY member ON users;
DROP POLICY login ON memberships;
DROP POLICY own_insert ON memberships;
DROP POLICY own_update ON memberships;
REVOKE INSERT, UPDATE ON users, memberships FROM frontdesk_app;

CREATE POLICY own ON users FOR SELECT TO frontdesk_app
    USING (id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
        OR EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id
            AND m.clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid)));
CREATE POLICY self ON users FOR UPDATE TO frontdesk_app
    USING (id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY own ON memberships FOR SELECT TO frontdesk_app
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid)
        OR user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
-- A clinic ends its memberships. It does not begin them again: that is for add_member.
CREATE POLICY ending ON memberships FOR UPDATE TO frontdesk_app
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid) AND active)
    WITH CHECK (NOT active);
GRANT UPDATE (email, name, row_version) ON users TO frontdesk_app;
GRANT UPDATE (active, row_version) ON memberships TO frontdesk_app;

-- A clinic that wants somebody who belongs to another one; they say yes themselves.
CREATE TABLE invitations (
    clinic_id       uuid NOT NULL REFERENCES clinics (id),
    user_id         uuid NOT NULL REFERENCES users (id),
    role            text NOT NULL CHECK (role IN ('clinic_admin', 'supervisor', 'doctor', 'nurse',
                        'pharmacist', 'lab_staff', 'receptionist', 'patient')),
    invited_at      timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, user_id, role)
);

-- Hashes of passwords. No role reads this table but through the functions below.
CREATE TABLE credentials (
    user_id         uuid PRIMARY KEY REFERENCES users (id),
    password_hash   text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    changed_at      timestamptz NOT NULL
);

-- One for each time somebody gives their password; what is signed for it counts while it lasts.
CREATE TABLE sign_ins (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id),
    began_at        timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    ended_at        timestamptz
);
CREATE INDEX sign_ins_by_user ON sign_ins (user_id);

-- The tokens by which a sign-in is renewed, each once; only their hashes are kept.
CREATE TABLE refresh_tokens (
    hash            bytea PRIMARY KEY CHECK (length(hash) = 32),
    sign_in_id      uuid NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    used_at         timestamptz
);
CREATE INDEX refresh_tokens_by_sign_in ON refresh_tokens (sign_in_id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['invitations', 'credentials', 'sign_ins', 'refresh_tokens'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    -- For the functions below, which run as the owner.
    FOREACH t IN ARRAY ARRAY['users', 'memberships', 'invitations', 'credentials', 'sign_ins',
        'refresh_tokens'] LOOP
        EXECUTE format('CREATE POLICY owner ON %I TO frontdesk_owner USING (true)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['users', 'memberships'] LOOP
        EXECUTE format('CREATE POLICY jobs ON %I FOR SELECT TO frontdesk_worker USING (true)', t);
    END LOOP;
END $$;
CREATE POLICY own ON invitations FOR SELECT TO frontdesk_app
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid)
        OR user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY withdraw ON invitations FOR DELETE TO frontdesk_app
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid)
        OR user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY own ON sign_ins FOR SELECT TO frontdesk_app
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
GRANT SELECT, DELETE ON invitations TO frontdesk_app;
GRANT SELECT ON sign_ins TO frontdesk_app;

-- Somebody of that address becomes a member of the session's clinic, with a new login if there is
-- none; who belongs or belonged to another clinic is invited. `begun` tells what is to be audited.
CREATE FUNCTION add_member(p_now timestamptz, p_id uuid, p_email text, p_name text, p_role text)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_clinic uuid := nullif(current_setting('app.clinic_id', true), '')::uuid;
    v_user users;
    v_state text := 'same';
BEGIN
    INSERT INTO users (id, email, name) VALUES (p_id, p_email, p_name)
        ON CONFLICT (email) DO NOTHING;
    -- Locked, so that two clinics at once do not both find nobody's login.
    SELECT u.* INTO v_user FROM users u WHERE u.email = p_email FOR UPDATE;
    IF NOT v_user.active THEN
        RETURN '{"refused": "user_unknown"}';
    END IF;
    IF EXISTS (SELECT FROM memberships m WHERE m.user_id = v_user.id AND m.clinic_id <> v_clinic)
        AND NOT EXISTS (SELECT FROM memberships m WHERE m.user_id = v_user.id
            AND m.clinic_id = v_clinic AND m.active)
    THEN
        INSERT INTO invitations (clinic_id, user_id, role, invited_at)
            VALUES (v_clinic, v_user.id, p_role, p_now) ON CONFLICT DO NOTHING;
        v_state := CASE WHEN FOUND THEN 'invited' ELSE 'waiting' END;
    ELSE
        INSERT INTO memberships AS m (clinic_id, user_id, role) VALUES (v_clinic, v_user.id, p_role)
            ON CONFLICT (clinic_id, user_id, role) DO UPDATE
                SET active = true, row_version = m.row_version + 1 WHERE NOT m.active;
        v_state := CASE WHEN FOUND THEN 'begun' ELSE 'same' END;
    END IF;
    RETURN jsonb_build_object('user', v_user.id, 'state', v_state);
END $$;

-- The session's user becomes what the session's clinic has invited them to be.
CREATE FUNCTION accept_invitation(p_role text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_clinic uuid := nullif(current_setting('app.clinic_id', true), '')::uuid;
    v_user uuid := nullif(current_setting('app.user_id', true), '')::uuid;
BEGIN
    DELETE FROM invitations i
     WHERE i.clinic_id = v_clinic AND i.user_id = v_user AND i.role = p_role;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO memberships AS m (clinic_id, user_id, role) VALUES (v_clinic, v_user, p_role)
        ON CONFLICT (clinic_id, user_id, role) DO UPDATE
            SET active = true, row_version = m.row_version + 1;
    RETURN true;
END $$;

-- DELETE on a login of the session's clinic means this. Another clinic's membership stands in the
-- way as well, and is not named.
DROP FUNCTION deactivate_user(uuid, timestamptz, text, uuid);
CREATE FUNCTION deactivate_user(p_user uuid)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_clinic uuid := nullif(current_setting('app.clinic_id', true), '')::uuid;
BEGIN
    PERFORM FROM users u WHERE u.id = p_user FOR UPDATE;
    IF NOT EXISTS (SELECT FROM memberships m WHERE m.user_id = p_user AND m.clinic_id = v_clinic) THEN
        RETURN '{"refused": "user_unknown"}';
    END IF;
    IF EXISTS (SELECT FROM memberships m
        WHERE m.user_id = p_user AND m.clinic_id = v_clinic AND m.active)
    THEN
        RETURN jsonb_build_object('hanging',
            jsonb_build_array(jsonb_build_object('kind', 'membership', 'id', v_clinic)));
    END IF;
    IF EXISTS (SELECT FROM memberships m WHERE m.user_id = p_user AND m.clinic_id <> v_clinic) THEN
        RETURN '{"refused": "user_elsewhere"}';
    END IF;
    UPDATE users u SET active = false, row_version = u.row_version + 1
     WHERE u.id = p_user AND u.active;
    IF NOT FOUND THEN
        RETURN '{"refused": "user_unknown"}';
    END IF;
    RETURN '{"hanging": []}';
END $$;

-- The one active login of an address, and how its password is hashed if it has one.
CREATE FUNCTION login_of(p_email text)
RETURNS TABLE (user_id uuid, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.id, c.password_hash FROM users u JOIN credentials c ON c.user_id = u.id
     WHERE u.email = p_email AND u.active
$$;

-- A user sets their own password. A clinic sets the first one of a login that is nobody else's.
CREATE FUNCTION set_password(p_now timestamptz, p_user uuid, p_hash text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_clinic uuid := nullif(current_setting('app.clinic_id', true), '')::uuid;
    v_self boolean := p_user = nullif(current_setting('app.user_id', true), '')::uuid;
BEGIN
    PERFORM FROM users u WHERE u.id = p_user AND u.active FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF v_self IS NOT TRUE AND (
        EXISTS (SELECT FROM credentials c WHERE c.user_id = p_user)
        OR EXISTS (SELECT FROM memberships m WHERE m.user_id = p_user AND m.clinic_id <> v_clinic)
        OR NOT EXISTS (SELECT FROM memberships m WHERE m.user_id = p_user
            AND m.clinic_id = v_clinic AND m.active))
    THEN
        RETURN false;
    END IF;
    INSERT INTO credentials (user_id, password_hash, changed_at) VALUES (p_user, p_hash, p_now)
        ON CONFLICT (user_id) DO UPDATE
            SET password_hash = excluded.password_hash, changed_at = excluded.changed_at;
    -- Who has the old password is out.
    UPDATE sign_ins s SET ended_at = p_now WHERE s.user_id = p_user AND s.ended_at IS NULL;
    RETURN true;
END $$;

-- After the password was right. What is long over of the same user goes.
CREATE FUNCTION begin_sign_in(p_now timestamptz, p_expires timestamptz, p_id uuid, p_user uuid, p_hash bytea)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM sign_ins s WHERE s.user_id = p_user AND s.expires_at < p_now;
    INSERT INTO sign_ins (id, user_id, began_at, expires_at)
        VALUES (p_id, p_user, p_now, p_expires);
    INSERT INTO refresh_tokens (hash, sign_in_id) VALUES (p_hash, p_id);
$$;

-- Another token for one that is good. A token that was used before is a stolen one, or its thief's:
-- the sign-in ends. Not within p_grace, in which two tabs may ask at once.
CREATE FUNCTION renew_sign_in(p_now timestamptz, p_grace interval, p_hash bytea, p_next bytea)
RETURNS TABLE (user_id uuid, sign_in_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_sign_in sign_ins;
    v_used timestamptz;
BEGIN
    SELECT s.* INTO v_sign_in FROM refresh_tokens t JOIN sign_ins s ON s.id = t.sign_in_id
      JOIN users u ON u.id = s.user_id AND u.active
     WHERE t.hash = p_hash AND s.ended_at IS NULL AND s.expires_at > p_now FOR UPDATE OF t, s;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT t.used_at INTO v_used FROM refresh_tokens t WHERE t.hash = p_hash;
    IF v_used < p_now - p_grace THEN
        UPDATE sign_ins s SET ended_at = p_now WHERE s.id = v_sign_in.id;
        RETURN;
    END IF;
    UPDATE refresh_tokens t SET used_at = coalesce(t.used_at, p_now) WHERE t.hash = p_hash;
    INSERT INTO refresh_tokens (hash, sign_in_id) VALUES (p_next, v_sign_in.id);
    RETURN QUERY SELECT v_sign_in.user_id, v_sign_in.id;
END $$;

CREATE FUNCTION end_sign_in(p_now timestamptz, p_hash bytea)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE sign_ins s SET ended_at = p_now FROM refresh_tokens t
     WHERE t.hash = p_hash AND s.id = t.sign_in_id AND s.ended_at IS NULL;
$$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY['add_member(timestamptz, uuid, text, text, text)',
        'accept_invitation(text)', 'deactivate_user(uuid)', 'login_of(text)',
        'set_password(timestamptz, uuid, text)',
        'begin_sign_in(timestamptz, timestamptz, uuid, uuid, bytea)',
        'renew_sign_in(timestamptz, interval, bytea, bytea)', 'end_sign_in(timestamptz, bytea)'] LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO frontdesk_app', f);
    END LOOP;
END $$;
