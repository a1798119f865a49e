-- A long history: one bet for every wallet of a range, as the posting function would have left it, in one statement.
--
-- Everything that a bet leaves behind is there: transaction, chained transfer, balance, command, round, request and reply
-- in the exchange log. So the books stay sound, which `check_books` proves after it. Ids and keys are made anew as for
-- real bets, in the same random order; only the bodies in the exchange log are shorter.

CREATE OR REPLACE FUNCTION pg_temp.bench_history(p_integration integer, p_first bigint, p_last bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_bets bigint;
BEGIN
    WITH seat AS MATERIALIZED (
        SELECT gs.*, a.balance, a.version, a.head_hash, uuidv7() AS tx, uuidv7() AS request, gen_random_uuid()::text AS key,
               nextval('providers_round_id_seq') AS round, clock_timestamp() AS at, 1000 * (100 + gs.id % 19900) AS stake
          FROM providers_gamesession gs JOIN transactions_account a ON a.id = gs.cash_account_id
         WHERE gs.integration_id = p_integration AND gs.id BETWEEN p_first AND p_last
    ), bet AS MATERIALIZED (
        SELECT s.*, ledger_chain(s.head_hash, s.cash_account_id, s.provider_account_id, s.version + 1, s.tx, 1, -s.stake,
                                 s.balance - s.stake,
                                 ledger_terms('bet', s.brand_id, s.currency, s.player_id, p_integration, s.key, s.round, NULL,
                                              s.request, NULL, s.at)) AS hash
          FROM seat s
    ), posted AS (
        INSERT INTO transactions_transaction (id, kind, brand_id, currency, player_id, integration_id, external_id, round_id,
                                              request_id, created_at)
        SELECT tx, 'bet', brand_id, currency, player_id, p_integration, key, round, request, at FROM bet
    ), moved AS (
        INSERT INTO transactions_transfer (transaction_id, number, debit_account_id, credit_account_id, amount, player_id,
                                           debit_version, debit_balance, debit_hash)
        SELECT tx, 1, cash_account_id, provider_account_id, stake, player_id, version + 1, balance - stake, hash FROM bet
    ), remembered AS (
        INSERT INTO transactions_command (key, integration_id, kind, fingerprint, outcome, player_id, transaction_id, round_id,
                                          cash, cash_balance, bonus_balance, restricted_balance, request_id, created_at)
        SELECT key, p_integration, 'debit', '\x00112233445566778899aabbccddeeff', 'applied', player_id, tx, round,
               stake, balance - stake, 0, 0, request, at FROM bet
    ), played AS (
        INSERT INTO providers_round (id, player_id, integration_id, game_id, external_id, session_id, brand_id, currency,
                                     staked, bets, opened_at, last_activity_at)
        SELECT round, player_id, p_integration, game_id, gen_random_uuid()::text, id, brand_id, currency, stake, 1, at, at
          FROM bet
    ), asked AS (
        INSERT INTO integrations_exchange (id, started_at, integration_id, direction, method, path, headers, body, outcome,
                                           player_id, round_id, transaction_id)
        SELECT request, at, p_integration, 'in', 'POST', '/providers/caleta/wallet/bet', '{}', convert_to(key, 'UTF8'),
               'applied', player_id, round, tx FROM bet
    ), answered AS (
        INSERT INTO integrations_exchangereply (id, status, headers, body, duration_us, verb, outcome, refs)
        SELECT request, 200, '{}', 'RS_OK', 5000, 'bet', 'applied', ARRAY[gen_random_uuid()::text, key] FROM bet
    )
    UPDATE transactions_account a
       SET balance = b.balance - b.stake, version = b.version + 1, head_hash = b.hash
      FROM bet b WHERE a.id = b.cash_account_id;
    GET DIAGNOSTICS v_bets = ROW_COUNT;
    RETURN v_bets;
END
$$;
