-- Rounds of games. A vendor's round id is unique only with game and player, so that is the key.

CREATE SEQUENCE providers_round_id_seq;

CREATE TABLE providers_round (
    id               bigint      NOT NULL DEFAULT nextval('providers_round_id_seq'),
    player_id        bigint      NOT NULL,
    integration_id   integer     NOT NULL,
    game_id          bigint      NOT NULL,
    external_id      text        NOT NULL,
    session_id       bigint      NOT NULL,
    variant_id       bigint,
    brand_id         bigint      NOT NULL,
    currency         text        NOT NULL,
    state            text        NOT NULL DEFAULT 'open'
                     CONSTRAINT providers_round_state CHECK (state IN ('open', 'closed', 'voided', 'expired', 'adjusted')),
    staked           bigint      NOT NULL DEFAULT 0,
    won              bigint      NOT NULL DEFAULT 0,
    rolled_back      bigint      NOT NULL DEFAULT 0,
    -- Stakes that are in play: shown to the player as held, and to staff when a round is stuck.
    held_amount      bigint      GENERATED ALWAYS AS (CASE WHEN state = 'open' THEN staked - rolled_back ELSE 0 END) VIRTUAL,
    bets             integer     NOT NULL DEFAULT 0,
    wins             integer     NOT NULL DEFAULT 0,
    rollbacks        integer     NOT NULL DEFAULT 0,
    opened_at        timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    closed_at        timestamptz,
    close_reason     text        NOT NULL DEFAULT '',
    -- Of the stakes that were not rolled back, what came from these buckets; the rest was cash.
    staked_bonus      bigint     NOT NULL DEFAULT 0,
    staked_restricted bigint     NOT NULL DEFAULT 0,
    -- What resettling paid to the player, less what it took back, and in how many postings.
    corrected         bigint     NOT NULL DEFAULT 0,
    corrections       integer    NOT NULL DEFAULT 0,
    PRIMARY KEY (player_id, integration_id, game_id, external_id)
) PARTITION BY HASH (player_id);

-- The bet path updates a round once or twice: leave room on the page, and index nothing that such an update changes.
DO $$
BEGIN
    FOR i IN 0 .. 7 LOOP
        EXECUTE format('CREATE TABLE providers_round_%s PARTITION OF providers_round '
                       'FOR VALUES WITH (MODULUS 8, REMAINDER %s) WITH (fillfactor = 80)', i, i);
    END LOOP;
END
$$;

CREATE INDEX providers_round_id ON providers_round (id);
-- Open rounds are few: a player's are found by it, and time's all read.
CREATE INDEX providers_round_in_play ON providers_round (player_id, opened_at) WHERE state = 'open';
CREATE TRIGGER no_delete BEFORE DELETE ON providers_round FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
