-- What staff wrote about a change of a limit may be emptied once the player has been erased.

DROP TRIGGER IF EXISTS append_only ON safer_play_limitevent;
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON safer_play_limitevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER only_erase BEFORE UPDATE ON safer_play_limitevent
    FOR EACH ROW EXECUTE FUNCTION compliance_only_erase('safer_play_limit.limit_id', 'note');
