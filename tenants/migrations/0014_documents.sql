-- What a clinic wants callers to be told, as short texts: found by full text, answered with its
-- number or title. Public: nothing of a patient stands here.
CREATE TABLE documents (
    clinic_id   uuid NOT NULL REFERENCES clinics (id),
    id          uuid NOT NULL,
    number      integer NOT NULL CHECK (number > 0),
    title       text CHECK (title <> ''),
    body        text NOT NULL CHECK (length(body) BETWEEN 1 AND 4000),
    active      boolean NOT NULL DEFAULT true,
    words       tsvector NOT NULL
                GENERATED ALWAYS AS (to_tsvector('english', coalesce(title || ' ', '') || body)) STORED,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, id),
    -- A clinic has tens of them: they are read by clinic, and no index on their words is needed.
    UNIQUE (clinic_id, number)
);
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON documents TO frontdesk_app, frontdesk_worker
    USING (clinic_id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON documents TO frontdesk_app, frontdesk_worker;

-- The documents that have words of the question, best first. Each of `p_keywords` is a word and
-- those that mean the same; `matched` counts the keywords of which at least one word is there.
CREATE FUNCTION search_documents(p_clinic uuid, p_keywords text[], p_limit integer)
RETURNS TABLE (number integer, title text, body text, matched integer, asked integer)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    RETURN QUERY
    WITH keyword AS (
        SELECT string_agg(quote_literal(w.lexeme), ' | ')::tsquery AS query
          FROM unnest(p_keywords) WITH ORDINALITY k (words, place)
         CROSS JOIN LATERAL unnest(to_tsvector('english', k.words)) w
         GROUP BY k.place)
    SELECT d.number, d.title, d.body, count(k.query)::integer,
           (SELECT count(*)::integer FROM keyword)
      FROM documents d
      JOIN keyword k ON d.words @@ k.query
     WHERE d.clinic_id = p_clinic AND d.active
     GROUP BY d.clinic_id, d.id
     ORDER BY count(k.query) DESC, sum(ts_rank(d.words, k.query)) DESC, d.number
     LIMIT p_limit;
END $$;

-- What a call wrote, for the check of its outcome.
CREATE INDEX audit_log_by_call ON audit_log (clinic_id, call_id) WHERE (call_id IS NOT NULL);
CREATE INDEX callbacks_by_call ON callbacks (clinic_id, call_id) WHERE (call_id IS NOT NULL);
