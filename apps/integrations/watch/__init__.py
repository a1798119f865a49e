"""Watching vendors: targets, incidents opened and closed by rule, the circuit breaker of calls to them, alerts."""
