-- The proof of the books, fourth part: payments. See apps/transactions/sql/books.sql for what such a function is.

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
