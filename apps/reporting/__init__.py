"""Read-only projections of the ledger for game operations: money by game, and return to player with its alerts."""
