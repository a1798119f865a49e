-- The proof of the books, part of reconciliation. See apps/transactions/sql/books.sql for what such a function is.

CREATE OR REPLACE FUNCTION books_resolutions() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I7: what was posted about a break is one transaction of just that amount, and there is no such transaction without it.
BEGIN
    RETURN QUERY
    WITH moved AS (
        SELECT t.id, sum(x.amount) AS amount
          FROM transactions_transaction t JOIN transactions_transfer x ON x.transaction_id = t.id
         WHERE t.kind = 'correction' AND t.details ? 'break'
         GROUP BY t.id
    )
    SELECT 'I7', 'resolution-is-posted', NULL::bigint, NULL::bigint,
           CASE WHEN m.id IS NULL THEN format('resolution:%s', r.id) ELSE format('transaction:%s', m.id) END,
           coalesce(abs(r.units), 0)::text, coalesce(m.amount, 0)::text
      FROM moved m
      FULL JOIN reconciliation_resolution r ON r.transaction_id = m.id
     WHERE m.amount IS DISTINCT FROM abs(r.units)::numeric;
    RETURN QUERY
    SELECT 'I7', 'break-covered-by-resolutions', NULL::bigint, NULL::bigint, format('break:%s', b.id),
           b.posted_units::text, coalesce(r.units, 0)::text
      FROM reconciliation_break b
      LEFT JOIN (SELECT of_break_id, sum(units) AS units FROM reconciliation_resolution GROUP BY of_break_id) r
             ON r.of_break_id = b.id
     WHERE b.posted_units <> coalesce(r.units, 0);
END
$$;
