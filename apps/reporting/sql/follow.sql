-- Following the ledger: what games took and paid by day, and how their rounds returned.
--
-- Money is linear: it is added by the day of its posting. A round's return is not: when a batch brings more postings of
-- a round that was counted before, the old count is taken out and the new one put in. Both come from the ledger alone,
-- so following it again from the start gives the same rows.

CREATE OR REPLACE FUNCTION reporting_stake_band(p_staked numeric, p_minor numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
-- By minor units of the currency (cents; whole yen), so that a band means much the same everywhere.
    SELECT CASE WHEN p_staked < 100 * p_minor THEN 'low' WHEN p_staked < 1000 * p_minor THEN 'middle'
                WHEN p_staked < 10000 * p_minor THEN 'high' ELSE 'top' END
$$;

CREATE OR REPLACE FUNCTION reporting_takes_back(p_kind text, p_reverses uuid, p_paid numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
-- Whether a posting undoes something: what it names, or (resettling) a win that was too high.
    SELECT p_reverses IS NOT NULL OR p_kind = 'correction' AND coalesce(p_paid, 0) > 0
$$;

CREATE OR REPLACE FUNCTION reporting_follow_ledger(p_span bigint, OUT postings bigint, OUT is_done boolean) LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
-- Add what has become final since the last run, at most `p_span` database transactions' worth. Returns how many postings
-- that were, and whether the ledger's end was reached (or another worker is at it).
DECLARE
    v_span record;
BEGIN
    postings := 0;
    is_done := true;
    SELECT * INTO v_span FROM ledger_take_span('reporting', p_span);
    IF v_span.since IS NULL THEN
        RETURN;
    END IF;

    CREATE TEMPORARY TABLE IF NOT EXISTS reporting_tail (
        id uuid, player_id bigint, round_id bigint, day date, kind text, paid bigint, received bigint, reverses boolean
    ) ON COMMIT DELETE ROWS;
    DELETE FROM reporting_tail;
    INSERT INTO reporting_tail
    SELECT t.id, t.player_id, t.round_id, (t.created_at AT TIME ZONE 'UTC')::date, t.kind, coalesce(x.paid, 0), coalesce(x.received, 0),
           reporting_takes_back(t.kind, t.reverses_id, x.paid)
      FROM transactions_transaction t
      LEFT JOIN LATERAL (SELECT sum(f.amount) FILTER (WHERE f.debit_version IS NOT NULL) AS paid,
                                sum(f.amount) FILTER (WHERE f.credit_version IS NOT NULL) AS received
                           FROM transactions_transfer f WHERE f.transaction_id = t.id) x ON true
     WHERE t.round_id IS NOT NULL AND t.xact >= v_span.since AND t.xact < v_span.until AND t.id >= v_span.floor;
    GET DIAGNOSTICS postings = ROW_COUNT;
    IF postings > 0 THEN
        ANALYZE reporting_tail;
        PERFORM reporting_add_money();
        PERFORM reporting_add_rounds(v_span.since, clock_timestamp());
    END IF;
    PERFORM ledger_leave_span('reporting', v_span.until, v_span.reached);
    is_done := v_span.reached IS NOT NULL;
END
$$;

CREATE OR REPLACE FUNCTION reporting_add_money() RETURNS void LANGUAGE plpgsql AS $$
-- What the batch moved, by the day of its postings.
BEGIN
    INSERT INTO reporting_gameday AS d (day, brand_id, integration_id, game_id, currency, bets, staked, returned, won, won_back,
                                        rounds, winning_rounds)
    SELECT t.day, r.brand_id, r.integration_id, r.game_id, r.currency,
           count(*) FILTER (WHERE NOT t.reverses AND (t.paid > 0 OR t.kind = 'bet')),
           coalesce(sum(t.paid) FILTER (WHERE NOT t.reverses), 0), coalesce(sum(t.received) FILTER (WHERE t.reverses), 0),
           coalesce(sum(t.received) FILTER (WHERE NOT t.reverses), 0), coalesce(sum(t.paid) FILTER (WHERE t.reverses), 0), 0, 0
      FROM reporting_tail t JOIN providers_round r ON r.player_id = t.player_id AND r.id = t.round_id
     GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (day, brand_id, integration_id, game_id, currency) DO UPDATE
       SET bets = d.bets + excluded.bets, staked = d.staked + excluded.staked, returned = d.returned + excluded.returned,
           won = d.won + excluded.won, won_back = d.won_back + excluded.won_back;
END
$$;

CREATE OR REPLACE FUNCTION reporting_add_rounds(p_from bigint, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
-- Count the batch's rounds, by the day on which they were opened; those counted before are counted anew.
BEGIN
    CREATE TEMPORARY TABLE IF NOT EXISTS reporting_change (
        sign integer, day date, brand_id bigint, integration_id integer, game_id bigint, currency text, variant_id bigint, channel text,
        band text, won numeric, return_ppm numeric
    ) ON COMMIT DELETE ROWS;
    DELETE FROM reporting_change;
    INSERT INTO reporting_change
    WITH moved AS (
        SELECT player_id, round_id, count(*) AS postings,
               sum(CASE WHEN reverses THEN -received ELSE paid END) AS staked, sum(CASE WHEN reverses THEN -paid ELSE received END) AS won
          FROM reporting_tail GROUP BY player_id, round_id
    ), standing AS (
        SELECT r.*, gs.platform, power(10::numeric, c.ledger_exponent - c.exponent) AS minor, b.staked AS staked_before, b.won AS won_before,
               coalesce(b.staked, 0) + m.staked AS staked_now, coalesce(b.won, 0) + m.won AS won_now
          FROM moved m
          JOIN providers_round r ON r.player_id = m.player_id AND r.id = m.round_id
          JOIN providers_gamesession gs ON gs.id = r.session_id
          JOIN brands_currency c ON c.code = r.currency
          LEFT JOIN LATERAL (
               SELECT sum(CASE WHEN reporting_takes_back(t.kind, t.reverses_id, x.paid) THEN -coalesce(x.received, 0)
                               ELSE coalesce(x.paid, 0) END) AS staked,
                      sum(CASE WHEN reporting_takes_back(t.kind, t.reverses_id, x.paid) THEN -coalesce(x.paid, 0)
                               ELSE coalesce(x.received, 0) END) AS won
                 FROM transactions_transaction t
                 LEFT JOIN LATERAL (SELECT sum(f.amount) FILTER (WHERE f.debit_version IS NOT NULL) AS paid,
                                           sum(f.amount) FILTER (WHERE f.credit_version IS NOT NULL) AS received
                                      FROM transactions_transfer f WHERE f.transaction_id = t.id) x ON true
                WHERE t.player_id = m.player_id AND t.round_id = m.round_id AND t.xact < p_from
                  -- Nothing of a session is older than its public id, made in real time; clocks differ by minutes.
                  AND t.id >= core_uuid7_floor(uuid_extract_timestamp(gs.public_id) - interval '5 minutes')
          ) b ON r.bets + r.wins + r.rollbacks + r.corrections <> m.postings  -- else all the round ever had is in this batch
    )
    SELECT v.sign, (s.opened_at AT TIME ZONE 'UTC')::date, s.brand_id, s.integration_id, s.game_id, s.currency, coalesce(s.variant_id, 0),
           s.platform, reporting_stake_band(v.staked, s.minor), v.won, round(v.won * 1000000 / v.staked)
      FROM standing s CROSS JOIN LATERAL (VALUES (-1, s.staked_before, s.won_before), (1, s.staked_now, s.won_now)) v (sign, staked, won)
     WHERE v.staked > 0;  -- free and voided rounds say nothing about the return of a stake

    INSERT INTO reporting_gameday AS d (day, brand_id, integration_id, game_id, currency, bets, staked, returned, won, won_back,
                                        rounds, winning_rounds)
    SELECT day, brand_id, integration_id, game_id, currency, 0, 0, 0, 0, 0, sum(sign), coalesce(sum(sign) FILTER (WHERE won > 0), 0)
      FROM reporting_change GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (day, brand_id, integration_id, game_id, currency) DO UPDATE
       SET rounds = d.rounds + excluded.rounds, winning_rounds = d.winning_rounds + excluded.winning_rounds;

    INSERT INTO reporting_rtpday AS d (day, game_id, variant_id, band, channel, brand_id, rounds, returned_ppm, returned_ppm_squares,
                                       changed_at)
    SELECT day, game_id, variant_id, band, channel, brand_id, sum(sign), sum(sign * return_ppm), sum(sign * return_ppm * return_ppm), p_at
      FROM reporting_change GROUP BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (day, game_id, variant_id, band, channel, brand_id) DO UPDATE
       SET rounds = d.rounds + excluded.rounds, returned_ppm = d.returned_ppm + excluded.returned_ppm,
           returned_ppm_squares = d.returned_ppm_squares + excluded.returned_ppm_squares, changed_at = p_at;
END
$$;

CREATE OR REPLACE FUNCTION reporting_open_rounds(p_game bigint, p_variant bigint) RETURNS TABLE (
    band text, channel text, brand_id bigint, day date, rounds bigint, returned_ppm numeric, returned_ppm_squares numeric
) LANGUAGE sql STABLE AS $$
-- What open rounds of a game contribute to the projection: their result is not known yet, so whoever judges leaves them out.
    SELECT reporting_stake_band(o.net, o.minor), o.platform, o.brand_id, (o.opened_at AT TIME ZONE 'UTC')::date, count(*),
           sum(round(o.won * 1000000 / o.net)), sum(round(o.won * 1000000 / o.net) * round(o.won * 1000000 / o.net))
      FROM (SELECT gs.platform, r.brand_id, r.opened_at, r.won::numeric, (r.staked - r.rolled_back)::numeric AS net,
                   power(10::numeric, c.ledger_exponent - c.exponent) AS minor
              FROM providers_round r
              JOIN providers_gamesession gs ON gs.id = r.session_id
              JOIN brands_currency c ON c.code = r.currency
             WHERE r.state = 'open' AND r.staked > r.rolled_back AND r.game_id = p_game AND coalesce(r.variant_id, 0) = p_variant) o
     GROUP BY 1, 2, 3, 4
$$;
