-- What we did to rounds only grows.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON providers_roundevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
