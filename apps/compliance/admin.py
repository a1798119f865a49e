"""Pages of compliance, one module an area."""
