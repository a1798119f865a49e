-- The wallet: what a game provider's debit, credit or rollback does, in one statement and one commit.
--
-- providers_wallet_calls (a batch: locks, order)
--   providers_wallet_call (one call: seat, replay, dispatch, exchange row)
--     providers_debit | providers_credit | providers_rollback (rules, round, buckets)
--       safer_play_… (exclusions, limits and their tally, of the few players who have any: see apps/safer_play/sql)
--       ledger_post (money), providers_remember (idempotency record)
--
-- A refusal changes nothing but the record of itself. Refused debits are remembered under their key, so that a stray
-- duplicate can not succeed later; refused credits are not, so that a retry after repair can.

CREATE OR REPLACE FUNCTION providers_take_seat(c providers_call) RETURNS providers_seat LANGUAGE plpgsql AS $$
-- Read session, player, brand, integration, game and balances of a call; null where the token is unknown.
DECLARE
    s providers_seat;
BEGIN
    SELECT gs.id, t.replaced_at IS NOT NULL, gs.ended_at IS NOT NULL OR gs.expires_at <= c.now,
           i.id, i.switch, p.id, p.public_id, p.status, NOT ('play' = ANY (p.restrictions)),
           b.id, b.is_enabled, gs.currency, gs.variant_id,
           gs.cash_account_id, gs.bonus_account_id, gs.restricted_account_id, gs.provider_account_id,
           g.id, g.is_enabled AND st.is_enabled AND coalesce(bg.is_enabled, true), cash.balance, bonus.balance, restricted.balance,
           guard.player_id IS NOT NULL
      INTO s
      FROM providers_gamesessiontoken t
      JOIN providers_gamesession gs ON gs.id = t.session_id
      JOIN integrations_integration i ON i.id = gs.integration_id
      JOIN players_player p ON p.id = gs.player_id
      JOIN brands_brand b ON b.id = gs.brand_id
      JOIN transactions_account cash ON cash.id = gs.cash_account_id
      JOIN transactions_account bonus ON bonus.id = gs.bonus_account_id
      JOIN transactions_account restricted ON restricted.id = gs.restricted_account_id
      LEFT JOIN safer_play_guard guard ON guard.player_id = gs.player_id
      LEFT JOIN providers_game g ON g.id = coalesce(
                (SELECT n.id FROM providers_game n WHERE n.vendor = i.vendor AND n.code = c.game_code),
                CASE WHEN c.session_game THEN gs.game_id END)
      LEFT JOIN providers_studio st ON st.id = g.studio_id
      LEFT JOIN providers_brandgame bg ON bg.brand_id = gs.brand_id AND bg.game_id = g.id
     WHERE t.digest = c.token AND gs.integration_id = c.integration_id
       AND (c.player_ref IS NULL OR c.player_ref = p.public_id::text);
    RETURN s;
END
$$;

CREATE OR REPLACE FUNCTION providers_answer(c providers_call, s providers_seat, p_outcome text) RETURNS providers_reply
LANGUAGE plpgsql AS $$
-- A reply that moved nothing: the outcome beside the balances as they stand.
BEGIN
    RETURN ROW(c.request_id, p_outcome, false, s.player_id, s.player_ref, s.currency, s.cash, s.bonus, s.restricted,
               NULL, NULL)::providers_reply;
END
$$;

CREATE OR REPLACE FUNCTION providers_remember(
    c providers_call, r providers_reply, p_key text, p_kind text, p_cash bigint, p_bonus bigint, p_restricted bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
-- Write the idempotency record of a call; false when another call (of another wallet) holds the key already.
BEGIN
    INSERT INTO transactions_command (key, integration_id, kind, fingerprint, outcome, player_id, transaction_id, round_id,
                                      cash, bonus, restricted, cash_balance, bonus_balance, restricted_balance,
                                      request_id, created_at)
    VALUES (p_key, c.integration_id, p_kind, c.fingerprint, r.outcome, r.player_id, r.transaction_id, r.round_id,
            p_cash, p_bonus, p_restricted, r.cash, r.bonus, r.restricted, c.request_id, c.now)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

CREATE OR REPLACE FUNCTION providers_replay(c providers_call, s providers_seat, prior transactions_command)
RETURNS providers_reply LANGUAGE plpgsql AS $$
-- The answer to a key that is known: what was answered then, a conflict, or the tombstone of an early rollback.
DECLARE
    r providers_reply;
BEGIN
    IF prior.kind = 'tombstone' THEN
        RETURN providers_answer(c, s, CASE WHEN c.verb = 'debit' THEN 'reference_cancelled'
                                           WHEN c.verb = 'rollback' AND c.reference = c.key AND prior.player_id = s.player_id
                                               THEN 'reference_cancelled'
                                           ELSE 'conflict' END);
    END IF;
    IF prior.fingerprint <> c.fingerprint OR prior.player_id <> s.player_id THEN
        RETURN providers_answer(c, s, 'conflict');
    END IF;
    r := providers_answer(c, s, prior.outcome);
    r.replayed := true;
    IF c.state_of_now THEN
        IF c.verb = 'debit' AND prior.cancelled_by IS NOT NULL THEN
            r.outcome := 'reference_cancelled';
        END IF;
    ELSE
        r.cash := prior.cash_balance;
        r.bonus := prior.bonus_balance;
        r.restricted := prior.restricted_balance;
    END IF;
    r.transaction_id := prior.transaction_id;
    r.round_id := prior.round_id;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION providers_debit_gate(c providers_call, s providers_seat) RETURNS text LANGUAGE plpgsql STABLE AS $$
-- Why this seat may not bet now, or null. Gates bind debits only: wins and rollbacks of earlier bets always pass.
BEGIN
    RETURN CASE
        WHEN s.game_id IS NULL THEN 'unknown_game'
        WHEN c.currency <> s.currency THEN 'wrong_currency'
        WHEN s.integration_switch <> 'on' OR NOT s.brand_enabled THEN 'disabled'
        WHEN s.player_status NOT IN ('active', 'restricted') OR NOT s.player_may_play THEN 'blocked'
        WHEN s.guarded AND safer_play_bar(s.player_id, c.now) = 'blocked' THEN 'blocked'
        WHEN (s.token_replaced OR s.session_over) AND NOT c.ignores_expiry THEN 'session_expired'
        WHEN NOT s.game_enabled THEN 'game_disabled'
        WHEN s.guarded THEN safer_play_bar(s.player_id, c.now)
    END;
END
$$;

CREATE OR REPLACE FUNCTION providers_beyond_limit(c providers_call, s providers_seat, p_own bigint) RETURNS boolean LANGUAGE plpgsql AS $$
-- Whether the bet goes beyond a limit of a guarded player. What the law says of a game cycle counts the whole round.
BEGIN
    RETURN safer_play_refuse_bet(
        s.player_id, s.game_id, (SELECT category FROM providers_game WHERE id = s.game_id), c.round_ref, s.currency, c.amount, p_own,
        c.amount + coalesce((SELECT staked - rolled_back FROM providers_round
                              WHERE player_id = s.player_id AND integration_id = c.integration_id AND game_id = s.game_id
                                AND external_id = c.round_ref), 0),
        c.request_id, c.now);
END
$$;

CREATE OR REPLACE FUNCTION providers_enter_round(c providers_call, s providers_seat, p_bonus bigint, p_restricted bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
-- Open the round of a bet, or add the bet to it. Null when the round is closed and may not be reopened, or is played in
-- another currency.
DECLARE
    v_id bigint;
BEGIN
    INSERT INTO providers_round AS r (player_id, integration_id, game_id, external_id, session_id, variant_id, brand_id, currency,
                                      state, staked, staked_bonus, staked_restricted, bets, opened_at, last_activity_at,
                                      closed_at, close_reason)
    VALUES (s.player_id, c.integration_id, s.game_id, c.round_ref, s.session_id, s.variant_id, s.brand_id, s.currency,
            CASE WHEN c.close_round THEN 'closed' ELSE 'open' END, c.amount, p_bonus, p_restricted, 1, c.now, c.now,
            CASE WHEN c.close_round THEN c.now END, CASE WHEN c.close_round THEN 'provider' ELSE '' END)
    ON CONFLICT (player_id, integration_id, game_id, external_id) DO UPDATE
       SET staked = r.staked + c.amount, staked_bonus = r.staked_bonus + p_bonus,
           staked_restricted = r.staked_restricted + p_restricted,
           bets = r.bets + 1, last_activity_at = c.now, state = excluded.state, closed_at = excluded.closed_at, close_reason = excluded.close_reason
     WHERE (r.state = 'open' OR c.accept_closed_round AND r.close_reason <> 'voided') AND r.currency = s.currency
    RETURNING r.id INTO v_id;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION providers_debit(c providers_call, s providers_seat) RETURNS providers_reply LANGUAGE plpgsql AS $$
-- A bet: draw the buckets in their order, or refuse for good.
DECLARE
    r            providers_reply := providers_answer(c, s, coalesce(providers_debit_gate(c, s), 'applied'));
    v_left       bigint := c.amount - coalesce(c.bonus_amount, 0);
    v_cash       bigint := 0;
    v_bonus      bigint := coalesce(c.bonus_amount, 0);
    v_restricted bigint := 0;
    v_legs       ledger_leg[] := '{}';
    v_bucket     text;
BEGIN
    FOREACH v_bucket IN ARRAY c.draw LOOP
        CASE v_bucket
            WHEN 'cash'       THEN v_cash := least(v_left, s.cash);             v_left := v_left - v_cash;
            WHEN 'bonus'      THEN v_bonus := least(v_left, s.bonus);           v_left := v_left - v_bonus;
            WHEN 'restricted' THEN v_restricted := least(v_left, s.restricted); v_left := v_left - v_restricted;
        END CASE;
    END LOOP;
    IF r.outcome = 'applied' AND v_left > 0 THEN
        r.outcome := 'insufficient_funds';
    END IF;
    IF r.outcome = 'applied' AND v_bonus > s.bonus THEN
        r.outcome := 'insufficient_bonus';
    END IF;
    IF s.guarded AND r.outcome = 'applied' AND providers_beyond_limit(c, s, v_cash + v_restricted) THEN
        r.outcome := 'limit';
    END IF;
    IF r.outcome = 'applied' THEN
        r.round_id := providers_enter_round(c, s, v_bonus, v_restricted);
        IF r.round_id IS NULL THEN
            r.outcome := 'round_closed';
        END IF;
    END IF;
    IF r.outcome <> 'applied' THEN
        IF NOT providers_remember(c, r, c.key, c.verb, 0, 0, 0) THEN
            r.outcome := 'conflict';
        END IF;
        RETURN r;
    END IF;
    IF v_cash > 0 THEN
        v_legs := v_legs || ROW(s.cash_account_id, true, s.provider_account_id, false, v_cash)::ledger_leg;
    END IF;
    IF v_bonus > 0 THEN
        v_legs := v_legs || ROW(s.bonus_account_id, true, s.provider_account_id, false, v_bonus)::ledger_leg;
    END IF;
    IF v_restricted > 0 THEN
        v_legs := v_legs || ROW(s.restricted_account_id, true, s.provider_account_id, false, v_restricted)::ledger_leg;
    END IF;
    r.transaction_id := ledger_post(c.kind, s.brand_id, s.currency, s.player_id, c.integration_id, c.key, r.round_id, NULL,
                                    c.request_id, c.details, c.now, v_legs);
    IF s.guarded THEN
        PERFORM safer_play_note_bet(s.player_id, s.game_id, c.round_ref, s.currency, c.amount, v_cash + v_restricted, c.now);
    END IF;
    r.cash := s.cash - v_cash;
    r.bonus := s.bonus - v_bonus;
    r.restricted := s.restricted - v_restricted;
    IF NOT providers_remember(c, r, c.key, c.verb, v_cash, v_bonus, v_restricted) THEN
        -- The same key under another wallet, at this very moment: undo by error; the retry meets the winner's record.
        RAISE unique_violation USING MESSAGE = 'command key taken by another wallet';
    END IF;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION providers_note_late(c providers_call, s providers_seat, p_outcome text) RETURNS void LANGUAGE plpgsql AS $$
-- Write into the history of a round that we resolved (by time, by policy, by staff) that its vendor sent a win after all,
-- once for each win, so that a person looks at it. Whether the win is paid is the protocol's: p_outcome.
BEGIN
    INSERT INTO providers_roundevent (round_id, player_id, integration_id, kind, reason, actor, request_id, occurred_at, amount_units,
                                      reference)
    SELECT r.id, r.player_id, r.integration_id, 'late',
           CASE p_outcome WHEN 'applied' THEN 'paid, although staff had resolved the round' ELSE 'refused: ' || p_outcome END,
           (SELECT slug FROM integrations_integration WHERE id = c.integration_id), c.request_id, c.now, c.amount, left(c.key, 200)
      FROM providers_round r
     WHERE r.player_id = s.player_id AND r.integration_id = c.integration_id
       AND (r.state = 'adjusted' OR r.close_reason IN ('voided', 'staff', 'idle'))
       AND CASE WHEN c.reference IS NULL THEN r.game_id = s.game_id AND r.external_id = c.round_ref
                ELSE r.id = coalesce((SELECT round_id FROM transactions_command
                                       WHERE key = c.reference AND integration_id = c.integration_id),
                                     (SELECT id FROM providers_round
                                       WHERE player_id = s.player_id AND integration_id = c.integration_id AND game_id = s.game_id
                                         AND external_id = c.round_ref)) END
    ON CONFLICT DO NOTHING;
END
$$;

CREATE OR REPLACE FUNCTION providers_settle_round(c providers_call, s providers_seat, INOUT p_round bigint, OUT p_refusal text)
LANGUAGE plpgsql AS $$
-- Add a win to its round: the bet's own, or (for a credit without a bet) the one the call names. p_refusal: why the
-- round, which then stays as it was, does not take it.
DECLARE
    v_closes boolean;
    v_state  text;
BEGIN
    IF p_round IS NULL THEN
        INSERT INTO providers_round AS r (player_id, integration_id, game_id, external_id, session_id, variant_id, brand_id,
                                          currency, state, opened_at, last_activity_at)
        VALUES (s.player_id, c.integration_id, s.game_id, c.round_ref, s.session_id, s.variant_id, s.brand_id,
                s.currency, 'open', c.now, c.now)
        ON CONFLICT (player_id, integration_id, game_id, external_id) DO UPDATE SET last_activity_at = r.last_activity_at
        RETURNING r.id INTO p_round;
    END IF;
    SELECT CASE WHEN currency <> s.currency THEN 'wrong_currency'
                WHEN close_reason = 'voided' THEN 'reference_cancelled'
                WHEN state <> 'open' AND NOT c.accept_closed_round THEN 'round_closed' END,
           c.close_round OR c.close_when_settled AND wins + rollbacks + 1 >= bets, state
      INTO p_refusal, v_closes, v_state FROM providers_round WHERE player_id = s.player_id AND id = p_round;
    IF p_refusal IS NULL THEN
        UPDATE providers_round
           SET won = won + c.amount, wins = wins + 1, last_activity_at = c.now,
               state = CASE WHEN v_closes AND state = 'open' THEN 'closed' ELSE state END,
               closed_at = CASE WHEN v_closes AND state = 'open' THEN c.now ELSE closed_at END,
               close_reason = CASE WHEN v_closes AND state = 'open' THEN 'provider' ELSE close_reason END
         WHERE player_id = s.player_id AND id = p_round;
        IF v_state = 'adjusted' AND c.amount > 0 THEN
            PERFORM providers_note_late(c, s, 'applied');
        END IF;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION providers_round_standing(c providers_call, s providers_seat) RETURNS text LANGUAGE plpgsql AS $$
-- What a credit finds that names its round, but no bet in it.
DECLARE
    v_is_void boolean;
BEGIN
    SELECT bets > 0 AND rollbacks >= bets AND wins = 0 INTO v_is_void FROM providers_round
     WHERE player_id = s.player_id AND integration_id = c.integration_id AND game_id = s.game_id AND external_id = c.round_ref;
    RETURN CASE WHEN NOT FOUND THEN 'reference_missing' WHEN v_is_void THEN 'reference_cancelled' ELSE 'applied' END;
END
$$;

CREATE OR REPLACE FUNCTION providers_credit(c providers_call, s providers_seat) RETURNS providers_reply LANGUAGE plpgsql AS $$
-- A win: it returns to the buckets its stake came from, in proportion, in whole coins; what is left over goes to cash.
DECLARE
    r            providers_reply := providers_answer(c, s, 'applied');
    bet          transactions_command;
    v_staked     numeric;
    v_left       bigint := c.amount - coalesce(c.bonus_amount, 0);
    v_cash       bigint := 0;
    v_bonus      bigint := 0;
    v_restricted bigint := 0;
    v_refusal    text;
    v_legs       ledger_leg[] := '{}';
BEGIN
    IF c.reference IS NOT NULL THEN
        SELECT * INTO bet FROM transactions_command WHERE key = c.reference AND integration_id = c.integration_id;
    END IF;
    r.outcome := CASE
        WHEN bet.kind = 'tombstone' OR bet.cancelled_by IS NOT NULL THEN 'reference_cancelled'
        WHEN bet.key IS NOT NULL AND (bet.kind <> 'debit' OR bet.outcome <> 'applied' OR bet.player_id <> s.player_id)
            THEN 'reference_missing'
        WHEN bet.key IS NULL AND c.needs_reference THEN 'reference_missing'
        WHEN bet.key IS NULL AND c.needs_round THEN providers_round_standing(c, s)
        ELSE 'applied' END;
    IF r.outcome <> 'applied' THEN
        RETURN r;
    END IF;
    SELECT p_round, p_refusal INTO r.round_id, v_refusal FROM providers_settle_round(c, s, bet.round_id);
    IF v_refusal IS NOT NULL THEN
        r.outcome := v_refusal;
        RETURN r;
    END IF;
    IF c.by_round THEN
        SELECT staked - rolled_back - staked_bonus - staked_restricted, staked_bonus, staked_restricted
          INTO bet.cash, bet.bonus, bet.restricted
          FROM providers_round WHERE player_id = s.player_id AND id = r.round_id;
    END IF;
    IF c.bonus_amount IS NOT NULL THEN
        bet.bonus := 0;  -- the call itself says what of the win is bonus money
    END IF;
    v_staked := coalesce(bet.cash, 0)::numeric + coalesce(bet.bonus, 0) + coalesce(bet.restricted, 0);
    IF v_staked = 0 THEN
        CASE c.draw[1]
            WHEN 'bonus'      THEN v_bonus := v_left;
            WHEN 'restricted' THEN v_restricted := v_left;
            ELSE                   v_cash := v_left;
        END CASE;
    ELSIF bet.bonus = v_staked THEN
        v_bonus := v_left;
    ELSE
        v_bonus := div(v_left * bet.bonus::numeric / v_staked, c.quantum) * c.quantum;
        v_restricted := CASE WHEN bet.cash = 0 THEN v_left - v_bonus
                             ELSE div(v_left * bet.restricted::numeric / v_staked, c.quantum) * c.quantum END;
        v_cash := v_left - v_bonus - v_restricted;
    END IF;
    v_bonus := v_bonus + coalesce(c.bonus_amount, 0);
    IF v_cash > 0 THEN
        v_legs := v_legs || ROW(s.provider_account_id, false, s.cash_account_id, true, v_cash)::ledger_leg;
    END IF;
    IF v_bonus > 0 THEN
        v_legs := v_legs || ROW(s.provider_account_id, false, s.bonus_account_id, true, v_bonus)::ledger_leg;
    END IF;
    IF v_restricted > 0 THEN
        v_legs := v_legs || ROW(s.provider_account_id, false, s.restricted_account_id, true, v_restricted)::ledger_leg;
    END IF;
    r.transaction_id := ledger_post(c.kind, s.brand_id, s.currency, s.player_id, c.integration_id, c.key, r.round_id, NULL,
                                    c.request_id, c.details, c.now, v_legs);
    IF s.guarded THEN
        PERFORM safer_play_count(s.player_id, s.currency, c.now, 0, 0, v_cash + v_restricted);
    END IF;
    r.cash := s.cash + v_cash;
    r.bonus := s.bonus + v_bonus;
    r.restricted := s.restricted + v_restricted;
    IF bet.key IS NOT NULL AND bet.settled_by IS NULL THEN
        UPDATE transactions_command SET settled_by = r.transaction_id
         WHERE key = c.reference AND integration_id = c.integration_id;
    END IF;
    IF NOT providers_remember(c, r, c.key, c.verb, v_cash, v_bonus, v_restricted) THEN
        RAISE unique_violation USING MESSAGE = 'command key taken by another wallet';
    END IF;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION providers_reverse(c providers_call, s providers_seat, target transactions_command)
RETURNS providers_reply LANGUAGE plpgsql AS $$
-- Take back a bet (or, where the protocol lets a win be rolled back, a win): each bucket gets back what it gave.
DECLARE
    r        providers_reply := providers_answer(c, s, 'applied');
    v_sign   integer := CASE WHEN target.kind = 'debit' THEN 1 ELSE -1 END;
    v_legs   ledger_leg[] := '{}';
    v_bucket record;
    v_closes boolean;
BEGIN
    IF (SELECT currency FROM providers_round WHERE player_id = s.player_id AND id = target.round_id) <> s.currency THEN
        RETURN providers_answer(c, s, 'wrong_currency');  -- a session over another wallet of the same player
    END IF;
    r.round_id := target.round_id;
    r.cash := s.cash + v_sign * target.cash;
    r.bonus := s.bonus + v_sign * target.bonus;
    r.restricted := s.restricted + v_sign * target.restricted;
    IF least(r.cash, r.bonus, r.restricted) < 0 THEN  -- a win that has been spent can not be taken back here
        RETURN providers_answer(c, s, 'insufficient_funds');
    END IF;
    FOR v_bucket IN SELECT * FROM (VALUES (s.cash_account_id, target.cash), (s.bonus_account_id, target.bonus),
                                          (s.restricted_account_id, target.restricted)) AS v (account, amount)
                     WHERE amount > 0 LOOP
        v_legs := v_legs || CASE WHEN v_sign = 1
            THEN ROW(s.provider_account_id, false, v_bucket.account, true, v_bucket.amount)::ledger_leg
            ELSE ROW(v_bucket.account, true, s.provider_account_id, false, v_bucket.amount)::ledger_leg END;
    END LOOP;
    r.transaction_id := ledger_post(c.kind, s.brand_id, s.currency, s.player_id, c.integration_id, c.key, r.round_id,
                                    target.transaction_id, c.request_id, c.details, c.now, v_legs);
    IF s.guarded THEN  -- as if it had never been made: in the minute in which it was
        PERFORM safer_play_count(
            s.player_id, s.currency, target.created_at,
            CASE WHEN v_sign = 1 THEN -(target.cash + target.bonus + target.restricted) ELSE 0 END,
            CASE WHEN v_sign = 1 THEN -(target.cash + target.restricted) ELSE 0 END,
            CASE WHEN v_sign = 1 THEN 0 ELSE -(target.cash + target.restricted) END);
    END IF;
    UPDATE transactions_command SET cancelled_by = r.transaction_id
     WHERE key = c.reference AND integration_id = c.integration_id;
    SELECT state = 'open' AND (c.close_round OR c.close_when_settled AND wins + rollbacks + 1 >= bets) INTO v_closes
      FROM providers_round WHERE player_id = s.player_id AND id = target.round_id;
    UPDATE providers_round
       SET rolled_back = rolled_back + CASE WHEN v_sign = 1 THEN target.cash + target.bonus + target.restricted ELSE 0 END,
           won = won - CASE WHEN v_sign = -1 THEN target.cash + target.bonus + target.restricted ELSE 0 END,
           staked_bonus = staked_bonus - CASE WHEN v_sign = 1 THEN target.bonus ELSE 0 END,
           staked_restricted = staked_restricted - CASE WHEN v_sign = 1 THEN target.restricted ELSE 0 END,
           rollbacks = rollbacks + 1, last_activity_at = c.now,
           state = CASE WHEN v_closes IS NOT TRUE THEN state
                        WHEN rollbacks + 1 >= bets AND wins = 0 THEN 'voided' ELSE 'closed' END,
           closed_at = CASE WHEN v_closes THEN c.now ELSE closed_at END,
           close_reason = CASE WHEN v_closes THEN 'rollback' ELSE close_reason END
     WHERE player_id = s.player_id AND id = target.round_id;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION providers_rollback(c providers_call, s providers_seat) RETURNS providers_reply LANGUAGE plpgsql AS $$
-- A rollback: reverse what it names once; leave a tombstone where that is unknown, so that a late bet is refused.
DECLARE
    r      providers_reply := providers_answer(c, s, 'applied');
    target transactions_command;
BEGIN
    SELECT * INTO target FROM transactions_command WHERE key = c.reference AND integration_id = c.integration_id;
    IF target.key IS NULL THEN
        r.outcome := 'reference_missing';
        IF NOT providers_remember(c, r, c.reference, 'tombstone', 0, 0, 0) THEN
            RAISE unique_violation USING MESSAGE = 'command key taken by another wallet';
        END IF;
        IF c.key = c.reference THEN
            RETURN r;  -- a vendor that gives a rollback the id of its bet: the tombstone is the record of both
        END IF;
    ELSIF target.player_id <> s.player_id THEN
        RETURN providers_answer(c, s, 'conflict');
    ELSIF target.kind = 'tombstone' OR target.cancelled_by IS NOT NULL THEN
        r.outcome := 'reference_cancelled';
    ELSIF target.outcome <> 'applied' OR target.kind NOT IN ('debit', 'credit') THEN
        r.outcome := 'reference_missing';  -- a bet that was refused: there is nothing to take back
    ELSIF NOT c.accept_settled AND (target.settled_by IS NOT NULL OR c.round_settles AND EXISTS (
              SELECT FROM providers_round
               WHERE player_id = s.player_id AND id = target.round_id AND state <> 'open')) THEN
        r.outcome := 'reference_settled';
    ELSE
        r := providers_reverse(c, s, target);
        IF r.outcome <> 'applied' THEN
            RETURN r;  -- not remembered: once the player has funds again, the retry succeeds
        END IF;
    END IF;
    IF NOT providers_remember(c, r, c.key, c.verb, 0, 0, 0) THEN
        RAISE unique_violation USING MESSAGE = 'command key taken by another wallet';
    END IF;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION providers_scaled(c providers_call, s providers_seat) RETURNS providers_call LANGUAGE plpgsql AS $$
-- An amount in main units becomes one in ledger units of the session's currency, or null where it does not fit exactly.
DECLARE
    v_units numeric;
BEGIN
    SELECT c.main_amount * power(10::numeric, ledger_exponent), power(10::numeric, ledger_exponent - exponent)
      INTO v_units, c.quantum FROM brands_currency WHERE code = s.currency;
    c.amount := CASE WHEN v_units = trunc(v_units) THEN v_units END;
    RETURN c;
END
$$;

CREATE OR REPLACE FUNCTION providers_alias_taken(c providers_call, s providers_seat) RETURNS boolean LANGUAGE plpgsql AS $$
-- Whether the call's other id belongs to a command of another player or with other terms; null where nobody has it yet.
BEGIN
    RETURN (SELECT (player_id, fingerprint) <> (s.player_id, c.alias_terms)
              FROM transactions_command WHERE key = c.alias AND integration_id = c.integration_id);
END
$$;

CREATE OR REPLACE FUNCTION providers_take_alias(c providers_call, r providers_reply) RETURNS void LANGUAGE plpgsql AS $$
-- Remember the other id of a command that was applied.
BEGIN
    c.fingerprint := c.alias_terms;
    IF NOT providers_remember(c, r, c.alias, 'alias', 0, 0, 0) THEN
        RAISE unique_violation USING MESSAGE = 'command alias taken by another wallet';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION providers_wallet_call(c providers_call) RETURNS providers_reply LANGUAGE plpgsql AS $$
-- One call, its wallet locked. Writes the exchange row in the same transaction, refusals included.
DECLARE
    s     providers_seat;
    prior transactions_command;
    r     providers_reply;
    taken boolean;
BEGIN
    s := providers_take_seat(c);
    IF c.live_token AND s.token_replaced THEN
        s := NULL;
    END IF;
    IF s.session_id IS NOT NULL THEN
        SELECT * INTO prior FROM transactions_command WHERE key = c.key AND integration_id = c.integration_id;
        IF c.main_amount IS NOT NULL THEN
            c := providers_scaled(c, s);
        END IF;
        IF c.alias IS NOT NULL THEN
            taken := providers_alias_taken(c, s);
        END IF;
    END IF;
    r := CASE
        WHEN s.session_id IS NULL              THEN providers_answer(c, s, 'bad_session')
        WHEN taken                             THEN providers_answer(c, s, 'conflict')
        WHEN prior.key IS NOT NULL             THEN providers_replay(c, s, prior)
        WHEN c.amount IS NULL                  THEN providers_answer(c, s, 'inexact_amount')
        WHEN s.integration_switch = 'off'      THEN providers_answer(c, s, 'unavailable')
        WHEN c.verb = 'debit'                  THEN providers_debit(c, s)
        WHEN s.game_id IS NULL                 THEN providers_answer(c, s, 'unknown_game')
        WHEN c.currency <> s.currency          THEN providers_answer(c, s, 'wrong_currency')
        WHEN c.verb = 'credit'                 THEN providers_credit(c, s)
        WHEN c.verb = 'rollback'               THEN providers_rollback(c, s)
    END;
    IF c.verb = 'credit' AND c.amount > 0 AND r.outcome IN ('reference_cancelled', 'round_closed') THEN
        PERFORM providers_note_late(c, s, r.outcome);
    END IF;
    IF c.alias IS NOT NULL AND taken IS NULL AND r.outcome = 'applied' AND NOT r.replayed THEN
        PERFORM providers_take_alias(c, r);
    END IF;
    INSERT INTO integrations_exchange (id, started_at, integration_id, direction, method, path, headers, body, remote_address,
                                       verified_by, outcome, player_id, round_id, transaction_id)
    VALUES (c.request_id, c.started_at, c.integration_id, 'in', c.method, c.path, c.headers, convert_to(c.body, 'UTF8'),
            c.remote_address, c.verified_by, r.outcome, r.player_id, r.round_id, r.transaction_id)
    ON CONFLICT DO NOTHING;  -- sent again after a lost connection: the first try had committed
    IF FOUND AND r.outcome <> 'applied' AND s.game_id IS NOT NULL THEN
        INSERT INTO providers_refusal (at, brand_id, integration_id, game_id, currency, outcome)
        VALUES (c.now, s.brand_id, c.integration_id, s.game_id, s.currency, r.outcome);
    END IF;
    RETURN r;
END
$$;

CREATE OR REPLACE FUNCTION providers_lock_wallets(p_calls providers_call[]) RETURNS void LANGUAGE plpgsql AS $$
-- Hold the gates of the players, then lock the wallets of all calls, each in id order.
-- One index look-up a call: a join would be planned for a hundred of them.
DECLARE
    c         providers_call;
    v_player  bigint;
    v_wallet  bigint;
    v_players bigint[] := '{}';
    v_wallets bigint[] := '{}';
BEGIN
    FOREACH c IN ARRAY p_calls LOOP
        SELECT gs.player_id, gs.cash_account_id INTO v_player, v_wallet
          FROM providers_gamesessiontoken t JOIN providers_gamesession gs ON gs.id = t.session_id WHERE t.digest = c.token;
        IF FOUND THEN
            v_players := v_players || v_player;
            v_wallets := v_wallets || v_wallet;
        END IF;
    END LOOP;
    IF cardinality(v_players) = 1 THEN
        PERFORM players_hold_gate(v_players[1]);
    ELSE
        PERFORM players_hold_gate(player) FROM (SELECT DISTINCT unnest(v_players) AS player ORDER BY 1) AS ordered;
    END IF;
    PERFORM 1 FROM transactions_account a WHERE a.id = ANY (v_wallets) ORDER BY a.id FOR NO KEY UPDATE;
END
$$;

-- force_generic_plan, here and in all it calls: by cost estimate PostgreSQL would plan statements on partitioned tables
-- anew each time, since only a custom plan is pruned early. Planning once saves a quarter of a bet's work.
CREATE OR REPLACE FUNCTION providers_wallet_calls(p_calls json) RETURNS SETOF providers_reply LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
-- Several calls in one commit, an outcome for each: a refused bet does not fail its neighbours. An error fails all of
-- them, and the caller then sends them one by one.
-- Wallets are locked in id order, then keys are claimed in key order, so two batches can not block each other.
DECLARE
    v_calls providers_call[];
    c       providers_call;
BEGIN
    SELECT array_agg(x ORDER BY x.key) INTO v_calls FROM json_populate_recordset(NULL::providers_call, p_calls) x;
    PERFORM providers_lock_wallets(v_calls);
    FOREACH c IN ARRAY v_calls LOOP
        RETURN NEXT providers_wallet_call(c);
    END LOOP;
END
$$;
