"""Bonuses: offers, grants, wagering followed from the ledger, and what ends them. The ledger alone moves money."""
