-- The proof of the books, fourth part: payments. See apps/transactions/sql/books.sql for what such a function is.

CREATE OR REPLACE FUNCTION books_withdrawals() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I11: what is locked in a player's wallet is what his open withdrawals will take out of it.
BEGIN
    RETURN QUERY
    WITH open AS (
        SELECT w.player_id, w.currency, sum(w.amount_units) AS units
          FROM payments_withdrawal w
         WHERE w.state NOT IN ('paid', 'failed', 'returned', 'rejected', 'cancelled')
         GROUP BY w.player_id, w.currency
    )
    SELECT 'I11', 'locked-is-open-withdrawals', a.id, coalesce(a.player_id, o.player_id),
           CASE WHEN a.id IS NULL THEN format('withdrawals of player %s in %s', o.player_id, o.currency)
                ELSE format('account:%s', a.id) END,
           coalesce(o.units, 0)::text, coalesce(a.balance, 0)::text
      FROM (SELECT x.* FROM transactions_account x WHERE x.kind = 'locked') a
      FULL JOIN open o ON o.player_id = a.player_id AND o.currency = a.currency
     WHERE coalesce(a.balance, 0) <> coalesce(o.units, 0);
END
$$;

CREATE OR REPLACE FUNCTION books_deposits() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I11: a deposit is in the ledger once, with what settled; one that has not settled is not in it at all.
BEGIN
    RETURN QUERY
    WITH posted AS (
        SELECT t.details->>'deposit' AS public_id, count(DISTINCT t.id) AS postings,
               sum(x.amount) FILTER (WHERE x.credit_version IS NOT NULL) AS units
          FROM transactions_transaction t
          JOIN transactions_transfer x ON x.transaction_id = t.id
         WHERE t.kind = 'deposit' AND t.details ? 'deposit'
         GROUP BY t.details->>'deposit'
    )
    SELECT 'I11', 'deposit-posted-once', NULL::bigint, d.player_id,
           format('deposit:%s', coalesce(d.public_id::text, p.public_id)),
           format('%s in %s', coalesce(d.settled_units, 0), CASE WHEN d.settled_units > 0 THEN 1 ELSE 0 END),
           format('%s in %s', coalesce(p.units, 0), coalesce(p.postings, 0))
      FROM payments_deposit d
      FULL JOIN posted p ON p.public_id = d.public_id::text
     WHERE coalesce(d.settled_units, 0) <> coalesce(p.units, 0)
        OR coalesce(p.postings, 0) <> CASE WHEN d.settled_units > 0 THEN 1 ELSE 0 END;
END
$$;
