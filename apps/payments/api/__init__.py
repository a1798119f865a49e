"""The player API of deposits, withdrawals and the ways to pay."""
