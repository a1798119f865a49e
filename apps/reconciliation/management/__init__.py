"""Management of reconciliation."""
