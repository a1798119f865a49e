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

CREATE OR REPLACE FUNCTION books_settlements() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I13: what moved because a provider settled is one posting of just that amount, and its reversal, and nothing else; the bank
-- has what it credited; and a provider's account moves by payments, their reserves, settlements and postings about breaks only,
-- so that its balance is what it still owes us.
BEGIN
    RETURN QUERY
    WITH moved AS (
        SELECT t.id, t.integration_id, t.currency,
               sum(CASE WHEN c.kind = 'psp' THEN x.amount ELSE -x.amount END) AS units,
               min(CASE WHEN c.kind = 'psp' THEN d.kind ELSE c.kind END) AS other
          FROM transactions_transaction t
          JOIN transactions_transfer x ON x.transaction_id = t.id
          JOIN transactions_account d ON d.id = x.debit_account_id JOIN transactions_account c ON c.id = x.credit_account_id
         WHERE t.kind = 'settlement' GROUP BY t.id, t.integration_id, t.currency
    ), told AS (
        SELECT s.transaction_id AS id, s.integration_id, s.currency, s.units, s.kind FROM reconciliation_settlementposting s
        UNION ALL
        SELECT s.reversal_id, s.integration_id, s.currency, -s.units, s.kind FROM reconciliation_settlementposting s
         WHERE s.reversal_id IS NOT NULL
    )
    SELECT 'I13', 'settlement-is-posted', NULL::bigint, NULL::bigint, format('transaction:%s', coalesce(m.id, s.id)),
           format('%s %s %s', s.units, s.currency, s.kind), format('%s %s %s', m.units, m.currency, m.other)
      FROM moved m FULL JOIN told s ON s.id = m.id
     WHERE (m.units, m.currency, m.integration_id, m.other) IS DISTINCT FROM (s.units::numeric, s.currency::text, s.integration_id::integer, s.kind::text);
    RETURN QUERY
    WITH bank AS (
        SELECT x.account_id, sum(x.amount) AS units
          FROM (SELECT t.debit_account_id AS account_id, t.amount FROM transactions_transfer t
                 WHERE t.debit_account_id IN (SELECT r.id FROM transactions_account r WHERE r.kind = 'bank')
                UNION ALL
                SELECT t.credit_account_id, -t.amount FROM transactions_transfer t
                 WHERE t.credit_account_id IN (SELECT r.id FROM transactions_account r WHERE r.kind = 'bank')) x
         GROUP BY x.account_id
    )
    SELECT 'I13', 'bank-is-settlements', a.id, NULL::bigint, format('account:%s', a.id),
           coalesce(s.units, 0)::text, coalesce(b.units, 0)::text
      FROM transactions_account a
      LEFT JOIN bank b ON b.account_id = a.id
      LEFT JOIN (SELECT p.brand_id, p.currency, sum(p.units) AS units FROM reconciliation_settlementposting p
                  WHERE p.kind = 'bank' AND p.reversal_id IS NULL GROUP BY p.brand_id, p.currency) s
             ON s.brand_id = a.brand_id AND s.currency = a.currency
     WHERE a.kind = 'bank' AND coalesce(s.units, 0) <> coalesce(b.units, 0);
    RETURN QUERY
    SELECT 'I13', 'psp-moves-by-payments', x.account_id, t.player_id, format('transaction:%s', t.id),
           'a payment, a reserve, a settlement or a posting about a break', t.kind
      FROM (SELECT d.debit_account_id AS account_id, d.transaction_id FROM transactions_transfer d
             WHERE d.debit_account_id IN (SELECT a.id FROM transactions_account a WHERE a.kind = 'psp')
            UNION
            SELECT c.credit_account_id, c.transaction_id FROM transactions_transfer c
             WHERE c.credit_account_id IN (SELECT a.id FROM transactions_account a WHERE a.kind = 'psp')) x
      JOIN transactions_transaction t ON t.id = x.transaction_id
     WHERE t.kind NOT IN ('deposit', 'reversal', 'chargeback', 'refund', 'payout', 'return', 'reserve', 'settlement')
       AND (t.kind = 'correction' AND t.details ? 'break') IS NOT TRUE;
END
$$;
