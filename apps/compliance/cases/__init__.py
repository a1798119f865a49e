"""What may be done with a case. One module a subject; each operation locks, checks, changes and records at once."""
