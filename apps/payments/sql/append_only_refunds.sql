-- Why money left that nobody asked for is never altered.
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_sourcerefund
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
