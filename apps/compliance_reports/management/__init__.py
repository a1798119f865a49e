"""Management of the reporting office."""
