-- What a settlement file proves by itself, the third leg (the bank), and reserves.

CREATE OR REPLACE FUNCTION reconciliation_check_batches(p_run bigint, p_imports bigint[]) RETURNS void LANGUAGE plpgsql AS $$
-- A batch that does not add up, and each line whose gross x rate less fees is not its net.
BEGIN
    INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
    SELECT p_run, 'batch', format('batch:%s:%s:%s', b.name, b.currency, b.import_file_id), '', '', b.currency,
           b.net_expected, b.net, jsonb_build_object('batch', b.name, 'rows', b.rows, 'file', f.name)
      FROM reconciliation_batch b
      JOIN reconciliation_import i ON i.id = b.import_file_id JOIN reconciliation_storedfile f ON f.id = i.file_id
     WHERE b.import_file_id = ANY (p_imports) AND b.net <> b.net_expected;
    INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
    SELECT p_run, 'batch', format('line:%s:%s', r.import_file_id, r.line), '', '', r.net_currency, r.net_expected, r.net,
           jsonb_build_object('batch', r.batch, 'line', r.line, 'payment', r.payment_key, 'type', r.raw_type)
      FROM reconciliation_settlementrow r
     WHERE r.import_file_id = ANY (p_imports) AND r.net_expected IS NOT NULL AND r.net_expected <> r.net;
END
$$;

CREATE OR REPLACE FUNCTION reconciliation_check_reserves(p_run bigint, p_imports bigint[]) RETURNS void LANGUAGE plpgsql AS $$
-- recon_reserve: valid_from, valid_to, percent. What a batch holds back has to be what was agreed; what is released, what had
-- been held.
BEGIN
    INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
    SELECT p_run, 'reserve', format('reserve:%s:%s:%s', b.name, b.currency, b.import_file_id), 'reserve', '', b.currency,
           x.agreed, b.reserve, jsonb_build_object('batch', b.name, 'percent', t.percent)
      FROM (SELECT b.*, sum(b.reserve) OVER (PARTITION BY b.currency ORDER BY b.closed_at, b.id) AS held
              FROM reconciliation_batch b WHERE b.import_file_id = ANY (p_imports)) b
      JOIN recon_currency c ON c.code = b.currency
      LEFT JOIN LATERAL (SELECT r.percent FROM recon_reserve r WHERE r.currency = b.currency AND b.closed_at >= r.valid_from AND b.closed_at < r.valid_to
                          ORDER BY r.valid_from DESC LIMIT 1) t ON true
     CROSS JOIN LATERAL (SELECT CASE
           WHEN t.percent IS NULL THEN 0
           WHEN b.reserve > 0 AND b.held <= 0 THEN b.reserve
           WHEN b.reserve > 0 THEN 0
           ELSE -(round(b.sales * t.percent / 100 / c.quantum) * c.quantum)::bigint END AS agreed) x
     WHERE abs(b.reserve - x.agreed) > CASE WHEN t.percent IS NULL THEN 0 ELSE c.quantum END;
END
$$;

CREATE OR REPLACE FUNCTION reconciliation_check_bank(
    p_run bigint, p_prev bigint, p_day date, p_imports bigint[], p_statements bigint[], p_bank_days integer, p_counterparty text)
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
-- Payouts to our bank against what the bank credited. A credit may cover several payouts, and a payout may come in several
-- credits: those that name each other are summed.
DECLARE
    v_since date := p_day - 120;
BEGIN
    CREATE TEMP TABLE recon_payout ON COMMIT DROP AS
    SELECT b.id, b.name, b.currency, b.bank AS units, b.payout_reference AS reference, (b.closed_at AT TIME ZONE 'UTC')::date AS paid_on,
           format('payout:%s:%s:%s', coalesce(nullif(b.payout_reference, ''), b.name), b.currency, b.import_file_id) AS subject
      FROM reconciliation_batch b
     WHERE b.import_file_id = ANY (p_imports) AND b.bank <> 0;
    DELETE FROM recon_payout p
     WHERE p.paid_on < v_since
       AND NOT EXISTS (SELECT 1 FROM reconciliation_runitem t WHERE t.run_id = p_prev AND t.subject = p.subject);
    CREATE TEMP TABLE recon_named ON COMMIT DROP AS
    SELECT p.id AS payout, l.id AS line, l.units, min(p.id) OVER (PARTITION BY l.id) AS first_payout
      FROM recon_payout p
      JOIN reconciliation_bankline l ON l.import_file_id = ANY (p_statements) AND l.currency = p.currency
                                    AND l.booked_on BETWEEN p.paid_on - 3 AND p_day
                                    AND strpos(lower(l.reference), lower(p.reference)) > 0
     WHERE p.reference <> '';
    INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
    SELECT p_run, CASE WHEN g.credited IS NULL AND p_day <= p.paid_on + p_bank_days THEN 'expected' ELSE 'payout_bank' END,
           p.subject, 'bank', '', p.currency, coalesce(g.paid, p.units), coalesce(g.credited, 0),
           jsonb_build_object('batch', p.name, 'payout', p.reference, 'paid_on', p.paid_on, 'due_on', p.paid_on + p_bank_days,
                              'bank_lines', coalesce(g.lines, 0))
      FROM recon_payout p
      LEFT JOIN (SELECT first.payout_group, first.payouts, first.paid, sum(l.units) AS credited, count(*) AS lines
                   FROM (SELECT payout_group, array_agg(payout) AS payouts, sum(units) AS paid
                           FROM (SELECT n.payout, min(n.first_payout) AS payout_group FROM recon_named n GROUP BY n.payout) m
                           JOIN recon_payout q ON q.id = m.payout GROUP BY payout_group) first
                   JOIN (SELECT DISTINCT line, units, first_payout FROM recon_named) l ON l.first_payout = ANY (first.payouts)
                  GROUP BY 1, 2, 3) g ON p.id = ANY (g.payouts)
     WHERE g.credited IS NULL OR (g.credited <> g.paid AND p.id = g.payout_group);
    IF p_counterparty <> '' THEN
        INSERT INTO reconciliation_runitem (run_id, kind, subject, movement, payment_key, currency, expected_units, found_units, details)
        SELECT p_run, 'payout_bank', format('credit:%s:%s', l.import_file_id, l.line), 'bank', '', l.currency, 0, l.units,
               jsonb_build_object('bank_text', left(l.reference, 200), 'booked_on', l.booked_on)
          FROM reconciliation_bankline l
         WHERE l.import_file_id = ANY (p_statements) AND l.units > 0 AND l.booked_on >= v_since
           AND strpos(lower(l.counterparty || ' ' || l.reference), lower(p_counterparty)) > 0
           AND NOT EXISTS (SELECT 1 FROM recon_named n WHERE n.line = l.id);
    END IF;
END
$$;
