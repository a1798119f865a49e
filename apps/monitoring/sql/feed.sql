-- Counters, fed from the ledger. The ledger is tailed by database transaction id, as the roll-up of balances is (see
-- apps/transactions/sql/rollup.sql): what a cursor has passed is final, so every transaction counts exactly once.

CREATE OR REPLACE FUNCTION monitoring_meaning(
    p_kind text, p_taken bigint, p_given bigint, p_bonus bigint, p_to_psp bigint, p_from_psp bigint
) RETURNS TABLE (metric text, units bigint, times integer) LANGUAGE sql IMMUTABLE AS $$
-- What one ledger transaction means to monitoring. `taken` and `given` are what left and reached the player's buckets.
-- A rollback takes a stake (or a win) back: it counts below zero. A release or return takes a withdrawal back.
    SELECT v.metric, v.units, v.times
      FROM (VALUES
        ('stake',       CASE p_kind WHEN 'bet' THEN p_taken WHEN 'rollback' THEN -p_given END,
                        CASE p_kind WHEN 'bet' THEN 1 ELSE -1 END),
        ('bonus_stake', CASE WHEN p_kind = 'bet' THEN p_bonus END, 1),
        ('win',         CASE p_kind WHEN 'win' THEN p_given WHEN 'rollback' THEN -p_taken END,
                        CASE p_kind WHEN 'win' THEN 1 ELSE -1 END),
        ('deposit',     CASE p_kind WHEN 'deposit' THEN p_given END, 1),
        ('withdrawal',  CASE p_kind WHEN 'withdrawal' THEN p_taken WHEN 'release' THEN -p_given WHEN 'return' THEN -p_from_psp END,
                        CASE p_kind WHEN 'withdrawal' THEN 1 ELSE -1 END),
        ('payout',      CASE p_kind WHEN 'payout' THEN p_to_psp WHEN 'return' THEN -p_from_psp END,
                        CASE p_kind WHEN 'payout' THEN 1 ELSE -1 END),
        ('chargeback',  CASE WHEN p_kind IN ('chargeback', 'reversal') THEN coalesce(p_to_psp, -p_from_psp) END,
                        CASE WHEN p_to_psp IS NULL THEN -1 ELSE 1 END),
        ('adjustment',  CASE p_kind WHEN 'adjustment' THEN greatest(p_taken, p_given) END, 1)
      ) AS v (metric, units, times)
     WHERE v.units IS NOT NULL AND v.units <> 0
$$;

CREATE OR REPLACE FUNCTION monitoring_entries(p_from bigint, p_to bigint, p_floor uuid)
RETURNS TABLE (id uuid, player_id bigint, currency text, at timestamptz, metric text, units bigint, times integer)
LANGUAGE sql STABLE AS $$
-- The entries of all transactions whose database transaction lies in [from, to). The two logs are read by the same range;
-- a transfer never has another number than its transaction.
    WITH moved AS MATERIALIZED (
        SELECT t.id, t.player_id, t.currency, t.created_at, t.kind,
               sum(x.amount) FILTER (WHERE x.debit_version IS NOT NULL) AS taken,
               sum(x.amount) FILTER (WHERE x.credit_version IS NOT NULL) AS given,
               sum(x.amount) FILTER (WHERE x.debit_version IS NOT NULL AND d.kind = 'bonus') AS bonus,
               sum(x.amount) FILTER (WHERE d.kind IN ('cash', 'locked', 'suspense') AND c.kind = 'psp') AS to_psp,
               sum(x.amount) FILTER (WHERE d.kind = 'psp') AS from_psp
          FROM transactions_transaction t
          JOIN transactions_transfer x ON x.transaction_id = t.id
          JOIN transactions_account d ON d.id = x.debit_account_id
          LEFT JOIN transactions_account c ON c.id = x.credit_account_id AND t.kind NOT IN ('bet', 'win', 'rollback')
         WHERE t.xact >= p_from AND t.xact < p_to AND t.id >= p_floor AND t.player_id IS NOT NULL
           AND x.xact >= p_from AND x.xact < p_to AND x.transaction_id >= p_floor
           AND t.kind NOT IN ('bonus', 'correction', 'test_funding')
         GROUP BY t.id, t.player_id, t.currency, t.created_at, t.kind
    )
    SELECT m.id, m.player_id, m.currency, m.created_at, v.metric, v.units, v.times
      FROM moved m
     CROSS JOIN LATERAL monitoring_meaning(m.kind, m.taken::bigint, m.given::bigint, m.bonus::bigint, m.to_psp::bigint,
                                           m.from_psp::bigint) v
$$;

CREATE OR REPLACE FUNCTION monitoring_buckets(p_metric text, p_at timestamptz)
RETURNS TABLE (span text, bucket_start timestamptz) LANGUAGE sql IMMUTABLE AS $$
-- The buckets that an entry counts into: its day, its hour, and for play its five minutes. All in UTC.
    VALUES ('d', date_bin('1 day', p_at, '2000-01-01 00:00:00+00')),
           ('h', date_bin('1 hour', p_at, '2000-01-01 00:00:00+00')),
           (CASE WHEN p_metric IN ('stake', 'win') THEN 's' END, date_bin('5 minutes', p_at, '2000-01-01 00:00:00+00'))
$$;

CREATE OR REPLACE FUNCTION monitoring_count_ledger(p_from bigint, p_to bigint, p_floor uuid)
RETURNS TABLE (kind text, player_id bigint, at timestamptz, units bigint, currency text, subject text, entries bigint)
LANGUAGE sql VOLATILE SET plan_cache_mode = force_custom_plan AS $$
-- Add the transactions of a range to the counters and the observations. Returns what rules are to be asked about: every
-- entry that is no play, and each five minutes of a player's play once. The caller owns the cursor.
    WITH entry AS MATERIALIZED (
        SELECT * FROM monitoring_entries(p_from, p_to, p_floor)
    ), counted AS (
        INSERT INTO monitoring_counter AS c (player_id, metric, span, bucket_start, currency, total, times, largest)
        SELECT e.player_id, e.metric, b.span, b.bucket_start, e.currency, sum(e.units), sum(e.times), greatest(max(e.units), 0)
          FROM entry e CROSS JOIN LATERAL monitoring_buckets(e.metric, e.at) b
         WHERE b.span IS NOT NULL
         GROUP BY e.player_id, e.metric, b.span, b.bucket_start, e.currency
         ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (player_id, metric, span, bucket_start, currency) DO UPDATE
           SET total = c.total + excluded.total, times = c.times + excluded.times,
               largest = greatest(c.largest, excluded.largest)
    ), observed AS (
        INSERT INTO monitoring_observation (player_id, kind, at, units, currency, subject, data, source)
        SELECT e.player_id, e.metric, e.at, e.units, e.currency, e.id::text, '{}', 'ledger:' || e.id || ':' || e.metric
          FROM entry e WHERE e.metric NOT IN ('stake', 'win', 'bonus_stake')
    )
    SELECT e.metric, e.player_id, e.at, e.units, e.currency, e.id::text, 1
      FROM entry e WHERE e.metric NOT IN ('stake', 'win', 'bonus_stake') AND e.units > 0
    UNION ALL
    SELECT 'play', e.player_id, max(e.at), sum(e.units) FILTER (WHERE e.metric = 'stake'), min(e.currency), '', count(*)
      FROM entry e WHERE e.metric IN ('stake', 'win')
     GROUP BY e.player_id, date_bin('5 minutes', e.at, '2000-01-01 00:00:00+00')
$$;

CREATE OR REPLACE FUNCTION monitoring_slice_end(p_from bigint, p_to bigint, p_step bigint, p_floor uuid) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
-- Where the next slice of the ledger ends. Transaction ids have gaps where others wrote: an empty slice is skipped over.
DECLARE
    v_next bigint;
BEGIN
    IF p_to - p_from <= p_step OR EXISTS (
        SELECT 1 FROM transactions_transaction
         WHERE xact >= p_from AND xact < p_from + p_step AND id >= p_floor) THEN
        RETURN least(p_from + p_step, p_to);
    END IF;
    SELECT min(xact) INTO v_next FROM transactions_transaction WHERE xact >= p_from AND xact < p_to AND id >= p_floor;
    RETURN least(coalesce(v_next, p_to) + p_step, p_to);
END
$$;

CREATE OR REPLACE FUNCTION monitoring_entries_of(p_player bigint, p_metric text, p_from timestamptz, p_to timestamptz,
                                                 p_floor uuid)
RETURNS TABLE (currency text, total numeric, times bigint, largest bigint) LANGUAGE sql STABLE AS $$
-- The edge of a window, settled from the ledger itself: one player's entries with from <= at < to.
    SELECT m.currency, sum(v.units), sum(v.times), max(v.units)
      FROM (SELECT t.id, t.currency, t.kind,
                   sum(x.amount) FILTER (WHERE x.debit_version IS NOT NULL) AS taken,
                   sum(x.amount) FILTER (WHERE x.credit_version IS NOT NULL) AS given,
                   sum(x.amount) FILTER (WHERE x.debit_version IS NOT NULL AND d.kind = 'bonus') AS bonus,
                   sum(x.amount) FILTER (WHERE d.kind IN ('cash', 'locked', 'suspense') AND c.kind = 'psp') AS to_psp,
                   sum(x.amount) FILTER (WHERE d.kind = 'psp') AS from_psp
              FROM transactions_transaction t
              JOIN transactions_transfer x ON x.transaction_id = t.id
              JOIN transactions_account d ON d.id = x.debit_account_id
              JOIN transactions_account c ON c.id = x.credit_account_id
             WHERE t.player_id = p_player AND t.id >= p_floor AND t.created_at >= p_from AND t.created_at < p_to
               AND t.kind = ANY (CASE p_metric
                       WHEN 'stake' THEN ARRAY['bet', 'rollback'] WHEN 'bonus_stake' THEN ARRAY['bet']
                       WHEN 'win' THEN ARRAY['win', 'rollback'] WHEN 'deposit' THEN ARRAY['deposit']
                       WHEN 'withdrawal' THEN ARRAY['withdrawal', 'release', 'return']
                       WHEN 'payout' THEN ARRAY['payout', 'return']
                       WHEN 'chargeback' THEN ARRAY['chargeback', 'reversal'] ELSE ARRAY['adjustment'] END)
             GROUP BY t.id, t.currency, t.kind) m
     CROSS JOIN LATERAL monitoring_meaning(m.kind, m.taken::bigint, m.given::bigint, m.bonus::bigint, m.to_psp::bigint,
                                           m.from_psp::bigint) v
     WHERE v.metric = p_metric
     GROUP BY m.currency
$$;
