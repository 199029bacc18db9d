-- A dialled number leads to a clinic because the owner of the database says so, and no clinic can
-- claim one for itself [TEN-7].
DROP POLICY own_insert ON clinic_phone_numbers;
DROP POLICY own_delete ON clinic_phone_numbers;
REVOKE INSERT, DELETE ON clinic_phone_numbers FROM frontdesk_app;
CREATE POLICY owner ON clinic_phone_numbers TO frontdesk_owner USING (true);
CREATE POLICY owner ON clinics FOR SELECT TO frontdesk_owner USING (true);

-- Nor does a number lead elsewhere than to the clinic that publishes it as its telephone.
CREATE FUNCTION check_dialled_number() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    v_other boolean;
BEGIN
    IF TG_TABLE_NAME = 'clinics' THEN
        v_other := EXISTS (SELECT FROM clinic_phone_numbers n
                            WHERE n.phone = NEW.phone AND n.clinic_id <> NEW.id);
    ELSE
        v_other := EXISTS (SELECT FROM clinics c
                            WHERE c.phone = NEW.phone AND c.id <> NEW.clinic_id);
    END IF;
    IF v_other THEN
        RAISE EXCEPTION 'the number is another clinic''s'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'clinic_phone_numbers_published';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER clinic_phone_numbers_published BEFORE INSERT OR UPDATE ON clinic_phone_numbers
    FOR EACH ROW EXECUTE FUNCTION check_dialled_number();
CREATE TRIGGER clinics_published BEFORE INSERT OR UPDATE OF phone ON clinics
    FOR EACH ROW EXECUTE FUNCTION check_dialled_number();

-- The exception: a demo clinic gets its own telephone while it is being made, if it is nobody's yet.
CREATE FUNCTION claim_demo_number()
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO clinic_phone_numbers (phone, clinic_id)
    SELECT c.phone, c.id FROM clinics c
     WHERE c.id = nullif(current_setting('app.clinic_id', true), '')::uuid
       AND c.demo AND c.xmin = pg_current_xact_id()::xid;
$$;
REVOKE ALL ON FUNCTION claim_demo_number() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim_demo_number() TO frontdesk_app;
