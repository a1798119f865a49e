"""Players of the demo: they log in, open games and spin, over HTTP, at the rate and with the faults that are set."""
