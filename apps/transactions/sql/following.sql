-- Following the ledger: a reader's cursor stands before what it has not read yet. Every reader is a function that takes a
-- span, reads transactions and transfers with `xact >= since AND xact < until AND id >= floor`, and leaves the span, all in
-- one database transaction: so each posting is read exactly once, and none that might still be written is passed.

CREATE OR REPLACE FUNCTION ledger_take_span(
    p_reader text, p_most bigint DEFAULT NULL, p_waits boolean DEFAULT false,
    OUT since bigint, OUT until bigint, OUT floor uuid, OUT reached timestamptz
) LANGUAGE plpgsql AS $$
-- Lock a reader's cursor and say what is to be read: database transactions in [since, until), at most `p_most` of them, none
-- where nothing is new. `floor` lets the planner skip older partitions. `reached` is set if the ledger's end is in it.
-- `since` is null if another worker is at it, unless the caller waits for its turn.
DECLARE
    v_horizon bigint;
    v_stood   timestamptz;
BEGIN
    -- An old date: only a reader that has caught up knows that what is left is young (see core_tail_floor).
    INSERT INTO transactions_cursor (name, updated_at) VALUES (p_reader, '2000-01-01') ON CONFLICT DO NOTHING;
    IF p_waits THEN
        SELECT next_xact, updated_at INTO since, v_stood FROM transactions_cursor WHERE name = p_reader FOR UPDATE;
    ELSE
        SELECT next_xact, updated_at INTO since, v_stood FROM transactions_cursor WHERE name = p_reader FOR UPDATE SKIP LOCKED;
    END IF;
    IF since IS NULL THEN
        RETURN;
    END IF;
    PERFORM core_require_present(since);
    floor := core_tail_floor(since, v_stood);
    reached := clock_timestamp();
    v_horizon := core_xact_horizon();
    IF p_most IS NOT NULL AND since = 0 THEN
        SELECT coalesce(min(xact), v_horizon) INTO since FROM transactions_transaction;
    END IF;
    until := greatest(since, v_horizon);
    IF until - since > p_most THEN
        until := since + p_most;
        reached := NULL;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION ledger_leave_span(p_reader text, p_until bigint, p_reached timestamptz) RETURNS void LANGUAGE sql AS $$
-- Move the cursor behind a span, which its reader has read.
    UPDATE transactions_cursor SET next_xact = p_until, updated_at = coalesce(p_reached, updated_at) WHERE name = p_reader
$$;
