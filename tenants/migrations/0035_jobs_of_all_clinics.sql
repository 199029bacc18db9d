-- A look over all clinics in one statement, for jobs that have something to do in few of them, and what
-- was told long ago goes.

-- Of a page of clinics (by id, after `p_after`), those in which the job has something to do now, and the
-- last one of the page; NULL if there is none. It looks at each as that clinic: row-level security holds,
-- and nothing of a clinic comes out but its id.
CREATE FUNCTION clinics_due(p_job text, p_now timestamptz, p_after uuid, p_most integer,
                            OUT looked_upto uuid, OUT due uuid[])
LANGUAGE plpgsql AS $$
DECLARE
    c record;
    v_due boolean;
BEGIN
    due := '{}';
    FOR c IN SELECT k.id, k.no_show_minutes, k.transcript_days FROM clinics k
              WHERE p_after IS NULL OR k.id > p_after ORDER BY k.id LIMIT p_most
    LOOP
        looked_upto := c.id;
        PERFORM set_config('app.clinic_id', c.id::text, true);
        CASE p_job
        WHEN 'waitlist' THEN
            v_due := EXISTS (SELECT FROM waitlist_entries e
                WHERE e.clinic_id = c.id AND e.status = 'offered' AND NOT e.simulated
                  AND e.offer_expires_at <= p_now)
              OR EXISTS (SELECT FROM waitlist_entries e
                WHERE e.clinic_id = c.id AND e.status = 'waiting' AND NOT e.simulated
                  AND e.wanted_until <= p_now);
        WHEN 'unpaid' THEN
            v_due := EXISTS (SELECT FROM appointments a
                WHERE a.clinic_id = c.id AND a.status = 'scheduled' AND NOT a.simulated
                  AND a.payment_deadline <= p_now);
        WHEN 'no-show' THEN
            v_due := c.no_show_minutes IS NOT NULL AND EXISTS (SELECT FROM appointments a
                WHERE a.clinic_id = c.id AND a.status = 'confirmed' AND NOT a.simulated
                  AND a.ends_at + make_interval(mins => c.no_show_minutes) <= p_now);
        WHEN 'calls' THEN
            v_due := EXISTS (SELECT FROM calls k
                WHERE k.clinic_id = c.id AND k.ended_at IS NULL
                  AND call_lost_for(k.worker, k.lease_until, k.lost_at, p_now) IS NOT NULL);
        WHEN 'retention' THEN
            -- None ended before it began.
            v_due := EXISTS (SELECT FROM calls k
                WHERE k.clinic_id = c.id AND k.wrapped_key IS NOT NULL
                  AND k.started_at <= p_now - make_interval(days => c.transcript_days)
                  AND k.ended_at <= p_now - make_interval(days => c.transcript_days));
        WHEN 'erasure' THEN
            v_due := EXISTS (SELECT FROM erasure_requests r
                WHERE r.clinic_id = c.id AND r.done_at IS NULL);
        WHEN 'notifications' THEN
            v_due := EXISTS (SELECT FROM notifications n
                WHERE n.clinic_id = c.id AND n.status = 'queued'
                  AND (n.next_at <= p_now AND NOT n.simulated OR n.void_at <= p_now));
        ELSE
            RAISE EXCEPTION 'the job % has no look over all clinics', p_job;
        END CASE;
        IF v_due THEN
            due := due || c.id;
        END IF;
    END LOOP;
    PERFORM set_config('app.clinic_id', '', true);
END $$;

-- What these looks go by, few rows each.
CREATE INDEX appointments_unpaid ON appointments (clinic_id, payment_deadline)
    WHERE (status = 'scheduled' AND payment_deadline IS NOT NULL);
CREATE INDEX calls_kept ON calls (clinic_id, started_at) WHERE (wrapped_key IS NOT NULL);
-- Whether a call goes on in a room.
CREATE INDEX calls_open_in_room ON calls (clinic_id, room) WHERE (ended_at IS NULL);
CREATE INDEX erasure_requests_open ON erasure_requests (clinic_id) WHERE (done_at IS NULL);

-- Notifications that were sent, or given up, go a while later, and those of calls whose clock is pinned,
-- which nobody is sent. They hold ids and times alone [NOTE-1].
CREATE POLICY jobs ON notifications FOR SELECT TO frontdesk_worker USING (true);
CREATE POLICY tidying ON notifications FOR DELETE TO frontdesk_worker
    USING (status <> 'queued' OR simulated);
GRANT DELETE ON notifications TO frontdesk_worker;
