"""Payments: deposits, withdrawals, and what providers say of them."""
