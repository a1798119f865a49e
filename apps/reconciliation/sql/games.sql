-- Game providers: our rounds of a day against the provider's own report, and rounds that do not end.

CREATE OR REPLACE FUNCTION reconciliation_compare_games(
    p_run bigint, p_integration integer, p_day date, p_imports bigint[], p_expects_report boolean, p_clock_offset interval)
RETURNS TABLE (figure text, units numeric) LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_from timestamptz := p_day::timestamp AT TIME ZONE 'UTC';
    v_to   timestamptz := (p_day + 1)::timestamp AT TIME ZONE 'UTC';
    v_has_report boolean := EXISTS (SELECT 1 FROM reconciliation_gamereportrow r
                                     WHERE r.import_file_id = ANY (p_imports) AND r.integration_id = p_integration AND r.day = p_day);
BEGIN
    CREATE TEMP TABLE recon_ours ON COMMIT DROP AS
    SELECT g.code AS game_code, r.external_id AS round_ref, t.currency,
           sum(x.amount) FILTER (WHERE t.kind = 'bet') AS staked, sum(x.amount) FILTER (WHERE t.kind = 'win') AS won,
           sum(x.amount) FILTER (WHERE t.kind = 'rollback') AS refunded
      FROM transactions_transaction t
      JOIN transactions_transfer x ON x.transaction_id = t.id
      JOIN providers_round r ON r.id = t.round_id AND r.player_id = t.player_id
      JOIN providers_game g ON g.id = r.game_id
     WHERE t.integration_id = p_integration AND t.kind IN ('bet', 'win', 'rollback')
       AND t.created_at >= v_from AND t.created_at < v_to
       -- Ids are made by the real clock: they only narrow down which partitions are read.
       AND t.id >= core_uuid7_floor(v_from - p_clock_offset - interval '1 day') AND t.id < core_uuid7_floor(v_to + interval '1 day')
       AND x.transaction_id >= core_uuid7_floor(v_from - p_clock_offset - interval '1 day')
       AND x.transaction_id < core_uuid7_floor(v_to + interval '1 day')
     GROUP BY g.code, r.external_id, t.currency;
    CREATE TEMP TABLE recon_theirs ON COMMIT DROP AS
    SELECT r.game_code, r.round_ref, r.currency, count(*) AS n, sum(r.rounds) AS rounds, sum(r.staked) AS staked,
           sum(r.won) AS won, sum(r.refunded) AS refunded, min(r.staked) AS one_staked
      FROM reconciliation_gamereportrow r
     WHERE r.import_file_id = ANY (p_imports) AND r.integration_id = p_integration AND r.day = p_day
     GROUP BY r.game_code, r.round_ref, r.currency;
    IF v_has_report THEN
        -- Round by round where the report names rounds of a game, else by its totals.
        INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
        SELECT p_run,
               CASE WHEN o.currency IS NULL AND t.other_currency IS NOT NULL THEN 'currency' WHEN o.currency IS NULL THEN 'missing_internal'
                    WHEN t.currency IS NULL THEN 'missing_psp' WHEN t.n > 1 THEN 'duplicate' ELSE 'amount' END,
               format('round:%s:%s:%s', coalesce(o.game_code, t.game_code), coalesce(o.round_ref, t.round_ref), coalesce(o.currency, t.currency)),
               '', '', coalesce(o.currency, t.currency),
               coalesce(o.staked, 0) - coalesce(o.won, 0) - coalesce(o.refunded, 0),
               coalesce(t.staked, 0) - coalesce(t.won, 0) - coalesce(t.refunded, 0),
               jsonb_strip_nulls(jsonb_build_object('game', coalesce(o.game_code, t.game_code), 'round', coalesce(o.round_ref, t.round_ref),
                   'our_stakes', o.staked, 'our_wins', o.won, 'our_refunds', o.refunded, 'their_stakes', t.staked, 'their_wins', t.won,
                   'their_refunds', t.refunded, 'our_currency', t.other_currency))
          FROM (SELECT * FROM recon_ours o
                 WHERE EXISTS (SELECT 1 FROM recon_theirs t WHERE t.round_ref <> '' AND t.game_code = o.game_code)) o
          FULL JOIN (SELECT t.*, (SELECT min(o.currency) FROM recon_ours o WHERE o.game_code = t.game_code AND o.round_ref = t.round_ref
                                    AND o.currency <> t.currency) AS other_currency
                       FROM recon_theirs t WHERE t.round_ref <> '') t USING (game_code, round_ref, currency)
         WHERE (coalesce(o.staked, 0), coalesce(o.won, 0), coalesce(o.refunded, 0)) IS DISTINCT FROM (coalesce(t.staked, 0), coalesce(t.won, 0), coalesce(t.refunded, 0))
            OR o.currency IS NULL OR t.currency IS NULL;
        INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
        SELECT p_run, CASE WHEN o.currency IS NULL THEN 'missing_internal' WHEN t.currency IS NULL THEN 'missing_psp' ELSE 'amount' END,
               format('game:%s:%s:%s', game_code, currency, p_day), '', '', currency,
               coalesce(o.staked, 0) - coalesce(o.won, 0) - coalesce(o.refunded, 0),
               coalesce(t.staked, 0) - coalesce(t.won, 0) - coalesce(t.refunded, 0),
               jsonb_strip_nulls(jsonb_build_object('game', game_code, 'our_rounds', o.rounds, 'their_rounds', t.rounds,
                   'our_stakes', o.staked, 'our_wins', o.won, 'our_refunds', o.refunded, 'their_stakes', t.staked, 'their_wins', t.won,
                   'their_refunds', t.refunded))
          FROM (SELECT game_code, currency, count(*) AS rounds, sum(staked) AS staked, sum(won) AS won, sum(refunded) AS refunded
                  FROM recon_ours o
                 WHERE NOT EXISTS (SELECT 1 FROM recon_theirs t WHERE t.round_ref <> '' AND t.game_code = o.game_code)
                 GROUP BY game_code, currency) o
          FULL JOIN (SELECT game_code, currency, rounds, staked, won, refunded FROM recon_theirs WHERE round_ref = '') t
         USING (game_code, currency)
         WHERE (coalesce(o.rounds, 0), coalesce(o.staked, 0), coalesce(o.won, 0), coalesce(o.refunded, 0))
               IS DISTINCT FROM (coalesce(t.rounds, 0), coalesce(t.staked, 0), coalesce(t.won, 0), coalesce(t.refunded, 0));
    ELSIF p_expects_report THEN
        INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
        SELECT p_run, 'missing_psp', format('report:%s:%s', p_day, o.currency), '', '', o.currency,
               sum(coalesce(o.staked, 0) - coalesce(o.won, 0) - coalesce(o.refunded, 0)), 0,
               jsonb_build_object('our_rounds', count(*))
          FROM recon_ours o GROUP BY o.currency;
    END IF;
    -- Open for a day or longer at the end of this day; whoever closes them later does not change what was true then.
    INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
    SELECT p_run, 'status', format('open-round:%s:%s:%s', g.code, r.external_id, r.player_id), '', '', r.currency, r.staked - r.rolled_back, 0,
           jsonb_build_object('game', g.code, 'round', r.external_id, 'opened_at', r.opened_at, 'player', r.player_id)
      FROM providers_round r JOIN providers_game g ON g.id = r.game_id
     WHERE r.integration_id = p_integration AND r.opened_at < v_to - interval '24 hours'
       AND (r.state = 'open' OR r.closed_at >= v_to)
       AND r.opened_at >= v_to - interval '60 days';
    RETURN QUERY
    SELECT f.name || ' ' || o.currency, f.units FROM
        (SELECT currency, count(*) AS rounds, coalesce(sum(o2.staked), 0) AS staked, coalesce(sum(o2.won), 0) AS won,
                coalesce(sum(o2.refunded), 0) AS refunded FROM recon_ours o2 GROUP BY currency) o
        CROSS JOIN LATERAL (VALUES ('our rounds', o.rounds::numeric), ('our stakes', o.staked), ('our wins', o.won), ('our refunds', o.refunded)) f (name, units)
    UNION ALL
    SELECT f.name || ' ' || t.currency, f.units FROM
        (SELECT currency, sum(t2.rounds) AS rounds, sum(t2.staked) AS staked, sum(t2.won) AS won, sum(t2.refunded) AS refunded
           FROM recon_theirs t2 GROUP BY currency) t
        CROSS JOIN LATERAL (VALUES ('their rounds', t.rounds), ('their stakes', t.staked), ('their wins', t.won), ('their refunds', t.refunded)) f (name, units);
END
$$;

CREATE OR REPLACE FUNCTION reconciliation_check_internal(p_run bigint) RETURNS void LANGUAGE sql AS $$
-- In transit = live attempts: a withdrawal on its way has exactly one attempt that may still pay, others have none.
    INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
    SELECT p_run, 'books', format('in-transit:%s', w.public_id), 'payout', '', w.currency,
           CASE WHEN f.flying THEN w.amount_units ELSE 0 END, w.amount_units * a.live,
           jsonb_build_object('rule', 'in-transit-is-live-attempts', 'state', w.state, 'live_attempts', a.live)
      FROM payments_withdrawal w
     CROSS JOIN LATERAL (SELECT w.state IN ('submitting', 'submitted', 'pending', 'unknown') AS flying) f
     CROSS JOIN LATERAL (SELECT count(*) AS live FROM payments_attempt a
                          WHERE a.withdrawal_id = w.id AND a.state IN ('sending', 'accepted', 'unknown')) a
     WHERE (w.state NOT IN ('paid', 'failed', 'returned', 'rejected', 'cancelled') OR a.live > 0)
       AND a.live <> f.flying::integer
       -- A cashier holds a withdrawal as pending without an attempt of ours.
       AND NOT (w.state = 'pending' AND a.live = 0 AND NOT EXISTS (SELECT 1 FROM payments_attempt x WHERE x.withdrawal_id = w.id));
$$;
