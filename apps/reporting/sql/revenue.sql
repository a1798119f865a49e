-- Following the ledger a second time, for invoices and regulators: what rounds brought, by when they were opened and by
-- when it was posted. Everything is added by posting, so following again from the start gives the same rows, and the
-- sums over `posted` are those of the ledger's provider accounts.

CREATE OR REPLACE FUNCTION reporting_bucket(p_at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
-- The beginning of the bucket of an instant: a UTC day, and half an hour on the first and last day of a UTC month. A month
-- of any zone begins within these two days, so it is made of whole buckets unless the zone counts quarters of an hour.
    SELECT CASE WHEN extract(day FROM u.at) = 1 OR extract(day FROM u.at + interval '1 day') = 1
                THEN date_bin('30 minutes', u.at, '2000-01-01') ELSE date_trunc('day', u.at) END AT TIME ZONE 'UTC'
      FROM (SELECT p_at AT TIME ZONE 'UTC' AS at) u
$$;

CREATE OR REPLACE FUNCTION reporting_follow_revenue(p_span bigint, OUT postings bigint, OUT is_done boolean) LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
-- Add what has become final since the last run, at most `p_span` database transactions' worth; see reporting_follow_ledger.
DECLARE
    v_span record;
BEGIN
    postings := 0;
    is_done := true;
    SELECT * INTO v_span FROM ledger_take_span('reporting-revenue', p_span);
    IF v_span.since IS NULL THEN
        RETURN;
    END IF;

    WITH tail AS (
        SELECT t.player_id, t.round_id, t.kind, reporting_takes_back(t.kind, t.reverses_id, x.paid) AS reverses, reporting_bucket(t.created_at) AS posted,
               coalesce(x.paid, 0) AS paid, coalesce(x.received, 0) AS received,
               coalesce(x.bonus_paid, 0) AS bonus_paid, coalesce(x.bonus_received, 0) AS bonus_received
          FROM transactions_transaction t
          LEFT JOIN LATERAL (
               SELECT sum(f.amount) FILTER (WHERE f.debit_version IS NOT NULL) AS paid,
                      sum(f.amount) FILTER (WHERE f.credit_version IS NOT NULL) AS received,
                      sum(f.amount) FILTER (WHERE f.debit_version IS NOT NULL AND a.kind = 'bonus') AS bonus_paid,
                      sum(f.amount) FILTER (WHERE f.credit_version IS NOT NULL AND a.kind = 'bonus') AS bonus_received
                 FROM transactions_transfer f
                 JOIN transactions_account a
                   ON a.id = CASE WHEN f.debit_version IS NOT NULL THEN f.debit_account_id ELSE f.credit_account_id END
                WHERE f.transaction_id = t.id) x ON true
         WHERE t.round_id IS NOT NULL AND t.xact >= v_span.since AND t.xact < v_span.until AND t.id >= v_span.floor
    ), added AS (
        INSERT INTO reporting_revenue AS v (opened, posted, brand_id, integration_id, game_id, jurisdiction, currency, bets, staked,
                                            returned, won, won_back, bonus_staked, bonus_won, free_won)
        SELECT reporting_bucket(r.opened_at), t.posted, r.brand_id, r.integration_id, r.game_id, p.jurisdiction_id, r.currency,
               count(*) FILTER (WHERE NOT t.reverses AND (t.paid > 0 OR t.kind = 'bet')),
               coalesce(sum(t.paid) FILTER (WHERE NOT t.reverses), 0), coalesce(sum(t.received) FILTER (WHERE t.reverses), 0),
               coalesce(sum(t.received) FILTER (WHERE NOT t.reverses), 0), coalesce(sum(t.paid) FILTER (WHERE t.reverses), 0),
               sum(CASE WHEN t.reverses THEN -t.bonus_received ELSE t.bonus_paid END),
               sum(CASE WHEN t.reverses THEN -t.bonus_paid ELSE t.bonus_received END),
               coalesce(sum(CASE WHEN t.reverses THEN -t.paid ELSE t.received END) FILTER (WHERE r.staked = 0), 0)
          FROM tail t
          JOIN providers_round r ON r.player_id = t.player_id AND r.id = t.round_id
          JOIN players_player p ON p.id = r.player_id
         GROUP BY 1, 2, 3, 4, 5, 6, 7
        ON CONFLICT (opened, posted, brand_id, integration_id, game_id, jurisdiction, currency) DO UPDATE
           SET bets = v.bets + excluded.bets, staked = v.staked + excluded.staked, returned = v.returned + excluded.returned,
               won = v.won + excluded.won, won_back = v.won_back + excluded.won_back,
               bonus_staked = v.bonus_staked + excluded.bonus_staked, bonus_won = v.bonus_won + excluded.bonus_won,
               free_won = v.free_won + excluded.free_won
    ) SELECT count(*) INTO postings FROM tail;
    PERFORM ledger_leave_span('reporting-revenue', v_span.until, v_span.reached);
    is_done := v_span.reached IS NOT NULL;
END
$$;

CREATE OR REPLACE FUNCTION reporting_ledger_revenue(
    p_integration integer, p_from timestamptz, p_until timestamptz, p_floor uuid, p_next_xact bigint
) RETURNS TABLE (currency text, units numeric, behind bigint) LANGUAGE sql STABLE AS $$
-- What the provider's accounts took less what they gave, by what was posted in [p_from, p_until), straight from the ledger
-- and as far as the projection has come (p_next_xact); `behind`: transfers of the time that it has not seen yet.
    WITH moved AS (
        SELECT a.currency, f.transaction_id, f.amount, f.xact
          FROM transactions_transfer f JOIN transactions_account a ON a.id = f.credit_account_id
         WHERE a.kind = 'provider' AND a.integration_id = p_integration AND f.transaction_id >= p_floor
        UNION ALL
        SELECT a.currency, f.transaction_id, -f.amount, f.xact
          FROM transactions_transfer f JOIN transactions_account a ON a.id = f.debit_account_id
         WHERE a.kind = 'provider' AND a.integration_id = p_integration AND f.transaction_id >= p_floor
    )
    SELECT m.currency, coalesce(sum(m.amount) FILTER (WHERE m.xact < p_next_xact), 0), count(*) FILTER (WHERE m.xact >= p_next_xact)
      FROM moved m JOIN transactions_transaction t ON t.id = m.transaction_id
     WHERE t.id >= p_floor AND t.created_at >= p_from AND t.created_at < p_until
     GROUP BY m.currency
$$;

CREATE OR REPLACE FUNCTION reporting_count_calls(p_since date) RETURNS void LANGUAGE sql AS $$
-- Sum the counted minutes of vendors' calls by day, from a day on, replacing what was summed before.
    INSERT INTO reporting_callday AS d (day, integration_id, calls, refused, failed)
    SELECT (minute AT TIME ZONE 'UTC')::date, integration_id, sum(exchanges), coalesce(sum(exchanges) FILTER (WHERE outcome_class = 'refusal'), 0),
           coalesce(sum(exchanges) FILTER (WHERE outcome_class IN ('auth', 'error', 'timeout')), 0)
      FROM integrations_healthminute WHERE minute >= p_since::timestamp AT TIME ZONE 'UTC'
     GROUP BY 1, 2
    ON CONFLICT (day, integration_id) DO UPDATE SET calls = excluded.calls, refused = excluded.refused, failed = excluded.failed
$$;
