-- A change of a guard waits for the player's bets in flight and keeps new ones out until it is committed; see
-- apps/players/sql/gate.sql. So no bet is accepted after an exclusion or a lower limit has been committed.

CREATE OR REPLACE FUNCTION safer_play_move_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(players_gate_key(NEW.player_id));
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER safer_play_guard_gate BEFORE INSERT OR UPDATE ON safer_play_guard
    FOR EACH ROW EXECUTE FUNCTION safer_play_move_gate();

-- What was asked of registers, refused, acknowledged and done with a limit is never altered.
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON safer_play_registerquery
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON safer_play_refusal
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON safer_play_realitycheck
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON safer_play_limitevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

-- The terms of a limit stand; only its state moves on.
CREATE OR REPLACE FUNCTION safer_play_limit_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the terms of limit % do not change: make another', OLD.id USING ERRCODE = 'restrict_violation';
END
$$;
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON safer_play_limit FOR EACH ROW
    WHEN ((OLD.player_id, OLD.kind, OLD.period, OLD.currency, OLD.amount_units, OLD.seconds, OLD.is_removal, OLD.basis, OLD."window",
           OLD.timezone, OLD.anchor_at, OLD.set_by, OLD.requested_at)
          IS DISTINCT FROM
          (NEW.player_id, NEW.kind, NEW.period, NEW.currency, NEW.amount_units, NEW.seconds, NEW.is_removal, NEW.basis, NEW."window",
           NEW.timezone, NEW.anchor_at, NEW.set_by, NEW.requested_at))
    EXECUTE FUNCTION safer_play_limit_terms();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON safer_play_limit
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON safer_play_exclusion
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON safer_play_interaction
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
