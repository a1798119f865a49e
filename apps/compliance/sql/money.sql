-- The picture of a player's money: sums by day, and each movement that is not play. Follows the ledger in the order of
-- its database transactions, exactly once, so that a case page never adds up a million bets.

CREATE TABLE IF NOT EXISTS compliance_moneyday (
    player_id   bigint NOT NULL,
    currency    text   NOT NULL,
    day         date   NOT NULL,
    paid_in     bigint NOT NULL DEFAULT 0,
    taken_back  bigint NOT NULL DEFAULT 0,
    paid_out    bigint NOT NULL DEFAULT 0,
    staked      bigint NOT NULL DEFAULT 0,
    won         bigint NOT NULL DEFAULT 0,
    other       bigint NOT NULL DEFAULT 0,
    bets        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (player_id, day, currency)
);

CREATE TABLE IF NOT EXISTS compliance_moneymove (
    id          uuid PRIMARY KEY,
    player_id   bigint NOT NULL,
    currency    text NOT NULL,
    kind        text NOT NULL,
    amount      bigint NOT NULL,
    moved       bigint NOT NULL,
    at          timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS compliance_moneymove_by_player ON compliance_moneymove (player_id, id DESC);

CREATE OR REPLACE FUNCTION compliance_follow_money() RETURNS bigint LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
-- Add what has become final since the last run; returns how many transactions that were, null when another is at it.
DECLARE
    v_span  record;
    v_count bigint;
BEGIN
    SELECT * INTO v_span FROM ledger_take_span('compliance-money');
    IF v_span.since IS NULL THEN
        RETURN NULL;
    END IF;
    WITH fresh AS MATERIALIZED (
        SELECT t.id, t.player_id, t.currency, t.kind, t.created_at,
               -- A side with a version is a player's account: what came in less what went out, and the larger of both.
               coalesce(sum(x.amount) FILTER (WHERE x.credit_version IS NOT NULL), 0)
             - coalesce(sum(x.amount) FILTER (WHERE x.debit_version IS NOT NULL), 0) AS net,
               coalesce(sum(x.amount), 0) AS moved
          FROM transactions_transaction t
          LEFT JOIN transactions_transfer x ON x.transaction_id = t.id
         WHERE t.xact >= v_span.since AND t.xact < v_span.until AND t.id >= v_span.floor AND t.player_id IS NOT NULL
         GROUP BY t.id, t.player_id, t.currency, t.kind, t.created_at
    ), moves AS (
        INSERT INTO compliance_moneymove (id, player_id, currency, kind, amount, moved, at)
        SELECT id, player_id, currency, kind, net, moved, created_at FROM fresh
         WHERE kind NOT IN ('bet', 'win', 'rollback')
        ON CONFLICT DO NOTHING
    ), days AS (
        INSERT INTO compliance_moneyday AS d (player_id, currency, day, paid_in, taken_back, paid_out, staked, won, other, bets)
        SELECT player_id, currency, (created_at AT TIME ZONE 'UTC')::date,
               coalesce(sum(net) FILTER (WHERE kind = 'deposit'), 0),
               coalesce(-sum(net) FILTER (WHERE kind IN ('reversal', 'chargeback')), 0),
               coalesce(-sum(net) FILTER (WHERE kind IN ('payout', 'return')), 0),
               coalesce(-sum(net) FILTER (WHERE kind = 'bet' OR kind = 'rollback' AND net > 0), 0),
               coalesce(sum(net) FILTER (WHERE kind = 'win' OR kind = 'rollback' AND net <= 0), 0),
               coalesce(sum(net) FILTER (WHERE kind IN ('bonus', 'adjustment', 'correction', 'test_funding')), 0),
               count(*) FILTER (WHERE kind = 'bet')
          FROM fresh GROUP BY 1, 2, 3
        ON CONFLICT (player_id, day, currency) DO UPDATE
           SET paid_in = d.paid_in + excluded.paid_in, taken_back = d.taken_back + excluded.taken_back,
               paid_out = d.paid_out + excluded.paid_out, staked = d.staked + excluded.staked,
               won = d.won + excluded.won, other = d.other + excluded.other, bets = d.bets + excluded.bets
    )
    SELECT count(*) INTO v_count FROM fresh;
    PERFORM ledger_leave_span('compliance-money', v_span.until, v_span.reached);
    RETURN v_count;
END
$$;
