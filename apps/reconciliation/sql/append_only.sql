-- What others say, what was found, and what was done about it is never altered.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['storedfile', 'filechunk', 'importissue', 'ledgerline', 'settlementrow', 'batch', 'bankline',
                                'gamereportrow', 'runitem', 'breakevent', 'resolution'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_%s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['import', 'run', 'break', 'export'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON reconciliation_%s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change()', name);
    END LOOP;
END
$$;

-- What was posted is taken back once, and otherwise stays.
DO $$
BEGIN
    IF to_regclass('reconciliation_settlementposting') IS NOT NULL THEN
        CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON reconciliation_settlementposting
            FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
        CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON reconciliation_settlementposting FOR EACH ROW
            WHEN (OLD.reversal_id IS NOT NULL
                  OR to_jsonb(OLD) - '{reversal_id,reversed_at}'::text[] IS DISTINCT FROM to_jsonb(NEW) - '{reversal_id,reversed_at}'::text[])
            EXECUTE FUNCTION core_refuse_change();
    END IF;
END
$$;

-- A finished run stays what it was.
CREATE OR REPLACE TRIGGER fixed_report BEFORE UPDATE ON reconciliation_run FOR EACH ROW
    WHEN (OLD.state IN ('finished', 'failed')) EXECUTE FUNCTION core_refuse_change();

-- What a file is does not change once it is loaded; it may be discarded, once.
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON reconciliation_import FOR EACH ROW
    WHEN (OLD.state = 'discarded'
          OR (OLD.id, OLD.file_id, OLD.format, OLD.integration_id, OLD.received_at)
             IS DISTINCT FROM (NEW.id, NEW.file_id, NEW.format, NEW.integration_id, NEW.received_at)
          OR (OLD.state = 'loaded'
              AND (NEW.state NOT IN ('loaded', 'discarded')
                   OR (OLD.rows, OLD.business_date, OLD.loaded_at) IS DISTINCT FROM (NEW.rows, NEW.business_date, NEW.loaded_at))))
    EXECUTE FUNCTION core_refuse_change();
