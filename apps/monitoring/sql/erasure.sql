-- Why two people set a player's risk may be emptied once the player has been erased; nothing else of it ever changes.

CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON monitoring_riskoverride FOR EACH ROW
    WHEN (OLD.state = 'ended' OR (OLD.player_id, OLD.kind, OLD.level, OLD.reason, OLD.maker_id, OLD.checker_id, OLD.until)
          IS DISTINCT FROM (NEW.player_id, NEW.kind, NEW.level, NEW.reason, NEW.maker_id, NEW.checker_id, NEW.until))
    EXECUTE FUNCTION compliance_only_erase('player', 'reason');
