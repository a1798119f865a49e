-- What is to be in the ledger about settled batches, from the files that count. `operations/settlements.py` posts the difference.

CREATE OR REPLACE FUNCTION reconciliation_settled(p_integrations integer[], p_since date)
RETURNS TABLE (key text, kind text, integration_id bigint, currency text, units bigint, day date, details jsonb)
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
-- Lines of bank statements booked since a day that name the payout of a batch, and the fees of those batches.
-- `p_integrations` are the providers of one brand: its statements may name the payouts of any of them. recon_settled_term
-- holds what was agreed about fees (integration_id beside recon_term's columns), recon_currency the coins.
-- The same entry in two files is one: its key is what it says and, of entries that say the same in one file, which of them.
BEGIN
    CREATE TEMP TABLE recon_line ON COMMIT DROP AS
    SELECT e.*, encode(sha256(convert_to(concat_ws('|', e.account, e.currency, e.units, e.booked_on, e.reference), 'UTF8')), 'hex')
                || ':' || e.place AS entry
      FROM (SELECT l.account, l.currency, l.units, l.booked_on, l.reference,
                   row_number() OVER (PARTITION BY l.import_file_id, l.account, l.currency, l.units, l.booked_on, l.reference
                                      ORDER BY l.line) AS place
              FROM reconciliation_bankline l
              JOIN reconciliation_import i ON i.id = l.import_file_id AND i.state = 'loaded'
             WHERE i.integration_id = ANY (p_integrations) AND l.booked_on >= p_since AND l.units <> 0) e;
    CREATE TEMP TABLE recon_paid ON COMMIT DROP AS
    SELECT DISTINCT n.entry, n.currency, n.units, n.booked_on, left(n.reference, 200) AS reference, b.id AS batch,
           b.integration_id, b.name, b.import_file_id
      FROM reconciliation_batch b
      JOIN reconciliation_import i ON i.id = b.import_file_id AND i.state = 'loaded'
      JOIN recon_line n ON n.currency = b.currency AND sign(n.units) = sign(b.bank)
                       AND n.booked_on >= (b.closed_at AT TIME ZONE 'UTC')::date - 3
                       AND strpos(lower(n.reference), lower(b.payout_reference)) > 0
     WHERE b.integration_id = ANY (p_integrations) AND b.payout_reference <> '' AND b.bank <> 0
       AND b.closed_at >= p_since - 3
       -- What was paid in another currency is owed in another account: people exchange it.
       AND NOT EXISTS (SELECT 1 FROM reconciliation_settlementrow r
                        WHERE r.import_file_id = b.import_file_id AND r.batch = b.name AND r.net_currency = b.currency
                          AND r.movement IN ('deposit', 'refund', 'chargeback', 'payout') AND r.currency <> r.net_currency);
    RETURN QUERY
    SELECT 'line:' || p.entry, 'bank', min(p.integration_id), min(p.currency)::text, min(p.units), min(p.booked_on),
           jsonb_build_object('bank_text', min(p.reference), 'batches', jsonb_agg(DISTINCT p.name))
      FROM recon_paid p GROUP BY p.entry
    HAVING count(DISTINCT p.integration_id) = 1;
    RETURN QUERY
    SELECT format('fees:%s:%s:%s:%s', f.integration_id, f.import_file_id, f.currency, f.name), 'fee', f.integration_id,
           f.currency::text, f.units::bigint, f.day, jsonb_build_object('batch', f.name, 'agreed', f.agreed, 'booked_before', f.booked)
      FROM (SELECT b.integration_id, b.import_file_id, b.currency, b.name, b.day, a.agreed, k.booked,
                   a.agreed - k.booked AS units
              FROM (SELECT p.batch, min(p.integration_id) AS integration_id, min(p.import_file_id) AS import_file_id,
                           min(p.currency) AS currency, min(p.name) AS name, min(p.booked_on) AS day
                      FROM recon_paid p GROUP BY p.batch) b
             CROSS JOIN LATERAL (
                   -- What was agreed counts; where nothing was, what was taken. The difference stays owed: a break of class fee.
                   SELECT coalesce(sum(CASE WHEN t.percent IS NULL THEN r.fee
                                            WHEN r.is_fee THEN 0
                                            ELSE round(abs(r.net + r.fee) * t.percent / 100 / m.quantum) * m.quantum + t.fixed
                                       END), 0) AS agreed
                     FROM reconciliation_settlementrow r
                     JOIN recon_currency m ON m.code = r.net_currency
                     LEFT JOIN LATERAL (SELECT c.percent, c.fixed FROM recon_settled_term c
                                         WHERE c.integration_id = b.integration_id AND c.movement = r.movement
                                           AND c.currency IN (r.net_currency, '')
                                           AND r.occurred_at >= c.valid_from AND r.occurred_at < c.valid_to
                                         ORDER BY c.currency DESC, c.valid_from DESC LIMIT 1) t ON true
                    WHERE r.import_file_id = b.import_file_id AND r.batch = b.name AND r.net_currency = b.currency) a
             CROSS JOIN LATERAL (
                   -- What providers said of their fee with the payments is in the books already.
                   SELECT coalesce(sum(l.fee_units), 0) AS booked
                     FROM reconciliation_ledgerline l
                    WHERE l.integration_id = b.integration_id AND l.currency = b.currency AND l.fee_units <> 0
                      AND EXISTS (SELECT 1 FROM reconciliation_settlementrow r
                                   WHERE r.import_file_id = b.import_file_id AND r.batch = b.name AND r.movement = l.movement
                                     AND r.payment_key IN (l.payment_key, l.reference))) k) f
     WHERE f.units <> 0;
    DROP TABLE recon_line, recon_paid;
END
$$;
