-- The exchange log: every request and reply that crossed the border, as it was.
--
-- Two tables with one id. `integrations_exchange` is the request; for a request that may move money the posting
-- function inserts it in the transaction that moves the money, so it can not be lost. `integrations_exchangereply` is
-- written after the answer has left, in batches, and so never delays one; a sweeper finds requests without a reply.
-- Partitioned by month through the time inside the uuidv7; retention drops whole partitions.

CREATE TABLE integrations_exchange (
    id             uuid        NOT NULL PRIMARY KEY,
    started_at     timestamptz NOT NULL,
    integration_id integer,
    direction      text        NOT NULL CHECK (direction IN ('in', 'out')),
    method         text        NOT NULL,
    path           text        NOT NULL,
    headers        jsonb       NOT NULL,
    body           bytea       NOT NULL,
    remote_address text        NOT NULL DEFAULT '',
    verified_by    text        NOT NULL DEFAULT '',
    outcome        text        NOT NULL DEFAULT '',
    player_id      bigint,
    round_id       bigint,
    transaction_id uuid,
    parent_id      uuid
) PARTITION BY RANGE (id);

CREATE TABLE integrations_exchangereply (
    id          uuid        NOT NULL PRIMARY KEY,
    status      smallint,
    headers     jsonb       NOT NULL,
    body        bytea       NOT NULL,
    duration_us integer     NOT NULL,
    verb        text        NOT NULL DEFAULT '',
    outcome     text        NOT NULL DEFAULT '',
    error       text        NOT NULL DEFAULT '',
    refs        text[]      NOT NULL DEFAULT '{}',
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
) PARTITION BY RANGE (id);

-- Found by any id a vendor could quote. A GIN index takes a batch of new rows in one sorted merge.
CREATE INDEX integrations_exchangereply_refs ON integrations_exchangereply USING gin (refs);

CREATE TABLE integrations_exchange_default PARTITION OF integrations_exchange DEFAULT;
CREATE TABLE integrations_exchangereply_default PARTITION OF integrations_exchangereply DEFAULT;

SELECT core_ensure_month_partitions('integrations_exchange', now(), 3);
SELECT core_ensure_month_partitions('integrations_exchangereply', now(), 3);

CREATE TRIGGER integrations_exchange_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON integrations_exchange
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER integrations_exchangereply_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON integrations_exchangereply
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON integrations_exchange_default
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON integrations_exchangereply_default
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
