"""Read-only projections of the ledger for game operations: performance, return to player, vendors' invoices."""
