-- What a call is told of its clinic (its row, its doctors, its documents) has a version, so that
-- processes can keep the facts and know with one cheap read whether they still hold.

ALTER TABLE clinics ADD COLUMN facts_version bigint NOT NULL DEFAULT 1;

CREATE FUNCTION clinic_row_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Without the generated column, which is not computed yet.
    IF NEW.facts_version = OLD.facts_version
       AND to_jsonb(NEW) - 'active_clinic_id' <> to_jsonb(OLD) - 'active_clinic_id' THEN
        NEW.facts_version := OLD.facts_version + 1;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER facts_version BEFORE UPDATE ON clinics
    FOR EACH ROW EXECUTE FUNCTION clinic_row_changed();

-- By the rights of whoever changes the doctor or the document: a clinic writes its own row. Row-level
-- security binds the owner too, so a function with the owner's rights would see no row at all.
GRANT UPDATE (facts_version) ON clinics TO frontdesk_worker;
CREATE POLICY own_version ON clinics FOR UPDATE TO frontdesk_worker
    USING (id = (SELECT nullif(current_setting('app.clinic_id', true), '')::uuid));

CREATE FUNCTION clinic_facts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.clinic_id ELSE NEW.clinic_id END;
BEGIN
    UPDATE clinics SET facts_version = facts_version + 1 WHERE id = changed;
    RETURN NULL;
END $$;

CREATE TRIGGER facts_version AFTER INSERT OR UPDATE OR DELETE ON doctors
    FOR EACH ROW EXECUTE FUNCTION clinic_facts_changed();
CREATE TRIGGER facts_version AFTER INSERT OR UPDATE OR DELETE ON doctor_specialties
    FOR EACH ROW EXECUTE FUNCTION clinic_facts_changed();
CREATE TRIGGER facts_version AFTER INSERT OR UPDATE OR DELETE ON documents
    FOR EACH ROW EXECUTE FUNCTION clinic_facts_changed();
