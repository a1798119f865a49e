-- Refused wallet calls by day and game.

CREATE OR REPLACE FUNCTION reporting_count_refusals() RETURNS bigint LANGUAGE sql AS $$
-- Take what wallet calls have noted and add it to the sums, in one statement: each is counted once, whoever counts at the
-- same time. Returns how many there were.
    WITH taken AS (
        DELETE FROM providers_refusal
     RETURNING (at AT TIME ZONE 'UTC')::date AS day, brand_id, integration_id, game_id, currency, outcome
    ), added AS (
        INSERT INTO reporting_refusalday AS d (day, brand_id, integration_id, game_id, currency, outcome, calls)
        SELECT day, brand_id, integration_id, game_id, currency, outcome, count(*) FROM taken
         GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
        ON CONFLICT (day, game_id, brand_id, integration_id, currency, outcome) DO UPDATE SET calls = d.calls + excluded.calls
    ) SELECT count(*) FROM taken
$$;
