-- Reading append-only tables in order while others write them.

CREATE OR REPLACE FUNCTION core_xact_horizon() RETURNS bigint LANGUAGE sql VOLATILE AS $$
-- The oldest database transaction that may still write to this database, this one included. A server numbers the
-- transactions of all its databases together: one known to run in another database does not hold us up.
    SELECT least(
        pg_snapshot_xmax(s.snapshot)::text::bigint,
        pg_current_xact_id_if_assigned()::text::bigint,
        (SELECT min(running.id::text::bigint)
           FROM pg_snapshot_xip(s.snapshot) AS running (id)
          WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity a
                             WHERE a.backend_xid = running.id::xid
                               AND a.datid <> (SELECT oid FROM pg_database WHERE datname = current_database()))))
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
