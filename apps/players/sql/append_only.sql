-- The history of a player's status only grows. (Log-in attempts lose their player on erasure, so they may be updated.)
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON players_statuschange
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
