-- Why staff ended a bonus may be emptied once the player has been erased; the step and its postings stay.

DROP TRIGGER IF EXISTS append_only ON bonuses_grantstep;
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON bonuses_grantstep
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER only_erase BEFORE UPDATE ON bonuses_grantstep
    FOR EACH ROW EXECUTE FUNCTION compliance_only_erase('bonuses_grant.grant_id', 'details');
