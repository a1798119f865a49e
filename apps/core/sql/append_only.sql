-- Shared by every append-only and every partitioned table of the platform.

CREATE OR REPLACE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
-- Trigger function: this table only grows. It also binds the role the application runs as, and its owner.
BEGIN
    RAISE EXCEPTION '% of % is refused: the table is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE OR REPLACE FUNCTION core_uuid7_floor(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
-- The lowest uuidv7 of an instant (RFC 9562: 48 bits of milliseconds first): a partition bound, or the edge of a time range.
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;

CREATE OR REPLACE FUNCTION core_ensure_month_partitions(parent text, from_at timestamptz, months_ahead integer)
RETURNS integer LANGUAGE plpgsql AS $$
-- Create the monthly partitions of `parent` from the month of `from_at` on, where missing; returns how many were made.
DECLARE
    month_start timestamptz := date_trunc('month', from_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    month_end   timestamptz;
    part        text;
    made        integer := 0;
BEGIN
    FOR i IN 0 .. months_ahead LOOP
        month_end := ((month_start AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
        part := parent || '_' || to_char(month_start AT TIME ZONE 'UTC', 'YYYYMM');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                           part, parent, core_uuid7_floor(month_start), core_uuid7_floor(month_end));
            -- A statement trigger on the parent does not fire for a statement aimed at the partition itself.
            EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                           'FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change()', part || '_append_only', part);
            made := made + 1;
        END IF;
        month_start := month_end;
    END LOOP;
    RETURN made;
END
$$;
