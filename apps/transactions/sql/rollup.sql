-- Roll-up: balances of shared accounts, which no posting updates.
--
-- The cursor `rollup` says how far the roll-up has come: every transfer with xact < next_xact is inside it, every other
-- is outside. Transaction ids are handed out when a transaction first writes, so a reader must stop before the oldest
-- one still running: everything below it has ended for good.

CREATE OR REPLACE FUNCTION ledger_roll_up() RETURNS bigint LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
-- Add to the roll-up what has become final since the last run. Returns how many sides of transfers that were, or null
-- when another worker is at it. To be called outside a larger transaction.
DECLARE
    v_span  record;
    v_at    timestamptz := clock_timestamp();
    v_sides bigint;
BEGIN
    SELECT * INTO v_span FROM ledger_take_span('rollup');
    IF v_span.since IS NULL THEN
        RETURN NULL;
    END IF;
    WITH sides AS (
        SELECT debit_account_id AS account_id, -amount AS amount FROM transactions_transfer
         WHERE debit_version IS NULL AND xact >= v_span.since AND xact < v_span.until AND transaction_id >= v_span.floor
        UNION ALL
        SELECT credit_account_id, amount FROM transactions_transfer
         WHERE credit_version IS NULL AND xact >= v_span.since AND xact < v_span.until AND transaction_id >= v_span.floor
    ), added AS (
        INSERT INTO transactions_accountrollup AS r (account_id, balance, transfers, updated_at)
        SELECT account_id, sum(amount), count(*), v_at FROM sides GROUP BY account_id
        ON CONFLICT (account_id) DO UPDATE
           SET balance = r.balance + excluded.balance, transfers = r.transfers + excluded.transfers, updated_at = v_at
    )
    SELECT count(*) INTO v_sides FROM sides;
    PERFORM ledger_leave_span('rollup', v_span.until, v_span.reached);
    RETURN v_sides;
END
$$;

CREATE OR REPLACE FUNCTION ledger_shared_balances(p_accounts bigint[])
RETURNS TABLE (account_id bigint, balance numeric, transfers bigint) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
-- Exact balances of shared accounts (all of them when null): the roll-up plus the tail behind its cursor, in the one
-- snapshot of one statement.
BEGIN
    PERFORM core_require_present(c.next_xact) FROM transactions_cursor c WHERE c.name = 'rollup';
    RETURN QUERY
    WITH at AS (
        SELECT coalesce(max(c.next_xact), 0) AS next_xact,
               core_tail_floor(coalesce(max(c.next_xact), 0), coalesce(max(c.updated_at), now())) AS floor
          FROM transactions_cursor c WHERE c.name = 'rollup'
    ), tail AS (
        SELECT x.debit_account_id AS account_id, -x.amount AS amount FROM transactions_transfer x
         WHERE x.debit_version IS NULL AND x.xact >= (SELECT next_xact FROM at) AND x.transaction_id >= (SELECT floor FROM at)
        UNION ALL
        SELECT x.credit_account_id, x.amount FROM transactions_transfer x
         WHERE x.credit_version IS NULL AND x.xact >= (SELECT next_xact FROM at) AND x.transaction_id >= (SELECT floor FROM at)
    ), summed AS (
        SELECT t.account_id, sum(t.amount) AS amount, count(*) AS transfers FROM tail t GROUP BY t.account_id
    )
    SELECT a.id, coalesce(r.balance, 0) + coalesce(s.amount, 0), coalesce(r.transfers, 0) + coalesce(s.transfers, 0)
      FROM transactions_account a
      LEFT JOIN transactions_accountrollup r ON r.account_id = a.id
      LEFT JOIN summed s ON s.account_id = a.id
     WHERE a.player_id IS NULL AND (p_accounts IS NULL OR a.id = ANY (p_accounts));
END
$$;
