-- The proof of the books. Each function looks for rows that break invariants and returns what it finds.
--
-- `apps/transactions/books.py` runs every function that returns SETOF books_break, so a room proves its own tables by
-- installing one. Two shapes:
--   books_…(p_since bigint, p_floor uuid)  looks only at what was written from database transaction p_since on
--                                          (0: everything); p_floor is a lower bound of its transaction ids
--   books_…()                              looks at everything, so it runs in full checks only

DO $$
BEGIN
    IF to_regtype('books_break') IS NULL THEN
        CREATE TYPE books_break AS (
            invariant  text,     -- I1 … I12, see docs/ledger.md
            rule       text,     -- which part of it
            account_id bigint,
            player_id  bigint,
            row_ref    text,     -- the row that is wrong: table:key
            expected   text,
            found      text
        );
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS transactions_checkpoint (
    account_id bigint      NOT NULL PRIMARY KEY,
    version    bigint      NOT NULL,
    balance    bigint      NOT NULL,
    head_hash  bytea       NOT NULL,
    proven_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE transactions_checkpoint IS
    'Where each player account''s chain stood when it was last proven; the next check goes on from there.';

CREATE OR REPLACE VIEW transactions_posting AS
-- Every posting to a player account: a transfer as that account sees it, amount signed.
SELECT debit_account_id AS account_id, debit_version AS version, -amount AS amount, debit_balance AS balance,
       debit_hash AS hash, credit_account_id AS counter_id, transaction_id, number, xact
  FROM transactions_transfer WHERE debit_version IS NOT NULL
UNION ALL
SELECT credit_account_id, credit_version, amount, credit_balance, credit_hash, debit_account_id, transaction_id, number, xact
  FROM transactions_transfer WHERE credit_version IS NOT NULL;

CREATE OR REPLACE FUNCTION books_transfers(p_since bigint, p_floor uuid) RETURNS SETOF books_break LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
-- I1, I2: a transfer moves something between two accounts that exist, of the currency and brand of its transaction.
-- Its sum is zero by construction, so what can be wrong is where it points.
BEGIN
    RETURN QUERY
    SELECT f.invariant, f.rule, f.account_id, x.player_id, format('transfer:%s/%s', x.transaction_id, x.number),
           f.expected, f.found
      FROM transactions_transfer x
      LEFT JOIN transactions_transaction t ON t.id = x.transaction_id
      LEFT JOIN transactions_account d ON d.id = x.debit_account_id
      LEFT JOIN transactions_account c ON c.id = x.credit_account_id
     CROSS JOIN LATERAL (VALUES
           ('I1', 'amount-positive', x.amount > 0, NULL::bigint, 'above 0', x.amount::text),
           ('I1', 'two-accounts', x.debit_account_id <> x.credit_account_id, x.debit_account_id, 'two accounts', 'one'),
           ('I1', 'account-exists', d.id IS NOT NULL, x.debit_account_id, 'an account to debit', 'none'),
           ('I1', 'account-exists', c.id IS NOT NULL, x.credit_account_id, 'an account to credit', 'none'),
           ('I2', 'transaction-exists', t.id IS NOT NULL, NULL, 'a transaction', 'none'),
           ('I2', 'one-currency', d.currency = t.currency, d.id, t.currency, d.currency),
           ('I2', 'one-currency', c.currency = t.currency, c.id, t.currency, c.currency),
           ('I2', 'one-brand', d.brand_id = t.brand_id, d.id, t.brand_id::text, d.brand_id::text),
           ('I2', 'one-brand', c.brand_id = t.brand_id, c.id, t.brand_id::text, c.brand_id::text),
           ('I2', 'one-player', x.player_id IS NOT DISTINCT FROM t.player_id, NULL, t.player_id::text, x.player_id::text),
           ('I8', 'posting-counted', (d.player_id IS NOT NULL) = (x.debit_version IS NOT NULL), d.id,
            CASE WHEN d.player_id IS NULL THEN 'no version' ELSE 'a version' END, x.debit_version::text),
           ('I8', 'posting-counted', (c.player_id IS NOT NULL) = (x.credit_version IS NOT NULL), c.id,
            CASE WHEN c.player_id IS NULL THEN 'no version' ELSE 'a version' END, x.credit_version::text)
       ) AS f (invariant, rule, holds, account_id, expected, found)
     WHERE x.xact >= p_since AND x.transaction_id >= p_floor
       -- The whole condition first, so that a million sound rows are not multiplied by twelve rules.
       AND (x.amount > 0 AND x.debit_account_id <> x.credit_account_id
            AND d.currency = t.currency AND c.currency = t.currency AND d.brand_id = t.brand_id AND c.brand_id = t.brand_id
            AND x.player_id IS NOT DISTINCT FROM t.player_id
            AND (d.player_id IS NOT NULL) = (x.debit_version IS NOT NULL)
            AND (c.player_id IS NOT NULL) = (x.credit_version IS NOT NULL)) IS NOT TRUE
       AND NOT f.holds;
END
$$;

CREATE OR REPLACE FUNCTION books_transactions(p_since bigint, p_floor uuid) RETURNS SETOF books_break LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
-- I2: the transfers of a transaction are numbered from 1 without a gap, and only a bet, win or rollback of nothing has none.
BEGIN
    RETURN QUERY
    SELECT 'I2', 'all-transfers', NULL::bigint, t.player_id, format('transaction:%s', t.id),
           CASE WHEN n.transfers IS NULL THEN 'transfers' ELSE format('transfers 1 to %s', n.last) END,
           coalesce(n.transfers, 0)::text
      FROM transactions_transaction t
      LEFT JOIN (SELECT x.transaction_id, count(*) AS transfers, min(x.number) AS first, max(x.number) AS last
                   FROM transactions_transfer x WHERE x.xact >= p_since AND x.transaction_id >= p_floor
                  GROUP BY x.transaction_id) n ON n.transaction_id = t.id
     WHERE t.xact >= p_since AND t.id >= p_floor
       AND CASE WHEN n.transfers IS NULL THEN t.kind NOT IN ('bet', 'win', 'rollback')
                ELSE n.first <> 1 OR n.last <> n.transfers END;
END
$$;

CREATE OR REPLACE FUNCTION books_chains(p_since bigint, p_floor uuid) RETURNS SETOF books_break LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
-- I3, I4, I8, I9, I10 of player accounts: versions count up by one, each balance is the one before plus the amount and
-- not negative, each hash follows from the one before and what happened, and the account's row is where its chain ends.
-- Everything: from the opening on, and through each checkpoint. Otherwise: from the checkpoint on.
BEGIN
    RETURN QUERY
    WITH posting AS (
        SELECT p.*, k.version AS start_version,
               coalesce(lag(p.version) OVER chain, k.version, 0) AS last_version,
               coalesce(lag(p.balance) OVER chain, k.balance, 0) AS last_balance,
               coalesce(lag(p.hash) OVER chain, k.head_hash, decode(repeat('00', 32), 'hex')) AS last_hash,
               lead(p.version) OVER chain IS NULL AS is_head
          FROM transactions_posting p
          LEFT JOIN transactions_checkpoint k ON p_since > 0 AND k.account_id = p.account_id
         WHERE p.xact >= p_since AND p.transaction_id >= p_floor AND p.version > coalesce(k.version, 0)
        WINDOW chain AS (PARTITION BY p.account_id ORDER BY p.version, p.transaction_id, p.number)
    ), checked AS (
        SELECT p.*, a.player_id, a.balance AS row_balance, a.version AS row_version, a.head_hash AS row_hash,
               a.may_go_negative, k.head_hash AS proven_hash,
               ledger_chain(p.last_hash, p.account_id, p.counter_id, p.version, p.transaction_id, p.number, p.amount,
                            p.balance,
                            ledger_terms(t.kind, t.brand_id, t.currency, t.player_id, t.integration_id, t.external_id,
                                         t.round_id, t.reverses_id, t.request_id, t.details, t.created_at)) AS due_hash
          FROM posting p
          JOIN transactions_account a ON a.id = p.account_id
          LEFT JOIN transactions_transaction t ON t.id = p.transaction_id
          LEFT JOIN transactions_checkpoint k ON p_since = 0 AND k.account_id = p.account_id AND k.version = p.version
    )
    SELECT f.invariant, f.rule, p.account_id, p.player_id,
           CASE WHEN f.on_row THEN format('account:%s', p.account_id)
                ELSE format('transfer:%s/%s', p.transaction_id, p.number) END, f.expected, f.found
      FROM checked p
     CROSS JOIN LATERAL (VALUES
           ('I9', 'versions-contiguous', p.version = p.last_version + 1, false, (p.last_version + 1)::text, p.version::text),
           ('I9', 'balance-after', p.balance = p.last_balance + p.amount, false,
            (p.last_balance + p.amount)::text, p.balance::text),
           ('I4', 'not-negative', p.balance >= 0 OR p.may_go_negative, false, '0 or more', p.balance::text),
           ('I10', 'chain', p.hash = p.due_hash, false, encode(p.due_hash, 'hex'), encode(p.hash, 'hex')),
           ('I10', 'proven-before', p.proven_hash IS NULL OR p.proven_hash = p.hash, false,
            encode(p.proven_hash, 'hex'), encode(p.hash, 'hex')),
           ('I3', 'balance-of-row', NOT p.is_head OR p.row_balance = p.balance, true, p.balance::text, p.row_balance::text),
           ('I8', 'version-of-row', NOT p.is_head OR p.row_version = p.version, true, p.version::text, p.row_version::text),
           ('I10', 'head-of-row', NOT p.is_head OR p.row_hash = p.hash, true, encode(p.hash, 'hex'), encode(p.row_hash, 'hex'))
       ) AS f (invariant, rule, holds, on_row, expected, found)
     WHERE (p.version = p.last_version + 1 AND p.balance = p.last_balance + p.amount
            AND (p.balance >= 0 OR p.may_go_negative)
            AND p.hash = p.due_hash AND (p.proven_hash IS NULL OR p.proven_hash = p.hash)
            AND (NOT p.is_head OR (p.row_balance, p.row_version, p.row_hash) = (p.balance, p.version, p.hash))) IS NOT TRUE
       AND f.holds IS NOT TRUE;
END
$$;

CREATE OR REPLACE FUNCTION books_account_rows(p_since bigint, p_floor uuid) RETURNS SETOF books_break LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
-- I3, I4, I8, I10: an account whose version has not moved since it was proven looks as it did then; none is negative.
BEGIN
    RETURN QUERY
    SELECT f.invariant, f.rule, a.id, a.player_id, format('account:%s', a.id), f.expected, f.found
      FROM transactions_account a
      LEFT JOIN transactions_checkpoint k ON k.account_id = a.id
     CROSS JOIN LATERAL (VALUES
           ('I4', 'not-negative', a.balance >= 0 OR a.may_go_negative, '0 or more', a.balance::text),
           ('I8', 'version-of-row', k.version IS NULL OR a.version >= k.version, format('%s or more', k.version), a.version::text),
           ('I3', 'balance-of-row', k.version IS NULL OR a.version <> k.version OR a.balance = k.balance,
            k.balance::text, a.balance::text),
           ('I10', 'head-of-row', k.version IS NULL OR a.version <> k.version OR a.head_hash = k.head_hash,
            encode(k.head_hash, 'hex'), encode(a.head_hash, 'hex'))
       ) AS f (invariant, rule, holds, expected, found)
     WHERE NOT f.holds;
END
$$;

CREATE OR REPLACE FUNCTION books_balances() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I3, I8: a player account's balance is the sum of its postings and its version their number, none of either missing.
BEGIN
    RETURN QUERY
    WITH summed AS (
        SELECT p.account_id, sum(p.amount) AS balance, count(*) AS postings FROM transactions_posting p GROUP BY p.account_id
    )
    SELECT f.invariant, f.rule, coalesce(a.id, s.account_id), a.player_id,
           format('account:%s', coalesce(a.id, s.account_id)), f.expected, f.found
      FROM transactions_account a
      FULL JOIN summed s ON s.account_id = a.id
     CROSS JOIN LATERAL (VALUES
           ('I3', 'balance-is-sum', a.balance = coalesce(s.balance, 0), coalesce(s.balance, 0)::text, a.balance::text),
           ('I8', 'version-is-count', a.version = coalesce(s.postings, 0), coalesce(s.postings, 0)::text, a.version::text),
           ('I10', 'chain-begins-at-zero', s.postings > 0 OR a.head_hash = decode(repeat('00', 32), 'hex'),
            'zeros', encode(a.head_hash, 'hex'))
       ) AS f (invariant, rule, holds, expected, found)
     WHERE f.holds IS NOT TRUE;
END
$$;

CREATE OR REPLACE FUNCTION books_totals() RETURNS SETOF books_break LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
-- I1: all accounts of a currency together hold nothing. Player balances are taken from their rows and shared ones from
-- the transfers, so the two sides of the sum are kept apart from each other. I3: the roll-up is the sum it stands for.
BEGIN
    RETURN QUERY
    WITH sides AS MATERIALIZED (
        SELECT s.account_id, sum(s.amount) AS balance, sum(s.amount) FILTER (WHERE s.is_rolled_up) AS rolled_balance,
               count(*) FILTER (WHERE s.is_rolled_up) AS rolled_transfers
          FROM (SELECT x.debit_account_id AS account_id, -x.amount AS amount, x.xact < c.next_xact AS is_rolled_up
                  FROM transactions_transfer x CROSS JOIN
                       (SELECT coalesce(max(next_xact), 0) AS next_xact FROM transactions_cursor WHERE name = 'rollup') c
                 WHERE x.debit_version IS NULL
                 UNION ALL
                SELECT x.credit_account_id, x.amount, x.xact < c.next_xact
                  FROM transactions_transfer x CROSS JOIN
                       (SELECT coalesce(max(next_xact), 0) AS next_xact FROM transactions_cursor WHERE name = 'rollup') c
                 WHERE x.credit_version IS NULL) s
         GROUP BY s.account_id
    )
    SELECT 'I1', 'sum-is-zero', NULL::bigint, NULL::bigint, format('currency:%s', a.currency), '0',
           sum(a.balance + coalesce(s.balance, 0))::text
      FROM transactions_account a LEFT JOIN sides s ON s.account_id = a.id AND a.player_id IS NULL
     GROUP BY a.currency HAVING sum(a.balance + coalesce(s.balance, 0)) <> 0
    UNION ALL
    SELECT 'I3', 'rollup-is-sum', coalesce(r.account_id, s.account_id), NULL,
           format('rollup:%s', coalesce(r.account_id, s.account_id)),
           format('%s in %s', coalesce(s.rolled_balance, 0), coalesce(s.rolled_transfers, 0)),
           format('%s in %s', coalesce(r.balance, 0), coalesce(r.transfers, 0))
      FROM sides s FULL JOIN transactions_accountrollup r ON r.account_id = s.account_id
     WHERE (coalesce(r.balance, 0), coalesce(r.transfers, 0))
           <> (coalesce(s.rolled_balance, 0), coalesce(s.rolled_transfers, 0));
END
$$;

CREATE OR REPLACE FUNCTION books_heads_digest() RETURNS text LANGUAGE sql STABLE AS $$
-- One digest over the heads of all chains. Kept elsewhere (paper will do) it proves later that nobody rewrote history.
    SELECT encode(sha256(coalesce(string_agg(convert_to(id || ':' || version || ':', 'UTF8') || head_hash, '' ORDER BY id), '')), 'hex')
      FROM transactions_account WHERE player_id IS NOT NULL AND version > 0
$$;

CREATE OR REPLACE FUNCTION books_advance(p_since bigint, p_floor uuid) RETURNS bigint LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
-- Remember what has just been proven, in the snapshot that proved it; returns the cursor's new place.
-- A row of a transaction that was still open may have a lower id than rows already seen: the checkpoint's version, not
-- the cursor, says what has been proven, and the cursor stops before the oldest open transaction.
DECLARE
    v_next bigint := greatest(p_since, core_xact_horizon());
BEGIN
    INSERT INTO transactions_checkpoint AS k (account_id, version, balance, head_hash)
    SELECT DISTINCT ON (p.account_id) p.account_id, p.version, p.balance, p.hash
      FROM transactions_posting p WHERE p.xact >= p_since AND p.transaction_id >= p_floor
     ORDER BY p.account_id, p.version DESC
    ON CONFLICT (account_id) DO UPDATE
       SET version = excluded.version, balance = excluded.balance, head_hash = excluded.head_hash, proven_at = clock_timestamp()
     WHERE k.version < excluded.version;
    INSERT INTO transactions_cursor AS c (name, next_xact) VALUES ('books', v_next)
    ON CONFLICT (name) DO UPDATE SET next_xact = v_next, updated_at = clock_timestamp();
    RETURN v_next;
END
$$;
