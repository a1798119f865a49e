-- Matching a provider's rows with the ledger's, as of a day. Two groups of rows are one payment when they name the same
-- payment key and movement; then what the ledger has and what the provider says must be the same sum: one row against one,
-- one against several, several against one, several against several. Only what does not agree is written down.

CREATE OR REPLACE FUNCTION reconciliation_touched(p_integration integer, p_prev bigint, p_after date, p_day date, p_imports bigint[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
-- The payments that may look different from the run before: those with a row dated since, and those it left open.
BEGIN
    CREATE TEMP TABLE recon_touched (movement text, payment_key text, PRIMARY KEY (movement, payment_key)) ON COMMIT DROP;
    INSERT INTO recon_touched
    SELECT l.movement, l.payment_key FROM reconciliation_ledgerline l
     WHERE l.integration_id = p_integration AND l.occurred_on > p_after AND l.occurred_on <= p_day
     UNION
    SELECT r.movement, r.payment_key FROM reconciliation_settlementrow r
      JOIN reconciliation_import i ON i.id = r.import_file_id
     WHERE i.id = ANY (p_imports) AND i.business_date > p_after
       AND r.movement IN ('deposit', 'refund', 'chargeback', 'payout')
     UNION
    SELECT t.movement, t.payment_key FROM reconciliation_runitem t
     WHERE t.run_id = p_prev AND t.payment_key <> '' AND t.movement <> '';
    -- Both sides of a payment that only our reference ties together.
    INSERT INTO recon_touched
    SELECT DISTINCT l.movement, l.payment_key
      FROM recon_touched t
      JOIN reconciliation_settlementrow r ON r.integration_id = p_integration AND r.payment_key = t.payment_key
                                         AND r.movement = t.movement AND r.reference <> ''
      JOIN reconciliation_ledgerline l ON l.integration_id = p_integration AND l.reference = r.reference
                                      AND l.reference <> '' AND l.movement = t.movement
        ON CONFLICT DO NOTHING;
    INSERT INTO recon_touched
    SELECT DISTINCT r.movement, r.payment_key
      FROM recon_touched t
      JOIN reconciliation_ledgerline l ON l.integration_id = p_integration AND l.payment_key = t.payment_key
                                      AND l.movement = t.movement AND l.reference <> ''
      JOIN reconciliation_settlementrow r ON r.integration_id = p_integration AND r.reference = l.reference
                                         AND r.reference <> '' AND r.movement = t.movement
        ON CONFLICT DO NOTHING;
    ANALYZE recon_touched;
END
$$;

CREATE OR REPLACE FUNCTION reconciliation_compare(
    p_integration integer, p_day date, p_imports bigint[], p_movements text[], p_tolerance bigint, p_fee_tolerance bigint,
    p_everything boolean)
RETURNS void LANGUAGE plpgsql AS $$
-- Fill recon_left with the payments that do not agree. What agrees leaves no trace but its numbers.
-- recon_term: movement, valid_from, valid_to, percent, fixed (ledger units), currency: what was agreed about fees.
-- Both sides are grouped in the order of the ledger lines' index, so that they are merged as they come: a file that was just
-- loaded has no statistics by which the planner could find that.
DECLARE
    v_touch text := CASE WHEN p_everything THEN '' ELSE 'JOIN recon_touched USING (movement, payment_key)' END;
    v_terms boolean := EXISTS (SELECT 1 FROM recon_term);
    v_agreed text := CASE WHEN v_terms THEN
        'CASE WHEN count(*) FILTER (WHERE NOT r.is_fee AND f.percent IS NULL) = 0 THEN
              sum(CASE WHEN r.is_fee THEN 0
                       ELSE round(abs(r.net + r.fee) * f.percent / 100 / m.quantum) * m.quantum + f.fixed END) END'
        ELSE 'NULL::numeric' END;
    v_join text := CASE WHEN v_terms THEN
        'LEFT JOIN recon_currency m ON m.code = r.net_currency
         LEFT JOIN LATERAL (SELECT t.percent, t.fixed FROM recon_term t
                             WHERE t.movement = r.movement AND r.occurred_at >= t.valid_from AND r.occurred_at < t.valid_to
                               AND t.currency IN ('''', r.net_currency)
                             ORDER BY t.valid_from DESC, t.currency DESC LIMIT 1) f ON true' ELSE '' END;
BEGIN
    EXECUTE format($q$
        CREATE TEMP TABLE recon_left ON COMMIT DROP AS
        SELECT movement, payment_key, i.n AS i_n, i.units AS i_units, i.currency AS i_currency, i.last_on AS i_last_on,
               i.reference AS i_reference, i.first_at AS i_first_at, i.mixed AS i_mixed,
               e.n AS e_n, e.gross AS e_gross, e.currency AS e_currency, e.mixed AS e_mixed, e.fee AS e_fee,
               e.agreed AS e_agreed, e.net_currency AS e_net_currency, e.reference AS e_reference, e.first_at AS e_first_at,
               e.batch AS e_batch
          FROM (SELECT l.movement, l.payment_key, count(*) AS n, sum(l.units) AS units, min(l.currency) AS currency,
                       min(l.currency) <> max(l.currency) AS mixed, max(l.occurred_on) AS last_on,
                       min(l.occurred_at) AS first_at, max(l.reference) AS reference
                  FROM reconciliation_ledgerline l %1$s
                 WHERE l.integration_id = %2$L AND l.occurred_on <= %3$L AND l.movement = ANY (%4$L)
                 GROUP BY l.payment_key, l.movement) i
          FULL JOIN
               (SELECT r.movement, r.payment_key, count(*) FILTER (WHERE NOT r.is_fee) AS n, sum(r.gross) AS gross,
                       min(r.currency) FILTER (WHERE NOT r.is_fee) AS currency,
                       min(r.currency) <> max(r.currency) AS mixed, sum(r.fee) AS fee,
                       %5$s AS agreed, min(r.net_currency) AS net_currency, max(r.reference) AS reference,
                       min(r.occurred_at) AS first_at, max(r.batch) AS batch
                  FROM reconciliation_settlementrow r %1$s %6$s
                 WHERE r.import_file_id = ANY (%7$L) AND r.movement = ANY (%4$L)
                 GROUP BY r.payment_key, r.movement) e
         USING (payment_key, movement)
         WHERE NOT (coalesce(e.gross, 0) BETWEEN coalesce(i.units, 0) - %8$L AND coalesce(i.units, 0) + %8$L
                    AND (coalesce(e.n, 0) = 0 OR (i.n > 0 AND e.currency = i.currency AND NOT e.mixed AND NOT i.mixed)))
            OR (e.agreed IS NOT NULL AND abs(e.fee - e.agreed) > %9$L)
            OR (coalesce(e.n, 0) = 0 AND e.fee <> 0)
    $q$, v_touch, p_integration, p_day, p_movements, v_agreed, v_join, p_imports, p_tolerance, p_fee_tolerance);
    ANALYZE recon_left;
END
$$;

CREATE OR REPLACE FUNCTION reconciliation_pair_up(p_tolerance bigint, p_window interval) RETURNS void LANGUAGE plpgsql AS $$
-- Bring together what is one payment under two names: first by our reference; then rows that name nothing at all, by amount
-- and time, where there is exactly one candidate on either side.
BEGIN
    CREATE TEMP TABLE recon_pair ON COMMIT DROP AS
    SELECT i.movement, i.payment_key AS i_key, e.payment_key AS e_key
      FROM recon_left i
      JOIN recon_left e ON e.movement = i.movement AND e.e_reference = i.i_reference AND e.e_reference <> ''
     WHERE i.i_n > 0 AND coalesce(i.e_n, 0) = 0 AND e.i_n IS NULL;
    INSERT INTO recon_pair
    SELECT movement, i_key, e_key
      FROM (SELECT i.movement, i.payment_key AS i_key, e.payment_key AS e_key,
                   count(*) OVER (PARTITION BY i.movement, i.payment_key) AS of_i,
                   count(*) OVER (PARTITION BY e.movement, e.payment_key) AS of_e
              FROM recon_left i
              JOIN recon_left e ON e.movement = i.movement AND e.e_currency = i.i_currency
                               AND e.e_gross BETWEEN i.i_units - p_tolerance AND i.i_units + p_tolerance
                               AND e.e_first_at BETWEEN i.i_first_at - p_window AND i.i_first_at + p_window
             WHERE i.i_n > 0 AND coalesce(i.e_n, 0) = 0 AND e.i_n IS NULL AND e.payment_key LIKE 'line:%'
               AND NOT EXISTS (SELECT 1 FROM recon_pair p WHERE p.movement = i.movement AND p.i_key = i.payment_key)) c
     WHERE of_i = 1 AND of_e = 1;
    -- One of several rows of the provider may be the whole of it, so they are summed.
    UPDATE recon_left i
       SET e_n = s.n, e_gross = s.gross, e_currency = s.currency, e_mixed = s.mixed, e_fee = s.fee, e_agreed = s.agreed,
           e_net_currency = s.net_currency, e_reference = s.reference, e_first_at = s.first_at, e_batch = s.batch
      FROM (SELECT p.movement, p.i_key, sum(e.e_n) AS n, sum(e.e_gross) AS gross, min(e.e_currency) AS currency,
                   bool_or(e.e_mixed) OR min(e.e_currency) <> max(e.e_currency) AS mixed, sum(e.e_fee) AS fee,
                   sum(e.e_agreed) AS agreed, min(e.e_net_currency) AS net_currency, max(e.e_reference) AS reference,
                   min(e.e_first_at) AS first_at, max(e.e_batch) AS batch
              FROM recon_pair p JOIN recon_left e ON e.movement = p.movement AND e.payment_key = p.e_key
             GROUP BY p.movement, p.i_key) s
     WHERE i.movement = s.movement AND i.payment_key = s.i_key;
    DELETE FROM recon_left e USING recon_pair p WHERE e.movement = p.movement AND e.payment_key = p.e_key AND e.i_n IS NULL;
END
$$;

CREATE OR REPLACE FUNCTION reconciliation_duplicates(p_integration integer, p_day date, p_imports bigint[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
-- For payments with more rows than they should have: how much of either side only repeats another row of it.
BEGIN
    CREATE TEMP TABLE recon_repeated ON COMMIT DROP AS
    SELECT g.movement, g.payment_key,
           (SELECT sum((c.n - 1) * c.gross)
              FROM (SELECT count(*) AS n, min(r.gross) AS gross FROM reconciliation_settlementrow r
                     WHERE r.integration_id = p_integration AND r.movement = g.movement AND NOT r.is_fee
                       AND r.payment_key = coalesce(p.e_key, g.payment_key) AND r.import_file_id = ANY (p_imports)
                     GROUP BY r.gross, r.currency) c) AS e_excess,
           (SELECT sum((c.n - 1) * c.units)
              FROM (SELECT count(*) AS n, min(l.units) AS units FROM reconciliation_ledgerline l
                     WHERE l.integration_id = p_integration AND l.movement = g.movement AND l.payment_key = g.payment_key
                       AND l.occurred_on <= p_day
                     GROUP BY l.units, l.currency) c) AS i_excess
      FROM recon_left g
      LEFT JOIN recon_pair p ON p.movement = g.movement AND p.i_key = g.payment_key
     WHERE g.i_n > 0 AND g.e_n > 0 AND (g.i_n > 1 OR g.e_n > 1) AND g.e_gross <> g.i_units;
END
$$;

CREATE OR REPLACE FUNCTION reconciliation_classify(
    p_run bigint, p_integration integer, p_day date, p_lag integer, p_grace integer, p_tolerance bigint, p_fee_tolerance bigint)
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
-- Write what is in recon_left as items of the run, each with its class.
BEGIN
    INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
    SELECT p_run, c.kind, format('%s:%s', c.movement, c.payment_key), c.movement, c.payment_key,
           coalesce(c.i_currency, c.e_currency), coalesce(c.i_units, 0),
           CASE WHEN c.kind = 'currency' THEN 0 ELSE coalesce(c.e_gross, 0) END,
           jsonb_strip_nulls(jsonb_build_object(
               'ledger_lines', coalesce(c.i_n, 0), 'settlement_rows', coalesce(c.e_n, 0), 'batch', nullif(c.e_batch, ''),
               'reference', nullif(coalesce(nullif(c.i_reference, ''), c.e_reference), ''),
               'booked_on', c.i_last_on, 'due_on', c.due_on, 'our_state', c.our_state,
               'found_currency', CASE WHEN c.kind = 'currency' THEN c.e_currency END,
               'found_units', CASE WHEN c.kind = 'currency' THEN c.e_gross END,
               'repeated', CASE WHEN c.kind = 'duplicate' THEN CASE WHEN c.e_gross = c.i_units - c.i_excess THEN 'here' ELSE 'there' END END))
      FROM (SELECT g.*, d.due_on, d.our_state, d.i_excess,
                   CASE
                   WHEN coalesce(g.e_n, 0) = 0 THEN
                        CASE WHEN p_day <= d.due_on THEN 'expected' WHEN p_day <= d.due_on + p_grace THEN 'timing'
                             ELSE 'missing_psp' END
                   WHEN g.i_n IS NULL THEN
                        CASE WHEN d.our_state IS NULL THEN 'missing_internal'
                             WHEN d.our_state IN ('failed', 'expired', 'rejected', 'cancelled', 'reversed') THEN 'status'
                             WHEN p_day <= (g.e_first_at AT TIME ZONE 'UTC')::date + p_grace THEN 'timing' ELSE 'status' END
                   WHEN g.e_mixed OR g.i_mixed OR g.e_currency <> g.i_currency THEN 'currency'
                   WHEN (g.i_units = 0 AND g.i_n > 1) OR (g.e_gross = 0 AND g.e_n > 1) THEN 'status'
                   WHEN abs(g.e_gross - d.e_excess - g.i_units) <= p_tolerance
                     OR abs(g.i_units - d.i_excess - g.e_gross) <= p_tolerance THEN 'duplicate'
                   ELSE 'amount' END AS kind
              FROM recon_left g
              LEFT JOIN recon_repeated r ON r.movement = g.movement AND r.payment_key = g.payment_key
             CROSS JOIN LATERAL (SELECT g.i_last_on + p_lag AS due_on, r.e_excess, r.i_excess,
                   CASE WHEN g.i_n IS NULL THEN
                        (SELECT coalesce(dep.state, wit.state)
                           FROM payments_attempt a
                           LEFT JOIN payments_deposit dep ON dep.id = a.deposit_id
                           LEFT JOIN payments_withdrawal wit ON wit.id = a.withdrawal_id
                          WHERE a.integration_id = p_integration
                            AND ((a.psp_reference <> '' AND a.psp_reference = g.payment_key) OR a.key = nullif(g.e_reference, ''))
                          ORDER BY a.id DESC LIMIT 1) END AS our_state) d
             WHERE NOT (coalesce(g.e_gross, 0) BETWEEN coalesce(g.i_units, 0) - p_tolerance AND coalesce(g.i_units, 0) + p_tolerance
                        AND (coalesce(g.e_n, 0) = 0 OR (g.i_n > 0 AND g.e_currency = g.i_currency AND NOT g.e_mixed AND NOT g.i_mixed)))
           ) c;
    -- Fees, whatever else is wrong with the payment. A charge lessens what the provider owes us.
    INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
    SELECT p_run, 'fee', format('fee:%s:%s', g.movement, g.payment_key), g.movement, g.payment_key, g.e_net_currency,
           -coalesce(g.e_agreed, 0), -g.e_fee,
           jsonb_strip_nulls(jsonb_build_object('batch', nullif(g.e_batch, ''), 'reference', nullif(g.e_reference, ''),
                                                'settlement_rows', coalesce(g.e_n, 0)))
      FROM recon_left g
     WHERE (g.e_agreed IS NOT NULL AND abs(g.e_fee - g.e_agreed) > p_fee_tolerance)
        OR (coalesce(g.e_n, 0) = 0 AND g.e_fee <> 0);
END
$$;
