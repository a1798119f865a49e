-- Which button was pressed, when and by whom is never forgotten or altered. What it says of a player, his name and the
-- reason given, is emptied by his erasure: in the transaction that has not yet counted what it erased, and in no other.

CREATE OR REPLACE FUNCTION backoffice_only_erase_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.object_repr = '' AND NEW.change_message = ''
       AND to_jsonb(OLD) - '{object_repr,change_message}'::text[] = to_jsonb(NEW) - '{object_repr,change_message}'::text[]
       AND EXISTS (SELECT 1 FROM compliance_erasure e WHERE e.counts = '{}'::jsonb) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: the table is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

DROP TRIGGER IF EXISTS append_only ON django_admin_log;
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE ON django_admin_log
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER only_erase BEFORE UPDATE ON django_admin_log
    FOR EACH ROW EXECUTE FUNCTION backoffice_only_erase_log();
