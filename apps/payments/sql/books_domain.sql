-- The proof of the books: what came to payments after their first storey. See apps/transactions/sql/books.sql.

CREATE OR REPLACE FUNCTION books_withdrawals() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I11: what is locked in a player's wallet is what open withdrawals and refunds will take out of it.
BEGIN
    RETURN QUERY
    WITH open AS (
        SELECT o.player_id, o.currency, sum(o.amount_units) AS units
          FROM (SELECT w.player_id, w.currency, w.amount_units FROM payments_withdrawal w
                 WHERE w.state NOT IN ('paid', 'failed', 'returned', 'rejected', 'cancelled')
                UNION ALL
                SELECT r.player_id, r.currency, r.amount_units FROM payments_refund r
                 WHERE r.state NOT IN ('done', 'failed', 'returned')) o
         GROUP BY o.player_id, o.currency
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

CREATE OR REPLACE FUNCTION books_withdrawal_queues() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I11: held money is always in exactly one queue. The platform works on it and nobody was asked to pay; people decide
-- and nobody was asked to pay; or exactly one provider was asked and has not said how it ended.
BEGIN
    RETURN QUERY
    SELECT 'I11', 'held-in-one-queue', NULL::bigint, w.player_id, format('withdrawal:%s', w.public_id),
           CASE WHEN w.state IN ('submitting', 'submitted', 'pending', 'unknown') THEN '1 live attempt'
                ELSE '0 live attempts' END,
           format('%s live attempts while %s', coalesce(a.alive, 0), w.state)
      FROM payments_withdrawal w
      LEFT JOIN (SELECT x.withdrawal_id, count(*) AS alive FROM payments_attempt x
                  WHERE x.withdrawal_id IS NOT NULL AND x.state IN ('sending', 'accepted', 'unknown')
                  GROUP BY x.withdrawal_id) a ON a.withdrawal_id = w.id
     WHERE w.state NOT IN ('paid', 'failed', 'returned', 'rejected', 'cancelled')
       AND coalesce(a.alive, 0) <> CASE WHEN w.state IN ('submitting', 'submitted', 'pending', 'unknown') THEN 1
                                        ELSE 0 END;
END
$$;

CREATE OR REPLACE FUNCTION books_reserves() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I13: what a provider keeps back in the ledger is what the holds that are not released say.
BEGIN
    RETURN QUERY
    WITH held AS (
        SELECT h.brand_id, h.integration_id, h.currency, sum(h.units) AS units
          FROM payments_reservehold h WHERE h.released_at IS NULL
         GROUP BY h.brand_id, h.integration_id, h.currency
    ), moved AS (
        SELECT x.account_id, sum(x.amount) AS units
          FROM (SELECT t.debit_account_id AS account_id, t.amount FROM transactions_transfer t
                 WHERE t.debit_account_id IN (SELECT r.id FROM transactions_account r WHERE r.kind = 'reserve')
                UNION ALL
                SELECT t.credit_account_id, -t.amount FROM transactions_transfer t
                 WHERE t.credit_account_id IN (SELECT r.id FROM transactions_account r WHERE r.kind = 'reserve')) x
         GROUP BY x.account_id
    ), accounts AS (
        SELECT a.id, a.brand_id, a.integration_id, a.currency, m.units
          FROM transactions_account a LEFT JOIN moved m ON m.account_id = a.id WHERE a.kind = 'reserve'
    )
    SELECT 'I13', 'reserve-is-open-holds', a.id, NULL::bigint,
           CASE WHEN a.id IS NULL THEN format('holds at %s in %s', h.integration_id, h.currency)
                ELSE format('account:%s', a.id) END,
           coalesce(h.units, 0)::text, coalesce(a.units, 0)::text
      FROM accounts a
      FULL JOIN held h ON h.brand_id = a.brand_id AND h.integration_id = a.integration_id AND h.currency = a.currency
     WHERE coalesce(a.units, 0) <> coalesce(h.units, 0);
END
$$;

CREATE OR REPLACE FUNCTION books_disputes() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I13: what a dispute has taken is the sum of its events, each of which that moved money names its ledger line.
BEGIN
    RETURN QUERY
    SELECT 'I13', 'dispute-is-its-events', NULL::bigint, NULL::bigint, format('dispute:%s', d.public_id),
           format('%s with 0 events lacking a line', d.debited_units),
           format('%s with %s events lacking a line', coalesce(e.units, 0), coalesce(e.bare, 0))
      FROM payments_dispute d
      LEFT JOIN (SELECT x.dispute_id, -sum(x.units) AS units,
                        count(*) FILTER (WHERE x.units <> 0 AND NOT EXISTS (
                            SELECT 1 FROM transactions_transaction t WHERE t.id = x.transaction_id)) AS bare
                   FROM payments_disputeevent x GROUP BY x.dispute_id) e ON e.dispute_id = d.id
     WHERE d.debited_units <> coalesce(e.units, 0) OR coalesce(e.bare, 0) > 0;
END
$$;
