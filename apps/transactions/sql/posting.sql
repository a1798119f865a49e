-- Posting: the only code that moves money. Everything above it (bets, deposits, adjustments) ends in `ledger_post`.

DO $$
BEGIN
    IF to_regtype('ledger_leg') IS NULL THEN
        -- One movement. `guarded` says that side is a player's account, which keeps balance, version and chain on its row.
        CREATE TYPE ledger_leg AS (
            debit_account  bigint,
            debit_guarded  boolean,
            credit_account bigint,
            credit_guarded boolean,
            amount         bigint
        );
        -- What a posting left behind on the row of a player's account.
        CREATE TYPE ledger_side AS (version bigint, balance bigint, head_hash bytea);
    END IF;
    IF to_regproc('ledger_require_funds_free') IS NULL THEN
        -- What may keep a player's money where it is, whoever moves it. An app above the ledger puts its own in this place:
        -- `verification/sql/funds_lock.sql`. A trigger would cost every bet the compiling of its condition.
        CREATE FUNCTION ledger_require_funds_free(p_kind text, p_player bigint, p_details jsonb) RETURNS void
        LANGUAGE sql AS '';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION ledger_chain(
    previous bytea, account bigint, counter bigint, version bigint, transaction_id uuid, number integer, amount bigint,
    balance bigint, terms text
) RETURNS bytea LANGUAGE sql STABLE AS $$
-- Hash of one posting of a player account: SHA-256 over the account's previous hash and what happened.
-- `amount` is signed as the account sees it, `counter` the account on the other side of the transfer.
-- `terms` binds the transaction's own content, see `ledger_terms`.
    SELECT sha256(previous || convert_to(
        concat_ws('|', account, counter, version, transaction_id, number, amount, balance, terms), 'UTF8'))
$$;

CREATE OR REPLACE FUNCTION ledger_terms(
    kind text, brand bigint, currency text, player bigint, integration integer, external_id text, round bigint, reverses uuid,
    request uuid, details jsonb, at timestamptz
) RETURNS text LANGUAGE sql STABLE AS $$
-- The content of a transaction as its hash chain binds it. Nothing is left out when null and free text comes last
-- with its length, so that no two contents read the same.
    SELECT concat_ws('|', kind, brand, currency, coalesce(player, 0), coalesce(integration, 0), coalesce(round, 0),
                     coalesce(reverses::text, '-'), coalesce(request::text, '-'),
                     (extract(epoch FROM at) * 1000000)::bigint, length(external_id), external_id, coalesce(details::text, '-'))
$$;

CREATE OR REPLACE FUNCTION ledger_post(
    p_kind text, p_brand bigint, p_currency text, p_player bigint, p_integration integer, p_external_id text, p_round bigint,
    p_reverses uuid, p_request uuid, p_details jsonb, p_now timestamptz, p_legs ledger_leg[]
) RETURNS uuid LANGUAGE plpgsql AS $$
-- Post one transaction: all its legs or none. Returns its id.
-- Raises check_violation when an account would fall below zero (transactions_account_funds) or a player's funds are locked
-- (verification_funds_locked), and foreign_key_violation when a guarded account is not a player's account. The caller
-- holds the wallet's lock.
DECLARE
    v_id      uuid := uuidv7();
    v_terms   text := ledger_terms(p_kind, p_brand, p_currency, p_player, p_integration, p_external_id, p_round, p_reverses,
                                 p_request, p_details, p_now);
    v_leg     ledger_leg;
    v_number  integer := 0;
    v_debit   ledger_side;
    v_credit  ledger_side;
BEGIN
    IF p_kind IN ('withdrawal', 'adjustment') AND p_player IS NOT NULL THEN
        PERFORM ledger_require_funds_free(p_kind, p_player, p_details);
    END IF;
    INSERT INTO transactions_transaction (id, kind, brand_id, currency, player_id, integration_id, external_id, round_id,
                                          reverses_id, request_id, details, created_at)
    VALUES (v_id, p_kind, p_brand, p_currency, p_player, p_integration, p_external_id, p_round,
            p_reverses, p_request, p_details, p_now);
    FOREACH v_leg IN ARRAY p_legs LOOP
        v_number := v_number + 1;
        v_debit := NULL;
        v_credit := NULL;
        IF v_leg.debit_guarded THEN
            UPDATE transactions_account a
               SET balance = a.balance - v_leg.amount, version = a.version + 1,
                   head_hash = ledger_chain(a.head_hash, a.id, v_leg.credit_account, a.version + 1, v_id, v_number,
                                            -v_leg.amount, a.balance - v_leg.amount, v_terms)
             WHERE a.id = v_leg.debit_account AND a.player_id IS NOT NULL AND a.currency = p_currency
            RETURNING a.version, a.balance, a.head_hash INTO v_debit;
            IF NOT FOUND THEN
                RAISE foreign_key_violation USING MESSAGE = format('no %s player account %s to debit', p_currency, v_leg.debit_account);
            END IF;
        END IF;
        IF v_leg.credit_guarded THEN
            UPDATE transactions_account a
               SET balance = a.balance + v_leg.amount, version = a.version + 1,
                   head_hash = ledger_chain(a.head_hash, a.id, v_leg.debit_account, a.version + 1, v_id, v_number,
                                            v_leg.amount, a.balance + v_leg.amount, v_terms)
             WHERE a.id = v_leg.credit_account AND a.player_id IS NOT NULL AND a.currency = p_currency
            RETURNING a.version, a.balance, a.head_hash INTO v_credit;
            IF NOT FOUND THEN
                RAISE foreign_key_violation USING MESSAGE = format('no %s player account %s to credit', p_currency, v_leg.credit_account);
            END IF;
        END IF;
        INSERT INTO transactions_transfer (transaction_id, number, debit_account_id, credit_account_id, amount, player_id,
                                           debit_version, debit_balance, debit_hash,
                                           credit_version, credit_balance, credit_hash)
        VALUES (v_id, v_number, v_leg.debit_account, v_leg.credit_account, v_leg.amount, p_player,
                v_debit.version, v_debit.balance, v_debit.head_hash,
                v_credit.version, v_credit.balance, v_credit.head_hash);
    END LOOP;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION ledger_lock_behind(p_accounts bigint[], p_currency text) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
-- Take the locks of the wallets that these accounts belong to, in the one order everybody uses. A function of its own,
-- because only arrays need the setting, and each call pays for it.
BEGIN
    PERFORM 1 FROM transactions_account
      WHERE player_id IN (SELECT a.player_id FROM transactions_account a WHERE a.id = ANY (p_accounts))
        AND currency = p_currency AND kind = 'cash' ORDER BY id FOR NO KEY UPDATE;
END
$$;

CREATE OR REPLACE FUNCTION ledger_post_between(
    p_kind text, p_brand bigint, p_currency text, p_player bigint, p_integration integer, p_external_id text, p_round bigint,
    p_reverses uuid, p_request uuid, p_details jsonb, p_now timestamptz, p_debits bigint[], p_credits bigint[], p_amounts bigint[]
) RETURNS uuid LANGUAGE plpgsql AS $$
-- Post a transaction between accounts named by id, in one round trip: find whose they are, lock the wallets of the
-- players among them in the one order everybody uses, post. Leg n moves p_amounts[n] from p_debits[n] to p_credits[n].
-- Raises foreign_key_violation for an account that does not exist in this currency, and what `ledger_post` raises.
DECLARE
    v_legs    ledger_leg[] := '{}';
    v_debtor  bigint;
    v_payee   bigint;
    v_is_lock boolean;
BEGIN
    FOR n IN 1 .. cardinality(p_amounts) LOOP
        SELECT d.player_id, c.player_id, (d.player_id IS NULL AND c.kind = 'cash') OR (c.player_id IS NULL AND d.kind = 'cash')
          INTO v_debtor, v_payee, v_is_lock
          FROM transactions_account d, transactions_account c
         WHERE d.id = p_debits[n] AND d.currency = p_currency AND c.id = p_credits[n] AND c.currency = p_currency;
        IF NOT FOUND THEN
            RAISE foreign_key_violation USING
                MESSAGE = format('no such %s accounts: %s and %s', p_currency, p_debits[n], p_credits[n]);
        END IF;
        v_legs := v_legs || ROW(p_debits[n], v_debtor IS NOT NULL, p_credits[n], v_payee IS NOT NULL, p_amounts[n])::ledger_leg;
    END LOOP;
    -- A single leg in or out of a cash account takes that wallet's lock by moving its balance.
    IF cardinality(p_amounts) > 1 OR NOT v_is_lock THEN
        PERFORM ledger_lock_behind(p_debits || p_credits, p_currency);
    END IF;
    RETURN ledger_post(p_kind, p_brand, p_currency, p_player, p_integration, p_external_id, p_round, p_reverses, p_request,
                       p_details, p_now, v_legs);
END
$$;

CREATE OR REPLACE FUNCTION ledger_shared_account(p_brand bigint, p_currency text, p_kind text, p_integration integer)
RETURNS bigint LANGUAGE plpgsql AS $$
-- The id of a shared account (house, provider, PSP …) of a brand and currency; opened at first use.
DECLARE
    v_id bigint;
BEGIN
    SELECT id INTO v_id FROM transactions_account
     WHERE player_id IS NULL AND brand_id = p_brand AND currency = p_currency AND kind = p_kind
       AND integration_id IS NOT DISTINCT FROM p_integration;
    IF v_id IS NULL THEN
        INSERT INTO transactions_account (kind, brand_id, currency, integration_id, may_go_negative)
        VALUES (p_kind, p_brand, p_currency, p_integration, true)
        ON CONFLICT DO NOTHING;
        SELECT id INTO v_id FROM transactions_account
         WHERE player_id IS NULL AND brand_id = p_brand AND currency = p_currency AND kind = p_kind
           AND integration_id IS NOT DISTINCT FROM p_integration;
    END IF;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION ledger_open_wallet(p_player bigint, p_brand bigint, p_currency text)
RETURNS TABLE (kind text, account_id bigint) LANGUAGE plpgsql AS $$
-- A player's four accounts in a currency, opened where missing.
BEGIN
    INSERT INTO transactions_account (kind, brand_id, currency, player_id)
    SELECT bucket, p_brand, p_currency, p_player FROM unnest(ARRAY['cash', 'bonus', 'locked', 'restricted']) AS bucket
    ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT a.kind, a.id FROM transactions_account a WHERE a.player_id = p_player AND a.currency = p_currency;
END
$$;

CREATE OR REPLACE FUNCTION ledger_lock_wallet(p_player bigint, p_currency text) RETURNS void LANGUAGE plpgsql AS $$
-- Take the wallet's lock, its cash account. Every posting to a player account holds it; several wallets: in id order.
BEGIN
    PERFORM 1 FROM transactions_account
      WHERE player_id = p_player AND currency = p_currency AND kind = 'cash' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING MESSAGE = format('player %s has no %s wallet', p_player, p_currency);
    END IF;
END
$$;
