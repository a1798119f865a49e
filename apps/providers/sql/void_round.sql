-- Voiding a round: its stakes go back where they came from, as corrections that name the bets they take back.

CREATE OR REPLACE FUNCTION providers_void_bet(
    bet transactions_transaction, command transactions_command, gs providers_gamesession, p_request uuid, p_details jsonb,
    p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
-- Return one bet's stake, bucket by bucket; returns how much. A later win on it is refused, a later rollback is a repeat.
DECLARE
    v_id   uuid;
    v_legs ledger_leg[];
BEGIN
    SELECT coalesce(array_agg(ROW(gs.provider_account_id, false, account, true, amount)::ledger_leg ORDER BY place), '{}')
      INTO v_legs
      FROM (VALUES (1, gs.cash_account_id, command.cash), (2, gs.bonus_account_id, command.bonus),
                   (3, gs.restricted_account_id, command.restricted)) AS v (place, account, amount)
     WHERE amount > 0;
    v_id := ledger_post('correction', bet.brand_id, bet.currency, bet.player_id, bet.integration_id, '', bet.round_id, bet.id,
                        p_request, p_details, p_now, v_legs);
    PERFORM safer_play_count(bet.player_id, bet.currency, bet.created_at, -(command.cash + command.bonus + command.restricted),
                             -(command.cash + command.restricted), 0);
    UPDATE transactions_command SET cancelled_by = v_id WHERE key = command.key AND integration_id = command.integration_id;
    RETURN command.cash + command.bonus + command.restricted;
END
$$;

CREATE OR REPLACE FUNCTION providers_void_round(
    p_player bigint, p_round bigint, p_since uuid, p_reason text, p_request uuid, p_details jsonb, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
-- Return every stake of a round that has not been taken back, and mark the round voided. Returns the amount, in ledger
-- units; null when there is no such round, or it has been voided, resettled or has paid a win, which is not ours to take back.
-- `p_since` is a transaction id that none of the round's own precedes: it spares reading older partitions.
DECLARE
    r       providers_round;
    bet     transactions_transaction;
    command transactions_command;
    gs      providers_gamesession;
    v_total bigint := 0;
    v_count integer := 0;
BEGIN
    SELECT * INTO r FROM providers_round WHERE player_id = p_player AND id = p_round;
    IF r.id IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM ledger_lock_wallet(p_player, r.currency);
    SELECT * INTO r FROM providers_round WHERE player_id = p_player AND id = p_round FOR UPDATE;
    IF r.state = 'voided' OR r.won <> 0 OR r.corrected <> 0 THEN
        RETURN NULL;
    END IF;
    SELECT * INTO gs FROM providers_gamesession WHERE id = r.session_id;
    FOR bet IN SELECT * FROM transactions_transaction
                WHERE player_id = p_player AND id >= p_since AND round_id = p_round AND reverses_id IS NULL ORDER BY id LOOP
        SELECT * INTO command FROM transactions_command
         WHERE key = bet.external_id AND integration_id = bet.integration_id AND kind = 'debit' AND cancelled_by IS NULL;
        CONTINUE WHEN NOT FOUND;
        v_total := v_total + providers_void_bet(bet, command, gs, p_request, p_details, p_now);
        v_count := v_count + 1;
    END LOOP;
    UPDATE providers_round
       SET state = 'voided', staked_bonus = 0, staked_restricted = 0, rolled_back = rolled_back + v_total, rollbacks = rollbacks + v_count,
           closed_at = coalesce(closed_at, p_now), close_reason = p_reason
     WHERE player_id = p_player AND id = p_round;
    RETURN v_total;
END
$$;
