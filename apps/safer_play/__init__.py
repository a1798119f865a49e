"""Safer play: limits, exclusions, registers, reality checks, interactions; and their enforcement in bets."""
