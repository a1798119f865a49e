-- An erasure, and who took an export away, are never altered; the notes on an erased player's status may be emptied.

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_dataexportdownload
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON compliance_erasure
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
-- The counts are filled in once, by the erasure itself.
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON compliance_erasure FOR EACH ROW
    WHEN (OLD.counts <> '{}'::jsonb OR to_jsonb(OLD) - 'counts' IS DISTINCT FROM to_jsonb(NEW) - 'counts')
    EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON compliance_legalhold
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON compliance_legalhold FOR EACH ROW
    WHEN (OLD.released_at IS NOT NULL
          OR to_jsonb(OLD) - '{released_at,released_by_id,release_reason}'::text[]
             IS DISTINCT FROM
             to_jsonb(NEW) - '{released_at,released_by_id,release_reason}'::text[])
    EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON compliance_erasurerequest
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER answered BEFORE UPDATE ON compliance_erasurerequest FOR EACH ROW
    WHEN (OLD.state <> 'received') EXECUTE FUNCTION core_refuse_change();

CREATE OR REPLACE FUNCTION compliance_only_erase_notes() RETURNS trigger LANGUAGE plpgsql AS $$
-- Trigger function: of a status change only the note may be emptied, and only once its player has been erased.
BEGIN
    IF NEW.note = '' AND to_jsonb(OLD) - 'note' = to_jsonb(NEW) - 'note'
       AND EXISTS (SELECT 1 FROM compliance_erasure e WHERE e.player_id = OLD.player_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: the table is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
DROP TRIGGER IF EXISTS append_only ON players_statuschange;
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON players_statuschange
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER only_erase_notes BEFORE UPDATE ON players_statuschange
    FOR EACH ROW EXECUTE FUNCTION compliance_only_erase_notes();
