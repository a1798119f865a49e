-- What was found out, decided, moved and looked at is never altered.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['verification_playerfact', 'verification_verificationstep', 'verification_fundsmove',
                                   'verification_documentread', 'verification_screeningrun', 'verification_hitreview']
    LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change()', v_table);
    END LOOP;
END
$$;
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON verification_proposal FOR EACH ROW
    WHEN (OLD.state <> 'proposed'
          OR (OLD.command, OLD.player_id, OLD.subject_id, OLD.payload, OLD.payload_digest, OLD.reason, OLD.maker_id,
              OLD.proposed_at, OLD.expires_at)
             IS DISTINCT FROM
             (NEW.command, NEW.player_id, NEW.subject_id, NEW.payload, NEW.payload_digest, NEW.reason, NEW.maker_id,
              NEW.proposed_at, NEW.expires_at))
    EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON verification_proposal
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
