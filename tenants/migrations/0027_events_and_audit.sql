-- The relay of the outbox and the sealer of the audit log.

-- One relay at a time takes all partitions, in order of writing; an index by partition is not asked
-- any more.
DROP INDEX outbox_unpublished;
CREATE INDEX outbox_waiting ON outbox (position) WHERE (published_at IS NULL);
-- Events that a consumer did not take: what comes after them of the same thing waits.
CREATE INDEX outbox_stuck ON outbox (aggregate_id, position)
    WHERE (published_at IS NULL AND retry_at IS NOT NULL);

-- Up to which row of the audit log every row is in the chain: the sealer looks after that one. Behind
-- the newest row, because a row becomes visible when its transaction ends.
CREATE TABLE audit_sealer (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    sealed_upto  bigint NOT NULL DEFAULT 0,
    -- What it will be from `next_at` on.
    next_upto    bigint NOT NULL DEFAULT 0,
    next_at      timestamptz NOT NULL
);
ALTER TABLE audit_sealer ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_sealer FORCE ROW LEVEL SECURITY;
CREATE POLICY jobs ON audit_sealer TO frontdesk_worker USING (true);
GRANT SELECT, INSERT, UPDATE ON audit_sealer TO frontdesk_worker;
