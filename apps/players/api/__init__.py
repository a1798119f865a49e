"""The player API of accounts and sessions, and what every view of the player API stands on."""
