-- A policy's terms are fixed when it is written, and what has been decided about it is never taken back.

CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON compliance_policyversion
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON compliance_policyversion FOR EACH ROW
    WHEN (OLD.state IN ('superseded', 'withdrawn')
          OR (OLD.state = 'published' AND NEW.state NOT IN ('superseded', 'withdrawn'))
          OR (OLD.published_at IS NOT NULL
              AND (OLD.published_at, OLD.checker_id, OLD.proposed_at)
                  IS DISTINCT FROM (NEW.published_at, NEW.checker_id, NEW.proposed_at))
          OR (OLD.maker_id IS NOT NULL AND OLD.maker_id IS DISTINCT FROM NEW.maker_id)
          OR (OLD.maker_id IS DISTINCT FROM NEW.maker_id AND OLD.state <> 'draft')
          OR (OLD.id, OLD.jurisdiction_id, OLD.parameter_id, OLD.brand_id, OLD.value, OLD.valid_from, OLD.valid_to,
              OLD.legal_status, OLD.confidence, OLD.sources, OLD.note, OLD.origin, OLD.replaces_id, OLD.digest,
              OLD.created_at)
             IS DISTINCT FROM
             (NEW.id, NEW.jurisdiction_id, NEW.parameter_id, NEW.brand_id, NEW.value, NEW.valid_from, NEW.valid_to,
              NEW.legal_status, NEW.confidence, NEW.sources, NEW.note, NEW.origin, NEW.replaces_id, NEW.digest,
              NEW.created_at))
    EXECUTE FUNCTION core_refuse_change();
