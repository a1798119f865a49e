-- The proof of the books, third part: rounds. See apps/transactions/sql/books.sql for what such a function is.

CREATE OR REPLACE FUNCTION books_rounds() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I3, I11: what a round says was staked, won, taken back and is held is what its commands did, and what it says was corrected
-- is what resettling posted.
BEGIN
    RETURN QUERY
    WITH command AS (
        SELECT c.*, c.cash::numeric + c.bonus + c.restricted AS amount
          FROM transactions_command c WHERE c.outcome = 'applied' AND c.round_id IS NOT NULL AND c.kind IN ('debit', 'credit')
    ), done AS (
        SELECT c.player_id, c.round_id,
               coalesce(sum(c.amount) FILTER (WHERE c.kind = 'debit'), 0) AS staked,
               coalesce(sum(c.amount) FILTER (WHERE c.kind = 'credit' AND c.cancelled_by IS NULL), 0) AS won,
               coalesce(sum(c.amount) FILTER (WHERE c.kind = 'debit' AND c.cancelled_by IS NOT NULL), 0) AS rolled_back,
               coalesce(sum(c.amount) FILTER (WHERE c.kind = 'debit' AND c.cancelled_by IS NULL), 0) AS in_play,
               coalesce(sum(c.bonus) FILTER (WHERE c.kind = 'debit' AND c.cancelled_by IS NULL), 0) AS bonus,
               coalesce(sum(c.restricted) FILTER (WHERE c.kind = 'debit' AND c.cancelled_by IS NULL), 0) AS restricted,
               count(*) FILTER (WHERE c.kind = 'debit') AS bets,
               count(*) FILTER (WHERE c.kind = 'credit') AS wins,
               count(*) FILTER (WHERE c.cancelled_by IS NOT NULL) AS rollbacks
          FROM command c GROUP BY c.player_id, c.round_id
    ), resettled AS (
        SELECT t.player_id, t.round_id, count(DISTINCT t.id) AS corrections,
               sum(CASE WHEN x.credit_version IS NOT NULL THEN x.amount ELSE -x.amount END) AS corrected
          FROM transactions_transaction t JOIN transactions_transfer x ON x.transaction_id = t.id
         WHERE t.kind = 'correction' AND t.round_id IS NOT NULL AND t.details ? 'resettles'
         GROUP BY t.player_id, t.round_id
    )
    SELECT f.invariant, f.rule, NULL::bigint, coalesce(r.player_id, d.player_id, e.player_id),
           format('round:%s', coalesce(r.id, d.round_id, e.round_id)), f.expected, f.found
      FROM providers_round r
      FULL JOIN done d ON d.player_id = r.player_id AND d.round_id = r.id
      FULL JOIN resettled e ON e.player_id = r.player_id AND e.round_id = r.id
     CROSS JOIN LATERAL (VALUES
           ('I3', 'round-exists', r.id IS NOT NULL, 'a round', 'none'),
           ('I3', 'round-amounts', r.id IS NULL OR (r.staked, r.won, r.rolled_back)
                  = (coalesce(d.staked, 0), coalesce(d.won, 0), coalesce(d.rolled_back, 0)),
            format('staked %s won %s rolled back %s', coalesce(d.staked, 0), coalesce(d.won, 0), coalesce(d.rolled_back, 0)),
            format('staked %s won %s rolled back %s', r.staked, r.won, r.rolled_back)),
           ('I8', 'round-counts', r.id IS NULL OR (r.bets, r.wins, r.rollbacks)
                  = (coalesce(d.bets, 0), coalesce(d.wins, 0), coalesce(d.rollbacks, 0)),
            format('%s bets %s wins %s rollbacks', coalesce(d.bets, 0), coalesce(d.wins, 0), coalesce(d.rollbacks, 0)),
            format('%s bets %s wins %s rollbacks', r.bets, r.wins, r.rollbacks)),
           ('I3', 'round-buckets', r.id IS NULL OR (r.staked_bonus, r.staked_restricted)
                  = (coalesce(d.bonus, 0), coalesce(d.restricted, 0)),
            format('bonus %s restricted %s', coalesce(d.bonus, 0), coalesce(d.restricted, 0)),
            format('bonus %s restricted %s', r.staked_bonus, r.staked_restricted)),
           ('I3', 'round-corrections', r.id IS NULL OR (r.corrected, r.corrections) = (coalesce(e.corrected, 0), coalesce(e.corrections, 0)),
            format('corrected by %s in %s postings', coalesce(e.corrected, 0), coalesce(e.corrections, 0)),
            format('corrected by %s in %s postings', r.corrected, r.corrections)),
           ('I11', 'held-is-in-play', r.id IS NULL
                  OR r.held_amount = CASE WHEN r.state = 'open' THEN coalesce(d.in_play, 0) ELSE 0 END,
            CASE WHEN r.state = 'open' THEN coalesce(d.in_play, 0) ELSE 0 END::text, r.held_amount::text)
       ) AS f (invariant, rule, holds, expected, found)
     WHERE f.holds IS NOT TRUE;
END
$$;
