"""Players: accounts, status, log-in and sessions. No money."""
