-- What was asked for is fixed when it is asked, what was decided when it is decided; the events only grow.

CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON compliance_approvalrequest
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON compliance_approvalrequest FOR EACH ROW
    WHEN (OLD.state <> 'waiting'
          OR (OLD.id, OLD.public_id, OLD.command, OLD.payload, OLD.payload_hash, OLD.summary, OLD.reason,
              OLD.subject_player_id, OLD.brand_id, OLD.maker_id, OLD.created_at, OLD.expires_at, OLD.request_id)
             IS DISTINCT FROM
             (NEW.id, NEW.public_id, NEW.command, NEW.payload, NEW.payload_hash, NEW.summary, NEW.reason,
              NEW.subject_player_id, NEW.brand_id, NEW.maker_id, NEW.created_at, NEW.expires_at, NEW.request_id))
    EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_approvalevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
