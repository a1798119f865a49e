-- The proof of the books, fourth part: the tally of guarded players is what the ledger says.
-- See apps/transactions/sql/books.sql for what such a function is.

CREATE OR REPLACE FUNCTION books_safer_play() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I3: each minute and hour of the tally is the sum of the bets, wins and takings-back in it.
BEGIN
    IF NOT EXISTS (SELECT 1 FROM safer_play_guard WHERE counts_since IS NOT NULL) THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH due AS (
        SELECT s.player_id, s.currency, k.grain, date_trunc(k.unit, s.at) AS bucket,
               sum(s.staked) AS staked, sum(s.own_staked) AS own_staked, sum(s.own_won) AS own_won
          FROM safer_play_guard g JOIN safer_play_stake s ON s.player_id = g.player_id AND s.at >= g.counts_since
         CROSS JOIN (VALUES ('h', 'hour'), ('m', 'minute')) AS k (grain, unit)
         GROUP BY s.player_id, s.currency, k.grain, date_trunc(k.unit, s.at)
    ), kept AS (
        SELECT t.* FROM safer_play_tally t JOIN safer_play_guard g ON g.player_id = t.player_id AND t.bucket >= g.counts_since
    )
    SELECT 'I3', 'tally-is-sum', NULL::bigint, player_id, format('tally:%s/%s/%s/%s', player_id, currency, grain, bucket),
           format('staked %s own %s won %s', coalesce(d.staked, 0), coalesce(d.own_staked, 0), coalesce(d.own_won, 0)),
           format('staked %s own %s won %s', coalesce(k.staked, 0), coalesce(k.own_staked, 0), coalesce(k.own_won, 0))
      FROM due d FULL JOIN kept k USING (player_id, currency, grain, bucket)
     WHERE (coalesce(d.staked, 0), coalesce(d.own_staked, 0), coalesce(d.own_won, 0))
           <> (coalesce(k.staked, 0), coalesce(k.own_staked, 0), coalesce(k.own_won, 0));
END
$$;
