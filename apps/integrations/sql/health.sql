-- What is computed from the exchange log: exact counts by the minute, so that nobody has to read the log itself, and the
-- missing halves of exchanges.
--
-- A finished minute is counted once. Exchanges written so late that their minute may have been counted without them
-- mark it in `integrations_lateminute`, in the transaction that writes them, and it is counted anew. So the projection
-- is exact, and every step may be repeated.

CREATE OR REPLACE FUNCTION integrations_minute_of(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT date_trunc('minute', uuid_extract_timestamp(id) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
$$;

CREATE OR REPLACE FUNCTION integrations_mark_late(ids uuid[]) RETURNS void LANGUAGE sql AS $$
-- Called by whoever writes replies or requests, in the same transaction. Five seconds is far below the lag with which
-- minutes are counted (15 s), and a writer's statement may not run longer than the rest. Marks are only ever added: one
-- row shared by two writers could be taken away by the count before the second of them commits.
    INSERT INTO integrations_lateminute (minute)
    SELECT DISTINCT integrations_minute_of(id) FROM unnest(ids) AS id
     WHERE id < core_uuid7_floor(clock_timestamp() - interval '5 seconds')
$$;

CREATE OR REPLACE FUNCTION integrations_outcome_class(outcome text, status smallint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
-- success: done as asked · refusal: a proper no (funds, limits, closed rounds) · auth: the caller was not who he said ·
-- timeout: no answer in time · error: ours or theirs, something is broken.
    SELECT CASE
        WHEN outcome = 'timeout'                                                 THEN 'timeout'
        WHEN status IS NULL OR outcome IN ('retryable', 'fatal', 'unreachable')  THEN 'error'
        WHEN outcome IN ('bad_signature', 'bad_credentials')                     THEN 'auth'
        WHEN outcome NOT IN ('', 'ok', 'applied', 'replayed', 'accepted')        THEN 'refusal'
        WHEN status IN (401, 403)                                                THEN 'auth'
        WHEN status >= 500                                                       THEN 'error'
        WHEN status >= 400                                                       THEN 'refusal'
        ELSE 'success' END
$$;

CREATE OR REPLACE FUNCTION integrations_latency_bounds() RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
-- Upper bounds of the latency buckets in microseconds, each about 1.5 times the one before; one more bucket above them.
    SELECT ARRAY[250, 375, 550, 825, 1250, 1850, 2800, 4200, 6300, 9500, 14000, 21500, 32000, 48000, 72000, 108000,
                 160000, 240000, 365000, 550000, 820000, 1250000, 1850000, 2800000, 4200000, 6300000, 9500000, 15000000,
                 30000000]
$$;

CREATE OR REPLACE FUNCTION integrations_health_between(from_id uuid, until_id uuid)
RETURNS TABLE (minute timestamptz, integration_id integer, direction text, verb text, outcome text, outcome_class text,
               exchanges integer, last_at timestamptz, duration_us_max integer, duration_us_sum bigint, histogram integer[])
LANGUAGE sql STABLE AS $$
-- Count the exchanges whose id lies in [from_id, until_id), straight from the log. Exchanges of no integration (an
-- unknown path) belong to nobody's health. What was never answered has no latency: it stands in no bucket.
    WITH sized AS (
        SELECT integrations_minute_of(r.id) AS minute, e.integration_id, e.direction, r.verb, r.outcome,
               integrations_outcome_class(r.outcome, r.status) AS outcome_class,
               CASE WHEN r.status IS NOT NULL OR r.outcome = 'timeout'
                    THEN width_bucket(r.duration_us - 1, integrations_latency_bounds()) END AS bucket,
               count(*)::integer AS n, max(uuid_extract_timestamp(r.id)) AS last_at,
               max(r.duration_us) AS longest, sum(r.duration_us)::bigint AS total
          FROM integrations_exchangereply r
          JOIN integrations_exchange e ON e.id = r.id AND e.id >= from_id AND e.id < until_id
         WHERE r.id >= from_id AND r.id < until_id AND e.integration_id IS NOT NULL
         GROUP BY 1, 2, 3, 4, 5, 6, 7
    ), totals AS (
        SELECT s.minute, s.integration_id, s.direction, s.verb, s.outcome, s.outcome_class, sum(s.n)::integer AS n,
               max(s.last_at) AS last_at, max(s.longest) AS longest, sum(s.total)::bigint AS total,
               array_agg(s.bucket) AS buckets, array_agg(s.n) AS counts
          FROM sized s
         GROUP BY 1, 2, 3, 4, 5, 6
    )
    SELECT t.minute, t.integration_id, t.direction, t.verb, t.outcome, t.outcome_class, t.n, t.last_at, t.longest, t.total,
           ARRAY(SELECT coalesce(t.counts[array_position(t.buckets, b)], 0)
                   FROM generate_series(0, cardinality(integrations_latency_bounds())) AS b ORDER BY b)
      FROM totals t
$$;

CREATE OR REPLACE FUNCTION integrations_health(since timestamptz, until timestamptz, only_direction text)
RETURNS TABLE (part text, of_integration integer, of_verb text, of_outcome text, of_class text, bucket integer, n bigint,
               latest timestamptz, longest integer)
LANGUAGE sql STABLE AS $$
-- Everything that is told about [since, until): counted minutes, and from where these end, the log itself. One row a kind
-- of exchange (part 'count'), one a latency bucket ('bucket'), and one an integration with its last success of all times
-- ('good'). `since` must be the start of a minute; only_direction NULL: both.
    WITH border AS (
        SELECT least(greatest((SELECT done_until FROM integrations_logcursor WHERE name = 'health'), since), until) AS at
    ), chosen AS MATERIALIZED (
        SELECT c.* FROM (
            SELECT h.minute, h.integration_id, h.direction, h.verb, h.outcome, h.outcome_class, h.exchanges, h.last_at,
                   h.duration_us_max, h.duration_us_sum, h.histogram
              FROM integrations_healthminute h, border WHERE h.minute >= since AND h.minute < border.at
            UNION ALL
            SELECT live.* FROM border, integrations_health_between(core_uuid7_floor(border.at), core_uuid7_floor(until)) live
        ) c WHERE only_direction IS NULL OR c.direction = only_direction
    )
    SELECT 'count', integration_id, verb, outcome, outcome_class, NULL::integer, sum(exchanges)::bigint, max(last_at),
           max(duration_us_max)
      FROM chosen GROUP BY 2, 3, 4, 5
    UNION ALL
    SELECT 'bucket', integration_id, NULL, NULL, NULL, (b.place - 1)::integer, sum(b.n)::bigint, NULL, NULL
      FROM chosen, unnest(histogram) WITH ORDINALITY AS b (n, place) WHERE b.n > 0 GROUP BY 2, 6
    UNION ALL
    SELECT 'good', i.id::integer, NULL, NULL, NULL, NULL, NULL, greatest(
               (SELECT h.last_at FROM integrations_healthminute h
                 WHERE h.integration_id = i.id AND h.outcome_class = 'success' AND h.minute < until
                   AND (only_direction IS NULL OR h.direction = only_direction)
                 ORDER BY h.last_at DESC LIMIT 1),
               (SELECT max(c.last_at) FROM chosen c WHERE c.integration_id = i.id AND c.outcome_class = 'success')), NULL
      FROM integrations_integration i
$$;

CREATE OR REPLACE FUNCTION integrations_count_minutes(from_at timestamptz, until_at timestamptz) RETURNS void LANGUAGE sql AS $$
-- Count the minutes in [from_at, until_at), replacing what was counted of them before.
    DELETE FROM integrations_healthminute WHERE minute >= from_at AND minute < until_at;
    INSERT INTO integrations_healthminute (minute, integration_id, direction, verb, outcome, outcome_class, exchanges,
                                           last_at, duration_us_max, duration_us_sum, histogram)
    SELECT * FROM integrations_health_between(core_uuid7_floor(from_at), core_uuid7_floor(until_at));
$$;

CREATE OR REPLACE FUNCTION integrations_refresh_health(at timestamptz, longest interval DEFAULT interval '1 hour')
RETURNS timestamptz LANGUAGE plpgsql AS $$
-- Count the minutes that ended since the last time, and the late ones; returns up to when everything is counted, or NULL
-- when another one is at it. `longest`: no more than this is caught up on in one call.
DECLARE
    v_lag   constant interval := interval '15 seconds';
    v_from  timestamptz;
    v_until timestamptz := date_trunc('minute', at - v_lag);
    v_late  timestamptz;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('integrations_refresh_health')) THEN
        RETURN NULL;
    END IF;
    SELECT done_until INTO v_from FROM integrations_logcursor WHERE name = 'health';
    IF v_from IS NULL THEN
        SELECT date_trunc('minute', uuid_extract_timestamp(id)) INTO v_from FROM integrations_exchange ORDER BY id LIMIT 1;
        v_from := coalesce(v_from, v_until);
        INSERT INTO integrations_logcursor (name, done_until) VALUES ('health', v_from);
    END IF;
    v_until := greatest(v_from, least(v_until, v_from + longest));
    -- Each statement sees what was committed before it: a mark that is deleted here has its rows counted below.
    FOR v_late IN WITH taken AS (DELETE FROM integrations_lateminute WHERE minute < v_from RETURNING minute)
                  SELECT DISTINCT minute FROM taken LOOP
        PERFORM integrations_count_minutes(v_late, v_late + interval '1 minute');
    END LOOP;
    PERFORM integrations_count_minutes(v_from, v_until);
    UPDATE integrations_logcursor SET done_until = v_until WHERE name = 'health';
    RETURN v_until;
END
$$;

CREATE OR REPLACE FUNCTION integrations_sweep_unanswered(at timestamptz, patience interval) RETURNS integer LANGUAGE plpgsql AS $$
-- Give each request older than `patience` that has no reply one that says so; returns how many. Looks again at the three
-- minutes before the place reached last time, for requests that were written late.
DECLARE
    v_from  timestamptz;
    v_until constant timestamptz := at - patience;
    v_ids   uuid[];
BEGIN
    -- Just after a restart of the database, replies are still waiting in the queues of the web processes.
    IF at - pg_postmaster_start_time() < patience OR NOT pg_try_advisory_xact_lock(hashtext('integrations_sweep_unanswered')) THEN
        RETURN 0;
    END IF;
    SELECT done_until - interval '3 minutes' INTO v_from FROM integrations_logcursor WHERE name = 'sweep';
    WITH swept AS (
        INSERT INTO integrations_exchangereply (id, status, headers, body, duration_us, outcome, error)
        SELECT e.id, NULL, '{}', '', 0, e.outcome, 'the process ended before the answer was recorded'
          FROM integrations_exchange e
         WHERE e.id >= core_uuid7_floor(coalesce(v_from, to_timestamp(0))) AND e.id < core_uuid7_floor(v_until)
           AND NOT EXISTS (SELECT FROM integrations_exchangereply r
                            WHERE r.id = e.id AND r.id >= core_uuid7_floor(coalesce(v_from, to_timestamp(0)))
                              AND r.id < core_uuid7_floor(v_until))
        ON CONFLICT (id) DO NOTHING
        RETURNING id
    ) SELECT coalesce(array_agg(id), '{}') INTO v_ids FROM swept;
    PERFORM integrations_mark_late(v_ids);
    INSERT INTO integrations_logcursor AS c (name, done_until) VALUES ('sweep', v_until)
    ON CONFLICT (name) DO UPDATE SET done_until = greatest(c.done_until, excluded.done_until);
    RETURN cardinality(v_ids);
END
$$;

DROP TRIGGER IF EXISTS append_only ON integrations_integrationevent;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON integrations_integrationevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

-- Calls we made in the service of a request. Inbound requests have no parent, so this index costs them nothing.
CREATE INDEX IF NOT EXISTS integrations_exchange_parent ON integrations_exchange (parent_id) WHERE parent_id IS NOT NULL;
