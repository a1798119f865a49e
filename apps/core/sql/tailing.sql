-- Reading append-only tables in order while others write them.

CREATE OR REPLACE FUNCTION core_oldest_writer(p_snapshot pg_snapshot) RETURNS xid8 LANGUAGE sql VOLATILE AS $$
-- Of the database transactions that ran when a snapshot was taken, the oldest that may still write to this database.
-- A server numbers the transactions of all its databases together: those of other databases, and those of autovacuum,
-- do not count. Nor does one that has ended since, for the caller reads in a later statement, whose own snapshot sees
-- what it wrote; where all statements share one snapshot, it counts.
    SELECT min(running.id)
      FROM pg_snapshot_xip(p_snapshot) AS running (id)
     WHERE CASE WHEN EXISTS (SELECT FROM pg_stat_activity a
                              WHERE a.backend_xid = running.id::xid
                                AND (a.datid <> (SELECT oid FROM pg_database WHERE datname = current_database())
                                     OR a.backend_type = 'autovacuum worker'))
                THEN false
                -- Asked last: what has ended meanwhile is no longer among the activities either.
                ELSE pg_xact_status(running.id) = 'in progress'
                     OR current_setting('transaction_isolation') <> 'read committed' END
$$;

CREATE OR REPLACE FUNCTION core_xact_horizon() RETURNS bigint LANGUAGE sql VOLATILE AS $$
-- The oldest database transaction that may still write to this database, this one included.
    SELECT least(pg_snapshot_xmax(s.snapshot), pg_current_xact_id_if_assigned(), core_oldest_writer(s.snapshot))::text::bigint
      FROM (SELECT pg_current_snapshot() AS snapshot) s
$$;

CREATE OR REPLACE FUNCTION core_require_present(p_next_xact bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
-- Refuse to read on from a cursor that stands in the future: transaction ids have started over, as after a logical
-- restore, and rows of before and after can not be told apart. A loud stop is better than a wrong answer.
BEGIN
    IF p_next_xact > pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('the cursor %s is ahead of this server''s transaction ids', p_next_xact),
            HINT = 'Restored from a logical dump? See docs/runbook.md, "Transaction ids after a logical restore".';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION core_tail_floor(p_next_xact bigint, p_updated_at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
-- Lowest uuidv7 that can lie behind a cursor: lets the planner skip the partitions of older months. A database
-- transaction that was open when the cursor stood still is bounded by time-outs; a day is a wide margin.
    SELECT CASE WHEN p_next_xact = 0 THEN '00000000-0000-0000-0000-000000000000'
                ELSE core_uuid7_floor(p_updated_at - interval '1 day') END
$$;
