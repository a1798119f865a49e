-- What goes into a wallet call, and what comes out of it.

CREATE TYPE providers_call AS (
    request_id           uuid,         -- our request id; also the id of the exchange
    integration_id       integer,
    verb                 text,         -- debit | credit | rollback
    kind                 text,         -- the ledger's word: bet, win, rollback
    token                bytea,        -- SHA-256 of the session token
    player_ref           text,         -- the player as the vendor names him, or null when the protocol does not
    key                  text,         -- what the protocol calls the identity of this command
    fingerprint          bytea,        -- digest of its terms: same key with other terms is a conflict
    reference            text,         -- key of the bet that a credit or rollback is about
    game_code            text,
    round_ref            text,
    close_round          boolean,
    currency             text,         -- null: the protocol does not say, the session's counts
    amount               bigint,       -- ledger units, >= 0
    draw                 text[],       -- buckets a debit draws, in order; the first also takes a credit without a stake
    quantum              bigint,       -- ledger units of the currency's smallest coin: a mixed win is split in whole coins
    ignores_expiry       boolean,      -- a supplier's promotion may outlive the session's token
    needs_reference      boolean,      -- a credit without a known bet is refused
    accept_closed_round  boolean,      -- a bet reopens, a win still enters, a closed round
    accept_settled       boolean,      -- a bet that has been paid out may still be rolled back
    details              jsonb,
    now                  timestamptz,  -- business time
    started_at           timestamptz,  -- from here on: the exchange, as it was on the wire
    method               text,
    path                 text,
    headers              jsonb,
    body                 text,
    remote_address       text,
    verified_by          text,
    -- What protocols differ in; null is no.
    session_game         boolean,      -- a game not named, or not catalogued, is the one the session was opened for
    live_token           boolean,      -- a token that was exchanged for a newer one opens nothing, whatever the verb
    state_of_now         boolean,      -- a repeated command is answered with the state of now, not that of its first time
    by_round             boolean,      -- a credit is about its round as a whole: the round's stakes say where it goes, not its bet's
    needs_round          boolean,      -- a credit without a known bet needs a round that has begun
    round_settles        boolean,      -- a bet in a round that is no longer open counts as settled
    close_when_settled   boolean,      -- the round closes once each of its bets has been settled or rolled back
    main_amount          numeric,      -- instead of amount, in main units: where the protocol does not say the currency
    bonus_amount         bigint,       -- so much of amount is bonus money; null: the draw or the stake decides
    alias                text,         -- another id of the same command: never good for a command with other alias_terms
    alias_terms          bytea
);

CREATE TYPE providers_reply AS (
    request_id     uuid,
    outcome        text,
    replayed       boolean,
    player_id      bigint,
    player_ref     uuid,
    currency       text,
    cash           bigint,   -- balances after the call, ledger units
    bonus          bigint,
    restricted     bigint,
    transaction_id uuid,
    round_id       bigint
);

-- Who sits where: everything the gates need, read in one go.
CREATE TYPE providers_seat AS (
    session_id            bigint,
    token_replaced        boolean,
    session_over          boolean,
    integration_id        integer,
    integration_switch    text,
    player_id             bigint,
    player_ref            uuid,
    player_status         text,
    player_may_play       boolean,
    brand_id              bigint,
    brand_enabled         boolean,
    currency              text,
    variant_id            bigint,
    cash_account_id       bigint,
    bonus_account_id      bigint,
    restricted_account_id bigint,
    provider_account_id   bigint,
    game_id               bigint,
    game_enabled          boolean,
    cash                  bigint,
    bonus                 bigint,
    restricted            bigint
);
