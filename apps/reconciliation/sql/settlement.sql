-- Loading a settlement file. Its cells stand as text in the temporary table recon_staging (one line a row), the meaning of
-- its types in recon_type, the scales of currencies in recon_currency. Amounts are reckoned in numeric, exactly.

CREATE OR REPLACE FUNCTION reconciliation_inexact() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RAISE numeric_value_out_of_range USING MESSAGE = 'an amount is finer than the ledger';
END
$$;

CREATE OR REPLACE FUNCTION reconciliation_load_settlement(p_import bigint, p_integration integer, p_zone text)
RETURNS TABLE (loaded bigint, last_at timestamptz) LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
-- Load all lines or none: what does not fit raises, and reconciliation_staging_issues then says what it was.
BEGIN
    INSERT INTO reconciliation_settlementrow (
        import_file_id, line, integration_id, batch, raw_type, movement, is_fee, payment_key, psp_reference, modification,
        reference, currency, gross, net_currency, rate, fee, net, net_expected, occurred_at)
    SELECT p_import, r.line, p_integration, coalesce(r.batch, ''), r.raw_type, r.movement, r.is_fee,
           coalesce(r.psp_reference, r.reference, format('line:%s:%s', p_import, r.line)),
           coalesce(r.psp_reference, ''), coalesce(r.modification, ''), coalesce(r.reference, ''), r.currency,
           CASE WHEN NOT r.is_payment THEN 0 WHEN r.gross = trunc(r.gross) THEN r.gross::bigint
                ELSE reconciliation_inexact() END,
           r.net_currency, r.rate,
           CASE WHEN r.fee = trunc(r.fee) THEN r.fee::bigint ELSE reconciliation_inexact() END,
           CASE WHEN r.net = trunc(r.net) THEN r.net::bigint ELSE reconciliation_inexact() END,
           -- The identity of a line. Where a currency was exchanged, to the smallest coin.
           CASE WHEN r.is_payment AND NOT r.is_stated AND (r.rate IS NOT NULL OR r.currency = r.net_currency)
                THEN CASE WHEN coalesce(r.rate, 1) = 1 THEN r.gross
                          ELSE round(r.gross / r.gross_scale * r.rate, r.net_exponent) * r.net_scale END - r.fee END,
           r.occurred_at
      FROM (SELECT s.line, s.batch, s.raw_type, s.psp_reference, s.modification, s.reference,
                   coalesce(t.movement, 'other') AS movement, coalesce(t.is_fee, false) AS is_fee,
                   coalesce(t.movement IN ('deposit', 'refund', 'chargeback', 'payout') AND NOT t.is_fee, false) AS is_payment,
                   coalesce(s.gross_currency, s.net_currency) AS currency, s.net_currency, s.rate::numeric AS rate,
                   s.total IS NOT NULL AS is_stated, g.scale AS gross_scale, n.scale AS net_scale, n.exponent AS net_exponent,
                   (coalesce(s.gross_credit::numeric, 0) - coalesce(s.gross_debit::numeric, 0)) * g.scale AS gross,
                   (coalesce(s.net_credit::numeric, 0) - coalesce(s.net_debit::numeric, 0)) * n.scale AS net,
                   CASE WHEN t.movement = 'fee' OR t.is_fee
                        THEN (coalesce(s.net_debit::numeric, 0) - coalesce(s.net_credit::numeric, 0)) * n.scale
                        ELSE (coalesce(s.commission::numeric, 0) + coalesce(s.markup::numeric, 0)
                              + coalesce(s.scheme::numeric, 0) + coalesce(s.interchange::numeric, 0)) * n.scale
                   END AS fee,
                   -- 'now' and 'yesterday' are times to the server; to a file they are nonsense.
                   CASE WHEN left(s.occurred, 2) NOT IN ('19', '20') THEN NULL
                        WHEN s.zone IS NULL AND s.occurred ~ '([+-]\d{2}(:?\d{2})?|Z)$' THEN s.occurred::timestamptz
                        ELSE s.occurred::timestamp AT TIME ZONE coalesce(s.zone, p_zone) END AS occurred_at
              FROM recon_staging s
              LEFT JOIN recon_type t ON t.raw_type = s.raw_type
              LEFT JOIN recon_currency g ON g.code = coalesce(s.gross_currency, s.net_currency)
              LEFT JOIN recon_currency n ON n.code = s.net_currency
            -- Keeps the two queries apart: each cell is read once, not at each mention of what comes of it.
            OFFSET 0) r;
    GET DIAGNOSTICS loaded = ROW_COUNT;
    INSERT INTO reconciliation_batch (import_file_id, integration_id, name, currency, rows, net, net_expected, sales, fees,
                                      reserve, bank, payout_reference, closed_at)
    SELECT p_import, p_integration, r.batch, r.net_currency, count(*), sum(r.net),
           -- Where the file states a total, that; where it pays out or carries, nothing is left; else it proves nothing.
           CASE WHEN max(f.total) IS NOT NULL THEN max(f.total)
                WHEN bool_or(r.movement IN ('bank', 'carry')) THEN 0 ELSE sum(r.net) END,
           coalesce(sum(r.net + r.fee) FILTER (WHERE r.movement = 'deposit' AND NOT r.is_fee), 0), sum(r.fee),
           coalesce(sum(r.net) FILTER (WHERE r.movement = 'reserve'), 0),
           CASE WHEN max(f.total) IS NOT NULL THEN max(f.total)
                ELSE coalesce(-sum(r.net) FILTER (WHERE r.movement = 'bank'), 0) END,
           coalesce(max(f.payout_reference), ''), max(r.occurred_at)
      FROM reconciliation_settlementrow r
      LEFT JOIN (SELECT coalesce(s.batch, '') AS batch, s.net_currency, max(s.payout_reference) AS payout_reference,
                        (max(s.total::numeric) * max(c.scale))::bigint AS total
                   FROM recon_staging s JOIN recon_currency c ON c.code = s.net_currency
                  WHERE s.total IS NOT NULL OR s.payout_reference IS NOT NULL
                  GROUP BY 1, 2) f ON f.batch = r.batch AND f.net_currency = r.net_currency
     WHERE r.import_file_id = p_import
     GROUP BY r.batch, r.net_currency;
    SELECT max(b.closed_at) INTO last_at FROM reconciliation_batch b WHERE b.import_file_id = p_import;
    RETURN NEXT;
END
$$;

CREATE OR REPLACE FUNCTION reconciliation_staging_issues(p_most integer)
RETURNS TABLE (line bigint, col text, problem text, cell text) LANGUAGE plpgsql AS $$
-- What is wrong with the cells of recon_staging, from the top.
BEGIN
    RETURN QUERY
    SELECT s.line, v.col, v.problem, left(v.cell, 200)
      FROM recon_staging s
      LEFT JOIN recon_currency g ON g.code = coalesce(s.gross_currency, s.net_currency)
      LEFT JOIN recon_currency n ON n.code = s.net_currency
     CROSS JOIN LATERAL (
           SELECT a.col, CASE WHEN a.cell !~ '^-?\d{1,18}(\.\d+)?$' THEN 'is not an amount'
                              WHEN length(rtrim(split_part(a.cell, '.', 2), '0')) > a.digits THEN 'is finer than the ledger counts'
                              WHEN abs(a.cell::numeric) * 10 ^ coalesce(a.digits, 6) >= 4.6e18 THEN 'is out of range' END, a.cell
             FROM (VALUES ('gross_debit', s.gross_debit, g.ledger_exponent), ('gross_credit', s.gross_credit, g.ledger_exponent),
                          ('net_debit', s.net_debit, n.ledger_exponent), ('net_credit', s.net_credit, n.ledger_exponent),
                          ('commission', s.commission, n.ledger_exponent), ('markup', s.markup, n.ledger_exponent),
                          ('scheme', s.scheme, n.ledger_exponent), ('interchange', s.interchange, n.ledger_exponent),
                          ('total', s.total, n.ledger_exponent), ('rate', s.rate, 15)) AS a (col, cell, digits)
            WHERE a.cell IS NOT NULL
           UNION ALL
           SELECT 'gross_currency', CASE WHEN s.gross_currency IS NOT NULL AND g.code IS NULL THEN 'is no currency we know' END,
                  s.gross_currency
           UNION ALL
           SELECT 'net_currency', CASE WHEN s.net_currency IS NULL THEN 'is empty' WHEN n.code IS NULL THEN 'is no currency we know' END,
                  s.net_currency
           UNION ALL
           SELECT 'raw_type', CASE WHEN s.raw_type IS NULL THEN 'is empty' END, s.raw_type
           UNION ALL
           SELECT 'occurred', CASE WHEN s.occurred IS NULL THEN 'is empty'
                                   WHEN s.occurred !~ '^(19|20)\d\d-\d\d-\d\d[ T]' OR NOT pg_input_is_valid(s.occurred, 'timestamptz') THEN 'is not a time' END, s.occurred
           UNION ALL
           SELECT 'zone', CASE WHEN s.zone IS NOT NULL
                                AND NOT EXISTS (SELECT 1 FROM recon_zone z WHERE z.name = s.zone)
                               THEN 'is no time zone we know' END, s.zone
     ) AS v (col, problem, cell)
     WHERE v.problem IS NOT NULL
     ORDER BY s.line, v.col LIMIT p_most;
END
$$;
