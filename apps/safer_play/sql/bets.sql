-- May this player bet? Called by the posting function (apps/providers/sql/wallet_call.sql) for players who have a guard,
-- with the player's gate held and the wallet locked, so what is read here can not change before the bet is committed.

CREATE OR REPLACE FUNCTION safer_play_limits_at(p_player bigint, p_now timestamptz) RETURNS SETOF safer_play_limit
LANGUAGE plpgsql STABLE AS $$
-- The limits that count at this moment: those in force, replaced by changes whose time has come but which no task has
-- carried out yet. Removed ones are left out.
BEGIN
    RETURN QUERY
    SELECT (due.l).* FROM (
        SELECT DISTINCT ON (l.kind, l.period, l.currency, l.set_by) l
          FROM safer_play_limit l
         WHERE l.player_id = p_player
           AND (l.state = 'active' OR (l.state = 'pending' AND l.effective_at <= p_now AND NOT l.needs_confirmation))
         ORDER BY l.kind, l.period, l.currency, l.set_by, l.state = 'pending' DESC, l.id DESC) due
     WHERE NOT (due.l).is_removal;
END
$$;

CREATE OR REPLACE FUNCTION safer_play_bar(p_player bigint, p_now timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
-- Why a guarded player may not bet at all, as a wallet outcome, or null.
DECLARE
    g safer_play_guard;
BEGIN
    SELECT * INTO g FROM safer_play_guard WHERE player_id = p_player;
    RETURN CASE WHEN g.excluded_until > p_now THEN 'blocked'
                WHEN g.paused_until > p_now OR g.check_due_at <= p_now OR g.needs_limit THEN 'limit' END;
END
$$;

CREATE OR REPLACE FUNCTION safer_play_record_refusal(
    p_player bigint, p_rule text, l safer_play_limit, p_asked bigint, p_headroom bigint, p_returns timestamptz,
    p_version bigint, p_currency text, p_request uuid, p_now timestamptz
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO safer_play_refusal (player_id, subject, rule, limit_id, period, currency, asked_units, headroom_units, returns_at,
                                    policy_version_id, request_id, refused_at)
    VALUES (p_player, 'bet', p_rule, l.id, coalesce(l.period, ''), p_currency, p_asked, p_headroom, p_returns, p_version, p_request, p_now)
$$;

CREATE OR REPLACE FUNCTION safer_play_product_refusal(
    p_rules jsonb, p_player bigint, p_game bigint, p_category text, p_round text, p_currency text, p_stake bigint, p_now timestamptz,
    OUT rule text, OUT headroom bigint, OUT returns_at timestamptz, OUT version bigint
) LANGUAGE plpgsql STABLE AS $$
-- What the law says of this kind of game: the stake of one cycle and the time between two. A rule in another currency than
-- the game's can not be measured, so the stake is refused.
DECLARE
    v_rule jsonb;
    v_last safer_play_pace;
BEGIN
    SELECT r INTO v_rule FROM jsonb_array_elements(p_rules) r WHERE r ->> 'category' = p_category;
    IF v_rule IS NULL THEN
        RETURN;
    END IF;
    IF v_rule ->> 'max_stake' IS NOT NULL
       AND (v_rule ->> 'currency' <> p_currency OR p_stake > (v_rule ->> 'max_stake')::bigint) THEN
        rule := 'product_stake';
        headroom := CASE WHEN v_rule ->> 'currency' = p_currency THEN (v_rule ->> 'max_stake')::bigint ELSE 0 END;
        version := (v_rule ->> 'stake_version')::bigint;
        RETURN;
    END IF;
    IF v_rule ->> 'cycle_ms' IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO v_last FROM safer_play_pace WHERE player_id = p_player AND game_id = p_game;
    IF v_last.round_ref = p_round THEN
        RETURN;
    END IF;
    IF v_last.began_at + (v_rule ->> 'cycle_ms')::integer * interval '1 millisecond' > p_now THEN
        rule := 'pace';
        returns_at := v_last.began_at + (v_rule ->> 'cycle_ms')::integer * interval '1 millisecond';
        version := (v_rule ->> 'cycle_version')::bigint;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION safer_play_refuse_bet(
    p_player bigint, p_game bigint, p_category text, p_round text, p_currency text, p_stake bigint, p_own bigint, p_cycle bigint,
    p_request uuid, p_now timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
-- Whether a guarded player's bet goes beyond a limit; records which one and when there is room again. Open rounds count:
-- a stake is lost until a win comes. Of several limits the one with the least room is named.
--   p_stake  the whole stake, ledger units;  p_own  what of it is the player's own money (cash and restricted)
--   p_cycle  what has been staked in the round, this bet included
DECLARE
    g          safer_play_guard;
    l          safer_play_limit;
    v_binding  safer_play_limit;
    v_product  record;
    v_room     bigint;
    v_least    bigint;
    v_from     timestamptz;
    v_to       timestamptz;
    v_returns  timestamptz;
    v_foreign  boolean;
BEGIN
    SELECT * INTO g FROM safer_play_guard WHERE player_id = p_player;
    SELECT * INTO v_product FROM safer_play_product_refusal(g.product_rules, p_player, p_game, p_category, p_round, p_currency, p_cycle, p_now);
    IF v_product.rule IS NOT NULL THEN
        PERFORM safer_play_record_refusal(p_player, v_product.rule, NULL, p_stake, v_product.headroom, v_product.returns_at,
                                          v_product.version, p_currency, p_request, p_now);
        RETURN true;
    END IF;
    IF NOT g.has_limits THEN
        RETURN false;
    END IF;
    FOR l IN SELECT * FROM safer_play_limits_at(p_player, p_now) LOOP
        CONTINUE WHEN l.kind = 'deposit';
        v_foreign := l.kind <> 'session' AND l.currency <> p_currency;
        -- Play in a currency without a limit of its own would walk around the one there is.
        CONTINUE WHEN v_foreign AND EXISTS (
            SELECT 1 FROM safer_play_limits_at(p_player, p_now) o WHERE o.kind = l.kind AND o.currency = p_currency);
        v_to := NULL;
        IF v_foreign THEN
            v_room := -1;
        ELSIF l.kind = 'stake' THEN
            v_room := l.amount_units - p_stake;
        ELSE
            IF l.period <> '' THEN
                SELECT window_from, window_to INTO v_from, v_to
                  FROM safer_play_window(l.period, l.window, l.anchor_at, l.timezone, p_now);
            END IF;
            v_room := coalesce(l.amount_units, l.seconds) - safer_play_used(l, v_from, NULL, p_now)
                      - CASE l.kind WHEN 'wager' THEN p_stake WHEN 'loss' THEN p_own ELSE 1 END;
        END IF;
        -- A bet of nothing of one's own can not lose anything.
        CONTINUE WHEN l.kind = 'loss' AND p_own = 0;
        CONTINUE WHEN l.kind = 'wager' AND p_stake = 0;
        IF v_room < 0 AND (v_least IS NULL OR v_room < v_least) THEN
            v_least := v_room;
            v_binding := l;
            v_returns := v_to;
        END IF;
    END LOOP;
    IF v_least IS NULL THEN
        RETURN false;
    END IF;
    PERFORM safer_play_record_refusal(
        p_player, v_binding.kind, v_binding, p_stake,
        greatest(CASE v_binding.kind WHEN 'wager' THEN v_least + p_stake WHEN 'loss' THEN v_least + p_own
                                     WHEN 'stake' THEN v_least + p_stake ELSE v_least + 1 END, 0),
        coalesce(v_returns, safer_play_rolling_return(v_binding, p_now)), NULL, p_currency, p_request, p_now);
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION safer_play_rolling_return(l safer_play_limit, p_now timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
-- When a rolling limit gives some room back: as the oldest minute or hour that counts leaves its window. Null for others.
DECLARE
    v_length interval := CASE l.period WHEN 'day' THEN interval '24 hours' WHEN 'week' THEN interval '168 hours' ELSE interval '720 hours' END;
    v_from   timestamptz := date_trunc('minute', p_now - v_length);
BEGIN
    IF l."window" <> 'rolling' OR l.period = '' THEN
        RETURN NULL;
    END IF;
    RETURN CASE
        WHEN l.kind = 'deposit' THEN (SELECT min(u.reserved_at) + v_length + interval '1 minute' FROM safer_play_deposituse u
             WHERE u.player_id = l.player_id AND u.currency = l.currency AND u.state IN ('reserved', 'settled') AND u.reserved_at >= v_from)
        WHEN l.kind IN ('loss', 'wager') THEN (SELECT min(t.bucket) + v_length + interval '1 minute' FROM safer_play_tally t
             WHERE t.player_id = l.player_id AND t.currency = l.currency AND t.grain = 'm' AND t.bucket >= v_from AND t.staked > 0)
        WHEN l.kind = 'session' THEN p_now + interval '1 minute' END;
END
$$;

CREATE OR REPLACE FUNCTION safer_play_note_bet(
    p_player bigint, p_game bigint, p_round text, p_currency text, p_stake bigint, p_own bigint, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
-- A guarded player's bet was accepted: count it, and note when the round began.
BEGIN
    PERFORM safer_play_count(p_player, p_currency, p_now, p_stake, p_own, 0);
    PERFORM 1 FROM safer_play_guard WHERE player_id = p_player AND product_rules <> '[]';
    IF FOUND THEN
        INSERT INTO safer_play_pace AS p (player_id, game_id, round_ref, began_at) VALUES (p_player, p_game, p_round, p_now)
        ON CONFLICT (player_id, game_id) DO UPDATE SET round_ref = excluded.round_ref, began_at = excluded.began_at
         WHERE p.round_ref <> excluded.round_ref;
    END IF;
END
$$;
