-- The gate between a player's bets and a change of what he may do.
--
-- A bet holds the gate (shared, with all other bets) from before it reads the player's status until it commits; a change
-- of status or restrictions waits for those bets and keeps new ones out until it commits. So no bet is accepted after a
-- suspension or exclusion has been committed, and none is lost before. Advisory locks: no row is written, nothing bloats.

CREATE OR REPLACE FUNCTION players_gate_key(p_player bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (x'47415445'::bigint << 32) # p_player  -- 'GATE', apart from other users of advisory locks
$$;

CREATE OR REPLACE FUNCTION players_hold_gate(p_player bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
-- Hold the gate open for this transaction. Several players: in id order.
    SELECT pg_advisory_xact_lock_shared(players_gate_key(p_player))
$$;

CREATE OR REPLACE FUNCTION players_move_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(players_gate_key(NEW.id));
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER players_player_gate BEFORE UPDATE ON players_player FOR EACH ROW
    WHEN ((OLD.status, OLD.restrictions) IS DISTINCT FROM (NEW.status, NEW.restrictions))
    EXECUTE FUNCTION players_move_gate();
