"""Statements behind the home page's figures; amounts in ledger units, time in the ids' own real time."""

# What the house has won: what came to providers' accounts less what left them. `width` is minute or hour.
PLAY = """
    SELECT date_trunc(%(width)s, uuid_extract_timestamp(t.id)) AS bucket, t.brand_id, t.currency,
           count(DISTINCT t.id) FILTER (WHERE t.kind = 'bet')::bigint AS bets,
           coalesce(sum(x.amount) FILTER (WHERE t.kind = 'bet'), 0)::bigint AS staked,
           (coalesce(sum(x.amount) FILTER (WHERE x.credit_account_id = ANY (%(providers)s)), 0)
            - coalesce(sum(x.amount) FILTER (WHERE x.debit_account_id = ANY (%(providers)s)), 0))::bigint AS ggr
      FROM transactions_transaction t
      LEFT JOIN transactions_transfer x
        ON x.transaction_id = t.id
       AND x.transaction_id >= core_uuid7_floor(%(since)s) AND x.transaction_id < core_uuid7_floor(%(until)s)
     WHERE t.id >= core_uuid7_floor(%(since)s) AND t.id < core_uuid7_floor(%(until)s)
       AND t.kind IN ('bet', 'win', 'rollback', 'correction')
     GROUP BY 1, 2, 3"""

ACTIVE_PLAYERS = """
    SELECT brand_id, count(DISTINCT player_id)::bigint
      FROM transactions_transaction
     WHERE id >= core_uuid7_floor(%(since)s) AND kind = 'bet'
     GROUP BY 1"""
