-- Who looked at personal data is never forgotten or altered.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON backoffice_personaldataread
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
