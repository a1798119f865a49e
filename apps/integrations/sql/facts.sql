-- The outbox: facts other than money (that is the ledger's own log), written in the transaction that made them true, and
-- read in order by whoever follows: monitoring, outgoing webhooks, reports.
--
-- Transaction ids are handed out when a transaction first writes, so a reader stops before the oldest one still
-- running: what lies below it is there for good, and nothing can appear behind the reader's back.

CREATE TABLE integrations_fact (
    id         uuid        NOT NULL PRIMARY KEY DEFAULT uuidv7(),
    xact       bigint      NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    kind       text        NOT NULL CHECK (kind ~ '^[a-z_]+(\.[a-z_]+)+$'),
    brand_code text        NOT NULL,
    player_id  bigint,
    subject    text        NOT NULL DEFAULT '',
    data       jsonb       NOT NULL,
    request_id uuid,
    at         timestamptz NOT NULL
) PARTITION BY RANGE (id);

CREATE INDEX integrations_fact_order ON integrations_fact (xact, id);
CREATE INDEX integrations_fact_by_player ON integrations_fact (player_id, id DESC) WHERE player_id IS NOT NULL;

CREATE TABLE integrations_fact_default PARTITION OF integrations_fact DEFAULT;
SELECT core_ensure_month_partitions('integrations_fact', now(), 3);

CREATE TRIGGER integrations_fact_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON integrations_fact
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON integrations_fact_default
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
