-- Documents that come from files: a row is one passage of a file, found by its words and those of
-- its title and heading, or by its id where something else has found it.
ALTER TABLE documents
    -- Name of the file in the clinic's folder; a row without one is a document by itself.
    ADD COLUMN source text CHECK (source <> ''),
    -- Place of the passage in its file.
    ADD COLUMN part integer NOT NULL DEFAULT 0 CHECK (part >= 0),
    -- Tells a file from one of other content.
    ADD COLUMN digest bytea,
    ADD COLUMN heading text CHECK (heading <> ''),
    ALTER COLUMN number DROP NOT NULL,
    ADD CONSTRAINT documents_cited CHECK (number IS NOT NULL OR title IS NOT NULL),
    ADD CONSTRAINT documents_of_file CHECK ((source IS NULL) = (digest IS NULL)),
    DROP COLUMN words;
ALTER TABLE documents
    ADD COLUMN words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english',
        coalesce(title || ' ', '') || coalesce(heading || ' ', '') || body)) STORED;
CREATE UNIQUE INDEX documents_by_source ON documents (clinic_id, source, part)
    WHERE source IS NOT NULL;
GRANT DELETE ON documents TO frontdesk_app, frontdesk_worker;

-- A file is many rows: the clinic's version goes up once a statement, not once a row.
DROP TRIGGER facts_version ON documents;
CREATE FUNCTION clinic_documents_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE clinics SET facts_version = facts_version + 1
     WHERE id IN (SELECT clinic_id FROM changed);
    RETURN NULL;
END $$;
CREATE TRIGGER facts_version_insert AFTER INSERT ON documents
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION clinic_documents_changed();
CREATE TRIGGER facts_version_update AFTER UPDATE ON documents
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION clinic_documents_changed();
CREATE TRIGGER facts_version_delete AFTER DELETE ON documents
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION clinic_documents_changed();

-- The clinic's passages that have words of the question, those with most of them first, `p_limit`
-- at most; and those of `p_near`, which something else has found. Each of `p_keywords` is a word and
-- those that mean the same; `matched` are the places (from 1) of those keywords of which at least
-- one word is there, `asked` is how many of them mean something at all.
DROP FUNCTION search_documents(uuid, text[], integer);
CREATE FUNCTION search_documents(p_clinic uuid, p_keywords text[], p_near uuid[], p_limit integer)
RETURNS TABLE (id uuid, number integer, title text, body text, matched integer[], asked integer)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('app.clinic_id', p_clinic::text, true);
    RETURN QUERY
    WITH keyword AS (
        SELECT k.place, string_agg(quote_literal(w.lexeme), ' | ')::tsquery AS query
          FROM unnest(p_keywords) WITH ORDINALITY k (words, place)
         CROSS JOIN LATERAL unnest(to_tsvector('english', k.words)) w
         GROUP BY k.place),
    worded AS (
        SELECT d.id, array_agg(k.place::integer ORDER BY k.place) AS places,
               sum(ts_rank(d.words, k.query)) AS rank
          FROM documents d
          JOIN keyword k ON d.words @@ k.query
         WHERE d.clinic_id = p_clinic AND d.active
         GROUP BY d.id
         ORDER BY count(*) DESC, rank DESC, d.id
         LIMIT p_limit)
    SELECT d.id, d.number, d.title, d.body, coalesce(w.places, '{}'),
           (SELECT count(*)::integer FROM keyword)
      FROM documents d
      LEFT JOIN worded w ON w.id = d.id
     WHERE d.clinic_id = p_clinic AND d.active AND (w.id IS NOT NULL OR d.id = ANY (p_near))
     ORDER BY cardinality(coalesce(w.places, '{}')) DESC, w.rank DESC NULLS LAST,
              d.number, d.source, d.part;
END $$;
