-- Hash chains over append-only tables: each row seals the one before it, so that a row altered, taken out or put in
-- by somebody who got past the triggers is found. The table has the columns chain_number, previous_hash and hash.

CREATE OR REPLACE FUNCTION core_chain_seal(previous text, sealed jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
-- The hash of a row: SHA-256 over the hash before it and what is sealed. jsonb orders its keys, so the text is one only.
    SELECT encode(sha256(convert_to(previous || sealed::text, 'UTF8')), 'hex')
$$;

CREATE OR REPLACE FUNCTION core_chain_content(row_of jsonb, columns text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT AS $$
-- What a row's seal covers: the columns named by the trigger, and its place in the chain. Later columns do not break it.
    SELECT jsonb_object_agg(name, row_of -> name) FROM unnest(columns || '{chain_number}'::text[]) AS name
$$;

CREATE OR REPLACE FUNCTION core_chain_row() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
-- Trigger function, BEFORE INSERT FOR EACH ROW, with the sealed columns as arguments. The lock lasts until commit:
-- numbers have no gaps, and nobody builds on a row that may yet be rolled back.
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('core_chain', TG_RELID::bigint));
    EXECUTE format('SELECT chain_number, hash FROM %s ORDER BY chain_number DESC LIMIT 1', TG_RELID::regclass) INTO last;
    NEW.chain_number := coalesce(last.chain_number, 0) + 1;
    NEW.previous_hash := coalesce(last.hash, '');
    NEW.hash := core_chain_seal(NEW.previous_hash, core_chain_content(to_jsonb(NEW), TG_ARGV::text[]));
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION core_chain_install(chained text, VARIADIC columns text[]) RETURNS void LANGUAGE plpgsql
SET timezone = 'UTC' AS $$
-- Begin a chain on a table that has the three columns: number and seal what is there, then seal each row that comes.
DECLARE
    found     record;
    number    bigint := 0;
    previous  text := '';
    seal      text;
BEGIN
    -- A chain is begun once: beginning it again would seal whatever had been done to it.
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = chained::regclass AND tgname = 'chained') THEN
        RETURN;
    END IF;
    EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', chained);
    FOR found IN EXECUTE format('SELECT id, to_jsonb(t) AS content FROM %I t ORDER BY id', chained) LOOP
        number := number + 1;
        seal := core_chain_seal(previous, core_chain_content(jsonb_set(found.content, '{chain_number}', to_jsonb(number)), columns));
        EXECUTE format('UPDATE %I SET chain_number = $1, previous_hash = $2, hash = $3 WHERE id = $4', chained)
            USING number, previous, seal, found.id;
        previous := seal;
    END LOOP;
    EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', chained);
    EXECUTE format('CREATE OR REPLACE TRIGGER chained BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION core_chain_row(%s)',
                   chained, (SELECT string_agg(quote_literal(name), ', ') FROM unnest(columns) AS name));
END
$$;

CREATE OR REPLACE FUNCTION core_chain_breaks(chained text) RETURNS TABLE (number bigint, problem text) LANGUAGE plpgsql
STABLE SET timezone = 'UTC' AS $$
-- Seal the whole table anew and say where it does not fit; which columns are sealed is read from the trigger itself.
DECLARE
    columns text[];
BEGIN
    SELECT array_remove(string_to_array(encode(tgargs, 'escape'), '\000'), '') INTO columns
      FROM pg_trigger WHERE tgrelid = chained::regclass AND tgname = 'chained' AND tgenabled <> 'D';
    IF columns IS NULL THEN
        RETURN QUERY SELECT 0::bigint, 'the trigger that seals rows is gone or switched off';
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($sql$
        SELECT chain_number, CASE
                 WHEN chain_number <> expected THEN 'a row before this one is missing'
                 WHEN previous_hash <> before THEN 'does not follow the row before it'
                 ELSE 'was altered' END
          FROM (SELECT t.chain_number, t.previous_hash, t.hash,
                       row_number() OVER w AS expected, coalesce(lag(t.hash) OVER w, '') AS before,
                       core_chain_seal(t.previous_hash, core_chain_content(to_jsonb(t), $1)) AS seal
                  FROM %I t WINDOW w AS (ORDER BY t.chain_number)) AS rows
         WHERE chain_number <> expected OR previous_hash <> before OR hash <> seal
         ORDER BY chain_number$sql$, chained) USING columns;
END
$$;
