"""Valkyrie PAM API 0.7.0: the northbound contract of an aggregator, which asks us as a player account management."""
