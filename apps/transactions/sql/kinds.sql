-- Which accounts there may be. A file of its own, so that a new kind is installed without the tables.

CREATE OR REPLACE FUNCTION transactions_account_kind() RETURNS trigger LANGUAGE plpgsql AS $$
-- Only kinds that exist, and a player's buckets for players only. A trigger for the columns it is about: a CHECK would
-- be parsed and evaluated again with every change of a balance.
BEGIN
    IF NEW.kind NOT IN ('cash', 'bonus', 'locked', 'restricted') = (NEW.player_id IS NOT NULL)
       OR NEW.kind NOT IN ('cash', 'bonus', 'locked', 'restricted', 'house', 'provider', 'psp', 'fee', 'bonus_cost',
                           'adjustment', 'suspense', 'reserve', 'bank', 'payable', 'test_funding') THEN
        RAISE check_violation USING MESSAGE = format('no account of kind %L for player %s', NEW.kind, NEW.player_id),
                                    CONSTRAINT = 'transactions_account_kind', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;
