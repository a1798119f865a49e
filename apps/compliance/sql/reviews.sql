-- A verdict on a closed case stands; its words go when the player is erased.

CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON compliance_casereview
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER verdict_stands BEFORE UPDATE ON compliance_casereview FOR EACH ROW
    WHEN (OLD.verdict <> 'waiting') EXECUTE FUNCTION compliance_only_erase('case', 'note');
