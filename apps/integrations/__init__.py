"""Vendors: connections, keys, and the log of every exchange."""
