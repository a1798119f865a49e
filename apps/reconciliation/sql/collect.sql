-- The first leg: postings to payment providers' accounts, collected from the ledger in the order in which they became final.

CREATE OR REPLACE FUNCTION reconciliation_collect() RETURNS bigint LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
-- Add what has become final since the last time, after whoever else is at it. Returns how many lines that were.
-- To be called outside a larger transaction; cursor and lines commit together.
DECLARE
    v_span  record;
    v_lines bigint;
BEGIN
    SELECT * INTO v_span FROM ledger_take_span('reconciliation', p_waits => true);
    WITH lines AS (
        SELECT t.id, t.integration_id, t.brand_id, t.player_id, t.kind, t.currency, t.external_id, t.details, t.created_at,
               coalesce(sum(CASE WHEN d.kind = 'psp' THEN x.amount ELSE -x.amount END)
                        FILTER (WHERE d.kind <> 'fee' AND c.kind <> 'fee'), 0) AS units,
               coalesce(sum(x.amount) FILTER (WHERE d.kind = 'fee' AND c.kind = 'psp'), 0) AS fee_units
          FROM transactions_transaction t
          JOIN transactions_transfer x ON x.transaction_id = t.id
          JOIN transactions_account d ON d.id = x.debit_account_id
          JOIN transactions_account c ON c.id = x.credit_account_id
         WHERE t.xact >= v_span.since AND t.xact < v_span.until AND t.id >= v_span.floor AND x.transaction_id >= v_span.floor
           AND t.kind IN ('deposit', 'reversal', 'refund', 'chargeback', 'payout', 'return') AND t.integration_id IS NOT NULL
           AND (d.kind = 'psp' OR c.kind = 'psp')
         GROUP BY t.id, t.integration_id, t.brand_id, t.player_id, t.kind, t.currency, t.external_id, t.details, t.created_at
    )
    INSERT INTO reconciliation_ledgerline (transaction_id, integration_id, brand_id, player_id, movement, payment_key,
                                           reference, currency, units, fee_units, occurred_at, occurred_on)
    SELECT l.id, l.integration_id, l.brand_id, l.player_id,
           CASE l.kind WHEN 'reversal' THEN 'refund' WHEN 'return' THEN 'payout' ELSE l.kind END,
           coalesce(nullif(a.psp_reference, ''), nullif(regexp_replace(l.external_id, '/(return|reversal/\d+)$', ''), ''), nullif(a.key, ''), l.id::text),
           coalesce(a.key, ''), l.currency, l.units, l.fee_units, l.created_at, (l.created_at AT TIME ZONE 'UTC')::date
      FROM lines l
      LEFT JOIN payments_deposit p ON p.public_id = (l.details->>'deposit')::uuid
      LEFT JOIN payments_withdrawal w ON w.public_id = (l.details->>'withdrawal')::uuid
      LEFT JOIN LATERAL (
           -- The attempt that the provider spoke of; where several went there, the one it named.
           SELECT t.psp_reference, t.key FROM payments_attempt t
            WHERE t.integration_id = l.integration_id AND (t.deposit_id = p.id OR t.withdrawal_id = w.id)
            ORDER BY t.psp_reference = split_part(l.external_id, '/', 1) DESC, t.id DESC LIMIT 1) a ON true
        ON CONFLICT (transaction_id) DO NOTHING;
    GET DIAGNOSTICS v_lines = ROW_COUNT;
    PERFORM ledger_leave_span('reconciliation', v_span.until, v_span.reached);
    RETURN v_lines;
END
$$;
