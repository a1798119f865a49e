"""The rule language: a typed tree over registered metrics and facts. No code, no SQL, nothing is executed as text."""
