-- What was found out, decided, moved and looked at is never altered.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['verification_playerfact', 'verification_verificationstep', 'verification_fundsmove',
                                   'verification_evidenceread', 'verification_screeningrun', 'verification_hitreview']
    LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change()', v_table);
    END LOOP;
END
$$;
