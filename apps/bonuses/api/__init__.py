"""The player API of bonuses."""
