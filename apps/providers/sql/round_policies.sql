-- What was published stays as players could read it; a later version says otherwise.
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON providers_roundpolicy
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
