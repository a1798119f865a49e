-- What a fact says of a person may be emptied once he has been erased; that there was one, and when, stays.

DROP TRIGGER IF EXISTS append_only ON verification_playerfact;
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON verification_playerfact
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER only_erase BEFORE UPDATE ON verification_playerfact
    FOR EACH ROW EXECUTE FUNCTION compliance_only_erase('player', 'value', 'vendor_reference', 'reason');
