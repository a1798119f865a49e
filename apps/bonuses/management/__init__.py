"""Commands of bonuses."""
