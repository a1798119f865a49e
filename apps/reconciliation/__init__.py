"""Reconciliation: the ledger against what providers and the bank say, every night."""
