-- Resettling a round: its result was wrong, and the difference is paid or taken back as a correction that names the round.

CREATE OR REPLACE FUNCTION providers_round_stakes(r providers_round, p_since uuid, OUT cash numeric, OUT bonus numeric,
                                                  OUT restricted numeric) LANGUAGE plpgsql STABLE AS $$
-- What is staked in a round from each bucket; where nothing is any more (it was voided), what was.
BEGIN
    cash := r.staked - r.rolled_back - r.staked_bonus - r.staked_restricted;
    bonus := r.staked_bonus;
    restricted := r.staked_restricted;
    IF r.staked > r.rolled_back THEN
        RETURN;
    END IF;
    SELECT coalesce(sum(c.cash), 0), coalesce(sum(c.bonus), 0), coalesce(sum(c.restricted), 0) INTO cash, bonus, restricted
      FROM transactions_transaction t
      JOIN transactions_command c ON c.key = t.external_id AND c.integration_id = t.integration_id
     WHERE t.player_id = r.player_id AND t.id >= p_since AND t.round_id = r.id AND c.kind = 'debit' AND c.outcome = 'applied';
END
$$;

CREATE OR REPLACE FUNCTION providers_resettle_round(
    p_player bigint, p_round bigint, p_change bigint, p_partial boolean, p_since uuid, p_request uuid, p_details jsonb, p_now timestamptz,
    OUT moved bigint, OUT short bigint
) LANGUAGE plpgsql AS $$
-- Pay p_change to the player, or take -p_change back, from and to the buckets in which the round was played, in whole coins, the
-- rest in cash. Money locked for withdrawals is not touched. Where less is there: `short` says how much, and nothing is
-- moved unless p_partial; `moved` is signed as p_change is. The caller has locked the round.
DECLARE
    r            providers_round;
    gs           providers_gamesession;
    stakes       record;
    v_quantum    numeric;
    v_total      numeric;
    v_amount     numeric := abs(p_change);
    v_cash       bigint;
    v_bonus      bigint := 0;
    v_restricted bigint := 0;
    v_legs       ledger_leg[];
BEGIN
    SELECT * INTO r FROM providers_round WHERE player_id = p_player AND id = p_round;
    SELECT * INTO gs FROM providers_gamesession WHERE id = r.session_id;
    SELECT * INTO stakes FROM providers_round_stakes(r, p_since);
    SELECT power(10::numeric, ledger_exponent - exponent) INTO v_quantum FROM brands_currency WHERE code = r.currency;
    v_total := stakes.cash + stakes.bonus + stakes.restricted;
    IF v_total > 0 THEN
        v_bonus := CASE WHEN stakes.bonus = v_total THEN v_amount ELSE div(v_amount * stakes.bonus / v_total, v_quantum) * v_quantum END;
        v_restricted := CASE WHEN stakes.cash = 0 THEN v_amount - v_bonus
                             ELSE div(v_amount * stakes.restricted / v_total, v_quantum) * v_quantum END;
    END IF;
    v_cash := v_amount - v_bonus - v_restricted;
    IF p_change < 0 THEN
        SELECT least(v_bonus, balance) INTO v_bonus FROM transactions_account WHERE id = gs.bonus_account_id;
        SELECT least(v_restricted, balance) INTO v_restricted FROM transactions_account WHERE id = gs.restricted_account_id;
        SELECT least(v_amount - v_bonus - v_restricted, balance) INTO v_cash FROM transactions_account WHERE id = gs.cash_account_id;
    END IF;
    short := v_amount - v_cash - v_bonus - v_restricted;
    moved := sign(p_change) * (v_cash + v_bonus + v_restricted);
    IF short > 0 AND NOT p_partial THEN
        moved := 0;
        RETURN;
    END IF;
    SELECT coalesce(array_agg(CASE WHEN p_change > 0 THEN ROW(gs.provider_account_id, false, account, true, amount)::ledger_leg
                                   ELSE ROW(account, true, gs.provider_account_id, false, amount)::ledger_leg END ORDER BY place), '{}')
      INTO v_legs
      FROM (VALUES (1, gs.cash_account_id, v_cash), (2, gs.bonus_account_id, v_bonus),
                   (3, gs.restricted_account_id, v_restricted)) AS v (place, account, amount)
     WHERE amount > 0;
    IF moved <> 0 THEN
        PERFORM ledger_post('correction', r.brand_id, r.currency, p_player, r.integration_id, '', p_round, NULL, p_request,
                            p_details, p_now, v_legs);
    END IF;
    UPDATE providers_round
       SET state = 'adjusted', corrected = corrected + moved, corrections = corrections + CASE WHEN moved <> 0 THEN 1 ELSE 0 END
     WHERE player_id = p_player AND id = p_round;
END
$$;
