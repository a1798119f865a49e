-- Who looked at personal data is never forgotten or altered.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON backoffice_personaldataread
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

-- Nor which buttons were pressed. By row: removing an account that never pressed one touches nothing here.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON django_admin_log
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();

-- Nor the history of what operators edit.
DO $$
DECLARE
    historied text;
BEGIN
    FOREACH historied IN ARRAY ARRAY['brands_historicalbrand', 'integrations_historicalintegration', 'providers_historicalgame',
                                     'providers_historicalstudio', 'providers_historicalbrandgame'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION core_refuse_change()', historied);
    END LOOP;
END
$$;
