"""The ledger: posting, roll-up, and the proof of the books against a superuser who meddles."""
