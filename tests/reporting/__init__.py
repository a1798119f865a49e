"""Tests of game operations: projections of the ledger, and return to player."""
