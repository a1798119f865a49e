"""Comparing names across scripts and spellings: deterministic, explained, without a model or a data set."""
