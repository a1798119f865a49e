"""Adapters of identity vendors: one folder each. An adapter translates; it decides nothing."""
