"""Scenario lists of the protocols, played against a running platform over HTTP, and the report of it."""
