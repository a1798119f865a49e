-- The proof of the books, second part: commands of vendors, what they did, and the requests that brought them.

CREATE OR REPLACE FUNCTION books_exchange_floor() RETURNS uuid LANGUAGE sql STABLE AS $$
-- From which request id on the exchange log is kept: retention drops whole months, whose requests can not be asked for.
    SELECT coalesce(core_uuid7_floor(min(to_date(right(c.relname, 6), 'YYYYMM')::timestamp AT TIME ZONE 'UTC')),
                    '00000000-0000-0000-0000-000000000000')
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'integrations_exchange'::regclass AND c.relname ~ '_[0-9]{6}$'
$$;

CREATE OR REPLACE FUNCTION books_game_transactions(p_since bigint, p_floor uuid) RETURNS SETOF books_break
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
-- I5, I7, I12: each bet, win and rollback was posted by one applied command, which names it and moved what it says, and
-- the request that brought it is in the exchange log with its outcome.
BEGIN
    RETURN QUERY
    WITH moved AS (
        SELECT t.id, t.kind, t.player_id, t.integration_id, t.external_id, t.round_id, t.request_id,
               coalesce(sum(p.amount) FILTER (WHERE a.kind = 'cash'), 0) AS cash,
               coalesce(sum(p.amount) FILTER (WHERE a.kind = 'bonus'), 0) AS bonus,
               coalesce(sum(p.amount) FILTER (WHERE a.kind = 'restricted'), 0) AS restricted
          FROM transactions_transaction t
          LEFT JOIN transactions_posting p ON p.transaction_id = t.id AND p.xact >= p_since AND p.transaction_id >= p_floor
          LEFT JOIN transactions_account a ON a.id = p.account_id
         WHERE t.xact >= p_since AND t.id >= p_floor AND t.kind IN ('bet', 'win', 'rollback')
         GROUP BY t.id, t.kind, t.player_id, t.integration_id, t.external_id, t.round_id, t.request_id
    )
    SELECT f.invariant, f.rule, NULL::bigint, m.player_id, format('transaction:%s', m.id), f.expected, f.found
      FROM moved m
      LEFT JOIN transactions_command c ON c.key = m.external_id AND c.integration_id = m.integration_id
      LEFT JOIN integrations_exchange e ON e.id = m.request_id
     CROSS JOIN LATERAL (VALUES
           ('I5', 'has-command', c.key IS NOT NULL, 'a command', 'none'),
           ('I5', 'posted-once', c.key IS NULL OR c.transaction_id IS NULL OR c.transaction_id = m.id,
            c.transaction_id::text, m.id::text),
           ('I12', 'refused-means-nothing-moved', c.key IS NULL OR c.outcome = 'applied', 'no transaction', c.outcome),
           ('I7', 'terms-of-command', c.key IS NULL OR c.outcome <> 'applied'
                  OR (c.player_id, c.round_id, c.request_id) IS NOT DISTINCT FROM (m.player_id, m.round_id, m.request_id),
            format('player %s round %s request %s', c.player_id, c.round_id, c.request_id),
            format('player %s round %s request %s', m.player_id, m.round_id, m.request_id)),
           ('I7', 'amounts-of-command', c.key IS NULL OR c.outcome <> 'applied' OR c.kind NOT IN ('debit', 'credit')
                  OR (abs(m.cash), abs(m.bonus), abs(m.restricted)) = (c.cash, c.bonus, c.restricted)
                     AND greatest(m.cash, m.bonus, m.restricted) * CASE c.kind WHEN 'debit' THEN 1 ELSE 0 END <= 0
                     AND least(m.cash, m.bonus, m.restricted) * CASE c.kind WHEN 'credit' THEN 1 ELSE 0 END >= 0,
            format('%s cash %s bonus %s restricted %s', c.kind, c.cash, c.bonus, c.restricted),
            format('cash %s bonus %s restricted %s', m.cash, m.bonus, m.restricted)),
           ('I7', 'request-kept', m.request_id < (SELECT books_exchange_floor()) OR e.id IS NOT NULL, 'a request in the exchange log', 'none'),
           ('I7', 'request-has-outcome', e.id IS NULL OR (e.outcome, e.transaction_id) IS NOT DISTINCT FROM ('applied', m.id),
            format('applied %s', m.id), format('%s %s', e.outcome, e.transaction_id))
       ) AS f (invariant, rule, holds, expected, found)
     WHERE f.holds IS NOT TRUE;
END
$$;

CREATE OR REPLACE FUNCTION books_reversals(p_since bigint, p_floor uuid) RETURNS SETOF books_break LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
-- I5: a rollback, or our own voiding of a bet, takes back exactly what its original moved, account by account, and is the only one to do so.
BEGIN
    RETURN QUERY
    WITH pair AS (
        SELECT t.id, t.reverses_id, t.player_id, o.id AS original_id, c.cancelled_by
          FROM transactions_transaction t
          LEFT JOIN transactions_transaction o ON o.id = t.reverses_id
          LEFT JOIN transactions_command c ON c.key = o.external_id AND c.integration_id = o.integration_id
         WHERE t.xact >= p_since AND t.id >= p_floor AND t.reverses_id IS NOT NULL
           AND (t.kind = 'rollback' OR t.kind = 'correction' AND c.key IS NOT NULL)
    ), rest AS (  -- both sides of both transactions: what remains on any account was not taken back
        SELECT s.id, s.account_id, sum(s.amount) AS amount
          FROM (SELECT r.id, v.account_id, v.amount
                  FROM pair r JOIN transactions_transfer x ON x.transaction_id IN (r.id, r.original_id)
                 CROSS JOIN LATERAL (VALUES (x.debit_account_id, -x.amount), (x.credit_account_id, x.amount))
                       AS v (account_id, amount)) s
         GROUP BY s.id, s.account_id HAVING sum(s.amount) <> 0
    )
    SELECT 'I5', 'reversed-once', NULL::bigint, r.player_id, format('transaction:%s', r.id), r.id::text,
           coalesce(r.cancelled_by::text, CASE WHEN r.original_id IS NULL THEN 'no original' ELSE 'not marked' END)
      FROM pair r WHERE r.cancelled_by IS DISTINCT FROM r.id
    UNION ALL
    SELECT 'I5', 'reversed-in-full', s.account_id, r.player_id, format('transaction:%s', s.id), '0', s.amount::text
      FROM rest s JOIN pair r ON r.id = s.id;
END
$$;

CREATE OR REPLACE FUNCTION books_commands() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I7, I12: each applied command has its transaction, each refused one moved nothing, each has its request with the same
-- outcome in the exchange log.
BEGIN
    RETURN QUERY
    SELECT f.invariant, f.rule, NULL::bigint, c.player_id, format('command:%s/%s', c.integration_id, c.key), f.expected, f.found
      FROM transactions_command c
      LEFT JOIN transactions_transaction t ON t.id = c.transaction_id
      LEFT JOIN transactions_transaction u ON u.id = c.cancelled_by
      LEFT JOIN transactions_transaction w ON w.id = c.settled_by
      LEFT JOIN integrations_exchange e ON e.id = c.request_id
     CROSS JOIN LATERAL (VALUES
           ('I7', 'applied-means-posted', c.outcome <> 'applied' OR t.id IS NOT NULL,
            coalesce(c.transaction_id::text, 'a transaction'), 'none'),
           ('I12', 'refused-means-nothing-moved', c.outcome = 'applied'
                   OR (c.transaction_id IS NULL AND c.cash = 0 AND c.bonus = 0 AND c.restricted = 0), 'nothing moved', c.outcome),
           ('I4', 'not-negative', least(c.cash_balance, c.bonus_balance, c.restricted_balance, c.cash, c.bonus, c.restricted) >= 0,
            '0 or more', least(c.cash_balance, c.bonus_balance, c.restricted_balance, c.cash, c.bonus, c.restricted)::text),
           ('I5', 'cancelled-by-its-reversal', c.cancelled_by IS NULL
                  OR (u.kind IN ('rollback', 'correction') AND u.reverses_id = c.transaction_id) IS TRUE, 'a reversal of it', c.cancelled_by::text),
           ('I7', 'settled-by-its-player', c.settled_by IS NULL OR (w.player_id = c.player_id) IS TRUE,
            'a transaction of the player', c.settled_by::text),
           ('I7', 'request-kept', c.request_id < (SELECT books_exchange_floor()) OR e.id IS NOT NULL, 'a request in the exchange log', 'none'),
           ('I7', 'request-has-outcome', e.id IS NULL OR e.outcome = c.outcome, c.outcome, e.outcome)
       ) AS f (invariant, rule, holds, expected, found)
     WHERE f.holds IS NOT TRUE;
END
$$;

CREATE OR REPLACE FUNCTION books_external_ids() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I5: a vendor's id is the id of one transaction.
BEGIN
    RETURN QUERY
    SELECT 'I5', 'external-id-once', NULL::bigint, min(t.player_id),
           format('transaction:%s', (array_agg(t.id ORDER BY t.id))[2]),
           format('one %s of integration %s', t.external_id, t.integration_id), count(*)::text
      FROM transactions_transaction t WHERE t.integration_id IS NOT NULL AND t.external_id <> ''
     GROUP BY t.integration_id, t.external_id HAVING count(*) > 1;
END
$$;

CREATE OR REPLACE FUNCTION books_exchanges() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I7: a request that moved money, or named a player's round, has an outcome, and the transaction it names exists.
BEGIN
    RETURN QUERY
    SELECT 'I7', f.rule, NULL::bigint, e.player_id, format('exchange:%s', e.id), f.expected, f.found
      FROM integrations_exchange e
      LEFT JOIN transactions_transaction t ON t.id = e.transaction_id
     CROSS JOIN LATERAL (VALUES
           ('request-has-outcome', e.outcome <> '', 'an outcome', 'none'),
           ('transaction-exists', e.transaction_id IS NULL OR t.id IS NOT NULL, e.transaction_id::text, 'none')
       ) AS f (rule, holds, expected, found)
     WHERE e.direction = 'in' AND (e.transaction_id IS NOT NULL OR e.round_id IS NOT NULL) AND NOT f.holds;
END
$$;
