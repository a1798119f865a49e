-- Funds locked at the due-diligence threshold: the ledger itself refuses what would let them out, whoever asks.

CREATE OR REPLACE FUNCTION ledger_require_funds_free(p_kind text, p_player bigint, p_details jsonb) RETURNS void
LANGUAGE plpgsql AS $$
-- Asked by `ledger_post` before every withdrawal and every manual adjustment of a player. Passes an adjustment that puts
-- money into the restricted or bonus bucket, and refunds to source, which name their due diligence in state refund_due.
-- Postings take the wallet's lock first, and so does whoever opens or closes a lock: this sees what is committed.
BEGIN
    IF NOT EXISTS (SELECT 1 FROM verification_duediligence d
                    WHERE d.player_id = p_player AND d.locks_funds AND d.state IN ('open', 'refund_due')) THEN
        RETURN;
    END IF;
    IF p_kind = 'withdrawal' AND EXISTS (
           SELECT 1 FROM verification_duediligence d
            WHERE d.player_id = p_player AND d.state = 'refund_due'
              AND d.public_id::text = p_details ->> 'due_diligence') THEN
        RETURN;
    END IF;
    IF p_kind = 'adjustment' AND EXISTS (
           SELECT 1 FROM wallets_adjustment a
            WHERE a.public_id::text = p_details ->> 'adjustment' AND a.amount_units > 0
              AND a.bucket IN ('restricted', 'bonus')) THEN
        RETURN;
    END IF;
    RAISE check_violation USING
        MESSAGE = format('the funds of player %s are locked for due diligence', p_player),
        CONSTRAINT = 'verification_funds_locked', TABLE = 'transactions_transaction';
END
$$;

DO $$
BEGIN
    -- Earlier versions kept this as a trigger, whose condition was compiled for every bet.
    DROP TRIGGER IF EXISTS verification_locked_funds ON transactions_transaction;
    DROP FUNCTION IF EXISTS verification_guard_locked_funds();
END
$$;

CREATE OR REPLACE FUNCTION verification_take_movers() RETURNS TABLE (player_id bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
-- Players with new deposits or withdrawals in the ledger since the last call, each once; all of them are behind the
-- cursor when the caller's transaction commits. Another caller at work: none.
DECLARE
    v_span record;
BEGIN
    SELECT * INTO v_span FROM ledger_take_span('verification');
    IF v_span.since IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT DISTINCT t.player_id FROM transactions_transaction t
     WHERE t.xact >= v_span.since AND t.xact < v_span.until AND t.id >= v_span.floor AND t.player_id IS NOT NULL
       AND t.kind IN ('deposit', 'withdrawal', 'win', 'rollback', 'release', 'return', 'bonus')
       AND (t.kind IN ('deposit', 'withdrawal')
            OR EXISTS (SELECT 1 FROM verification_duediligence d
                        WHERE d.player_id = t.player_id AND d.locks_funds AND d.state IN ('open', 'refund_due')));
    PERFORM ledger_leave_span('verification', v_span.until, v_span.reached);
END
$$;
