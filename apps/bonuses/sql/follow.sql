-- Following the ledger: what players with bonuses staked, what of it counts, and what else bears on their bonuses.
--
-- A posting belongs to a grant by the versions of the accounts it moved, which the wallet's lock puts in order, and not by
-- the time or the order in which it is read. So following again from the start gives the same rows.

CREATE OR REPLACE FUNCTION bonuses_is_within(p_grant bonuses_grant, p_bucket text, p_version bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
-- Whether a posting that gave a bucket this version was made while the grant was active.
    SELECT CASE p_bucket
        WHEN 'cash' THEN p_version > (p_grant).opened_cash AND p_version <= coalesce((p_grant).closed_cash, p_version)
        WHEN 'bonus' THEN p_version > (p_grant).opened_bonus AND p_version <= coalesce((p_grant).closed_bonus, p_version)
        WHEN 'restricted' THEN p_version > (p_grant).opened_restricted AND p_version <= coalesce((p_grant).closed_restricted, p_version)
        ELSE false END
$$;

CREATE OR REPLACE FUNCTION bonuses_follow_ledger(p_span bigint, OUT postings bigint, OUT is_done boolean) LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
-- Add what has become final since the last run, at most `p_span` database transactions' worth. Returns how many postings of
-- players with bonuses that were, and whether the ledger's end was reached (or another worker is at it).
DECLARE
    v_span record;
BEGIN
    postings := 0;
    is_done := true;
    SELECT * INTO v_span FROM ledger_take_span('bonuses', p_span);
    IF v_span.since IS NULL THEN
        RETURN;
    END IF;

    CREATE TEMPORARY TABLE IF NOT EXISTS bonuses_tail (
        id uuid, source_id uuid, kind text, brand_id bigint, player_id bigint, currency text, round_id bigint, details jsonb, at timestamptz
    ) ON COMMIT DELETE ROWS;
    DELETE FROM bonuses_tail;
    INSERT INTO bonuses_tail
    SELECT t.id, t.reverses_id, t.kind, t.brand_id, t.player_id, t.currency, t.round_id, t.details, t.created_at
      FROM transactions_transaction t
     WHERE t.xact >= v_span.since AND t.xact < v_span.until AND t.id >= v_span.floor AND t.player_id IS NOT NULL
       AND (t.kind = 'deposit'
            OR EXISTS (SELECT FROM bonuses_grant g WHERE g.player_id = t.player_id AND g.currency = t.currency));
    GET DIAGNOSTICS postings = ROW_COUNT;
    IF postings > 0 THEN
        ANALYZE bonuses_tail;
        PERFORM bonuses_count_stakes();
        PERFORM bonuses_note_bucket();
        PERFORM bonuses_note_late_credits();
        PERFORM bonuses_note_signals();
        PERFORM bonuses_note_deposits();
    END IF;
    PERFORM ledger_leave_span('bonuses', v_span.until, v_span.reached);
    is_done := v_span.reached IS NOT NULL;
END
$$;

CREATE OR REPLACE FUNCTION bonuses_count_stakes() RETURNS void LANGUAGE plpgsql AS $$
-- Write each stake of the batch, and each one taken back, beside what of it counts; add them to their grants' progress.
-- A stake whose return is read first is written then: ids of database transactions are not given out in commit order.
BEGIN
    CREATE TEMPORARY TABLE IF NOT EXISTS bonuses_fresh (
        grant_id bigint, stake bigint, counted bigint, is_too_large boolean, at timestamptz
    ) ON COMMIT DELETE ROWS;
    DELETE FROM bonuses_fresh;
    WITH made AS (
        INSERT INTO bonuses_wager (transaction_id, grant_id, player_id, round_id, game_id, stake_units, bonus_units, percent,
                                   counted_units, is_too_large, at)
        SELECT s.id, s.grant_id, s.player_id, s.round_id, r.game_id, s.stake, s.bonus, p.percent,
               CASE WHEN p.is_too_large OR s.at >= g.wager_by THEN 0
                    ELSE div(CASE WHEN v.counts_bonus_only THEN s.bonus ELSE s.stake END::numeric * p.percent, 100) END,
               p.is_too_large, s.at
          FROM (SELECT t.id, t.player_id, t.round_id, t.created_at AS at, g.id AS grant_id, sum(x.amount)::bigint AS stake,
                       coalesce(sum(x.amount) FILTER (WHERE a.kind = 'bonus'), 0)::bigint AS bonus
                  FROM (SELECT DISTINCT coalesce(source_id, id) AS id FROM bonuses_tail WHERE kind = 'bet' OR source_id IS NOT NULL) b
                  JOIN transactions_transaction t ON t.id = b.id AND t.kind = 'bet'
                  JOIN transactions_transfer x ON x.transaction_id = t.id AND x.debit_version IS NOT NULL
                  JOIN transactions_account a ON a.id = x.debit_account_id
                  JOIN bonuses_grant g ON g.player_id = t.player_id AND g.currency = t.currency AND g.claimed_at IS NOT NULL
                   AND bonuses_is_within(g, a.kind, x.debit_version)
                 GROUP BY t.id, t.player_id, t.round_id, t.created_at, g.id) s
          JOIN bonuses_grant g ON g.id = s.grant_id
          JOIN bonuses_offerversion v ON v.id = g.version_id
          LEFT JOIN providers_round r ON r.player_id = s.player_id AND r.id = s.round_id
          LEFT JOIN providers_game game ON game.id = r.game_id
         CROSS JOIN LATERAL (SELECT coalesce((v.games ->> game.id::text)::smallint, (v.categories ->> game.category)::smallint, 0::smallint)
                                        AS percent,
                                    coalesce(s.stake > g.stake_limit_units, false) AS is_too_large) p
        ON CONFLICT (transaction_id, grant_id) DO NOTHING
        RETURNING grant_id, stake_units, counted_units, is_too_large, at
    )
    INSERT INTO bonuses_fresh SELECT * FROM made;
    WITH made AS (
        INSERT INTO bonuses_wager (transaction_id, grant_id, player_id, round_id, game_id, stake_units, bonus_units, percent,
                                   counted_units, is_too_large, at)
        SELECT t.id, w.grant_id, w.player_id, w.round_id, w.game_id, -w.stake_units, -w.bonus_units, w.percent, -w.counted_units,
               w.is_too_large, t.at
          FROM bonuses_tail t JOIN bonuses_wager w ON w.transaction_id = t.source_id
         WHERE t.source_id IS NOT NULL
        ON CONFLICT (transaction_id, grant_id) DO NOTHING
        RETURNING grant_id, stake_units, counted_units, is_too_large, at
    )
    INSERT INTO bonuses_fresh SELECT * FROM made;
    UPDATE bonuses_progress p
       SET counted_units = p.counted_units + f.counted, staked_units = p.staked_units + f.staked, stakes = p.stakes + f.stakes,
           too_large = p.too_large + f.too_large, last_at = greatest(p.last_at, f.at)
      FROM (SELECT grant_id, sum(counted) AS counted, sum(stake) AS staked, sum(sign(stake)) AS stakes,
                   coalesce(sum(sign(stake)) FILTER (WHERE is_too_large), 0) AS too_large, max(at) AS at
              FROM bonuses_fresh GROUP BY grant_id) f
     WHERE p.grant_id = f.grant_id;
END
$$;

CREATE OR REPLACE FUNCTION bonuses_note_bucket() RETURNS void LANGUAGE plpgsql AS $$
-- Add up what came to and left the bonus bucket while its grant was active.
BEGIN
    UPDATE bonuses_progress p
       SET bonus_in_units = p.bonus_in_units + m.came, bonus_out_units = p.bonus_out_units + m.went,
           bonus_version = greatest(p.bonus_version, m.version)
      FROM (SELECT g.id, coalesce(sum(x.amount) FILTER (WHERE x.credit_account_id = a.id), 0) AS came,
                   coalesce(sum(x.amount) FILTER (WHERE x.debit_account_id = a.id), 0) AS went, max(v.version) AS version
              FROM bonuses_tail t
              JOIN transactions_account a ON a.player_id = t.player_id AND a.currency = t.currency AND a.kind = 'bonus'
              JOIN transactions_transfer x ON x.transaction_id = t.id AND a.id IN (x.debit_account_id, x.credit_account_id)
             CROSS JOIN LATERAL (SELECT CASE WHEN x.credit_account_id = a.id THEN x.credit_version ELSE x.debit_version END AS version) v
              JOIN bonuses_grant g ON g.player_id = t.player_id AND g.currency = t.currency AND g.claimed_at IS NOT NULL
               AND bonuses_is_within(g, 'bonus', v.version)
             GROUP BY g.id) m
     WHERE p.grant_id = m.id;
END
$$;

CREATE OR REPLACE FUNCTION bonuses_note_late_credits() RETURNS void LANGUAGE plpgsql AS $$
-- Keep what came back to the bonus bucket for a stake whose grant had ended by then. Whose it is, the stake says: a return
-- names it, a win belongs to the last stake of bonus money in its round.
BEGIN
    INSERT INTO bonuses_latecredit (transaction_id, grant_id, units, settled_units)
    SELECT c.id, g.id, c.units, 0
      FROM (SELECT t.id, t.player_id, t.round_id, t.source_id, max(x.credit_version) AS version, sum(x.amount) AS units
              FROM bonuses_tail t
              JOIN transactions_transfer x ON x.transaction_id = t.id AND x.credit_version IS NOT NULL
              JOIN transactions_account a ON a.id = x.credit_account_id AND a.kind = 'bonus'
             WHERE t.kind IN ('win', 'rollback', 'correction')
             GROUP BY t.id, t.player_id, t.round_id, t.source_id) c
     CROSS JOIN LATERAL (SELECT w.grant_id FROM bonuses_wager w
                          WHERE w.player_id = c.player_id AND w.round_id = c.round_id AND w.bonus_units > 0
                            AND (c.source_id IS NULL OR w.transaction_id = c.source_id)
                          ORDER BY w.transaction_id DESC LIMIT 1) stake
      JOIN bonuses_grant g ON g.id = stake.grant_id AND c.version > g.closed_bonus
    ON CONFLICT (transaction_id) DO NOTHING;
END
$$;

CREATE OR REPLACE FUNCTION bonuses_note_signals() RETURNS void LANGUAGE plpgsql AS $$
-- Note the first withdrawal while a grant was active, and what took the deposit of a grant back (a reversal, a chargeback,
-- a refund; not the return of one, which comes from the provider).
BEGIN
    UPDATE bonuses_progress p SET withdrawal_id = m.id
      FROM (SELECT DISTINCT ON (g.id) g.id AS grant_id, t.id
              FROM bonuses_tail t
              JOIN transactions_transfer x ON x.transaction_id = t.id AND x.debit_version IS NOT NULL
              JOIN transactions_account a ON a.id = x.debit_account_id AND a.kind = 'cash'
              JOIN bonuses_grant g ON g.player_id = t.player_id AND g.currency = t.currency AND g.claimed_at IS NOT NULL
               AND bonuses_is_within(g, 'cash', x.debit_version)
             WHERE t.kind = 'withdrawal'
             ORDER BY g.id, t.id) m
     WHERE p.grant_id = m.grant_id AND p.withdrawal_id IS NULL;
    UPDATE bonuses_progress p SET reversal_id = m.id
      FROM (SELECT DISTINCT ON (g.id) g.id AS grant_id, t.id
              FROM bonuses_tail t
              JOIN payments_deposit d ON d.public_id = (t.details ->> 'deposit')::uuid
              JOIN bonuses_grant g ON g.deposit_id = d.id
             WHERE t.kind IN ('reversal', 'chargeback', 'refund')
               AND EXISTS (SELECT FROM transactions_transfer x JOIN transactions_account a ON a.id = x.debit_account_id
                            WHERE x.transaction_id = t.id AND a.kind IN ('cash', 'locked', 'suspense'))
             ORDER BY g.id, t.id) m
     WHERE p.grant_id = m.grant_id AND p.reversal_id IS NULL;
END
$$;

CREATE OR REPLACE FUNCTION bonuses_note_deposits() RETURNS void LANGUAGE plpgsql AS $$
-- Keep deposits for which some offer might hold something.
BEGIN
    INSERT INTO bonuses_depositseen (transaction_id, deposit_id, units, at)
    SELECT t.id, (t.details ->> 'deposit')::uuid, sum(x.amount), t.at
      FROM bonuses_tail t
      JOIN transactions_transfer x ON x.transaction_id = t.id AND x.credit_version IS NOT NULL
     WHERE t.kind = 'deposit' AND t.details ? 'deposit'
       AND EXISTS (SELECT FROM bonuses_offerversion v JOIN bonuses_offer o ON o.id = v.offer_id
                    WHERE o.brand_id = t.brand_id AND v.kind = 'deposit_match' AND v.state IN ('published', 'stopped')
                      AND t.currency = ANY (v.currencies) AND v.valid_from <= t.at)
     GROUP BY t.id, t.details, t.at
    ON CONFLICT (transaction_id) DO NOTHING;
END
$$;
