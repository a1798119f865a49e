-- What staff wrote about hits, and what vendors told with each step, may be emptied once the player has been erased.

DROP TRIGGER IF EXISTS append_only ON verification_hitreview;
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON verification_hitreview
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER only_erase BEFORE UPDATE ON verification_hitreview
    FOR EACH ROW EXECUTE FUNCTION compliance_only_erase('verification_screeninghit.hit_id', 'note');
DROP TRIGGER IF EXISTS append_only ON verification_verificationstep;
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON verification_verificationstep
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER only_erase BEFORE UPDATE ON verification_verificationstep
    FOR EACH ROW EXECUTE FUNCTION compliance_only_erase('verification_verification.verification_id', 'details');
