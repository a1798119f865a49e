-- That there was a contact is never altered; no text is kept that could have to be erased.

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_playercontact
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
