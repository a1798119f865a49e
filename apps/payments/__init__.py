"""Money in and out: deposits, withdrawals, their providers, and what the providers tell us."""
