"""Commands of the reporting office."""
