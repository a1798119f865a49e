"""Wallets: a player's buckets over ledger accounts."""
