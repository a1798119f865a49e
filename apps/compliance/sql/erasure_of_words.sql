-- More words that go with an erased player: of cases, alerts, decisions, evidence, approvals and legal holds.

CREATE OR REPLACE FUNCTION compliance_player_of(p_whose text, p_row jsonb) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
-- Whose row it is. `player` and `subject` stand in the row itself; else `<table>.<column that points there>`, by the
-- player of that row (`compliance_approvalrequest` calls him its subject). `case` is short for the case's table.
DECLARE
    v_table  text := CASE p_whose WHEN 'case' THEN 'compliance_case' ELSE split_part(p_whose, '.', 1) END;
    v_column text := CASE p_whose WHEN 'case' THEN 'case_id' ELSE split_part(p_whose, '.', 2) END;
    v_player bigint;
BEGIN
    IF p_whose = 'player' THEN
        RETURN (p_row ->> 'player_id')::bigint;
    ELSIF p_whose = 'subject' THEN
        RETURN (p_row ->> 'subject_player_id')::bigint;
    END IF;
    EXECUTE format('SELECT %I FROM %I WHERE id = $1',
                   CASE v_table WHEN 'compliance_approvalrequest' THEN 'subject_player_id' ELSE 'player_id' END, v_table)
       INTO v_player USING (p_row ->> v_column)::bigint;
    RETURN v_player;
END
$$;

CREATE OR REPLACE FUNCTION compliance_only_erase() RETURNS trigger LANGUAGE plpgsql AS $$
-- Trigger function. Arguments: whose row it is (see `compliance_player_of`), then the columns that may be emptied.
DECLARE
    v_player bigint := compliance_player_of(TG_ARGV[0], to_jsonb(OLD));
    v_new    jsonb := to_jsonb(NEW);
    v_column text;
BEGIN
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

CREATE OR REPLACE FUNCTION compliance_case_closed() RETURNS trigger LANGUAGE plpgsql AS $$
-- A resolved case is read-only: nothing of it changes but by reopening it, and its words by the player's erasure.
BEGIN
    IF OLD.state <> 'resolved' OR NEW.state = 'open' OR NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    IF to_jsonb(OLD) - '{narrative,awaiting_what}'::text[] = to_jsonb(NEW) - '{narrative,awaiting_what}'::text[]
       AND NEW.narrative = '' AND NEW.awaiting_what = ''
       AND EXISTS (SELECT 1 FROM compliance_erasure e WHERE e.player_id = OLD.player_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'case % is resolved: it is read-only', OLD.id USING ERRCODE = 'restrict_violation';
END
$$;

-- Append-only tables whose words may go: whose, and which columns.
DO $$
DECLARE
    v_each text[];
BEGIN
    FOREACH v_each SLICE 1 IN ARRAY ARRAY[
        ['compliance_alerthit', $a$'compliance_alert.alert_id', 'explanation', 'evidence'$a$],
        ['compliance_casedecision', $a$'case', 'note'$a$],
        ['compliance_caselink', $a$'case', 'reason'$a$],
        ['compliance_evidence', $a$'case', 'title', 'content', 'file_name'$a$],
        ['compliance_approvalevent', $a$'compliance_approvalrequest.approval_id', 'note'$a$]]
    LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS append_only ON %I', v_each[1]);
        EXECUTE format('CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change()', v_each[1]);
        EXECUTE format('CREATE OR REPLACE TRIGGER only_erase BEFORE UPDATE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION compliance_only_erase(%s)', v_each[1], v_each[2]);
    END LOOP;
END
$$;

CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON compliance_approvalrequest FOR EACH ROW
    WHEN (OLD.state <> 'waiting'
          OR to_jsonb(OLD) - '{state,checker_id,decision_reason,result,decided_at,executed_at}'::text[]
             IS DISTINCT FROM
             to_jsonb(NEW) - '{state,checker_id,decision_reason,result,decided_at,executed_at}'::text[])
    EXECUTE FUNCTION compliance_only_erase('subject', 'payload', 'rests_on', 'summary', 'reason', 'decision_reason', 'result');
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON compliance_legalhold FOR EACH ROW
    WHEN (OLD.released_at IS NOT NULL
          OR to_jsonb(OLD) - '{released_at,released_by_id,release_reason}'::text[]
             IS DISTINCT FROM
             to_jsonb(NEW) - '{released_at,released_by_id,release_reason}'::text[])
    EXECUTE FUNCTION compliance_only_erase('player', 'scope', 'reason', 'release_reason');
