"""Monitoring: rules about money laundering, fraud and harm; their counters, decisions, alerts and scores."""
