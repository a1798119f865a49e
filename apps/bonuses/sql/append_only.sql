-- What happened to a grant and how claims were judged is never altered, nor are the terms that two people published.
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bonuses_grantstep
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bonuses_claim
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bonuses_claimcheck
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bonuses_listing
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON bonuses_offerversion FOR EACH ROW
    WHEN (OLD.state <> 'draft'
          AND (OLD.offer_id, OLD.number, OLD.kind, OLD.jurisdictions, OLD.currencies, OLD.terms, OLD.categories, OLD.games,
               OLD.counts_bonus_only, OLD.valid_from, OLD.valid_to, OLD.policy_versions, OLD.drafted_by_id, OLD.published_by_id)
          IS DISTINCT FROM
              (NEW.offer_id, NEW.number, NEW.kind, NEW.jurisdictions, NEW.currencies, NEW.terms, NEW.categories, NEW.games,
               NEW.counts_bonus_only, NEW.valid_from, NEW.valid_to, NEW.policy_versions, NEW.drafted_by_id, NEW.published_by_id))
    EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON bonuses_grant FOR EACH ROW
    WHEN ((OLD.player_id, OLD.offer_id, OLD.version_id, OLD.source, OLD.deposit_id, OLD.currency, OLD.amount_units,
           OLD.required_units, OLD.stake_limit_units, OLD.conversion_limit_units, OLD.forfeits_on_withdrawal, OLD.claim_by)
          IS DISTINCT FROM
          (NEW.player_id, NEW.offer_id, NEW.version_id, NEW.source, NEW.deposit_id, NEW.currency, NEW.amount_units,
           NEW.required_units, NEW.stake_limit_units, NEW.conversion_limit_units, NEW.forfeits_on_withdrawal, NEW.claim_by)
          OR OLD.ended_at IS NOT NULL AND (OLD.state, OLD.end_transaction_id, OLD.converted_units) IS DISTINCT FROM
                                          (NEW.state, NEW.end_transaction_id, NEW.converted_units))
    EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE ON bonuses_grant FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE ON bonuses_latecredit FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
