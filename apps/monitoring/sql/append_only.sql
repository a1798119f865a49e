-- What was seen and decided is never altered. (Decisions, observations and assessments outlive their reasons.)
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON monitoring_decision
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON monitoring_observation
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON monitoring_riskassessment
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON monitoring_referencelist
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

-- A version that has been committed keeps its content for ever; only its state and the times of that may change.
CREATE OR REPLACE TRIGGER fixed_content BEFORE UPDATE ON monitoring_ruleversion FOR EACH ROW
    WHEN (OLD.state <> 'draft' AND (OLD.rule_id, OLD.number, OLD.definition, OLD.content_hash, OLD.drafted_by_id)
          IS DISTINCT FROM (NEW.rule_id, NEW.number, NEW.definition, NEW.content_hash, NEW.drafted_by_id))
    EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER kept BEFORE DELETE ON monitoring_ruleversion FOR EACH ROW
    WHEN (OLD.state <> 'draft') EXECUTE FUNCTION core_refuse_change();

-- What two people agreed on never changes; it only ends.
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON monitoring_riskoverride FOR EACH ROW
    WHEN (OLD.state = 'ended' OR (OLD.player_id, OLD.kind, OLD.level, OLD.reason, OLD.maker_id, OLD.checker_id, OLD.until)
          IS DISTINCT FROM (NEW.player_id, NEW.kind, NEW.level, NEW.reason, NEW.maker_id, NEW.checker_id, NEW.until))
    EXECUTE FUNCTION core_refuse_change();
