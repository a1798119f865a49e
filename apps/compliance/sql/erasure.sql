-- What people wrote about a player may be emptied once he has been erased; the rows stay, and nothing else of them moves.

CREATE OR REPLACE FUNCTION compliance_only_erase() RETURNS trigger LANGUAGE plpgsql AS $$
-- Trigger function. Arguments: whose row it is (`player`, or `case` where the row names a case), then the columns.
DECLARE
    v_player bigint;
    v_new    jsonb := to_jsonb(NEW);
    v_column text;
BEGIN
    IF TG_ARGV[0] = 'case' THEN
        SELECT player_id INTO v_player FROM compliance_case WHERE id = OLD.case_id;
    ELSE
        v_player := OLD.player_id;
    END IF;
    FOREACH v_column IN ARRAY TG_ARGV[1:] LOOP
        IF v_new -> v_column NOT IN ('""', '{}', 'null') AND v_new -> v_column IS DISTINCT FROM to_jsonb(OLD) -> v_column THEN
            v_player := NULL;
        END IF;
    END LOOP;
    IF to_jsonb(OLD) - TG_ARGV[1:] = v_new - TG_ARGV[1:]
       AND EXISTS (SELECT 1 FROM compliance_erasure e WHERE e.player_id = v_player) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: the table is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

DROP TRIGGER IF EXISTS append_only ON compliance_playernote;
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON compliance_playernote
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER only_erase BEFORE UPDATE ON compliance_playernote
    FOR EACH ROW EXECUTE FUNCTION compliance_only_erase('player', 'text');

DROP TRIGGER IF EXISTS append_only ON compliance_caseevent;
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON compliance_caseevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER only_erase BEFORE UPDATE ON compliance_caseevent
    FOR EACH ROW EXECUTE FUNCTION compliance_only_erase('case', 'text', 'data');
