-- What deposits have used of a limit.

CREATE OR REPLACE FUNCTION safer_play_deposited(
    p_player bigint, p_currency text, p_from timestamptz, p_is_net boolean, p_floor uuid
) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
-- Deposits accepted since p_from, those under way included; net: less what was paid out since and did not come back.
-- p_floor: no ledger transaction since p_from has a lower id.
DECLARE
    v_in  bigint;
    v_out bigint := 0;
BEGIN
    SELECT coalesce(sum(u.units), 0) INTO v_in FROM safer_play_deposituse u
     WHERE u.player_id = p_player AND u.currency = p_currency AND u.state IN ('reserved', 'settled') AND u.reserved_at >= p_from;
    IF p_is_net THEN
        SELECT coalesce(sum(CASE WHEN t.kind = 'payout' THEN x.amount ELSE -x.amount END), 0) INTO v_out
          FROM transactions_transaction t JOIN transactions_transfer x ON x.transaction_id = t.id
         WHERE t.player_id = p_player AND t.id >= p_floor AND t.currency = p_currency
           AND t.created_at >= p_from AND t.kind IN ('payout', 'return');
    END IF;
    RETURN v_in - v_out;
END
$$;

CREATE OR REPLACE FUNCTION safer_play_used(l safer_play_limit, p_from timestamptz, p_floor uuid, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
-- How much of a limit is used up: ledger units, or seconds. A single stake uses nothing.
BEGIN
    RETURN CASE l.kind
        WHEN 'deposit' THEN safer_play_deposited(l.player_id, l.currency, p_from, l.basis = 'net', p_floor)
        WHEN 'wager'   THEN (safer_play_tally_sum(l.player_id, l.currency, p_from)).staked
        WHEN 'loss'    THEN (safer_play_tally_sum(l.player_id, l.currency, p_from)).lost
        WHEN 'session' THEN CASE WHEN l.period = '' THEN safer_play_sitting_seconds(l.player_id, p_now)
                                 ELSE safer_play_login_seconds(l.player_id, p_from, p_now) END
        ELSE 0 END;
END
$$;
