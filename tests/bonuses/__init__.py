"""Tests of bonuses."""
