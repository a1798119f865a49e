-- What was asked for is fixed when it is asked, what was decided when it is decided; the events only grow.

CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON compliance_approvalrequest
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
-- All columns but those of the decision, so that a column added later is fixed too.
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON compliance_approvalrequest FOR EACH ROW
    WHEN (OLD.state <> 'waiting'
          OR to_jsonb(OLD) - '{state,checker_id,decision_reason,result,decided_at,executed_at}'::text[]
             IS DISTINCT FROM
             to_jsonb(NEW) - '{state,checker_id,decision_reason,result,decided_at,executed_at}'::text[])
    EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_approvalevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
