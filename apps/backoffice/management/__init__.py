"""Commands of the staff site."""
