-- The tally: what a guarded player staked and won, by minute and hour, kept by the posting function with each posting.
--
-- Kept only for players with a limit on losses or stakes (`safer_play_guard.counts_since`). It repeats the ledger and can be
-- rebuilt from it; `books_safer_play` compares the two.

CREATE OR REPLACE VIEW safer_play_stake AS
-- What each bet, win and taking-back means for the tally: signed, at the time of the bet that it is about.
SELECT t.player_id, t.currency, t.id,
       CASE WHEN t.kind IN ('rollback', 'correction') THEN o.created_at ELSE t.created_at END AS at,
       CASE WHEN t.kind = 'bet' THEN x.total WHEN o.kind = 'bet' THEN -x.total ELSE 0 END AS staked,
       CASE WHEN t.kind = 'bet' THEN x.own WHEN o.kind = 'bet' THEN -x.own ELSE 0 END AS own_staked,
       CASE WHEN t.kind = 'win' THEN x.own WHEN o.kind = 'win' THEN -x.own ELSE 0 END AS own_won,
       CASE WHEN t.kind = 'win' THEN x.total WHEN o.kind = 'win' THEN -x.total ELSE 0 END AS won
  FROM transactions_transaction t
  LEFT JOIN transactions_transaction o ON o.id = t.reverses_id AND t.kind IN ('rollback', 'correction')
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(y.amount), 0)::bigint AS total,
              coalesce(sum(y.amount) FILTER (WHERE a.kind IN ('cash', 'restricted')), 0)::bigint AS own
         FROM transactions_transfer y
         JOIN transactions_account a ON a.id IN (y.debit_account_id, y.credit_account_id) AND a.player_id = t.player_id
        WHERE y.transaction_id = t.id) x
 WHERE t.kind IN ('bet', 'win') OR (t.kind IN ('rollback', 'correction') AND o.kind IN ('bet', 'win'));

CREATE OR REPLACE FUNCTION safer_play_count(
    p_player bigint, p_currency text, p_at timestamptz, p_staked bigint, p_own_staked bigint, p_own_won bigint
) RETURNS void LANGUAGE plpgsql AS $$
-- Add to the tally of a player whose tally is kept. The caller holds the wallet's lock, so buckets are added to in order.
BEGIN
    PERFORM 1 FROM safer_play_guard g WHERE g.player_id = p_player AND g.counts_since <= p_at;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO safer_play_tally AS t (player_id, currency, grain, bucket, staked, own_staked, own_won)
    VALUES (p_player, p_currency, 'h', date_trunc('hour', p_at), p_staked, p_own_staked, p_own_won),
           (p_player, p_currency, 'm', date_trunc('minute', p_at), p_staked, p_own_staked, p_own_won)
    ON CONFLICT (player_id, currency, grain, bucket) DO UPDATE
       SET staked = t.staked + excluded.staked, own_staked = t.own_staked + excluded.own_staked,
           own_won = t.own_won + excluded.own_won;
END
$$;

CREATE OR REPLACE FUNCTION safer_play_rebuild_tally(p_player bigint, p_since timestamptz, p_floor uuid) RETURNS void
LANGUAGE plpgsql AS $$
-- Make the tally of one player anew from the ledger, from p_since (a whole hour) on. p_floor: no transaction of his that
-- counts has a lower id. The caller holds his gate alone, and his wallets.
BEGIN
    DELETE FROM safer_play_tally WHERE player_id = p_player;
    INSERT INTO safer_play_tally (player_id, currency, grain, bucket, staked, own_staked, own_won)
    SELECT p_player, s.currency, g.grain, date_trunc(g.unit, s.at), sum(s.staked), sum(s.own_staked), sum(s.own_won)
      FROM safer_play_stake s CROSS JOIN (VALUES ('h', 'hour'), ('m', 'minute')) AS g (grain, unit)
     WHERE s.player_id = p_player AND s.id >= p_floor AND s.at >= p_since
     GROUP BY s.currency, g.grain, date_trunc(g.unit, s.at);
END
$$;

CREATE OR REPLACE FUNCTION safer_play_tally_sum(
    p_player bigint, p_currency text, p_from timestamptz, OUT staked bigint, OUT lost bigint
) LANGUAGE plpgsql STABLE AS $$
-- What was staked (all of it) and lost (own money) since p_from, a whole minute: its hour by minutes, the rest by hours.
DECLARE
    v_hour timestamptz := date_trunc('hour', p_from + interval '59 minutes 59.999999 seconds');
BEGIN
    SELECT coalesce(sum(t.staked), 0), coalesce(sum(t.own_staked - t.own_won), 0) INTO staked, lost
      FROM (SELECT h.staked, h.own_staked, h.own_won FROM safer_play_tally h
             WHERE h.player_id = p_player AND h.currency = p_currency AND h.grain = 'h' AND h.bucket >= v_hour
             UNION ALL
            SELECT m.staked, m.own_staked, m.own_won FROM safer_play_tally m
             WHERE m.player_id = p_player AND m.currency = p_currency AND m.grain = 'm'
               AND m.bucket >= p_from AND m.bucket < v_hour) t;
END
$$;

CREATE OR REPLACE FUNCTION safer_play_login_seconds(p_player bigint, p_from timestamptz, p_to timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
-- How long a player was logged in between two instants; two sessions at once count once.
    SELECT coalesce(extract(epoch FROM sum(upper(r) - lower(r))), 0)::bigint
      FROM (SELECT unnest(range_agg(tstzrange(greatest(s.created_at, p_from),
                                              least(coalesce(s.revoked_at, s.expires_at), s.expires_at, p_to)))) AS r
              FROM players_playersession s
             WHERE s.player_id = p_player AND s.created_at < p_to
               AND least(coalesce(s.revoked_at, s.expires_at), s.expires_at) > greatest(s.created_at, p_from)) merged
$$;

CREATE OR REPLACE FUNCTION safer_play_sitting_seconds(p_player bigint, p_now timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
-- How long the present sitting has lasted: since the oldest of the log-ins that are still open.
    SELECT coalesce(extract(epoch FROM p_now - min(s.created_at)), 0)::bigint FROM players_playersession s
     WHERE s.player_id = p_player AND s.revoked_at IS NULL AND s.expires_at > p_now AND s.created_at <= p_now
$$;

CREATE OR REPLACE FUNCTION safer_play_trim_tally(p_before timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
-- Forget what lies before p_before (a whole hour), one guard after the other, each with its player's bets held off.
DECLARE
    v_player bigint;
    v_rows   bigint;
    v_total  bigint := 0;
BEGIN
    FOR v_player IN SELECT player_id FROM safer_play_guard WHERE counts_since < p_before ORDER BY player_id LOOP
        UPDATE safer_play_guard SET counts_since = p_before WHERE player_id = v_player AND counts_since < p_before;
        DELETE FROM safer_play_tally WHERE player_id = v_player AND bucket < p_before;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_total := v_total + v_rows;
    END LOOP;
    RETURN v_total;
END
$$;
