-- The clinic's notice [BOOK-6] holds for whoever moves or cancels outside a call, too: an appointment
-- that was not booked in a call and a change that is not of a call were taken for "of the same call",
-- because neither names one. Only this condition of the two functions changes.
DO $$
DECLARE
    f oid;
    was text;
BEGIN
    FOR f IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname = current_schema()
                AND p.proname IN ('reschedule_appointment', 'change_status')
    LOOP
        was := pg_get_functiondef(f);
        IF position('a.booked_in_call IS DISTINCT FROM p_call' IN was) = 0 THEN
            RAISE EXCEPTION 'the condition of the notice is not in %', f::regprocedure;
        END IF;
        EXECUTE replace(was, 'a.booked_in_call IS DISTINCT FROM p_call',
                        '(p_call IS NULL OR a.booked_in_call IS DISTINCT FROM p_call)');
    END LOOP;
END $$;
