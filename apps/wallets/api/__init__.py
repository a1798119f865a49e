"""The player API of registration, wallets and the history of money."""
