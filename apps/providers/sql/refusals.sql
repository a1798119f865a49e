-- Refused wallet calls that nobody has counted yet: written by `providers_wallet_call` in its own commit, taken away by whoever counts
-- them (`reporting_count_refusals`). A refused bet has no round, and the exchange log knows no games.

CREATE TABLE IF NOT EXISTS providers_refusal (
    at             timestamptz NOT NULL,  -- business time, as the day of the rounds beside it
    brand_id       bigint      NOT NULL,
    integration_id integer     NOT NULL,
    game_id        bigint      NOT NULL,
    currency       text        NOT NULL,
    outcome        text        NOT NULL
);
