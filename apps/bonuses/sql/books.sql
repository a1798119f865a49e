-- The proof of the books: bonuses. See apps/transactions/sql/books.sql for what such a function is.

CREATE OR REPLACE FUNCTION books_bonuses() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I14: every bonus posting belongs to a grant and moves what the grant says; each is there once. While a grant is active,
-- what its follower has added up is what the ledger has in the bonus bucket at that version of the account. What was
-- wagered is the sum of its stakes.
BEGIN
    RETURN QUERY
    WITH posted AS (
        SELECT t.id, t.player_id, t.details ->> 'grant' AS public_id, t.details ->> 'event' AS event,
               coalesce(sum(x.amount) FILTER (WHERE d.kind = 'bonus_cost' AND c.kind = 'bonus'), 0) AS given,
               coalesce(sum(x.amount) FILTER (WHERE d.kind = 'bonus' AND c.kind = 'cash'), 0) AS converted,
               coalesce(sum(x.amount) FILTER (WHERE d.kind = 'bonus' AND c.kind = 'bonus_cost'), 0) AS taken_back,
               sum(x.amount) AS moved
          FROM transactions_transaction t
          JOIN transactions_transfer x ON x.transaction_id = t.id
          JOIN transactions_account d ON d.id = x.debit_account_id
          JOIN transactions_account c ON c.id = x.credit_account_id
         WHERE t.kind = 'bonus'
         GROUP BY t.id, t.player_id, t.details
    ), expected AS (
        SELECT g.claim_transaction_id AS id, g.player_id, g.public_id::text AS public_id, 'claimed' AS event, g.amount_units AS given,
               0::bigint AS converted, 0::bigint AS taken_back
          FROM bonuses_grant g WHERE g.claim_transaction_id IS NOT NULL
         UNION ALL
        SELECT g.end_transaction_id, g.player_id, g.public_id::text, 'ended', 0, g.converted_units, g.taken_back_units
          FROM bonuses_grant g WHERE g.end_transaction_id IS NOT NULL
         UNION ALL
        SELECT l.settled_transaction_id, g.player_id, g.public_id::text, 'late', 0, l.settled_units, NULL
          FROM bonuses_latecredit l JOIN bonuses_grant g ON g.id = l.grant_id WHERE l.settled_transaction_id IS NOT NULL
    )
    SELECT 'I14', 'bonus-posting', NULL::bigint, coalesce(e.player_id, p.player_id), format('transaction:%s', coalesce(e.id, p.id)),
           format('%s %s: given %s, cash %s, back %s', e.event, e.public_id, e.given, e.converted, e.taken_back),
           format('%s %s: given %s, cash %s, back %s', p.event, p.public_id, p.given, p.converted, p.taken_back)
      FROM expected e FULL JOIN posted p ON p.id = e.id
     WHERE e.id IS NULL OR p.id IS NULL
        OR (e.player_id, e.public_id, e.event, e.given, e.converted) IS DISTINCT FROM
           (p.player_id, p.public_id, p.event, p.given, p.converted)
        OR e.taken_back <> p.taken_back OR p.given + p.converted + p.taken_back <> p.moved;

    RETURN QUERY
    SELECT 'I14', 'bonus-bucket', a.id, g.player_id, format('grant:%s', g.id),
           format('%s', g.other_units + g.amount_units + p.bonus_in_units - p.bonus_out_units), format('%s', a.balance)
      FROM bonuses_grant g
      JOIN bonuses_progress p ON p.grant_id = g.id
      JOIN transactions_account a ON a.player_id = g.player_id AND a.currency = g.currency AND a.kind = 'bonus'
     WHERE g.state = 'active' AND a.version = p.bonus_version
       AND a.balance <> g.other_units + g.amount_units + p.bonus_in_units - p.bonus_out_units;

    RETURN QUERY
    SELECT 'I14', 'bonus-wagered', NULL::bigint, g.player_id, format('grant:%s', g.id),
           format('%s of %s', coalesce(w.counted, 0), coalesce(w.staked, 0)), format('%s of %s', p.counted_units, p.staked_units)
      FROM bonuses_grant g
      JOIN bonuses_progress p ON p.grant_id = g.id
      LEFT JOIN (SELECT grant_id, sum(counted_units) AS counted, sum(stake_units) AS staked FROM bonuses_wager GROUP BY grant_id) w
             ON w.grant_id = g.id
     WHERE (coalesce(w.counted, 0), coalesce(w.staked, 0)) <> (p.counted_units, p.staked_units);
END
$$;
