-- What is written beside every change, in its transaction: idempotency, outbox, audit. They carry
-- no foreign key to clinics on purpose: their rows are written with every booking, outlive what they
-- tell of, and row-level security already binds clinic_id.

CREATE TABLE idempotency_keys (
    clinic_id     uuid NOT NULL,
    principal     text NOT NULL,
    operation     text NOT NULL,
    key           text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_hash  bytea NOT NULL,
    answer        jsonb NOT NULL,
    expires_at    timestamptz NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, principal, operation, key)
);

-- Ordered per aggregate: `position` is drawn while the aggregate's row is locked. The relay leases
-- one of 16 partitions at a time. Payloads carry ids and times, never a person's data [EVT-2].
CREATE TABLE outbox (
    position        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id        uuid NOT NULL DEFAULT gen_random_uuid(),
    clinic_id       uuid NOT NULL,
    aggregate_type  text NOT NULL,
    aggregate_id    uuid NOT NULL,
    partition       smallint GENERATED ALWAYS AS ((uuid_hash(aggregate_id) & 15)::smallint) STORED,
    event_type      text NOT NULL,
    payload         jsonb NOT NULL,
    occurred_at     timestamptz NOT NULL,
    simulated       boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now(),
    attempts        integer NOT NULL DEFAULT 0,
    retry_at        timestamptz,
    published_at    timestamptz
);
CREATE INDEX outbox_unpublished ON outbox (partition, position) WHERE (published_at IS NULL);

-- Events that a consumer has handled; makes a repeated delivery harmless [EVT-3].
CREATE TABLE inbox (
    consumer    text NOT NULL,
    event_id    uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);

-- Append-only [AUD-1]: ids and field names, never values. The sealer adds sequence and hash in a
-- table of its own, so that nobody ever needs to update a row here.
CREATE TABLE audit_log (
    position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clinic_id    uuid NOT NULL,
    occurred_at  timestamptz NOT NULL,
    principal    text NOT NULL,
    action       text NOT NULL,
    entity       text NOT NULL,
    entity_id    uuid,
    fields       text[] NOT NULL DEFAULT '{}',
    -- Why staff went past a rule.
    reason       text,
    call_id      uuid,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_log_by_entity ON audit_log (clinic_id, entity_id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['idempotency_keys', 'outbox', 'inbox', 'audit_log'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['idempotency_keys', 'outbox', 'audit_log'] LOOP
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO frontdesk_app, frontdesk_worker
             USING (clinic_id = (SELECT nullif(current_setting(''app.clinic_id'', true), '''')::uuid))', t);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO frontdesk_app, frontdesk_worker', t);
        EXECUTE format('CREATE POLICY jobs ON %I TO frontdesk_worker USING (true)', t);
    END LOOP;
END $$;
CREATE POLICY jobs ON inbox TO frontdesk_worker USING (true);
GRANT UPDATE ON idempotency_keys TO frontdesk_app, frontdesk_worker;
GRANT DELETE ON idempotency_keys, outbox, inbox TO frontdesk_worker;
GRANT UPDATE ON outbox TO frontdesk_worker;
GRANT SELECT, INSERT ON inbox TO frontdesk_worker;
