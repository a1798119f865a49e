"""Commands of compliance."""
