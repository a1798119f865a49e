-- Manual adjustments: made with their posting, in one transaction, and never altered.

CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON wallets_adjustment
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
-- The posting asks for the record (`verification/sql/funds_lock.sql`), so the record comes first and learns the posting's id.
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON wallets_adjustment FOR EACH ROW
    WHEN (OLD.transaction_id IS NOT NULL OR OLD.state <> 'posted'
          OR to_jsonb(OLD) - 'transaction_id' IS DISTINCT FROM to_jsonb(NEW) - 'transaction_id')
    EXECUTE FUNCTION core_refuse_change();

CREATE OR REPLACE FUNCTION books_adjustments() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I7: a manual adjustment exists only as a request that two people made: each transaction of that kind has one, and moved
-- what it says; each posted request has its transaction.
BEGIN
    RETURN QUERY
    WITH moved AS (
        SELECT t.id, t.player_id, coalesce(sum(p.amount) FILTER (WHERE a.player_id = t.player_id), 0) AS amount,
               min(a.kind) AS bucket, t.currency
          FROM transactions_transaction t
          LEFT JOIN transactions_posting p ON p.transaction_id = t.id
          LEFT JOIN transactions_account a ON a.id = p.account_id
         WHERE t.kind = 'adjustment' GROUP BY t.id, t.player_id, t.currency
    )
    SELECT 'I7', f.rule, NULL::bigint, coalesce(m.player_id, w.player_id),
           CASE WHEN m.id IS NULL THEN format('adjustment:%s', w.id) ELSE format('transaction:%s', m.id) END,
           f.expected, f.found
      FROM moved m
      FULL JOIN (SELECT * FROM wallets_adjustment WHERE state = 'posted') w ON w.transaction_id = m.id
     CROSS JOIN LATERAL (VALUES
           ('adjustment-has-two-people', w.id IS NOT NULL AND (w.proposed_by_id <> w.decided_by_id) IS TRUE,
            'a request by one person, approved by another', 'none'),
           ('adjustment-is-posted', m.id IS NOT NULL, w.transaction_id::text, 'none'),
           ('adjustment-moved-its-amount', m.id IS NULL OR w.id IS NULL
                  OR (m.amount, m.player_id, m.currency, m.bucket) = (w.amount_units, w.player_id, w.currency, w.bucket),
            format('%s %s %s of player %s', w.amount_units, w.currency, w.bucket, w.player_id),
            format('%s %s %s of player %s', m.amount, m.currency, m.bucket, m.player_id))
       ) AS f (rule, holds, expected, found)
     WHERE f.holds IS NOT TRUE;
END
$$;
